"""Tune one agent on its pairs: the weights it has, the pairs' tokens, and the weights it gets.

The reference's log-probabilities are computed once, before the first step: those of the same agent
before the round, or of the base model.
"""

import math
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from collate.agents.adapters import (
    continue_adapter,
    new_adapter,
    save_adapter,
    without_adapter,
)  # fmt: skip
from collate.atomic import complete_file
from collate.config.schema import SFT, AgentsConfig, TuningConfig
from collate.models import BaseModel, load_causal_lm, load_tokenizer
from collate.models.weights import AgentWeights
from collate.tables import Pair, Rationale, seed_of
from collate.tuning.curves import write_curves


def pair_examples(
    pairs: Sequence[Pair], rationales: Mapping[str, Rationale], prompts: Mapping[str, Sequence[int]]
) -> list[dict[str, Any]]:
    """The tokens of one agent's pairs. `prompts` gives that agent's own prompt of a question.

    A rationale that another agent wrote is learned under the prompt of the agent that is tuned.
    Where nothing is rejected, `rejected_ids` is empty.
    """
    return [
        {
            "question_id": pair.question_id,
            "prompt_ids": list(prompts[pair.question_id]),
            "chosen_ids": list(rationales[pair.chosen_id].token_ids),
            "rejected_ids": (
                list(rationales[pair.rejected_id].token_ids) if pair.rejected_id else []
            ),
        }
        for pair in pairs
    ]


EXAMPLES = "examples.arrow"
_COLUMNS = pa.schema(
    [("question_id", pa.string())]
    + [(name, pa.list_(pa.int32())) for name in ("prompt_ids", "chosen_ids", "rejected_ids")]
)


def write_examples(folder: Path, blocks: Iterable[Sequence[dict[str, Any]]]) -> Path:
    """Write examples, block by block, as a file that `tune_agent` reads without loading it."""
    path = folder / EXAMPLES
    with (
        complete_file(path) as unfinished,
        pa.OSFile(str(unfinished), "wb") as file,
        pa.ipc.new_stream(file, _COLUMNS) as writer,
    ):
        for examples in blocks:
            if examples:
                writer.write_table(pa.Table.from_pylist(list(examples), schema=_COLUMNS))
    return path


def count_rows(path: Path) -> int:
    """How many examples a file of `write_examples` holds."""
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
        return sum(batch.num_rows for batch in reader)


def order_examples(question_ids: Sequence[str], *, epochs: int, seed: int) -> list[int]:
    """The examples' numbers, all epochs in order, from the question of each example.

    Questions are shuffled anew in each epoch. The pairs of a question stay together, and so share
    the computation of their prompt (see `batches.py`).
    """
    return list(_passes(question_ids, epochs, seed))


def _passes(question_ids: Sequence[str], epochs: int, seed: int) -> Iterator[int]:
    by_question: dict[str, list[int]] = {}
    for number, question_id in enumerate(question_ids):
        by_question.setdefault(question_id, []).append(number)
    for epoch in range(epochs):
        questions = sorted(by_question)
        random.Random(seed_of(seed, "order", epoch)).shuffle(questions)
        for question in questions:
            yield from by_question[question]


def pair_tokens(chosen: int, rejected: int, config: TuningConfig) -> int:
    """Tokens that a pair counts in `tuning.tokens`, from the lengths of its completions.

    `tuning.loss=sft` learns nothing from the rejected, which does not count then.
    """
    return chosen if config.loss == SFT else chosen + rejected


def plan(
    question_ids: Sequence[str], tokens_P: Sequence[int], config: TuningConfig, *, seed: int
) -> list[int]:
    """The examples' numbers in the order in which an agent is tuned on them, as settings allow.

    These are `config.epochs` passes as `order_examples` makes them, cut after `config.max_steps`
    steps and before the example with which the sum of `tokens_P` would exceed `config.tokens`. So
    two agents with enough passes use one budget up to less than an example. The first example is
    taken in any case: a round whose share of a budget is used up ends no run.
    """
    order: list[int] = []
    most = config.max_steps * config.batch if config.max_steps else None
    left = math.inf if config.tokens is None else config.tokens
    for number in islice(_passes(question_ids, config.epochs, seed), most):
        left -= tokens_P[number]
        if left < 0 and order:
            break
        order.append(number)
    return order


def step_count(examples: int, config: TuningConfig) -> int:
    """How many optimizer steps an agent takes on so many examples, those of all epochs."""
    steps = math.ceil(examples / config.batch)
    return min(steps, config.max_steps) if config.max_steps else steps


def tune_agent(
    base: BaseModel,
    start: AgentWeights,
    examples: Path,
    folder: Path,
    *,
    agents: AgentsConfig,
    config: TuningConfig,
    seed: int,
    checkpoints: Path | None = None,
    report: Callable[[int, int], None] = lambda step, steps: None,
) -> None:
    """Write the tuned weights of one agent, and its curves, into an existing empty folder.

    `examples` is a file of `write_examples`, mapped into memory and read as batches need it. With a
    folder for `checkpoints`, tuning goes on from the newest of them. `folder` becomes a PEFT
    folder, or a whole model folder with `agents.weights=full`; the curves lie in it as
    `tuning.json` (see `read_curves`). The base model comes back as it was.
    """
    # These bring torch and TRL, which only workers need.
    from datasets import Dataset

    from collate.tuning.step_checkpoints import Checkpoints
    from collate.tuning.trainer import train

    tokenizer = load_tokenizer(base.folder, trust_remote_code=base.trust_remote_code)
    pairs = Dataset.from_file(str(examples))
    order = plan(pairs["question_id"], _tokens(pairs, config), config, seed=seed)
    begun = start.folder if config.start == "previous" else None
    with (
        _policy(base, begun, agents, config, seed) as policy,
        tempfile.TemporaryDirectory(prefix="collate-tune-") as scratch,
    ):
        # Otherwise it is the policy, as it is before the first step.
        apart = config.reference == "base" and begun is not None
        reference = _untouched(policy, base, agents) if apart else None
        kept = Checkpoints(checkpoints, config.checkpoint_steps) if checkpoints else None
        steps = train(
            policy, tokenizer, pairs, config, order=order, seed=seed, scratch=Path(scratch),
            reference=reference, checkpoints=kept, report=report,
        )  # fmt: skip
        if agents.weights == "adapter":
            save_adapter(policy, folder)
        else:
            policy.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    write_curves(folder, steps)


def read_completions(
    base: BaseModel,
    weights: AgentWeights,
    prompts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[int]],
    *,
    agents: AgentsConfig,
    config: TuningConfig,
) -> list[float]:
    """Summed log-probability of each completion after its prompt under an agent, in nats.

    None of the completions may be empty.
    """
    import torch

    from collate.tuning.batches import collate_pairs, completion_logprobs

    found: list[float] = []
    with _policy(base, weights.folder, agents, config, seed=0) as policy, torch.inference_mode():
        policy.eval()
        for start in range(0, len(completions), config.micro_batch):
            batch = [
                {"prompt_ids": prompt, "chosen_ids": completion, "rejected_ids": ()}
                for prompt, completion in zip(
                    prompts[start : start + config.micro_batch],
                    completions[start : start + config.micro_batch],
                    strict=True,
                )
            ]
            pairs = collate_pairs(batch, chosen_only=True).to(policy.device)
            found += completion_logprobs(policy, pairs)[0].tolist()
    return found


@contextmanager
def _policy(
    base: BaseModel, begun: str | None, agents: AgentsConfig, config: TuningConfig, seed: int
) -> Iterator[Any]:
    """The agent's model as tuning begins: an adapter on the base, or whole weights of its own."""
    if agents.weights == "full":
        base.forget()
        # Full weights are updated in float32 (autocast computes in bfloat16 on a GPU): steps of a
        # usual learning rate are lost in bfloat16's 8 bits.
        yield load_causal_lm(
            begun or base.folder, dtype="float32", trust_remote_code=base.trust_remote_code
        )
        return
    whole = base.loaded(config.dtype)
    if begun is not None:
        adapted = continue_adapter(whole, begun)
    else:
        adapted = new_adapter(whole, agents, seed=seed)
    try:
        yield adapted
    except BaseException:
        base.forget()
        raise
    if config.gradient_checkpointing:  # which leaves hooks on the base
        base.forget()
    else:
        adapted.unload()


@contextmanager
def _untouched(policy: Any, base: BaseModel, agents: AgentsConfig) -> Iterator[Any]:
    """The base model: under the policy's adapter, or beside the policy's full weights.

    The latter takes half of the memory that the optimizer takes later on.
    """
    if agents.weights == "adapter":
        with without_adapter(policy):
            yield policy
    else:
        yield load_causal_lm(base.folder, dtype="float32", trust_remote_code=base.trust_remote_code)


def _tokens(examples: Any, config: TuningConfig) -> list[int]:
    return [
        pair_tokens(len(sides["chosen_ids"]), len(sides["rejected_ids"]), config)
        for sides in examples.select_columns(["chosen_ids", "rejected_ids"])
    ]

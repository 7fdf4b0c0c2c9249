"""Tune one agent on its pairs: the weights it has, the pairs' tokens, and the weights it gets.

The reference is the same agent before the round; its log-probabilities are computed once, before
the first step.
"""

import math
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from collate.agents.adapters import continue_adapter, new_adapter, save_adapter
from collate.commit import complete_file
from collate.config.schema import AgentsConfig, TuningConfig
from collate.engines.protocol import AgentWeights
from collate.models import BaseModel, load_causal_lm, load_tokenizer
from collate.tables import Pair, Rationale, seed_of
from collate.tuning.curves import write_curves


def pair_examples(
    pairs: Sequence[Pair], rationales: Mapping[str, Rationale], prompts: Mapping[str, Sequence[int]]
) -> list[dict[str, Any]]:
    """The tokens of one agent's pairs. `prompts` gives that agent's own prompt of a question.

    A rationale that another agent wrote is learned under the prompt of the agent that is tuned.
    """
    return [
        {
            "question_id": pair.question_id,
            "prompt_ids": list(prompts[pair.question_id]),
            "chosen_ids": list(rationales[pair.chosen_id].token_ids),
            "rejected_ids": list(rationales[pair.rejected_id].token_ids),
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


def order_examples(question_ids: Sequence[str], *, epochs: int, seed: int) -> list[int]:
    """The examples' numbers, all epochs in order, from the question of each example.

    Questions are shuffled anew in each epoch. The pairs of a question stay together, and so share
    the computation of their prompt (see `batches.py`).
    """
    by_question: dict[str, list[int]] = {}
    for number, question_id in enumerate(question_ids):
        by_question.setdefault(question_id, []).append(number)
    order: list[int] = []
    for epoch in range(epochs):
        questions = sorted(by_question)
        random.Random(seed_of(seed, "order", epoch)).shuffle(questions)
        order += [number for question in questions for number in by_question[question]]
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

    from collate.tuning.checkpoints import Checkpoints
    from collate.tuning.trainer import train

    tokenizer = load_tokenizer(base.folder, trust_remote_code=base.trust_remote_code)
    pairs = Dataset.from_file(str(examples))
    order = order_examples(pairs["question_id"], epochs=config.epochs, seed=seed)
    with (
        _policy(base, start, agents, config, seed) as policy,
        tempfile.TemporaryDirectory(prefix="collate-tune-") as scratch,
    ):
        kept = Checkpoints(checkpoints, config.checkpoint_steps) if checkpoints else None
        steps = train(
            policy, tokenizer, pairs, config, order=order, seed=seed, scratch=Path(scratch),
            checkpoints=kept, report=report,
        )  # fmt: skip
        if agents.weights == "adapter":
            save_adapter(policy, folder)
        else:
            policy.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    write_curves(folder, steps)


@contextmanager
def _policy(
    base: BaseModel, start: AgentWeights, agents: AgentsConfig, config: TuningConfig, seed: int
) -> Iterator[Any]:
    """The agent's model as tuning begins: an adapter on the base, or whole weights of its own."""
    if agents.weights == "full":
        base.forget()
        source = start.folder if start.kind == "full" and start.folder else base.folder
        # Full weights are updated in float32 (autocast computes in bfloat16 on a GPU): steps of a
        # usual learning rate are lost in bfloat16's 8 bits.
        yield load_causal_lm(source, dtype="float32", trust_remote_code=base.trust_remote_code)
        return
    whole = base.loaded(config.dtype)
    if start.folder is not None:
        adapted = continue_adapter(whole, start.folder)
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

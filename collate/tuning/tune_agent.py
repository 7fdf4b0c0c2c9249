"""Tune one agent on its examples: the weights it has, the examples, and the weights it gets.

The reference's log-probabilities are computed once, before the first step: those of the same agent
before the round, or of the base model.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collate.agents.adapters import (
    continue_adapter,
    new_adapter,
    save_adapter,
    without_adapter,
)
from collate.config.schema import AgentsConfig, TuningConfig
from collate.models.loading import BaseModel, load_causal_lm, load_tokenizer
from collate.models.weights import AgentWeights
from collate.tables import CHOSEN
from collate.tuning.curves import write_curves
from collate.tuning.data import example_tokens, plan

if TYPE_CHECKING:  # which brings torch and TRL
    from collate.tuning.trainer import Report


def tune_agent(
    base: BaseModel,
    start: AgentWeights,
    examples: Path,
    folder: Path,
    *,
    agents: AgentsConfig,
    config: TuningConfig,
    seed: int,
    tokens: int | None = None,
    checkpoints: Path | None = None,
    report: "Report" = lambda step, steps: None,
) -> None:
    """Write the tuned weights of one agent, and its curves, into an existing empty folder.

    `examples` is a file of `data.write_examples`, mapped into memory and read as batches need it;
    `tokens` bounds the completion tokens that are learned from. With a folder for `checkpoints`,
    tuning goes on from the newest of them. `report` is called after each optimizer step with its
    numbers and how many steps there are. `folder` becomes a PEFT folder, or a whole model folder
    with `agents.weights=full`; the curves lie in it as `tuning.json` (see `curves.read_curves`).
    The base model comes back as it was.
    """
    # These bring torch and TRL, which only workers need.
    from datasets import Dataset

    from collate.tuning.step_checkpoints import Checkpoints
    from collate.tuning.trainer import train

    tokenizer = load_tokenizer(base.folder, trust_remote_code=base.trust_remote_code)
    example_rows = Dataset.from_file(str(examples))
    tokens_P = _completion_tokens(example_rows, config)
    order = plan(example_rows["question_id"], tokens_P, config, seed=seed, tokens=tokens)
    start_folder = start.folder if config.start == "previous" else None
    with (
        _policy(base, start_folder, agents, config, seed) as policy,
        tempfile.TemporaryDirectory(prefix="collate-tune-") as scratch,
    ):
        # Without one, the reference is the policy as it is before the first step.
        needs_base = config.reference == "base" and start_folder is not None
        reference = _untouched(policy, base, agents) if needs_base else None
        stored_checkpoints = (
            Checkpoints(checkpoints, config.checkpoint_steps) if checkpoints else None
        )
        steps = train(
            policy, tokenizer, example_rows, config, order=order, seed=seed, scratch=Path(scratch),
            reference=reference, checkpoints=stored_checkpoints, report=report,
        )  # fmt: skip
        _save(policy, tokenizer, folder, agents)
    write_curves(folder, steps)


def policy_logprobs(
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

    from collate.tuning.batches import batch_logprobs, collate_examples

    examples = [
        {"prompt_ids": prompt, "roles": [CHOSEN], "completion_ids": [completion]}
        for prompt, completion in zip(prompts, completions, strict=True)
    ]
    logprobs: list[float] = []
    # The seed decides nothing: a saved adapter has its values, and a fresh one changes nothing.
    with _policy(base, weights.folder, agents, config, seed=0) as policy, torch.inference_mode():
        policy.eval()
        for start in range(0, len(examples), config.micro_batch):
            batch = collate_examples(examples[start : start + config.micro_batch], [CHOSEN])
            logprobs += batch_logprobs(policy, batch.to(policy.device)).sums[CHOSEN].tolist()
    return logprobs


@contextmanager
def _policy(
    base: BaseModel, start: str | None, agents: AgentsConfig, config: TuningConfig, seed: int
) -> Iterator[Any]:
    """The agent's model as tuning begins: an adapter on the base, or whole weights of its own.

    `start` is the folder of the weights that it begins with, None for those of the base.
    """
    if agents.weights == "full":
        base.forget()
        # Full weights are updated in float32 (autocast computes in bfloat16 on a GPU): steps of a
        # usual learning rate are lost in bfloat16's 8 bits.
        yield load_causal_lm(
            start or base.folder, dtype="float32", trust_remote_code=base.trust_remote_code
        )
        return
    model = base.loaded(config.dtype)
    if start is not None:
        adapted_model = continue_adapter(model, start)
    else:
        adapted_model = new_adapter(model, agents, seed=seed)
    try:
        yield adapted_model
    # The base may be left with a half trained adapter on it.
    except BaseException:
        base.forget()
        raise
    if config.gradient_checkpointing:  # which leaves hooks on the base
        base.forget()
    else:
        adapted_model.unload()


def _save(policy: Any, tokenizer: Any, folder: Path, agents: AgentsConfig) -> None:
    """Write what the agent has of its own, so that any library loads it."""
    if agents.weights == "adapter":
        save_adapter(policy, folder)
    else:
        policy.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


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


def _completion_tokens(rows: Any, config: TuningConfig) -> list[int]:
    """What each example counts in a budget of tokens."""
    return [example_tokens(row, config) for row in rows.select_columns(["roles", "completion_ids"])]

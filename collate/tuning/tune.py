"""Tune one agent on its pairs: the weights it has, the pairs' tokens, and the weights it gets.

The reference is the same agent before the round; its log-probabilities are computed once, before
the first step.
"""

import math
import random
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from collate.agents.adapters import continue_adapter, new_adapter, save_adapter
from collate.config.schema import AgentsConfig, ModelConfig, TuningConfig
from collate.engines.protocol import AgentWeights
from collate.models import load_causal_lm, load_tokenizer
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


def order_examples(
    examples: Sequence[dict[str, Any]], *, epochs: int, seed: int
) -> list[dict[str, Any]]:
    """All epochs in order: questions shuffled anew in each, the pairs of a question together.

    Pairs that stand together share the computation of their prompt (see `batches.py`).
    """
    by_question: dict[str, list[dict[str, Any]]] = {}
    for example in examples:
        by_question.setdefault(example["question_id"], []).append(example)
    ordered: list[dict[str, Any]] = []
    for epoch in range(epochs):
        questions = sorted(by_question)
        random.Random(seed_of(seed, "order", epoch)).shuffle(questions)
        ordered += _flatten(by_question[q] for q in questions)
    return ordered


def step_count(examples: int, config: TuningConfig) -> int:
    """How many optimizer steps an agent takes on so many examples, those of all epochs."""
    steps = math.ceil(examples / config.batch)
    return min(steps, config.max_steps) if config.max_steps else steps


def _flatten(groups: Iterable[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in e.items() if k != "question_id"} for group in groups for e in group]


def tune_agent(
    base: str,
    start: AgentWeights,
    examples: Sequence[dict[str, Any]],
    folder: Path,
    *,
    agents: AgentsConfig,
    model: ModelConfig,
    config: TuningConfig,
    seed: int,
    checkpoints: Path | None = None,
    report: Callable[[int, int], None] = lambda step, steps: None,
) -> None:
    """Write the tuned weights of one agent, and its curves, into an existing empty folder.

    With a folder for `checkpoints`, tuning goes on from the newest of them. `folder` becomes a PEFT
    folder, or a whole model folder with `agents.weights=full`; the curves lie in it as
    `tuning.json` (see `read_curves`).
    """
    # These bring torch and TRL, which only workers need.
    from collate.tuning.checkpoints import Checkpoints
    from collate.tuning.trainer import train

    source = start.folder if start.kind == "full" and start.folder else base
    # Full weights are updated in float32 (autocast computes in bfloat16 on a GPU): steps of a usual
    # learning rate are lost in bfloat16's 8 bits.
    dtype = "float32" if agents.weights == "full" else config.dtype
    loaded = load_causal_lm(source, dtype=dtype, trust_remote_code=model.trust_remote_code)
    tokenizer = load_tokenizer(base, trust_remote_code=model.trust_remote_code)
    if agents.weights == "adapter":
        if start.folder is not None:
            loaded = continue_adapter(loaded, start.folder)
        else:
            loaded = new_adapter(loaded, agents, seed=seed)
    ordered = order_examples(examples, epochs=config.epochs, seed=seed)
    with tempfile.TemporaryDirectory(prefix="collate-tune-") as scratch:
        kept = Checkpoints(checkpoints, config.checkpoint_steps) if checkpoints else None
        steps = train(
            loaded, tokenizer, ordered, config, seed=seed, scratch=Path(scratch), checkpoints=kept,
            report=report,
        )  # fmt: skip
    if agents.weights == "adapter":
        save_adapter(loaded, folder)
    else:
        loaded.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    write_curves(folder, steps)

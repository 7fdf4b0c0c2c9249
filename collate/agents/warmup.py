"""Making the agents differ before the first round: a run of one round, on parts of their own.

The paper's stage 2 (section 3.2): the corpus is split into K random parts, agent k writes for its
own part, and is tuned to prefer the corpus's rationales to its own (equation 5, one SPIN iteration
a part). `kind=own` is the same without any outside rationales: right over wrong, both its own.
`kind=supervised` imitates the corpus's rationales (equations 1 to 3; see `tuning.modes`).

Since it is an ordinary run, it survives a kill, can be read, and is found again by whoever asks for
the same: its name is a digest of all its settings.
"""

from dataclasses import replace
from pathlib import Path

from collate.config.schema import (
    BudgetConfig,
    EvaluationConfig,
    PairsConfig,
    RunConfig,
    TaskConfig,
    TuningConfig,
    WarmupConfig,
)

FOLDER = "warm-up"
EVERY = 1 - 1e-12
"""The share that is all questions: 1 would be one of them."""


def warmup_run(config: RunConfig) -> RunConfig | None:
    """The settings of the run that warms up this one's agents; None where it asks for none."""
    if config.warmup.kind == "none":
        return None
    return replace(
        config,
        name=None, folder=str(Path(config.folder) / FOLDER), rounds=1, patience=None,
        questions_per_round=config.warmup.questions, warmup=WarmupConfig(), budget=BudgetConfig(),
        task=_corpus(config), pairs=_pairs(config), tuning=_tuning(config),
        agents=replace(
            config.agents, own_part=True, samples=config.warmup.samples, peers=0, hints=0,
            temperatures=[],
        ),
        evaluation=replace(EvaluationConfig(), rounds="none"),
    )  # fmt: skip


def _corpus(config: RunConfig) -> TaskConfig:
    """The questions that are warmed up on: a corpus from a file, or the task's own."""
    warmup = config.warmup
    if warmup.path is None:
        return config.task
    return replace(
        config.task, name="warm-up", kind="table", path=warmup.path, test_path=None, dataset=None,
        answer_kind="text", question=warmup.question, answer=warmup.answer,
        solution=warmup.solution, limit=None, train=EVERY, validation=0, test=0,
    )  # fmt: skip


def _pairs(config: RunConfig) -> PairsConfig:
    pairs = replace(
        config.pairs, across=False, length_ratio=None, min_margin=0.0, gold="never",
        per_question=config.warmup.samples,
    )  # fmt: skip
    if config.warmup.kind == "preference":
        return replace(pairs, rule="gold_over_own", gold="always")
    if config.warmup.kind == "own":
        return replace(pairs, rule="correctness", winner="own", loser="own")
    return replace(pairs, rule="gold_only", gold="always", per_question=1)


def _tuning(config: RunConfig) -> TuningConfig:
    warmup = config.warmup
    supervised = warmup.kind == "supervised"
    return replace(
        config.tuning,
        loss="sft" if supervised else "sigmoid",
        nll_weight=0.0 if supervised else config.tuning.nll_weight, label_smoothing=0.0,
        modes=warmup.modes if supervised else ["whole"],
        epochs=warmup.epochs, max_steps=warmup.max_steps, tokens=None,
        reference="previous", start="previous",
        learning_rate=warmup.learning_rate or config.tuning.learning_rate,
    )  # fmt: skip

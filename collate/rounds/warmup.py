"""Making the agents differ before the first round: a run of one round, on parts of their own.

The paper's stage 2 (section 3.2): the corpus is split into K random parts, agent k writes for its
own part, and is tuned to prefer the corpus's rationales to its own (equation 5, one SPIN iteration
a part). `kind=own` is the same without any outside rationales: right over wrong, both its own.
`kind=supervised` imitates the corpus's rationales (equations 1 to 3; see `tuning.modes`).

Since it is an ordinary run, it survives a kill, can be read, and is found again by whoever asks for
the same: its name is a digest of all its settings. So what plays no part in it is set back to its
default: how the rounds score, for one, or where the task's own questions come from where the corpus
is a file. The task's wording and worked examples do play a part, as the agents write under them.
"""

from dataclasses import replace
from pathlib import Path

from collate.config.schema import (
    AgentsConfig,
    BudgetConfig,
    EvaluationConfig,
    PairsConfig,
    RunConfig,
    ScoringConfig,
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
    samples = 0 if config.warmup.kind == "supervised" else config.warmup.samples
    return replace(
        config,
        name=None, folder=str(Path(config.folder) / FOLDER), rounds=1, patience=None,
        questions_per_round=config.warmup.questions, warmup=WarmupConfig(), budget=BudgetConfig(),
        task=_corpus(config), pairs=_pairs(config), tuning=_tuning(config),
        scoring=config.scoring if config.warmup.kind == "own" else ScoringConfig(likelihood=False),
        agents=replace(
            config.agents, own_part=True, samples=samples, peers=0, hints=0,
            hint=AgentsConfig().hint, temperatures=[],
        ),
        evaluation=replace(EvaluationConfig(), rounds="none"),
    )  # fmt: skip


def _corpus(config: RunConfig) -> TaskConfig:
    """The questions that are warmed up on: a corpus from a file, or the task's own."""
    warmup = config.warmup
    if warmup.path is None:
        return config.task
    task = config.task
    return TaskConfig(
        name="warm-up", kind="table", path=warmup.path, answer_kind="text",
        question=warmup.question, answer=warmup.answer, solution=warmup.solution,
        unlabelled=task.unlabelled, system=task.system, prompt=task.prompt, marker=task.marker,
        examples=task.examples, train=EVERY, validation=0, test=0,
    )  # fmt: skip


def _pairs(config: RunConfig) -> PairsConfig:
    warmup = config.warmup
    pairs = PairsConfig(
        allow_marked=config.pairs.allow_marked, max_tokens=config.pairs.max_tokens,
        per_question=warmup.samples,
    )  # fmt: skip
    if warmup.kind == "preference":
        return replace(pairs, rule="gold_over_own", gold="always")
    if warmup.kind == "own":
        order = config.pairs.order
        return replace(pairs, rule="correctness", winner="own", loser="own", order=order)
    # Without a rationale a solution is the stated answer alone, which has its mode (equation 1).
    allowed = pairs.allow_marked or "answer" in warmup.modes
    return replace(pairs, rule="gold_only", gold="always", per_question=1, allow_marked=allowed)


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

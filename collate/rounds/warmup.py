"""Making the agents differ before the first round: a run of one round, on parts of their own.

The paper's stage 2 (section 3.2): the corpus is split into K random parts, agent k writes for its
own part, and is tuned to prefer the corpus's rationales to its own (equation 5, one SPIN iteration
a part). `kind=own` is the same without any outside rationales: right over wrong, both its own.
`kind=supervised` imitates the corpus's rationales (equations 2 and 3; see `tuning.modes`).

Since it is an ordinary run, it survives a kill, can be read, and is found again by whoever asks for
the same: its name is a digest of all its settings. So what plays no part in it is set back to its
default: how the rounds score, for one, or where the task's own questions come from where the corpus
is a file. The task's wording and worked examples do play a part, as the agents write under them.
Any other warm-up is a run that a user starts by hand and names in `agents.start`.
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
EVERY_QUESTION = 1 - 1e-12
"""The share that is all questions: 1 would be one of them."""


def warmup_run(config: RunConfig) -> RunConfig | None:
    """The settings of the run that warms up this one's agents; None where it asks for none."""
    warmup = config.warmup
    if warmup.kind == "none":
        return None
    # Imitation needs the corpus alone.
    samples = 0 if warmup.kind == "supervised" else warmup.samples
    agents = replace(
        config.agents, own_part=True, samples=samples, peer_completions=0, hinted_samples=0,
        hint=AgentsConfig().hint, temperatures=[],
    )  # fmt: skip
    return replace(
        config,
        name=None,
        folder=str(Path(config.folder) / FOLDER),
        rounds=1,
        patience=None,
        questions_per_round=warmup.questions,
        warmup=WarmupConfig(),
        budget=BudgetConfig(),
        task=_corpus(config),
        pairs=_pairs(config),
        tuning=_tuning(config),
        # Only `own` may order its pairs by likelihood; the rules of the others do not look at it.
        scoring=config.scoring if warmup.kind == "own" else ScoringConfig(likelihood=False),
        agents=agents,
        evaluation=replace(EvaluationConfig(), rounds="none"),
    )


def _corpus(config: RunConfig) -> TaskConfig:
    """The questions that are warmed up on: a corpus from a file, or the task's own."""
    task, corpus_path = config.task, config.warmup.path
    if corpus_path is None:
        return task
    return TaskConfig(
        name="warm-up", kind="table", path=corpus_path, answer_kind="text", solution="solution",
        unlabelled=task.unlabelled, system=task.system, prompt=task.prompt, marker=task.marker,
        examples=task.examples, train=EVERY_QUESTION, validation=0, test=0,
    )  # fmt: skip


def _pairs(config: RunConfig) -> PairsConfig:
    warmup = config.warmup
    pairs = PairsConfig(
        allow_flagged=config.pairs.allow_flagged, max_tokens=config.pairs.max_tokens,
        per_question=warmup.samples,
    )  # fmt: skip
    if warmup.kind == "preference":
        return replace(pairs, rule="gold_over_own", gold="always")
    if warmup.kind == "own":
        order = config.pairs.order
        return replace(
            pairs, rule="correctness", chosen_from="own", rejected_from="own", order=order
        )
    return replace(pairs, rule="gold_only", gold="always", per_question=1)


def _tuning(config: RunConfig) -> TuningConfig:
    """One pass over the corpus, at the learning rate of the rounds."""
    supervised = config.warmup.kind == "supervised"
    return replace(
        config.tuning,
        loss="sft" if supervised else "sigmoid",
        nll_weight=0.0 if supervised else config.tuning.nll_weight,
        label_smoothing=0.0,
        # Of a corpus: the steps behind a question, and the answer behind the steps.
        modes=["rationale", "reader"] if supervised else ["whole"],
        epochs=1,
        max_steps=None,
        reference="previous",
        start="previous",
    )

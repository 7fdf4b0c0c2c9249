"""What the screen says about a stage when it has ended: sentences made of the stage's rows.

Each function returns sentences without indentation; one that begins with "warning: " is a warning.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from collate.agents.roster import Agent
from collate.answers.flags import COPIES_QUESTION, FALSE_STEP, ONLY_ANSWER, SEVERAL_ANSWERS
from collate.config.schema import RunConfig
from collate.evaluation.false_steps import FALSE_STEP_RATE
from collate.evaluation.score_quality import DISAGREEMENT, SCORER, SCORES
from collate.evaluation.subjects import AGENTS
from collate.tables import CHOSEN, GOLD, HINT, PEER, SAMPLED, UNKNOWN, Metric, Score, TuningStep

UNKNOWN_LIMIT = 0.9
"""Share of unknown verdicts above which the answers are probably not read as they are meant."""

CHOSEN_DROP_LIMIT = 1.0
"""Nats that chosen rationales may lose against the reference before it is worth a warning."""

# What a flag says of one rationale, and of several.
_FLAG_PHRASES = {
    SEVERAL_ANSWERS: ("states several answers", "state several answers"),
    ONLY_ANSWER: ("states only an answer", "state only an answer"),
    COPIES_QUESTION: ("copies the question", "copy the question"),
    FALSE_STEP: ("has a false step", "have a false step"),
}
_ORIGIN_PHRASES = {
    SAMPLED: "sampled",
    PEER: "continued from another agent",
    HINT: "written with the gold answer in view",
    GOLD: "from the data set",
}


def score_messages(scores: Iterable[Score], config: RunConfig) -> list[str]:
    """How many rationales have a flag, and a warning where nearly all verdicts are unknown.

    `scores` are a round's, gone through once.
    """
    total = 0
    flags: Counter[str] = Counter()
    unknown_reasons: Counter[str] = Counter()
    for score in scores:
        total += 1
        flags.update(score.flags)
        if score.verdict == UNKNOWN:
            # "cannot be read: 'seven'" is counted as "cannot be read".
            unknown_reasons[score.reason.partition(":")[0]] += 1
    sentences = [
        _flag_sentence(flag, flags[flag], config.pairs.allow_flagged)
        for flag in _FLAG_PHRASES
        if flags[flag]
    ]
    unknown = unknown_reasons.total()
    if unknown > UNKNOWN_LIMIT * total:
        sentences.append(
            f"warning: no verdict on {unknown:,} of {total:,} rationales: "
            f"{_counts_text(unknown_reasons)}. Read some of them, and check that task.marker and "
            "task.answer_kind fit what the model writes"
        )
    return sentences


def diagnostics_messages(metrics: Sequence[Metric]) -> list[str]:
    """How much a round's rationales differ, and how well each score tells right from wrong."""
    values = {(metric.model, metric.name): metric.value for metric in metrics}
    sentences = []
    diversity = []
    if (AGENTS, "distinct_answers") in values:
        answers = values[AGENTS, "distinct_answers"]
        diversity.append(f"{answers:.2f} different answers per question")
    if (AGENTS, "disagreement") in values:
        percentage = 100 * values[AGENTS, "disagreement"]
        diversity.append(f"agents disagree on {percentage:.0f} % of the questions")
    if diversity:
        sentences.append(", ".join(diversity))
    if (AGENTS, FALSE_STEP_RATE) in values:
        percentage = 100 * values[AGENTS, FALSE_STEP_RATE]
        sentences.append(f"{percentage:.0f} % of the right rationales have a false step")
    sentences += _auc_sentences(values)
    if (SCORER, DISAGREEMENT) in values:
        percentage = 100 * values[SCORER, DISAGREEMENT]
        sentences.append(
            f"the likelihood prefers the wrong rationale in {percentage:.0f} % of right/wrong pairs"
        )
    return sentences


def preference_messages(
    *,
    agents: int,
    preferences: int,
    chosen_origins: Mapping[str, int],
    reasons: Mapping[str, int],
) -> list[str]:
    """How many preferences a round has, what was chosen, and why other questions gave none.

    `agents` and `preferences` are counts. `chosen_origins` counts preferences by the origin of what
    they choose; it is shown where something other than a sampled rationale was chosen. `reasons`
    counts questions by the reason why they gave an agent none, once for each such agent.
    """
    sentence = f"{_counted(preferences, 'preference')} for {_counted(agents, 'agent')}"
    if set(chosen_origins) - {SAMPLED}:
        named = {_ORIGIN_PHRASES[origin]: count for origin, count in chosen_origins.items()}
        sentence += f"; chosen: {_counts_text(named)}"
    sentences = [sentence]
    how_counted = ", counted once per agent" if agents > 1 else ""
    for reason, count in _most_frequent_first(reasons):
        counted = _counted(count, "question")
        sentences.append(f"{counted} without a preference{how_counted}: {reason}")
    return sentences


def tuning_messages(agents: Sequence[Agent], steps: Sequence[TuningStep]) -> list[str]:
    """A warning for each agent whose chosen rationales became less likely in a round's tuning."""
    sentences = []
    for agent in agents:
        dropped_nats = chosen_drop([step for step in steps if step.agent == agent.name])
        if dropped_nats > CHOSEN_DROP_LIMIT:
            sentences.append(
                f"warning: {agent.name}'s chosen rationales lost {dropped_nats:.1f} nats of "
                "log-probability in tuning; a larger tuning.nll_weight or a smaller "
                "tuning.learning_rate prevents that"
            )
    return sentences


def chosen_drop(steps: Sequence[TuningStep]) -> float:
    """By how many nats chosen rationales are less likely than under the reference after tuning.

    `steps` are one agent's in one round; the mean is over the last quarter of them. Preference
    losses without an anchor may lower both sides while the margin grows (Pal et al. 2024, arXiv
    2402.13228). NaN where there are no steps or no reference (`tuning.loss=sft`).
    """
    last_steps = steps[-max(len(steps) // 4, 1) :]
    if not last_steps:
        return math.nan
    logratios = [step.logratios.get(CHOSEN, math.nan) for step in last_steps]
    return -math.fsum(logratios) / len(logratios)


def _flag_sentence(flag: str, count: int, allowed: bool) -> str:
    of_one, of_several = _FLAG_PHRASES[flag]
    phrase, pronoun = (of_one, "it") if count == 1 else (of_several, "they")
    consequence = "may be chosen (pairs.allow_flagged=true)" if allowed else "will not be chosen"
    return f"{_counted(count, 'rationale')} {phrase}; {pronoun} {consequence}"


def _auc_sentences(values: Mapping[tuple[str, str], float]) -> list[str]:
    """How often each score ranks a right rationale above a wrong one of the same question."""
    auc_by_score = {}
    for score_name in SCORES:
        # The likelihood is one of the others, by the setting scoring.likelihood.
        if score_name != "likelihood" and (SCORER, f"auc_within:{score_name}") in values:
            auc_by_score[score_name] = f"{values[SCORER, f'auc_within:{score_name}']:.2f}"
    if not auc_by_score:
        return []
    if len(set(auc_by_score.values())) == 1:
        auc_text = f"{next(iter(auc_by_score.values()))} for every score"
    else:
        auc_text = ", ".join(f"{score_name} {auc}" for score_name, auc in auc_by_score.items())
    return [f"AUC of right against wrong rationales of one question: {auc_text}"]


def _counted(count: int, noun: str) -> str:
    """`1,200 preferences`, `1 agent`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _counts_text(counts: Mapping[str, int]) -> str:
    """`no stated answer (30), cannot be read (2)`, the most frequent first."""
    return ", ".join(f"{name} ({count:,})" for name, count in _most_frequent_first(counts))


def _most_frequent_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])

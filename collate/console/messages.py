"""What the screen says of a stage when it has ended, as lines made of the stage's rows."""

from collections.abc import Iterable, Mapping, Sequence

from collate.agents.roster import Agent
from collate.answers.alarm import unknown_warning
from collate.answers.flags import count_marks
from collate.config.schema import RunConfig
from collate.evaluation.metrics import AGENTS
from collate.evaluation.score_quality import SCORER, SCORES
from collate.tables import SAMPLED, Metric, Score, TuningStep
from collate.tuning.curves import falling_chosen


def of_scores(scores: Iterable[Score], config: RunConfig) -> list[str]:
    """How many look like an answer come by cheaply, and a warning when hardly any can be read."""
    said = []
    if marked := {mark: count for mark, count in count_marks(scores).items() if count}:
        counts = ", ".join(f"{mark} {count:,}" for mark, count in marked.items())
        role = "may win" if config.pairs.allow_marked else "make no winner"
        said.append(f"  {'':<20} marked, {role}: {counts}")
    if warning := unknown_warning(scores, config.scoring.unknown_limit):
        said.append(f"  warning: {warning}")
    return said


def of_measures(metrics: Sequence[Metric]) -> list[str]:
    """Diversity; how well each score tells right from wrong; how often the likelihood errs."""
    found = {(m.agent, m.name): m.value for m in metrics}
    said = [
        f"{label} {found[AGENTS, name]:.2f}"
        for name, label in (
            ("distinct_answers", "different answers a question"),
            ("disagreement", "agents disagree"),
        )
        if (AGENTS, name) in found
    ]
    lines = [", ".join(said)] if said else []
    names = {name: f"auc_within:{name}" for name in SCORES if name != "likelihood"}
    aucs = {n: f"{found[SCORER, key]:.2f}" for n, key in names.items() if (SCORER, key) in found}
    if aucs:
        shown = ", ".join(f"{name} {auc}" for name, auc in aucs.items())
        if len(set(aucs.values())) == 1:
            shown = f"{next(iter(aucs.values()))} for each score"
        lines.append(f"AUC within a question {shown}")
    if (SCORER, "misranked") in found:
        lines.append(f"likelihood against verdict in {100 * found[SCORER, 'misranked']:.0f} % of "
                     "right-wrong pairs")  # fmt: skip
    return [f"  {'':<20} {line}" for line in lines]


def of_pairs(
    round: int,
    agents: int,
    pairs: int,
    winners: Mapping[str, int],
    reasons: Mapping[str, int],
) -> str:
    """How many pairs there are, who wrote the chosen ones, and why questions gave none.

    `winners` counts pairs by the source of what they choose, and is shown where some other than
    sampling won; `reasons` counts questions. The most frequent comes first.
    """
    won = "" if set(winners) <= {SAMPLED} else f" (won by {_counts(winners)})"
    none = _counts(reasons) or "none"
    said = f"{pairs:,} pairs over {agents} agents{won}; no pair: {none}"
    return f"  {f'round {round}  pair':<20} {said}"


def _counts(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


def of_curves(agents: Sequence[Agent], steps: Sequence[TuningStep]) -> list[str]:
    """A warning where chosen rationales became less likely, as DPO without an anchor may do."""
    falls = {a.name: falling_chosen([s for s in steps if s.agent == a.name]) for a in agents}
    return [
        f"  warning: {agent}'s chosen rationales lost {fall:.1f} nats of log-probability in "
        "tuning; a larger tuning.nll_weight or a smaller learning rate holds them"
        for agent, fall in falls.items()
        if fall is not None
    ]

"""The alarm for diversity: agents that write the same again and again teach each other nothing."""

from collections.abc import Mapping, Sequence

from collate.evaluation.metrics import AGENTS
from collate.tables import Metric

# Nine in ten rationales are copies: of ten samples one is new.
_COPIES = 0.9
# One question in ten has a second answer; pairing rules live on the questions that do.
_ONE_ANSWER = 1.1
# One question in twenty on which two agents' majorities differ is what sampling alone gives.
_ALIKE = 0.05
# Where nine in ten rationales are right, agreement is what was wanted.
_SOLVED = 0.9
# What may be left of the first round's variety, below which learning has narrowed the agents.
_LEFT = 0.25


def collapsed(metrics_by_round: Mapping[int, Sequence[Metric]]) -> str | None:
    """What to warn of where the latest round's rationales have lost their diversity, else None.

    `metrics_by_round` holds what `Diversity.metrics` gave for each round so far. Two rules, neither
    of which speaks once nine in ten rationales are right, since then agreement is success:

    * repetition: nine in ten texts are copies or hardly a question has a second answer, and the
      agents' majorities differ on at most one question in twenty;
    * loss: variety, which is (distinct answers - 1) / (share of wrong rationales), is below a
      quarter of the first round's. Answers beyond the first are mostly wrong ones, so their number
      falls as agents get better; per wrong rationale it should not.
    """
    if not metrics_by_round:
        return None
    first, last = min(metrics_by_round), max(metrics_by_round)
    before, now = (_together(metrics_by_round[round]) for round in (first, last))
    right = now.get("oracle@1")
    if right is None or right >= _SOLVED:
        return None
    copies, answers = now.get("duplicate_rate", 0.0), now.get("distinct_answers")
    repeated = copies >= _COPIES or (answers is not None and answers <= _ONE_ANSWER)
    said = f"{100 * copies:.0f} % of the rationales are copies"
    if answers is not None:
        said += f", {answers:.2f} different answers a question"
    if repeated and now.get("disagreement", 0.0) <= _ALIKE:
        if "disagreement" in now:
            said += f", agents disagree on {100 * now['disagreement']:.1f} % of the questions"
        return f"diversity has collapsed in round {last}: {said}; {100 * right:.0f} % are right"
    was, left = _variety(before), _variety(now)
    if last > first and was is not None and left is not None and left < _LEFT * was:
        return (
            f"diversity has collapsed from round {first} to round {last}: "
            f"{before['distinct_answers']:.2f} different answers a question became "
            f"{answers:.2f}, with {100 * before['oracle@1']:.0f} % and {100 * right:.0f} % right"
        )
    return None


def _together(metrics: Sequence[Metric]) -> dict[str, float]:
    return {m.name: m.value for m in metrics if (m.agent, m.split) == (AGENTS, "train")}


def _variety(values: Mapping[str, float]) -> float | None:
    """Answers beyond the first a question, for each wrong rationale; None where none is wrong."""
    answers, right = values.get("distinct_answers"), values.get("oracle@1")
    if answers is None or right is None or right >= 1.0:
        return None
    return (answers - 1) / (1 - right)

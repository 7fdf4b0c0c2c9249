"""The results of a run as rows and words, from its metrics; the screen and the page draw them."""

from collections.abc import Sequence
from dataclasses import dataclass

from collate.evaluation.metrics import BASE, CHANCE, GROUPS, READER, best_agent
from collate.evaluation.votes import VOTES
from collate.tables import Metric


@dataclass(frozen=True)
class ResultRow:
    """One line of the results: chance, the base, an agent, or a vote. What is not known is None."""

    agent: str
    best: bool
    accuracy: dict[int, Metric]
    gain: Metric | None
    lenient: Metric | None


@dataclass(frozen=True)
class Results:
    """Strict accuracy on one split by round; gain over the base and lenient after the last one."""

    split: str
    n: int
    rounds: list[int]
    rows: list[ResultRow]
    best: str | None

    @property
    def last(self) -> int:
        return self.rounds[-1]


def collect(
    metrics: Sequence[Metric],
    rounds: Sequence[int],
    split: str = "test",
    chance: float | None = None,
) -> Results:
    """Results of the given rounds: chance where it is known, the base, each agent, then the votes.

    The best agent is the one of the last of these rounds, chosen on validation questions; None
    where there are none. `chance` is the accuracy of guessing; where it is not given, what the
    metrics say of it stands. Raises ValueError where no accuracy was measured on the split.
    """
    rounds = sorted(set(rounds))
    asked = [m for m in metrics if m.round in rounds]
    found = {(m.agent, m.name, m.round): m for m in asked if m.split == split}
    measured = [m for m in found.values() if m.name == "accuracy" and m.agent != CHANCE]
    if not measured:
        raise ValueError(f"no accuracy on {split} questions in rounds {rounds}")
    n = max(m.n for m in measured)
    if chance is not None:
        for r in rounds:
            guessed = Metric(r, split, CHANCE, "accuracy", chance, None, None, n)
            found[CHANCE, "accuracy", r] = guessed
    validated = any(m.split == "validation" and m.agent not in GROUPS for m in asked)
    best = best_agent(asked) if validated else None
    names = dict.fromkeys(agent for agent, name, _ in found if name == "accuracy")
    own = [name for name in names if name not in GROUPS]
    order = [name for name in (CHANCE, BASE, *own, *VOTES, READER) if name in names]
    rows = [
        ResultRow(
            agent=name,
            best=name == best,
            accuracy={r: m for r in rounds if (m := found.get((name, "accuracy", r)))},
            gain=found.get((name, "gain", rounds[-1])),
            lenient=found.get((name, "accuracy_lenient", rounds[-1])),
        )
        for name in order
    ]
    return Results(split, n, rounds, rows, best)


def round_label(round: int) -> str:
    return "before" if round == 0 else f"after round {round}"


def percent(metric: Metric) -> str:
    """A share as `31.2 %`."""
    return f"{100 * metric.value:.1f} %"


def percent_interval(metric: Metric) -> str:
    """A share's interval as `[27.3, 35.4]`, in percent; empty where there is none."""
    if metric.low is None or metric.high is None:
        return ""
    return f"[{100 * metric.low:.1f}, {100 * metric.high:.1f}]"


def points(metric: Metric) -> str:
    """A difference of shares as `+4.1`, in percentage points."""
    return _signed(metric.value)


def points_interval(metric: Metric) -> str:
    """A difference's interval as `[+1.2, +7.0]`, in points; empty where there is none."""
    if metric.low is None or metric.high is None:
        return ""
    return f"[{_signed(metric.low)}, {_signed(metric.high)}]"


def clear_of_zero(metric: Metric) -> int:
    """1 where the whole interval is above zero, -1 where it is below, else 0."""
    if metric.low is None or metric.high is None:
        return 0
    return (metric.low > 0) - (metric.high < 0)


def _signed(share: float) -> str:
    # A rounded zero carries no sign.
    return f"{100 * share:+.1f}" if abs(share) >= 0.0005 else "0.0"

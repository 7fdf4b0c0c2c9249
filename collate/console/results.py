"""The results of a run as rows and words, made of its metrics.

The screen (`result_tables.py`) and the report's page draw them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from collate.evaluation.subjects import BASE, CHANCE, GROUPS, READER, VOTES
from collate.evaluation.validation import best_agent
from collate.tables import Metric


@dataclass(frozen=True)
class ResultRow:
    """One line of the results: of chance, the base, an agent, a vote or a reader (`model`).

    `accuracy` is strict and by round; `gain` and `lenient` are of the last round, None where they
    were not measured. `best` marks the agent that is best on validation questions.
    """

    model: str
    best: bool
    accuracy: dict[int, Metric]
    gain: Metric | None
    lenient: Metric | None


@dataclass(frozen=True)
class Results:
    """Strict accuracy on `n` questions of a split by round; gain and lenient of the last round."""

    split: str
    n: int
    rounds: list[int]
    rows: list[ResultRow]
    best: str | None

    @property
    def last(self) -> int:
        """The last of the rounds."""
        return self.rounds[-1]


def collect_results(
    metrics: Sequence[Metric],
    rounds: Sequence[int],
    split: str = "test",
    chance: float | None = None,
) -> Results:
    """Results of the given rounds: chance where it is known, the base, each agent, then the votes.

    The best agent is the one of the last of these rounds, chosen on validation questions; None
    where there are none. `chance` is the accuracy of guessing; without it, the one in the metrics
    is shown. Raises ValueError where no accuracy was measured on the split.
    """
    rounds = sorted(set(rounds))
    of_rounds = [metric for metric in metrics if metric.round in rounds]
    of_split = {(m.model, m.name, m.round): m for m in of_rounds if m.split == split}
    # Chance is not measured: the number of questions is that of the others.
    counts = [m.n for m in of_split.values() if m.name == "accuracy" and m.model != CHANCE]
    if not counts:
        raise ValueError(f"no accuracy on {split} questions in rounds {rounds}")
    question_count = max(counts)
    if chance is not None:
        for round in rounds:
            guessing = Metric(round, split, CHANCE, "accuracy", chance, None, None, question_count)
            of_split[CHANCE, "accuracy", round] = guessing
    # Validation chooses; the held-out questions are only reported.
    best_model = _best_on_validation(of_rounds)
    rows = []
    for model in _table_order([model for model, name, _ in of_split if name == "accuracy"]):
        accuracy = {}
        for round in rounds:
            if (model, "accuracy", round) in of_split:
                accuracy[round] = of_split[model, "accuracy", round]
        gain = of_split.get((model, "gain", rounds[-1]))
        lenient = of_split.get((model, "accuracy_lenient", rounds[-1]))
        rows.append(ResultRow(model, model == best_model, accuracy, gain, lenient))
    return Results(split, question_count, rounds, rows, best_model)


def _best_on_validation(metrics: Sequence[Metric]) -> str | None:
    is_validated = any(m.split == "validation" and m.model not in GROUPS for m in metrics)
    return best_agent(metrics) if is_validated else None


def _table_order(models: Sequence[str]) -> list[str]:
    """The models without repeats: chance and base, the agents as they come, votes and reader."""
    agents = [model for model in dict.fromkeys(models) if model not in GROUPS]
    return [model for model in (CHANCE, BASE, *agents, *VOTES, READER) if model in models]


def round_label(round: int) -> str:
    """`before` for round 0, which is before any tuning, and `after round 1` and so on."""
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


def sign_outside_zero(metric: Metric) -> int:
    """1 where the whole interval is above zero, -1 where it is below, else 0."""
    if metric.low is None or metric.high is None:
        return 0
    return (metric.low > 0) - (metric.high < 0)


def _signed(share: float) -> str:
    # A rounded zero carries no sign.
    return f"{100 * share:+.1f}" if abs(share) >= 0.0005 else "0.0"

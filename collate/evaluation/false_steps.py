"""How many rationales come to the right answer by a false step.

| metric | what it is |
| --- | --- |
| false_step_rate | share of the right rationales in which an equation or comparison is false |

Of each agent, and of `agents` together. A data set's own solutions do not count.
"""

from collections import Counter
from collections.abc import Sequence

from collate.evaluation.statistics import wilson
from collate.evaluation.subjects import AGENTS
from collate.tables import GOLD, RIGHT, Metric, Rationale, Score

FALSE_STEP_RATE = "false_step_rate"


class FalseSteps:
    """False steps of a round's right rationales; add one block at a time."""

    def __init__(self, *, round: int, agents: Sequence[str]) -> None:
        self._round, self._agents = round, agents
        self._right: Counter[str] = Counter()
        self._with_false_step: Counter[str] = Counter()

    def add(self, rationales: Sequence[Rationale], scores: Sequence[Score]) -> None:
        """Count a block: rationales, and the score of each in the same order."""
        for rationale, score in zip(rationales, scores, strict=True):
            if score.verdict == RIGHT and rationale.origin != GOLD:
                self._right[rationale.writer] += 1
                self._with_false_step[rationale.writer] += score.false_steps > 0

    def metrics(self) -> list[Metric]:
        """A metric of each agent with a right rationale, and of all; `n` counts right ones."""
        counts = [(name, self._with_false_step[name], self._right[name]) for name in self._agents]
        counts.append((AGENTS, self._with_false_step.total(), self._right.total()))
        return [
            Metric(
                self._round,
                "train",
                name,
                FALSE_STEP_RATE,
                false / right,
                *wilson(false, right),
                right,
            )
            for name, false, right in counts
            if right
        ]

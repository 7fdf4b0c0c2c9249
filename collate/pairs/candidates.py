"""The candidates of one question for one agent, and what a rule says of them.

Every agent's rationales for a question form one pool, so that an agent learns from winners whoever
wrote them. Rationales with the same text (white space at its ends aside) are one candidate: a text
has one verdict and one likelihood, and a pair of equal texts teaches nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from collate.config.schema import PairsConfig
from collate.tables import UNKNOWN, Rationale, Score

NO_RATIONALE = "no rationale"
ALL_RIGHT = "all right"
ALL_WRONG = "all wrong"
NONE_RIGHT = "none right, some unstated"
NONE_WRONG = "no wrong rationale"
ALL_EQUAL = "all rationales equal"
TOO_LONG = "too long"
MARKED = "winners marked"
TOO_LONG_OR_MARKED = "winners too long or marked"
MARGIN = "margin below the floor"
NO_LIFT = "no lift over the baseline"

REASONS = (
    NO_RATIONALE,
    ALL_RIGHT,
    ALL_WRONG,
    NONE_RIGHT,
    NONE_WRONG,
    ALL_EQUAL,
    TOO_LONG,
    MARKED,
    TOO_LONG_OR_MARKED,
    MARGIN,
    NO_LIFT,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One distinct text, as the agent to be tuned may prefer or reject it.

    `chosen_id` and `rejected_id` name the rationale that stands for the text in either part, and
    `own` says that the agent wrote the text itself, so that it is a loser of its own policy when
    rejected. `may_win` is false where its marks keep it from being chosen. `likelihood` is under
    the configured normalisation, `lift` over the baseline; both are None where none was taken.
    """

    chosen_id: str
    rejected_id: str
    own: bool
    may_win: bool
    verdict: str
    likelihood: float | None
    lift: float | None

    def margin_over(self, other: "Candidate") -> float:
        """Difference in likelihood; 0 where none was taken."""
        if self.likelihood is None or other.likelihood is None:
            return 0.0
        return self.likelihood - other.likelihood


Match = tuple[Candidate, Candidate]
"""A chosen and a rejected candidate."""

Rule = Callable[[Sequence[Candidate], PairsConfig], list[Match] | str]
"""From at least one candidate, in any order, the pairs (best first), or the reason for none."""


def collapse(
    pool: Iterable[tuple[Rationale, Score]], agent: str, *, allow_marked: bool
) -> list[Candidate]:
    """The distinct texts of a pool as candidates for `agent`; blank texts are no candidates.

    A text that several agents wrote is named by another agent's rationale when chosen and by the
    agent's own when rejected. What is learnt is the same; the tables then say of a winner that it
    was shared, and of a loser that the agent itself wrote it.
    """
    by_text: dict[str, list[tuple[Rationale, Score]]] = {}
    for rationale, score in sorted(pool, key=lambda one: one[0].id):
        if rationale.text.strip():
            by_text.setdefault(rationale.text.strip(), []).append((rationale, score))
    return [_candidate(same, agent, allow_marked) for same in by_text.values()]


def _candidate(
    same: Sequence[tuple[Rationale, Score]], agent: str, allow_marked: bool
) -> Candidate:
    own = [rationale.id for rationale, _ in same if rationale.agent == agent]
    others = [rationale.id for rationale, _ in same if rationale.agent != agent]
    # Equal texts get equal verdicts, unless one could not be judged (a deadline, say).
    verdicts = {score.verdict for _, score in same} - {UNKNOWN}
    score = same[0][1]
    return Candidate(
        chosen_id=(others or own)[0],
        rejected_id=(own or others)[0],
        own=bool(own),
        may_win=allow_marked or not any(score.marks for _, score in same),
        verdict=verdicts.pop() if len(verdicts) == 1 else UNKNOWN,
        likelihood=score.likelihood,
        lift=score.lift,
    )

"""The candidates of one question for one agent, and what a rule says of them.

Every agent's rationales for a question form one pool, so that an agent learns from winners whoever
wrote them. Rationales with the same text (white space at its ends aside) are one candidate: a text
has one verdict and one likelihood, and a pair of equal texts teaches nothing.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from collate.answers.judging import NO_ANSWER, SEVERAL, UNREADABLE
from collate.config.schema import PairsConfig
from collate.pairs.conditions import WRITTEN, may_be_chosen, may_be_rejected
from collate.pairs.reasons import ALL_RIGHT, ALL_WRONG, NONE_RIGHT, NONE_WRONG
from collate.tables import GOLD, HINT, PEER, RIGHT, SAMPLED, UNKNOWN, WRONG, Rationale, Score

SOURCES = (SAMPLED, PEER, HINT, GOLD)
"""By which a text is named when chosen, the first that it has."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A rationale, its score, and the key of its stated answer (None where it states none)."""

    rationale: Rationale
    score: Score
    answer: Hashable | None


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One distinct text, as the agent to be tuned may prefer or reject it.

    `as_chosen` and `as_rejected` are the rationales with this text that the conditions allow in
    either part, the one that is to be named first in front; a part that has none is closed to the
    text. `own` says that the agent wrote the text itself, in a rationale that may be rejected, so
    that it is a loser of its own policy. `votes` counts the rationales that agents wrote without
    the answer in view, and `answer` is the key of what they state. `misses_form` says that an
    unknown verdict comes of no answer in the form asked for. `likelihood` is under the configured
    normalisation, `lift` over the baseline; both are None where none was taken.
    """

    id: str
    as_chosen: tuple[Rationale, ...]
    as_rejected: tuple[Rationale, ...]
    sources: frozenset[str]
    own: bool
    votes: int
    answer: Hashable | None
    verdict: str
    misses_form: bool
    likelihood: float | None
    lift: float | None

    @property
    def may_win(self) -> bool:
        return bool(self.as_chosen)

    @property
    def may_lose(self) -> bool:
        return bool(self.as_rejected)

    @property
    def written(self) -> bool:
        """Whether an agent wrote it without the answer in view."""
        return bool(self.sources & WRITTEN)

    @property
    def chosen_id(self) -> str:
        """Id of the rationale that is named when chosen; only of one that may win."""
        return self.as_chosen[0].id

    @property
    def rejected_id(self) -> str:
        """Id of the rationale that is named when rejected; only of one that may lose."""
        return self.as_rejected[0].id

    @property
    def tokens(self) -> int:
        """Length of the rationale that is named when chosen; only of one that may win."""
        return len(self.as_chosen[0].token_ids)

    def margin_over(self, other: "Candidate") -> float:
        """Difference in likelihood; 0 where none was taken."""
        if self.likelihood is None or other.likelihood is None:
            return 0.0
        return self.likelihood - other.likelihood


Match = tuple[Candidate, Candidate | None]
"""A chosen and a rejected candidate, the latter None under a rule that rejects nothing."""

Rule = Callable[[Sequence[Candidate], PairsConfig], list[Match] | str]
"""From at least one candidate, in any order, the pairs (best first), or the reason for none."""


def none_right(candidates: Sequence[Candidate]) -> str:
    """The reason where none that may win is right."""
    return ALL_WRONG if all(one.verdict == WRONG for one in candidates) else NONE_RIGHT


def none_wrong(candidates: Sequence[Candidate]) -> str:
    """The reason where none that may lose is wrong."""
    return ALL_RIGHT if all(one.verdict == RIGHT for one in candidates) else NONE_WRONG


def collapse(pool: Iterable[Entry], agent: str, config: PairsConfig) -> list[Candidate]:
    """The distinct texts of a pool as candidates for `agent`; blank texts are no candidates.

    Neither are texts that come only from a hint or a gold solution and may not win. A text that
    several agents wrote is named by another agent's rationale when chosen and by the agent's own
    when rejected. What is learnt is the same; the tables then say of a winner that it was shared,
    and of a loser that the agent itself wrote it.
    """
    by_text: dict[str, list[Entry]] = {}
    for entry in sorted(pool, key=lambda one: one.rationale.id):
        if entry.rationale.text.strip():
            by_text.setdefault(entry.rationale.text.strip(), []).append(entry)
    texts = list(by_text.values())
    unsolved = not any(
        _verdict(same) == RIGHT and _as_chosen(_written(same), agent, config, unsolved=False)
        for same in texts
    )
    made = [_candidate(same, agent, config, unsolved) for same in texts]
    return [one for one in made if one.written or one.may_win]


def _candidate(same: Sequence[Entry], agent: str, config: PairsConfig, unsolved: bool) -> Candidate:
    written = _written(same)
    verdict = _verdict(same)
    rejected = [one.rationale for one in same if may_be_rejected(one.rationale, agent, config)]
    formless = (NO_ANSWER, SEVERAL, UNREADABLE)
    score = same[0].score
    return Candidate(
        id=same[0].rationale.id,
        as_chosen=tuple(_as_chosen(same, agent, config, unsolved=unsolved)),
        as_rejected=tuple(sorted(rejected, key=lambda one: one.agent != agent)),
        sources=frozenset(one.rationale.source for one in same),
        own=any(one.agent == agent for one in rejected),
        votes=len(written),
        answer=next((one.answer for one in same if one.answer is not None), None),
        verdict=verdict,
        misses_form=verdict == UNKNOWN and any(s.score.reason.startswith(formless) for s in same),
        likelihood=score.likelihood,
        lift=score.lift,
    )


def _as_chosen(
    same: Sequence[Entry], agent: str, config: PairsConfig, *, unsolved: bool
) -> list[Rationale]:
    """What agents wrote unaided stands first, and within that another agent's before its own."""
    marked = any(one.score.marks for one in same)
    right = _verdict(same) == RIGHT
    allowed = [
        one.rationale
        for one in same
        if may_be_chosen(
            one.rationale, agent, config, marked=marked, right=right, unsolved=unsolved
        )
    ]
    return sorted(allowed, key=lambda one: (SOURCES.index(one.source), one.agent == agent))


def _written(same: Sequence[Entry]) -> list[Entry]:
    return [one for one in same if one.rationale.source in WRITTEN]


def _verdict(same: Sequence[Entry]) -> str:
    """Equal texts get equal verdicts, unless one could not be judged (a deadline, say)."""
    verdicts = {one.score.verdict for one in same} - {UNKNOWN}
    return verdicts.pop() if len(verdicts) == 1 else UNKNOWN

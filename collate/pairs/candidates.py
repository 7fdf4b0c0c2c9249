"""The candidates of one question for one agent, and which two of them may make a pair.

Every agent's rationales for a question form one pool, so that an agent learns from the best
whoever wrote them. Rationales with the same text (white space at its ends aside) are one candidate:
a text has one verdict and one likelihood, and a pair of equal texts teaches nothing.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from collate.answers.judging import NO_ANSWER, SEVERAL, UNREADABLE
from collate.config.schema import PairsConfig
from collate.pairs.conditions import (
    ALL_RIGHT,
    ALL_WRONG,
    NONE_RIGHT,
    NONE_WRONG,
    UNAIDED,
    lengths_allow,
    margin_allows,
    may_be_chosen,
    may_be_rejected,
)
from collate.tables import GOLD, HINT, PEER, RIGHT, SAMPLED, UNKNOWN, WRONG, Rationale, Score

ORIGINS = (SAMPLED, PEER, HINT, GOLD)
"""Among equal texts the rationale with the first of these origins is named as the chosen one."""
WITHOUT_FORM = (NO_ANSWER, SEVERAL, UNREADABLE)
"""Reasons of an unknown verdict that come of no answer in the form asked for."""


@dataclass(frozen=True, slots=True)
class ScoredRationale:
    """A rationale and its score."""

    rationale: Rationale
    score: Score


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One distinct text, as the agent to be tuned may prefer or reject it.

    `as_chosen` and `as_rejected` are the rationales with this text that the conditions allow in
    either role, the one that is to be named first in front; a text without any cannot take that
    role. `is_own` says that the agent wrote the text itself, in a rationale that may be rejected:
    its own policy produces it. `votes` counts the rationales that agents wrote without the
    answer in view, and `answer` is the key of what they state. `misses_form` says that an unknown
    verdict comes of no answer in the form asked for. `likelihood` is under the configured
    normalisation, `lift` over the baseline; both are None where none was taken.
    """

    id: str
    as_chosen: tuple[Rationale, ...]
    as_rejected: tuple[Rationale, ...]
    origins: frozenset[str]
    is_own: bool
    votes: int
    answer: Hashable | None
    verdict: str
    misses_form: bool
    likelihood: float | None
    lift: float | None

    @property
    def can_be_chosen(self) -> bool:
        return bool(self.as_chosen)

    @property
    def can_be_rejected(self) -> bool:
        return bool(self.as_rejected)

    @property
    def is_unaided(self) -> bool:
        """Whether an agent wrote it without the answer in view."""
        return bool(self.origins & UNAIDED)

    @property
    def chosen_id(self) -> str:
        """Id of the rationale that is named when chosen; only of one that can be."""
        return self.as_chosen[0].id

    @property
    def rejected_id(self) -> str:
        """Id of the rationale that is named when rejected; only of one that can be."""
        return self.as_rejected[0].id

    @property
    def tokens(self) -> int:
        """Length of the rationale that is named when chosen; only of one that can be."""
        return len(self.as_chosen[0].token_ids)

    @property
    def likelihood_or_zero(self) -> float:
        """The likelihood; 0 where none was taken, so that ids decide."""
        return 0.0 if self.likelihood is None else self.likelihood

    def margin_over(self, other: "Candidate") -> float:
        """Difference in likelihood; 0 where none was taken."""
        if self.likelihood is None or other.likelihood is None:
            return 0.0
        return self.likelihood - other.likelihood


CandidatePair = tuple[Candidate, Candidate]
"""A chosen and a rejected candidate that may make a pair."""

Selected = tuple[Candidate, Candidate | None]
"""A chosen and a rejected candidate, the latter None under a rule that rejects nothing."""

Rule = Callable[[Sequence[Candidate], PairsConfig], list[Selected] | str]
"""From at least one candidate, in any order, the pairs (best first), or the reason for none."""

Order = Callable[[Candidate, Candidate, Counter[Candidate]], Any]
"""A sort key of a pair, the best being the smallest, given how often each candidate was used."""


def merge_duplicates(
    pool: Iterable[ScoredRationale], agent: str, config: PairsConfig
) -> list[Candidate]:
    """The distinct texts of a pool as candidates for `agent`; blank texts are no candidates.

    Neither are texts that come only from a hint or a gold solution and cannot be chosen. A text
    that several agents wrote is named by another agent's rationale when chosen and by the agent's
    own when rejected. What is learnt is the same; the tables then say of a chosen one that it was
    shared, and of a rejected one that the agent itself wrote it.
    """
    pool_by_text: dict[str, list[ScoredRationale]] = {}
    # By id, so that the order of the rows decides nothing.
    for scored in sorted(pool, key=lambda scored: scored.rationale.id):
        text = scored.rationale.text.strip()
        if text:
            pool_by_text.setdefault(text, []).append(scored)
    # Known before any candidate is made: where nothing else solves a question, a hint or the gold
    # solution may be chosen.
    unsolved = not any(_solves(same_text, agent, config) for same_text in pool_by_text.values())
    candidates = []
    for same_text in pool_by_text.values():
        candidate = _candidate(same_text, agent, config, unsolved)
        if candidate.is_unaided or candidate.can_be_chosen:
            candidates.append(candidate)
    return candidates


def candidate_pairs(
    winners: Iterable[Candidate], losers: Sequence[Candidate], config: PairsConfig
) -> list[CandidatePair]:
    """Every winner with every loser that the conditions let it be paired with.

    The conditions are asked here, in the place of every rule.
    """
    pairs = []
    for chosen in winners:
        for rejected in losers:
            # A text may be chosen against one and rejected against another, never against itself.
            if chosen is rejected:
                continue
            if not margin_allows(chosen.likelihood, rejected.likelihood, config):
                continue
            if _named_rationales(chosen, rejected, config) is not None:
                pairs.append((chosen, rejected))
    return pairs


def select_pairs(
    pairs: Iterable[CandidatePair], order: Order, config: PairsConfig, *, once: bool = False
) -> list[Selected]:
    """At most `per_question` distinct pairs, the best first; with `once`, none shares a candidate.

    After each choice the order is asked again, since it may look at how often each was used.
    """
    remaining_pairs = list(pairs)
    use_counts: Counter[Candidate] = Counter()
    selected: list[Selected] = []
    while remaining_pairs and len(selected) < config.per_question:
        best_pair = min(remaining_pairs, key=lambda pair: order(pair[0], pair[1], use_counts))
        selected.append(best_pair)
        use_counts.update(best_pair)
        remaining_pairs = [
            pair
            for pair in remaining_pairs
            if pair is not best_pair and not (once and (use_counts[pair[0]] or use_counts[pair[1]]))
        ]
    return selected


def representatives(selected: Selected, config: PairsConfig) -> tuple[Rationale, Rationale | None]:
    """The rationales that stand for a pair in the table: the first two that may be paired."""
    chosen, rejected = selected
    if rejected is None:
        return chosen.as_chosen[0], None
    named_pair = _named_rationales(chosen, rejected, config)
    # Every selected pair comes from `candidate_pairs`, which has found two such rationales.
    assert named_pair is not None
    return named_pair


def reason_none_right(candidates: Sequence[Candidate]) -> str:
    """The reason where none that can be chosen is right."""
    all_wrong = all(candidate.verdict == WRONG for candidate in candidates)
    return ALL_WRONG if all_wrong else NONE_RIGHT


def reason_none_wrong(candidates: Sequence[Candidate]) -> str:
    """The reason where none that can be rejected is wrong."""
    all_right = all(candidate.verdict == RIGHT for candidate in candidates)
    return ALL_RIGHT if all_right else NONE_WRONG


def _named_rationales(
    chosen: Candidate, rejected: Candidate, config: PairsConfig
) -> tuple[Rationale, Rationale] | None:
    """The first two rationales of two texts that may be paired; None where no two may."""
    for pair in product(chosen.as_chosen, rejected.as_rejected):
        if lengths_allow(*pair, config):
            return pair
    return None


def _solves(same: Sequence[ScoredRationale], agent: str, config: PairsConfig) -> bool:
    """Whether a text is right, written without the answer in view, and can be chosen."""
    if _verdict(same) != RIGHT:
        return False
    return bool(_as_chosen(_unaided(same), agent, config, unsolved=False))


def _candidate(
    same: Sequence[ScoredRationale], agent: str, config: PairsConfig, unsolved: bool
) -> Candidate:
    """One candidate out of all rationales with the same text."""
    # A likelihood is of a text, so that it is the same in all of these scores.
    verdict, score = _verdict(same), same[0].score
    rationales = [scored.rationale for scored in same]
    rejected = [rationale for rationale in rationales if may_be_rejected(rationale, agent, config)]
    # Of what is to be rejected the agent's own is named first.
    rejected.sort(key=lambda rationale: rationale.writer != agent)
    stated_answers = [
        scored.score.stated_key for scored in same if scored.score.stated_key is not None
    ]
    # A reason may go on, as in "states several answers: 2 different"; its beginning tells its kind.
    misses_form = verdict == UNKNOWN and any(
        scored.score.reason.startswith(WITHOUT_FORM) for scored in same
    )
    return Candidate(
        id=rationales[0].id,
        as_chosen=tuple(_as_chosen(same, agent, config, unsolved=unsolved)),
        as_rejected=tuple(rejected),
        origins=frozenset(rationale.origin for rationale in rationales),
        is_own=any(rationale.writer == agent for rationale in rejected),
        votes=len(_unaided(same)),
        answer=stated_answers[0] if stated_answers else None,
        verdict=verdict,
        misses_form=misses_form,
        likelihood=score.likelihood,
        lift=score.lift,
    )


def _as_chosen(
    same: Sequence[ScoredRationale], agent: str, config: PairsConfig, *, unsolved: bool
) -> list[Rationale]:
    """What agents wrote unaided stands first, and within that another agent's before its own."""
    is_flagged = any(scored.score.flags for scored in same)
    is_right = _verdict(same) == RIGHT
    allowed_rationales = []
    for scored in same:
        rationale = scored.rationale
        if may_be_chosen(
            rationale, agent, config, flagged=is_flagged, right=is_right, unsolved=unsolved
        ):
            allowed_rationales.append(rationale)
    return sorted(
        allowed_rationales,
        key=lambda rationale: (ORIGINS.index(rationale.origin), rationale.writer == agent),
    )


def _unaided(same: Sequence[ScoredRationale]) -> list[ScoredRationale]:
    return [scored for scored in same if scored.rationale.origin in UNAIDED]


def _verdict(same: Sequence[ScoredRationale]) -> str:
    """Equal texts get equal verdicts, unless one could not be judged (a limit was met, say)."""
    verdicts = {scored.score.verdict for scored in same} - {UNKNOWN}
    return verdicts.pop() if len(verdicts) == 1 else UNKNOWN

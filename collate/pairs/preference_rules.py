"""The rules that choose one rationale and reject another: what each takes for better.

A rule gets the candidates of one question (`candidates.py`) and gives the pairs, best first, or the
reason why there is none. Which two may be paired at all, the conditions say (`conditions.py`), and
`candidate_pairs` asks them for every rule. docs/extending.md says what a new rule needs besides a
function here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from collate.config.schema import PairsConfig
from collate.errors import InputError
from collate.pairs.candidates import (
    Candidate,
    Selected,
    candidate_pairs,
    reason_none_right,
    reason_none_wrong,
    select_pairs,
)
from collate.pairs.conditions import ALL_EQUAL, MARGIN, NO_GOLD, NO_LIFT, NO_OWN
from collate.tables import GOLD, RIGHT, WRONG

VERDICT_WEIGHT = 0.5
"""Of the verdict in a blended score, the rest being the likelihood's: the least at which no right
rationale is below one that is not."""


def correctness(candidates: Sequence[Candidate], config: PairsConfig) -> list[Selected] | str:
    """A right rationale over a wrong one (Iterative RPO, arXiv 2404.19733). A `Rule`.

    A candidate whose verdict is unknown (no stated answer, or several) is neither, since unknown
    never becomes wrong by default. A candidate is used again only when its side has none left that
    is unused. `pairs.order` says which pairs come first:

        nearest   the right candidates are taken by falling likelihood. Each is paired with the
                  wrong candidate that the agent wrote itself, where there is one left (a loser that
                  its own policy produces), and among several with the one nearest in likelihood:
                  the hardest to tell apart. Without likelihoods the ids decide, which are digests
        margin    the pairs with the largest difference in likelihood. Verdict first and likelihood
                  second: the two in lexicographic order, where the rule `blended` adds them up
    """
    right_candidates = [
        candidate
        for candidate in candidates
        if candidate.verdict == RIGHT and candidate.can_be_chosen
    ]
    wrong_candidates = [
        candidate
        for candidate in candidates
        if candidate.verdict == WRONG and candidate.can_be_rejected
    ]
    if not right_candidates:
        return reason_none_right(candidates)
    if not wrong_candidates:
        return reason_none_wrong(candidates)
    order = _largest_margin if config.order == "margin" else _nearest
    pairs = candidate_pairs(right_candidates, wrong_candidates, config)
    return select_pairs(pairs, order, config) or MARGIN


def _nearest(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    # Ids come last in every order: they are digests, and decide alike on every machine.
    gap = abs(chosen.margin_over(rejected))
    chosen_order = (uses[chosen], -chosen.likelihood_or_zero, chosen.chosen_id)
    rejected_order = (
        uses[rejected], not rejected.is_own, gap, -rejected.likelihood_or_zero,
        rejected.rejected_id,
    )  # fmt: skip
    return (*chosen_order, *rejected_order)


def _largest_margin(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    margin = chosen.margin_over(rejected)
    tie_break = (chosen.chosen_id, not rejected.is_own, rejected.rejected_id)
    return (uses[chosen], uses[rejected], -margin, *tie_break)


def likelihood(candidates: Sequence[Candidate], config: PairsConfig) -> list[Selected] | str:
    """The paper's rule: highest over lowest likelihood, whatever the verdicts. A `Rule`.

    Equation 7: of all rationales for a question, the one under which the frozen model gives the
    gold answer the highest likelihood is chosen, the one with the lowest is rejected. Equation 9:
    the pair stands only if the chosen one's likelihood exceeds that without a rationale, that is,
    if its lift is above 0; which prompt the baseline is taken under, `scoring.baseline` says.
    Further pairs of a question take the second highest and second lowest, and so on inwards, so no
    rationale is used twice. Where a condition keeps the highest and the lowest apart, the two that
    may be paired and lie furthest apart come first.

    The paper has no rule for ties. Equal likelihoods make no pair here, and among rationales that
    tie for the lowest the agent's own is rejected first. One that cannot be chosen is passed over
    above, and may still be the lowest. Raises InputError where the likelihood was not taken.
    """
    for candidate in candidates:
        if candidate.likelihood is None or candidate.lift is None:
            raise InputError(
                "pairs.rule=likelihood needs the likelihood of every rationale, and "
                f"{candidate.id} has none; set scoring.likelihood=true, or pairs.rule=correctness"
            )
    # One distinct text; `merge_duplicates` has put equal ones together.
    if len(candidates) == 1:
        return ALL_EQUAL
    pairs_by_likelihood = _higher_over_lower(candidates, config)
    lifting_pairs = [
        pair for pair in pairs_by_likelihood if pair[0].lift is not None and pair[0].lift > 0
    ]
    selected = select_pairs(lifting_pairs, _furthest, config, once=True)
    # Without any pair the likelihoods are equal, or a condition keeps them apart.
    return selected or (NO_LIFT if pairs_by_likelihood else MARGIN)


def blended(candidates: Sequence[Candidate], config: PairsConfig) -> list[Selected] | str:
    """Highest over lowest score, half of it the verdict and half the likelihood. A `Rule`.

        score = 0.5 [right] + 0.5 likelihood,    likelihood in [0, 1]

    No right rationale is below one that is not, so the likelihood decides only among equals. Unlike
    `correctness` with `order=margin`, where verdict and likelihood stand in lexicographic order as
    well, a question whose rationales are all right or all wrong gives pairs too, and a rationale
    whose verdict is unknown counts like a wrong one: it is not known to be right.

    Pairs go inwards as under `likelihood`, none uses a rationale twice, and equal scores make no
    pair. Candidates come back with their score in place of their likelihood, so that the margin of
    a pair, and what `min_margin` is compared with, is the difference in score. Raises InputError
    where a likelihood was not taken, or is no number from 0 to 1.
    """
    scored_candidates = [
        replace(candidate, likelihood=_blended_score(candidate)) for candidate in candidates
    ]
    if len(scored_candidates) == 1:
        return ALL_EQUAL
    pairs = _higher_over_lower(scored_candidates, config)
    return select_pairs(pairs, _furthest, config, once=True) or MARGIN


def _blended_score(candidate: Candidate) -> float:
    if candidate.likelihood is None or not 0 <= candidate.likelihood <= 1:
        raise InputError(
            "pairs.rule=blended needs a likelihood from 0 to 1 of every rationale, and "
            f"{candidate.id} has {candidate.likelihood}; set scoring.likelihood=true and "
            "scoring.normalisation=mean_prob or geometric"
        )
    is_right = candidate.verdict == RIGHT
    return VERDICT_WEIGHT * is_right + (1 - VERDICT_WEIGHT) * candidate.likelihood


def _higher_over_lower(
    candidates: Sequence[Candidate], config: PairsConfig
) -> list[tuple[Candidate, Candidate]]:
    winners = [candidate for candidate in candidates if candidate.can_be_chosen]
    losers = [candidate for candidate in candidates if candidate.can_be_rejected]
    pairs = candidate_pairs(winners, losers, config)
    return [(chosen, rejected) for chosen, rejected in pairs if chosen.margin_over(rejected) > 0]


def _furthest(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    """The largest margin first, and among equal ones a loser of the agent's own."""
    chosen_order = (-chosen.likelihood_or_zero, chosen.chosen_id)
    rejected_order = (rejected.likelihood_or_zero, not rejected.is_own, rejected.rejected_id)
    return (-chosen.margin_over(rejected), *chosen_order, *rejected_order)


def longest_right(candidates: Sequence[Candidate], config: PairsConfig) -> list[Selected] | str:
    """The longest right rationale over one that fails (DPO-VP, arXiv 2503.12854). A `Rule`.

    DPO-VP scores an answer 1 where it is right and in the form asked for, 0 where it is wrong and
    in that form, and -1 where it is not in the form, whatever it says. The chosen one is the
    longest with score 1, in tokens. The rejected one is drawn from those with score -1, or from
    those with score 0 where there is none: this is the one rule under which a rationale that states
    no readable answer is rejected, since the paper's loser is one that misses the form. An unknown
    verdict for any other reason (the verifier gave up, say) is neither.

    The draw is by id, which is a digest, after the agent's own. The paper takes one pair a question
    (`per_question: 1` in the preset); more take the next longest. It also prefers, where nothing is
    right, the longest wrong one to one that misses the form. That is left out: what misses the form
    may be right.
    """
    right_candidates = [
        candidate
        for candidate in candidates
        if candidate.verdict == RIGHT and candidate.can_be_chosen
    ]
    failed_candidates = [
        candidate
        for candidate in candidates
        if candidate.can_be_rejected and (candidate.verdict == WRONG or candidate.misses_form)
    ]
    if not right_candidates:
        return reason_none_right(candidates)
    if not failed_candidates:
        return reason_none_wrong(candidates)
    pairs = candidate_pairs(right_candidates, failed_candidates, config)
    return select_pairs(pairs, _longest, config) or MARGIN


def _longest(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    chosen_order = (uses[chosen], -chosen.tokens, chosen.chosen_id)
    rejected_order = (
        uses[rejected], not rejected.misses_form, not rejected.is_own, rejected.rejected_id,
    )  # fmt: skip
    return (*chosen_order, *rejected_order)


def gold_over_own(candidates: Sequence[Candidate], config: PairsConfig) -> list[Selected] | str:
    """The data set's solution over what the agent wrote itself (SPIN, arXiv 2401.01335). A `Rule`.

    It is also equation 5 of the paper, by which its agents come to differ: each on its own random
    part of the questions (`agents.own_part`). Neither verdict nor likelihood plays a part, so that
    a right rationale is rejected too. SPIN and the paper take one sample a question
    (`per_question: 1` in the preset); which one is drawn by id, a digest.
    """
    gold_candidates = [
        candidate
        for candidate in candidates
        if GOLD in candidate.origins and candidate.can_be_chosen
    ]
    own_candidates = [
        candidate for candidate in candidates if candidate.is_own and candidate.can_be_rejected
    ]
    if not gold_candidates:
        return NO_GOLD
    if not own_candidates:
        return NO_OWN
    # The agent may have written the solution word for word.
    other_candidates = [
        candidate for candidate in own_candidates if candidate not in gold_candidates
    ]
    if not other_candidates:
        return ALL_EQUAL
    pairs = candidate_pairs(gold_candidates, other_candidates, config)
    return select_pairs(pairs, _by_id, config) or MARGIN


def _by_id(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    return (uses[chosen], chosen.chosen_id, uses[rejected], rejected.rejected_id)

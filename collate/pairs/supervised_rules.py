"""The rules that reject nothing: what they choose is imitated (`tuning.loss=sft`).

A new rule is a function here, an entry in `preferences.RULES`, its name among `SUPERVISED_RULES` of
the settings, and a preset in `conf/pairs`.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

from collate.config.schema import PairsConfig
from collate.pairs.candidates import Candidate, Selected, reason_none_right
from collate.pairs.conditions import NO_GOLD, NO_MAJORITY, NO_OWN, OUTVOTED
from collate.tables import GOLD, RIGHT


def right_only(candidates: Sequence[Candidate], config: PairsConfig) -> list[Selected] | str:
    """Every distinct right rationale. A `Rule`.

    Over the rationales of all agents this is RFT, which pools the right paths of several models
    (arXiv 2308.01825; it tells paths apart by their equations, here it is by their text). With
    `chosen_from=own` and rationales written from a hint where a question has no right one, it is
    STaR (arXiv 2203.14465).

    Of more than `per_question`, those that agents wrote come before a gold solution, and the ids
    decide, which are digests: taking the likeliest would be a choice that these methods do not
    make.
    """
    right_candidates = [
        candidate
        for candidate in candidates
        if candidate.verdict == RIGHT and candidate.can_be_chosen
    ]
    if not right_candidates:
        return reason_none_right(candidates)
    right_candidates.sort(key=lambda candidate: (not candidate.is_unaided, candidate.chosen_id))
    return [(candidate, None) for candidate in right_candidates[: config.per_question]]


def gold_only(candidates: Sequence[Candidate], config: PairsConfig) -> list[Selected] | str:
    """The data set's solution: plain supervised fine-tuning on it. A `Rule`.

    Where a question has no worked solution, its gold rationale is the stated answer alone. That is
    flagged as "only the answer", so the preset sets `allow_flagged: true`.
    """
    gold_candidates = [
        candidate
        for candidate in candidates
        if GOLD in candidate.origins and candidate.can_be_chosen
    ]
    gold_candidates.sort(key=lambda candidate: candidate.chosen_id)
    return [(candidate, None) for candidate in gold_candidates[: config.per_question]] or NO_GOLD


def own_majority(candidates: Sequence[Candidate], config: PairsConfig) -> list[Selected] | str:
    """An agent's own rationales that agree with the majority over all agents. A `Rule`.

    Multiagent finetuning (arXiv 2501.05707) trains each agent only on its own outputs, and takes as
    right the answer that most of all agents' outputs state. No gold answer is used: neither verdict
    nor likelihood plays a part, and of more than `per_question` the ids decide, which are digests.

    Every rationale that agents wrote without the answer in view has one vote, also one that shares
    its text with another; one that states no answer has none. Answers that tie for the most votes
    make no majority. What an agent wrote counts as its own also where another wrote the same text;
    `chosen_from=own`, which goes with this rule, has it named by the agent's own rationale.
    """
    votes_by_answer: Counter[Hashable] = Counter()
    for candidate in candidates:
        # Hinted rationales and gold solutions have the answer from the data, and no vote.
        if candidate.is_unaided and candidate.answer is not None:
            votes_by_answer[candidate.answer] += candidate.votes
    ranked_answers = votes_by_answer.most_common(2)
    is_tie = len(ranked_answers) == 2 and ranked_answers[0][1] == ranked_answers[1][1]
    if not ranked_answers or is_tie:
        return NO_MAJORITY
    own_candidates = [candidate for candidate in candidates if candidate.is_own]
    if not own_candidates:
        return NO_OWN
    majority_answer = ranked_answers[0][0]
    agreeing_candidates = [
        candidate
        for candidate in own_candidates
        if candidate.can_be_chosen and candidate.answer == majority_answer
    ]
    agreeing_candidates.sort(key=lambda candidate: candidate.chosen_id)
    selected: list[Selected] = [
        (candidate, None) for candidate in agreeing_candidates[: config.per_question]
    ]
    return selected or OUTVOTED

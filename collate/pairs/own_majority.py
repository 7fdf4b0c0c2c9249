"""Rule `own_majority`: an agent's own rationales that agree with the majority, for tuning by SFT.

Multiagent finetuning (arXiv 2501.05707) trains each agent only on its own outputs, and takes as
right the answer that most of all agents' outputs state. No gold answer is used: neither verdict nor
likelihood plays a part, and of more than `per_question` the ids decide, which are digests.

Every rationale that agents wrote without the answer in view has one vote, also one that shares its
text with another; one that states no answer has none. Answers that tie for the most votes make no
majority.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

from collate.config.schema import PairsConfig
from collate.pairs.candidates import Candidate, Match
from collate.pairs.reasons import NO_MAJORITY, NO_OWN, OUTVOTED

REJECTS_NOTHING = True


def own_majority(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """Own ones that agree with the majority, each without a loser, or why there is none. A `Rule`.

    What an agent wrote counts as its own also where another wrote the same text; `winner=own`,
    which goes with this rule, has it named by the agent's own rationale.
    """
    votes: Counter[Hashable] = Counter()
    for one in candidates:
        if one.written and one.answer is not None:
            votes[one.answer] += one.votes
    ranked = votes.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return NO_MAJORITY
    own = [one for one in candidates if one.own]
    if not own:
        return NO_OWN
    agreeing = [one for one in own if one.may_win and one.answer == ranked[0][0]]
    agreeing.sort(key=lambda one: one.chosen_id)
    return [(one, None) for one in agreeing[: config.per_question]] or OUTVOTED

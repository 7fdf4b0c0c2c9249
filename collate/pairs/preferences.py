"""From scored rationales to preferences: the configured rule, asked for every agent and question.

Nothing here depends on the order of the rows that come in.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from collate.config.schema import SUPERVISED_RULES, PairsConfig
from collate.pairs.candidates import (
    Rule,
    ScoredRationale,
    Selected,
    merge_duplicates,
    representatives,
)
from collate.pairs.conditions import (
    FLAGGED,
    NO_RATIONALE,
    SETTINGS_WITHOUT,
    SEVERAL,
    TOO_LONG,
    TOO_LONG_OR_FLAGGED,
)
from collate.pairs.preference_rules import (
    blended,
    correctness,
    gold_over_own,
    likelihood,
    longest_right,
)
from collate.pairs.supervised_rules import gold_only, own_majority, right_only
from collate.tables import (
    CHOSEN,
    REJECTED,
    Dropped,
    Preference,
    Question,
    Rationale,
    Score,
    digest,
)

RULES: dict[str, Rule] = {
    "correctness": correctness,
    "likelihood": likelihood,
    "blended": blended,
    "longest_right": longest_right,
    "gold_over_own": gold_over_own,
    "right_only": right_only,
    "gold_only": gold_only,
    "own_majority": own_majority,
}


def make_preferences(
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    scores: Sequence[Score],
    *,
    agents: Sequence[str],
    parts: Mapping[str, Collection[str]] | None,
    config: PairsConfig,
) -> tuple[list[Preference], list[Dropped]]:
    """Preferences of every agent, and a reason for every question that gave it none.

    Candidates are the rationales of all writers, also of those not in `agents`. `parts` gives the
    ids of the questions that an agent is tuned on (the paper's own-part rule); an agent without an
    entry, or `parts` of None, means all questions. A question outside an agent's part was not meant
    for it and gets neither a preference nor a dropped row. Both lists are ordered by agent as
    given, then by question id; the preferences of one question come best first.

    A preference's margin is the difference of the two likelihoods (of the two scores under the rule
    `blended`), 0 where none was taken or nothing is rejected. Raises ValueError for a rationale
    without a score.
    """
    pools = _pools(questions, rationales, scores)
    preferences: list[Preference] = []
    dropped: list[Dropped] = []
    for agent in agents:
        question_part = None if parts is None else parts.get(agent)
        for question_id, pool in pools.items():
            if question_part is not None and question_id not in question_part:
                continue
            outcome = _pairs_or_reason(pool, agent, config)
            if isinstance(outcome, str):
                dropped.append(Dropped(question_id, agent, outcome))
                continue
            for selected in outcome:
                preferences.append(_preference(question_id, agent, selected, config))
    return preferences, dropped


def _pools(
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    scores: Sequence[Score],
) -> dict[str, list[ScoredRationale]]:
    """The rationales of each given question, by rising question id."""
    score_of = {score.rationale_id: score for score in scores}
    unscored = [rationale.id for rationale in rationales if rationale.id not in score_of]
    if unscored:
        raise ValueError(
            f"{len(unscored)} of {len(rationales)} rationales have no score: {unscored[0]}"
        )
    pools: dict[str, list[ScoredRationale]] = {
        id: [] for id in sorted(question.id for question in questions)
    }
    for rationale in rationales:
        question_id = rationale.question_id
        if question_id in pools:
            score = score_of[rationale.id]
            pools[question_id].append(ScoredRationale(rationale, score))
    return pools


def _pairs_or_reason(
    pool: Sequence[ScoredRationale], agent: str, config: PairsConfig
) -> list[Selected] | str:
    """What the rule says under the conditions, or the one reason why there is no pair.

    Where there would be none without any condition, the reason is the rule's own. Else it is the
    one condition that stood in the way by itself, or that several did so only together.
    """
    outcome = _apply_rule(pool, agent, config)
    if isinstance(outcome, list):
        return outcome

    def without(*reasons: str) -> list[Selected] | str:
        """What the rule says where these conditions ask nothing."""
        lifted_settings = {}
        for reason in reasons:
            lifted_settings.update(SETTINGS_WITHOUT[reason])
        return _apply_rule(pool, agent, replace(config, **lifted_settings))

    # Conditions are named only where without them there would have been a pair.
    unconditional = without(*SETTINGS_WITHOUT)
    if isinstance(unconditional, str):
        return unconditional
    for reason in SETTINGS_WITHOUT:
        if isinstance(without(reason), list):
            return reason
    return TOO_LONG_OR_FLAGGED if isinstance(without(TOO_LONG, FLAGGED), list) else SEVERAL


def _apply_rule(
    pool: Sequence[ScoredRationale], agent: str, config: PairsConfig
) -> list[Selected] | str:
    candidates = merge_duplicates(pool, agent, config)
    # Supervised rules may choose a gold solution where no agent wrote anything.
    usable_candidates = (
        candidates
        if config.rule in SUPERVISED_RULES
        else [candidate for candidate in candidates if candidate.is_unaided]
    )
    return RULES[config.rule](candidates, config) if usable_candidates else NO_RATIONALE


def _preference(
    question_id: str, agent: str, selected: Selected, config: PairsConfig
) -> Preference:
    chosen, rejected = representatives(selected, config)
    rejected_id = None if rejected is None else rejected.id
    id_by_role = {CHOSEN: chosen.id}
    if rejected_id is not None:
        id_by_role[REJECTED] = rejected_id
    winner, loser = selected
    return Preference(
        id=digest("pair", agent, chosen.id, rejected_id),
        question_id=question_id,
        agent=agent,
        roles=id_by_role,
        rule=config.rule,
        margin=0.0 if loser is None else winner.margin_over(loser),
    )

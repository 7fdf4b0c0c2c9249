"""The pairing stage: rationales and scores in, pairs and dropped questions out.

A new rule is one file with a function of type `Rule`, an entry in `RULES`, and its name among the
choices of `PairsConfig.rule`. Nothing here depends on the order of the rows that come in.
"""

from collections.abc import Collection, Mapping, Sequence

from collate.config.schema import PairsConfig
from collate.pairs.candidates import (
    MARKED,
    NO_RATIONALE,
    TOO_LONG,
    TOO_LONG_OR_MARKED,
    Match,
    Rule,
    collapse,
)
from collate.pairs.correctness import correctness
from collate.pairs.likelihood import likelihood
from collate.tables import Dropped, Pair, Question, Rationale, Score, digest

RULES: dict[str, Rule] = {"correctness": correctness, "likelihood": likelihood}


def make_pairs(
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    scores: Sequence[Score],
    *,
    agents: Sequence[str],
    parts: Mapping[str, Collection[str]] | None,
    config: PairsConfig,
) -> tuple[list[Pair], list[Dropped]]:
    """Pairs for every agent to be tuned, and a reason for every question that gave it none.

    Candidates are the rationales of all agents, also of those not in `agents`. `parts` gives the
    ids of the questions that an agent is tuned on (the paper's own-part rule); an agent without an
    entry, or `parts` of None, means all questions. A question outside an agent's part was not meant
    for it and gets neither a pair nor a dropped row. Both lists are ordered by agent as given, then
    by question id; the pairs of one question come best first.

    A pair's margin is the difference of the two likelihoods, 0 where none was taken. Raises
    ValueError for a rationale without a score.
    """
    pools = _pools(questions, rationales, scores)
    pairs: list[Pair] = []
    dropped: list[Dropped] = []
    for agent in agents:
        part = None if parts is None else parts.get(agent)
        for question_id, pool in pools.items():
            if part is not None and question_id not in part:
                continue
            outcome = _match(pool, agent, config)
            if isinstance(outcome, str):
                dropped.append(Dropped(question_id, agent, outcome))
            else:
                pairs.extend(_pair(question_id, agent, match, config.rule) for match in outcome)
    return pairs, dropped


def _pools(
    questions: Sequence[Question], rationales: Sequence[Rationale], scores: Sequence[Score]
) -> dict[str, list[tuple[Rationale, Score]]]:
    """Rationale and score of each question that was asked for, by rising question id."""
    score_of = {score.rationale_id: score for score in scores}
    missing = [one.id for one in rationales if one.id not in score_of]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(rationales)} rationales have no score: {missing[0]}"
        )
    pools: dict[str, list[tuple[Rationale, Score]]] = {
        question_id: [] for question_id in sorted(question.id for question in questions)
    }
    for rationale in rationales:
        if rationale.question_id in pools:
            pools[rationale.question_id].append((rationale, score_of[rationale.id]))
    return pools


def _match(
    pool: Sequence[tuple[Rationale, Score]], agent: str, config: PairsConfig
) -> list[Match] | str:
    """What the rule says of the rationales within the length limit, where no marked one may win.

    Where that is no pair, the reason is that of the whole pool with marked ones free to win. If
    that would give a pair, the reason is the one restriction that stood in the way, or both.
    """
    limit = config.max_tokens
    within = [one for one in pool if limit is None or len(one[0].token_ids) <= limit]

    def outcome(rows: Sequence[tuple[Rationale, Score]], allow_marked: bool) -> list[Match] | str:
        candidates = collapse(rows, agent, allow_marked=allow_marked)
        return RULES[config.rule](candidates, config) if candidates else NO_RATIONALE

    found, unrestricted = outcome(within, config.allow_marked), outcome(pool, True)
    if isinstance(found, list) or isinstance(unrestricted, str):
        return found if isinstance(found, list) else unrestricted
    if isinstance(outcome(within, True), list):
        return MARKED
    return TOO_LONG if isinstance(outcome(pool, config.allow_marked), list) else TOO_LONG_OR_MARKED


def _pair(question_id: str, agent: str, match: Match, rule: str) -> Pair:
    chosen, rejected = match
    return Pair(
        id=digest("pair", agent, chosen.chosen_id, rejected.rejected_id),
        question_id=question_id,
        agent=agent,
        chosen_id=chosen.chosen_id,
        rejected_id=rejected.rejected_id,
        rule=rule,
        margin=chosen.margin_over(rejected),
    )

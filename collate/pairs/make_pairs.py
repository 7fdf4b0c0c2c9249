"""The pairing stage: rationales and scores in, pairs and dropped questions out.

A new rule is one file of this room with a function of its name, of type `Rule`, and a preset
`conf/pairs/NAME.yaml`. Nothing here depends on the order of the rows that come in.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from collate.answers.reading import answer_key
from collate.config.found import load
from collate.config.schema import PAIRING_RULES, SUPERVISED, PairsConfig
from collate.pairs.candidates import Candidate, Entry, Match, Rule, collapse
from collate.pairs.conditions import LIFTED
from collate.pairs.matching import named
from collate.pairs.reasons import MARKED, NO_RATIONALE, SEVERAL, TOO_LONG, TOO_LONG_OR_MARKED
from collate.tables import Dropped, Pair, Question, Rationale, Score, digest

RULES: dict[str, Rule] = {name: load("pairs", name) for name in PAIRING_RULES}


def make_pairs(
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    scores: Sequence[Score],
    *,
    agents: Sequence[str],
    parts: Mapping[str, Collection[str]] | None,
    answer_kind: str,
    config: PairsConfig,
) -> tuple[list[Pair], list[Dropped]]:
    """Pairs for every agent to be tuned, and a reason for every question that gave it none.

    Candidates are the rationales of all agents, also of those not in `agents`. `parts` gives the
    ids of the questions that an agent is tuned on (the paper's own-part rule); an agent without an
    entry, or `parts` of None, means all questions. A question outside an agent's part was not meant
    for it and gets neither a pair nor a dropped row. Both lists are ordered by agent as given, then
    by question id; the pairs of one question come best first.

    `answer_kind` is the task's, by which two spellings of one answer are told to be equal. A pair's
    margin is the difference of the two likelihoods (of the two scores under the rule `blended`), 0
    where none was taken or nothing is rejected. Raises ValueError for a rationale without a score.
    """
    pools = _pools(questions, rationales, scores, answer_kind)
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
                pairs.extend(_pair(question_id, agent, match, config) for match in outcome)
    return pairs, dropped


def _pools(
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    scores: Sequence[Score],
    answer_kind: str,
) -> dict[str, list[Entry]]:
    """The rationales of each question that was asked for, by rising question id."""
    score_of = {score.rationale_id: score for score in scores}
    missing = [one.id for one in rationales if one.id not in score_of]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(rationales)} rationales have no score: {missing[0]}"
        )
    options = {question.id: question.options for question in questions}
    pools: dict[str, list[Entry]] = {question_id: [] for question_id in sorted(options)}
    for one in rationales:
        if one.question_id in pools:
            score = score_of[one.id]
            answer = answer_key(answer_kind, score.stated, options[one.question_id])
            pools[one.question_id].append(Entry(one, score, answer))
    return pools


def _match(pool: Sequence[Entry], agent: str, config: PairsConfig) -> list[Match] | str:
    """What the rule says under the conditions, or the one reason why there is no pair.

    Where there would be none without any condition, the reason is the rule's own. Else it is the
    one condition that stood in the way by itself, or that several did so only together.
    """
    found = _outcome(pool, agent, config)
    if isinstance(found, list):
        return found

    def without(*reasons: str) -> list[Match] | str:
        lifted = {name: value for one in reasons for name, value in LIFTED[one].items()}
        return _outcome(pool, agent, replace(config, **lifted))

    unconditional = without(*LIFTED)
    if isinstance(unconditional, str):
        return unconditional
    for reason in LIFTED:
        if isinstance(without(reason), list):
            return reason
    return TOO_LONG_OR_MARKED if isinstance(without(TOO_LONG, MARKED), list) else SEVERAL


def _outcome(pool: Sequence[Entry], agent: str, config: PairsConfig) -> list[Match] | str:
    candidates: list[Candidate] = collapse(pool, agent, config)
    if not candidates or not (config.rule in SUPERVISED or any(one.written for one in candidates)):
        return NO_RATIONALE
    return RULES[config.rule](candidates, config)


def _pair(question_id: str, agent: str, match: Match, config: PairsConfig) -> Pair:
    chosen, rejected = named(match, config)
    rejected_id = None if rejected is None else rejected.id
    return Pair(
        id=digest("pair", agent, chosen.id, rejected_id),
        question_id=question_id,
        agent=agent,
        chosen_id=chosen.id,
        rejected_id=rejected_id,
        rule=config.rule,
        margin=0.0 if match[1] is None else match[0].margin_over(match[1]),
    )

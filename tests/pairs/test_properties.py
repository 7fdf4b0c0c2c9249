"""What holds of every pairing, on random pools."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from collate.config.schema import PairsConfig
from collate.pairs import make_pairs
from collate.pairs.reasons import MARKED, REASONS, TOO_LONG_OR_MARKED
from collate.tables import RIGHT, WRONG, Dropped, Pair, Question, Rationale, Score
from tests.pairs.pool import random_pool

AGENTS = ("agent-0", "agent-1", "agent-2")
Case = tuple[list[Question], list[Rationale], list[Score], PairsConfig]


def cases(rule: str, n: int = 60) -> Iterator[Case]:
    for seed in range(n):
        rng = random.Random(seed)
        likelihoods = rule == "likelihood" or seed % 2 == 0
        config = PairsConfig(
            rule=rule,
            per_question=rng.choice([1, 2, 3, 50]),
            min_margin=rng.choice([0.0, 0.0, 0.1, 0.3]),
            max_tokens=rng.choice([None, None, 4, 8]),
        )
        yield *random_pool(rng, questions=12, agents=AGENTS, likelihoods=likelihoods), config


def pair_up(case: Case, **changes: object) -> tuple[list[Pair], list[Dropped]]:
    questions, rationales, scores, config = case
    settings = {"agents": AGENTS, "parts": None, "answer_kind": "number", "config": config}
    return make_pairs(questions, rationales, scores, **settings | changes)


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_every_question_is_paired_or_dropped_once_for_every_agent(rule: str) -> None:
    reasons: Counter[str] = Counter()
    for case in cases(rule):
        pairs, dropped = pair_up(case)
        paired = {(pair.agent, pair.question_id) for pair in pairs}
        left_out = Counter((one.agent, one.question_id) for one in dropped)
        everything = {(agent, question.id) for agent in AGENTS for question in case[0]}
        assert paired | set(left_out) == everything
        assert not paired & set(left_out)
        assert max(left_out.values(), default=1) == 1
        reasons.update(one.reason for one in dropped)
    assert set(reasons) <= set(REASONS)
    assert len(reasons) >= 4  # the random pools reach most of the vocabulary


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_pairs_name_rationales_of_their_question_with_different_texts(rule: str) -> None:
    seen = 0
    for case in cases(rule):
        by_id = {rationale.id: rationale for rationale in case[1]}
        pairs, _ = pair_up(case)
        for pair in pairs:
            winner, loser = by_id[pair.chosen_id], by_id[pair.rejected_id]
            assert winner.question_id == loser.question_id == pair.question_id
            assert winner.text.strip() != loser.text.strip()
            assert winner.text.strip() and loser.text.strip()
        # A text that is chosen for a question is not rejected for it.
        chosen = {(p.agent, p.question_id, by_id[p.chosen_id].text.strip()) for p in pairs}
        rejected = {(p.agent, p.question_id, by_id[p.rejected_id].text.strip()) for p in pairs}
        assert not chosen & rejected
        assert len({pair.id for pair in pairs}) == len(pairs)
        seen += len(pairs)
    assert seen > 200


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_per_question_length_limit_and_margin_floor_are_kept(rule: str) -> None:
    for case in cases(rule):
        config = case[3]
        tokens = {rationale.id: len(rationale.token_ids) for rationale in case[1]}
        likelihood = {score.rationale_id: score.likelihood for score in case[2]}
        pairs, _ = pair_up(case)
        counts = Counter((pair.agent, pair.question_id) for pair in pairs)
        assert max(counts.values(), default=0) <= config.per_question
        for pair in pairs:
            if config.max_tokens is not None:
                assert max(tokens[pair.chosen_id], tokens[pair.rejected_id]) <= config.max_tokens
            chosen, rejected = likelihood[pair.chosen_id], likelihood[pair.rejected_id]
            if chosen is None or rejected is None:
                assert pair.margin == 0.0
            else:
                assert pair.margin == chosen - rejected
                assert config.min_margin == 0.0 or pair.margin >= config.min_margin


def test_correctness_prefers_right_over_wrong_and_nothing_else() -> None:
    for case in cases("correctness"):
        verdict = {score.rationale_id: score.verdict for score in case[2]}
        for pair in pair_up(case)[0]:
            assert (verdict[pair.chosen_id], verdict[pair.rejected_id]) == (RIGHT, WRONG)


def test_correctness_reuses_a_text_only_when_its_side_is_used_up() -> None:
    for questions, rationales, scores, config in cases("correctness"):
        if config.min_margin > 0 or config.max_tokens is not None:
            continue
        text = {rationale.id: rationale.text.strip() for rationale in rationales}
        sides: dict[tuple[str, str], set[str]] = {}
        for score in scores:
            if text[score.rationale_id]:
                key = (score.question_id, score.verdict)
                sides.setdefault(key, set()).add(text[score.rationale_id])
        pairs, _ = pair_up((questions, rationales, scores, config))
        for agent in AGENTS:
            for question in questions:
                mine = [p for p in pairs if (p.agent, p.question_id) == (agent, question.id)]
                for verdict, ids in (
                    (RIGHT, [p.chosen_id for p in mine]),
                    (WRONG, [p.rejected_id for p in mine]),
                ):
                    available = len(sides.get((question.id, verdict), ()))
                    assert len({text[i] for i in ids}) == min(len(mine), available)


def test_likelihood_chooses_only_what_lifts() -> None:
    for case in cases("likelihood"):
        lift = {score.rationale_id: score.lift for score in case[2]}
        for pair in pair_up(case)[0]:
            assert lift[pair.chosen_id] > 0
            assert pair.margin > 0


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_no_marked_text_is_chosen_unless_that_is_allowed(rule: str) -> None:
    reasons: Counter[str] = Counter()
    for seed, (questions, rationales, scores, config) in enumerate(cases(rule)):
        text = {rationale.id: rationale.text.strip() for rationale in rationales}
        marked = {f"text {n}" for n in random.Random(seed).sample(range(9), 5)}
        marked_scores = [
            replace(score, marks=("a mark",) if text[score.rationale_id] in marked else ())
            for score in scores
        ]
        case = (questions, rationales, marked_scores, config)
        pairs, dropped = pair_up(case)
        assert not {text[pair.chosen_id] for pair in pairs} & marked
        reasons.update(one.reason for one in dropped)
        allowed = replace(config, allow_marked=True)
        free, without = (
            pair_up(case, config=allowed),
            pair_up((questions, rationales, scores, config)),
        )
        assert free == without
        lost = {(p.agent, p.question_id) for p in free[0]} - {
            (p.agent, p.question_id) for p in pairs
        }
        assert {(d.agent, d.question_id) for d in dropped if d.reason == MARKED} == lost
    assert reasons[MARKED] > 10 and reasons[TOO_LONG_OR_MARKED] > 0


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_the_order_of_the_rows_does_not_matter(rule: str) -> None:
    for seed, case in enumerate(cases(rule, 20)):
        questions, rationales, scores = (list(rows) for rows in case[:3])
        for rows in (questions, rationales, scores):
            random.Random(seed + 1).shuffle(rows)
        assert pair_up((questions, rationales, scores, case[3])) == pair_up(case)


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_an_agent_is_tuned_on_its_own_part_with_everybodys_rationales(rule: str) -> None:
    across = 0
    for case in cases(rule, 20):
        ids = [question.id for question in case[0]]
        parts = {"agent-0": set(ids[0::2]), "agent-1": set(ids[1::2])}
        pairs, dropped = pair_up(case, agents=AGENTS[:2], parts=parts)
        for agent, part in parts.items():
            touched = {one.question_id for one in [*pairs, *dropped] if one.agent == agent}
            assert touched == part
        writer = {rationale.id: rationale.agent for rationale in case[1]}
        whole, _ = pair_up(case, agents=AGENTS[:2])
        assert [pair for pair in whole if pair.question_id in parts[pair.agent]] == pairs
        across += sum(writer[pair.chosen_id] != pair.agent for pair in pairs)
    assert across > 0

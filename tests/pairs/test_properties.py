"""What holds of the two main rules, on random pools of what agents wrote unaided."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from collate.config.schema import PairsConfig
from collate.pairs.conditions import FLAGGED, REASONS, TOO_LONG_OR_FLAGGED
from collate.pairs.preferences import make_preferences
from collate.tables import RIGHT, WRONG, Question, Rationale, Score
from tests.pairs.pool import Outcome, random_pool

AGENTS = ("agent-0", "agent-1", "agent-2")
Case = tuple[list[Question], list[Rationale], list[Score], PairsConfig]


def cases(rule: str, count: int = 60) -> Iterator[Case]:
    for seed in range(count):
        rng = random.Random(seed)
        likelihoods = rule == "likelihood" or seed % 2 == 0
        config = PairsConfig(
            rule=rule,
            per_question=rng.choice([1, 2, 3, 50]),
            min_margin=rng.choice([0.0, 0.0, 0.1, 0.3]),
            max_tokens=rng.choice([None, None, 4, 8]),
        )
        yield *random_pool(rng, questions=12, agents=AGENTS, likelihoods=likelihoods), config


def pair_up(case: Case, **changes: object) -> Outcome:
    questions, rationales, scores, config = case
    settings = {"agents": AGENTS, "parts": None, "config": config}
    return make_preferences(questions, rationales, scores, **settings | changes)


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_every_question_is_paired_or_dropped_once_for_every_agent(rule: str) -> None:
    reasons: Counter[str] = Counter()
    for case in cases(rule):
        pairs, dropped = pair_up(case)
        paired = {(pair.agent, pair.question_id) for pair in pairs}
        drop_counts = Counter((drop.agent, drop.question_id) for drop in dropped)
        everything = {(agent, question.id) for agent in AGENTS for question in case[0]}
        assert paired | set(drop_counts) == everything
        assert not paired & set(drop_counts)
        assert max(drop_counts.values(), default=1) == 1
        reasons.update(drop.reason for drop in dropped)
    assert set(reasons) <= set(REASONS)
    assert len(reasons) >= 4  # the random pools reach most of the vocabulary


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_pairs_name_rationales_of_their_question_with_different_texts(rule: str) -> None:
    pair_count = 0
    for case in cases(rule):
        rationale_of = {rationale.id: rationale for rationale in case[1]}
        pairs, _ = pair_up(case)
        chosen_texts, rejected_texts = set(), set()
        for pair in pairs:
            chosen, rejected = rationale_of[pair.chosen_id], rationale_of[pair.rejected_id]
            assert chosen.question_id == rejected.question_id == pair.question_id
            assert chosen.text.strip() != rejected.text.strip()
            assert chosen.text.strip() and rejected.text.strip()
            chosen_texts.add((pair.agent, pair.question_id, chosen.text.strip()))
            rejected_texts.add((pair.agent, pair.question_id, rejected.text.strip()))
        # A text that is chosen for a question is not rejected for it.
        assert not chosen_texts & rejected_texts
        assert len({pair.id for pair in pairs}) == len(pairs)
        pair_count += len(pairs)
    assert pair_count > 200


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_per_question_length_limit_and_margin_floor_are_respected(rule: str) -> None:
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
        texts_of_side: dict[tuple[str, str], set[str]] = {}
        for score in scores:
            if text[score.rationale_id]:
                side = texts_of_side.setdefault((score.question_id, score.verdict), set())
                side.add(text[score.rationale_id])
        pairs, _ = pair_up((questions, rationales, scores, config))
        used_texts: dict[tuple[str, str, str], list[str]] = {}
        for pair in pairs:
            key = (pair.agent, pair.question_id)
            used_texts.setdefault((*key, RIGHT), []).append(text[pair.chosen_id])
            used_texts.setdefault((*key, WRONG), []).append(text[pair.rejected_id])
        for (_, question_id, verdict), used in used_texts.items():
            available = len(texts_of_side[question_id, verdict])
            assert len(set(used)) == min(len(used), available)


def test_likelihood_chooses_only_what_lifts() -> None:
    for case in cases("likelihood"):
        lift = {score.rationale_id: score.lift for score in case[2]}
        for pair in pair_up(case)[0]:
            assert lift[pair.chosen_id] > 0
            assert pair.margin > 0


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_no_flagged_text_is_chosen_unless_that_is_allowed(rule: str) -> None:
    reasons: Counter[str] = Counter()
    for seed, (questions, rationales, scores, config) in enumerate(cases(rule)):
        text = {rationale.id: rationale.text.strip() for rationale in rationales}
        flagged_texts = {f"text {number}" for number in random.Random(seed).sample(range(9), 5)}
        flagged_scores = []
        for score in scores:
            is_flagged = text[score.rationale_id] in flagged_texts
            flagged_scores.append(replace(score, flags=("a flag",) if is_flagged else ()))
        case = (questions, rationales, flagged_scores, config)
        pairs, dropped = pair_up(case)
        assert not {text[pair.chosen_id] for pair in pairs} & flagged_texts
        reasons.update(drop.reason for drop in dropped)
        allowed = pair_up(case, config=replace(config, allow_flagged=True))
        assert allowed == pair_up((questions, rationales, scores, config))
        paired = {(pair.agent, pair.question_id) for pair in pairs}
        lost = {(pair.agent, pair.question_id) for pair in allowed[0]} - paired
        assert {
            (drop.agent, drop.question_id) for drop in dropped if drop.reason == FLAGGED
        } == lost
    assert reasons[FLAGGED] > 10 and reasons[TOO_LONG_OR_FLAGGED] > 0


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_the_order_of_the_rows_does_not_matter(rule: str) -> None:
    for seed, case in enumerate(cases(rule, 20)):
        questions, rationales, scores = (list(rows) for rows in case[:3])
        for rows in (questions, rationales, scores):
            random.Random(seed + 1).shuffle(rows)
        assert pair_up((questions, rationales, scores, case[3])) == pair_up(case)


@pytest.mark.parametrize("rule", ["correctness", "likelihood"])
def test_an_agent_is_tuned_on_its_part_with_everybodys_rationales(rule: str) -> None:
    chosen_from_others = 0
    for case in cases(rule, 20):
        question_ids = [question.id for question in case[0]]
        parts = {"agent-0": set(question_ids[0::2]), "agent-1": set(question_ids[1::2])}
        pairs, dropped = pair_up(case, agents=AGENTS[:2], parts=parts)
        for agent, part in parts.items():
            outcomes = [*pairs, *dropped]
            assert {each.question_id for each in outcomes if each.agent == agent} == part
        writer = {rationale.id: rationale.writer for rationale in case[1]}
        without_parts, _ = pair_up(case, agents=AGENTS[:2])
        assert [pair for pair in without_parts if pair.question_id in parts[pair.agent]] == pairs
        chosen_from_others += sum(writer[pair.chosen_id] != pair.agent for pair in pairs)
    assert chosen_from_others > 0

"""What holds of every rule under every mix of conditions, on random pools of every source."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import pytest

from collate.config.schema import SUPERVISED, PairsConfig
from collate.pairs import RULES, make_pairs
from collate.pairs.conditions import LIFTED, WRITTEN
from collate.pairs.reasons import REASONS, SEVERAL, TOO_LONG_OR_MARKED
from collate.tables import GOLD, HINT, RIGHT, WRONG, Dropped, Pair, Question, Rationale, Score
from tests.pairs.pool import mixed_pool

AGENTS = ("agent-0", "agent-1", "agent-2")
Case = tuple[list[Question], list[Rationale], list[Score], PairsConfig]
Outcome = tuple[list[Pair], list[Dropped]]


def settings(rng: random.Random, rule: str) -> PairsConfig:
    """Random conditions that may stand together, each off more often than on."""
    made: dict[str, object] = {
        "per_question": rng.choice([1, 2, 50]),
        "max_tokens": rng.choice([None, None, 6]),
        "allow_marked": rng.random() < 0.3,
        "winner": rng.choice(["any", "any", "own"]),
        "gold": rng.choice(["never", "unsolved", "always"]),
    }
    if rule not in SUPERVISED:
        made |= {
            "loser": rng.choice(["any", "any", "own"]),
            "across": rng.random() < 0.3,
            "length_ratio": rng.choice([None, None, 1.0, 2.0]),
            "min_margin": rng.choice([0.0, 0.0, 0.2]),
        }
    made |= {"order": rng.choice(["nearest", "margin"])} if rule == "correctness" else {}
    made |= {"gold": "always"} if rule in ("gold_only", "gold_over_own") else {}
    made |= {"gold": "never", "winner": "own"} if rule == "own_majority" else {}
    return PairsConfig(rule=rule, **made)


def cases(rule: str, n: int = 40) -> Iterator[Case]:
    for seed in range(n):
        rng = random.Random(seed)
        yield *mixed_pool(rng, questions=8, agents=AGENTS), settings(rng, rule)


def pair_up(case: Case, **changes: object) -> Outcome:
    config = replace(case[3], **changes)
    return make_pairs(
        *case[:3], agents=AGENTS, parts=None, answer_kind="number", config=config
    )  # fmt: skip


@cache
def outcomes(rule: str) -> list[tuple[Case, Outcome]]:
    return [(case, pair_up(case)) for case in cases(rule)]


class Pool:
    """The rows of a case by id, and what the texts of its questions are, read off anew."""

    def __init__(self, case: Case) -> None:
        self.score = {score.rationale_id: score for score in case[2]}
        self.rationale = {one.id: one for one in case[1]}
        self.of_question: dict[str, list[Rationale]] = defaultdict(list)
        for one in case[1]:
            self.of_question[one.question_id].append(one)

    def solved(self, question: str, agent: str, config: PairsConfig) -> bool:
        return any(
            one.source in WRITTEN
            and self.score[one.id].verdict == RIGHT
            and self.short_and_free(one, config)
            and (config.winner == "any" or one.agent == agent)
            for one in self.of_question[question]
        )

    def short_and_free(self, one: Rationale, config: PairsConfig) -> bool:
        free = config.allow_marked or not self.score[one.id].marks
        return free and (config.max_tokens is None or len(one.token_ids) <= config.max_tokens)

    def may_win(self, one: Rationale, agent: str, config: PairsConfig) -> bool:
        if not self.short_and_free(one, config):
            return False
        unsolved = not self.solved(one.question_id, agent, config)
        if one.source == GOLD:
            return config.gold == "always" or (config.gold == "unsolved" and unsolved)
        if one.source == HINT and not (unsolved and self.score[one.id].verdict == RIGHT):
            return False
        return config.winner == "any" or one.agent == agent

    def may_lose(self, one: Rationale, agent: str, config: PairsConfig) -> bool:
        return (
            one.source in WRITTEN
            and (config.max_tokens is None or len(one.token_ids) <= config.max_tokens)
            and (config.loser == "any" or one.agent == agent)
        )

    def may_meet(self, one: Rationale, other: Rationale, config: PairsConfig) -> bool:
        ratio = len(one.token_ids) / len(other.token_ids)
        return (
            one.text != other.text
            and (not config.across or one.agent != other.agent)
            and (config.length_ratio is None or max(ratio, 1 / ratio) <= config.length_ratio)
        )

    def margin(self, pair: Pair, config: PairsConfig) -> float:
        chosen, rejected = self.score[pair.chosen_id], self.score[pair.rejected_id]
        by_likelihood = chosen.likelihood - rejected.likelihood
        if config.rule != "blended":
            return by_likelihood
        by_verdict = (chosen.verdict == RIGHT) - (rejected.verdict == RIGHT)
        return config.blend * by_verdict + (1 - config.blend) * by_likelihood


@pytest.mark.parametrize("rule", RULES)
def test_every_question_is_paired_or_dropped_once_with_a_known_reason(rule: str) -> None:
    reasons: Counter[str] = Counter()
    for case, (pairs, dropped) in outcomes(rule):
        counts = Counter((pair.agent, pair.question_id) for pair in pairs)
        left_out = Counter((one.agent, one.question_id) for one in dropped)
        everything = {(agent, question.id) for agent in AGENTS for question in case[0]}
        assert set(counts) | set(left_out) == everything
        assert not set(counts) & set(left_out) and set(left_out.values()) <= {1}
        assert max(counts.values(), default=0) <= case[3].per_question
        assert len({pair.id for pair in pairs}) == len(pairs)
        reasons.update(one.reason for one in dropped)
    assert set(reasons) <= set(REASONS) and len(reasons) >= 3


@pytest.mark.parametrize("rule", RULES)
def test_every_pair_keeps_every_condition(rule: str) -> None:
    seen = 0
    for case, (pairs, _) in outcomes(rule):
        pool, config = Pool(case), case[3]
        for pair in pairs:
            chosen = pool.rationale[pair.chosen_id]
            assert chosen.question_id == pair.question_id
            assert pool.may_win(chosen, pair.agent, config)
            assert (pair.rejected_id is None) == (rule in SUPERVISED)
            if pair.rejected_id is None:
                assert pair.margin == 0.0
                continue
            rejected = pool.rationale[pair.rejected_id]
            assert rejected.question_id == pair.question_id
            assert pool.may_lose(rejected, pair.agent, config)
            assert pool.may_meet(chosen, rejected, config)
            assert pair.margin == pytest.approx(pool.margin(pair, config), abs=1e-12)
            assert config.min_margin == 0.0 or pair.margin >= config.min_margin
        seen += len(pairs)
    assert seen > 100


@pytest.mark.parametrize("rule", RULES)
def test_no_text_is_chosen_twice_without_need_nor_chosen_and_rejected(rule: str) -> None:
    for case, (pairs, _) in outcomes(rule):
        text = {one.id: one.text for one in case[1]}
        sides: dict[tuple[str, str], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for pair in pairs:
            chosen, rejected = sides[pair.agent, pair.question_id]
            chosen.append(text[pair.chosen_id])
            rejected += [] if pair.rejected_id is None else [text[pair.rejected_id]]
        for chosen, rejected in sides.values():
            assert not set(chosen) & set(rejected)
            if rule in SUPERVISED or rule in ("likelihood", "blended"):
                assert len(set(chosen)) == len(chosen) and len(set(rejected)) == len(rejected)


def winner_of(rule: str, pool: Pool, pair: Pair) -> bool:
    """Whether a pair's sides are what the rule says they are."""
    chosen = pool.score[pair.chosen_id]
    rejected = None if pair.rejected_id is None else pool.score[pair.rejected_id]
    everybody = pool.of_question[pair.question_id]
    if rule == "likelihood":
        return chosen.lift > 0 and pair.margin > 0
    if rule == "blended":
        return pair.margin > 0
    if rule in ("gold_only", "gold_over_own"):
        golds = {one.text for one in everybody if one.source == GOLD}
        own = rejected is None or any(
            one.agent == pair.agent and one.source in WRITTEN
            for one in everybody
            if one.text == pool.rationale[pair.rejected_id].text
        )
        return pool.rationale[pair.chosen_id].text in golds and own
    if rule == "own_majority":
        votes = Counter(
            float(pool.score[one.id].stated)
            for one in everybody
            if one.source in WRITTEN and pool.score[one.id].stated is not None
        )
        most = [answer for answer, n in votes.items() if n == max(votes.values())]
        return most == [float(chosen.stated)]
    loses = rejected is None or rejected.verdict == WRONG or rule == "longest_right"
    formless = rejected is None or rejected.verdict == WRONG or "no stated" in rejected.reason
    return chosen.verdict == RIGHT and loses and formless


@pytest.mark.parametrize("rule", RULES)
def test_both_sides_are_what_the_rule_says(rule: str) -> None:
    for case, (pairs, _) in outcomes(rule):
        pool = Pool(case)
        assert all(winner_of(rule, pool, pair) for pair in pairs)


@pytest.mark.parametrize("rule", RULES)
def test_the_order_of_the_rows_does_not_matter(rule: str) -> None:
    for seed, (case, outcome) in enumerate(outcomes(rule)[:15]):
        shuffled = [random.Random(seed).sample(rows, len(rows)) for rows in case[:3]]
        assert pair_up((*shuffled, case[3])) == outcome


@pytest.mark.parametrize("rule", RULES)
def test_a_reason_names_what_stood_in_the_way(rule: str) -> None:
    """Lifting that condition gives a pair; a reason of the rule's own holds without any."""
    nothing = {name: value for lifted in LIFTED.values() for name, value in lifted.items()}
    for case, (_, dropped) in outcomes(rule)[:20]:
        paired = {
            reason: {(pair.agent, pair.question_id) for pair in pair_up(case, **lifted)[0]}
            for reason, lifted in (LIFTED | {"": nothing}).items()
        }
        for one in dropped:
            place = (one.agent, one.question_id)
            if one.reason in LIFTED and place in paired[""]:
                assert place in paired[one.reason]
            elif one.reason in (SEVERAL, TOO_LONG_OR_MARKED):
                assert place in paired[""]
                assert not any(place in paired[reason] for reason in LIFTED)
            else:
                assert place not in paired[""]


def exists(pool: Pool, everybody: Sequence[Rationale], agent: str, config: PairsConfig) -> bool:
    """Whether any two rationales make a right-over-wrong pair, by trying all."""
    return any(
        pool.score[one.id].verdict == RIGHT
        and pool.score[other.id].verdict == WRONG
        and pool.may_win(one, agent, config)
        and pool.may_lose(other, agent, config)
        and pool.may_meet(one, other, config)
        and (
            config.min_margin == 0
            or pool.score[one.id].likelihood - pool.score[other.id].likelihood >= config.min_margin
        )
        for one in everybody
        for other in everybody
    )


def test_correctness_pairs_a_question_exactly_where_some_pair_keeps_the_conditions() -> None:
    found: Counter[bool] = Counter()
    for case, (pairs, _) in outcomes("correctness"):
        pool = Pool(case)
        paired = {(pair.agent, pair.question_id) for pair in pairs}
        for agent in AGENTS:
            for question in case[0]:
                there = exists(pool, pool.of_question[question.id], agent, case[3])
                assert ((agent, question.id) in paired) == there
                found[there] += 1
    assert min(found.values()) > 100

"""What holds of every rule under every mix of conditions, on random pools of every origin."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product

import pytest

from collate.answers.judging import NO_ANSWER
from collate.config.schema import SUPERVISED_RULES, PairsConfig
from collate.pairs.conditions import (
    REASONS,
    SETTINGS_WITHOUT,
    SEVERAL,
    TOO_LONG_OR_FLAGGED,
    UNAIDED,
)
from collate.pairs.preferences import RULES, make_preferences
from collate.tables import GOLD, HINT, RIGHT, WRONG, Preference, Question, Rationale, Score
from tests.pairs.pool import Outcome, mixed_pool

AGENTS = ("agent-0", "agent-1", "agent-2")
Case = tuple[list[Question], list[Rationale], list[Score], PairsConfig]


def random_settings(rng: random.Random, rule: str) -> PairsConfig:
    """Random conditions that may stand together, each off more often than on."""
    settings: dict[str, object] = {
        "per_question": rng.choice([1, 2, 50]),
        "max_tokens": rng.choice([None, None, 6]),
        "allow_flagged": rng.random() < 0.3,
        "chosen_from": rng.choice(["any", "any", "own"]),
        "gold": rng.choice(["never", "unsolved", "always"]),
    }
    if rule not in SUPERVISED_RULES:
        settings |= {
            "rejected_from": rng.choice(["any", "any", "own"]),
            "length_ratio": rng.choice([None, None, 1.0, 2.0]),
            "min_margin": rng.choice([0.0, 0.0, 0.2]),
        }
    if rule == "correctness":
        settings["order"] = rng.choice(["nearest", "margin"])
    if rule in ("gold_only", "gold_over_own"):
        settings["gold"] = "always"
    if rule == "own_majority":
        settings |= {"gold": "never", "chosen_from": "own"}
    return PairsConfig(rule=rule, **settings)


def cases(rule: str, count: int = 40) -> Iterator[Case]:
    for seed in range(count):
        rng = random.Random(seed)
        yield *mixed_pool(rng, questions=8, agents=AGENTS), random_settings(rng, rule)


def pair_up(case: Case, **changes: object) -> Outcome:
    config = replace(case[3], **changes)
    return make_preferences(*case[:3], agents=AGENTS, parts=None, config=config)


@cache
def outcomes(rule: str) -> list[tuple[Case, Outcome]]:
    return [(case, pair_up(case)) for case in cases(rule)]


class SlowConditions:
    """The rows of a case by id, and what the conditions allow of them, read off the rows anew."""

    def __init__(self, case: Case) -> None:
        self.config = case[3]
        self.score = {score.rationale_id: score for score in case[2]}
        self.rationale = {rationale.id: rationale for rationale in case[1]}
        self.of_question: dict[str, list[Rationale]] = defaultdict(list)
        for rationale in case[1]:
            self.of_question[rationale.question_id].append(rationale)

    def is_right(self, rationale: Rationale) -> bool:
        return self.score[rationale.id].verdict == RIGHT

    def is_short(self, rationale: Rationale) -> bool:
        limit = self.config.max_tokens
        return limit is None or len(rationale.token_ids) <= limit

    def is_short_and_unflagged(self, rationale: Rationale) -> bool:
        unflagged = self.config.allow_flagged or not self.score[rationale.id].flags
        return unflagged and self.is_short(rationale)

    def may_be_chosen_from(self, rationale: Rationale, agent: str) -> bool:
        return self.config.chosen_from == "any" or rationale.writer == agent

    def is_solved(self, question_id: str, agent: str) -> bool:
        return any(
            rationale.origin in UNAIDED
            and self.is_right(rationale)
            and self.is_short_and_unflagged(rationale)
            and self.may_be_chosen_from(rationale, agent)
            for rationale in self.of_question[question_id]
        )

    def can_be_chosen(self, rationale: Rationale, agent: str) -> bool:
        if not self.is_short_and_unflagged(rationale):
            return False
        unsolved = not self.is_solved(rationale.question_id, agent)
        if rationale.origin == GOLD:
            return self.config.gold == "always" or (self.config.gold == "unsolved" and unsolved)
        if rationale.origin == HINT and not (unsolved and self.is_right(rationale)):
            return False
        return self.may_be_chosen_from(rationale, agent)

    def can_be_rejected(self, rationale: Rationale, agent: str) -> bool:
        from_whom = self.config.rejected_from == "any" or rationale.writer == agent
        return rationale.origin in UNAIDED and self.is_short(rationale) and from_whom

    def can_be_paired(self, chosen: Rationale, rejected: Rationale) -> bool:
        ratio = len(chosen.token_ids) / len(rejected.token_ids)
        limit = self.config.length_ratio
        return chosen.text != rejected.text and (limit is None or max(ratio, 1 / ratio) <= limit)

    def margin(self, chosen_id: str, rejected_id: str) -> float:
        chosen, rejected = self.score[chosen_id], self.score[rejected_id]
        assert chosen.likelihood is not None and rejected.likelihood is not None
        by_likelihood = chosen.likelihood - rejected.likelihood
        if self.config.rule != "blended":
            return by_likelihood
        by_verdict = (chosen.verdict == RIGHT) - (rejected.verdict == RIGHT)
        return 0.5 * by_verdict + 0.5 * by_likelihood

    def has_right_over_wrong(self, question_id: str, agent: str) -> bool:
        """Whether any two rationales make a right-over-wrong pair, by trying all."""
        least = self.config.min_margin
        for chosen, rejected in product(self.of_question[question_id], repeat=2):
            if not self.is_right(chosen) or self.score[rejected.id].verdict != WRONG:
                continue
            if not self.can_be_chosen(chosen, agent) or not self.can_be_rejected(rejected, agent):
                continue
            far_apart = least == 0 or self.margin(chosen.id, rejected.id) >= least
            if far_apart and self.can_be_paired(chosen, rejected):
                return True
        return False


@pytest.mark.parametrize("rule", RULES)
def test_every_question_is_paired_or_dropped_once_with_a_known_reason(rule: str) -> None:
    reasons: Counter[str] = Counter()
    for case, (pairs, dropped) in outcomes(rule):
        pair_counts = Counter((pair.agent, pair.question_id) for pair in pairs)
        drop_counts = Counter((drop.agent, drop.question_id) for drop in dropped)
        everything = {(agent, question.id) for agent in AGENTS for question in case[0]}
        assert set(pair_counts) | set(drop_counts) == everything
        assert not set(pair_counts) & set(drop_counts) and set(drop_counts.values()) <= {1}
        assert max(pair_counts.values(), default=0) <= case[3].per_question
        assert len({pair.id for pair in pairs}) == len(pairs)
        reasons.update(drop.reason for drop in dropped)
    assert set(reasons) <= set(REASONS) and len(reasons) >= 3


@pytest.mark.parametrize("rule", RULES)
def test_every_pair_keeps_every_condition(rule: str) -> None:
    pair_count = 0
    for case, (pairs, _) in outcomes(rule):
        conditions, config = SlowConditions(case), case[3]
        for pair in pairs:
            chosen = conditions.rationale[pair.chosen_id]
            assert chosen.question_id == pair.question_id
            assert conditions.can_be_chosen(chosen, pair.agent)
            assert (pair.rejected_id is None) == (rule in SUPERVISED_RULES)
            if pair.rejected_id is None:
                assert pair.margin == 0.0
                continue
            rejected = conditions.rationale[pair.rejected_id]
            assert rejected.question_id == pair.question_id
            assert conditions.can_be_rejected(rejected, pair.agent)
            assert conditions.can_be_paired(chosen, rejected)
            margin = conditions.margin(chosen.id, rejected.id)
            assert pair.margin == pytest.approx(margin, abs=1e-12)
            assert config.min_margin == 0.0 or pair.margin >= config.min_margin
        pair_count += len(pairs)
    assert pair_count > 100


@pytest.mark.parametrize("rule", RULES)
def test_no_text_is_chosen_twice_without_need_nor_chosen_and_rejected(rule: str) -> None:
    for case, (pairs, _) in outcomes(rule):
        text = {rationale.id: rationale.text for rationale in case[1]}
        chosen_texts: dict[tuple[str, str], list[str]] = defaultdict(list)
        rejected_texts: dict[tuple[str, str], list[str]] = defaultdict(list)
        for pair in pairs:
            key = (pair.agent, pair.question_id)
            chosen_texts[key].append(text[pair.chosen_id])
            if pair.rejected_id is not None:
                rejected_texts[key].append(text[pair.rejected_id])
        for key, chosen in chosen_texts.items():
            rejected = rejected_texts[key]
            assert not set(chosen) & set(rejected)
            if rule in SUPERVISED_RULES or rule in ("likelihood", "blended"):
                assert len(set(chosen)) == len(chosen) and len(set(rejected)) == len(rejected)


def agrees_with_rule(rule: str, conditions: SlowConditions, pair: Preference) -> bool:
    """Whether a pair's two rationales are what the rule says they are."""
    chosen = conditions.score[pair.chosen_id]
    rejected = None if pair.rejected_id is None else conditions.score[pair.rejected_id]
    everybody = conditions.of_question[pair.question_id]
    if rule == "likelihood":
        return chosen.lift is not None and chosen.lift > 0 and pair.margin > 0
    if rule == "blended":
        return pair.margin > 0
    if rule in ("gold_only", "gold_over_own"):
        texts_of_gold = {each.text for each in everybody if each.origin == GOLD}
        texts_of_agent = {
            each.text for each in everybody if each.writer == pair.agent and each.origin in UNAIDED
        }
        chosen_gold = conditions.rationale[pair.chosen_id].text in texts_of_gold
        if pair.rejected_id is None:
            return chosen_gold
        return chosen_gold and conditions.rationale[pair.rejected_id].text in texts_of_agent
    if rule == "own_majority":
        votes: Counter[float] = Counter()
        for each in everybody:
            stated = conditions.score[each.id].stated
            if each.origin in UNAIDED and stated is not None:
                votes[float(stated)] += 1
        most_voted = [answer for answer, count in votes.items() if count == max(votes.values())]
        return chosen.stated is not None and most_voted == [float(chosen.stated)]
    if rejected is None or rejected.verdict == WRONG:
        return chosen.verdict == RIGHT
    misses_form = rejected.reason.startswith(NO_ANSWER)
    return chosen.verdict == RIGHT and rule == "longest_right" and misses_form


@pytest.mark.parametrize("rule", RULES)
def test_both_sides_are_what_the_rule_says(rule: str) -> None:
    for case, (pairs, _) in outcomes(rule):
        conditions = SlowConditions(case)
        assert all(agrees_with_rule(rule, conditions, pair) for pair in pairs)


@pytest.mark.parametrize("rule", RULES)
def test_the_order_of_the_rows_does_not_matter(rule: str) -> None:
    for seed, (case, outcome) in enumerate(outcomes(rule)[:15]):
        shuffled = [random.Random(seed).sample(rows, len(rows)) for rows in case[:3]]
        assert pair_up((*shuffled, case[3])) == outcome


@pytest.mark.parametrize("rule", RULES)
def test_a_reason_names_what_stood_in_the_way(rule: str) -> None:
    """Lifting that condition gives a pair; a reason of the rule's own holds without any."""
    no_condition: dict[str, object] = {}
    for lifted in SETTINGS_WITHOUT.values():
        no_condition |= lifted
    for case, (_, dropped) in outcomes(rule)[:20]:
        paired_without: dict[str, set[tuple[str, str]]] = {}
        for reason, lifted in (SETTINGS_WITHOUT | {"": no_condition}).items():
            pairs, _ = pair_up(case, **lifted)
            paired_without[reason] = {(pair.agent, pair.question_id) for pair in pairs}
        for drop in dropped:
            key = (drop.agent, drop.question_id)
            if drop.reason in SETTINGS_WITHOUT and key in paired_without[""]:
                assert key in paired_without[drop.reason]
            elif drop.reason in (SEVERAL, TOO_LONG_OR_FLAGGED):
                assert key in paired_without[""]
                assert not any(key in paired_without[reason] for reason in SETTINGS_WITHOUT)
            else:
                assert key not in paired_without[""]


def test_correctness_pairs_a_question_exactly_where_some_pair_keeps_the_conditions() -> None:
    counts: Counter[bool] = Counter()
    for case, (pairs, _) in outcomes("correctness"):
        conditions = SlowConditions(case)
        paired = {(pair.agent, pair.question_id) for pair in pairs}
        for agent, question in product(AGENTS, case[0]):
            expected = conditions.has_right_over_wrong(question.id, agent)
            assert ((agent, question.id) in paired) == expected
            counts[expected] += 1
    assert min(counts.values()) > 100

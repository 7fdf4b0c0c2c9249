"""Metrics of a round against a slow count over plain lists, and what they must refuse."""

import random
from dataclasses import replace
from itertools import combinations

import pytest

from collate.evaluation.metrics import best_agent, measure
from collate.tables import RIGHT, UNKNOWN, WRONG, Answer, Metric

AGENTS = ["agent-0", "agent-1", "agent-2"]
SPLITS = {"validation": 30, "test": 50}
Measured = dict[tuple[str, str, str], Metric]


def draw(rng: random.Random, agent: str, split: str, question: int, sample: int = 0) -> Answer:
    """An answer to a question whose gold answer is its number modulo 7."""
    gold = question % 7
    skill = 0 if agent == "base" else AGENTS.index(agent)
    found = rng.choice([None, gold + 1, gold + 2, *[gold] * (1 + skill)])
    stated = found if rng.random() < 0.8 else None

    def verdict(value: int | None) -> str:
        return UNKNOWN if value is None else RIGHT if value == gold else WRONG

    return Answer(
        question_id=f"{split}-{question:03d}",
        split=split,
        agent=agent,
        sample=sample,
        text="",
        tokens=rng.randrange(5, 60),
        finish_reason=rng.choice(["stop", "stop", "length"]),
        stated=None if stated is None else rng.choice([f"{stated}", f"{stated}.0"]),
        verdict=verdict(stated),
        found=None if found is None else str(found),
        found_verdict=verdict(found),
    )


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Answer]]:
    rng = random.Random(0)
    of = {
        agent: [draw(rng, agent, split, q) for split, n in SPLITS.items() for q in range(n)]
        for agent in [*AGENTS, "base"]
    }
    greedy = [answer for agent in AGENTS for answer in of[agent]]
    rng.shuffle(greedy)
    sampled = [
        draw(rng, agent, "test", q, n)
        for agent in [*AGENTS, "base"]
        for q in range(9)
        for n in range(6)
    ]
    rng.shuffle(sampled)
    return {"greedy": greedy, "base": of["base"], "sampled": sampled}


@pytest.fixture(scope="module")
def metrics(answers: dict[str, list[Answer]]) -> Measured:
    measured = measured_from(answers)
    assert len({(m.split, m.agent, m.name) for m in measured}) == len(measured)
    assert {m.round for m in measured} == {2}
    return {(m.split, m.agent, m.name): m for m in measured}


def measured_from(answers: dict[str, list[Answer]], **changes: object) -> list[Metric]:
    settings: dict[str, object] = {
        "base": answers["base"], "round": 2, "agents": AGENTS, "answer_kind": "number",
        "bootstrap": 500, "seed": 4, "sampled": answers["sampled"],
    }  # fmt: skip
    return measure(answers["greedy"], **(settings | changes))  # type: ignore[arg-type]


def value_of(text: str | None) -> float | None:
    return None if text is None else float(text)


def slow_vote(values: list[float | None]) -> float | None:
    cast = [value for value in values if value is not None]
    return max(cast, key=lambda value: (cast.count(value), -cast.index(value)), default=None)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("agent", [*AGENTS, "base"])
def test_rates_are_counts_over_the_split(
    answers: dict[str, list[Answer]],
    metrics: Measured,
    split: str,
    agent: str,
) -> None:
    own = [a for a in answers["base"] + answers["greedy"] if (a.agent, a.split) == (agent, split)]
    expected = {
        "accuracy": sum(a.verdict == "right" for a in own) / len(own),
        "accuracy_lenient": sum(a.found_verdict == "right" for a in own) / len(own),
        "stated_rate": sum(a.stated is not None for a in own) / len(own),
        "unknown_rate": sum(a.verdict == "unknown" for a in own) / len(own),
        "truncated_rate": sum(a.finish_reason == "length" for a in own) / len(own),
        "mean_tokens": sum(a.tokens for a in own) / len(own),
    }
    for name, value in expected.items():
        metric = metrics[split, agent, name]
        assert metric.value == pytest.approx(value)
        assert metric.n == SPLITS[split]
        assert metric.low is not None and metric.high is not None
        assert metric.low <= metric.value <= metric.high


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(
    ("name", "reading"), [("gain", "verdict"), ("gain_lenient", "found_verdict")]
)
def test_gains_are_paired_by_question(
    answers: dict[str, list[Answer]],
    metrics: Measured,
    split: str,
    name: str,
    reading: str,
) -> None:
    base = {a.question_id: getattr(a, reading) == "right" for a in answers["base"]}
    for agent in AGENTS:
        steps = [
            (getattr(a, reading) == "right") - base[a.question_id]
            for a in answers["greedy"]
            if (a.agent, a.split) == (agent, split)
        ]
        metric = metrics[split, agent, name]
        assert metric.value == pytest.approx(sum(steps) / len(steps))
        assert metric.low < metric.value < metric.high  # type: ignore[operator]
    assert (split, "base", name) not in metrics


@pytest.mark.parametrize("split", SPLITS)
def test_vote_oracle_and_disagreement(
    answers: dict[str, list[Answer]], metrics: Measured, split: str
) -> None:
    correct = {
        agent: sum(
            a.verdict == "right"
            for a in answers["greedy"]
            if (a.agent, a.split) == (agent, "validation")
        )
        for agent in AGENTS
    }
    assert len(set(correct.values())) == len(AGENTS), "the order of the agents must be clear"
    ranked = sorted(AGENTS, key=lambda agent: -correct[agent])
    votes, oracle, differ = [], [], []
    for question in range(SPLITS[split]):
        by = {a.agent: a for a in answers["greedy"] if a.question_id == f"{split}-{question:03d}"}
        values = [value_of(by[agent].stated) for agent in ranked]
        votes.append(slow_vote(values) == question % 7)
        oracle.append(any(by[agent].verdict == "right" for agent in AGENTS))
        differ.append(any(one != other for one, other in combinations(values, 2)))
    n = SPLITS[split]
    assert metrics[split, "vote", "accuracy"].value == pytest.approx(sum(votes) / n)
    assert metrics[split, "agents", "oracle"].value == pytest.approx(sum(oracle) / n)
    assert metrics[split, "agents", "disagreement"].value == pytest.approx(sum(differ) / n)


def test_sampled_answers_give_mean_pass_and_majority(
    answers: dict[str, list[Answer]], metrics: Measured
) -> None:
    for agent in [*AGENTS, "base"]:
        mean, pass_2, majority = [], [], []
        for question in range(9):
            own = sorted(
                (
                    a
                    for a in answers["sampled"]
                    if (a.agent, a.question_id) == (agent, f"test-{question:03d}")
                ),
                key=lambda a: a.sample,
            )
            right = [a.verdict == "right" for a in own]
            mean.append(sum(right) / 6)
            two = list(combinations(right, 2))
            pass_2.append(sum(any(pair) for pair in two) / len(two))
            majority.append(slow_vote([value_of(a.stated) for a in own]) == question % 7)
        assert metrics["test", agent, "mean@6"].value == pytest.approx(sum(mean) / 9)
        assert metrics["test", agent, "pass@1"].value == pytest.approx(sum(mean) / 9)
        assert metrics["test", agent, "pass@2"].value == pytest.approx(sum(pass_2) / 9)
        assert metrics["test", agent, "majority@6"].value == pytest.approx(sum(majority) / 9)
        assert ("test", agent, "pass@4") in metrics and ("test", agent, "pass@8") not in metrics


def test_the_order_of_the_rows_changes_nothing(answers: dict[str, list[Answer]]) -> None:
    shuffled = {key: random.Random(9).sample(rows, len(rows)) for key, rows in answers.items()}
    assert measured_from(shuffled) == measured_from(answers)


def test_a_split_is_measured_on_its_own_questions_only(answers: dict[str, list[Answer]]) -> None:
    alone = {key: [a for a in rows if a.split == "test"] for key, rows in answers.items()}
    together = {(m.agent, m.name): m for m in measured_from(answers) if m.split == "test"}
    for metric in measured_from(alone):
        if metric.agent not in ("vote", "best"):  # which validation has a say in
            assert together[metric.agent, metric.name] == metric


def test_uneven_answers_are_refused(answers: dict[str, list[Answer]]) -> None:
    missing = answers | {"greedy": answers["greedy"][1:]}
    with pytest.raises(ValueError, match="expected exactly one for each of the"):
        measured_from(missing)
    twice = answers | {"greedy": [*answers["greedy"], answers["greedy"][0]]}
    with pytest.raises(ValueError, match="expected exactly one"):
        measured_from(twice)
    with pytest.raises(ValueError, match="base has 51 greedy answers on test"):
        measured_from(answers | {"base": [*answers["base"], answers["base"][-1]]})
    with pytest.raises(ValueError, match=r"\[5, 6\] samples a question on test"):
        measured_from(answers, sampled=answers["sampled"][1:])


def test_votes_on_options_are_counted_by_option(answers: dict[str, list[Answer]]) -> None:
    """Two agents mean option B in different words; the third says A."""
    said = {"agent-0": ("A", WRONG), "agent-1": ("Rome", RIGHT), "agent-2": ("(b)", RIGHT)}
    (asked,) = (a for a in answers["base"] if a.question_id == "test-000")
    greedy = [
        replace(asked, agent=agent, stated=stated, verdict=verdict)
        for agent, (stated, verdict) in said.items()
    ]
    measured = {
        (m.agent, m.name): m.value
        for m in measured_from(
            answers | {"greedy": greedy, "base": [asked]},
            answer_kind="choice",
            options={"test-000": ["Paris", "Rome"]},
            sampled=[],
        )
    }
    assert measured["vote", "accuracy"] == 1.0


def test_the_best_agents_numbers_stand_on_held_out_questions(metrics: Measured) -> None:
    chosen = best_agent(list(metrics.values()))
    own = {
        name: m for (split, agent, name), m in metrics.items() if (split, agent) == ("test", chosen)
    }
    best = {name: m for (split, agent, name), m in metrics.items() if agent == "best"}
    assert {m.split for m in best.values()} == {"test"}
    assert set(best) <= set(own) and {"accuracy", "gain"} <= set(best)
    for name, m in best.items():
        assert m == replace(own[name], agent="best")


def test_chance_is_a_metric_where_it_is_known(answers: dict[str, list[Answer]]) -> None:
    rows = [m for m in measured_from(answers, chance=0.25) if m.agent == "chance"]
    assert [(m.split, m.name, m.value, m.low, m.n) for m in rows] == [
        (split, "accuracy", 0.25, None, n) for split, n in SPLITS.items()
    ]
    assert best_agent(measured_from(answers, chance=0.99)) in AGENTS


def test_votes_by_confidence_stand_where_every_answer_has_one(
    answers: dict[str, list[Answer]], metrics: Measured
) -> None:
    assert not {"weighted_vote", "routed"} & {agent for _, agent, _ in metrics}
    rng = random.Random(3)
    sure = [
        replace(a, confidence=None if a.stated is None else rng.random()) for a in answers["greedy"]
    ]
    found = {(m.split, m.agent, m.name): m for m in measured_from(answers | {"greedy": sure})}
    routed, weighted = [], []
    for question in range(SPLITS["test"]):
        own = [a for a in sure if a.question_id == f"test-{question:03d}"]
        stated = [a for a in own if a.stated is not None]
        surest = max(stated, key=lambda a: a.confidence or 0.0, default=None)
        routed.append(surest is not None and surest.verdict == RIGHT)
        weight: dict[float, float] = {}
        for a in stated:
            value = float(a.stated or 0)
            weight[value] = weight.get(value, 0.0) + (a.confidence or 0.0)
        weighted.append(bool(weight) and max(weight, key=weight.__getitem__) == question % 7)
    assert found["test", "routed", "accuracy"].value == pytest.approx(sum(routed) / 50)
    assert found["test", "weighted_vote", "accuracy"].value == pytest.approx(sum(weighted) / 50)
    assert ("validation", "routed", "gain") in found
    # One answer without a confidence, and there is nothing to weigh by on its split.
    at = next(n for n, a in enumerate(sure) if a.stated is not None and a.split == "test")
    sure[at] = replace(sure[at], confidence=None)
    left = {(m.split, m.agent) for m in measured_from(answers | {"greedy": sure})}
    assert ("validation", "routed") in left and ("test", "routed") not in left


def metric(agent: str, value: float, name: str = "accuracy", **other: object) -> Metric:
    plain = Metric(1, "validation", agent, name, value, None, None, 30)
    return replace(plain, **other)  # type: ignore[arg-type]


def test_best_agent_is_chosen_on_validation_in_the_latest_round() -> None:
    rows = [
        metric("a", 0.9, round=0),
        metric("a", 0.2), metric("b", 0.4), metric("vote", 0.8), metric("base", 0.7),
        metric("a", 0.99, split="test"), metric("b", 0.1, split="test"),
    ]  # fmt: skip
    assert best_agent(rows) == "b"


def test_best_agent_breaks_ties_by_lenient_accuracy_then_name() -> None:
    rows = [metric("b", 0.4), metric("a", 0.4), metric("c", 0.4)]
    assert best_agent(rows) == "a"
    lenient = [metric("c", 0.6, "accuracy_lenient"), metric("a", 0.5, "accuracy_lenient")]
    assert best_agent(rows + lenient) == "c"
    with pytest.raises(ValueError, match="validation"):
        best_agent([metric("a", 0.4, split="test")])

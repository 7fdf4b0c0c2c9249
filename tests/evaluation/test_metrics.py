"""Metrics of a round against a slow count over plain lists, and what they must refuse."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest

from collate.evaluation.metrics import measure
from collate.evaluation.validation import best_agent
from collate.tables import RIGHT, UNKNOWN, WRONG, Answer, Metric
from tests.answers.keys import key_of
from tests.evaluation.rows import make_answer

AGENTS = ["agent-0", "agent-1", "agent-2"]
SPLITS = {"validation": 30, "test": 50}
# By split, model and name.
MetricByKey = dict[tuple[str, str, str], Metric]


def gold_of(question_number: int) -> int:
    return question_number % 7


def random_answer(
    rng: random.Random, writer: str, split: str, question_number: int, sample: int = 0
) -> Answer:
    """An answer to a question; later agents are right more often."""
    gold = gold_of(question_number)
    skill = 0 if writer == "base" else AGENTS.index(writer)
    found = rng.choice([None, gold + 1, gold + 2, *[gold] * (1 + skill)])
    stated = found if rng.random() < 0.8 else None

    def verdict(value: int | None) -> str:
        return UNKNOWN if value is None else RIGHT if value == gold else WRONG

    return make_answer(
        None if stated is None else rng.choice([f"{stated}", f"{stated}.0"]),
        verdict(stated),
        writer=writer,
        question_id=f"{split}-{question_number:03d}",
        split=split,
        sample=sample,
        tokens=rng.randrange(5, 60),
        finish_reason=rng.choice(["stop", "stop", "length"]),
        found=None if found is None else str(found),
        found_key=None if found is None else str(found),
        found_verdict=verdict(found),
    )


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Answer]]:
    rng = random.Random(0)
    by_writer: dict[str, list[Answer]] = defaultdict(list)
    sampled = []
    for writer in [*AGENTS, "base"]:
        for split, count in SPLITS.items():
            for number in range(count):
                by_writer[writer].append(random_answer(rng, writer, split, number))
    greedy = [answer for agent in AGENTS for answer in by_writer[agent]]
    rng.shuffle(greedy)
    for writer in by_writer:
        for number in range(9):
            for sample in range(6):
                sampled.append(random_answer(rng, writer, "test", number, sample))
    rng.shuffle(sampled)
    return {"greedy": greedy, "base": by_writer["base"], "sampled": sampled}


@pytest.fixture(scope="module")
def metrics(answers: dict[str, list[Answer]]) -> MetricByKey:
    measured = measure_answers(answers)
    assert {metric.round for metric in measured} == {2}
    by_key = {(metric.split, metric.model, metric.name): metric for metric in measured}
    assert len(by_key) == len(measured)
    return by_key


def measure_answers(answers: dict[str, list[Answer]], **changes: object) -> list[Metric]:
    settings: dict[str, object] = {
        "base": answers["base"], "round": 2, "agents": AGENTS,
        "resamples": 500, "seed": 4, "sampled": answers["sampled"],
    }  # fmt: skip
    return measure(answers["greedy"], **(settings | changes))  # type: ignore[arg-type]


def answers_by(answers: Sequence[Answer], writer: str, split: str) -> list[Answer]:
    return [answer for answer in answers if (answer.writer, answer.split) == (writer, split)]


def value_of(text: str | None) -> float | None:
    return None if text is None else float(text)


def slow_vote(values: list[float | None]) -> float | None:
    votes = [value for value in values if value is not None]
    return max(votes, key=lambda value: (votes.count(value), -votes.index(value)), default=None)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("agent", [*AGENTS, "base"])
def test_rates_are_counts_over_the_split(
    answers: dict[str, list[Answer]],
    metrics: MetricByKey,
    split: str,
    agent: str,
) -> None:
    answers_Q = answers_by(answers["base"] + answers["greedy"], agent, split)
    expected_sums = {
        "accuracy": sum(answer.verdict == "right" for answer in answers_Q),
        "accuracy_lenient": sum(answer.found_verdict == "right" for answer in answers_Q),
        "stated_rate": sum(answer.stated is not None for answer in answers_Q),
        "unknown_rate": sum(answer.verdict == "unknown" for answer in answers_Q),
        "truncated_rate": sum(answer.finish_reason == "length" for answer in answers_Q),
        "mean_tokens": sum(answer.tokens for answer in answers_Q),
    }
    for name, expected_sum in expected_sums.items():
        metric = metrics[split, agent, name]
        assert metric.value == pytest.approx(expected_sum / len(answers_Q))
        assert metric.n == SPLITS[split]
        assert metric.low is not None and metric.high is not None
        assert metric.low <= metric.value <= metric.high


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(
    ("name", "reading"), [("gain", "verdict"), ("gain_lenient", "found_verdict")]
)
def test_gains_are_paired_by_question(
    answers: dict[str, list[Answer]],
    metrics: MetricByKey,
    split: str,
    name: str,
    reading: str,
) -> None:
    base_right = {
        answer.question_id: getattr(answer, reading) == "right" for answer in answers["base"]
    }
    for agent in AGENTS:
        gains_Q = [
            (getattr(answer, reading) == "right") - base_right[answer.question_id]
            for answer in answers_by(answers["greedy"], agent, split)
        ]
        metric = metrics[split, agent, name]
        assert metric.value == pytest.approx(sum(gains_Q) / len(gains_Q))
        assert metric.low < metric.value < metric.high  # type: ignore[operator]
    assert (split, "base", name) not in metrics


@pytest.mark.parametrize("split", SPLITS)
def test_vote_oracle_and_disagreement(
    answers: dict[str, list[Answer]], metrics: MetricByKey, split: str
) -> None:
    correct = {}
    for agent in AGENTS:
        on_validation = answers_by(answers["greedy"], agent, "validation")
        correct[agent] = sum(answer.verdict == "right" for answer in on_validation)
    assert len(set(correct.values())) == len(AGENTS), "the order of the agents must be clear"
    ranked = sorted(AGENTS, key=lambda agent: -correct[agent])
    votes = oracle = disagreements = 0
    for number in range(SPLITS[split]):
        question_id = f"{split}-{number:03d}"
        by_agent = {
            answer.writer: answer
            for answer in answers["greedy"]
            if answer.question_id == question_id
        }
        values = [value_of(by_agent[agent].stated) for agent in ranked]
        votes += slow_vote(values) == gold_of(number)
        oracle += any(by_agent[agent].verdict == "right" for agent in AGENTS)
        disagreements += any(first != second for first, second in combinations(values, 2))
    count = SPLITS[split]
    assert metrics[split, "vote", "accuracy"].value == pytest.approx(votes / count)
    assert metrics[split, "agents", "oracle"].value == pytest.approx(oracle / count)
    assert metrics[split, "agents", "disagreement"].value == pytest.approx(disagreements / count)


def test_sampled_answers_give_mean_pass_and_majority(
    answers: dict[str, list[Answer]], metrics: MetricByKey
) -> None:
    for writer in [*AGENTS, "base"]:
        means, passes, majorities = [], [], []
        for number in range(9):
            answers_N = [
                answer
                for answer in answers_by(answers["sampled"], writer, "test")
                if answer.question_id == f"test-{number:03d}"
            ]
            answers_N.sort(key=lambda answer: answer.sample)
            right_N = [answer.verdict == "right" for answer in answers_N]
            means.append(sum(right_N) / 6)
            draws_of_two = list(combinations(right_N, 2))
            passes.append(sum(any(draw) for draw in draws_of_two) / len(draws_of_two))
            vote = slow_vote([value_of(answer.stated) for answer in answers_N])
            majorities.append(vote == gold_of(number))
        assert metrics["test", writer, "mean@6"].value == pytest.approx(sum(means) / 9)
        assert metrics["test", writer, "pass@1"].value == pytest.approx(sum(means) / 9)
        assert metrics["test", writer, "pass@2"].value == pytest.approx(sum(passes) / 9)
        assert metrics["test", writer, "majority@6"].value == pytest.approx(sum(majorities) / 9)
        assert ("test", writer, "pass@4") in metrics and ("test", writer, "pass@8") not in metrics


def test_the_order_of_the_rows_changes_nothing(answers: dict[str, list[Answer]]) -> None:
    shuffled = {key: random.Random(9).sample(rows, len(rows)) for key, rows in answers.items()}
    assert measure_answers(shuffled) == measure_answers(answers)


def test_a_split_is_measured_on_its_own_questions_only(answers: dict[str, list[Answer]]) -> None:
    test_alone = {}
    for key, rows in answers.items():
        test_alone[key] = [answer for answer in rows if answer.split == "test"]
    with_validation = {
        (metric.model, metric.name): metric
        for metric in measure_answers(answers)
        if metric.split == "test"
    }
    for metric in measure_answers(test_alone):
        if metric.model not in ("vote", "best"):  # which validation has a say in
            assert with_validation[metric.model, metric.name] == metric


def test_uneven_answers_are_refused(answers: dict[str, list[Answer]]) -> None:
    one_missing = answers | {"greedy": answers["greedy"][1:]}
    with pytest.raises(ValueError, match="expected exactly one for each of the"):
        measure_answers(one_missing)
    one_twice = answers | {"greedy": [*answers["greedy"], answers["greedy"][0]]}
    with pytest.raises(ValueError, match="expected exactly one"):
        measure_answers(one_twice)
    with pytest.raises(ValueError, match="base has 51 greedy answers on test"):
        measure_answers(answers | {"base": [*answers["base"], answers["base"][-1]]})
    with pytest.raises(ValueError, match=r"\[5, 6\] samples a question on test"):
        measure_answers(answers, sampled=answers["sampled"][1:])


def test_votes_on_options_are_counted_by_option(answers: dict[str, list[Answer]]) -> None:
    """Two agents mean option B in different words; the third says A."""
    stated_by = {"agent-0": ("A", WRONG), "agent-1": ("Rome", RIGHT), "agent-2": ("(b)", RIGHT)}
    base = make_answer("A", writer="base")
    greedy = [
        replace(
            base,
            writer=agent,
            stated=stated,
            verdict=verdict,
            stated_key=key_of(stated, "choice", ("Paris", "Rome")),
        )
        for agent, (stated, verdict) in stated_by.items()
    ]
    measured = measure_answers(
        answers | {"greedy": greedy, "base": [base]},
        sampled=[],
    )
    accuracy = {metric.model: metric.value for metric in measured if metric.name == "accuracy"}
    assert accuracy["vote"] == 1.0


def test_the_best_agents_numbers_stand_on_held_out_questions(metrics: MetricByKey) -> None:
    chosen = best_agent(list(metrics.values()))
    numbers_of_best = [metric for (_, model, _), metric in metrics.items() if model == "best"]
    assert {metric.split for metric in numbers_of_best} == {"test"}
    assert {"accuracy", "gain"} <= {metric.name for metric in numbers_of_best}
    for metric in numbers_of_best:
        assert metric == replace(metrics["test", chosen, metric.name], model="best")


def test_chance_is_a_metric_where_it_is_known(answers: dict[str, list[Answer]]) -> None:
    measured = measure_answers(answers, chance=0.25)
    assert [metric for metric in measured if metric.model == "chance"] == [
        Metric(2, split, "chance", "accuracy", 0.25, None, None, count)
        for split, count in SPLITS.items()
    ]
    assert best_agent(measure_answers(answers, chance=0.99)) in AGENTS


def test_votes_by_confidence_stand_where_every_answer_has_one(
    answers: dict[str, list[Answer]], metrics: MetricByKey
) -> None:
    assert not {"weighted_vote", "routed"} & {model for _, model, _ in metrics}
    rng = random.Random(3)
    rated = []
    for answer in answers["greedy"]:
        confidence = None if answer.stated is None else rng.random()
        rated.append(replace(answer, confidence=confidence))
    by_key = {
        (metric.split, metric.model, metric.name): metric
        for metric in measure_answers(answers | {"greedy": rated})
    }
    right_when_routed = right_when_weighted = 0
    for number in range(SPLITS["test"]):
        stated = [
            answer
            for answer in rated
            if answer.question_id == f"test-{number:03d}" and answer.stated is not None
        ]
        if stated:
            most_confident = max(stated, key=lambda answer: answer.confidence or 0.0)
            right_when_routed += most_confident.verdict == RIGHT
            weights: dict[float, float] = defaultdict(float)
            for answer in stated:
                weights[float(answer.stated or 0)] += answer.confidence or 0.0
            right_when_weighted += max(weights, key=weights.__getitem__) == gold_of(number)
    assert by_key["test", "routed", "accuracy"].value == pytest.approx(right_when_routed / 50)
    weighted_accuracy = by_key["test", "weighted_vote", "accuracy"].value
    assert weighted_accuracy == pytest.approx(right_when_weighted / 50)
    assert ("validation", "routed", "gain") in by_key


def test_one_answer_without_a_confidence_leaves_its_split_without_votes_by_confidence(
    answers: dict[str, list[Answer]],
) -> None:
    rated = [replace(answer, confidence=0.5) for answer in answers["greedy"]]
    index = next(
        index
        for index, answer in enumerate(rated)
        if answer.stated is not None and answer.split == "test"
    )
    rated[index] = replace(rated[index], confidence=None)
    measured = measure_answers(answers | {"greedy": rated})
    models = {(metric.split, metric.model) for metric in measured}
    assert ("validation", "routed") in models and ("test", "routed") not in models

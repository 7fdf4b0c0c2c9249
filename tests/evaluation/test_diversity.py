"""Diversity of a round against slow counts over plain lists, block by block or at once."""

import math
import random
from collections.abc import Sequence
from itertools import combinations
from statistics import mean

import numpy as np
import pytest
from scipy import stats

from collate.evaluation.collapse import collapsed
from collate.evaluation.divergence import CrossLogprob, cross_likelihood
from collate.evaluation.diversity import Diversity, count_ngrams, differing, duplicate_share
from collate.tables import GOLD, HINT, PEER, Metric, Rationale, Score
from tests.evaluation.rows import Block, asked, random_block, written

AGENTS = ["ada", "bob", "cid"]
Measured = dict[tuple[str, str], Metric]


def measured(*blocks: Block, agents: Sequence[str] = AGENTS) -> Measured:
    diversity = Diversity(round=3, agents=agents, answer_kind="number")
    for block in blocks:
        diversity.add(*block)
    metrics = diversity.metrics()
    assert {(m.round, m.split) for m in metrics} <= {(3, "train")}
    return {(m.agent, m.name): m for m in metrics}


@pytest.fixture(scope="module")
def block() -> Block:
    return random_block(random.Random(1), [f"q{n}" for n in range(40)], AGENTS, 5)


def of(block: Block, question: str, agents: Sequence[str]) -> list[tuple[Rationale, Score]]:
    score = {s.rationale_id: s for s in block[2]}
    own = [r for r in block[1] if r.question_id == question and r.agent in agents]
    return [(r, score[r.id]) for r in sorted(own, key=lambda r: (r.agent, r.sample))]


def value_of(stated: str | None) -> float | None:
    return None if stated is None else float(stated)


@pytest.mark.parametrize("agent", [*AGENTS, "agents"])
def test_texts_and_answers_are_counted_by_question(block: Block, agent: str) -> None:
    found = measured(block)
    who = AGENTS if agent == "agents" else [agent]
    copies, answers = [], []
    distinct: dict[int, list[float]] = {1: [], 2: [], 3: []}
    for question in block[0]:
        own = of(block, question.id, who)
        texts = [r.text.strip() for r, _ in own]
        copies.append(mean(texts.count(text) > 1 for text in texts))
        stated = {value_of(s.stated) for _, s in own} - {None}
        answers += [len(stated)] if stated else []
        for n, shares in distinct.items():
            grams = [
                r.token_ids[at : at + n] for r, _ in own for at in range(len(r.token_ids) - n + 1)
            ]
            if grams:
                shares.append(len(set(grams)) / len(grams))
    assert found[agent, "duplicate_rate"].value == pytest.approx(mean(copies))
    assert found[agent, "distinct_answers"].value == pytest.approx(mean(answers))
    assert found[agent, "distinct_answers"].n == len(answers)
    for n, shares in distinct.items():
        assert found[agent, f"distinct_{n}"].value == pytest.approx(mean(shares))
    low, high = stats.t.interval(0.95, len(copies) - 1, mean(copies), stats.sem(copies))
    metric = found[agent, "duplicate_rate"]
    assert (metric.low, metric.high) == pytest.approx((low, high))


def test_disagreement_is_of_majorities(block: Block) -> None:
    differ = []
    for question in block[0]:
        votes = set()
        for agent in AGENTS:
            values = [value_of(s.stated) for _, s in of(block, question.id, [agent])]
            cast = [v for v in values if v is not None]
            votes.add(max(cast, key=lambda v: (cast.count(v), -cast.index(v)), default=None))
        differ.append(len(votes) > 1)
    metric = measured(block)["agents", "disagreement"]
    assert metric.value == pytest.approx(mean(differ))
    wilson = stats.binomtest(sum(differ), len(differ)).proportion_ci(0.95, method="wilson")
    assert (metric.low, metric.high) == pytest.approx((wilson.low, wilson.high))


def test_chance_that_two_samples_differ_is_over_all_pairs(block: Block) -> None:
    found = measured(block)
    within, between = [], []
    for question in block[0]:
        pairs = list(combinations(of(block, question.id, AGENTS), 2))
        for same_agent, shares in ((True, within), (False, between)):
            shares.append(
                mean(
                    value_of(a.stated) != value_of(b.stated)
                    for (one, a), (other, b) in pairs
                    if (one.agent == other.agent) == same_agent
                )
            )
    assert found["agents", "differ_within"].value == pytest.approx(mean(within))
    assert found["agents", "differ_between"].value == pytest.approx(mean(between))
    assert differing([["x"], ["y"]]) == (None, 1.0)
    assert differing([["x", "x", None]]) == (pytest.approx(2 / 3), None)


def test_oracles_compare_the_same_number_of_samples(block: Block) -> None:
    found = measured(block)
    for k in (1, 2, 4):
        alone: dict[str, list[float]] = {agent: [] for agent in AGENTS}
        for question in block[0]:
            for agent in AGENTS:
                right = [s.verdict == "right" for _, s in of(block, question.id, [agent])]
                alone[agent].append(mean(any(drawn) for drawn in combinations(right, k)))
        for agent in AGENTS:
            assert found[agent, f"oracle@{k}"].value == pytest.approx(mean(alone[agent]))
        everybody = found["agents", f"oracle@{k}"].value
        gain = everybody - mean(mean(values) for values in alone.values())
        if k == 1:
            assert gain == pytest.approx(0.0)
            assert ("agents", "oracle_gain@1") not in found
        else:
            assert found["agents", f"oracle_gain@{k}"].value == pytest.approx(gain)
    assert ("agents", "oracle@8") not in found


def test_agents_that_solve_different_questions_gain_what_one_never_can() -> None:
    rows = [
        written(asked(name), agent, sample, stated="7" if agent == solver else "8")
        for name, solver in (("q", "ada"), ("r", "bob"))
        for agent in ("ada", "bob")
        for sample in (0, 1)
    ]
    block = [asked("q"), asked("r")], [r for r, _ in rows], [s for _, s in rows]
    found = measured(block, agents=["ada", "bob"])
    assert found["ada", "oracle@2"].value == found["bob", "oracle@2"].value == 0.5
    assert found["agents", "oracle@2"].value == 1.0
    assert found["agents", "oracle_gain@2"].value == 0.5


def test_blocks_and_order_change_nothing(block: Block) -> None:
    questions, rationales, scores = block
    parts = []
    for own in (questions[:7], questions[7:9], questions[9:]):
        ids = {q.id for q in own}
        parts.append(
            (
                own,
                [r for r in reversed(rationales) if r.question_id in ids],
                [s for s in scores if s.question_id in ids],
            )
        )
    whole, pieces = measured(block), measured(*parts)
    assert list(whole) == list(pieces)
    for key, metric in whole.items():
        assert pieces[key].value == pytest.approx(metric.value, abs=1e-12)
        assert pieces[key].n == metric.n


def test_logprob_is_a_token_and_only_what_was_sampled_counts() -> None:
    question = asked("q")
    rows = [
        written(question, "ada", 0, tokens=[1, 2], logprob=-1.0),
        written(question, "ada", 1, tokens=[1, 2, 3, 4], logprob=-5.0),
    ]
    extra = [
        written(question, "gold", 2, source=GOLD, logprob=math.nan),
        written(question, "ada", 3, source=HINT, stated="5"),
        written(question, "ada", 4, source=PEER, stated="6"),
    ]

    def block(rows: list[tuple[Rationale, Score]]) -> Block:
        return [question], [r for r, _ in rows], [s for _, s in rows]

    found = measured(block(rows), agents=["ada"])
    assert found["ada", "logprob_per_token"].value == pytest.approx(-1.0)
    assert measured(block(rows + extra), agents=["ada"]) == found
    assert ("agents", "disagreement") not in found and ("agents", "differ_between") not in found
    assert measured() == {}


def test_strangers_are_refused() -> None:
    question = asked("q")
    rationale, score = written(question, "ada", 0)
    diversity = Diversity(round=1, agents=["bob"], answer_kind="number")
    with pytest.raises(ValueError, match="is of 'ada', not of"):
        diversity.add([question], [rationale], [score])
    for questions, scores in (([], [score]), ([question], [])):
        with pytest.raises(ValueError, match="question or score is not in the block"):
            diversity.add(questions, [rationale], scores)


def test_ngrams_do_not_reach_into_the_next_text() -> None:
    rows = [np.array([5, 6, 5, 6]), np.array([6]), np.array([], dtype=np.int64), np.array([2**31])]
    assert count_ngrams(rows, 1) == (3, 6)
    assert count_ngrams(rows, 2) == (2, 3)
    assert count_ngrams(rows, 3) == (2, 2)
    assert count_ngrams(rows, 7) == (0, 0)
    assert duplicate_share(["x", "x ", "y", "x"]) == 0.75


def test_distance_of_agents_with_known_distributions() -> None:
    """Two agents that write one token: the estimate tends to their Kullback-Leibler divergence."""
    p = {"ada": np.array([0.7, 0.2, 0.1]), "bob": np.array([0.2, 0.3, 0.5])}
    rng = np.random.default_rng(0)
    rows = [
        CrossLogprob(f"{writer}{n}", writer, reader, math.log(p[reader][token]))
        for writer in p
        for n, token in enumerate(rng.choice(3, size=4000, p=p[writer]))
        for reader in p
    ]
    found = {(m.agent, m.name): m for m in cross_likelihood(rows, agents=["ada", "bob"], round=1)}
    divergence = {
        (one, other): stats.entropy(p[one], p[other])
        for one, other in (("ada", "bob"), ("bob", "ada"))
    }
    for (one, other), exact in divergence.items():
        metric = found[one, "divergence"]
        assert metric.low < exact < metric.high  # type: ignore[operator]
        under = found[one, f"logprob_under:{other}"].value
        assert under == pytest.approx(float(p[one] @ np.log(p[other])), abs=0.05)
        assert found[one, f"logprob_under:{one}"].value - under == pytest.approx(metric.value)
    assert found["agents", "divergence"].value == pytest.approx(
        mean(found[one, "divergence"].value for one in p)
    )


def test_cross_likelihood_counts_what_both_read_and_refuses_the_rest() -> None:
    rows = [
        CrossLogprob("x", "ada", "ada", -1.0),
        CrossLogprob("x", "ada", "bob", -1.5),
        CrossLogprob("y", "ada", "ada", -9.0),
    ]
    found = {(m.agent, m.name): m for m in cross_likelihood(rows, agents=["ada", "bob"], round=1)}
    assert found["ada", "logprob_under:ada"].value == -5.0
    assert (found["ada", "divergence"].value, found["ada", "divergence"].n) == (0.5, 1)
    with pytest.raises(ValueError, match="not two of"):
        cross_likelihood(rows, agents=["ada"], round=1)
    with pytest.raises(ValueError, match="twice"):
        cross_likelihood([rows[0], rows[0]], agents=["ada"], round=1)


def together(**values: float) -> list[Metric]:
    right = {"oracle@1": values.pop("right", 0.3)}
    return [
        Metric(1, "train", "agents", name, value, None, None, 50)
        for name, value in {**values, **right}.items()
    ]


@pytest.mark.parametrize(
    ("values", "warns"),
    [
        ({"duplicate_rate": 0.95, "distinct_answers": 2.0, "disagreement": 0.02}, True),
        ({"duplicate_rate": 0.3, "distinct_answers": 1.05, "disagreement": 0.02}, True),
        ({"duplicate_rate": 0.95, "distinct_answers": 1.05}, True),  # one agent
        ({"duplicate_rate": 0.95, "distinct_answers": 2.0, "disagreement": 0.2}, False),
        ({"duplicate_rate": 0.5, "distinct_answers": 2.0, "disagreement": 0.02}, False),
        ({"duplicate_rate": 1.0, "distinct_answers": 1.0, "right": 0.97}, False),
    ],
)  # fmt: skip
def test_repetition_is_alarming_where_agents_agree_and_are_not_right(
    values: dict[str, float], warns: bool
) -> None:
    said = collapsed({1: together(**values)})
    assert (said is not None) == warns
    if said:
        assert "collapsed in round 1" in said


def test_a_loss_of_variety_is_alarming_unless_success_explains_it() -> None:
    before = together(duplicate_rate=0.1, distinct_answers=5.0, disagreement=0.6, right=0.2)
    narrow = together(duplicate_rate=0.5, distinct_answers=1.5, disagreement=0.3, right=0.3)
    better = together(duplicate_rate=0.5, distinct_answers=1.5, disagreement=0.3, right=0.85)
    said = collapsed({1: before, 2: before, 4: narrow})
    assert said is not None and "from round 1 to round 4: 5.00" in said and "1.50" in said
    assert collapsed({1: before, 4: better}) is None
    assert collapsed({4: narrow}) is None
    assert collapsed({}) is None and collapsed({1: []}) is None

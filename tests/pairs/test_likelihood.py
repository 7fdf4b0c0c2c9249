"""The paper's rule (equations 7 and 9) on a pool worked by hand."""

from functools import partial

import pytest

from collate.errors import InputError
from collate.tables import RIGHT, WRONG, Dropped
from tests.pairs import pool as pools
from tests.pairs.pool import Row, row

pair_up = partial(pools.pair_up, rule="likelihood")


def pool(baseline: float, *likelihoods: float, agents: str = "aabbaabb") -> list[Row]:
    return [
        row("q", agent, i, RIGHT if i % 2 else WRONG, value, baseline=baseline)
        for i, (agent, value) in enumerate(zip(agents, likelihoods, strict=False))
    ]


def test_worked_example_of_equations_7_and_9() -> None:
    # Five rationales, gold answer at 0.30 without any. Highest 0.80 (number 3), lowest 0.05
    # (number 1); then 0.40 over 0.10; the fifth, 0.20, stays alone in the middle.
    rows = pool(0.30, 0.40, 0.05, 0.10, 0.80, 0.20)
    (best,), dropped = pair_up(rows)
    assert (best.chosen_id, best.rejected_id, best.rule) == ("q/b/3", "q/a/1", "likelihood")
    assert best.margin == pytest.approx(0.75)
    assert dropped == []
    pairs, _ = pair_up(rows, per_question=9)
    assert [(pair.chosen_id, pair.rejected_id) for pair in pairs] == [
        ("q/b/3", "q/a/1"),
        ("q/a/0", "q/b/2"),
    ]


def test_the_filter_ends_the_pairs_of_a_question() -> None:
    # With a baseline of 0.50 the second pair's chosen one, at 0.40, does not lift any more.
    rows = pool(0.50, 0.40, 0.05, 0.10, 0.80)
    assert len(pair_up(rows, per_question=9)[0]) == 1
    # With 0.80 not even the best one exceeds the baseline, which equation 9 asks for.
    rows = pool(0.80, 0.40, 0.05, 0.10, 0.80)
    assert pair_up(rows) == ([], [Dropped("q", "a", "no lift over the baseline")])


def test_the_verdict_plays_no_part() -> None:
    (pair,), _ = pair_up([row("q", "a", 0, WRONG, 0.9), row("q", "a", 1, RIGHT, 0.1)])
    assert (pair.chosen_id, pair.rejected_id) == ("q/a/0", "q/a/1")


def test_negative_log_likelihoods_are_ordered_alike() -> None:
    (pair,), _ = pair_up(pool(-3.0, -2.0, -9.0, -5.0))
    assert (pair.chosen_id, pair.rejected_id) == ("q/a/0", "q/a/1")
    assert pair.margin == pytest.approx(7.0)


def test_among_ties_for_the_lowest_the_agents_own_is_rejected() -> None:
    rows = [
        row("q", "0", 0, WRONG, 0.1),
        row("q", "a", 0, WRONG, 0.1),
        row("q", "b", 0, RIGHT, 0.9),
    ]
    assert pair_up(rows)[0][0].rejected_id == "q/a/0"


def test_equal_likelihoods_and_small_margins_make_no_pair() -> None:
    below = ([], [Dropped("q", "a", "margin below the floor")])
    assert pair_up(pool(0.1, 0.5, 0.5, 0.5)) == below
    assert pair_up(pool(0.1, 0.5, 0.4), min_margin=0.2) == below


def test_one_distinct_text_makes_no_pair() -> None:
    rows = [row("q", agent, 0, RIGHT, 0.9, text="the same") for agent in "ab"]
    assert pair_up(rows) == ([], [Dropped("q", "a", "all rationales equal")])


def test_a_missing_likelihood_is_refused_with_the_setting_that_gives_it() -> None:
    with pytest.raises(InputError, match=r"scoring\.likelihood=true"):
        pair_up([row("q", "a", 0, RIGHT), row("q", "a", 1, WRONG)])


def test_a_marked_rationale_does_not_win_but_may_lose() -> None:
    marked = [row("q", "a", n, RIGHT, value, marks=("a mark",)) for n, value in ((0, 0.9), (1, 0))]
    plain = [row("q", "b", n, RIGHT, value) for n, value in ((0, 0.5), (1, 0.3))]
    pairs, _ = pair_up([*marked, *plain], per_question=9)
    assert [(pair.chosen_id, pair.rejected_id) for pair in pairs] == [("q/b/0", "q/a/1")]
    assert pair_up(marked) == ([], [Dropped("q", "a", "winners marked")])
    assert len(pair_up(marked, allow_marked=True)[0]) == 1

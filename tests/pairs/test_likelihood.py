"""The paper's rule (equations 7 and 9) on a pool worked by hand."""

from functools import partial

import pytest

from collate.errors import InputError
from collate.pairs.conditions import ALL_EQUAL, FLAGGED, MARGIN, NO_LIFT
from collate.tables import RIGHT, WRONG
from tests.pairs import pool as pools
from tests.pairs.pool import Row, dropped, ids, row

pair_up = partial(pools.pair_up, rule="likelihood")


def rows_with(baseline: float, *likelihoods: float) -> list[Row]:
    """Rationales by a, a, b, b, a, ... with these likelihoods, every second one right."""
    rows = []
    for sample, (writer, likelihood) in enumerate(zip("aabbaabb", likelihoods, strict=False)):
        verdict = RIGHT if sample % 2 else WRONG
        rows.append(row("q", writer, sample, verdict, likelihood, baseline=baseline))
    return rows


def test_worked_example_of_equations_7_and_9() -> None:
    # Five rationales, gold answer at 0.30 without any. Highest 0.80 (number 3), lowest 0.05
    # (number 1); then 0.40 over 0.10; the fifth, 0.20, stays alone in the middle.
    rows = rows_with(0.30, 0.40, 0.05, 0.10, 0.80, 0.20)
    (best,), dropped_rows = pair_up(rows)
    assert (best.chosen_id, best.rejected_id, best.rule) == ("q/b/3", "q/a/1", "likelihood")
    assert best.margin == pytest.approx(0.75)
    assert dropped_rows == []
    pairs, _ = pair_up(rows, per_question=9)
    assert ids(pairs) == [
        ("q/b/3", "q/a/1"),
        ("q/a/0", "q/b/2"),
    ]


def test_the_filter_ends_the_pairs_of_a_question() -> None:
    # With a baseline of 0.50 the second pair's chosen one, at 0.40, does not lift any more.
    rows = rows_with(0.50, 0.40, 0.05, 0.10, 0.80)
    assert len(pair_up(rows, per_question=9)[0]) == 1
    # With 0.80 not even the best one exceeds the baseline, which equation 9 asks for.
    rows = rows_with(0.80, 0.40, 0.05, 0.10, 0.80)
    assert pair_up(rows) == dropped(NO_LIFT)


def test_the_verdict_plays_no_part() -> None:
    (pair,), _ = pair_up([row("q", "a", 0, WRONG, 0.9), row("q", "a", 1, RIGHT, 0.1)])
    assert ids([pair]) == [("q/a/0", "q/a/1")]


def test_negative_log_likelihoods_are_ordered_alike() -> None:
    (pair,), _ = pair_up(rows_with(-3.0, -2.0, -9.0, -5.0))
    assert ids([pair]) == [("q/a/0", "q/a/1")]
    assert pair.margin == pytest.approx(7.0)


def test_among_ties_for_the_lowest_the_agents_own_is_rejected() -> None:
    rows = [
        row("q", "0", 0, WRONG, 0.1),
        row("q", "a", 0, WRONG, 0.1),
        row("q", "b", 0, RIGHT, 0.9),
    ]
    assert pair_up(rows)[0][0].rejected_id == "q/a/0"


def test_among_equal_margins_the_likelier_one_is_chosen_first() -> None:
    # By their lengths, 0.5 can only be over 0.25, and 0.75 only over 0.5: equally far apart.
    rows = [
        row("q", "a", 0, RIGHT, 0.5, text="x", tokens=1),
        row("q", "a", 1, RIGHT, 0.25, tokens=1),
        row("q", "a", 2, RIGHT, 0.75, tokens=9),
        row("q", "a", 3, RIGHT, 0.5, text="y", tokens=9),
    ]
    pairs, _ = pair_up(rows, length_ratio=2, per_question=9)
    assert ids(pairs) == [("q/a/2", "q/a/3"), ("q/a/0", "q/a/1")]


def test_equal_likelihoods_and_small_margins_make_no_pair() -> None:
    assert pair_up(rows_with(0.1, 0.5, 0.5, 0.5)) == dropped(MARGIN)
    assert pair_up(rows_with(0.1, 0.5, 0.4), min_margin=0.2) == dropped(MARGIN)


def test_one_distinct_text_makes_no_pair() -> None:
    rows = [row("q", agent, 0, RIGHT, 0.9, text="the same") for agent in "ab"]
    assert pair_up(rows) == dropped(ALL_EQUAL)


def test_a_missing_likelihood_is_refused_with_the_setting_that_gives_it() -> None:
    with pytest.raises(InputError, match=r"scoring\.likelihood=true"):
        pair_up([row("q", "a", 0, RIGHT), row("q", "a", 1, WRONG)])


def test_a_flagged_rationale_is_not_chosen_but_can_be_rejected() -> None:
    flagged = [
        row("q", "a", 0, RIGHT, 0.9, flags=("a flag",)),
        row("q", "a", 1, RIGHT, 0, flags=("a flag",)),
    ]
    plain = [row("q", "b", 0, RIGHT, 0.5), row("q", "b", 1, RIGHT, 0.3)]
    pairs, _ = pair_up([*flagged, *plain], per_question=9)
    assert ids(pairs) == [("q/b/0", "q/a/1")]
    assert pair_up(flagged) == dropped(FLAGGED)
    assert len(pair_up(flagged, allow_flagged=True)[0]) == 1

"""The correctness rule on pools made by hand."""

import pytest

from collate.config.schema import PairsConfig
from collate.pairs.conditions import (
    ALL_RIGHT,
    ALL_WRONG,
    FLAGGED,
    MARGIN,
    NO_RATIONALE,
    NONE_RIGHT,
    NONE_WRONG,
    TOO_LONG,
    TOO_LONG_OR_FLAGGED,
)
from collate.pairs.preferences import make_preferences
from collate.tables import CHOSEN, REJECTED, RIGHT, UNKNOWN, WRONG, digest
from tests.pairs.pool import dropped, ids, pair_up, question, row


def test_the_best_right_is_paired_with_the_nearest_wrong() -> None:
    rows = [
        row("q", "b", 0, RIGHT, 0.6),
        row("q", "b", 1, RIGHT, 0.9),
        row("q", "b", 2, WRONG, 0.1),
        row("q", "b", 3, WRONG, 0.7),
        row("q", "b", 4, UNKNOWN, 0.85),
    ]
    pairs, dropped_rows = pair_up(rows, per_question=2)
    assert ids(pairs) == [("q/b/1", "q/b/3"), ("q/b/0", "q/b/2")]
    assert [pair.margin for pair in pairs] == pytest.approx([0.2, 0.5])
    assert {(pair.agent, pair.rule) for pair in pairs} == {("a", "correctness")}
    assert dropped_rows == []


def test_an_agents_own_wrong_rationale_comes_before_a_nearer_one() -> None:
    rows = [
        row("q", "a", 0, WRONG, 0.1),
        row("q", "b", 0, RIGHT, 0.9),
        row("q", "b", 1, WRONG, 0.8),
    ]
    assert ids(pair_up(rows, agent="a")[0]) == [("q/b/0", "q/a/0")]
    assert ids(pair_up(rows, agent="b")[0]) == [("q/b/0", "q/b/1")]


def test_a_single_right_rationale_is_paired_with_several_wrong_ones() -> None:
    rows = [row("q", "b", 0, RIGHT, 0.5), *(row("q", "a", i, WRONG, i / 10) for i in range(3))]
    pairs, _ = pair_up(rows, per_question=5)
    assert ids(pairs) == [("q/b/0", "q/a/2"), ("q/b/0", "q/a/1"), ("q/b/0", "q/a/0")]


def test_a_right_rationale_is_chosen_though_it_is_less_likely_unless_a_margin_is_set() -> None:
    rows = [row("q", "a", 0, RIGHT, 0.2), row("q", "a", 1, WRONG, 0.6)]
    (pair,), _ = pair_up(rows)
    assert pair.margin == pytest.approx(-0.4)
    assert pair_up(rows, min_margin=0.1) == dropped(MARGIN)


def test_the_least_margin_looks_past_pairs_that_are_too_near() -> None:
    rows = [
        row("q", "a", 0, RIGHT, 0.6),
        row("q", "a", 1, WRONG, 0.55),
        row("q", "a", 2, WRONG, 0.3),
    ]
    assert ids(pair_up(rows, per_question=3, min_margin=0.2)[0]) == [("q/a/0", "q/a/2")]


def test_without_likelihoods_a_least_margin_asks_nothing_and_margins_are_zero() -> None:
    rows = [row("q", "a", 0, RIGHT), row("q", "b", 0, WRONG)]
    (pair,), _ = pair_up(rows, min_margin=0.5)
    assert (pair.chosen_id, pair.rejected_id, pair.margin) == ("q/a/0", "q/b/0", 0.0)


def test_a_shared_text_is_the_others_when_chosen_and_the_agents_own_when_rejected() -> None:
    rows = [
        row("q", "a", 0, RIGHT, 0.9, text="good"),
        row("q", "b", 0, RIGHT, 0.9, text="good\n"),
        row("q", "a", 1, WRONG, 0.4, text="bad"),
        row("q", "b", 1, WRONG, 0.4, text="bad"),
    ]
    assert ids(pair_up(rows, agent="a", per_question=4)[0]) == [("q/b/0", "q/a/1")]
    assert ids(pair_up(rows, agent="b", per_question=4)[0]) == [("q/a/0", "q/b/1")]


def test_a_text_that_was_judged_only_once_keeps_that_verdict() -> None:
    rows = [
        row("q", "a", 0, UNKNOWN, 0.9, text="good"),
        row("q", "b", 0, RIGHT, 0.9, text="good"),
        row("q", "a", 1, WRONG, 0.4),
    ]
    assert ids(pair_up(rows)[0]) == [("q/b/0", "q/a/1")]


def test_the_same_pool_gives_other_agents_other_ids() -> None:
    rows = [row("q", "a", 0, RIGHT, 0.9), row("q", "a", 1, WRONG, 0.4)]
    (first,), (second,) = pair_up(rows, agent="a")[0], pair_up(rows, agent="b")[0]
    assert first.roles == second.roles == {CHOSEN: "q/a/0", REJECTED: "q/a/1"}
    assert first.id == digest("pair", "a", "q/a/0", "q/a/1")
    assert second.id == digest("pair", "b", "q/a/0", "q/a/1")


@pytest.mark.parametrize(
    ("verdicts", "reason"),
    [
        ([], NO_RATIONALE),
        ([RIGHT, RIGHT], ALL_RIGHT),
        ([WRONG, WRONG], ALL_WRONG),
        ([WRONG], ALL_WRONG),
        ([WRONG, UNKNOWN], NONE_RIGHT),
        ([UNKNOWN], NONE_RIGHT),
        ([RIGHT, UNKNOWN], NONE_WRONG),
    ],
)
def test_the_reason_for_no_pair(verdicts: list[str], reason: str) -> None:
    rows = [row("q", "a", i, verdict, 0.5) for i, verdict in enumerate(verdicts)]
    assert pair_up(rows) == dropped(reason)


def test_blank_texts_are_no_rationales() -> None:
    rows = [row("q", "a", 0, UNKNOWN, 0.5, text=" \n"), row("q", "b", 0, WRONG, 0.5, text="")]
    assert pair_up(rows) == dropped(NO_RATIONALE)


def test_too_long_is_the_reason_only_where_the_limit_stands_in_the_way() -> None:
    right, wrong = row("q", "a", 0, RIGHT, 0.5), row("q", "a", 1, WRONG, 0.5, tokens=9)
    assert pair_up([right, wrong], max_tokens=8) == dropped(TOO_LONG)
    assert len(pair_up([right, wrong], max_tokens=9)[0]) == 1
    also_wrong = row("q", "a", 2, WRONG, 0.5)
    assert pair_up([wrong, also_wrong], max_tokens=8) == dropped(ALL_WRONG)


def test_a_rationale_without_a_score_is_refused() -> None:
    rationale, _ = row("q", "a", 0, RIGHT)
    with pytest.raises(ValueError, match="1 of 1 rationales have no score: q/a/0"):
        make_preferences(
            [question("q")], [rationale], [], agents=["a"], parts=None,
            config=PairsConfig(),
        )  # fmt: skip


def test_a_flagged_rationale_is_not_chosen_but_can_be_rejected() -> None:
    flagged = row("q", "a", 0, RIGHT, 0.9, flags=("only the answer",))
    plain, wrong = row("q", "b", 0, RIGHT, 0.5), row("q", "a", 1, WRONG, 0.1, flags=("a flag",))
    assert ids(pair_up([flagged, plain, wrong], per_question=9)[0]) == [("q/b/0", "q/a/1")]
    assert pair_up([flagged, wrong]) == dropped(FLAGGED)
    assert ids(pair_up([flagged, wrong], allow_flagged=True)[0]) == [("q/a/0", "q/a/1")]


def test_flags_are_the_reason_only_where_they_stand_in_the_way() -> None:
    flagged = row("q", "a", 0, RIGHT, 0.9, flags=("only the answer",))
    assert pair_up([flagged]) == dropped(ALL_RIGHT)
    long = row("q", "a", 1, WRONG, 0.5, tokens=9)
    assert pair_up([flagged, long], max_tokens=8) == dropped(TOO_LONG_OR_FLAGGED)
    plain = row("q", "b", 0, RIGHT, 0.9)
    assert pair_up([flagged, plain, long], max_tokens=8) == dropped(TOO_LONG)
    short = row("q", "a", 2, WRONG, 0.5)
    assert pair_up([flagged, long, short], max_tokens=8) == dropped(FLAGGED)

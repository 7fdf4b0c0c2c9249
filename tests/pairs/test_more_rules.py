"""The other pairing rules on pools made by hand."""

import pytest

from collate.answers.judging import NO_ANSWER
from collate.errors import InputError
from collate.pairs.conditions import (
    ALL_EQUAL,
    ALL_RIGHT,
    ALL_WRONG,
    FLAGGED,
    MARGIN,
    NO_GOLD,
    NO_MAJORITY,
    NO_OWN,
    NONE_RIGHT,
    NONE_WRONG,
    OUTVOTED,
    TOO_LONG,
)
from collate.tables import CHOSEN, GOLD, HINT, PEER, RIGHT, UNKNOWN, WRONG, digest
from tests.pairs.pool import Row, dropped, ids, pair_up, row


def gold(likelihood: float | None = 0.9, **changes: object) -> Row:
    return row("q", "gold", 0, RIGHT, likelihood, origin=GOLD, **changes)


def test_correctness_by_margin_takes_the_furthest_apart_first() -> None:
    rows = [
        row("q", "b", 0, RIGHT, 0.9),
        row("q", "b", 1, RIGHT, 0.6),
        row("q", "a", 0, WRONG, 0.8),
        row("q", "b", 2, WRONG, 0.1),
    ]
    nearest, _ = pair_up(rows, per_question=2, order="nearest")
    assert ids(nearest) == [("q/b/0", "q/a/0"), ("q/b/1", "q/b/2")]
    margin, _ = pair_up(rows, per_question=4, order="margin")
    # 0.9 - 0.1, then what is unused (0.6 - 0.8), then the rest by margin.
    expected = [("q/b/0", "q/b/2"), ("q/b/1", "q/a/0"), ("q/b/1", "q/b/2"), ("q/b/0", "q/a/0")]
    assert ids(margin) == expected
    assert [pair.margin for pair in margin] == pytest.approx([0.8, -0.2, 0.5, 0.1])


def test_the_longest_right_one_beats_one_that_misses_the_form() -> None:
    rows = [
        row("q", "a", 0, RIGHT, 0.9, tokens=4),
        row("q", "b", 1, RIGHT, 0.1, tokens=9),
        row("q", "a", 2, WRONG, 0.5),
        row("q", "b", 3, UNKNOWN, 0.5, reason=NO_ANSWER),
    ]
    pairs, _ = pair_up(rows, rule="longest_right")
    assert ids(pairs) == [("q/b/1", "q/b/3")]
    pairs, _ = pair_up(rows, rule="longest_right", per_question=2)
    assert ids(pairs) == [("q/b/1", "q/b/3"), ("q/a/0", "q/a/2")]
    assert ids(pair_up(rows[:3], rule="longest_right")[0]) == [("q/b/1", "q/a/2")]


@pytest.mark.parametrize(
    ("verdicts", "reason"),
    [
        ([(RIGHT, ""), (RIGHT, "")], ALL_RIGHT),
        ([(WRONG, ""), (WRONG, "")], ALL_WRONG),
        ([(WRONG, ""), (UNKNOWN, NO_ANSWER)], NONE_RIGHT),
        ([(RIGHT, ""), (UNKNOWN, "the verifier gave up: out of time")], NONE_WRONG),
    ],
)
def test_the_reason_for_no_longest_right(verdicts: list[tuple[str, str]], reason: str) -> None:
    rows = [row("q", "a", i, verdict, reason=why) for i, (verdict, why) in enumerate(verdicts)]
    assert pair_up(rows, rule="longest_right") == dropped(reason)


def test_gold_beats_the_agents_own_whatever_its_verdict() -> None:
    by_agent, by_other = row("q", "a", 1, RIGHT, 0.95), row("q", "b", 1, WRONG, 0.1)
    settings = {"rule": "gold_over_own", "gold": "always"}
    pairs, _ = pair_up([gold(), by_agent, by_other], per_question=9, **settings)
    assert ids(pairs) == [("q/gold/0", "q/a/1")]
    assert pairs[0].margin == pytest.approx(-0.05)


def test_the_reasons_for_no_gold_over_own() -> None:
    settings = {"rule": "gold_over_own", "gold": "always"}
    by_agent = row("q", "a", 1, WRONG, 0.1)
    assert pair_up([by_agent], **settings) == dropped(NO_GOLD)
    assert pair_up([gold(), row("q", "b", 1, WRONG)], **settings) == dropped(NO_OWN)
    one_text = [gold(text="good"), row("q", "a", 1, RIGHT, 0.9, text="good ")]
    assert pair_up(one_text, **settings) == dropped(ALL_EQUAL)
    assert pair_up([gold(flags=("a flag",)), by_agent], **settings) == dropped(FLAGGED)


def test_right_only_chooses_each_distinct_right_text_once_and_rejects_nothing() -> None:
    rows = [
        row("q", "a", 0, RIGHT, 0.1),
        row("q", "b", 0, RIGHT, 0.9, text="q/a/0"),
        row("q", "b", 1, RIGHT, 0.9, flags=("a flag",)),
        row("q", "b", 2, RIGHT, 0.9),
        row("q", "b", 3, WRONG, 0.9),
        row("q", "b", 4, UNKNOWN, 0.9),
    ]
    pairs, _ = pair_up(rows, rule="right_only", per_question=9)
    assert ids(pairs) == [("q/b/0", None), ("q/b/2", None)]
    assert {(pair.margin, pair.rule) for pair in pairs} == {(0.0, "right_only")}
    assert [pair.roles for pair in pairs] == [{CHOSEN: "q/b/0"}, {CHOSEN: "q/b/2"}]
    assert pairs[0].id == digest("pair", "a", "q/b/0", None) != pairs[1].id
    assert len(pair_up(rows, rule="right_only", per_question=1)[0]) == 1
    pairs, _ = pair_up(rows, rule="right_only", per_question=9, chosen_from="own")
    assert ids(pairs) == [("q/a/0", None)]
    assert pair_up(rows[4:5], rule="right_only") == dropped(ALL_WRONG)
    assert pair_up(rows[4:], rule="right_only") == dropped(NONE_RIGHT)


def test_right_only_takes_a_rationale_from_a_hint_where_nothing_is_right() -> None:
    rows = [row("q", "a", 0, WRONG), row("q", "a", 1, RIGHT, origin=HINT)]
    assert ids(pair_up(rows, rule="right_only")[0]) == [("q/a/1", None)]
    wrong = [row("q", "a", 0, WRONG), row("q", "a", 1, WRONG, origin=HINT)]
    assert pair_up(wrong, rule="right_only") == dropped(ALL_WRONG)


def test_gold_only_chooses_the_solution_also_where_nobody_wrote_anything() -> None:
    settings = {"rule": "gold_only", "gold": "always"}
    assert ids(pair_up([gold(None)], **settings)[0]) == [("q/gold/0", None)]
    answer_alone = gold(None, text="#### 1", flags=("only the answer",))
    assert pair_up([answer_alone], **settings) == dropped(FLAGGED)
    assert len(pair_up([answer_alone], allow_flagged=True, **settings)[0]) == 1
    assert pair_up([row("q", "a", 0, RIGHT)], **settings) == dropped(NO_GOLD)


def test_own_majority_counts_every_rationale_and_chooses_the_agents_own() -> None:
    # 18 (three votes, two of them one text) against 20 (two votes); verdicts say the opposite.
    rows = [
        row("q", "a", 0, WRONG, stated="18"),
        row("q", "b", 0, WRONG, stated="18.0", text="shared"),
        row("q", "b", 1, WRONG, stated="18.0", text="shared", origin=PEER),
        row("q", "a", 1, RIGHT, stated="20"),
        row("q", "b", 2, RIGHT, stated="$20"),
        row("q", "a", 2, UNKNOWN),
    ]
    settings = {"rule": "own_majority", "chosen_from": "own", "per_question": 9}
    assert ids(pair_up(rows, **settings)[0]) == [("q/a/0", None)]
    assert ids(pair_up(rows, agent="b", **settings)[0]) == [("q/b/0", None)]
    # Neither a hint nor the gold solution votes.
    rows += [row("q", "a", sample, RIGHT, stated="20", origin=HINT) for sample in range(5, 9)]
    rows.append(gold(None, stated="20"))
    assert ids(pair_up(rows, **settings)[0]) == [("q/a/0", None)]


def test_own_majority_reads_answers_as_the_task_does() -> None:
    def rows(kind: str) -> list:
        return [
            row("q", "a", 0, WRONG, stated="Yes.", kind=kind),
            row("q", "b", 0, WRONG, stated="true", kind=kind),
            row("q", "b", 1, WRONG, stated="no", kind=kind),
        ]

    settings = {"rule": "own_majority", "chosen_from": "own"}
    assert ids(pair_up(rows("boolean"), **settings)[0]) == [("q/a/0", None)]
    assert pair_up(rows("text"), **settings) == dropped(NO_MAJORITY)


def test_the_reasons_for_no_own_majority() -> None:
    settings = {"rule": "own_majority", "chosen_from": "own"}
    by_agent = row("q", "a", 0, RIGHT, stated="1")
    by_other = row("q", "b", 0, WRONG, stated="2")
    assert pair_up([by_agent, by_other], **settings) == dropped(NO_MAJORITY)
    assert pair_up([row("q", "a", 0, UNKNOWN)], **settings) == dropped(NO_MAJORITY)
    second_by_other = row("q", "b", 1, WRONG, stated="2")
    assert pair_up([by_agent, by_other, second_by_other], **settings) == dropped(OUTVOTED)
    assert pair_up([by_other, second_by_other], **settings) == dropped(NO_OWN)
    too_long = row("q", "a", 0, RIGHT, stated="2", tokens=9)
    assert pair_up([too_long, by_other], max_tokens=8, **settings) == dropped(TOO_LONG)


def test_blended_is_half_verdict_and_half_likelihood() -> None:
    # Scores: 0.5 + 0.5 x 0.2 = 0.6, then 0.5 x 0.8 = 0.4 and 0.5 x 0.4 = 0.2.
    rows = [
        row("q", "a", 0, RIGHT, 0.2),
        row("q", "b", 0, WRONG, 0.8),
        row("q", "b", 1, WRONG, 0.4),
    ]
    (pair,), _ = pair_up(rows, rule="blended")
    assert ids([pair]) == [("q/a/0", "q/b/1")] and pair.margin == pytest.approx(0.4)
    assert len(pair_up(rows, rule="blended", min_margin=0.4 - 1e-9)[0]) == 1
    assert pair_up(rows, rule="blended", min_margin=0.41) == dropped(MARGIN)


def test_blended_pairs_where_all_verdicts_are_equal() -> None:
    rows = [row("q", "a", n, RIGHT, value) for n, value in enumerate((0.3, 0.9, 0.5))]
    pairs, _ = pair_up(rows, rule="blended", per_question=9)
    assert ids(pairs) == [("q/a/1", "q/a/0")]
    assert pair_up(rows[:1], rule="blended") == dropped(ALL_EQUAL)
    equal = [row("q", "a", n, RIGHT, 0.5) for n in range(2)]
    assert pair_up(equal, rule="blended") == dropped(MARGIN)


@pytest.mark.parametrize("likelihood", [None, -2.0, 1.5])
def test_blended_refuses_what_is_no_probability(likelihood: float | None) -> None:
    rows = [row("q", "a", 0, RIGHT, likelihood), row("q", "a", 1, WRONG, likelihood)]
    with pytest.raises(InputError, match=r"scoring\.normalisation=mean_prob"):
        pair_up(rows, rule="blended")


def test_the_paper_rule_pairs_the_furthest_apart_that_the_conditions_allow() -> None:
    rows = [
        row("q", "a", 0, RIGHT, 0.9, tokens=5),
        row("q", "a", 1, WRONG, 0.1, tokens=50),
        row("q", "b", 0, WRONG, 0.2, tokens=5),
        row("q", "b", 1, RIGHT, 0.75, tokens=50),
    ]
    pairs, _ = pair_up(rows, rule="likelihood", length_ratio=2, per_question=9)
    # 0.9 and 0.1 differ in length, so 0.9 - 0.2 = 0.7 comes first, then 0.75 - 0.1 = 0.65.
    assert ids(pairs) == [("q/a/0", "q/b/0"), ("q/b/1", "q/a/1")]

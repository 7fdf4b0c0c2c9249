"""Each condition on pairs, by hand: what it lets through, and the reason where nothing is left."""

import pytest

from collate.tables import GOLD, HINT, PEER, RIGHT, UNKNOWN, WRONG
from tests.pairs.pool import dropped, ids, pair_up, row


def test_across_pairs_only_different_agents() -> None:
    rows = [row("q", "a", 0, RIGHT, 0.9), row("q", "a", 1, WRONG, 0.8), row("q", "b", 0, WRONG, 0)]
    assert ids(pair_up(rows)[0]) == [("q/a/0", "q/a/1")]
    assert ids(pair_up(rows, across=True, per_question=9)[0]) == [("q/a/0", "q/b/0")]
    assert pair_up(rows[:2], across=True) == dropped("no pair across agents")


def test_a_shared_text_is_named_by_an_author_who_is_not_the_losers() -> None:
    # Without the condition the winner is named by the first of the other agents, who is b.
    rows = [
        row("q", "b", 0, RIGHT, 0.9, text="good"),
        row("q", "c", 0, RIGHT, 0.9, text="good"),
        row("q", "b", 1, WRONG, 0.1),
    ]
    assert ids(pair_up(rows)[0]) == [("q/b/0", "q/b/1")]
    assert ids(pair_up(rows, across=True)[0]) == [("q/c/0", "q/b/1")]


def test_an_own_loser_can_be_asked_for() -> None:
    rows = [row("q", "b", 0, RIGHT, 0.9), row("q", "b", 1, WRONG, 0.1)]
    assert len(pair_up(rows, loser="any")[0]) == 1
    assert pair_up(rows, loser="own") == dropped("no own loser")
    rows.append(row("q", "a", 0, WRONG, 0.1))
    assert ids(pair_up(rows, loser="own", per_question=9)[0]) == [("q/b/0", "q/a/0")]


def test_an_own_winner_can_be_asked_for_and_a_shared_text_is_own() -> None:
    rows = [row("q", "b", 0, RIGHT, 0.9, text="good"), row("q", "a", 1, WRONG, 0.1)]
    assert pair_up(rows, winner="own") == dropped("no own winner")
    rows.append(row("q", "a", 0, RIGHT, 0.9, text="good"))
    assert ids(pair_up(rows)[0]) == [("q/b/0", "q/a/1")]
    assert ids(pair_up(rows, winner="own")[0]) == [("q/a/0", "q/a/1")]


@pytest.mark.parametrize("tokens", [(10, 4), (4, 10)])
def test_lengths_are_compared_as_a_ratio_either_way(tokens: tuple[int, int]) -> None:
    rows = [
        row("q", "a", 0, RIGHT, 0.9, tokens=tokens[0]),
        row("q", "a", 1, WRONG, 0.1, tokens=tokens[1]),
    ]
    assert len(pair_up(rows, length_ratio=2.5)[0]) == 1
    assert pair_up(rows, length_ratio=2.4) == dropped("lengths too different")


def test_conditions_that_stand_in_the_way_only_together_are_named_so() -> None:
    # The near one of equal length is the agent's own, the far one of another length another's.
    rows = [
        row("q", "a", 0, RIGHT, 0.9, tokens=5),
        row("q", "a", 1, WRONG, 0.8, tokens=5),
        row("q", "b", 0, WRONG, 0.8, tokens=50),
    ]
    assert len(pair_up(rows, across=True)[0]) == len(pair_up(rows, length_ratio=2)[0]) == 1
    # Either condition alone leaves a pair; lifting either gives one, and the first is named.
    assert pair_up(rows, across=True, length_ratio=2) == dropped("no pair across agents")
    both = [rows[0], row("q", "a", 1, WRONG, 0.8, tokens=50)]
    assert pair_up(both, across=True, length_ratio=2) == dropped("several conditions together")


def test_what_was_written_with_the_answer_in_view_never_loses() -> None:
    right = row("q", "a", 0, RIGHT, 0.9)
    for source, agent in ((HINT, "a"), (GOLD, "gold")):
        wrong = row("q", agent, 1, WRONG, 0.1, source=source)
        for rule in ("correctness", "longest_right"):
            assert pair_up([right, wrong], rule=rule, gold="always")[0] == []
        assert pair_up([right, wrong], rule="likelihood")[0] == []
    peer = row("q", "a", 1, WRONG, 0.1, source=PEER)
    assert ids(pair_up([right, peer])[0]) == [("q/a/0", "q/a/1")]


def test_the_gold_solution_wins_never_where_unsolved_or_always() -> None:
    gold, wrong = row("q", "gold", 0, RIGHT, 0.9, source=GOLD), row("q", "a", 0, WRONG, 0.1)
    right = row("q", "b", 0, RIGHT, 0.5)
    assert pair_up([gold, wrong], gold="never") == dropped("all wrong")
    for asked in ("unsolved", "always"):
        assert ids(pair_up([gold, wrong], gold=asked)[0]) == [("q/gold/0", "q/a/0")]
    rows = [gold, wrong, right]
    assert ids(pair_up(rows, gold="unsolved", per_question=9)[0]) == [("q/b/0", "q/a/0")]
    expected = [("q/gold/0", "q/a/0"), ("q/b/0", "q/a/0")]
    assert ids(pair_up(rows, gold="always", per_question=9)[0]) == expected


def test_a_question_counts_as_unsolved_where_what_is_right_may_not_win() -> None:
    gold, wrong = row("q", "gold", 0, RIGHT, 0.9, source=GOLD), row("q", "a", 0, WRONG, 0.1)
    marked = row("q", "b", 0, RIGHT, 0.5, marks=("a mark",))
    assert ids(pair_up([gold, wrong, marked], gold="unsolved")[0]) == [("q/gold/0", "q/a/0")]
    others = row("q", "b", 0, RIGHT, 0.5)
    rows = [gold, wrong, others]
    assert ids(pair_up(rows, gold="unsolved", winner="own")[0]) == [("q/gold/0", "q/a/0")]


def test_a_rationale_from_a_hint_wins_if_right_where_nothing_else_is() -> None:
    hint, wrong = row("q", "a", 1, RIGHT, 0.9, source=HINT), row("q", "a", 0, WRONG, 0.1)
    assert ids(pair_up([hint, wrong])[0]) == [("q/a/1", "q/a/0")]
    assert ids(pair_up([hint, wrong], winner="own")[0]) == [("q/a/1", "q/a/0")]
    solved = row("q", "b", 0, RIGHT, 0.2)
    assert ids(pair_up([hint, wrong, solved], per_question=9)[0]) == [("q/b/0", "q/a/0")]
    for verdict in (WRONG, UNKNOWN):
        other = row("q", "a", 1, verdict, 0.9, source=HINT)
        assert pair_up([other, wrong]) == dropped("all wrong")
        assert pair_up([other, wrong], rule="likelihood") == dropped("all rationales equal")


def test_a_text_that_was_also_sampled_counts_as_sampled() -> None:
    rows = [
        row("q", "gold", 0, RIGHT, 0.9, text="good", source=GOLD),
        row("q", "b", 1, RIGHT, 0.9, text="good", source=HINT),
        row("q", "a", 2, RIGHT, 0.9, text="good"),
        row("q", "a", 3, WRONG, 0.1),
    ]
    assert ids(pair_up(rows, gold="always")[0]) == [("q/a/2", "q/a/3")]
    lost = row("q", "a", 4, WRONG, 0.3, text="bad", source=HINT)
    sampled = row("q", "b", 5, WRONG, 0.3, text="bad")
    assert ids(pair_up([*rows, lost, sampled], loser="any", per_question=9)[0]) == [
        ("q/a/2", "q/a/3"),
        ("q/a/2", "q/b/5"),
    ]


def test_nothing_but_gold_and_hints_is_no_rationale_to_prefer_them_to() -> None:
    rows = [row("q", "gold", 0, RIGHT, 0.9, source=GOLD), row("q", "a", 0, WRONG, 0.1, text=" ")]
    for rule in ("correctness", "likelihood", "blended", "longest_right", "gold_over_own"):
        assert pair_up(rows, rule=rule, gold="always") == dropped("no rationale")

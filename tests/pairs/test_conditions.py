"""Each condition on pairs, by hand: what it lets through, and the reason where nothing is left."""

import pytest

from collate.config.schema import PairsConfig
from collate.pairs.conditions import (
    ALL_EQUAL,
    ALL_WRONG,
    LENGTHS,
    NO_OWN_CHOSEN,
    NO_OWN_REJECTED,
    NO_RATIONALE,
    REASONS,
    SETTINGS_WITHOUT,
    SEVERAL,
    needs_gold,
    needs_own_alone,
)
from collate.tables import GOLD, HINT, PEER, RIGHT, UNKNOWN, WRONG
from tests.pairs.pool import dropped, ids, pair_up, row


def test_a_shared_text_is_named_by_a_rationale_that_the_conditions_allow() -> None:
    # Without the condition the chosen text is named by the first of the other agents, who is b.
    rows = [
        row("q", "b", 0, RIGHT, 0.9, text="good", tokens=50),
        row("q", "c", 0, RIGHT, 0.9, text="good", tokens=5),
        row("q", "b", 1, WRONG, 0.1, tokens=5),
    ]
    assert ids(pair_up(rows)[0]) == [("q/b/0", "q/b/1")]
    assert ids(pair_up(rows, length_ratio=2)[0]) == [("q/c/0", "q/b/1")]


def test_only_own_rationales_are_rejected_on_request() -> None:
    rows = [row("q", "b", 0, RIGHT, 0.9), row("q", "b", 1, WRONG, 0.1)]
    assert len(pair_up(rows, rejected_from="any")[0]) == 1
    assert pair_up(rows, rejected_from="own") == dropped(NO_OWN_REJECTED)
    rows.append(row("q", "a", 0, WRONG, 0.1))
    assert ids(pair_up(rows, rejected_from="own", per_question=9)[0]) == [("q/b/0", "q/a/0")]


def test_only_own_rationales_are_chosen_on_request_and_a_shared_text_is_own() -> None:
    rows = [row("q", "b", 0, RIGHT, 0.9, text="good"), row("q", "a", 1, WRONG, 0.1)]
    assert pair_up(rows, chosen_from="own") == dropped(NO_OWN_CHOSEN)
    rows.append(row("q", "a", 0, RIGHT, 0.9, text="good"))
    assert ids(pair_up(rows)[0]) == [("q/b/0", "q/a/1")]
    assert ids(pair_up(rows, chosen_from="own")[0]) == [("q/a/0", "q/a/1")]


@pytest.mark.parametrize("tokens", [(10, 4), (4, 10)])
def test_lengths_are_compared_as_a_ratio_either_way(tokens: tuple[int, int]) -> None:
    rows = [
        row("q", "a", 0, RIGHT, 0.9, tokens=tokens[0]),
        row("q", "a", 1, WRONG, 0.1, tokens=tokens[1]),
    ]
    assert len(pair_up(rows, length_ratio=2.5)[0]) == 1
    assert pair_up(rows, length_ratio=2.4) == dropped(LENGTHS)


def test_conditions_that_stand_in_the_way_only_together_are_named_so() -> None:
    # The agent's own wrong rationale is too long for the right one; another's is not.
    rows = [
        row("q", "a", 0, RIGHT, 0.9, tokens=5),
        row("q", "a", 1, WRONG, 0.8, tokens=50),
        row("q", "b", 0, WRONG, 0.8, tokens=5),
    ]
    assert len(pair_up(rows, rejected_from="own")[0]) == 1
    assert len(pair_up(rows, length_ratio=2)[0]) == 1
    # Either condition alone leaves a pair; lifting either gives one, and the first is named.
    assert pair_up(rows, rejected_from="own", length_ratio=2) == dropped(NO_OWN_REJECTED)
    rows[1:] = [row("q", "b", 0, WRONG, 0.8, tokens=50)]
    assert pair_up(rows, rejected_from="own", length_ratio=2) == dropped(SEVERAL)


def test_what_was_written_with_the_answer_in_view_is_never_rejected() -> None:
    right = row("q", "a", 0, RIGHT, 0.9)
    for origin, writer in ((HINT, "a"), (GOLD, "gold")):
        wrong = row("q", writer, 1, WRONG, 0.1, origin=origin)
        for rule in ("correctness", "longest_right"):
            assert pair_up([right, wrong], rule=rule, gold="always")[0] == []
        assert pair_up([right, wrong], rule="likelihood")[0] == []
    peer = row("q", "a", 1, WRONG, 0.1, origin=PEER)
    assert ids(pair_up([right, peer])[0]) == [("q/a/0", "q/a/1")]


def test_the_gold_solution_is_chosen_never_where_unsolved_or_always() -> None:
    gold, wrong = row("q", "gold", 0, RIGHT, 0.9, origin=GOLD), row("q", "a", 0, WRONG, 0.1)
    right = row("q", "b", 0, RIGHT, 0.5)
    assert pair_up([gold, wrong], gold="never") == dropped(ALL_WRONG)
    for setting in ("unsolved", "always"):
        assert ids(pair_up([gold, wrong], gold=setting)[0]) == [("q/gold/0", "q/a/0")]
    rows = [gold, wrong, right]
    assert ids(pair_up(rows, gold="unsolved", per_question=9)[0]) == [("q/b/0", "q/a/0")]
    expected = [("q/gold/0", "q/a/0"), ("q/b/0", "q/a/0")]
    assert ids(pair_up(rows, gold="always", per_question=9)[0]) == expected


def test_a_question_counts_as_unsolved_where_what_is_right_cannot_be_chosen() -> None:
    gold, wrong = row("q", "gold", 0, RIGHT, 0.9, origin=GOLD), row("q", "a", 0, WRONG, 0.1)
    flagged = row("q", "b", 0, RIGHT, 0.5, flags=("a flag",))
    assert ids(pair_up([gold, wrong, flagged], gold="unsolved")[0]) == [("q/gold/0", "q/a/0")]
    rows = [gold, wrong, row("q", "b", 0, RIGHT, 0.5)]
    assert ids(pair_up(rows, gold="unsolved", chosen_from="own")[0]) == [("q/gold/0", "q/a/0")]


def test_a_rationale_from_a_hint_is_chosen_if_right_where_nothing_else_is() -> None:
    hint, wrong = row("q", "a", 1, RIGHT, 0.9, origin=HINT), row("q", "a", 0, WRONG, 0.1)
    assert ids(pair_up([hint, wrong])[0]) == [("q/a/1", "q/a/0")]
    assert ids(pair_up([hint, wrong], chosen_from="own")[0]) == [("q/a/1", "q/a/0")]
    right = row("q", "b", 0, RIGHT, 0.2)
    assert ids(pair_up([hint, wrong, right], per_question=9)[0]) == [("q/b/0", "q/a/0")]
    for verdict in (WRONG, UNKNOWN):
        useless_hint = row("q", "a", 1, verdict, 0.9, origin=HINT)
        assert pair_up([useless_hint, wrong]) == dropped(ALL_WRONG)
        assert pair_up([useless_hint, wrong], rule="likelihood") == dropped(ALL_EQUAL)


def test_a_text_that_was_also_sampled_counts_as_sampled() -> None:
    rows = [
        row("q", "gold", 0, RIGHT, 0.9, text="good", origin=GOLD),
        row("q", "b", 1, RIGHT, 0.9, text="good", origin=HINT),
        row("q", "a", 2, RIGHT, 0.9, text="good"),
        row("q", "a", 3, WRONG, 0.1),
    ]
    assert ids(pair_up(rows, gold="always")[0]) == [("q/a/2", "q/a/3")]
    rows.append(row("q", "a", 4, WRONG, 0.3, text="bad", origin=HINT))
    rows.append(row("q", "b", 5, WRONG, 0.3, text="bad"))
    assert ids(pair_up(rows, rejected_from="any", per_question=9)[0]) == [
        ("q/a/2", "q/a/3"),
        ("q/a/2", "q/b/5"),
    ]


def test_nothing_but_gold_and_hints_is_no_rationale_to_prefer_them_to() -> None:
    rows = [row("q", "gold", 0, RIGHT, 0.9, origin=GOLD), row("q", "a", 0, WRONG, 0.1, text=" ")]
    for rule in ("correctness", "likelihood", "blended", "longest_right", "gold_over_own"):
        assert pair_up(rows, rule=rule, gold="always") == dropped(NO_RATIONALE)


def test_every_reason_is_known_once_and_reads_as_a_phrase() -> None:
    assert len(set(REASONS)) == len(REASONS)
    assert set(SETTINGS_WITHOUT) < set(REASONS)
    for reason in REASONS:
        assert reason == reason.strip(" .") and reason[0].islower()


@pytest.mark.parametrize(
    ("settings", "gold_needed", "own_alone"),
    [
        ({}, False, False),
        ({"gold": "unsolved"}, True, False),
        ({"chosen_from": "own"}, False, False),
        ({"chosen_from": "own", "rejected_from": "own"}, False, True),
        ({"rule": "gold_over_own", "gold": "always"}, True, True),
        ({"rule": "gold_only", "gold": "always"}, True, True),
    ],
)
def test_what_rationales_a_configuration_needs(
    settings: dict[str, str], gold_needed: bool, own_alone: bool
) -> None:
    config = PairsConfig(**settings)
    assert needs_gold(config) == gold_needed
    assert needs_own_alone(config) == own_alone

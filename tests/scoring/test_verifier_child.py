"""The verifier's child process: same judgements as in this process, deadlines, and recovery."""

import os
import signal
import time

import pytest

from collate.scoring.child import Child, ChildError
from collate.scoring.verifier import Judgement, Verifier, judge_text
from collate.tables import RIGHT, UNKNOWN, WRONG


def test_judgements_come_in_order_and_as_in_this_process() -> None:
    texts = [f"{n} is even.\n#### {n % 5}" if n % 3 else f"it is {n}" for n in range(700)]
    with Verifier("number") as verifier:
        judgements = verifier.judge([(text, "2") for text in texts])
    assert judgements == [judge_text("number", "####", text, "2") for text in texts]
    assert {judgement.verdict for judgement in judgements} == {RIGHT, WRONG, UNKNOWN}


def test_options_belong_to_their_item() -> None:
    with Verifier("choice", marker="Answer:") as verifier:
        judgements = verifier.judge(
            [("Answer: tea", "A"), ("Answer: tea", "A")], [("tea", "milk"), ("milk", "tea")]
        )
        assert [judgement.verdict for judgement in judgements] == [RIGHT, WRONG]
        with pytest.raises(ValueError, match="1 rationales with 2 lists"):
            verifier.judge([("Answer: tea", "A")], [("tea", "milk"), ("milk", "tea")])


def test_nothing_to_judge_starts_no_process() -> None:
    verifier = Verifier("text")
    assert verifier.judge([]) == []
    assert verifier._child.pid is None


def test_a_bad_gold_answer_is_told_before_anything_is_judged() -> None:
    verifier = Verifier("number")
    with pytest.raises(ValueError, match="'x' cannot be read as number"):
        verifier.judge([("#### 1", "1"), ("#### 1", "x")])
    assert verifier._child.pid is None


def test_text_that_no_encoding_can_hold() -> None:
    with Verifier("number") as verifier:
        [judgement] = verifier.judge([("\ud800 \0\n#### 7", "7")])
    assert judgement.verdict == RIGHT


def test_a_killed_child_is_replaced() -> None:
    with Verifier("number") as verifier:
        verifier.judge([("#### 7", "7")])
        first = verifier._child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert verifier.judge([("#### 7", "7"), ("#### 8", "7")])[1].verdict == WRONG
        assert verifier._child.pid not in (None, first)


def test_one_rationale_that_hangs_costs_only_its_own_judgement() -> None:
    with Verifier("number") as verifier:
        verifier._child = Child("tests.scoring.fragile", "judge_request", deadline=1.0)
        judgements = verifier.judge([("#### 7", "7"), ("hang here", "7"), ("#### 8", "7")])
    assert [judgement.verdict for judgement in judgements] == [RIGHT, UNKNOWN, WRONG]
    assert judgements[1] == Judgement(
        UNKNOWN, None, "could not be read: no answer within 1 seconds and the memory allowed",
        None, UNKNOWN,
    )  # fmt: skip


def test_a_child_ends_itself_after_its_deadline() -> None:
    child = Child("time", "sleep", deadline=0.5)
    start = time.monotonic()
    with pytest.raises(ChildError, match=r"within 0\.5 seconds"):
        child.ask(60)
    assert child.pid is None
    assert time.monotonic() - start < 30


def test_a_child_has_a_limit_on_memory() -> None:
    child = Child("builtins", "bytearray")
    with pytest.raises(ChildError):
        child.ask(64 * 2**30)


def test_close_ends_the_process_and_a_later_question_starts_one() -> None:
    child = Child("math", "sqrt")
    assert child.ask(9) == 3.0
    pid = child.pid
    assert pid is not None
    child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert child.ask(16) == 4.0
    child.close()


def test_a_child_that_cannot_start_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"no_such_module\.judge did not start"):
        Child("no_such_module", "judge").ask(1)

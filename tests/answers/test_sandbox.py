"""The verifier's child processes: same judgements as in this process, limits, and recovery.

Limits are on processor time, so that nothing here depends on what else the machine does.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from collate.answers.judging import Judgement, judge_text
from collate.answers.sandbox import SandboxProcess
from collate.answers.sandbox_pool import GaveUp, SandboxPool
from collate.answers.verifier import Verifier
from collate.tables import RIGHT, UNKNOWN, WRONG, Question

FRAGILE = "tests.answers.fragile"
CPU_SECONDS = 0.5  # shorter than the real limit, and long for an ordinary rationale


@pytest.fixture
def fragile() -> Iterator[Verifier]:
    """A verifier whose children can be made to fail, and soon."""
    with Verifier("number") as verifier:
        verifier._pool = SandboxPool(FRAGILE, "review_request", cpu_seconds=CPU_SECONDS)
        yield verifier


def test_judgements_come_in_order_and_as_in_this_process() -> None:
    texts = [f"{n} is even.\n#### {n % 5}" if n % 3 else f"it is {n}" for n in range(700)]
    with Verifier("number") as verifier:
        judgements = verifier.judge([(text, "2") for text in texts])
        assert len(verifier._pool.pids) == 2
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


def test_texts_are_judged_by_the_questions_they_were_written_for() -> None:
    tea, cup = (
        Question(name, "t", "test", name, gold, ("tea", "milk")) for name, gold in ("xA", "yB")
    )
    with Verifier("choice") as verifier:
        judged = verifier.judge_answers(["#### A", "#### A", "#### milk"], [tea, cup, cup])
        assert [one.verdict for one in judged] == [RIGHT, WRONG, RIGHT]
        with pytest.raises(ValueError, match="longer"):
            verifier.judge_answers(["#### A"], [tea, cup])


def test_nothing_to_judge_starts_no_process() -> None:
    verifier = Verifier("text")
    assert verifier.judge([]) == []
    assert verifier._pool.pids == []


def test_a_bad_gold_answer_is_told_before_anything_is_judged() -> None:
    verifier = Verifier("number")
    with pytest.raises(ValueError, match="'x' cannot be read as number"):
        verifier.judge([("#### 1", "1"), ("#### 1", "x")])
    assert verifier._pool.pids == []


def test_text_that_no_encoding_can_hold() -> None:
    with Verifier("number") as verifier:
        [judgement] = verifier.judge([("\ud800 \0\n#### 7", "7")])
    assert judgement.verdict == RIGHT


def test_a_killed_child_is_replaced_and_costs_no_judgement() -> None:
    with Verifier("number") as verifier:
        verifier.judge([("#### 7", "7")])
        [first] = verifier._pool.pids
        os.kill(first, signal.SIGKILL)
        judgements = verifier.judge([("#### 7", "7"), ("#### 8", "7")])
        assert [judgement.verdict for judgement in judgements] == [RIGHT, WRONG]
        assert verifier._pool.pids not in ([], [first])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("compute here", "more than 0.5 s of processor time"),
        ("fill memory here", "more than 512 MiB of memory"),
        ("die here", "its process ended with status -6"),
    ],
)
def test_one_rationale_that_fails_costs_only_its_own_judgement(
    fragile: Verifier, text: str, limit: str
) -> None:
    texts = [f"#### {n % 9}" for n in range(300)]
    texts[40] = texts[41] = texts[250] = f"#### 7, {text}"
    judgements = fragile.judge([(each, "7") for each in texts])
    gave_up = Judgement(UNKNOWN, None, f"the verifier gave up: {limit}", None, UNKNOWN)
    for place, judgement in enumerate(judgements):
        if place in (40, 41, 250):
            assert judgement == gave_up
        else:
            assert judgement.verdict == (RIGHT if place % 9 == 7 else WRONG)


@pytest.mark.slow
def test_one_rationale_without_end_takes_less_than_five_seconds() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Verifier("number") as verifier:
        verifier._pool = SandboxPool(FRAGILE, "review_request")
        [judgement] = verifier.judge([("compute here", "7")])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert judgement.reason == "the verifier gave up: more than 1.5 s of processor time"
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert 1.5 < used < 5


def test_the_allowance_of_processor_time_is_each_requests_own() -> None:
    process = SandboxProcess(FRAGILE, "compute", cpu_seconds=0.3)
    assert process.run([0.1] * 6) == (["done"] * 6, "")
    assert process.run([0.1, 50]) == (["done"], "more than 0.3 s of processor time")


def test_time_in_which_a_child_does_not_run_costs_it_nothing() -> None:
    """On a loaded machine a child waits for the processor; here it is stopped for a while."""
    process = SandboxProcess(FRAGILE, "compute", cpu_seconds=0.3)
    assert process.run([0]) == (["done"], "")
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    timer = threading.Timer(1, os.kill, (process.pid, signal.SIGCONT))
    timer.start()
    assert process.run([0.1] * 3) == (["done"] * 3, "")
    process.close()


def test_a_child_that_sleeps_meets_the_clock() -> None:
    process = SandboxProcess(FRAGILE, "sleep", wall_seconds=0.5)
    assert process.run([60]) == ([], "no answer within 0.5 s")
    assert process.pid is None


def test_verdicts_and_limits_are_the_same_in_threads(fragile: Verifier) -> None:
    verdicts: dict[int, list[str]] = {}

    def judge(number: int) -> None:
        texts = [f"steps\n#### {number}", "#### 99", "compute here" if number == 3 else "none"]
        judgements = fragile.judge([(text, str(number)) for text in texts])
        verdicts[number] = [judgement.verdict for judgement in judgements]

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert verdicts == {number: [RIGHT, WRONG, UNKNOWN] for number in range(6)}


def test_nothing_of_the_parents_environment_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    process = SandboxProcess(FRAGILE, "environment")
    assert process.run([None]) == ([{}], "")
    if sys.platform == "linux":
        # Nor can it be read back, since no file can.
        assert process.run(["/proc/self/environ"]) == (["OSError"], "")
        with open(f"/proc/{process.pid}/environ", "rb") as environ:
            assert environ.read() == b""
        with open(f"/proc/{process.pid}/cmdline", "rb") as words:
            assert b"hunter2" not in words.read()
    process.close()


def test_a_child_opens_no_file_and_no_socket_and_starts_no_process() -> None:
    process = SandboxProcess(FRAGILE, "attempt")
    forbidden = ["read a file", "open a socket"]
    if os.geteuid() != 0:  # the limit on processes does not bind root
        forbidden.append("start a process")
    outcomes, limit = process.run(forbidden)
    assert set(outcomes) <= {"OSError", "BlockingIOError"} and len(outcomes) == len(forbidden)
    assert limit == ""
    process.close()


def test_a_child_has_only_the_standard_library_and_this_package() -> None:
    process = SandboxProcess(FRAGILE, "installed")
    assert process.run(["json", "collate", "numpy", "torch"]) == ([True, True, False, False], "")
    process.close()


def test_what_makes_a_child_end_is_said() -> None:
    process = SandboxProcess(FRAGILE, "review_request", cpu_seconds=CPU_SECONDS)
    texts = ["#### 7", "compute here", "#### 7"]
    requests = [["number", "####", text, "7", [], ["en"], None] for text in texts]
    results, limit = process.run(requests)
    assert [judgement[0] for judgement, *_ in results] == [RIGHT]
    assert limit == "more than 0.5 s of processor time"
    assert process.pid is None
    pool = SandboxPool(FRAGILE, "review_request", processes=1, cpu_seconds=CPU_SECONDS)
    assert pool.run(requests[1:2]) == [GaveUp("more than 0.5 s of processor time")]


def test_a_child_that_cannot_run_at_all_is_ended() -> None:
    process = SandboxProcess("math", "sqrt", wall_seconds=0.5)
    process._start()  # so that the wait is for the request alone
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    assert process.run([9]) == ([], "no answer within 0.5 s")
    assert process.pid is None


def test_close_ends_the_process_and_a_later_request_starts_one() -> None:
    process = SandboxProcess("math", "sqrt")
    assert process.run([9, 16]) == ([3.0, 4.0], "")
    pid = process.pid
    assert pid is not None
    process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert process.run([16]) == ([4.0], "")
    process.close()


def test_a_child_that_cannot_start_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"no_such_module\.judge did not start"):
        SandboxProcess("no_such_module", "judge").run([1])


def test_a_child_ends_with_its_parent_also_when_that_is_killed() -> None:
    code = (
        "import os, signal; from collate.answers import Verifier; v = Verifier('number'); "
        "v.judge([('#### 7', '7')]); print(v._pool.pids[0], flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL
    until = time.monotonic() + 20
    while alive(int(done.stdout)):
        assert time.monotonic() < until
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits for somebody to take its status does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


SCRIPT = """
import json, sys, threading
from collate.answers.verifier import Verifier
def judge():
    for kind, text, gold in (
        ("number", "6 + 1\\n#### 7", "7"), ("choice", "(B)\\n#### B", "B"),
        ("boolean", "#### yes", "no"), ("text", "Lima", "Lima"),
    ):
        verdicts.append(Verifier(kind=kind).judge([(text, gold)])[0].verdict)
verdicts = []
judge()
thread = threading.Thread(target=judge)
thread.start()
thread.join()
assert "torch" not in sys.modules and "pyarrow" not in sys.modules
print(json.dumps(verdicts))
"""


def test_a_script_without_a_main_guard_may_judge_also_in_a_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [RIGHT, RIGHT, WRONG, UNKNOWN] * 2

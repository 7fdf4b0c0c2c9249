"""Processes that die under a run: what they had is done again, once, and nothing else changes."""

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray

from collate.cluster.actors import TuningJob
from collate.cluster.pool import ATTEMPTS, Pool, Work
from collate.cluster.progress import ProgressBoard
from collate.cluster.session import gather
from collate.cluster.workers import Workers
from collate.config.schema import (
    AgentsConfig,
    EngineConfig,
    ModelConfig,
    RayConfig,
    RunConfig,
    TaskConfig,
    TuningConfig,
)
from collate.engines.build_engine import build_engine
from collate.engines.protocol import Completion
from collate.errors import DeadlineError, EngineError, WorkerDiedError
from collate.models.weights import FINISHED, AgentWeights
from collate.tuning.data import write_examples
from tests.engines.adapters import requests_for

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("local_ray")]
BASE = {"base": AgentWeights(agent="base", digest="base", folder=None, kind="base")}


@ray.remote(num_cpus=0)
class Fragile:
    """Doubles numbers; dies at 13, in one of two ways, as often as `diary` has room for."""

    def __init__(self, diary: str, deaths: int, way: str):
        self._diary, self._deaths, self._way = Path(diary), deaths, way

    def ready(self) -> str:
        return "fragile"

    def double(self, key: str, numbers: Sequence[int]) -> list[int]:
        died = len(self._diary.read_text()) if self._diary.exists() else 0
        if 13 in numbers and died < self._deaths:
            with self._diary.open("a") as diary:
                diary.write("x")
            if self._way == "engine":
                raise WorkerDiedError("the engine in here is gone")
            os.kill(os.getpid(), signal.SIGKILL)
        return [2 * number for number in numbers]


def pool_of(make: Any, told: list[str], start_deadline: float = 120.0) -> Pool:
    return Pool(
        make, 2, description="a fragile worker", share_text="no core",
        start_deadline=start_deadline, board=ProgressBoard.remote(), notify=told.append,  # type: ignore[attr-defined]
    )  # fmt: skip


def doubled(pool: Pool) -> dict[str, list[int]]:
    """What came back of twenty pieces of work, checked that each came once."""
    queue = [Work(str(n), "double", ([n, n + 100],), size=2) for n in range(20)]
    results: dict[str, list[int]] = {}
    seen: list[int] = []

    def done(work: Work, result: list[int]) -> int:
        assert work.key not in results
        results[work.key] = result
        return 0

    pool.run(queue, done, deadline=60, progress=lambda units, _: seen.append(units))
    assert seen[-1] == 40
    return results


@pytest.mark.parametrize("way", ["process", "engine"])
def test_an_actor_that_dies_is_replaced_and_its_work_done_again(tmp_path: Path, way: str) -> None:
    told: list[str] = []
    pool = pool_of(lambda _: Fragile.remote(str(tmp_path / "diary"), 1, way), told)  # type: ignore[attr-defined]
    assert doubled(pool) == {str(n): [2 * n, 2 * n + 200] for n in range(20)}
    assert len(told) == 1 and "died and is replaced" in told[0]
    pool.close()


def test_work_that_kills_every_actor_ends_the_stage(tmp_path: Path) -> None:
    told: list[str] = []
    pool = pool_of(lambda _: Fragile.remote(str(tmp_path / "diary"), 99, "engine"), told)  # type: ignore[attr-defined]
    with pytest.raises(EngineError, match=rf"is gone \({ATTEMPTS} times"):
        doubled(pool)
    pool.close()


@ray.remote(num_cpus=0)
class Slow:
    """Takes its time."""

    def ready(self) -> str:
        return "slow"

    def double(self, key: str, numbers: Sequence[int]) -> list[int]:
        time.sleep(60)
        return []


def test_work_that_does_not_end_runs_into_its_deadline() -> None:
    pool = pool_of(lambda _: Slow.remote(), [])  # type: ignore[attr-defined]
    with pytest.raises(
        DeadlineError, match=r"no progress for 1 s; .* raise ray\.work_deadline.* CPUs free"
    ):
        pool.run(
            [Work("a", "double", ([1],), 1)], lambda *_: 0, deadline=1, progress=lambda *_: None
        )
    pool.close()


def test_actors_that_find_no_place_run_into_their_deadline() -> None:
    nowhere = Slow.options(num_cpus=1000)  # type: ignore[attr-defined]
    with pytest.raises(DeadlineError, match=r"2 of a fragile worker to start, each on no core"):
        pool_of(lambda _: nowhere.remote(), [], start_deadline=2).wait_until_ready()


def run_config(tmp_path: Path, model: Path) -> RunConfig:
    return RunConfig(
        folder=str(tmp_path),
        model=ModelConfig(name=str(model), dtype="float32"),
        task=TaskConfig(name="t", kind="table"),
        agents=AgentsConfig(rank=4),
        engine=EngineConfig(kind="transformers", batch=2, max_length=256, threads=1),
        tuning=TuningConfig(batch=2, micro_batch=2, checkpoint_steps=2, learning_rate=1e-3),
        ray=RayConfig(start_deadline=120),
    )


def kill(title: str) -> bool:
    """SIGKILL this session's worker process of that name; whether there was one."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if title in " ".join(process.cmdline()):
                process.send_signal(signal.SIGKILL)
                return True
    return False


def test_an_engine_killed_while_it_generates_loses_and_doubles_nothing(
    tiny_model: Path, tmp_path: Path
) -> None:
    config = run_config(tmp_path, tiny_model)
    requests = requests_for(tiny_model, samples=6, temperature=1.0, max_tokens=200)
    assert len(requests) > 16
    expected = build_engine(str(tiny_model), config.engine, config.model).generate(requests, BASE)
    told: list[str] = []
    kept: list[Completion] = []

    killed = False

    def report(units: int, _: int) -> None:
        nonlocal killed
        if not killed and units > len(kept):  # inside of a chunk
            killed = kill("EngineActor")

    with Workers(config, tiny_model, told.append, needs_torch=False) as workers:
        workers.generate([requests], BASE, report, on_completions=lambda _, done: kept.extend(done))
    assert killed
    found = {completion.key: completion.token_ids for completion in kept}
    assert [found[c.key] for c in expected] == [c.token_ids for c in expected]
    assert sorted(c.key for c in kept) == sorted(r.key for r in requests)
    assert len(told) == 1 and "transformers engine died and is replaced" in told[0]


def test_a_tuning_process_that_is_killed_goes_on_from_its_checkpoint(
    tiny_model: Path, tmp_path: Path
) -> None:
    config = run_config(tmp_path, tiny_model)
    config = replace(config, tuning=replace(config.tuning, epochs=20))
    examples = [
        {"question_id": str(n), "prompt_ids": [5, 6, 7 + n], "roles": ["chosen", "rejected"],
         "completion_ids": [[20 + n, 9], [40 + n, 3, 9]]}
        for n in range(8)
    ]  # fmt: skip
    told: list[str] = []

    def tuned(place: str, dies: bool) -> tuple[dict[str, bytes], list[int]]:
        """The files that came out, and the steps that were seen after the death."""
        folder, after = tmp_path / place, list[int]()
        killed = not dies

        def report(steps: int, _: int) -> None:
            nonlocal killed
            if not killed and steps > 10 and list(folder.glob("step-*")):
                killed = kill("TorchActor")
            elif killed and told and steps:
                after.append(steps)

        written = write_examples(folder, [examples[:5], [], examples[5:]])
        job = TuningJob(
            "base", BASE["base"], written, folder, seed=3, steps=80, tuning=config.tuning
        )
        with Workers(config, tiny_model, told.append) as workers:
            workers.tune([job], report)
        assert killed
        return {path.name: path.read_bytes() for path in (folder / FINISHED).iterdir()}, after

    whole, _ = tuned("whole", dies=False)
    cut, after = tuned("cut", dies=True)
    assert cut == whole
    assert len(told) == 1 and "a process for torch died and is replaced" in told[0]
    assert min(after) > 10


def test_gathering_says_what_it_waited_for() -> None:
    @ray.remote(num_cpus=0)
    def late() -> None:
        time.sleep(30)

    with pytest.raises(DeadlineError, match="waited 1 s for the late one; 1 of 1 did not come"):
        gather([late.remote()], deadline=1, waiting_for="the late one")

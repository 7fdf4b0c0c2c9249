"""`collate submit`: a run as a job on a local Ray cluster, its log followed, status returned."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import collate
from collate.commands.submit import absolute_paths
from tests.command_line import TINY_RUN, VERDICTS_ONLY
from tests.command_line import collate as command

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Ray cluster of this machine, with ports, folder and token of its own."""
    os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    port, dashboard = free_port(), free_port()
    folder = Path("/tmp") / f"collate-ray-{port}"  # Ray's socket paths must stay short
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    start = [
        BIN / "ray", "start", "--head", "--block", f"--port={port}",
        f"--dashboard-port={dashboard}", "--dashboard-host=127.0.0.1", "--include-dashboard=true",
        f"--temp-dir={folder}", "--object-store-memory=200000000",
        f"--dashboard-agent-listen-port={free_port()}", "--num-cpus=2",
        f"--ray-client-server-port={free_port()}",
    ]  # fmt: skip
    log = tmp_path_factory.mktemp("cluster") / "ray.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            list(map(str, start)), env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield f"http://127.0.0.1:{dashboard}"
    finally:
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
            os.environ.pop(name)
        os.killpg(process.pid, 15)
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def wait_until_it_answers(address: str, seconds: float = 180) -> None:
    """Until the dashboard answers anything, be it that a token is missing."""
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(f"{address}/api/version", timeout=5)
        except urllib.error.HTTPError:
            break
        except OSError:
            assert time.monotonic() < until, f"no cluster at {address} after {seconds:.0f} s"
            time.sleep(1)
        else:
            break
    time.sleep(5)  # the agent that carries out jobs comes a little later


@pytest.mark.timeout(900)
def test_a_run_as_a_job_and_its_exit_status(cluster: str, tiny_model: Path, tmp_path: Path) -> None:
    wait_until_it_answers(cluster)
    done = command(
        "submit", "--address", cluster, "--python", sys.executable, "run", f"model={tiny_model}",
        *TINY_RUN, *VERDICTS_ONLY, "rounds=1", "name=job", cwd=tmp_path, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "round 1  generate" in done.stdout and "SUCCEEDED" in done.stdout
    assert len(collate.load_run(tmp_path / "runs" / "job").rationales()) == 12 * 2 * 3

    refused = command(
        "submit", "--address", cluster, "--python", sys.executable, "run", "rounds=-1",
        cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert refused.returncode == 2, refused.stdout[-2000:]
    assert "rounds=-1: at least 0" in refused.stdout


def test_without_a_cluster_it_says_how_to_start_one(tmp_path: Path) -> None:
    done = command("submit", "run", "rounds=1", cwd=tmp_path)
    assert done.returncode == 2
    assert "ray start --head" in done.stderr


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    done = command("submit", "--address", address, "run", "rounds=1", cwd=tmp_path)
    assert done.returncode == 1
    assert f"--address {address}: no Ray cluster answers there" in done.stderr
    assert "Give --address" not in done.stderr and "Traceback" not in done.stderr


def test_paths_become_absolute_and_runs_stay_where_the_user_is(tmp_path: Path) -> None:
    made = absolute_paths(["task.path=data/q.jsonl", "rounds=2"], tmp_path, "run")
    assert made == [f"task.path={tmp_path}/data/q.jsonl", "rounds=2", f"folder={tmp_path}/runs"]
    assert absolute_paths(["run=runs/a"], tmp_path, "evaluate") == [f"run={tmp_path}/runs/a"]

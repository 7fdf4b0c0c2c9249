"""`collate submit`: the same command as a job on a Ray cluster.

    collate submit run task=gsm8k rounds=3
    collate submit --address http://10.0.0.5:8265 run experiment=quickstart folder=/shared/runs

What is sent, and what the cluster must offer, stands in `jobs/README.md`.
"""

import argparse
import asyncio
import fnmatch
import os
import re
import shlex
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from collate.cluster.address import dashboard_problems, use_token
from collate.errors import CollateError, InputError
from collate.masking import masked_text

PATH_KEYS = ("task.path", "task.test_path", "folder", "run", "warmup.path")
"""Settings that name files or folders: made absolute, since a job runs in a folder of its own."""
NAME_KEYS = ("model", "model.name", "task.dataset", "scoring.model", "agents.start")
"""Settings that may name a folder, or an agent of a run by the run's folder."""

NO_ADDRESS = """\
no cluster named. Give --address http://HOST:8265, or set RAY_API_SERVER_ADDRESS.
To make a cluster of this machine:  ray start --head --include-dashboard=true \
--dashboard-host=127.0.0.1
and then:                           collate submit --address http://127.0.0.1:8265 run ..."""


def submit(arguments: Sequence[str]) -> int:
    """Send a verb and its overrides as a job; follow its log; returns the job's exit status."""
    options = _options(arguments)
    address = options.address or os.environ.get("RAY_API_SERVER_ADDRESS")
    if not address:
        raise InputError(NO_ADDRESS)
    if found := dashboard_problems(address):
        raise InputError.of(found)
    if options.verb not in ("run", "evaluate"):
        raise InputError(f"collate submit takes the verbs run and evaluate, found {options.verb!r}")
    project = _project()
    environment = yaml.safe_load((_jobs_folder() / "runtime_env.yaml").read_text())
    size = upload_bytes(project, environment["excludes"])
    overrides = absolute_paths(options.overrides, Path.cwd(), options.verb)
    entry = shlex.join([options.python, "-m", "collate", options.verb, *overrides])
    print(
        f"sending     {project} ({size / 2**20:.1f} MiB, "
        f"without {', '.join(environment['excludes'])})"
    )
    print(f"job         {masked_text(entry)}")
    use_token()
    client = _client(address)
    job = client.submit_job(
        entrypoint=entry, runtime_env={**environment, "working_dir": str(project)}
    )
    shown = masked_text(address)
    print(f"submitted   {job} to {shown}", flush=True)
    if options.no_wait:
        return 0
    try:
        asyncio.run(_follow(client, job))
    except KeyboardInterrupt:
        print(f"\n{job} goes on. Follow it: ray job logs --address {shown} --follow {job}")
        print(f"Stop it: ray job stop --address {shown} {job}")
        return 130
    info = client.get_job_info(job)
    print(f"{job}: {info.status}" + (f": {masked_text(info.message)}" if info.message else ""))
    if info.driver_exit_code is not None:
        return int(info.driver_exit_code)
    return 0 if str(info.status) == "SUCCEEDED" else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="collate submit", description=__doc__.split("\n")[0])
    parser.add_argument("--address", help="of the cluster's dashboard, http://HOST:8265")
    parser.add_argument("--no-wait", action="store_true", help="return as soon as the job is taken")
    parser.add_argument("--python", default="python", help="the interpreter on the cluster")
    parser.add_argument("verb", help="run or evaluate")
    parser.add_argument("overrides", nargs=argparse.REMAINDER, help="as for the verb itself")
    return parser.parse_args(list(arguments))


def absolute_paths(overrides: Sequence[str], folder: Path, verb: str) -> list[str]:
    """The overrides with paths made absolute; without `folder=` a run is kept in `folder`/runs."""
    absolute = []
    for override in overrides:
        key, sign, value = override.partition("=")
        if sign and key in PATH_KEYS:
            value = str((folder / value).resolve())
        elif sign and key in NAME_KEYS:
            value = _absolute_name(value, folder)
        absolute.append(f"{key}{sign}{value}")
    if verb == "run" and not any(override.startswith("folder=") for override in absolute):
        absolute.append(f"folder={folder / 'runs'}")
    return absolute


def _absolute_name(value: str, folder: Path) -> str:
    """A model's name; where it begins with a folder that is there, with that made absolute."""
    # runs/quickstart:agent-2@1 begins with the folder runs/quickstart
    end = re.search(r"[:@]|$", value)
    path = value if end is None or (folder / value).exists() else value[: end.start()]
    rest = value.removeprefix(path)
    return f"{(folder / path).resolve()}{rest}" if path and (folder / path).exists() else value


def upload_bytes(project: Path, excludes: Sequence[str]) -> int:
    """Size of what is sent: the project without what the patterns exclude."""
    total = 0
    for parent, folders, names in os.walk(project):
        folders[:] = [f for f in folders if not _excluded(f, excludes)]
        total += sum((Path(parent) / n).stat().st_size for n in names if not _excluded(n, excludes))
    return total


def _excluded(name: str, excludes: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern.strip("/")) for pattern in excludes)


def _project() -> Path:
    """The checkout that collate runs from, or the current folder where it is installed."""
    checkout = Path(str(files("collate"))).parent
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def _jobs_folder() -> Path:
    package = Path(str(files("collate")))
    return package / "jobs" if (package / "jobs").is_dir() else package.parent / "jobs"


def _client(address: str) -> Any:
    from ray.job_submission import JobSubmissionClient

    try:
        return JobSubmissionClient(address)
    except (ConnectionError, RuntimeError) as error:
        raise CollateError(f"no Ray cluster answers at {address}: {error}\n{NO_ADDRESS}") from error


async def _follow(client: Any, job: str) -> None:
    async for lines in client.tail_job_logs(job):
        sys.stdout.write(lines)
        sys.stdout.flush()

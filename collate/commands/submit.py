"""`collate submit`: the same command as a job on a Ray cluster.

    collate submit run task=gsm8k rounds=3
    collate submit --address http://10.0.0.5:8265 run experiment=quickstart folder=/shared/runs

What is sent, and what the cluster must offer, stands in `jobs/README.md`.
"""

import argparse
import asyncio
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from collate.cluster.address import dashboard_problems, use_token
from collate.commands.arguments import read_options
from collate.commands.job_files import JobFiles, job_files
from collate.config.build import flattened
from collate.config.compose import jobs
from collate.config.fields import settings_of
from collate.config.overrides import split_override
from collate.config.schema import RunConfig
from collate.config.sent_files import FOLDER, SENT_FILES
from collate.config.typed_text import split_at_commas, typed_text, written
from collate.errors import CollateError, InputError
from collate.masking import masked_text

NO_ADDRESS = """\
no cluster named. Give --address http://HOST:8265, or set RAY_API_SERVER_ADDRESS.
To make a cluster of this machine:  ray start --head --include-dashboard=true \
--dashboard-host=127.0.0.1
and then:                           collate submit --address http://127.0.0.1:8265 run ..."""


@dataclass(frozen=True)
class Request:
    """The command line of a job, and the files that go with it."""

    arguments: list[str]
    files: JobFiles


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
    request = requested_job(options.verb, options.overrides, Path.cwd())
    entry = shlex.join([options.python, "-m", "collate", options.verb, *request.arguments])
    _print_request(request, entry)
    use_token()
    given_as = "--address " if options.address else "RAY_API_SERVER_ADDRESS="
    client, job = _submitted(address, f"{given_as}{address}", entry, request.files)
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


def requested_job(verb: str, arguments: Sequence[str], folder: Path) -> Request:
    """What a command line that is given in `folder` asks a cluster for.

    Whatever names a file or folder, in an override or in a preset, is written as an absolute path.
    Raises InputError where the settings cannot be composed, so that nothing is sent in vain.
    """
    options = read_options(arguments)
    if options.help:
        raise InputError(f"collate {verb} --help needs no cluster; leave out submit")
    preset_folders = [(folder / Path(each).expanduser()).resolve() for each in options.config_dir]
    settings_overrides = [text for text in options.overrides if not text.startswith("run=")]
    composed, problems = jobs(settings_overrides, preset_folders, multirun=options.multirun)
    if problems:
        raise InputError.of(problems)
    settings = [flattened(job.settings) for job in composed]
    given = {split_override(override)[1] for override in options.overrides}
    runs = RunConfig().folder if "folder" in given else str(_common_value("folder", settings))
    overrides = absolute_paths(
        options.overrides, folder, verb, multirun=options.multirun, runs=runs
    )
    overrides += _paths_of_presets(overrides, settings, folder, verb)
    presets = {f"presets-{number}": path for number, path in enumerate(preset_folders)}
    question_files = {
        (folder / Path(each[key]).expanduser()).resolve()
        for each in settings
        for key in _naming_settings("path")
        if key != "folder" and each.get(key) is not None
    }
    flags = ["-m"] if options.multirun else []
    flags += ["--cfg", options.cfg] if options.cfg else []
    for place in presets:
        flags += ["--config-dir", place]
    return Request([*flags, *overrides], job_files(presets, sorted(question_files)))


def absolute_paths(
    overrides: Sequence[str],
    folder: Path,
    verb: str,
    *,
    multirun: bool = False,
    runs: str = RunConfig().folder,
) -> list[str]:
    """The overrides with paths made absolute, since a job runs in a folder of its own.

    Without `folder=` a run is kept in `folder`/`runs`, as is the evaluation of a model. Texts are
    quoted wherever a shell's or Hydra's reading of them could differ.
    """
    absolute = []
    for override in overrides:
        _, key, value = split_override(override)
        names = "path" if key == "run" else _naming_settings().get(key)
        if names is None or value is None:
            absolute.append(override)
            continue
        values = split_at_commas(value) if multirun and key != "run" else [value]
        texts = [typed_text(key, each.strip() if multirun else each) for each in values]
        made = [written(key, _absolute(text, names, folder)) for text in texts]
        absolute.append(",".join([made[0], *(each.partition("=")[2] for each in made[1:])]))
    keys = {split_override(override)[1] for override in absolute}
    if "folder" not in keys and not (verb == "evaluate" and "run" in keys):
        absolute.append(written("folder", _absolute(runs, "path", folder)))
    return absolute


def _naming_settings(kind: str = "") -> dict[str, str]:
    """The settings that name paths ("path") or models ("model"), by key; all of them, or a kind."""
    names = {setting.key: setting.names for setting in settings_of(RunConfig).values()}
    names["model"] = "model"
    return {key: what for key, what in names.items() if what and kind in ("", what)}


def _absolute(text: str | None, names: str, folder: Path) -> str | None:
    """A path made absolute; a model's name where it begins with a folder that is there."""
    if text is None or text.startswith("packaged:") or not text:
        return text
    if names == "path":
        return str((folder / Path(text).expanduser()).resolve())
    # runs/quickstart:agent-2@1 begins with the folder runs/quickstart
    end = re.search(r"[:@]|$", text)
    whole = (folder / Path(text).expanduser()).exists()
    path = text if end is None or whole else text[: end.start()]
    rest = text.removeprefix(path)
    there = folder / Path(path).expanduser()
    return f"{there.resolve()}{rest}" if path and there.exists() else text


def _paths_of_presets(
    overrides: Sequence[str], settings: Sequence[dict[str, Any]], folder: Path, verb: str
) -> list[str]:
    """Overrides for the paths that presets give relative to the present folder."""
    keys = {split_override(override)[1] for override in overrides}
    if "model" in keys:
        keys.add("model.name")
    added = []
    for key, names in _naming_settings().items():
        # A run that is evaluated keeps all of its settings but those of a task.
        is_kept = verb == "evaluate" and "run" in keys and not key.startswith("task.")
        if key in keys or key == "model" or is_kept:
            continue
        values = {each.get(key) for each in settings}
        absolute = {value: _absolute(value, names, folder) for value in values}
        if all(value == path for value, path in absolute.items()):
            continue
        value = _common_value(key, settings)
        added.append(written(key, absolute[value]))
    return added


def _common_value(key: str, settings: Sequence[dict[str, Any]]) -> Any:
    """The value that a setting has in all jobs. Raises InputError where they differ."""
    values = list(dict.fromkeys(each.get(key) for each in settings))
    if len(values) > 1 and not all(value is None or Path(value).is_absolute() for value in values):
        raise InputError(
            f"{key}: the presets of this multirun name {', '.join(map(str, values))}, relative to "
            "the present folder, which a job does not have; give absolute paths"
        )
    return values[0]


def _print_request(request: Request, entry: str) -> None:
    sent = request.files
    print(f"sending     collate, {len(sent.files):,} files ({sent.size / 2**20:.1f} MiB)")
    for place, path in sent.files.items():
        if place.split("/")[0] not in ("collate", "conf"):
            print(f"and         {path}")
    for text in sent.left_out:
        print(f"left out    {text}")
    print(f"job         {masked_text(entry)}", flush=True)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="collate submit", description=__doc__.split("\n")[0])
    parser.add_argument("--address", help="of the cluster's dashboard, http://HOST:8265")
    parser.add_argument("--no-wait", action="store_true", help="return as soon as the job is taken")
    parser.add_argument("--python", default="python", help="the interpreter on the cluster")
    parser.add_argument("verb", help="run or evaluate")
    parser.add_argument("overrides", nargs=argparse.REMAINDER, help="as for the verb itself")
    return parser.parse_args(list(arguments))


def _environment() -> dict[str, Any]:
    """The runtime environment of a job, as `jobs/runtime_env.yaml` has it."""
    package = Path(str(files("collate")))
    folder = package / "jobs" if (package / "jobs").is_dir() else package.parent / "jobs"
    environment: dict[str, Any] = yaml.safe_load((folder / "runtime_env.yaml").read_text())
    variables = {**environment["env_vars"], SENT_FILES: FOLDER}
    return {**environment, "env_vars": variables}


def _submitted(address: str, shown: str, entry: str, sent: JobFiles) -> tuple[Any, str]:
    """A client of the cluster, and the id of the job that it was sent."""
    try:
        client = _client(address)
    except (ConnectionError, RuntimeError) as error:
        raise CollateError(
            f"{shown}: no Ray cluster answers there ({' '.join(str(error).split())}); see that it "
            "runs (ray status on its head), and that this is the address of its dashboard"
        ) from error
    with tempfile.TemporaryDirectory(prefix="collate-job-") as folder:
        sent.copy_to(Path(folder))
        runtime_env = {**_environment(), "working_dir": folder}
        try:
            return client, client.submit_job(entrypoint=entry, runtime_env=runtime_env)
        except (ConnectionError, RuntimeError) as error:
            raise CollateError(
                f"{shown}: the cluster did not take the job ({' '.join(str(error).split())})"
            ) from error


def _client(address: str) -> Any:
    from ray.job_submission import JobSubmissionClient

    return JobSubmissionClient(address)


async def _follow(client: Any, job: str) -> None:
    async for lines in client.tail_job_logs(job):
        sys.stdout.write(lines)
        sys.stdout.flush()

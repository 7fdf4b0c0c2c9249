"""The command line.

    collate run task=gsm8k model=Qwen/Qwen2.5-0.5B-Instruct agents.count=4 rounds=3
    collate run -m tuning.beta=0.05,0.1,0.3
    collate evaluate run=runs/quickstart
    collate report run=runs/quickstart
    collate submit run task=gsm8k rounds=3
    collate doctor

Exit status: 0 done (also when nothing is left to learn), 2 the request cannot be carried out and
nothing was started, 1 it failed on the way, 130 interrupted.

Heavy packages are imported where they are used: `collate --help` answers in well under a second.
"""

import argparse
import errno
import os
import re
import sys
from collections.abc import Callable, Container, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from collate.config.offline import offline_unless_asked

if TYPE_CHECKING:
    from collate.config.compose import Job
    from collate.config.schema import RunConfig

USAGE = """\
usage: collate <verb> [options] [group=preset | key=value ...]

  run         teach several agents from their own rationales; the same command again continues
  evaluate    measure a run's agents again, or on another task:  \
collate evaluate run=runs/quickstart
  compare     run rivals on the same questions under one budget:
              collate compare base=quickstart arms=[collate,one_model,rft] seeds=3
  report      write a run as one HTML page:                      collate report run=runs/quickstart
  submit      send a verb to a Ray cluster as a job:             collate submit run task=gsm8k
  doctor      say what is installed and what this machine offers

collate run --help lists every setting. Options of run: -m (every combination of comma-separated
values), --cfg job (print the settings and stop), --config-dir DIR (presets of your own).
"""


INTERRUPTED = 130
DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    if verb == "--version":
        from collate import __version__

        print(f"collate {__version__}")
        return 0
    verbs: dict[str, Callable[[list[str]], int]] = {
        "run": _run, "evaluate": _evaluate, "compare": _compare, "report": _report,
        "submit": _submit, "doctor": _doctor,
    }  # fmt: skip
    if verb not in verbs:
        import difflib

        nearest = difflib.get_close_matches(verb, verbs, n=1)
        print(
            f"collate: no verb {verb!r}" + (f"; did you mean {nearest[0]}?" if nearest else ""),
            file=sys.stderr,
        )
        print(USAGE, file=sys.stderr)
        return 2
    return _guarded(lambda: verbs[verb](rest))


def _guarded(action: Callable[[], object]) -> int:
    """Run, and turn an error that was foreseen into its message and exit status."""
    from collate.errors import CollateError, InputError
    from collate.masking import masked_text

    try:
        status = action()
        return status if isinstance(status, int) else 0
    except CollateError as error:
        print(f"collate: {masked_text(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    except OSError as error:
        if error.errno not in DISK_FAULTS:
            raise
        print(
            f"collate: {error.filename or 'the disk'}: {error.strerror}; "
            "when that is mended, the same command continues",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("collate: interrupted; the same command continues", file=sys.stderr)
        return INTERRUPTED


def _jobs(arguments: list[str]) -> "tuple[list[Job], list[str]] | None":
    """The jobs that options and overrides ask for, with every problem found; None after --help.

    With `--cfg job` the settings are printed and no job comes back. Raises InputError for options
    that there are not.
    """
    from collate.config import compose
    from collate.errors import InputError

    options = _options(arguments)
    own_folders = [Path(folder) for folder in options.config_dir]
    if options.help:
        from collate.config.help import settings_help

        print(USAGE)
        print(settings_help(compose.groups([compose.conf_folder(), *own_folders])))
        return None
    jobs, found = compose.jobs(options.overrides, own_folders, multirun=options.multirun)
    for job in jobs:
        if job.varied and job.settings.get("name") is not None:
            varied = re.sub(r"[^A-Za-z0-9._=,-]", "-", ",".join(job.varied))
            job.settings["name"] = f"{job.settings['name']}-{varied}"
    if options.cfg and not found:
        import yaml

        from collate.masking import masked

        for job in jobs:
            print(yaml.safe_dump(masked(job.settings), sort_keys=False, allow_unicode=True), end="")
        return None
    if options.cfg:
        raise InputError.of(found)
    return jobs, found


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    from collate.errors import InputError

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise InputError(f"{message}; the options are -m, --cfg job, --config-dir DIR, --help")

    parser = Parser(prog="collate", add_help=False, allow_abbrev=False)
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-c", "--cfg", choices=("job",))
    parser.add_argument("-cd", "--config-dir", action="append", default=[])
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("overrides", nargs="*")
    return parser.parse_intermixed_args(list(arguments))


def _each(actions: "Sequence[Callable[[], object]]") -> int:
    """Carry out one job after the other, past those that fail; the worst status of them."""
    statuses = []
    for action in actions:
        statuses.append(_guarded(action))
        if statuses[-1] == INTERRUPTED:
            break
    return max(statuses, default=0)


def _quiet_libraries() -> None:
    """No bars and warnings from libraries, before any of them reads its environment."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # the screen has bars of its own
    os.environ.setdefault("RAY_COLOR_PREFIX", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _run(arguments: list[str]) -> int:
    _quiet_libraries()
    asked = _jobs(arguments)
    if asked is None:
        return 0
    configs = _configs(*asked)
    offline_unless_asked(configs)
    from collate.commands.preflight import preflight
    from collate.rounds.loop import run

    if len(configs) > 1:  # what cannot work is refused before the first of several begins
        _none_wrong([partial(preflight, config) for config in configs])
    return _each([partial(run, config) for config in configs])


def _configs(jobs: "Sequence[Job]", found: list[str]) -> "list[RunConfig]":
    """The jobs' checked settings. Raises InputError with every problem of all of them."""
    from collate.config.build import read
    from collate.errors import InputError

    configs = []
    for job in jobs:
        config, wrong = read(job.settings)
        found = [*found, *wrong]
        configs.append(config)
    if found:
        wrong_sections = {re.split(r"[.=:\[]", line)[0] for line in found}
        raise InputError.of([*found, *_file_problems(configs, wrong_sections)])
    return configs


def _file_problems(configs: "Sequence[RunConfig]", wrong: Container[str]) -> list[str]:
    """Clusters, models and files that will not do, where the settings that name them are sound."""
    from collate.cluster.address import address_problems
    from collate.errors import InputError
    from collate.models import model_problems
    from collate.scoring.model import scorer_problems
    from collate.tasks import load_task

    found = []
    for config in configs:
        if "ray" not in wrong:
            found += address_problems(config.ray.address)
        if "model" not in wrong:
            found += model_problems(config.model)
        if "scoring" not in wrong:
            found += scorer_problems(config)
        if "task" not in wrong and config.task.path is not None:
            try:
                load_task(config.task)
            except InputError as error:
                found += error.problems
    return found


def _none_wrong(checks: "Sequence[Callable[[], object]]") -> None:
    """Raise one InputError with all that the checks raise."""
    from collate.errors import InputError

    found: list[str] = []
    for check in checks:
        try:
            check()
        except InputError as error:
            found += error.problems
    if found:
        raise InputError.of(found)


def _evaluate(arguments: list[str]) -> int:
    from collate.errors import InputError

    _quiet_libraries()
    path, rest = _run_argument(arguments, "evaluate")
    asked = _jobs(rest)
    if asked is None:
        return 0
    jobs, found = asked
    if found:
        raise InputError.of(found)
    from collate.commands.evaluate import evaluate

    overrides = _options(rest).overrides
    return _each([partial(evaluate, path, job.settings, overrides) for job in jobs])


def _compare(arguments: list[str]) -> int:
    from collate.config.arms import read_comparison
    from collate.errors import InputError

    _quiet_libraries()
    options = _options(arguments)
    if options.help or options.cfg or options.multirun:
        raise InputError(
            "collate compare takes base=, arms=[...], seeds=, name=, and settings for all arms; "
            "collate run --help lists those"
        )
    asked = read_comparison(options.overrides, [Path(folder) for folder in options.config_dir])
    offline_unless_asked(list(asked.settings.values()))
    for text in asked.replaced:
        print(f"warning: {text}")
    from rich.console import Console

    from collate.commands.compare import arms_of, compare

    compare(arms_of(asked), Path(asked.place), Console())
    return 0


def _report(arguments: list[str]) -> int:
    from collate.report.html import write_report

    path, rest = _run_argument(arguments, "report")
    if rest:
        from collate.errors import InputError

        raise InputError(f"collate report takes run=FOLDER alone, found {' '.join(rest)}")
    print(write_report(path))
    return 0


def _run_argument(arguments: list[str], verb: str) -> tuple[Path, list[str]]:
    from collate.errors import InputError

    named = [a for a in arguments if a.startswith("run=")]
    if len(named) != 1:
        raise InputError(f"collate {verb} needs one run=FOLDER, for example run=runs/quickstart")
    path = Path(named[0].removeprefix("run="))
    if not (path / "run.json").is_file():
        raise InputError(f"run={path}: no run there (a run's folder holds run.json)")
    return path, [a for a in arguments if not a.startswith("run=")]


def _submit(arguments: list[str]) -> int:
    from collate.commands.submit import submit

    return submit(arguments)


def _doctor(arguments: list[str]) -> int:
    from collate.commands.doctor import report

    if arguments:
        print(f"collate doctor takes nothing, found {' '.join(arguments)}", file=sys.stderr)
        return 2
    return report()


if __name__ == "__main__":
    sys.exit(main())

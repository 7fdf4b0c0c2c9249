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

import errno
import itertools
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

USAGE = """\
usage: collate <verb> [options] [group=preset | key=value ...]

  run         teach several agents from their own rationales; the same command again continues
  evaluate    measure a run's agents again, or on another task:  \
collate evaluate run=runs/quickstart
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
        "run": _run, "evaluate": _evaluate, "report": _report, "submit": _submit, "doctor": _doctor,
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


def _guarded(action: Callable[[], int]) -> int:
    """Run, and turn an error that was foreseen into its message and exit status."""
    from collate.errors import CollateError, InputError

    try:
        return action()
    except InputError as error:
        print(f"collate: {error}", file=sys.stderr)
        return 2
    except CollateError as error:
        print(f"collate: {error}", file=sys.stderr)
        return 1
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


def _hydra(arguments: list[str], job: Callable[[dict[str, Any]], int]) -> int:
    """Compose the settings with Hydra and give each job's to `job`; the worst status of them."""
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import DictConfig

    from collate.config import compose

    own_folders = [Path(v) for v in _option_values(arguments, ("--config-dir", "-cd"))]
    folders = [compose.conf_folder(), *own_folders]
    if any(a in ("-h", "--help") for a in arguments):
        from collate.config.help import settings_help

        print(USAGE)
        print(settings_help(compose.groups(folders)))
        return 0
    compose.register_schema()
    arguments = _checked(arguments, folders)
    statuses: list[int] = []

    def task(composed: DictConfig) -> None:
        settings = compose.settings_of(composed)
        if HydraConfig.get().mode == RunMode.MULTIRUN and settings.get("name") is not None:
            varied = ",".join(
                o for o in HydraConfig.get().overrides.task if _is_swept(o, arguments)
            )
            settings["name"] = f"{settings['name']}-{re.sub(r'[^A-Za-z0-9._=,-]', '-', varied)}"
        statuses.append(_guarded(lambda: job(settings)))
        if statuses[-1] == INTERRUPTED:
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as sweep_folder:
        sys.argv = ["collate", *arguments, f"hydra.sweep.dir={sweep_folder}"]
        decorate = hydra.main(
            version_base="1.3", config_path=str(compose.conf_folder().resolve()), config_name="run"
        )
        try:
            decorate(task)()
        except KeyboardInterrupt:
            return INTERRUPTED
        except SystemExit as stop:
            # Hydra has said why the settings do not compose, and nothing was started.
            return 2 if stop.code and not statuses else int(stop.code or 0)
    return max(statuses, default=0)


def _is_swept(override: str, arguments: Sequence[str]) -> bool:
    """Whether an override of one job of a multirun is one of several values that were given."""
    return override not in arguments and f"++{override}" not in arguments


def _checked(arguments: list[str], folders: Sequence[Path]) -> list[str]:
    """The arguments with their overrides checked; options and their values stay as they are."""
    from collate.config import compose
    from collate.errors import InputError

    takes_value = {"--cfg", "-c", "--package", "-p", "--config-dir", "-cd", "--config-name", "-cn"}
    takes_value |= {"--config-path", "-cp", "--info", "-i"}
    options, overrides = [], []
    expects_value = False
    for argument in arguments:
        if expects_value or argument.startswith("-"):
            options.append(argument)
            expects_value = not expects_value and argument in takes_value
        else:
            overrides.append(argument)
    bare = [text for text in overrides if "=" not in text and not text.startswith("~")]
    if bare:
        raise InputError.of([f"{text}: expected key=value" for text in bare])
    multirun = any(option in ("-m", "--multirun") for option in options)
    return options + compose.checked_overrides(overrides, folders, multirun=multirun)


def _option_values(arguments: Sequence[str], names: Sequence[str]) -> list[str]:
    apart = [value for name, value in itertools.pairwise(arguments) if name in names]
    joined = [a.partition("=")[2] for a in arguments if a.partition("=")[0] in names and "=" in a]
    return apart + joined


def _quiet_libraries() -> None:
    """Telemetry off and nothing fetched unasked, before any library reads its environment."""
    for name in ("HF_HUB_DISABLE_TELEMETRY", "VLLM_NO_USAGE_STATS", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("TQDM_DISABLE", "1")  # the screen has bars of its own
    os.environ.setdefault("RAY_COLOR_PREFIX", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _run(arguments: list[str]) -> int:
    _quiet_libraries()

    def job(settings: dict[str, Any]) -> int:
        from collate.config.build import build

        config = build(settings)
        from collate.rounds.run import run

        run(config)
        return 0

    return _hydra(arguments, job)


def _evaluate(arguments: list[str]) -> int:
    _quiet_libraries()
    path, rest = _run_argument(arguments, "evaluate")
    from collate.rounds.evaluate import evaluate

    return _hydra(rest, lambda settings: evaluate(path, settings, rest))


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
    from collate.cluster.submit import submit

    return submit(arguments)


def _doctor(arguments: list[str]) -> int:
    from collate.cluster.doctor import report

    if arguments:
        print(f"collate doctor takes nothing, found {' '.join(arguments)}", file=sys.stderr)
        return 2
    return report()


if __name__ == "__main__":
    sys.exit(main())

"""The command line.

    collate run task=gsm8k model=Qwen/Qwen2.5-0.5B-Instruct agents.count=4 rounds=3
    collate run -m tuning.beta=0.05,0.1,0.3
    collate evaluate run=runs/quickstart
    collate evaluate model=runs/quickstart:agent-2 task=gsm8k
    collate report run=runs/quickstart
    collate submit run task=gsm8k rounds=3
    collate doctor

Exit status: 0 done (also when nothing is left to learn), 2 the request cannot be carried out and
nothing was started, 1 it failed on the way, 130 interrupted.

Heavy packages are imported where they are used: `collate --help` answers in well under a second.
"""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

USAGE = """\
usage: collate <verb> [options] [group=preset | key=value ...]

  run         teach several agents from their own rationales; the same command again continues
  evaluate    measure a run's agents again, or any model on any task:
              collate evaluate run=runs/quickstart
              collate evaluate model=Qwen/Qwen2.5-0.5B-Instruct task=gsm8k
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
    if verb not in VERBS:
        from collate.errors import nearest_hint

        print(f"collate: no verb {verb!r}{nearest_hint(verb, VERBS)}", file=sys.stderr)
        print(USAGE, file=sys.stderr)
        return 2
    return _guarded(lambda: VERBS[verb](rest))


def _run(arguments: list[str]) -> int:
    _quiet_libraries()
    from collate.commands.arguments import checked_configs, raise_all, read_jobs
    from collate.config.offline import offline_unless_named

    if (requested := read_jobs(arguments)) is None:
        return 0
    configs = checked_configs(*requested)
    offline_unless_named(configs)
    from collate.commands.preflight import preflight
    from collate.commands.run import run

    if len(configs) > 1:  # what cannot work is refused before the first of several begins
        raise_all([partial(preflight, config) for config in configs])
    return _each([partial(run, config) for config in configs])


def _evaluate(arguments: list[str]) -> int:
    _quiet_libraries()
    from collate.commands.arguments import (
        checked_configs,
        named_run,
        read_jobs,
        read_options,
        split_argument,
    )
    from collate.errors import InputError

    run_text, rest = split_argument(arguments, "run")
    model_text, _ = split_argument(arguments, "model")
    if (run_text is None) == (model_text is None) and "--help" not in arguments:
        raise InputError(
            "collate evaluate needs run=FOLDER or model=NAME, for example run=runs/quickstart, or "
            "model=runs/quickstart:agent-1 task=gsm8k"
        )
    path = None if run_text is None else named_run(run_text, "evaluate")
    if (requested := read_jobs(rest)) is None:
        return 0
    jobs, problems = requested
    overrides = read_options(rest).overrides
    if path is None:
        configs = checked_configs(jobs, problems)
        from collate.commands.evaluate import evaluate_model

        task_is_given = any(text.partition("=")[0].split(".")[0] == "task" for text in overrides)
        return _each(
            [partial(evaluate_model, config, task_is_given=task_is_given) for config in configs]
        )
    if problems:
        raise InputError.of(problems)
    from collate.commands.evaluate import evaluate_run

    return _each([partial(evaluate_run, path, job.settings, overrides) for job in jobs])


def _compare(arguments: list[str]) -> int:
    _quiet_libraries()
    from collate.commands.compare import compare

    compare(arguments)
    return 0


def _report(arguments: list[str]) -> int:
    from collate.commands.arguments import named_run, split_argument
    from collate.errors import InputError
    from collate.report.html import write_report

    run_text, rest = split_argument(arguments, "run")
    if run_text is None or rest:
        raise InputError("collate report takes run=FOLDER alone, for example run=runs/quickstart")
    print(write_report(named_run(run_text, "report")))
    return 0


def _submit(arguments: list[str]) -> int:
    from collate.commands.submit import submit

    return submit(arguments)


def _doctor(arguments: list[str]) -> int:
    from collate.commands.doctor import print_findings
    from collate.errors import InputError

    if arguments:
        raise InputError(f"collate doctor takes nothing, found {' '.join(arguments)}")
    return print_findings()


VERBS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "evaluate": _evaluate,
    "compare": _compare,
    "report": _report,
    "submit": _submit,
    "doctor": _doctor,
}


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
    os.environ.setdefault("TQDM_DISABLE", "1")  # the terminal has bars of its own
    os.environ.setdefault("RAY_COLOR_PREFIX", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


if __name__ == "__main__":
    sys.exit(main())

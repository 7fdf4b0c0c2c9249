"""From a command line to checked settings: options, overrides, and every problem at once."""

import argparse
import re
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import NoReturn

from collate.config.build import read
from collate.config.compose import Job, jobs
from collate.config.help import settings_help
from collate.config.presets import conf_folder, presets_by_group
from collate.config.schema import RunConfig
from collate.config.typed_text import typed_text
from collate.errors import InputError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; the options are -m, --cfg job, --config-dir DIR, --help")


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Options and overrides of a command line. Raises InputError for an unknown option."""
    parser = _Parser(prog="collate", add_help=False, allow_abbrev=False)
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-c", "--cfg", choices=("job",))
    parser.add_argument("-cd", "--config-dir", action="append", default=[])
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("overrides", nargs="*")
    return parser.parse_intermixed_args(list(arguments))


def read_jobs(arguments: Sequence[str]) -> tuple[list[Job], list[str]] | None:
    """The jobs that a command line asks for, with every problem; None where there is nothing to do.

    That is after `--help`, which prints the settings, and after `--cfg job`, which prints those of
    each job.
    """
    options = read_options(arguments)
    own_folders = [Path(folder) for folder in options.config_dir]
    if options.help:
        print(settings_help(presets_by_group([conf_folder(), *own_folders])))
        return None
    requested, problems = jobs(options.overrides, own_folders, multirun=options.multirun)
    _name_by_varied_settings(requested)
    if not options.cfg:
        return requested, problems
    if problems:
        raise InputError.of(problems)
    import yaml

    from collate.masking import masked

    for job in requested:
        text = yaml.safe_dump(masked(job.settings), sort_keys=False, allow_unicode=True)
        print(text, end="")
    return None


def checked_configs(requested: Sequence[Job], problems: Sequence[str]) -> list[RunConfig]:
    """The jobs' checked settings. Raises InputError with every problem of all of them."""
    configs, all_problems = [], list(problems)
    for job in requested:
        config, wrong = read(job.settings)
        all_problems += wrong
        configs.append(config)
    if all_problems:
        # The section that a problem is of, as `agents` is of "agents.count=0: at least 1".
        wrong_sections = {re.split(r"[.=:\[]", line)[0] for line in all_problems}
        raise InputError.of([*all_problems, *_outside_problems(configs, wrong_sections)])
    return configs


def raise_all(checks: Sequence[Callable[[], object]]) -> None:
    """Raise one InputError with all that the checks raise."""
    problems: list[str] = []
    for check in checks:
        try:
            check()
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError.of(problems)


def named_run(text: str, verb: str) -> Path:
    """The folder of a run that a verb is to read. Raises InputError where there is none."""
    path = Path(text).expanduser()
    if not (path / "run.json").is_file():
        raise InputError(f"collate {verb} run={path}: no run there (a run's folder holds run.json)")
    return path


def split_argument(arguments: Sequence[str], key: str) -> tuple[str | None, list[str]]:
    """The text of `key=...` among the arguments, and the other arguments.

    Raises InputError where it is given twice.
    """
    given = [text for text in arguments if text.startswith(f"{key}=")]
    if len(given) > 1:
        raise InputError(f"{' '.join(given)}: give {key}= once")
    others = [text for text in arguments if not text.startswith(f"{key}=")]
    return (typed_text(key, given[0].removeprefix(f"{key}=")) if given else None), others


def _name_by_varied_settings(requested: Sequence[Job]) -> None:
    """Runs of one command that differ in a setting get names that differ by it."""
    from collate.masking import masked_text

    suffixes = [
        re.sub(r"[^A-Za-z0-9._=,-]", "-", ",".join(map(masked_text, job.varied)))
        for job in requested
    ]
    for number, (job, suffix) in enumerate(zip(requested, suffixes, strict=True), start=1):
        if not job.varied or job.settings.get("name") is None:
            continue
        # Texts such as #### and @@@@ leave nothing in a name to tell them apart.
        number_suffix = f"-{number}" if suffixes.count(suffix) > 1 else ""
        job.settings["name"] = f"{job.settings['name']}-{suffix}{number_suffix}"


def _outside_problems(configs: Sequence[RunConfig], wrong: Container[str]) -> list[str]:
    """Clusters, models and files that will not do, where the settings that name them are sound."""
    from collate.cluster.address import address_problems
    from collate.commands.preflight import model_problems, scorer_problems
    from collate.tasks import load_task

    problems = []
    for config in configs:
        if "ray" not in wrong:
            problems += address_problems(config.ray.address)
        if "model" not in wrong:
            problems += model_problems(config)
        if "scoring" not in wrong:
            problems += scorer_problems(config)
        if "task" not in wrong and config.task.path is not None:
            try:
                load_task(config.task)
            except InputError as error:
                problems += error.problems
    return problems

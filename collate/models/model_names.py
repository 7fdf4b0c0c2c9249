"""One way to name a model, wherever a model is asked for.

    Qwen/Qwen2.5-0.5B-Instruct[@revision]     hub id
    path/to/folder                            safetensors with tokenizer, or a PEFT adapter folder
    packaged:smollm2-135m-instruct            a model that a Python package ships
    runs/quickstart                           a run's best agent, of its best round
    runs/quickstart:agent-2                   that agent
    runs/quickstart:agent-2@1                 that agent after round 1
    merges/both                               a finished merge, a folder like any other

`parse_model_name` reads such a text; `collate.store.resolve` finds what it names.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from collate.errors import InputError

PACKAGED_PREFIX = "packaged:"
RUN_FACTS = "run.json"
"""The file by which a run's folder is known."""

MAX_CHARACTERS = 1000
"""Of a model's name; systems of files take no longer paths than a few times that."""

# owner/name, or a bare name such as gpt2, with a revision behind @
_HUB_ID = re.compile(r"(?P<id>[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?)(?:@(?P<revision>\S+))?")
# runs/quickstart:agent-2@1, runs/quickstart@1, runs/quickstart:agent-2
_RUN_PART = re.compile(r"(?P<run>.+?)(?::(?P<agent>[A-Za-z0-9][\w.-]*))?(?:@(?P<round>\d{1,6}))?")


@dataclass(frozen=True)
class HubName:
    """A model of the hub; without a revision its newest."""

    id: str
    revision: str | None = None


@dataclass(frozen=True)
class FolderName:
    """A local folder with a model or an adapter in it."""

    path: Path


@dataclass(frozen=True)
class PackagedName:
    """A model that an installed Python package ships."""

    key: str


@dataclass(frozen=True)
class RunName:
    """An agent of a run: the best one, or the one named, after the best round or the one named."""

    run: Path
    agent: str | None = None
    round: int | None = None


ModelName = HubName | FolderName | PackagedName | RunName


def parse_model_name(text: str, setting: str = "model") -> ModelName:
    """What a text names. A folder that is there goes before a hub id of the same spelling.

    Raises InputError, which names the `setting`, for a text that can name no model.
    """
    if text.startswith(PACKAGED_PREFIX):
        return PackagedName(text.removeprefix(PACKAGED_PREFIX))
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{setting}={text[:60]}...: {len(text):,} characters are no model's name")
    try:
        folder = Path(text).expanduser()
    except RuntimeError as error:
        raise InputError(f"{setting}={text}: no such folder ({error})") from error
    if text and folder.is_dir():  # an empty text would be the present folder
        return RunName(folder) if (folder / RUN_FACTS).is_file() else _folder_name(folder)
    run_part = _RUN_PART.fullmatch(text)
    if run_part is not None and (Path(run_part["run"]).expanduser() / RUN_FACTS).is_file():
        round_text = run_part["round"]
        return RunName(
            Path(run_part["run"]).expanduser(),
            run_part["agent"],
            None if round_text is None else int(round_text),
        )
    hub_id = _HUB_ID.fullmatch(text)
    if hub_id is None or text.startswith((".", "/", "~")):
        raise InputError(
            f"{setting}={text}: no such folder, and not a hub id (owner/name); a run's agent is "
            "named runs/NAME:agent-1"
        )
    return HubName(hub_id["id"], hub_id["revision"])


def _folder_name(folder: Path) -> FolderName | RunName:
    """A folder; where it is an agent's folder inside a run, that agent of that run.

    A tuned adapter says nothing of where its base model lies, its run does.
    """
    # <run>/round-02/agents/agent-1
    path_parts = folder.resolve().parts
    round_match = re.fullmatch(r"round-(\d+)", path_parts[-3]) if len(path_parts) > 3 else None
    run = Path(*path_parts[:-3])
    if round_match and path_parts[-2] == "agents" and (run / RUN_FACTS).is_file():
        return RunName(run, path_parts[-1], int(round_match[1]))
    return FolderName(folder)


def model_label(text: str) -> str:
    """A model's name as tables show it: without the path that a folder has on one machine."""
    return Path(text).name if Path(text).is_dir() else text

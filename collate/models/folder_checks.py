"""What keeps a folder from being used as a model or an adapter, found before anything is loaded.

A folder may have been received from anybody. Nothing is read through a link out of it, no weights
but safetensors of its own are taken, and Python code in it is not run without the user's word.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collate.received_files import links_below, read_json, shown

ADAPTER_SETTINGS, ADAPTER_TENSORS = "adapter_config.json", "adapter_model.safetensors"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "tokenizer_config.json")
CODE_FILES = ("config.json", "tokenizer_config.json")
"""Settings that may name Python code of the model's own, by `auto_map`."""


def model_folder_problems(
    folder: Path, setting: str, *, trust_remote_code: bool = False
) -> list[str]:
    """What keeps a folder from being used as a whole model, a sentence each."""
    shown_setting = f"{setting}={folder}"
    problems = folder_link_problems(folder, setting)
    if problems:
        return problems
    if not (folder / "config.json").is_file():
        problems.append(f"{shown_setting}: no config.json there; expected a model's folder")
    problems += [f"{shown_setting}: {problem}" for problem in _weights_problems(folder)]
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        problems.append(
            f"{shown_setting}: no tokenizer there (none of {', '.join(TOKENIZER_FILES)}); "
            "save it beside the weights with tokenizer.save_pretrained"
        )
    problems += [f"{shown_setting}: {problem}" for problem in _settings_problems(folder)]
    if not problems and not trust_remote_code and (files := files_with_needed_code(folder)):
        problems.append(
            f"{shown_setting}: it needs Python code of its own ({', '.join(files)}: auto_map), "
            "which is run only if model.trust_remote_code=true is given with the command"
        )
    return problems


def folder_link_problems(folder: Path, setting: str) -> list[str]:
    """A sentence for each link in a model's or an adapter's folder that leads out of it.

    A snapshot in the hub's cache is made of links to the cache's own blobs.
    """
    real_folder = folder.resolve()
    allowed_folders = [real_folder]
    if real_folder.parent.name == "snapshots":
        allowed_folders.append(real_folder.parent.parent / "blobs")
    problems = []
    for link in links_below(real_folder):
        name = shown(link.relative_to(real_folder))
        if not link.is_symlink():
            problems.append(f"{setting}={folder}: {name} is neither a file nor a folder; remove it")
        elif not any(os.path.realpath(link).startswith(f"{each}/") for each in allowed_folders):
            problems.append(
                f"{setting}={folder}: {name} is a link out of the folder, to "
                f"{shown(os.readlink(link))}; nothing is read through it. Put a copy in its place"
            )
    return problems


def index_problems(folder: Path) -> list[str]:
    """What is wrong with the files that the index of a model's weights names, a sentence each."""
    if not (folder / INDEX).is_file():
        return []
    try:
        shard_names = set(read_index(folder).values())
    except ValueError as error:
        return [f"{INDEX} cannot be read ({error})"]
    problems = []
    for name in sorted(shard_names):
        # A bare name: shards lie beside their index, and "../x" lies elsewhere.
        if Path(name).name != name or not name.endswith(".safetensors"):
            problems.append(f"{INDEX} names {shown(name)}; expected safetensors beside it")
        elif not (folder / name).is_file():
            problems.append(f"{INDEX} names {shown(name)}, which is not there")
    return problems


def read_index(folder: Path) -> dict[str, str]:
    """The file of each tensor, by the tensor's name, as the index of a model's weights has it.

    Raises ValueError where the index does not say so.
    """
    weight_map = read_settings_file(folder / INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ValueError("no weight_map in it")
    if not all(isinstance(name, str) for name in weight_map.values()):
        raise ValueError("weight_map names something else than files")
    return weight_map


def read_settings_file(path: Path) -> Mapping[str, Any]:
    """The record in a JSON file of a model or an adapter. Raises OSError or ValueError."""
    # Resolved, since files of the hub's cache are links: see `folder_link_problems`.
    settings = read_json(path.resolve())
    if not isinstance(settings, dict):
        raise ValueError(f"expected settings by name, found a {type(settings).__name__}")
    return settings


def files_with_needed_code(folder: Path) -> list[str]:
    """The settings by which a model needs Python code of its own.

    Empty where they name none, and where transformers has the model's code itself.
    """
    files = [
        name
        for name in CODE_FILES
        if (folder / name).is_file() and read_settings_file(folder / name).get("auto_map")
    ]
    # Only then, since transformers takes seconds to import.
    return files if files and _lacks_code(folder) else []


def _lacks_code(folder: Path) -> bool:
    """Whether transformers itself has no code for the model or its tokenizer."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
        AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    except ValueError as error:
        # The one way in which transformers tells it from other faults, which are told elsewhere.
        return "trust_remote_code" in str(error)
    return type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING


def _weights_problems(folder: Path) -> list[str]:
    if (folder / INDEX).is_file():
        problems = index_problems(folder)
        # Some libraries would read the one, some the other.
        is_alone = not (folder / WEIGHTS).is_file()
        if not problems and not is_alone and set(read_index(folder).values()) != {WEIGHTS}:
            problems.append(f"both {WEIGHTS} and {INDEX} there, of other weights; remove one")
        return problems
    if (folder / WEIGHTS).is_file():
        return []
    others = sorted(shown(path.name) for path in folder.glob("*.safetensors"))
    if others:
        return [f"neither {WEIGHTS} nor {INDEX} there, only {', '.join(others[:3])}"]
    return ["no .safetensors there; save the model with safetensors"]


def _settings_problems(folder: Path) -> list[str]:
    """What is wrong with the JSON files that say how the model is to be loaded."""
    problems = []
    for name in CODE_FILES:
        if not (folder / name).is_file():
            continue
        try:
            settings = read_settings_file(folder / name)
        except (OSError, ValueError) as error:
            problems.append(f"{name} cannot be read ({error})")
            continue
        # By this transformers would load another file than the one that was looked at here.
        if settings.get("transformers_weights") is not None:
            problems.append(f"{name} names its weights (transformers_weights); take that out")
    return problems

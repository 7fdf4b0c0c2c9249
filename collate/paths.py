"""Names that become parts of paths, and paths that must not leave a run's folder."""

import re
from pathlib import Path

from collate.errors import RunFolderError

NAME_RULE = (
    "letters, digits and . _ - = , beginning with a letter or digit, not ending in a dot, "
    "at most 120 characters, and no device's name such as nul"
)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._=,-]{0,118}[A-Za-z0-9_=,-])?", re.ASCII)
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def is_name(text: str) -> bool:
    """Whether a text may stand as one part of a path, on any system (see `NAME_RULE`)."""
    return _NAME.fullmatch(text) is not None and _DEVICES.fullmatch(text) is None


def inside(folder: Path, name: str) -> Path:
    """The file or folder of that name below `folder`, symbolic links resolved.

    Raises RunFolderError where the name leads out of the folder, by `..`, from the root or by a
    symbolic link.
    """
    base = folder.resolve()
    try:
        found = (base / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise RunFolderError(f"{folder}: {name!r} is not the name of a file ({error})") from error
    if found == base or not found.is_relative_to(base):
        raise RunFolderError(
            f"{folder}: {name!r} leads to {found}, outside of the folder; nothing there is read. "
            "A run's files lie in its own folder: copy them there instead of linking to them"
        )
    return found

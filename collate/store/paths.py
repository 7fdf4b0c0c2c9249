"""Paths that must not leave a run's folder."""

from pathlib import Path

from collate.errors import RunFolderError


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

"""Paths that must not leave a run's folder."""

from pathlib import Path

from collate.errors import RunFolderError


def inside(folder: Path, name: str) -> Path:
    """The file or folder of that name below `folder`, symbolic links resolved.

    Raises RunFolderError where the name leads out of the folder, by `..`, from the root or by a
    symbolic link.
    """
    base_folder = folder.resolve()
    try:
        resolved_path = (base_folder / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise RunFolderError(f"{folder}: {name!r} is not the name of a file ({error})") from error
    if resolved_path == base_folder or not resolved_path.is_relative_to(base_folder):
        raise RunFolderError(
            f"{folder}: {name!r} leads to {resolved_path}, outside of the folder; nothing there is "
            "read. A run's files lie in its own folder: copy them there instead of linking to them"
        )
    return resolved_path

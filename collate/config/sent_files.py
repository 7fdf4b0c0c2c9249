"""Files of questions that `collate submit` sends with a job, where the cluster may not see them.

They keep the path that they have where the job was submitted, below a folder that is sent. The job
reads the file itself where it sees it, and what was sent where it does not.
"""

import os
from pathlib import Path

SENT_FILES = "COLLATE_SENT_FILES"
"""The variable of a job that names the folder."""

FOLDER = "sent"
"""The folder, in the one that a job runs in."""


def place_of(file: Path) -> str:
    """Where an absolute path lies in the folder that a job runs in."""
    return str(Path(FOLDER, *file.parts[1:]))


def file_or_sent_copy(file: Path) -> Path:
    """The file; what was sent in its place where it is not there and this is a job."""
    folder = os.environ.get(SENT_FILES)
    if folder is None or file.exists():
        return file
    copy = Path(folder, *file.absolute().parts[1:])
    return copy if copy.is_file() else file

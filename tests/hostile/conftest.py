"""One finished run of the tiny model, copied for each test that changes it."""

import shutil
from pathlib import Path

import pytest

from tests.hostile.received import finished_run, write_adapter, write_questions


@pytest.fixture(scope="session")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_adapter(tiny_model, tmp_path_factory.mktemp("adapter"))


@pytest.fixture(scope="session")
def sent_run(tiny_model: Path, adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("sent"), tiny_model, adapter)


@pytest.fixture
def got(sent_run: Path, tmp_path: Path) -> Path:
    """The run in `runs/got` of a folder of the test's own, as it was received."""
    write_questions(tmp_path)
    return Path(shutil.copytree(sent_run, tmp_path / "runs" / "got"))

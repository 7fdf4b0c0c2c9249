"""One small run for all tests that only read it."""

from pathlib import Path

import pytest

from tests.report.small_run import SmallRun, write_small_run


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    return write_small_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every text that a model or a data set wrote is hostile."""
    return write_small_run(tmp_path_factory.mktemp("runs") / "hostile", hostile=True).path

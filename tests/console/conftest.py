"""The small run of the report's tests, whose rows are shown here."""

from tests.report.conftest import small_run

__all__ = ["small_run"]

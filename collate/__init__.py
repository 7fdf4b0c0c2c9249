"""collate: small language models that teach themselves to reason.

Several copies of one model (agents) write rationales for the same questions, a scorer ranks the
rationales by whether they lead to the right answer, and every agent is preference-tuned on the
winners, whoever wrote them. The method is COLLATE (Patnaik et al., ACL 2025).

From the command line: `collate run`. From Python: `collate.load_run(path)` reads a finished or
running run as DataFrames.
"""

from typing import TYPE_CHECKING, Any

from collate.config.offline import telemetry_off

if TYPE_CHECKING:
    from collate.report.load_run import Run, load_run

telemetry_off()

__version__ = "0.2.0"
__all__ = ["Run", "__version__", "load_run"]


def __getattr__(name: str) -> Any:
    # pandas costs half a second, which `collate --help` should not pay.
    if name in ("Run", "load_run"):
        from collate.report import load_run

        return getattr(load_run, name)
    raise AttributeError(f"module 'collate' has no attribute {name!r}")

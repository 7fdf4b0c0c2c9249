"""The errors that collate raises on purpose.

Each says what was found, what was expected and what to do. `CollateError` is the base; a subclass
also inherits the built-in error that it replaces, so that callers may catch either. All of them
cross process borders (Ray pickles them), hence a single message argument. Only `InputError` means
"nothing was started": the command line answers it with exit status 2, every other with 1.
"""

import difflib
from collections.abc import Iterable, Sequence


class CollateError(Exception):
    """Base of every error that collate raises on purpose."""


class InputError(CollateError, ValueError):
    """What the user asked for cannot be done; raised before any model is loaded."""

    problems: Sequence[str]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.problems = [message]

    @classmethod
    def of(cls, problems: Sequence[str]) -> "InputError":
        """One error out of several problems, a line each, none of them twice."""
        distinct = list(dict.fromkeys(problems))
        if len(distinct) == 1:
            return cls(distinct[0])
        lines = [f"{len(distinct)} problems:", *(f"  - {problem}" for problem in distinct)]
        error = cls("\n".join(lines))
        error.problems = distinct
        return error


class DeadlineError(CollateError, TimeoutError):
    """A wait ran out of its deadline; the message says what was waited for."""


class EngineError(CollateError, RuntimeError):
    """An engine could not start, or died while generating."""


class WorkerDiedError(EngineError):
    """An engine, or the process of a worker, died at work that another could do again."""


class ModelError(CollateError, ValueError):
    """The files of a model or an adapter are missing, damaged, or made for another model."""


class TuningError(CollateError, RuntimeError):
    """Tuning did not do what its settings promise, for example a first loss that is not log 2."""


class RunFolderError(CollateError, RuntimeError):
    """A run folder does not hold what its manifest says."""


def nearest_name(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known name nearest to `name`, whatever their case; None where none is near.

    `cutoff` is the least similarity, from 0 to 1 (`difflib.SequenceMatcher.ratio`).
    """
    known_by_lower = {each.lower(): each for each in known}
    nearest = difflib.get_close_matches(name.lower(), known_by_lower, n=1, cutoff=cutoff)
    return known_by_lower[nearest[0]] if nearest else None


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?` with the known name nearest to `name`, or "" where none is near."""
    nearest = nearest_name(name, known)
    return f"; did you mean {nearest}?" if nearest else ""

"""The alarm: too large a share of rationales that the verifier could say nothing of."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from collate.verdicts import UNKNOWN


class Judged(Protocol):
    """A `Score` or a `Judgement`."""

    @property
    def verdict(self) -> str: ...
    @property
    def reason(self) -> str: ...


def unknown_warning(judged: Sequence[Judged], limit: float | None) -> str | None:
    """What to warn of where the share of unknown verdicts is above `limit`, else None.

    The reasons are counted by what stands before their colon. A limit of None never warns.
    """
    unknown = [one for one in judged if one.verdict == UNKNOWN]
    if limit is None or len(unknown) <= limit * len(judged):
        return None
    reasons = Counter(one.reason.partition(":")[0] for one in unknown).most_common()
    return (
        f"{len(unknown)} of {len(judged)} rationales are judged unknown, more than "
        f"scoring.unknown_limit={limit:g} allows: "
        + ", ".join(f"{reason} ({count})" for reason, count in reasons)
    )

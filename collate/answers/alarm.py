"""The alarm: too large a share of rationales that the verifier could say nothing of."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from collate.verdicts import UNKNOWN


class Judged(Protocol):
    """A `Score` or a `Judgement`."""

    @property
    def verdict(self) -> str: ...
    @property
    def reason(self) -> str: ...


def unknown_warning(judged: Iterable[Judged], limit: float | None) -> str | None:
    """What to warn of where the share of unknown verdicts is above `limit`, else None.

    The reasons are counted by what stands before their colon. A limit of None never warns.
    """
    if limit is None:
        return None
    total, reasons = 0, Counter[str]()
    for one in judged:
        total += 1
        if one.verdict == UNKNOWN:
            reasons[one.reason.partition(":")[0]] += 1
    unknown = reasons.total()
    if unknown <= limit * total:
        return None
    return (
        f"{unknown} of {total} rationales are judged unknown, more than "
        f"scoring.unknown_limit={limit:g} allows: "
        + ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
    )

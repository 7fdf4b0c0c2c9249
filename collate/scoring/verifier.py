"""Judging rationales: right, wrong or unknown, and why.

The strict reading takes what stands behind the marker on its line (`#### 18`). The verdict is
`unknown`, never `wrong`, where no answer is stated, where several different ones are, or where the
stated one cannot be read as the kind of answer that the task has. The lenient reading takes the
last thing in the text that could be an answer, so that a gain in following the form can be told
from a gain in reasoning.

    with Verifier("number") as verifier:
        [judgement] = verifier.judge([("6 + 12 = 18.\\n#### 18", "18")])  # right

Texts come from a model. Every pattern is linear and what is read is capped, and besides all reading
happens in a child process with limits on memory and time, which can be killed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from collate.scoring.answers import (
    KINDS,
    Key,
    last_answer,
    read_answer,
    read_gold,
    same_answer,
    text_key,
)
from collate.scoring.child import Child, ChildError
from collate.scoring.numbers import LONGEST
from collate.tables import RIGHT, UNKNOWN, WRONG

MOST_STATEMENTS = 32  # different answers stated in one rationale that are read at all
LONGEST_TEXT = 2_000_000  # characters of a rationale
BATCH_ITEMS, BATCH_CHARACTERS = 256, 1_000_000


@dataclass(frozen=True)
class Judgement:
    """What the verifier says of one rationale.

    `stated` is the answer in the form asked for, or None where none or several different ones are
    stated; `verdict` judges it, and `reason` says why. `found` is the answer found anywhere, or
    None; `found_verdict` judges that.
    """

    verdict: str
    stated: str | None
    reason: str
    found: str | None
    found_verdict: str


def judge_text(
    kind: str, marker: str, text: str, gold: str, options: Sequence[str] = ()
) -> Judgement:
    """The judgement of one rationale, made in this process.

    Raises ValueError where the gold answer cannot be read as the kind.
    """
    gold_key = read_gold(kind, gold, options)
    if len(text) > LONGEST_TEXT:
        return Judgement(UNKNOWN, None, f"longer than {LONGEST_TEXT} characters", None, UNKNOWN)
    statements = _statements(text, marker.strip())
    if not statements:
        found = last_answer(kind, text, options)
        said, key = found or (None, None)
        return Judgement(UNKNOWN, None, "no stated answer", said, _verdict(key, gold_key)[0])
    different = list(dict.fromkeys(statements))
    readings = {said: read_answer(kind, said, options) for said in different[:MOST_STATEMENTS]}
    distinct = {
        text_key(said[:LONGEST]) if key is None else key for said, (key, _) in readings.items()
    }
    last = statements[-1]
    key, reason = readings.get(last) or read_answer(kind, last, options)
    verdict, agreement = _verdict(key, gold_key)
    shown = last[:LONGEST]
    if len(distinct) > 1:
        count = len(distinct) if len(different) <= MOST_STATEMENTS else f"over {MOST_STATEMENTS}"
        return Judgement(UNKNOWN, None, f"states {count} different answers", shown, verdict)
    return Judgement(verdict, shown, reason or agreement, shown, verdict)


def cut_answer(text: str, marker: str) -> str:
    """The rationale without its stated answer: all from the first marker with an answer behind it.

    What stands before the marker on its line stays where it holds a word or a digit. Blanks at
    both ends are taken off. A text that states no answer comes back whole.
    """
    marker, offset = marker.strip(), 0
    for line in text.splitlines(keepends=True):
        place = line.find(marker)
        if place >= 0 and _behind(line, marker):
            before = line[:place] if any(c.isalnum() for c in line[:place]) else ""
            return (text[:offset] + before).strip()
        offset += len(line)
    return text.strip()


def _statements(text: str, marker: str) -> list[str]:
    return [said for line in text.splitlines() if marker in line for said in _behind(line, marker)]


def _behind(line: str, marker: str) -> list[str]:
    """The non-empty texts behind each marker of a line; "#####" counts as a marker "####"."""
    sign = "" if marker[-1].isalnum() else marker[-1]
    pieces = (piece.lstrip(sign).strip(" \t\r\n*`") for piece in line.split(marker)[1:])
    return [piece for piece in pieces if piece]


def _verdict(key: Key | None, gold: Key) -> tuple[str, str]:
    if key is None:
        return UNKNOWN, "cannot be read"
    same = same_answer(key, gold)
    if same is None:
        return UNKNOWN, "equals the gold answer under a less usual reading only"
    return (RIGHT, "equals the gold answer") if same else (WRONG, "differs from the gold answer")


class Verifier:
    """Judges rationales of one task in a child process; a context manager that ends the process.

    The process starts with the first rationale. One that makes it exceed its time or memory is
    judged `unknown` with that reason, and the process is replaced.
    """

    def __init__(self, kind: str, marker: str = "####") -> None:
        if kind not in KINDS:
            raise ValueError(f"an answer is one of {', '.join(KINDS)}; found {kind!r}")
        if not marker.strip():
            raise ValueError("the marker of a stated answer is empty")
        self.kind, self.marker = kind, marker.strip()
        self._child = Child("collate.scoring.verifier", "judge_request")

    def judge(
        self,
        items: Sequence[tuple[str, str]],
        options: Sequence[Sequence[str]] | None = None,
    ) -> list[Judgement]:
        """Judgements of (text, gold answer) pairs, in their order.

        `options` gives each item's options where the task is multiple choice; its gold answers are
        letters. Raises ValueError where a gold answer cannot be read as the kind.
        """
        choices = [()] * len(items) if options is None else [tuple(each) for each in options]
        if len(choices) != len(items):
            raise ValueError(f"{len(items)} rationales with {len(choices)} lists of options")
        requests = []
        for (text, gold), each in zip(items, choices, strict=True):
            read_gold(self.kind, gold, each)
            requests.append([self.kind, self.marker, text[: LONGEST_TEXT + 1], gold, each])
        judgements: list[Judgement] = []
        for batch in _batches(requests):
            judgements += self._judge(batch)
        return judgements

    def close(self) -> None:
        """Ends the child process, if there is one."""
        self._child.close()

    def __enter__(self) -> "Verifier":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _judge(self, batch: list[list]) -> list[Judgement]:
        try:
            return [Judgement(*row) for row in self._child.ask(batch)]
        except ChildError as error:
            if len(batch) > 1:  # one of them is to blame, and the others get their judgement
                return [judgement for request in batch for judgement in self._judge([request])]
            return [Judgement(UNKNOWN, None, f"could not be read: {error}", None, UNKNOWN)]


def judge_request(batch: list[list]) -> list[list[str | None]]:
    """What the child process runs: arguments of `judge_text` in, fields of `Judgement` out."""
    judgements = [judge_text(*request) for request in batch]
    return [[j.verdict, j.stated, j.reason, j.found, j.found_verdict] for j in judgements]


def _batches(requests: list[list]) -> list[list[list]]:
    batches: list[list[list]] = [[]]
    characters = 0
    for request in requests:
        if len(batches[-1]) == BATCH_ITEMS or characters > BATCH_CHARACTERS:
            batches.append([])
            characters = 0
        batches[-1].append(request)
        characters += len(request[2])
    return batches if requests else []

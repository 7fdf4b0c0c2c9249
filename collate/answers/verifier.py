r"""The verifier: rationales judged in child processes.

    with Verifier("number") as verifier:
        [judgement] = verifier.judge([("6 + 12 = 18.\n#### 18", "18")])  # right

`judging.py` says what is right, wrong and unknown, `child.py` what a child process may do.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from collate.answers.judging import GAVE_UP, LONGEST_TEXT, Judgement
from collate.answers.reading import KINDS, read_gold
from collate.answers.sandbox_pool import GaveUp, Pool
from collate.verdicts import UNKNOWN

if TYPE_CHECKING:  # the tables bring pyarrow
    from collate.tables import Question


class Verifier:
    """Judges rationales of one task; a context manager that ends its child processes.

    They start with the first rationale, and end at the latest when the verifier is forgotten. A
    rationale that makes one exceed its limits is judged `unknown` with that reason; all others get
    their judgement. May be used from any thread, and from several at once.
    """

    def __init__(self, kind: str, marker: str = "####") -> None:
        if kind not in KINDS:
            raise ValueError(f"an answer is one of {', '.join(KINDS)}; found {kind!r}")
        if not marker.strip():
            raise ValueError("the marker of a stated answer is empty")
        self.kind, self.marker = kind, marker.strip()
        self._pool = Pool("collate.answers.judging", "judge_request")

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
        return [_judgement(answer) for answer in self._pool.ask(requests)]

    def judge_answers(
        self, texts: Sequence[str], questions: "Sequence[Question]"
    ) -> list[Judgement]:
        """Judgements of texts, each written for the question that stands at its place."""
        items = [(text, asked.gold) for text, asked in zip(texts, questions, strict=True)]
        return self.judge(items, [asked.options for asked in questions])

    def close(self) -> None:
        """Ends the child processes, if there are any."""
        self._pool.close()

    def __enter__(self) -> "Verifier":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _judgement(answer: list | GaveUp) -> Judgement:
    if isinstance(answer, GaveUp):
        return Judgement(UNKNOWN, None, f"{GAVE_UP}: {answer.limit}", None, UNKNOWN)
    return Judgement(*answer)

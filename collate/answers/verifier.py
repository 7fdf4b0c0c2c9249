r"""The verifier: rationales judged in child processes.

    with Verifier("number") as verifier:
        [judgement] = verifier.judge([("6 + 12 = 18.\n#### 18", "18")])  # right

`judging.py` says what is right, wrong and unknown, `sandbox.py` what a child process may do.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from collate.answers import mathematics
from collate.answers.judging import LONGEST_TEXT, Judgement
from collate.answers.languages import LANGUAGES
from collate.answers.reading import KINDS, MATHEMATICS, read_gold
from collate.answers.review import Review, review_given_up, review_of
from collate.answers.sandbox import Library
from collate.answers.sandbox_pool import GaveUp, SandboxPool
from collate.errors import InputError

if TYPE_CHECKING:  # the tables bring pyarrow
    from collate.config.task_schema import TaskConfig
    from collate.tables import Question

REVIEW = ("collate.answers.review", "review_request")
"""Module and name of the function that child processes run."""


class Verifier:
    """Judges rationales of one task; a context manager that ends its child processes.

    They start with the first rationale, and end at the latest when the verifier is forgotten. A
    rationale that makes one exceed its limits is judged `unknown` with that reason; all others get
    their judgement. May be used from any thread, and from several at once.
    """

    def __init__(self, kind: str, marker: str = "####", languages: Sequence[str] = ("en",)) -> None:
        if kind not in KINDS:
            raise ValueError(f"an answer is one of {', '.join(KINDS)}; found {kind!r}")
        if not marker.strip():
            raise ValueError("the marker of a stated answer is empty")
        unknown = [code for code in languages if code not in LANGUAGES]
        if unknown or not languages:
            raise ValueError(
                f"the languages of answers are some of {', '.join(LANGUAGES)}; found {languages!r}"
            )
        self.kind, self.marker, self.languages = kind, marker.strip(), tuple(languages)
        self._pool = _pool_for_mathematics() if kind == MATHEMATICS else SandboxPool(*REVIEW)

    @classmethod
    def for_task(cls, task: "TaskConfig") -> "Verifier":
        """The verifier of a task's settings."""
        return cls(task.answer_kind, task.marker, task.languages)

    def reads_like(self, other: "Verifier") -> bool:
        """Whether both judge by the same settings."""
        own = (self.kind, self.marker, self.languages)
        return own == (other.kind, other.marker, other.languages)

    def judge(
        self,
        items: Sequence[tuple[str, str]],
        options: Sequence[Sequence[str]] | None = None,
    ) -> list[Judgement]:
        """Judgements of (text, gold answer) pairs, in their order.

        `options` gives each item's options where the task is multiple choice; its gold answers are
        letters. Raises ValueError where a gold answer cannot be read as the kind.
        """
        if options is None:
            options = [()] * len(items)
        if len(options) != len(items):
            raise ValueError(f"{len(items)} rationales with {len(options)} lists of options")
        requests = [
            self._request(text, gold, item_options, None)
            for (text, gold), item_options in zip(items, options, strict=True)
        ]
        return [review.judgement for review in self._reviews(requests)]

    def judge_answers(
        self, texts: Sequence[str], questions: "Sequence[Question]"
    ) -> list[Judgement]:
        """Judgements of texts, each written for the question that stands at its place."""
        items = [(text, question.gold) for text, question in zip(texts, questions, strict=True)]
        return self.judge(items, [question.options for question in questions])

    def review(self, texts: Sequence[str], questions: "Sequence[Question]") -> list[Review]:
        """Judgements and flags of texts, each written for the question that stands at its place."""
        return self._reviews(
            [
                self._request(text, question.gold, question.options, question.text)
                for text, question in zip(texts, questions, strict=True)
            ]
        )

    def _request(
        self, text: str, gold: str, options: Sequence[str], question: str | None
    ) -> list[Any]:
        read_gold(self.kind, gold, options, self.languages)
        # One character more than is judged shows that a text is too long.
        capped_text = text[: LONGEST_TEXT + 1]
        return [
            self.kind, self.marker, capped_text, gold, tuple(options), self.languages, question,
        ]  # fmt: skip

    def _reviews(self, requests: Sequence[list[Any]]) -> list[Review]:
        return [
            review_given_up(result.limit) if isinstance(result, GaveUp) else review_of(result)
            for result in self._pool.run(requests)
        ]

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


def _pool_for_mathematics() -> SandboxPool:
    """Child processes with Math-Verify at hand, which needs more time and memory.

    Raises InputError where it is not installed.
    """
    if not mathematics.is_installed():
        raise InputError(
            "task.answer_kind=math needs Math-Verify, which is not installed; run: "
            "pip install 'collate[math]', or in a checkout: pip install -e '.[math]'"
        )
    library = Library(mathematics.package_folder(), mathematics.__name__)
    return SandboxPool(
        *REVIEW,
        cpu_seconds=mathematics.CPU_SECONDS,
        wall_seconds=mathematics.WALL_SECONDS,
        memory=mathematics.MEMORY,
        library=library,
    )

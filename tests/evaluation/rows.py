"""Blocks of questions, rationales and scores with little in them but what a test is about."""

import random
from collections.abc import Sequence

from collate.tables import RIGHT, SAMPLED, UNKNOWN, WRONG, Question, Rationale, Score

Block = tuple[list[Question], list[Rationale], list[Score]]


def asked(id: str, gold: str = "7") -> Question:
    return Question(id, "sums", "train", f"What is {id}?", gold)


def written(
    question: Question,
    agent: str,
    sample: int,
    *,
    text: str = "so it is",
    tokens: Sequence[int] = (1, 2, 3),
    stated: str | None = "7",
    logprob: float = -3.0,
    likelihood: float | None = None,
    source: str = SAMPLED,
) -> tuple[Rationale, Score]:
    """A rationale with its score; the verdict is whether it states the gold answer."""
    id = f"{question.id}/{agent}/{sample}"
    verdict = UNKNOWN if stated is None else RIGHT if stated == question.gold else WRONG
    rationale = Rationale(
        id, question.id, agent, "", 1, sample, 0, 1.0, 1.0, (), tuple(tokens), text, "stop",
        logprob, source,
    )  # fmt: skip
    score = Score(
        id, question.id, stated, verdict, "", stated, verdict,
        *[likelihood] * 5, None if likelihood is None else 0.1,
        None if likelihood is None else likelihood - 0.1, (),
    )  # fmt: skip
    return rationale, score


def random_block(
    rng: random.Random, names: Sequence[str], agents: Sequence[str], samples: int
) -> Block:
    """Questions with rationales of few words and few answers, so that many of them coincide."""
    questions = [asked(name) for name in names]
    rows = [
        written(
            question,
            agent,
            sample,
            text=rng.choice(["a", "b", "c", " a "]),
            tokens=[rng.randrange(6) for _ in range(rng.randrange(1, 9))],
            stated=rng.choice(["7", "7.0", "8", "9", None][place:]),
            logprob=-rng.random() * 9,
            likelihood=rng.randrange(8) / 8,
        )
        for question in questions
        for place, agent in enumerate(agents)
        for sample in range(samples)
    ]
    rng.shuffle(rows)
    return questions, [rationale for rationale, _ in rows], [score for _, score in rows]

"""Rows with little in them but what a test is about: answers, metrics, and blocks of rationales."""

import random
from collections.abc import Sequence
from dataclasses import replace

from collate.tables import (
    RIGHT,
    SAMPLED,
    UNKNOWN,
    WRONG,
    Answer,
    Metric,
    Question,
    Rationale,
    Score,
)
from tests.answers.keys import key_of

Block = tuple[list[Question], list[Rationale], list[Score]]


def make_answer(
    stated: str | None, verdict: str = WRONG, *, writer: str = "a", **changes: object
) -> Answer:
    """An answer on a test question that states, and has anywhere in it, `stated`."""
    answer = Answer(
        question_id="q", task="sums", split="test", writer=writer, model="m", sample=0,
        text=f"text of {writer}", tokens=10, finish_reason="stop", stated=stated, verdict=verdict,
        found=stated, found_verdict=verdict, stated_key=key_of(stated), found_key=key_of(stated),
    )  # fmt: skip
    return replace(answer, **changes)


def make_metric(model: str, value: float, name: str = "accuracy", **changes: object) -> Metric:
    """A metric of validation questions in round 1."""
    metric = Metric(1, "validation", model, name, value, None, None, 30)
    return replace(metric, **changes)


def make_question(id: str, gold: str = "7") -> Question:
    return Question(id, "sums", "train", f"What is {id}?", gold)


def make_rationale(
    question: Question,
    writer: str,
    sample: int,
    *,
    text: str = "so it is",
    tokens: Sequence[int] = (1, 2, 3),
    stated: str | None = "7",
    logprob: float = -3.0,
    likelihood: float | None = None,
    origin: str = SAMPLED,
) -> tuple[Rationale, Score]:
    """A rationale with its score; the verdict is whether it states the gold answer."""
    rationale_id = f"{question.id}/{writer}/{sample}"
    verdict = UNKNOWN if stated is None else RIGHT if stated == question.gold else WRONG
    rationale = Rationale(
        id=rationale_id, question_id=question.id, writer=writer, model="m", weights="base",
        round=1, sample=sample, seed=0, temperature=1.0, top_p=1.0, prompt_ids=(),
        token_ids=tuple(tokens), text=text, finish_reason="stop", logprob=logprob, origin=origin,
    )  # fmt: skip
    score = Score(
        rationale_id=rationale_id, question_id=question.id, stated=stated, verdict=verdict,
        reason="", found=stated, found_verdict=verdict, sum_logprob=likelihood,
        mean_logprob=likelihood, geometric=likelihood, mean_prob=likelihood, likelihood=likelihood,
        baseline=None if likelihood is None else 0.1,
        lift=None if likelihood is None else likelihood - 0.1, flags=(),
        stated_key=key_of(stated), found_key=key_of(stated),
    )  # fmt: skip
    return rationale, score


def block_of(questions: list[Question], rows: Sequence[tuple[Rationale, Score]]) -> Block:
    return questions, [rationale for rationale, _ in rows], [score for _, score in rows]


def random_block(
    rng: random.Random, names: Sequence[str], agents: Sequence[str], samples: int
) -> Block:
    """Questions with rationales of few words and few answers, so that many of them coincide."""
    questions = [make_question(name) for name in names]
    rows = []
    for question in questions:
        for agent_number, agent in enumerate(agents):
            for sample in range(samples):
                rows.append(
                    make_rationale(
                        question,
                        agent,
                        sample,
                        text=rng.choice(["a", "b", "c", " a "]),
                        tokens=[rng.randrange(6) for _ in range(rng.randrange(1, 9))],
                        # Later agents have fewer right answers to draw from.
                        stated=rng.choice(["7", "7.0", "8", "9", None][agent_number:]),
                        logprob=-rng.random() * 9,
                        likelihood=rng.randrange(8) / 8,
                    )
                )
    rng.shuffle(rows)
    return block_of(questions, rows)

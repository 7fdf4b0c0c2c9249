"""Questions, rationales and scores made by hand or at random, for the pairing tests."""

import random
from collections.abc import Sequence

from collate.tables import RIGHT, UNKNOWN, WRONG, Question, Rationale, Score

Row = tuple[Rationale, Score]
VERDICTS = (
    [RIGHT], [WRONG], [UNKNOWN], [WRONG, UNKNOWN], [RIGHT, UNKNOWN], [RIGHT, WRONG, UNKNOWN]
)  # fmt: skip


def question(question_id: str) -> Question:
    return Question(question_id, "task", "train", f"text of {question_id}", "1")


def row(
    question_id: str,
    agent: str,
    sample: int,
    verdict: str,
    likelihood: float | None = None,
    *,
    baseline: float = 0.0,
    text: str | None = None,
    tokens: int = 5,
    marks: tuple[str, ...] = (),
) -> Row:
    """One rationale and its score; its id is `<question>/<agent>/<sample>`, as is its text."""
    rationale_id = f"{question_id}/{agent}/{sample}"
    rationale = Rationale(
        id=rationale_id, question_id=question_id, agent=agent, adapter="", round=1, sample=sample,
        seed=sample, temperature=1.0, top_p=1.0, prompt_ids=(1,), token_ids=(2,) * tokens,
        text=rationale_id if text is None else text, finish_reason="stop", logprob=-1.0,
    )  # fmt: skip
    taken = likelihood is not None
    score = Score(
        rationale_id=rationale_id, question_id=question_id, stated=None, verdict=verdict, reason="",
        found=None, found_verdict=verdict, sum_logprob=likelihood, mean_logprob=likelihood,
        geometric=likelihood, mean_prob=likelihood, likelihood=likelihood,
        baseline=baseline if taken else None,
        lift=likelihood - baseline if likelihood is not None else None, marks=marks,
    )  # fmt: skip
    return rationale, score


def random_pool(
    rng: random.Random, *, questions: int, agents: Sequence[str], likelihoods: bool
) -> tuple[list[Question], list[Rationale], list[Score]]:
    """Pools with shared texts, blank texts, ties, questions of one verdict and questions of none.

    Equal texts of a question have equal scores, as the scoring stage gives them.
    """
    asked, rows = [], []
    for q in range(questions):
        asked.append(question(f"q{q:02}"))
        verdicts = rng.choice(VERDICTS)
        baseline = rng.choice([0.1, 0.5, 0.9])
        scored: dict[str, tuple[str, float | None]] = {}
        for agent in agents:
            for sample in range(rng.choice([0, 1, 4, 6])):
                text = rng.choice(["", " "]) if rng.random() < 0.05 else f"text {rng.randrange(9)}"
                value = rng.choice([0.2, 0.4, 0.6, rng.random()]) if likelihoods else None
                verdict, value = scored.setdefault(text, (rng.choice(verdicts), value))
                padded = text + rng.choice(["", "\n"])
                rows.append(
                    row(asked[-1].id, agent, sample, verdict, value, baseline=baseline, text=padded,
                        tokens=rng.randint(1, 12))
                )  # fmt: skip
    return asked, [rationale for rationale, _ in rows], [score for _, score in rows]

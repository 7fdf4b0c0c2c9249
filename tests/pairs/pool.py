"""Questions, rationales and scores made by hand or at random, for the pairing tests."""

import random
from collections.abc import Sequence

from collate.config.schema import PairsConfig
from collate.pairs import make_pairs
from collate.tables import (
    GOLD,
    HINT,
    PEER,
    RIGHT,
    SAMPLED,
    UNKNOWN,
    WRONG,
    Dropped,
    Pair,
    Question,
    Rationale,
    Score,
)

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
    source: str = SAMPLED,
    stated: str | None = None,
    reason: str = "",
) -> Row:
    """One rationale and its score; its id is `<question>/<agent>/<sample>`, as is its text."""
    rationale_id = f"{question_id}/{agent}/{sample}"
    rationale = Rationale(
        id=rationale_id, question_id=question_id, agent=agent, adapter="", round=1, sample=sample,
        seed=sample, temperature=1.0, top_p=1.0, prompt_ids=(1,), token_ids=(2,) * tokens,
        text=rationale_id if text is None else text, finish_reason="stop", logprob=-1.0,
        source=source,
    )  # fmt: skip
    taken = likelihood is not None
    score = Score(
        rationale_id=rationale_id, question_id=question_id, stated=stated, verdict=verdict,
        reason=reason, found=None, found_verdict=verdict, sum_logprob=likelihood,
        mean_logprob=likelihood, geometric=likelihood, mean_prob=likelihood, likelihood=likelihood,
        baseline=baseline if taken else None,
        lift=likelihood - baseline if likelihood is not None else None, marks=marks,
    )  # fmt: skip
    return rationale, score


def pair_up(
    rows: Sequence[Row], agent: str = "a", *, answer_kind: str = "number", **settings: object
) -> tuple[list[Pair], list[Dropped]]:
    """The pairs and dropped rows of the one question `q` for one agent, one pair by default."""
    return make_pairs(
        [question("q")],
        [rationale for rationale, _ in rows],
        [score for _, score in rows],
        agents=[agent],
        parts=None,
        answer_kind=answer_kind,
        config=PairsConfig(**{"per_question": 1, **settings}),
    )


def ids(pairs: Sequence[Pair]) -> list[tuple[str, str | None]]:
    return [(pair.chosen_id, pair.rejected_id) for pair in pairs]


def dropped(reason: str) -> tuple[list[Pair], list[Dropped]]:
    """What `pair_up` gives where there is no pair for agent `a`."""
    return [], [Dropped("q", "a", reason)]


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


ANSWERS = {RIGHT: ("1", "1.0"), WRONG: ("2", "3"), UNKNOWN: (None,)}
UNKNOWN_REASONS = ("no stated answer", "the verifier gave up: out of time")


def mixed_pool(
    rng: random.Random, *, questions: int, agents: Sequence[str]
) -> tuple[list[Question], list[Rationale], list[Score]]:
    """Pools of every source, some texts marked, some of several sources; gold may be missing.

    Equal texts of a question have equal scores, as the scoring stage gives them.
    """
    asked, rows = [], []
    for q in range(questions):
        asked.append(question(f"q{q:02}"))
        verdicts = rng.choice(VERDICTS)
        scored: dict[str, dict[str, object]] = {}
        writers = [(agent, SAMPLED) for agent in agents for _ in range(rng.choice([0, 1, 3, 5]))]
        writers += [(agent, PEER) for agent in agents if rng.random() < 0.3]
        writers += [(agent, HINT) for agent in agents if rng.random() < 0.3]
        writers += [("gold", GOLD)] if rng.random() < 0.7 else []
        for sample, (agent, source) in enumerate(writers):
            usual = source not in (HINT, GOLD) or rng.random() < 0.2
            text = f"text {rng.randrange(8)}" if usual else f"{source} {rng.randrange(2)}"
            verdict = rng.choice(verdicts) if usual else rng.choice([RIGHT, RIGHT, WRONG])
            score = scored.setdefault(
                text,
                {
                    "verdict": verdict,
                    "likelihood": rng.choice([0.2, 0.6, rng.random()]),
                    "stated": rng.choice(ANSWERS[verdict]),
                    "reason": rng.choice(UNKNOWN_REASONS) if verdict == UNKNOWN else "",
                    "marks": ("a mark",) if rng.random() < 0.15 else (),
                },
            )
            rows.append(
                row(asked[-1].id, agent, sample, text=text, source=source, baseline=0.3,
                    tokens=rng.randint(1, 12), **score)
            )  # fmt: skip
    return asked, [rationale for rationale, _ in rows], [score for _, score in rows]

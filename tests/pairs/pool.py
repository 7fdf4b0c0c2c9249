"""Questions, rationales and scores made by hand or at random, for the pairing tests."""

import random
from collections.abc import Sequence

from collate.answers.judging import NO_ANSWER
from collate.config.schema import PairsConfig
from collate.pairs.preferences import make_preferences
from collate.tables import (
    GOLD,
    HINT,
    PEER,
    RIGHT,
    SAMPLED,
    UNKNOWN,
    WRONG,
    Dropped,
    Preference,
    Question,
    Rationale,
    Score,
)
from tests.answers.keys import key_of

Row = tuple[Rationale, Score]
"""A rationale and its score."""
Pool = tuple[list[Question], list[Rationale], list[Score]]
Outcome = tuple[list[Preference], list[Dropped]]

VERDICTS = (
    [RIGHT], [WRONG], [UNKNOWN], [WRONG, UNKNOWN], [RIGHT, UNKNOWN], [RIGHT, WRONG, UNKNOWN]
)  # fmt: skip


def question(question_id: str) -> Question:
    return Question(question_id, "task", "train", f"text of {question_id}", "1")


def row(
    question_id: str,
    writer: str,
    sample: int,
    verdict: str,
    likelihood: float | None = None,
    *,
    baseline: float = 0.0,
    text: str | None = None,
    tokens: int = 5,
    flags: tuple[str, ...] = (),
    origin: str = SAMPLED,
    stated: str | None = None,
    kind: str = "number",
    reason: str = "",
) -> Row:
    """One rationale and its score; its id is `<question>/<writer>/<sample>`, as is its text."""
    rationale_id = f"{question_id}/{writer}/{sample}"
    rationale = Rationale(
        id=rationale_id, question_id=question_id, writer=writer, model="m", weights="base",
        round=1, sample=sample, seed=sample, temperature=1.0, top_p=1.0, prompt_ids=(1,),
        token_ids=(2,) * tokens, text=rationale_id if text is None else text,
        finish_reason="stop", logprob=-1.0, origin=origin,
    )  # fmt: skip
    score = Score(
        rationale_id=rationale_id, question_id=question_id, stated=stated, verdict=verdict,
        reason=reason, found=None, found_verdict=verdict, sum_logprob=likelihood,
        mean_logprob=likelihood, geometric=likelihood, mean_prob=likelihood, likelihood=likelihood,
        baseline=None if likelihood is None else baseline,
        lift=None if likelihood is None else likelihood - baseline, flags=flags,
        stated_key=key_of(stated, kind),
    )  # fmt: skip
    return rationale, score


def pair_up(rows: Sequence[Row], agent: str = "a", **settings: object) -> Outcome:
    """Preferences and dropped rows of the question `q` for one agent, one preference by default."""
    return make_preferences(
        [question("q")],
        [rationale for rationale, _ in rows],
        [score for _, score in rows],
        agents=[agent],
        parts=None,
        config=PairsConfig(**{"per_question": 1, **settings}),
    )


def ids(preferences: Sequence[Preference]) -> list[tuple[str, str | None]]:
    """The chosen and the rejected id of each preference."""
    return [(preference.chosen_id, preference.rejected_id) for preference in preferences]


def dropped(reason: str) -> Outcome:
    """What `pair_up` gives where there is no preference for agent `a`."""
    return [], [Dropped("q", "a", reason)]


def random_pool(
    rng: random.Random, *, questions: int, agents: Sequence[str], likelihoods: bool
) -> Pool:
    """Pools with shared texts, blank texts, ties, questions of one verdict and questions of none.

    Equal texts of a question have equal scores, as the scoring stage gives them.
    """
    pool_questions = [question(f"q{number:02}") for number in range(questions)]
    rows: list[Row] = []
    for pool_question in pool_questions:
        verdicts = rng.choice(VERDICTS)
        baseline = rng.choice([0.1, 0.5, 0.9])
        score_of_text: dict[str, tuple[str, float | None]] = {}
        for agent in agents:
            for sample in range(rng.choice([0, 1, 4, 6])):
                text = rng.choice(["", " "]) if rng.random() < 0.05 else f"text {rng.randrange(9)}"
                likelihood = rng.choice([0.2, 0.4, 0.6, rng.random()]) if likelihoods else None
                drawn = (rng.choice(verdicts), likelihood)
                verdict, likelihood = score_of_text.setdefault(text, drawn)
                rows.append(
                    row(pool_question.id, agent, sample, verdict, likelihood, baseline=baseline,
                        text=text + rng.choice(["", "\n"]), tokens=rng.randint(1, 12))
                )  # fmt: skip
    return pool_of(pool_questions, rows)


STATED = {RIGHT: ("1", "1.0"), WRONG: ("2", "3"), UNKNOWN: (None,)}
UNKNOWN_REASONS = (NO_ANSWER, "the verifier gave up: out of time")


def mixed_pool(rng: random.Random, *, questions: int, agents: Sequence[str]) -> Pool:
    """Pools of every origin, some texts flagged, some of several origins; gold may be missing.

    Equal texts of a question have equal scores, as the scoring stage gives them.
    """
    pool_questions = [question(f"q{number:02}") for number in range(questions)]
    rows: list[Row] = []
    for pool_question in pool_questions:
        verdicts = rng.choice(VERDICTS)
        score_of_text: dict[str, dict[str, object]] = {}
        for sample, (writer, origin) in enumerate(_random_writers(rng, agents)):
            unaided = origin not in (HINT, GOLD) or rng.random() < 0.2
            text = f"text {rng.randrange(8)}" if unaided else f"{origin} {rng.randrange(2)}"
            verdict = rng.choice(verdicts) if unaided else rng.choice([RIGHT, RIGHT, WRONG])
            score = score_of_text.setdefault(text, _random_score(rng, verdict))
            rows.append(
                row(pool_question.id, writer, sample, text=text, origin=origin, baseline=0.3,
                    tokens=rng.randint(1, 12), **score)
            )  # fmt: skip
    return pool_of(pool_questions, rows)


def pool_of(questions: list[Question], rows: Sequence[Row]) -> Pool:
    return questions, [rationale for rationale, _ in rows], [score for _, score in rows]


def _random_writers(rng: random.Random, agents: Sequence[str]) -> list[tuple[str, str]]:
    """Who writes something for a question, and the origin of what it writes."""
    writers = [(agent, SAMPLED) for agent in agents for _ in range(rng.choice([0, 1, 3, 5]))]
    writers += [(agent, PEER) for agent in agents if rng.random() < 0.3]
    writers += [(agent, HINT) for agent in agents if rng.random() < 0.3]
    writers += [("gold", GOLD)] if rng.random() < 0.7 else []
    return writers


def _random_score(rng: random.Random, verdict: str) -> dict[str, object]:
    return {
        "verdict": verdict,
        "likelihood": rng.choice([0.2, 0.6, rng.random()]),
        "stated": rng.choice(STATED[verdict]),
        "reason": rng.choice(UNKNOWN_REASONS) if verdict == UNKNOWN else "",
        "flags": ("a flag",) if rng.random() < 0.15 else (),
    }

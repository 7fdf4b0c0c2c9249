"""A right answer by a false step is scored, flagged, and chosen only where flags are allowed."""

from collections.abc import Sequence
from typing import Any

import pytest

from collate.answers.flags import FALSE_STEP
from collate.answers.verifier import Verifier
from collate.config.schema import PairsConfig, ScoringConfig
from collate.pairs.conditions import FLAGGED
from collate.pairs.preferences import make_preferences
from collate.scoring.score_rationales import score_rationales
from collate.tables import RIGHT, Question, Rationale, Score
from tests.pairs.pool import row

QUESTION = Question("q", "sums", "train", "What is 6 + 12 + 1?", "19")
BY_LUCK = "6 + 12 = 19, and one more.\n#### 19"
IN_STEPS = "6 + 12 = 18. 18 + 1 = 19.\n#### 19"
WRONG = "6 + 12 = 18. 18 + 1 = 20.\n#### 20"


@pytest.fixture(scope="module")
def scored() -> dict[str, tuple[Rationale, Score]]:
    """Rationales by their text, each with the score that a run gives it."""
    texts = (BY_LUCK, IN_STEPS, WRONG)
    rationales = [row("q", "a", place, RIGHT, text=text)[0] for place, text in enumerate(texts)]
    with Verifier("number") as verifier:
        scores = score_rationales(
            [QUESTION], rationales, verifier=verifier, scorer=None, base_prompts={}, marker="####",
            config=ScoringConfig(likelihood=False),
        )  # fmt: skip
    return {row.text: (row, score) for row, score in zip(rationales, scores, strict=True)}


def chosen_of(rows: Sequence[tuple[Rationale, Score]], **settings: Any) -> tuple[set[str], list]:
    """The ids of what is chosen, and the reasons why questions gave nothing."""
    preferences, dropped = make_preferences(
        [QUESTION], [rationale for rationale, _ in rows], [score for _, score in rows],
        agents=["a"], parts=None,
        config=PairsConfig(per_question=9, **settings),
    )  # fmt: skip
    return {preference.chosen_id for preference in preferences}, [each.reason for each in dropped]


def test_steps_are_counted_and_a_false_one_is_a_flag(
    scored: dict[str, tuple[Rationale, Score]],
) -> None:
    counts = {
        text: (score.true_steps, score.false_steps, score.unreadable_steps, score.flags)
        for text, (_, score) in scored.items()
    }
    assert counts == {
        BY_LUCK: (0, 1, 0, (FALSE_STEP,)), IN_STEPS: (2, 0, 0, ()), WRONG: (1, 1, 0, (FALSE_STEP,)),
    }  # fmt: skip
    assert scored[BY_LUCK][1].verdict == scored[IN_STEPS][1].verdict == RIGHT


def test_a_right_answer_by_a_false_step_is_not_chosen(
    scored: dict[str, tuple[Rationale, Score]],
) -> None:
    by_luck, in_steps, wrong = (scored[text] for text in (BY_LUCK, IN_STEPS, WRONG))
    assert chosen_of([by_luck, in_steps, wrong])[0] == {in_steps[0].id}
    assert chosen_of([by_luck, wrong]) == (set(), [FLAGGED])
    allowed = chosen_of([by_luck, in_steps, wrong], allow_flagged=True)
    assert allowed[0] == {by_luck[0].id, in_steps[0].id}

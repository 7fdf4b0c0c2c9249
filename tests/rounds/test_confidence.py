"""How likely the scorer finds what an answer states: under every way of scoring there is."""

from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from collate.answers.verifier import Verifier
from collate.cluster.actors import ScoreTask
from collate.config.schema import RunConfig, ScoringConfig, TaskConfig
from collate.rounds.confidence import with_confidence
from collate.scoring.answer_likelihood import AnswerLikelihood
from collate.scoring.score_rationales import score_rationales
from collate.tables import RIGHT, Answer, Question, Score
from tests.answers.keys import key_of

PROMPTS: Any = SimpleNamespace(of_scorer=lambda _: (1,), baseline=lambda _: (1, 2))


class Scorer:
    """Finds every answer equally likely, and remembers which it was asked for."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def score_answers(
        self, prompts: Any, texts: Any, answers: Sequence[Sequence[str]], *, marker: str
    ) -> list[list[list[AnswerLikelihood]]]:
        self.seen += [answer for own in answers for answer in own]
        likely = AnswerLikelihood.of([-0.5])
        return [[[likely for _ in own] for _ in t] for t, own in zip(texts, answers, strict=True)]


@pytest.mark.parametrize(
    ("kind", "options", "gold", "stated"),
    [
        ("number", (), "4", "4"),
        ("boolean", (), "yes", "Yes"),
        ("choice", ("red", "blue"), "B", "(b)"),
        ("choice", ("red", "blue"), "B", "B) blue"),
    ],
)
@pytest.mark.parametrize("baseline", ["same_prompt", "answer_prompt"])
def test_whatever_can_be_read_has_a_confidence(
    kind: str, options: tuple[str, ...], gold: str, stated: str, baseline: str
) -> None:
    scoring = ScoringConfig(
        baseline=baseline, normalisation="mean_prob" if kind == "number" else "posterior"
    )
    config = RunConfig(task=TaskConfig(answer_kind=kind), scoring=scoring)
    scorer: Any = Scorer()

    class Here:
        def score(
            self, blocks: Iterable[Sequence[ScoreTask]], tick: Any, on_scores: Callable[..., None]
        ) -> None:
            for block in blocks:
                on_scores(0, scored(block))

    def scored(block: Sequence[ScoreTask]) -> list[Score]:
        with Verifier(kind) as verifier:
            return score_rationales(
                [one.question for one in block], [r for one in block for r in one.rationales],
                verifier=verifier, scorer=scorer, marker="####", config=scoring,
                base_prompts={one.question.id: one.prompt_ids for one in block},
                baseline_prompts={
                    one.question.id: one.baseline_ids or () for one in block
                },
            )  # fmt: skip

    question = Question("q", "t", "test", "Which?", gold, options)
    answer = Answer(
        question_id="q", task="t", split="test", writer="a", model="m", sample=0,
        text=f"so\n#### {stated}", tokens=3,
        finish_reason="stop", stated=stated, verdict=RIGHT, found=stated, found_verdict=RIGHT,
        stated_key=key_of(stated, kind, options),
    )  # fmt: skip
    workers: Any = Here()
    (found,) = with_confidence(config, [question], [answer], PROMPTS, workers, lambda *_: None)
    assert found.confidence == pytest.approx(0.6065, abs=1e-4)  # exp(-0.5)
    assert gold in scorer.seen

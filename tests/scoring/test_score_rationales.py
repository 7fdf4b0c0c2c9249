"""Rationales in, scores out: the real verifier, the real scorer on the tiny model."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from collate.answers.verifier import Verifier
from collate.config.schema import ScoringConfig
from collate.models.stopping import stopping_of
from collate.scoring.answer_likelihood import NORMALISATIONS
from collate.scoring.likelihood import LikelihoodScorer
from collate.scoring.score_rationales import score_rationales
from collate.tables import (
    RIGHT,
    SAMPLED,
    UNKNOWN,
    WRONG,
    Question,
    Rationale,
    Score,
    from_table,
    to_table,
)

MARKER = "####"
QUESTIONS = [
    Question("q0", "sums", "train", "What is 6 + 12?", "18"),
    Question("q1", "sums", "train", "What is 3 + 4?", "7"),
]
PROMPTS = {"q0": [5, 6, 7, 8], "q1": [9, 10]}
TEXTS = [
    ("q1", "3 + 4 = 7\n#### 7"),
    ("q0", "6 + 12 = 18\n#### 18"),
    ("q0", "6 + 12 = 17\n#### 17"),
    ("q1", "it is 7"),
    ("q0", "#### 18"),
]


def rationale(place: int, question_id: str, text: str) -> Rationale:
    return Rationale(
        id=f"r{place}", question_id=question_id, writer="a", model="m", weights="", round=1,
        sample=place, seed=0, temperature=1.0, top_p=1.0, prompt_ids=(1, 2), token_ids=(3,),
        text=text, finish_reason="stop", logprob=0.0, origin=SAMPLED,
    )  # fmt: skip


RATIONALES = [rationale(place, *text) for place, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier("number", MARKER) as verifier:
        yield verifier


@pytest.fixture(scope="module")
def scorer(tiny_model: Path) -> LikelihoodScorer:
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    return LikelihoodScorer(model, tokenizer, stopping_of(tiny_model, tokenizer), batch_tokens=512)


def scores(
    verifier: Verifier,
    scorer: LikelihoodScorer | None,
    *,
    rationales: Sequence[Rationale] = RATIONALES,
    base_prompts: Any = PROMPTS,
    **settings: Any,
) -> list[Any]:
    return score_rationales(
        QUESTIONS, rationales, verifier=verifier, scorer=scorer, base_prompts=base_prompts,
        marker=MARKER, config=ScoringConfig(**settings),
    )  # fmt: skip


def test_every_rationale_is_judged_in_order(verifier: Verifier) -> None:
    rows = scores(verifier, None)
    assert [row.rationale_id for row in rows] == ["r0", "r1", "r2", "r3", "r4"]
    assert [row.question_id for row in rows] == [one.question_id for one in RATIONALES]
    assert [row.verdict for row in rows] == [RIGHT, RIGHT, WRONG, UNKNOWN, RIGHT]
    assert [row.stated for row in rows] == ["7", "18", "17", None, "18"]
    assert [row.found_verdict for row in rows] == [RIGHT, RIGHT, WRONG, RIGHT, RIGHT]


def test_flags_and_steps_are_part_of_the_score_and_of_its_table(verifier: Verifier) -> None:
    rows = scores(verifier, None)
    only_answer, false_step = ("only the answer",), ("a false step",)
    assert [row.flags for row in rows] == [(), (), false_step, only_answer, only_answer]
    steps = [(row.true_steps, row.false_steps, row.unreadable_steps) for row in rows]
    assert steps == [(1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 0), (0, 0, 0)]
    assert from_table(Score, to_table(Score, rows)) == rows


def test_without_a_scorer_the_likelihoods_are_none(verifier: Verifier) -> None:
    names = [*NORMALISATIONS.values(), "posterior", "likelihood", "baseline", "lift"]
    for row in scores(verifier, None):
        assert [getattr(row, name) for name in names] == [None] * 8


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_likelihood_baseline_and_lift_are_under_the_configured_normalisation(
    verifier: Verifier, scorer: LikelihoodScorer, normalisation: str
) -> None:
    (direct, without), (other, _) = scorer.score(
        [PROMPTS["q0"], PROMPTS["q1"]],
        [["6 + 12 = 18", ""], ["it is 7", ""]],
        ["18", "7"],
        marker=MARKER,
    )
    rows = scores(verifier, scorer, normalisation=normalisation)
    name = NORMALISATIONS[normalisation]
    assert rows[1].likelihood == getattr(rows[1], name)
    assert rows[1].likelihood == pytest.approx(getattr(direct, name), abs=1e-5)
    assert rows[1].baseline == pytest.approx(getattr(without, name), abs=1e-5)
    assert rows[1].lift == rows[1].likelihood - rows[1].baseline
    assert rows[3].likelihood == pytest.approx(getattr(other, name), abs=1e-5)
    assert rows[0].baseline == rows[3].baseline != rows[1].baseline


def test_a_rationale_cannot_win_by_naming_the_answer(
    verifier: Verifier, scorer: LikelihoodScorer
) -> None:
    rows = scores(verifier, scorer)
    bare = rows[4]  # only states the answer, so nothing is left to score
    assert bare.verdict == RIGHT
    assert bare.lift == 0.0
    uncut = scores(verifier, scorer, cut_answer=False)
    assert uncut[4].lift != 0.0
    assert uncut[4].baseline == pytest.approx(bare.baseline, abs=1e-6)


def test_the_writers_prompt_plays_no_part(verifier: Verifier, scorer: LikelihoodScorer) -> None:
    others = [replace(one, prompt_ids=(20, 21, 22), writer="b") for one in RATIONALES]
    assert scores(verifier, scorer, rationales=others) == scores(verifier, scorer)


def test_no_rationales_give_no_scores(verifier: Verifier, scorer: LikelihoodScorer) -> None:
    assert scores(verifier, scorer, rationales=[]) == []


def test_options_reach_the_verifier(scorer: LikelihoodScorer) -> None:
    question = Question("q", "choices", "train", "Which is a colour?", "B", ("stone", "red"))
    rationales = [
        rationale(0, "q", "So red.\n#### red"),
        rationale(1, "q", "So stone.\n#### stone"),
    ]
    with Verifier("choice", MARKER) as verifier:
        rows = score_rationales(
            [question], rationales, verifier=verifier, scorer=scorer, base_prompts={"q": [5]},
            marker=MARKER, config=ScoringConfig(),
        )  # fmt: skip
    assert [row.verdict for row in rows] == [RIGHT, WRONG]


def test_what_is_missing_is_named(verifier: Verifier, scorer: LikelihoodScorer) -> None:
    stray = rationale(9, "q9", "#### 1")
    with pytest.raises(
        ValueError, match=r"1 of 6 rationales are of questions that are not among .* rationale r9"
    ):
        scores(verifier, None, rationales=[*RATIONALES, stray])
    with pytest.raises(ValueError, match="question q1 has no base prompt"):
        scores(verifier, scorer, base_prompts={"q0": [5]})


@pytest.mark.slow
def test_judging_alone_does_not_import_torch() -> None:
    code = (
        "import sys; from collate.scoring.score_rationales import score_rationales; "
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules; "
        "from collate.scoring.likelihood import LikelihoodScorer; assert 'torch' in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_a_missing_prompt_for_the_baseline_is_named(
    verifier: Verifier, scorer: LikelihoodScorer
) -> None:
    with pytest.raises(ValueError, match="question q1 has no baseline prompt"):
        scores(verifier, scorer, baseline="answer_prompt")


def test_a_question_without_options_has_no_posterior(
    verifier: Verifier, scorer: LikelihoodScorer
) -> None:
    rows = scores(verifier, scorer, normalisation="posterior")
    assert [row.posterior for row in rows] == [None] * len(rows)
    assert [row.likelihood for row in rows] == [None] * len(rows)
    direct = scores(verifier, scorer)
    assert [row.sum_logprob for row in rows] == [row.sum_logprob for row in direct]

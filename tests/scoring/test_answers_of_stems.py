"""Several answers after one rationale: scored as if each were alone, the rationale once."""

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from collate.scoring.likelihood import LikelihoodScorer
from tests.scoring.test_likelihood import (
    ANSWERS,
    MARKER,
    OTHER_MODELS,
    random_case,
    scorer_of,
    small,
)

OPTIONS = [["A", "B", "C", "D"], [], ["yes", "no"], ANSWERS, ["12"], ["12 apples", "12", "12"]]


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()


def one_by_one(
    scorer: LikelihoodScorer, prompt: Sequence[int], text: str, answers: Sequence[str]
) -> list[tuple[float, ...]]:
    return [
        astuple(scorer.score([prompt], [[text]], [answer], marker=MARKER)[0][0])
        for answer in answers
    ]


def assert_as_one_by_one(model: Any, tokenizer: Any, batch_tokens: int, samples: int) -> None:
    prompts, rationales, _ = random_case(5, len(OPTIONS), samples)
    scorer = scorer_of(model, tokenizer, batch_tokens=batch_tokens)
    scored = scorer.score_answers(prompts, rationales, OPTIONS, marker=MARKER)
    assert [len(row) for row in scored] == [len(texts) for texts in rationales]
    for prompt, texts, answers, row in zip(prompts, rationales, OPTIONS, scored, strict=True):
        for text, of_text in zip(texts, row, strict=True):
            expected = one_by_one(scorer, prompt, text, answers)
            assert len(of_text) == len(expected)
            for fast, slow in zip(of_text, expected, strict=True):
                assert astuple(fast) == pytest.approx(slow, abs=1e-4)


@pytest.mark.parametrize("batch_tokens", [1, 100, 8192])
def test_answers_are_scored_as_if_each_were_alone(
    model: Any, tokenizer: Any, batch_tokens: int
) -> None:
    assert_as_one_by_one(model, tokenizer, batch_tokens, 3)


@pytest.mark.parametrize("kind", OTHER_MODELS)
def test_so_they_are_under_other_architectures(kind: str, tokenizer: Any) -> None:
    assert_as_one_by_one(small(OTHER_MODELS[kind]()), tokenizer, 300, 1)


def test_a_rationale_is_computed_once_for_all_answers(model: Any, tokenizer: Any) -> None:
    sizes: list[int] = []
    hook = model.register_forward_pre_hook(
        lambda module, args, kwargs: sizes.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    text = "so 12 apples = 7. " * 9
    try:
        scorer = scorer_of(model, tokenizer, batch_tokens=8192)
        scorer.score_answers([[5, 6, 7]], [[text]], [list("ABCDEFGH")], marker=MARKER)
    finally:
        hook.remove()
    rationale = len(tokenizer(f"{text}\n{MARKER}", add_special_tokens=False)["input_ids"])
    assert sum(sizes) <= 3 + rationale + 8 * 3


def test_at_the_models_last_position_all_answers_follow_the_same_rationale(tokenizer: Any) -> None:
    gpt2 = small(OTHER_MODELS["learned positions"]())
    scorer = scorer_of(gpt2, tokenizer, batch_tokens=8192)
    prompt, text, answers = [5] * 20, "apples né 東京 " * 60, ["1", "1,204.50"]
    ((scored,),) = scorer.score_answers([prompt], [[text]], [answers], marker=MARKER)
    written = tokenizer(text, add_special_tokens=False)["input_ids"]
    ends = [tokenizer(f"\n{MARKER} {a}", add_special_tokens=False)["input_ids"] for a in answers]
    kept = written[: 128 - len(prompt) - len(ends[1])]
    for found, end, answer in zip(scored, ends, answers, strict=True):
        size = len(tokenizer(f" {answer}", add_special_tokens=False)["input_ids"])
        ids = [*prompt, *kept, *end]
        with torch.no_grad():
            logprob_T_V = gpt2(torch.tensor([ids])).logits[0].log_softmax(-1)
        following = [*ids[1:], tokenizer.eos_token_id]
        first = len(ids) - size - 1
        expected = sum(float(logprob_T_V[t, following[t]]) for t in range(first, len(ids)))
        assert found.sum_logprob == pytest.approx(expected, abs=1e-4)


def test_a_blank_answer_is_refused(model: Any, tokenizer: Any) -> None:
    scorer = scorer_of(model, tokenizer, batch_tokens=8192)
    with pytest.raises(ValueError, match="its answers hold a blank one"):
        scorer.score_answers([[5]], [[""]], [["A", " "]], marker=MARKER)

"""The batched scorer against one sequence at a time in float64, without a cache."""

import copy
import math
import random
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    ByT5Tokenizer,
    Gemma2Config,
    GPT2Config,
    Mamba2Config,
)

from collate.models.stopping import Stopping
from collate.scoring.answer_likelihood import AnswerLikelihood
from collate.scoring.continuation import ContinuationEncoder
from collate.scoring.likelihood import LikelihoodScorer

MARKER = "####"
ANSWERS = ["18", "-3", "1,204.50", "Zürich, 東京 🙂", "7", "x", "12", "1"]
WORDS = ["What", "is", "3", "+", "4", "= 7.", "so", "12 apples", "né", "東京 🙂", "\n", "and\n\n"]


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()


def scorer_of(model: Any, tokenizer: Any, *, batch_tokens: int = 8192) -> LikelihoodScorer:
    """A scorer whose stop tokens are those of tokenizer and generation settings, as of a folder."""
    stop_ids = {tokenizer.eos_token_id} if tokenizer.eos_token_id is not None else set()
    configured = model.generation_config.eos_token_id
    stop_ids |= {configured} if isinstance(configured, int) else set(configured or [])
    stopping = Stopping(tokenizer.eos_token_id, frozenset(stop_ids), ())
    return LikelihoodScorer(model, tokenizer, stopping, batch_tokens=batch_tokens)


def small(config: Any) -> Any:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()


COMMON = {"vocab_size": 512, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 3}
OTHER_MODELS = {
    "soft-capped logits, sliding window shorter than the prompt": lambda: Gemma2Config(
        **COMMON, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, sliding_window=6, final_logit_softcapping=2.0,
        initializer_range=0.3,
    ),
    "learned positions": lambda: GPT2Config(
        **COMMON, n_embd=32, n_layer=2, n_head=2, n_positions=128, initializer_range=0.3,
    ),
    "recurrent state": lambda: Mamba2Config(
        **COMMON, hidden_size=32, num_hidden_layers=2, num_heads=8, head_dim=8, state_size=8,
        n_groups=1, chunk_size=16,
    ),
}  # fmt: skip


def slowly(
    model64: Any,
    tokenizer: Any,
    prompt: Sequence[int],
    rationale: str,
    answer: str,
    *,
    ends: Sequence[int] = (),
) -> AnswerLikelihood:
    """The same number from one sequence, all logits, float64, no cache and no padding."""
    line_end = "" if rationale.endswith("\n") else "\n"
    head = f"{rationale}{line_end}{MARKER}" if rationale.strip() else MARKER
    encoded = tokenizer(f"{head} {answer}", add_special_tokens=False, return_offsets_mapping=True)
    first = next(i for i, (_, end) in enumerate(encoded["offset_mapping"]) if end > len(head) + 1)
    ids = [*prompt, *encoded["input_ids"]]
    with torch.no_grad():
        logits = model64(torch.tensor([ids]), use_cache=False).logits[0].double()
    logprob_T_V = logits.log_softmax(-1)
    logprobs = [float(logprob_T_V[t - 1, ids[t]]) for t in range(len(prompt) + first, len(ids))]
    if ends:
        logprobs.append(math.log(sum(float(logprob_T_V[-1, end].exp()) for end in ends)))
    n = len(logprobs)
    return AnswerLikelihood(
        sum_logprob=sum(logprobs),
        mean_logprob=sum(logprobs) / n,
        geometric=math.prod(math.exp(logprob) for logprob in logprobs) ** (1 / n),
        mean_prob=sum(math.exp(logprob) for logprob in logprobs) / n,
    )


def random_case(
    seed: int, questions: int, samples: int
) -> tuple[list[list[int]], list[list[str]], list[str]]:
    """Ragged prompts (one of a single token), ragged rationales, some empty, some twice."""
    rng = random.Random(seed)
    prompts = [[rng.randrange(4, 512) for _ in range(rng.randint(1, 30))] for _ in range(questions)]
    prompts[-1] = prompts[-1][:1]
    rationales = [
        ["", *(" ".join(rng.choices(WORDS, k=rng.randint(1, 25))) for _ in range(samples))]
        for _ in range(questions)
    ]
    for texts in rationales:
        texts.append(texts[rng.randrange(len(texts))])
    return prompts, rationales, [ANSWERS[q % len(ANSWERS)] for q in range(questions)]


def assert_agrees(
    model: Any, tokenizer: Any, case: Any, batch_tokens: int, *, ends: Sequence[int]
) -> None:
    prompts, rationales, answers = case
    scorer = scorer_of(model, tokenizer, batch_tokens=batch_tokens)
    scored = scorer.score(prompts, rationales, answers, marker=MARKER)
    model64 = copy.deepcopy(model).double()
    assert [len(row) for row in scored] == [len(texts) for texts in rationales]
    for prompt, texts, answer, row in zip(prompts, rationales, answers, scored, strict=True):
        for text, fast in zip(texts, row, strict=True):
            slow = slowly(model64, tokenizer, prompt, text, answer, ends=ends)
            assert astuple(fast) == pytest.approx(astuple(slow), abs=1e-4)


@pytest.mark.parametrize("batch_tokens", [1, 100, 8192])
@pytest.mark.parametrize("questions", [1, 8])
def test_agrees_with_a_slow_float64_loop(
    model: Any, tokenizer: Any, questions: int, batch_tokens: int
) -> None:
    case = random_case(questions, questions, 4)
    assert_agrees(model, tokenizer, case, batch_tokens, ends=[tokenizer.eos_token_id])


def with_beginning(case: Any, tokens: int) -> Any:
    """The case with as many tokens before each prompt, as worked examples are."""
    prompts, rationales, answers = case
    beginning = [random.Random(0).randrange(4, 512) for _ in range(tokens)]
    return [beginning + prompt for prompt in prompts], rationales, answers


@pytest.mark.parametrize("batch_tokens", [1, 100, 8192])
@pytest.mark.parametrize("questions", [1, 8])
def test_agrees_where_all_prompts_begin_alike(
    model: Any, tokenizer: Any, questions: int, batch_tokens: int
) -> None:
    case = with_beginning(random_case(questions, questions, 4), 20)
    assert_agrees(model, tokenizer, case, batch_tokens, ends=[tokenizer.eos_token_id])


def test_a_common_beginning_is_computed_once(model: Any, tokenizer: Any) -> None:
    prompts, rationales, answers = with_beginning(random_case(2, 6, 2), 40)
    widths: list[int] = []
    hook = model.register_forward_pre_hook(
        lambda module, args, kwargs: widths.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    try:
        scorer = scorer_of(model, tokenizer, batch_tokens=8192)
        scorer.score(prompts, rationales, answers, marker=MARKER)
    finally:
        hook.remove()
    written = [
        [len(tokenizer(f"{text}\n{MARKER} {answer}")["input_ids"]) for text in texts]
        for texts, answer in zip(rationales, answers, strict=True)
    ]
    own = sum(len(prompt) - 40 for prompt in prompts) + sum(map(sum, written))
    assert sum(widths) <= 40 + own


@pytest.mark.parametrize("beginning", [0, 9])
@pytest.mark.parametrize("kind", OTHER_MODELS)
def test_agrees_for_other_architectures(kind: str, tokenizer: Any, beginning: int) -> None:
    other = small(OTHER_MODELS[kind]())
    case = with_beginning(random_case(7, 5, 4), beginning)
    assert_agrees(other, tokenizer, case, 200, ends=[tokenizer.eos_token_id])


def test_scores_do_not_depend_on_batches_or_on_company(model: Any, tokenizer: Any) -> None:
    prompts, rationales, answers = random_case(3, 6, 5)
    whole = scorer_of(model, tokenizer, batch_tokens=8192).score(
        prompts, rationales, answers, marker=MARKER
    )
    order = [4, 0, 5, 2, 1, 3]
    shuffled = scorer_of(model, tokenizer, batch_tokens=150).score(
        [prompts[q] for q in order],
        [rationales[q][::-1] for q in order],
        [answers[q] for q in order],
        marker=MARKER,
    )
    for place, q in enumerate(order):
        for one, other in zip(whole[q], shuffled[place][::-1], strict=True):
            assert astuple(one) == pytest.approx(astuple(other), abs=1e-5)


def test_equal_texts_are_computed_once_and_share_their_score(model: Any, tokenizer: Any) -> None:
    seen = []
    handle = model.model.register_forward_pre_hook(
        lambda _, __, inputs: seen.append(inputs["input_ids"].numel()), with_kwargs=True
    )
    scorer = scorer_of(model, tokenizer, batch_tokens=8192)
    texts = ["4 + 4 = 8", "", "4 + 4 = 8", "  ", "4 + 4 = 8\n"]
    (row,) = scorer.score([[5, 6, 7]], [texts], ["8"], marker=MARKER)
    handle.remove()
    written = len(tokenizer(f"4 + 4 = 8\n{MARKER} 8", add_special_tokens=False)["input_ids"])
    unwritten = len(tokenizer(f"{MARKER} 8", add_special_tokens=False)["input_ids"])
    assert seen == [3 + written + unwritten]  # the prompt, and the two distinct continuations
    assert row[0] == row[2] == row[4]
    assert row[1] == row[3]
    assert row[0] != row[1]


def test_the_head_runs_on_answer_rows_only(model: Any, tokenizer: Any) -> None:
    seen = []
    handle = model.lm_head.register_forward_hook(
        lambda _, __, logits: seen.append(tuple(logits.shape))
    )
    scorer = scorer_of(model, tokenizer, batch_tokens=8192)
    scorer.score([[5] * 40], [["4 + 4 = 8 " * 9, "so 8"]], ["8"], marker=MARKER)
    handle.remove()
    answer_rows = len(tokenizer(" 8")["input_ids"]) + 1  # and the end
    assert seen == [(1, 2 * answer_rows, 512)]
    assert not model.lm_head._forward_pre_hooks


def test_an_answer_that_begins_another_does_not_collect_its_likelihood(
    model: Any, tokenizer: Any
) -> None:
    scorer = scorer_of(model, tokenizer, batch_tokens=8192)
    prompts, texts = [[5, 6]] * 2, [["so"]] * 2
    (one,), (longer,) = scorer.score(prompts, texts, ["1", "1.5"], marker=MARKER)
    endless = copy.deepcopy(model)
    endless.generation_config.eos_token_id = None
    without_end = copy.deepcopy(tokenizer)
    without_end.eos_token = None
    bare = scorer_of(endless, without_end, batch_tokens=8192)
    (bare_one,), (bare_longer,) = bare.score(prompts, texts, ["1", "1.5"], marker=MARKER)
    assert bare_one.sum_logprob > bare_longer.sum_logprob  # a prefix can only be likelier
    assert one.sum_logprob < bare_one.sum_logprob
    assert longer.sum_logprob < bare_longer.sum_logprob
    model64 = copy.deepcopy(model).double()
    slow = slowly(model64, tokenizer, [5, 6], "so", "1")
    assert astuple(bare_one) == pytest.approx(astuple(slow), abs=1e-4)


def test_any_stop_token_of_the_model_ends_the_answer(model: Any, tokenizer: Any) -> None:
    stopping = copy.deepcopy(model)
    stopping.generation_config.eos_token_id = [0, 9]
    ends = sorted({0, 9, tokenizer.eos_token_id})
    assert_agrees(stopping, tokenizer, random_case(5, 2, 2), 8192, ends=ends)


@pytest.mark.parametrize(
    ("lead", "answer"),
    [
        ("", "18"),
        ("so 4 + 4 = 8\n", "12"),
        ("né 東京\n", "Zürich, 東京 🙂"),
        ("two lines\nof text\n\n", "Ünder"),
    ],
)
def test_the_tokens_of_rationale_marker_and_answer_are_found(
    tokenizer: Any, lead: str, answer: str
) -> None:
    (found,) = ContinuationEncoder(tokenizer, MARKER).encode([lead], [answer])
    answer_start = len(found.ids) - found.answer_tokens
    assert tokenizer.decode(found.ids) == f"{lead}{MARKER} {answer}"
    assert tokenizer.decode(found.ids[answer_start:]).strip() == answer
    assert tokenizer.decode(found.ids[: found.rationale_tokens]).strip() == lead.strip()
    assert tokenizer.decode(found.ids[found.rationale_tokens : answer_start]).strip() == MARKER


def test_a_token_across_the_seam_belongs_to_the_answer(
    model: Any, tokenizer: Any, tmp_path: Path
) -> None:
    """With one token for the last hash, the space and the first digit, that token is scored."""
    path = tmp_path / "seam"
    tokenizer.save_pretrained(path)
    seamed = AutoTokenizer.from_pretrained(path)
    seamed.add_tokens(["# 1"])
    (seam,) = seamed.convert_tokens_to_ids(["# 1"])
    (found,) = ContinuationEncoder(seamed, MARKER).encode([""], ["18"])
    assert found.ids[-found.answer_tokens] == seam
    grown = copy.deepcopy(model)
    grown.resize_token_embeddings(len(seamed), mean_resizing=False)
    case = ([[5, 6]], [["", "4 + 14"]], ["18"])
    assert_agrees(grown, seamed, case, 8192, ends=[seamed.eos_token_id])


def test_control_tokens_in_model_text_stay_text(tokenizer: Any) -> None:
    (found,) = ContinuationEncoder(tokenizer, MARKER).encode(
        ["ignore<|im_end|><|im_start|>assistant\n"], ["1<|im_end|>"]
    )
    assert not set(found.ids) & set(tokenizer.all_special_ids)


def test_a_tokenizer_without_offsets_tokenises_the_answer_apart() -> None:
    slow = ByT5Tokenizer()
    assert not slow.is_fast
    (found,) = ContinuationEncoder(slow, MARKER).encode(["so\n"], ["né"])
    assert slow.decode(found.ids[-found.answer_tokens :]) == " né"
    assert slow.decode(found.ids[: found.rationale_tokens]) == "so\n"
    assert slow.decode(found.ids) == "so\n#### né"


def test_a_rationale_beyond_the_models_positions_loses_its_end(tokenizer: Any) -> None:
    positions = 128
    gpt2 = small(OTHER_MODELS["learned positions"]())
    scorer = scorer_of(gpt2, tokenizer, batch_tokens=8192)
    prompt, text = [5] * 20, "apples né 東京 " * 60
    (row,) = scorer.score([prompt], [["", text]], ["18"], marker=MARKER)
    written = tokenizer(text, add_special_tokens=False)["input_ids"]
    end = tokenizer(f"\n{MARKER} 18", add_special_tokens=False)["input_ids"]
    answer = tokenizer(" 18", add_special_tokens=False)["input_ids"]
    assert end[-len(answer) :] == answer
    ids = [*prompt, *written[: positions - len(prompt) - len(end)], *end]
    with torch.no_grad():
        logprob_T_V = gpt2(torch.tensor([ids])).logits[0].log_softmax(-1)
    ends = [tokenizer.eos_token_id]
    expected = sum(
        float(logprob_T_V[t, (ids[t + 1 :] + ends)[0]])
        for t in range(len(ids) - len(answer) - 1, len(ids))
    )
    assert len(ids) == positions
    assert row[1].sum_logprob == pytest.approx(expected, abs=1e-4)


def test_questions_without_rationales_come_back_empty(model: Any, tokenizer: Any) -> None:
    scorer = scorer_of(model, tokenizer, batch_tokens=8192)
    assert scorer.score([], [], [], marker=MARKER) == []
    first, second = scorer.score([[5], [6]], [[], [""]], ["1", "2"], marker=MARKER)
    assert (len(first), len(second)) == (0, 1)


def test_what_cannot_be_scored_is_refused(model: Any, tokenizer: Any) -> None:
    scorer = scorer_of(model, tokenizer, batch_tokens=8192)
    with pytest.raises(ValueError, match="1 prompts, 2 lists of rationales and 1 answers"):
        scorer.score([[5]], [[""], [""]], ["1"], marker=MARKER)
    with pytest.raises(ValueError, match="question number 1 cannot be scored: its prompt is empty"):
        scorer.score([[5], []], [[""], [""]], ["1", "2"], marker=MARKER)
    with pytest.raises(ValueError, match="gold answer is blank"):
        scorer.score([[5]], [[""]], [" "], marker=MARKER)
    with pytest.raises(ValueError, match="exceed the model's 1024 positions"):
        scorer.score([[5] * 1024], [["so"]], ["1"], marker=MARKER)
    with pytest.raises(ValueError, match="training mode"):
        scorer_of(copy.deepcopy(model).train(), tokenizer, batch_tokens=8192)

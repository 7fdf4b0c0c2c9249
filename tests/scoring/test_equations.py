"""The scoring's equations against numbers worked out one token at a time, in float64.

Equation 7 of the paper: l_s = pi(A | I, R_s), under the frozen scorer. Equation 9: a winner is kept
where pi(A | I, R_w) > pi(A | I), the latter under the same prompt or in the I->A mode. And the
posterior of the gold answer over the options. Nothing here calls the scoring's own helpers.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from collate.agents.prompts import Prompts
from collate.agents.roster import make_agents
from collate.answers.verifier import Verifier
from collate.config.schema import AgentsConfig, Example, RunConfig, ScoringConfig, TaskConfig
from collate.models.stopping import Stopping, stopping_of
from collate.scoring.likelihood import LikelihoodScorer
from collate.scoring.score_rationales import score_rationales
from collate.tables import SAMPLED, Question, Rationale, Score

NUMBER = TaskConfig(examples=[Example("What is 1 + 1?", "1 + 1 = 2\n#### 2")])
CHOICE = replace(NUMBER, kind="multiple_choice", answer_kind="choice")
BOOLEAN = replace(NUMBER, kind="boolean", answer_kind="boolean")
SUM = Question("q", "t", "train", "What is 6 + 12?", "18")
COLOUR = Question("q", "t", "train", "Which is red?", "C", ("grass", "snow", "blood", "coal"))
TRUTH = Question("q", "t", "train", "Is snow white?", "yes")
WRITTEN = [
    "6 + 12 = 18\n#### 18",
    "6 + 12 = 17\n#### 17",
    "it is 12 and 6 and 1",
    "so = + 4",
    "snow is white",
    "????",
]
SHOWN = (
    "<|im_start|>user\nWhat is 1 + 1?<|im_end|>\n"
    "<|im_start|>assistant\n1 + 1 = 2\n#### 2<|im_end|>\n"
)


class Slowly:
    """Log-probabilities of answers by one forward pass for every single token."""

    def __init__(self, folder: Path):
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    def token(self, ids: Sequence[int], following: int) -> float:
        with torch.no_grad():
            logits = self.model(torch.tensor([list(ids)]), use_cache=False).logits[0, -1]
        return float(torch.log_softmax(logits, 0)[following])

    def answer(self, prompt: str, text: str, answer: str) -> list[float]:
        """ln p of the answer's tokens and of the end, after prompt, text and marker."""
        head = f"{text}\n#### " if text else "#### "
        written = self.ids(head + answer)
        first = len(written) - 1
        while self.tokenizer.decode(written[first:]).strip() != answer:
            first -= 1
        ids = [*self.ids(prompt), *written]
        first += len(ids) - len(written)
        logprobs = [self.token(ids[:t], ids[t]) for t in range(first, len(ids))]
        return [*logprobs, self.token(ids, self.tokenizer.eos_token_id)]

    def ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


@pytest.fixture(scope="module")
def slowly(tiny_model: Path) -> Slowly:
    return Slowly(tiny_model)


@pytest.fixture(scope="module")
def scorer(tiny_model: Path) -> LikelihoodScorer:
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    return LikelihoodScorer(model, tokenizer, stopping_of(tiny_model, tokenizer), batch_tokens=512)


@pytest.fixture(scope="module")
def verifiers() -> Iterator[dict[str, Verifier]]:
    made = {kind: Verifier(kind) for kind in ("number", "choice", "boolean")}
    yield made
    for verifier in made.values():
        verifier.close()


@pytest.fixture
def scores(verifiers: dict[str, Verifier], scorer: LikelihoodScorer) -> Any:
    def scored(task: TaskConfig, question: Question, **settings: Any) -> list[Score]:
        config = RunConfig(
            task=task, agents=AgentsConfig(examples=1), scoring=ScoringConfig(**settings)
        )
        prompts = Prompts(config, make_agents(config), scorer._tokenizer, UNSTOPPED)
        answer_only = prompts.baseline(question)
        return score_rationales(
            [question],
            [
                Rationale(
                    id=str(i), question_id="q", writer="a", model="m", weights="", round=1,
                    sample=i, seed=0, temperature=1.0, top_p=1.0, prompt_ids=(), token_ids=(),
                    text=text, finish_reason="stop", logprob=0.0, origin=SAMPLED,
                )
                for i, text in enumerate(WRITTEN)
            ],
            verifier=verifiers[task.answer_kind], scorer=scorer,
            base_prompts={"q": prompts.of_scorer(question)},
            baseline_prompts=None if answer_only is None else {"q": answer_only},
            marker="####", config=config.scoring,
        )  # fmt: skip

    return scored


UNSTOPPED = Stopping(None, frozenset(), ())


def chat(user: str, shown: str = SHOWN) -> str:
    return f"{shown}<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n"


def cut(text: str) -> str:
    return text.partition("\n####")[0]


WITH_RATIONALE = chat("What is 6 + 12?")
ANSWER_ONLY = chat(
    "What is 6 + 12?\n\nGive only the answer, without any explanation, on one line that begins "
    "with ####",
    shown="",
)
OF_COLOUR = chat("Which is red?\nA) grass\nB) snow\nC) blood\nD) coal")


@pytest.mark.parametrize("stated", ["cut", "kept"])
def test_equation_7_the_usefulness_of_a_rationale(slowly: Slowly, scores: Any, stated: str) -> None:
    rows = scores(NUMBER, SUM, normalisation="sum", cut_answer=stated == "cut")
    texts = [cut(text) if stated == "cut" else text for text in WRITTEN]
    expected = [slowly.answer(WITH_RATIONALE, text, "18") for text in texts]
    l_S = [math.prod(math.exp(logprob) for logprob in one) for one in expected]
    assert [math.exp(row.likelihood) for row in rows] == pytest.approx(l_S, rel=1e-3)
    winner = max(rows, key=lambda row: row.likelihood)
    loser = min(rows, key=lambda row: row.likelihood)
    assert (winner.rationale_id, loser.rationale_id) == (
        str(l_S.index(max(l_S))), str(l_S.index(min(l_S)))
    )  # fmt: skip
    for row, one, likelihood in zip(rows, expected, l_S, strict=True):
        assert row.sum_logprob == pytest.approx(sum(one), abs=1e-4)
        assert row.mean_logprob == pytest.approx(sum(one) / len(one), abs=1e-4)
        assert row.geometric == pytest.approx(likelihood ** (1 / len(one)), abs=1e-5)
        mean_prob = sum(math.exp(logprob) for logprob in one) / len(one)
        assert row.mean_prob == pytest.approx(mean_prob, abs=1e-5)
        assert row.posterior is None


def test_a_stated_answer_that_is_kept_counts(scores: Any) -> None:
    kept, without = (scores(NUMBER, SUM, cut_answer=cut_answer) for cut_answer in (False, True))
    changed = [abs(a.likelihood - b.likelihood) > 1e-6 for a, b in zip(kept, without, strict=True)]
    assert changed == ["####" in text for text in WRITTEN]


def test_equation_9_keeps_what_beats_no_rationale_under_either_prompt(
    slowly: Slowly, scores: Any
) -> None:
    kept: dict[str, list[bool]] = {"same_prompt": [], "answer_prompt": []}
    for gold in ("18", "7", "4", "1", "30", "-12"):
        question = replace(SUM, gold=gold)
        expected = [slowly.answer(WITH_RATIONALE, cut(text), question.gold) for text in WRITTEN]
        heights = [math.exp(sum(one) / len(one)) for one in expected]
        for baseline, prompt in (("same_prompt", WITH_RATIONALE), ("answer_prompt", ANSWER_ONLY)):
            rows = scores(NUMBER, question, normalisation="geometric", baseline=baseline)
            bare = slowly.answer(prompt, "", question.gold)
            floor = math.exp(sum(bare) / len(bare))
            lifts = [height - floor for height in heights]
            assert [row.baseline for row in rows] == pytest.approx([floor] * len(rows), abs=1e-5)
            assert [row.lift for row in rows] == pytest.approx(lifts, abs=1e-5)
            assert [row.lift > 0 for row in rows] == [lift > 0 for lift in lifts]
            kept[baseline] += [row.lift > 0 for row in rows]
    assert all(any(each) and not all(each) for each in kept.values())
    assert kept["same_prompt"] != kept["answer_prompt"]


def test_the_posterior_over_the_options(slowly: Slowly, scores: Any) -> None:
    def slow(text: str) -> list[float]:
        heights = [sum(slowly.answer(OF_COLOUR, text, letter)) for letter in "ABCD"]
        return [math.exp(height) / sum(map(math.exp, heights)) for height in heights]

    settings = {"normalisation": "posterior"}
    rows = scores(CHOICE, COLOUR, **settings)
    expected = [slow(cut(text)) for text in WRITTEN]
    bare = slow("")
    assert [row.posterior for row in rows] == pytest.approx([p[2] for p in expected], abs=1e-5)
    assert [row.likelihood for row in rows] == [row.posterior for row in rows]
    assert [row.baseline for row in rows] == pytest.approx([bare[2]] * len(rows), abs=1e-5)
    assert [row.lift for row in rows] == pytest.approx([p[2] - bare[2] for p in expected], abs=1e-5)
    for place, letter in enumerate("ABCD"):
        other = scores(CHOICE, replace(COLOUR, gold=letter), **settings)
        assert [row.posterior for row in other] == pytest.approx(
            [p[place] for p in expected], abs=1e-5
        )


def test_the_posterior_of_a_yes_or_no(slowly: Slowly, scores: Any) -> None:
    prompt = chat("Is snow white?")
    rows = scores(BOOLEAN, TRUTH, normalisation="posterior")
    for row, text in zip(rows, WRITTEN, strict=True):
        yes, no = (sum(slowly.answer(prompt, cut(text), word)) for word in ("yes", "no"))
        assert row.posterior == pytest.approx(1 / (1 + math.exp(no - yes)), abs=1e-5)
        assert row.sum_logprob == pytest.approx(yes, abs=1e-4)
        assert row.likelihood == row.posterior


def test_the_posterior_changes_no_other_number(scores: Any) -> None:
    for task, question in ((CHOICE, COLOUR), (BOOLEAN, TRUTH)):
        with_it, without = (
            scores(task, question, normalisation=name) for name in ("posterior", "sum")
        )
        for one, other in zip(with_it, without, strict=True):
            assert other.posterior is None and one.posterior is not None
            for name in ("sum_logprob", "mean_logprob", "geometric", "mean_prob"):
                assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-5)


def test_the_answer_prompt_serves_the_posteriors_baseline(slowly: Slowly, scores: Any) -> None:
    rows = scores(
        CHOICE, COLOUR, normalisation="posterior", baseline="answer_prompt",
        answer_prompt="{question}\n{options}\nOnly {marker} letter.",
    )  # fmt: skip
    listed = "Which is red?\nA) grass\nB) snow\nC) blood\nD) coal"
    prompt = chat(f"{listed}\nOnly #### letter.", shown="")
    heights = [math.exp(sum(slowly.answer(prompt, "", letter))) for letter in "ABCD"]
    assert rows[0].baseline == pytest.approx(heights[2] / sum(heights), abs=1e-5)


def test_a_gold_answer_that_is_no_option_is_refused(scores: Any) -> None:
    with pytest.raises(ValueError, match="'true' is none of its options, yes, no"):
        scores(BOOLEAN, replace(TRUTH, gold="true"), normalisation="posterior")
    assert scores(BOOLEAN, replace(TRUTH, gold="true"))[0].likelihood is not None

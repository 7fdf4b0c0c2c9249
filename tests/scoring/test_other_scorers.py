"""Scorers other than the base: another model, one with an adapter; and what a run makes of it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from collate.agents.adapters import new_adapter, save_adapter
from collate.agents.prompts import Prompts
from collate.agents.roster import make_agents
from collate.commands.setup import resolve_scorer
from collate.config.offline import names_hub_id
from collate.config.schema import AgentsConfig, Example, ModelConfig, RunConfig, ScoringConfig
from collate.errors import InputError
from collate.models.loading import load_resolved
from collate.models.stopping import stopping_of
from collate.models.weights import ResolvedModel
from collate.scoring.likelihood import LikelihoodScorer
from collate.store.resolve import name_problems
from collate.store.run_folder import RunFolder
from collate.tables import Question
from tests.tiny_model import build_tiny_model

QUESTION = Question("q", "t", "train", "What is 3 + 4?", "7", ())


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other weights, and a tokenizer without a chat template."""
    return build_tiny_model(tmp_path_factory.mktemp("other"), seed=1, chat_template=False)


@pytest.fixture(scope="module")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that changes the tiny model's answers, as a warm-up would leave it."""
    folder = tmp_path_factory.mktemp("adapter")
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    adapted = new_adapter(model, AgentsConfig(rank=4, alpha=8), seed=0)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.3)
    save_adapter(adapted, folder)
    return folder


def config(tiny_model: Path, **scoring: Any) -> RunConfig:
    return RunConfig(
        model=ModelConfig(name=str(tiny_model), dtype="float32"), scoring=ScoringConfig(**scoring)
    )


def sums(model: Any, folder: Path) -> list[float]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    stopping = stopping_of(folder, tokenizer)
    scorer = LikelihoodScorer(model.eval(), tokenizer, stopping, batch_tokens=512)
    (likelihoods,) = scorer.score([[5, 6, 7]], [["3 + 4 = 7", ""]], ["7"], marker="####")
    return [likelihood.sum_logprob for likelihood in likelihoods]


def resolved(config: RunConfig, base: Path) -> ResolvedModel:
    scorer = resolve_scorer(config, base)
    assert scorer is not None
    return scorer


def test_the_base_scores_unless_another_is_named(tiny_model: Path) -> None:
    assert resolve_scorer(config(tiny_model), tiny_model) is None
    unscored = config(tiny_model, model="owner/name", likelihood=False)
    assert resolve_scorer(unscored, tiny_model) is None


def test_another_model_scores_with_its_own_tokenizer(tiny_model: Path, other_model: Path) -> None:
    scorer = resolved(config(tiny_model, model=str(other_model)), tiny_model)
    assert scorer.folder == other_model.resolve()
    model = AutoModelForCausalLM.from_pretrained(other_model, dtype=torch.float32)
    loaded = load_resolved(scorer, dtype="float32")
    assert sums(loaded, scorer.folder) == sums(model, other_model)


def test_a_warmed_up_model_scores_as_its_adapter_attached(tiny_model: Path, adapter: Path) -> None:
    scorer = resolved(config(tiny_model, model=str(adapter)), tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    untouched = sums(model, tiny_model)
    attached = sums(PeftModel.from_pretrained(model, str(adapter)), tiny_model)
    merged = sums(load_resolved(scorer, dtype="float32"), tiny_model)
    assert merged == pytest.approx(attached, abs=1e-4)
    assert attached != pytest.approx(untouched, abs=1e-1)


def test_an_adapter_for_another_model_is_refused_before_anything_starts(
    tiny_model: Path, adapter: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    shutil.copytree(adapter, wrong)
    settings = json.loads((wrong / "adapter_config.json").read_text())
    (wrong / "adapter_config.json").write_text(json.dumps(settings | {"r": 8}))
    with pytest.raises(InputError, match=r"scoring\.model=.*made for another model"):
        resolve_scorer(config(tiny_model, model=str(wrong)), tiny_model)
    (wrong / "adapter_config.json").write_text(json.dumps({"peft_type": "PREFIX_TUNING"}))
    (problem,) = name_problems(str(wrong), "scoring.model")
    assert "expected a LoRA adapter, found PREFIX_TUNING" in problem
    (wrong / "adapter_config.json").write_text("[]")
    (problem,) = name_problems(str(wrong), "scoring.model")
    assert "expected a LoRA adapter" in problem


def test_a_folder_that_is_no_model_is_named_by_its_setting(tmp_path: Path) -> None:
    problems = name_problems(str(tmp_path), "scoring.model")
    assert problems and all(line.startswith("scoring.model=") for line in problems)


def test_prompts_are_rendered_by_the_scorers_tokenizer(tiny_model: Path, other_model: Path) -> None:
    tokenizer, other = (AutoTokenizer.from_pretrained(each) for each in (tiny_model, other_model))
    asked = config(tiny_model, model=str(other_model), baseline="answer_prompt")
    shown = replace(asked.task, examples=[Example("What is 1 + 1?", "#### 2")])
    asked = replace(asked, task=shown, agents=replace(asked.agents, examples=1))
    stopping = stopping_of(tiny_model, tokenizer)
    prompts = Prompts(asked, make_agents(asked), tokenizer, stopping, other)
    plain = "Question: What is 1 + 1?\nAnswer: #### 2\n\nQuestion: What is 3 + 4?\nAnswer:"
    assert other.decode(prompts.of_scorer(QUESTION)) == plain
    assert other.decode(prompts.baseline(QUESTION)) == (
        "Question: What is 3 + 4?\n\nGive only the answer, without any explanation, on one line "
        "that begins with ####\nAnswer:"
    )
    assert tokenizer.decode(prompts.of_agent("agent-1", QUESTION)).startswith("<|im_start|>user\n")
    prompts.check_lengths([QUESTION], scorer_positions=1024)
    with pytest.raises(InputError, match=r"its 260 positions minus agents\.max_tokens=256 leave 4"):
        prompts.check_lengths([QUESTION], scorer_positions=260)


def test_under_the_same_prompt_there_is_no_second_one(tiny_model: Path) -> None:
    base = config(tiny_model)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    prompts = Prompts(base, make_agents(base), tokenizer, stopping_of(tiny_model, tokenizer))
    assert prompts.baseline(QUESTION) is None


def test_a_run_is_bound_to_its_scorer_but_not_to_where_it_lies(
    tiny_model: Path, other_model: Path, tmp_path: Path
) -> None:
    began = replace(
        config(tiny_model, model=str(other_model)), name="a", folder=str(tmp_path / "runs")
    )
    identity = {"model": "m", "questions": "q", "scorer": "s"}
    RunFolder.open(began, identity, notify=print)
    moved = tmp_path / "moved"
    shutil.copytree(other_model, moved)
    elsewhere = replace(began, scoring=replace(began.scoring, model=str(moved)))
    RunFolder.open(elsewhere, identity, notify=print)
    without = replace(began, scoring=replace(began.scoring, model=None))
    with pytest.raises(InputError, match=r"scoring\.model"):
        RunFolder.open(without, {"model": "m", "questions": "q"}, notify=print)
    with pytest.raises(InputError, match="scorer: s when the run began, other now"):
        RunFolder.open(began, identity | {"scorer": "other"}, notify=print)


def test_a_scorer_of_the_hub_is_a_reason_to_ask_the_network(tiny_model: Path) -> None:
    assert not names_hub_id(config(tiny_model, model=str(tiny_model)))
    assert names_hub_id(config(tiny_model, model="owner/name"))

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
from collate.config.offline import names_hub_id
from collate.config.schema import AgentsConfig, Example, ModelConfig, RunConfig, ScoringConfig
from collate.errors import InputError
from collate.scoring.likelihood import LikelihoodScorer
from collate.scoring.model import (
    ScorerFolders,
    load_scorer,
    positions_of,
    prepare_scorer,
    scorer_problems,
)
from collate.store.identity import check_same_settings
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


def sums(scorer: LikelihoodScorer) -> list[float]:
    (row,) = scorer.score([[5, 6, 7]], [["3 + 4 = 7", ""]], ["7"], marker="####")
    return [one.sum_logprob for one in row]


def plainly(model: Any, folder: Path) -> list[float]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return sums(LikelihoodScorer(model.eval(), tokenizer, batch_tokens=512))


def test_the_base_scores_unless_another_is_named(tiny_model: Path) -> None:
    base = config(tiny_model)
    assert prepare_scorer(base, tiny_model) is None and scorer_problems(base) == []
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    assert sums(load_scorer(ScorerFolders(tiny_model), base)) == plainly(model, tiny_model)


def test_another_model_scores_with_its_own_tokenizer(tiny_model: Path, other_model: Path) -> None:
    asked = config(tiny_model, model=str(other_model))
    folders = prepare_scorer(asked, tiny_model)
    assert folders == ScorerFolders(other_model.resolve())
    assert positions_of(folders.model) == 1024
    model = AutoModelForCausalLM.from_pretrained(other_model, dtype=torch.float32)
    assert sums(load_scorer(folders, asked)) == plainly(model, other_model)


@pytest.mark.parametrize("named", [False, True])
def test_a_warmed_up_model_scores_as_its_adapter_attached(
    tiny_model: Path, adapter: Path, named: bool
) -> None:
    asked = config(tiny_model, adapter=str(adapter), model=str(tiny_model) if named else None)
    assert scorer_problems(asked) == []
    folders = prepare_scorer(asked, tiny_model)
    assert folders is not None
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    untouched = plainly(model, tiny_model)
    attached = plainly(PeftModel.from_pretrained(model, str(adapter)), tiny_model)
    assert sums(load_scorer(folders, asked)) == pytest.approx(attached, abs=1e-4)
    assert attached != pytest.approx(untouched, abs=1e-1)


def test_an_adapter_for_another_model_is_refused_before_anything_starts(
    tiny_model: Path, adapter: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    shutil.copytree(adapter, wrong)
    settings = json.loads((wrong / "adapter_config.json").read_text())
    (wrong / "adapter_config.json").write_text(json.dumps(settings | {"r": 8}))
    with pytest.raises(InputError, match=r"scoring\.adapter=.*made for another model"):
        prepare_scorer(config(tiny_model, adapter=str(wrong)), tiny_model)
    (wrong / "adapter_config.json").write_text(json.dumps({"peft_type": "PREFIX_TUNING"}))
    (problem,) = scorer_problems(config(tiny_model, adapter=str(wrong)))
    assert "expected LoRA, found PREFIX_TUNING" in problem
    (wrong / "adapter_config.json").write_text("[]")
    (problem,) = scorer_problems(config(tiny_model, adapter=str(wrong)))
    assert "cannot be read" in problem


def test_a_folder_that_is_no_model_is_named_by_its_setting(
    tiny_model: Path, tmp_path: Path
) -> None:
    found = scorer_problems(config(tiny_model, model=str(tmp_path)))
    assert len(found) == 3 and all(line.startswith("scoring.model=") for line in found)


def test_the_digest_follows_model_and_adapter(
    tiny_model: Path, other_model: Path, adapter: Path
) -> None:
    folders = [
        ScorerFolders(tiny_model), ScorerFolders(other_model), ScorerFolders(tiny_model, adapter)
    ]  # fmt: skip
    assert len({one.digest() for one in folders}) == 3
    assert folders[2].digest() == ScorerFolders(tiny_model, adapter).digest()


def test_prompts_are_rendered_by_the_scorers_tokenizer(tiny_model: Path, other_model: Path) -> None:
    tokenizer, other = (AutoTokenizer.from_pretrained(each) for each in (tiny_model, other_model))
    asked = config(tiny_model, model=str(other_model), baseline="answer_prompt")
    shown = replace(asked.task, examples=[Example("What is 1 + 1?", "#### 2")])
    asked = replace(asked, task=shown, agents=replace(asked.agents, examples=1))
    prompts = Prompts(asked, make_agents(asked), tokenizer, other)
    plain = "Question: What is 1 + 1?\nAnswer: #### 2\n\nQuestion: What is 3 + 4?\nAnswer:"
    assert other.decode(prompts.base(QUESTION)) == plain
    assert other.decode(prompts.baseline(QUESTION)) == (
        "Question: What is 3 + 4?\n\nGive only the answer, without any explanation, on one line "
        "that begins with ####\nAnswer:"
    )
    assert tokenizer.decode(prompts.of("agent-1", QUESTION)).startswith("<|im_start|>user\n")
    prompts.check_lengths([QUESTION], scorer_positions=1024)
    with pytest.raises(InputError, match=r"its 260 positions minus agents\.max_tokens=256 leave 4"):
        prompts.check_lengths([QUESTION], scorer_positions=260)


def test_under_the_same_prompt_there_is_no_second_one(tiny_model: Path) -> None:
    base = config(tiny_model)
    prompts = Prompts(base, make_agents(base), AutoTokenizer.from_pretrained(tiny_model))
    assert prompts.baseline(QUESTION) is None


def test_a_run_is_bound_to_its_scorer_but_not_to_where_it_lies(
    tiny_model: Path, other_model: Path, adapter: Path, tmp_path: Path
) -> None:
    began = config(tiny_model, model=str(other_model), adapter=str(adapter))
    began = replace(began, name="a", folder=str(tmp_path / "runs"))
    RunFolder.open(began, {"model": "m", "questions": "q", "scorer": "s"})
    moved = tmp_path / "moved"
    shutil.copytree(other_model, moved)
    check_same_settings(replace(began, scoring=replace(began.scoring, model=str(moved))))
    with pytest.raises(InputError, match=r"scoring\.adapter: 'a local folder' when the run began"):
        check_same_settings(replace(began, scoring=replace(began.scoring, adapter=None)))
    with pytest.raises(InputError, match="scorer: s when the run began, other now"):
        RunFolder.open(began, {"model": "m", "questions": "q", "scorer": "other"})


def test_a_scorer_of_the_hub_is_a_reason_to_ask_the_network(tiny_model: Path) -> None:
    assert not names_hub_id(config(tiny_model, model=str(tiny_model)))
    assert names_hub_id(config(tiny_model, model="owner/name"))

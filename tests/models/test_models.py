"""Folders of models, how a model chats and how its turns end."""

import json
import shutil
from pathlib import Path

import pytest

from collate.atomic import complete_file, complete_folder
from collate.models import before_stop, folder_digest, load_tokenizer, render
from collate.models.chat import plain_frame
from collate.models.folder import model_folder, model_folder_problems, packaged_problems
from collate.models.loading import BaseModel, load_causal_lm, max_positions
from collate.models.model_names import PackagedName
from collate.models.stopping import Stopping, stopping_of
from tests.tiny_model import build_tiny_model

MESSAGES = [
    {"role": "system", "content": "Solve."},
    {"role": "user", "content": "1 + 1"},
    {"role": "assistant", "content": "#### 2"},
    {"role": "user", "content": "2 + 3"},
]


def test_a_packaged_model_that_there_is_not_is_said() -> None:
    (problem,) = packaged_problems(PackagedName("nothing"), "model.name")
    assert problem.startswith("model.name=packaged:nothing: no such packaged model")
    assert problem.endswith("there are smollm2-135m-instruct")


def test_a_folder_without_tokenizer_is_said(tiny_model: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((tiny_model / name).read_bytes())
    (problem,) = model_folder_problems(tmp_path, "scoring.model")
    assert problem.startswith("scoring.model=")
    assert "no tokenizer there" in problem and "save_pretrained" in problem
    assert model_folder_problems(tiny_model, "model.name") == []


def test_the_digest_follows_the_content(tiny_model: Path, tmp_path: Path) -> None:
    same = build_tiny_model(tmp_path / "same")
    other = build_tiny_model(tmp_path / "other", seed=1)
    assert folder_digest(tiny_model) == folder_digest(same) != folder_digest(other)


def test_prompts_end_where_the_answer_begins(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    text = tokenizer.decode(render(tokenizer, MESSAGES))
    assert text.endswith("2 + 3<|im_end|>\n<|im_start|>assistant\n")


def test_a_model_without_chat_template_gets_the_plain_frame(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(build_tiny_model(tmp_path, chat_template=False))
    expected = "Solve.\n\nQuestion: 1 + 1\nAnswer: #### 2\n\nQuestion: 2 + 3\nAnswer:"
    assert plain_frame(MESSAGES) == expected
    assert tokenizer.decode(render(tokenizer, MESSAGES)) == expected


def test_braces_in_a_message_survive_the_frame() -> None:
    assert "{} {x}" in plain_frame([{"role": "user", "content": "{} {x}"}])


def test_a_turn_ends_at_the_tokenizers_end_and_at_those_of_the_generation_settings(
    tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    tokenizer = load_tokenizer(tmp_path)
    settings = tmp_path / "generation_config.json"
    end_id = tokenizer.convert_tokens_to_ids("<|im_end|>")
    for stop_ids, expected in (([0, 9], {0, 9, end_id}), (0, {0, end_id}), (None, {end_id})):
        settings.write_text(json.dumps({"eos_token_id": stop_ids}))
        assert stopping_of(tmp_path, tokenizer) == Stopping(end_id, frozenset(expected), ())
    settings.unlink()
    assert stopping_of(tmp_path, tokenizer).stop_ids == {end_id}
    tokenizer.eos_token = None
    assert stopping_of(tmp_path, tokenizer) == Stopping(None, frozenset(), ())
    assert BaseModel(tiny_model).stopping == stopping_of(tiny_model, load_tokenizer(tiny_model))


def test_without_a_chat_template_the_next_question_ends_a_turn(tmp_path: Path) -> None:
    build_tiny_model(tmp_path, chat_template=False)
    stopping = stopping_of(tmp_path, load_tokenizer(tmp_path))
    assert stopping.stop_texts == ("\nQuestion:",)
    assert before_stop("4\nQuestion: more\nQuestion:", stopping.stop_texts) == "4"
    assert before_stop("Question: none", stopping.stop_texts) == "Question: none"
    assert before_stop("any", ()) == "any"


def test_the_longest_position_is_read_from_the_folder_or_from_the_settings(
    tiny_model: Path,
) -> None:
    assert max_positions(tiny_model) == max_positions(str(tiny_model)) == 1024
    assert max_positions(load_causal_lm(tiny_model, dtype="float32").config) == 1024


def test_the_base_model_is_in_memory_in_one_type_at_a_time(tiny_model: Path) -> None:
    base = BaseModel(tiny_model)
    model = base.loaded("float32")
    assert base.loaded("float32") is model and not model.training
    assert base.loaded("bfloat16") is not model
    base.forget()
    assert base.loaded("bfloat16").dtype.itemsize == 2


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_packaged_model_is_converted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLATE_HOME", str(tmp_path))
    name = PackagedName("smollm2-135m-instruct")
    folder = model_folder(name, setting="model.name", trust_remote_code=False)
    assert folder == tmp_path / "models" / "smollm2-135m-instruct"
    assert (folder / "model.safetensors").stat().st_size > 200 * 2**20
    assert "<|im_start|>" in load_tokenizer(folder).chat_template
    before = folder.stat().st_mtime_ns
    again = model_folder(name, setting="model.name", trust_remote_code=False)
    assert again == folder and folder.stat().st_mtime_ns == before


def test_a_folder_appears_complete_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), complete_folder(tmp_path / "a") as unfinished:
        (unfinished / "half").write_text("x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with complete_folder(tmp_path / "a") as unfinished:
        (unfinished / "whole").write_text("x")
        assert not (tmp_path / "a").exists()
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "whole"]


def test_a_file_is_replaced_whole_or_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), complete_file(path) as unfinished:
        unfinished.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    with complete_file(path) as unfinished:
        unfinished.write_text("new")
    assert path.read_text() == "new" and len(list(tmp_path.iterdir())) == 1

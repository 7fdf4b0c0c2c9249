"""Names of models, the conversion of the packaged one, and prompts as token ids."""

from pathlib import Path

import pytest

from collate.atomic import complete_file, complete_folder
from collate.config.schema import ModelConfig
from collate.models import (
    folder_digest,
    load_tokenizer,
    model_problems,
    prepare_model,
    render,
    stop_texts,
)
from collate.models.chat import plain_frame
from tests.tiny_model import build_tiny_model

MESSAGES = [
    {"role": "system", "content": "Solve."},
    {"role": "user", "content": "1 + 1"},
    {"role": "assistant", "content": "#### 2"},
    {"role": "user", "content": "2 + 3"},
]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("packaged:nothing", "no such packaged model; there are smollm2-135m-instruct"),
        ("./nowhere", "no such folder, and not a hub id"),
        ("two words", "no such folder, and not a hub id"),
        ("a/b/c", "no such folder, and not a hub id"),
    ],
)
def test_a_name_that_means_nothing_is_said(name: str, message: str) -> None:
    assert message in model_problems(ModelConfig(name=name))[0]


def test_a_folder_without_tokenizer_is_said(tiny_model: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((tiny_model / name).read_bytes())
    (found,) = model_problems(ModelConfig(name=str(tmp_path)))
    assert "no tokenizer there" in found and "save_pretrained" in found
    assert model_problems(ModelConfig(name=str(tiny_model))) == []


def test_the_digest_follows_the_content(tiny_model: Path, tmp_path: Path) -> None:
    same = build_tiny_model(tmp_path / "same")
    other = build_tiny_model(tmp_path / "other", seed=1)
    assert folder_digest(tiny_model) == folder_digest(same) != folder_digest(other)


def test_prompts_end_where_the_answer_begins(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    text = tokenizer.decode(render(tokenizer, MESSAGES))
    assert text.endswith("2 + 3<|im_end|>\n<|im_start|>assistant\n")
    assert stop_texts(tokenizer) == ()


def test_a_model_without_chat_template_gets_the_plain_frame(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(build_tiny_model(tmp_path, chat_template=False))
    expected = "Solve.\n\nQuestion: 1 + 1\nAnswer: #### 2\n\nQuestion: 2 + 3\nAnswer:"
    assert plain_frame(MESSAGES) == expected
    assert tokenizer.decode(render(tokenizer, MESSAGES)) == expected
    assert stop_texts(tokenizer) == ("\nQuestion:",)


def test_braces_in_a_message_survive_the_frame() -> None:
    assert "{} {x}" in plain_frame([{"role": "user", "content": "{} {x}"}])


@pytest.mark.timeout(300)
def test_the_packaged_model_is_converted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLATE_HOME", str(tmp_path))
    folder = prepare_model(ModelConfig())
    assert folder == tmp_path / "models" / "smollm2-135m-instruct"
    assert (folder / "model.safetensors").stat().st_size > 200 * 2**20
    assert "<|im_start|>" in load_tokenizer(folder).chat_template
    before = folder.stat().st_mtime_ns
    assert prepare_model(ModelConfig()) == folder and folder.stat().st_mtime_ns == before


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

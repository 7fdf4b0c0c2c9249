"""A model's or an adapter's folder that somebody else has made: files of its own, and no code."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from collate.commands.preflight import model_problems, preflight, scorer_problems
from collate.commands.setup import prepare, resolve_scorer
from collate.config.schema import ModelConfig, RunConfig, ScoringConfig
from collate.errors import InputError, ModelError
from collate.models.checkpoints import checkpoint_files, read_adapter
from collate.models.folder_checks import model_folder_problems
from collate.store.resolve import name_problems, resolve_model
from tests.command_line import here
from tests.hostile.received import SETTINGS, bring_code, contents, write_adapter, write_questions


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def edit(file: Path, **values: object) -> None:
    settings = json.loads(file.read_text()) if file.is_file() else {}
    file.write_text(json.dumps(settings | values))


def only_problem(model: Path) -> str:
    (problem,) = model_folder_problems(model, "model.name")
    return problem


# Code ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["run", "evaluate"])
def test_a_model_that_brings_code_is_refused_in_words(
    tiny_model: Path, tmp_path: Path, verb: str
) -> None:
    write_questions(tmp_path)
    mark = tmp_path / "mark"
    bring_code(tiny_model, tmp_path / "coded", mark)
    before = contents(tmp_path)
    done = here(verb, "model=coded", *SETTINGS, cwd=tmp_path)
    assert done.returncode == 2 and contents(tmp_path) == before
    setting = "model.name" if verb == "run" else "model"
    assert done.stderr == (
        f"collate: {setting}=coded: it needs Python code of its own (tokenizer_config.json: "
        "auto_map), which is run only if model.trust_remote_code=true is given with the command\n"
    )


def test_with_trust_its_code_is_run(tiny_model: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    coded = bring_code(tiny_model, tmp_path / "coded", mark)
    config = RunConfig(model=ModelConfig(name=str(coded), trust_remote_code=True))
    assert model_problems(config) == [] and not mark.exists()
    with mock.patch("collate.commands.setup.Prompts"):
        prepare(config, [], [])
    assert mark.read_text() == "run"


def test_code_that_transformers_has_itself_needs_no_trust(model: Path) -> None:
    """Many models of the hub carry code from before transformers had theirs."""
    edit(model / "config.json", auto_map={"AutoModelForCausalLM": "brought.Model"})
    assert model_folder_problems(model, "model.name") == []
    edit(model / "config.json", model_type="unheard-of", auto_map={"AutoConfig": "brought.Config"})
    assert "model.trust_remote_code=true" in only_problem(model)
    assert model_folder_problems(model, "model.name", trust_remote_code=True) == []


# Links and weights --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["tokenizer.json", "chat_template.jinja", "config.json", "model.safetensors", "notes.txt",
     "additional_chat_templates/x.jinja", "folder"],
)  # fmt: skip
def test_links_out_of_a_models_folder_are_refused(model: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "elsewhere"
    if name == "folder":
        target.mkdir()
    else:
        target.write_text("{}")
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).unlink(missing_ok=True)
    (model / name).symlink_to(target)
    problem = only_problem(model)
    assert problem.startswith(f"model.name={model}: {name} is a link out of the folder, to ")


def test_links_of_the_hubs_cache_to_its_blobs_are_followed(model: Path, tmp_path: Path) -> None:
    snapshot, blobs = tmp_path / "models--a--b/snapshots/1f", tmp_path / "models--a--b/blobs"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for file in model.iterdir():
        file.rename(blobs / file.name)
        (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
    assert model_folder_problems(snapshot, "model.name") == []
    (snapshot / "notes.txt").symlink_to("../../notes.txt")
    assert "notes.txt is a link out of the folder" in only_problem(snapshot)


def test_weights_are_safetensors_of_the_usual_names(model: Path) -> None:
    (model / "model.safetensors").rename(model / "odd.safetensors")
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    assert "neither model.safetensors nor model.safetensors.index.json" in only_problem(model)
    (model / "odd.safetensors").unlink()
    assert "no .safetensors there" in only_problem(model)


def test_a_pipe_for_a_file_is_not_waited_for(model: Path) -> None:
    os.mkfifo(model / "generation_config.json.1")
    assert "neither a file nor a folder" in only_problem(model)


@pytest.mark.parametrize(
    ("weight_map", "reason"),
    [
        ({"a": "../elsewhere.safetensors"}, "names ../elsewhere.safetensors; expected"),
        ({"a": "/etc/elsewhere.safetensors"}, "expected safetensors beside it"),
        ({"a": "sub/x.safetensors"}, "expected safetensors beside it"),
        ({"a": "pytorch_model.bin"}, "expected safetensors beside it"),
        ({"a": "gone.safetensors"}, "which is not there"),
        ({}, "no weight_map"),
        ([], "no weight_map"),
        ({"a": 1}, "something else than files"),
    ],
)
def test_an_index_names_files_beside_it(model: Path, weight_map: object, reason: str) -> None:
    (model / "model.safetensors").rename(model.parent / "elsewhere.safetensors")
    edit(model / "model.safetensors.index.json", weight_map=weight_map)
    assert reason in only_problem(model)
    with pytest.raises(ModelError, match=r"index\.json"):
        checkpoint_files(str(model))


def test_an_index_beside_other_weights_is_ambiguous(model: Path) -> None:
    shutil.copy(model / "model.safetensors", model / "other.safetensors")
    edit(model / "model.safetensors.index.json", weight_map={"a": "other.safetensors"})
    assert "both model.safetensors and model.safetensors.index.json" in only_problem(model)
    edit(model / "model.safetensors.index.json", weight_map={"a": "model.safetensors"})
    assert model_folder_problems(model, "model.name") == []


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, "{", "\udc80"])
def test_settings_that_cannot_be_read_are_named(model: Path, text: str) -> None:
    for name in ("config.json", "tokenizer_config.json"):
        kept = (model / name).read_bytes()
        (model / name).write_bytes(text.encode(errors="surrogateescape"))
        assert f"{name} cannot be read" in only_problem(model)
        (model / name).write_bytes(kept)
    edit(model / "config.json", transformers_weights="../x.safetensors")
    assert "config.json names its weights" in only_problem(model)


def test_a_tokenizer_that_cannot_be_loaded_is_named(model: Path) -> None:
    (model / "tokenizer.json").write_text("{}")
    config = RunConfig(model=ModelConfig(name=str(model)))
    with pytest.raises(InputError, match=r"model\.name=.*its tokenizer cannot be loaded"):
        prepare(config, [], [])


# Adapters -----------------------------------------------------------------------------------------


@pytest.fixture
def named_adapter(tiny_model: Path, tmp_path: Path) -> Path:
    folder = write_adapter(tiny_model, tmp_path / "adapter")
    edit(folder / "adapter_config.json", base_model_name_or_path=str(tiny_model))
    return folder


def test_a_base_that_an_adapter_names_is_looked_at_and_named(
    named_adapter: Path, tiny_model: Path, tmp_path: Path
) -> None:
    assert name_problems(str(named_adapter), "model", adapters_need_base=True) == []
    config = RunConfig(model=ModelConfig(name=str(named_adapter)))
    with mock.patch("collate.commands.setup.Prompts"):
        (remark,) = prepare(config, [], []).remarks
    assert str(tiny_model) in remark and str(named_adapter) in remark
    mark = tmp_path / "mark"
    coded = bring_code(tiny_model, tmp_path / "coded", mark)
    edit(named_adapter / "adapter_config.json", base_model_name_or_path=str(coded))
    for problems in (
        model_problems(config),
        scorer_problems(replace(RunConfig(), scoring=ScoringConfig(model=str(named_adapter)))),
    ):
        assert len(problems) == 1 and f"its base model={coded}: it needs Python" in problems[0]
    assert not mark.exists()


def test_a_base_that_an_adapter_names_is_not_fetched(named_adapter: Path) -> None:
    """The user named the adapter's folder, and nothing of the hub."""
    edit(named_adapter / "adapter_config.json", base_model_name_or_path="owner/not-here")
    with (
        mock.patch("huggingface_hub.snapshot_download", side_effect=FileNotFoundError) as fetch,
        pytest.raises(InputError, match=r"owner/not-here: not on this machine.*hf download"),
    ):
        resolve_model(str(named_adapter), setting="model")
    assert fetch.call_args.kwargs["local_files_only"] is True


def test_adapters_that_name_each_other_end(named_adapter: Path) -> None:
    edit(named_adapter / "adapter_config.json", base_model_name_or_path=str(named_adapter))
    with pytest.raises(InputError, match="name each other"):
        resolve_model(str(named_adapter))
    (problem,) = name_problems(str(named_adapter), "model", adapters_need_base=True)
    assert "name each other" in problem


@pytest.mark.parametrize("base", ["../../../etc", "\0", "x" * 5000, "~nobody-here/x", 5, ["a"]])
def test_a_base_that_is_none_is_said(named_adapter: Path, base: object) -> None:
    edit(named_adapter / "adapter_config.json", base_model_name_or_path=base)
    assert name_problems(str(named_adapter), "model", adapters_need_base=True)


def test_links_out_of_an_adapters_folder_are_refused(named_adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (named_adapter / "notes.txt").symlink_to(tmp_path / "secret")
    for setting in ("model", "scoring.model", "agents.start"):
        (problem,) = name_problems(str(named_adapter), setting, adapters_need_base=True)
        assert "notes.txt is a link out of the folder" in problem


@pytest.mark.parametrize("settings", [{}, {"r": 0}, {"r": "x"}, {"r": 4, "lora_alpha": None}])
def test_an_adapter_without_its_sizes_is_said(named_adapter: Path, settings: object) -> None:
    content = json.dumps({"peft_type": "LORA", **settings})  # type: ignore[dict-item]
    (named_adapter / "adapter_config.json").write_text(content)
    with pytest.raises(ModelError, match=r"adapter_config\.json has r="):
        read_adapter(str(named_adapter))


def test_tensors_that_are_damaged_are_named(named_adapter: Path, tiny_model: Path) -> None:
    (named_adapter / "adapter_model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors cannot be read"):
        read_adapter(str(named_adapter))
    with pytest.raises(InputError, match=r"scoring\.model=.*adapter_model\.safetensors cannot"):
        config = replace(RunConfig(), scoring=ScoringConfig(model=str(named_adapter)))
        resolve_scorer(config, tiny_model)


def test_preflight_names_what_is_wrong_with_a_scorer(
    named_adapter: Path, tiny_model: Path, tmp_path: Path
) -> None:
    edit(named_adapter / "adapter_config.json", base_model_name_or_path=str(tmp_path))
    config = RunConfig(
        name="a", folder=str(tmp_path / "runs"), model=ModelConfig(name=str(tiny_model)),
        scoring=ScoringConfig(model=str(named_adapter)),
    )  # fmt: skip
    with pytest.raises(InputError, match=r"its base model=.*no config\.json there"):
        preflight(config)

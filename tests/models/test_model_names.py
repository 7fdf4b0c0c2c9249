"""One way to name a model: every kind of name, and what can be none."""

from pathlib import Path

import pytest

from collate.errors import InputError
from collate.models.model_names import (
    FolderName,
    HubName,
    ModelName,
    PackagedName,
    RunName,
    model_label,
    parse_model_name,
)


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a model, an adapter and a run in it."""
    monkeypatch.chdir(tmp_path)
    for folder in ("models/llama", "adapters/mine", "runs/quickstart/round-02/agents/agent-1"):
        Path(folder).mkdir(parents=True)
    Path("runs/quickstart/run.json").write_text("{}")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Qwen/Qwen2.5-0.5B-Instruct", HubName("Qwen/Qwen2.5-0.5B-Instruct")),
        ("Qwen/Qwen2.5-0.5B-Instruct@main", HubName("Qwen/Qwen2.5-0.5B-Instruct", "main")),
        ("Qwen/Qwen2.5-0.5B@refs/pr/3", HubName("Qwen/Qwen2.5-0.5B", "refs/pr/3")),
        ("gpt2", HubName("gpt2")),
        ("packaged:smollm2-135m-instruct", PackagedName("smollm2-135m-instruct")),
        ("models/llama", FolderName(Path("models/llama"))),
        ("./models/llama", FolderName(Path("models/llama"))),
        ("adapters/mine", FolderName(Path("adapters/mine"))),
        ("runs/quickstart", RunName(Path("runs/quickstart"))),
        ("runs/quickstart/", RunName(Path("runs/quickstart"))),
        ("runs/quickstart:agent-2", RunName(Path("runs/quickstart"), "agent-2")),
        ("runs/quickstart:agent-2@1", RunName(Path("runs/quickstart"), "agent-2", 1)),
        ("runs/quickstart@0", RunName(Path("runs/quickstart"), None, 0)),
        ("nowhere/there:agent-1", None),
        ("/no/such/folder", None),
        ("../no/such/folder", None),
        ("~/nothing-of-this-name", None),
        ("two words", None),
        ("", None),
    ],
)
def test_every_kind_of_name(text: str, name: ModelName | None) -> None:
    if name is not None:
        assert parse_model_name(text) == name
        return
    with pytest.raises(InputError, match=r"scoring\.model=.*not a hub id"):
        parse_model_name(text, "scoring.model")


def test_an_agents_folder_inside_a_run_is_that_agent() -> None:
    """Its own settings say nothing of where its base model lies, those of the run do."""
    name = parse_model_name("runs/quickstart/round-02/agents/agent-1")
    assert isinstance(name, RunName)
    assert (name.agent, name.round) == ("agent-1", 2)
    assert name.run == Path("runs/quickstart").resolve()


def test_tables_show_no_path_of_one_machine(tmp_path: Path) -> None:
    assert model_label(str(tmp_path / "models" / "llama")) == "llama"
    assert model_label("owner/name@main") == "owner/name@main"

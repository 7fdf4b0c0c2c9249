"""A run's folder that somebody else has made: it runs nothing, and reaches nothing outside it."""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

import collate
from collate.agents.roster import make_agents
from collate.atomic import remove_unfinished
from collate.commands.evaluate import with_overrides
from collate.commands.preflight import model_problems
from collate.commands.run import weights_of_start
from collate.config.arms import read_comparison
from collate.config.schema import RunConfig
from collate.console.events import Event, EventFile, LogFile
from collate.console.terminal import output_to_log
from collate.errors import InputError, RunFolderError
from collate.models.folder import folder_digest
from collate.report.html import write_report
from collate.store.lock import run_lock
from collate.store.manifest import Manifest
from collate.store.resolve import name_problems, resolve_model
from collate.store.run_description import read_run_config
from collate.store.run_folder import RunFolder
from collate.store.run_weights import committed_weights, weights_of
from tests.command_line import Done, here
from tests.hostile.received import AGENTS, SETTINGS, bring_code, contents

TRUST = "model.trust_remote_code=true"


def run_again(got: Path, model: Path, *overrides: str) -> Done:
    return here("run", f"model={model}", *SETTINGS, *overrides, cwd=got.parents[1])


def forge(got: Path, **sections: object) -> None:
    """Settings of the sender's own, with everything that the folder says of them made to agree."""
    settings = yaml.safe_load((got / "config.yaml").read_text())
    for name, values in sections.items():
        settings[name] = values if not isinstance(values, dict) else settings[name] | values
    (got / "config.yaml").write_text(yaml.safe_dump(settings))
    _leave_out_digests(got)


def _leave_out_digests(got: Path) -> None:
    """As a run of a version that noted no digests of its settings."""
    lines = (got / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b'"note": "digests"' not in line]
    (got / "manifest.jsonl").write_bytes(b"".join(kept))


# Code ---------------------------------------------------------------------------------------------


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "code-was-run"


@pytest.fixture
def with_code(got: Path, tiny_model: Path, mark: Path) -> Path:
    """The run with a model in it that brings code, and settings and digests to match."""
    model = bring_code(tiny_model, got / "model", mark)
    forge(got, model={"name": str(model), "trust_remote_code": True})
    facts = json.loads((got / "run.json").read_text())
    facts["identity"]["model"] = folder_digest(model)
    (got / "run.json").write_text(json.dumps(facts))
    return got


@pytest.mark.parametrize(
    "arguments",
    [("evaluate", "run=runs/got"), ("evaluate", "model=runs/got"),
     ("evaluate", "model=runs/got:agent-2@1", "folder=elsewhere"),
     ("run", "model=runs/got", *SETTINGS, "name=next")],
)  # fmt: skip
def test_code_that_a_run_brings_is_not_run(
    with_code: Path, mark: Path, arguments: tuple[str, ...]
) -> None:
    before = contents(with_code.parents[1])
    done = here(*arguments, cwd=with_code.parents[1])
    assert not mark.exists()
    assert done.returncode == 2 and TRUST in done.stderr and "Traceback" not in done.stderr
    assert "hf.co" not in done.stderr
    assert contents(with_code.parents[1]) == before


def test_nor_as_a_scorer_or_for_the_weights_that_agents_begin_with(
    with_code: Path, mark: Path, tiny_model: Path
) -> None:
    (problem,) = name_problems(str(with_code), "scoring.model")
    assert TRUST in problem
    assert not resolve_model(str(with_code), setting="scoring.model").trust_remote_code
    agents = make_agents(replace(RunConfig(), agents=AGENTS))
    shutil.rmtree(with_code / "model")  # of a start nothing is read but the weights
    weights = weights_of_start(f"{with_code}:agent-1", agents, tiny_model)
    assert {each.kind for each in weights.values()} == {"adapter"} and not mark.exists()


def test_trust_is_taken_from_the_command_line_each_time(with_code: Path) -> None:
    assert not read_run_config(with_code).model.trust_remote_code
    composed = asdict(RunConfig())
    composed["model"]["trust_remote_code"] = True
    config = with_overrides(with_code, composed, [TRUST])
    assert config.model.trust_remote_code and model_problems(config) == []
    assert model_problems(with_overrides(with_code, composed, [])) != []
    assert resolve_model(str(with_code), trust_remote_code=True).trust_remote_code


def test_trust_is_not_kept_in_a_runs_folder_and_does_not_bind_it(got: Path) -> None:
    path = got.parent
    config = replace(RunConfig(), name="mine", folder=str(path))
    trusting = replace(config, model=replace(config.model, trust_remote_code=True))
    RunFolder.open(trusting, {"model": "m", "questions": "q"}, notify=print)
    assert "trust_remote_code" not in (path / "mine" / "config.yaml").read_text()
    RunFolder.open(trusting, {"model": "m", "questions": "q"}, notify=print)
    RunFolder.open(config, {"model": "m", "questions": "q"}, notify=print)


def test_a_comparison_hands_trust_to_its_arms() -> None:
    arguments = ["base=quickstart", "arms=[collate,rft]", "seeds=2", TRUST]
    settings = read_comparison(arguments, []).settings
    assert len(settings) == 4
    assert all(config.model.trust_remote_code for config in settings.values())
    without = read_comparison(arguments[:-1], []).settings
    assert not any(config.model.trust_remote_code for config in without.values())


def test_the_cluster_that_a_run_names_is_not_joined(got: Path) -> None:
    forge(got, ray={"address": "203.0.113.5:6379"})
    assert read_run_config(got).ray.address is None


# Links --------------------------------------------------------------------------------------------


def outside(got: Path) -> Path:
    """A folder beside the run with something in it that shall stay."""
    folder = got.parents[1] / "outside"
    folder.mkdir()
    (folder / "victim").write_text("precious\n")
    (folder / ".unfinished-x").write_text("mine\n")
    (folder / "generate.shards").mkdir()
    (folder / "generate.shards" / "00000-00000.parquet").write_text("mine\n")
    return folder


LINKED_FILES = [
    ".lock", "log.txt", "events.jsonl", "manifest.jsonl", "config.yaml", "run.json",
    "questions.parquet", "round-01/metrics.parquet", "report.html", ".unfinished-y",
    "round-01/agents/agent-1/adapter_model.safetensors", "round-01/tuning.parquet",
]  # fmt: skip
LINKED_FOLDERS = [
    "round-09", "round-01/score.shards", "round-01/agents/agent-2", "evaluations",
    "round-01/agents/.agent-1-3f2a90b1", "reader", "round-02/.unfinished-z", "anything",
]  # fmt: skip


def link(got: Path, name: str, target: Path) -> None:
    path = got / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


@pytest.mark.parametrize("name", [*LINKED_FILES, *LINKED_FOLDERS])
@pytest.mark.parametrize("verb", ["run", "evaluate"])
def test_nothing_is_reached_through_a_link(
    got: Path, tiny_model: Path, name: str, verb: str
) -> None:
    target = outside(got)
    link(got, name, target if name in LINKED_FOLDERS else target / "victim")
    before = contents(target)
    if verb == "run":
        done = run_again(got, tiny_model)
    else:
        done = here("evaluate", "run=runs/got", "engine=transformers", cwd=got.parents[1])
    assert contents(target) == before
    assert done.returncode == 2 and f"{name}: a symbolic link, to " in done.stderr
    assert "Traceback" not in done.stderr


def test_nor_by_whoever_opens_or_tidies_the_folder_without_a_look_at_it_before(got: Path) -> None:
    target = outside(got)
    link(got, "round-09", target)
    link(got, ".unfinished-y", target)
    before = contents(target)
    with pytest.raises(RunFolderError, match="round-09: a symbolic link"):
        RunFolder.open(replace(RunConfig(), name="got", folder=str(got.parent)), {}, notify=print)
    (got / "round-01" / ".unfinished-z").mkdir()
    remove_unfinished(got)
    assert contents(target) == before and (got / "round-09").is_symlink()
    assert not list(got.rglob(".unfinished-*"))


def test_an_evaluation_without_a_run_writes_through_no_link(tiny_model: Path, got: Path) -> None:
    victim = outside(got) / "victim"
    place = got.parent / "evaluations" / tiny_model.name
    place.mkdir(parents=True)
    (place / "log.txt").symlink_to(victim)
    done = here("evaluate", f"model={tiny_model}", *SETTINGS, cwd=got.parents[1])
    assert done.returncode == 2 and "log.txt: a symbolic link" in done.stderr
    assert victim.read_text() == "precious\n"


def test_a_pipe_is_named_and_not_waited_for(got: Path, tiny_model: Path) -> None:
    (got / "log.txt").unlink(missing_ok=True)
    os.mkfifo(got / "log.txt")
    assert "log.txt: neither a file nor a folder" in run_again(got, tiny_model).stderr


def append_event(path: Path) -> None:
    EventFile(path)(Event("message", "text"))


def append_line(path: Path) -> None:
    LogFile(path)(Event("message", "text"))


def send_output(path: Path) -> None:
    with output_to_log(path):
        pass


def take_lock(path: Path) -> None:
    with run_lock(path.parent, 0.0):
        pass


def append_note(path: Path) -> None:
    Manifest(path).note("a", 1)


@pytest.mark.parametrize(
    ("write", "name"),
    [(append_event, "events.jsonl"), (append_line, "log.txt"), (send_output, "log.txt"),
     (take_lock, ".lock"), (append_note, "manifest.jsonl")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["symbolic", "hard", "dangling", "pipe", "folder"])
def test_a_file_that_is_appended_to_is_the_folders_own(
    tmp_path: Path, write: Callable[[Path], None], name: str, kind: str
) -> None:
    """Whoever writes looks himself, beside the look at the whole folder beforehand."""
    victim, path = tmp_path / "victim", tmp_path / "run" / name
    path.parent.mkdir()
    if kind != "dangling":
        victim.write_text("precious\n")
    if kind == "hard":
        os.link(victim, path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(victim)
    with pytest.raises(RunFolderError, match=name):
        write(path)
    assert not victim.exists() if kind == "dangling" else victim.read_text() == "precious\n"


def test_a_report_takes_the_place_of_a_link_and_leaves_its_target(got: Path) -> None:
    victim = outside(got) / "victim"
    (got / "report.html").symlink_to(victim)
    write_report(got)
    assert victim.read_text() == "precious\n" and not (got / "report.html").is_symlink()
    (got / "report.html").unlink()
    (got / "report.html").mkdir()
    with pytest.raises(RunFolderError, match=r"report\.html: a folder"):
        write_report(got)


def test_readers_follow_no_link_out(got: Path) -> None:
    kept = got.parents[1] / "kept"
    (got / "round-01" / "metrics.parquet").rename(kept)
    (got / "round-01" / "metrics.parquet").symlink_to(kept)
    with pytest.raises(RunFolderError, match="outside of the folder"):
        collate.load_run(got).metrics()
    for name in ("config.yaml", "run.json", "manifest.jsonl"):
        (got / name).rename(got.parents[1] / name)
        (got / name).symlink_to(got.parents[1] / name)
        with pytest.raises(RunFolderError, match=f"{name}.*a symbolic link"):
            _ = collate.load_run(got).config
        (got / name).unlink()
        (got.parents[1] / name).rename(got / name)


def test_a_start_takes_no_file_beside_the_agents_own(got: Path, tiny_model: Path) -> None:
    """Its folder would be copied whole, with what its links lead to."""
    secret = outside(got) / "victim"
    folder = got / "round-02" / "agents" / "agent-1"
    (folder / "notes.txt").symlink_to(secret)
    with pytest.raises(RunFolderError, match=r"notes\.txt: a symbolic link"):
        weights_of_start(str(got), [], tiny_model)
    (folder / "notes.txt").unlink()
    (folder / "adapter_model.bin").write_bytes(b"pickle")
    with pytest.raises(RunFolderError, match=r"adapter_model\.bin: not a file of the run"):
        weights_of_start(str(got), [], tiny_model)


def test_a_comparisons_folder_has_no_links_either(tmp_path: Path) -> None:
    from rich.console import Console

    from collate.commands.compare import compare_arms

    (tmp_path / "compare").mkdir()
    (tmp_path / "compare" / "rft-seed-0").symlink_to(tmp_path)
    with pytest.raises(InputError, match="rft-seed-0: a symbolic link"):
        compare_arms([], tmp_path / "compare", Console())


# Settings and names -------------------------------------------------------------------------------


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [(bomb(9), "aliases"), ("a: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
     ("a: " + "{a: " * 5000, "nested too deeply"), ("x" * 2**19, "larger than"),
     ("a: !!timestamp x", "does not fit its tag"), ("", "holds nothing"), ("a", "holds a str"),
     ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor")],
)  # fmt: skip
def test_settings_that_would_not_end_are_refused_at_once(
    got: Path, tiny_model: Path, text: str, reason: str
) -> None:
    (got / "config.yaml").write_text(text)
    began = time.process_time()
    for read in (
        lambda: read_run_config(got),
        lambda: collate.load_run(got).config,
        lambda: resolve_model(str(got)),
    ):
        with pytest.raises(RunFolderError, match=f"config.yaml.*{reason}"):
            read()
    assert time.process_time() - began < 5
    for done in (run_again(got, tiny_model), here("evaluate", "run=runs/got", cwd=got.parents[1])):
        assert done.returncode == 1 and reason in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, "{}", '{"schema": "5", "identity": 3}'])
def test_facts_that_say_nothing_are_refused(got: Path, tiny_model: Path, text: str) -> None:
    (got / "run.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"run\.json cannot be read"):
        collate.load_run(got)
    with pytest.raises(RunFolderError, match=r"run\.json cannot be read"):
        RunFolder.existing(got)


def test_models_that_name_each_other_end(got: Path) -> None:
    forge(got, model={"name": str(got)})
    with pytest.raises(InputError, match="name each other"):
        resolve_model(str(got))
    assert "name each other" in name_problems(str(got), "model")[0]


def test_a_manifest_that_names_files_elsewhere_gives_none(got: Path) -> None:
    (got.parent / "metrics.parquet").write_bytes((got / "round-02/metrics.parquet").read_bytes())
    from collate.atomic import file_digest

    name = "../metrics.parquet"
    digest = file_digest(got.parent / "metrics.parquet")
    Manifest.read(got).commit("round-02/agents", {"files": {name: digest}})
    with pytest.raises(RunFolderError, match="outside of the folder"):
        committed_weights(RunFolder.existing(got), 2, "adapter")
    with pytest.raises(RunFolderError, match="outside of the folder"):
        weights_of(RunFolder.existing(got), RunConfig())

"""Settings are data: whatever stands in them, nothing of it is called, resolved or looked up."""

from collections.abc import Iterator
from pathlib import Path

import hydra.utils
import pytest
from omegaconf import OmegaConf

from collate.config import compose
from tests.command_line import here

CALLS: list[object] = []
OBJECT = f"{{_target_: {__name__}.call}}"
LOGGING = f"{{version: 1, handlers: {{h: {{(): {__name__}.call}}}}, root: {{handlers: [h]}}}}"


def call(*_: object, **__: object) -> str:
    """What an attacker's settings would have called."""
    CALLS.append(_)
    return "called"


@pytest.fixture(autouse=True)
def resolver() -> Iterator[None]:
    CALLS.clear()
    OmegaConf.register_new_resolver("call", call)
    yield
    OmegaConf.clear_resolver("call")


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Own presets as if nobody looked at them first: the second line of defence stands alone."""
    monkeypatch.setattr(compose, "preset_problems", lambda _: [])


def test_the_bait_works() -> None:
    hydra.utils.instantiate({"_target_": f"{__name__}.call"})
    assert OmegaConf.to_container(OmegaConf.create({"a": "${call:1}"}), resolve=True)
    assert len(CALLS) == 2


def preset(folder: Path, text: str) -> None:
    (folder / "mine" / "experiment").mkdir(parents=True)
    (folder / "mine" / "experiment" / "a.yaml").write_text(f"# @package _global_\n{text}\n")


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "text",
    [
        f"hydra: {{callbacks: {{x: {OBJECT}}}}}",
        f"hydra: {{launcher: {OBJECT}, sweeper: {OBJECT}}}",
        f"hydra: {{job_logging: {LOGGING}}}",
        f"hydra: {{hydra_logging: {LOGGING}}}",
        "hydra: {job: {env_set: {COLLATE_BAIT: '1'}}, run: {dir: elsewhere}, output_subdir: x}",
        f"task: {{dataset_args: {{x: {OBJECT}}}}}",
        "task: {system: '${call:1}', dataset_args: {x: '${call:1}'}}",
    ],
)
@pytest.mark.parametrize("options", [(), ("-m",)], ids=["run", "multirun"])
def test_presets_run_nothing(
    tmp_path: Path, text: str, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    preset(tmp_path, text)
    before = sorted(tmp_path.rglob("*"))
    arguments = ("--config-dir", "mine", "experiment=a", "rounds=-1", *options)
    done = here("run", *arguments, cwd=tmp_path)
    assert done.stderr == "collate: rounds=-1: at least 0\n"
    assert here("run", "--cfg", "job", *arguments, cwd=tmp_path).returncode == 0
    assert CALLS == []
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("value", ["${call:1}", "${oc.env:HOME}", "${oc.eval:1}", "${seed}"])
def test_interpolations_on_the_command_line_stay_text(tmp_path: Path, value: str) -> None:
    done = here("run", "--cfg", "job", f"task.system='{value}'", cwd=tmp_path)
    assert f"system: {value}" in done.stdout
    assert CALLS == []

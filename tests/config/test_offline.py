"""With a local model and local questions nothing asks the network; telemetry is off everywhere."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from collate.config.offline import OFFLINE, TELEMETRY_OFF, names_hub_id, offline_unless_named
from collate.config.schema import ModelConfig, RunConfig, TaskConfig
from tests.tasks.files import sums, write_jsonl

LOCAL = """
import os, socket, sys
for name in [n for n in os.environ if n.endswith("_OFFLINE")]:
    del os.environ[name]

def refuse(*arguments, **_):
    print("NETWORK", arguments[:2], flush=True)
    os._exit(3)

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = socket.create_connection = refuse
model, questions, asks = sys.argv[1:]
if asks == "something":
    socket.create_connection(("192.0.2.1", 80))
from collate.config.schema import ModelConfig, RunConfig, TaskConfig
from collate.commands.preflight import preflight
from collate.models.loading import load_causal_lm, load_tokenizer
from collate.store.resolve import plain_folder, resolve_model
config = RunConfig(model=ModelConfig(name=model), task=TaskConfig(kind="table", path=questions))
preflight(config)
folder = plain_folder(resolve_model(config.model.name))
load_tokenizer(folder)
load_causal_lm(folder, dtype="float32")
print("loaded", os.environ.get("HF_HUB_OFFLINE"))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asks", "status", "printed"), [("nothing", 0, "loaded"), ("something", 3, "NETWORK")]
)
def test_a_local_run_asks_the_network_for_nothing(
    tiny_model: Path, tmp_path: Path, asks: str, status: int, printed: str
) -> None:
    questions = write_jsonl(tmp_path / "a.jsonl", sums(40))
    command = [sys.executable, "-c", LOCAL, str(tiny_model), questions, asks]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert printed in done.stdout


def test_libraries_are_kept_off_the_network_unless_a_hub_id_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in OFFLINE:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    offline_unless_named([RunConfig(), RunConfig(model=ModelConfig(name="owner/name"))])
    assert not any(name in os.environ for name in OFFLINE)
    offline_unless_named([RunConfig()])
    assert all(os.environ[name] == "1" for name in OFFLINE)


def test_only_hub_ids_lead_to_the_network(tmp_path: Path) -> None:
    local = RunConfig(model=ModelConfig(name=str(tmp_path)))
    hub = ModelConfig(name="owner/name@revision")
    assert not names_hub_id(local)
    assert not names_hub_id(replace(local, task=TaskConfig(kind="table", path="a.csv")))
    assert not names_hub_id(RunConfig())
    assert not names_hub_id(RunConfig(model=ModelConfig(name=f"{tmp_path}:agent-2@1")))
    assert names_hub_id(replace(local, model=hub))
    assert names_hub_id(replace(local, task=TaskConfig(kind="table", dataset="owner/data")))


@pytest.mark.parametrize("imports", ["import collate", "import collate.cluster.workers"])
def test_telemetry_is_off_wherever_collate_is_imported(imports: str) -> None:
    code = f"{imports}\nimport os; print([os.environ[n] for n in {list(TELEMETRY_OFF)!r}])"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == str(list(TELEMETRY_OFF.values()))


def test_jobs_of_a_cluster_have_it_off_too() -> None:
    import yaml

    path = Path(__file__).parents[2] / "jobs" / "runtime_env.yaml"
    sent = yaml.safe_load(path.read_text(encoding="utf-8"))["env_vars"]
    assert sent == dict(TELEMETRY_OFF)


def test_libraries_read_it_as_off(tmp_path: Path) -> None:
    code = (
        "import collate, huggingface_hub.constants as hub, ray._common.usage.usage_lib as usage\n"
        "import os; os.environ.pop('HF_HUB_OFFLINE', None)\n"
        "print(hub.HF_HUB_DISABLE_TELEMETRY, usage.usage_stats_enabled())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stdout.split() == ["True", "False"]

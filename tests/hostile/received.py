"""What the attacks of these tests begin from: a finished run, and a model that brings code."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from collate.agents.adapters import new_adapter, save_adapter
from collate.config.build import build
from collate.config.compose import jobs
from collate.config.schema import AgentsConfig
from collate.models.folder import folder_digest
from collate.models.loading import load_causal_lm
from collate.models.weights import FINISHED
from collate.store.run_folder import RunFolder
from collate.store.run_weights import make_weights
from collate.tables import Answer, Metric, Question

AGENTS = AgentsConfig(count=2, rank=4, alpha=8, examples=0)
SETTINGS = (
    "name=got", "task=table", "task.name=sums", "task.path=questions.csv", "agents.count=2",
    "agents.rank=4", "agents.alpha=8", "agents.examples=0", "engine=transformers",
)  # fmt: skip
"""The run's own settings as a command line has them, but for the model."""


def write_questions(cwd: Path) -> Path:
    rows = "\n".join(f"What is {n} + 1?,{n + 1}" for n in range(30))
    (cwd / "questions.csv").write_text(f"question,answer\n{rows}\n")
    return cwd / "questions.csv"


def write_adapter(model: Path, folder: Path, seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_adapter(new_adapter(load_causal_lm(model, dtype="float32"), AGENTS, seed=seed), folder)
    return folder


def finished_run(cwd: Path, model: Path, adapter: Path) -> Path:
    """A run of two rounds and two agents, as `collate run` leaves it, without its rationales."""
    write_questions(cwd)
    (job,), _ = jobs([f"model={model}", *SETTINGS], [])
    config = replace(build(job.settings), folder=str(cwd / "runs"))
    identity = {"model": folder_digest(model), "questions": "q"}
    folder = RunFolder.open(config, identity, notify=print)
    folder.note("agents", [{"name": "agent-1"}, {"name": "agent-2"}])
    question = Question("q1", "sums", "test", "What is 1 + 1?", "2")
    folder.stage("questions", {"questions": Question}).write([{"questions": [question]}])
    for round in (0, 1, 2):
        if round:
            inputs = {agent: {"round": str(round)} for agent in ("agent-1", "agent-2")}
            make_weights(folder, round, inputs, _copies_of(adapter))
        tables = {"answers": Answer, "metrics": Metric}
        rows = {"answers": [_answer()], "metrics": _metrics(round)}
        folder.stage(f"round-{round:02d}/evaluate", tables).write([rows])
    folder.note("complete", True)
    return folder.path


def bring_code(model: Path, folder: Path, mark: Path) -> Path:
    """A copy of the model whose tokenizer is made by Python code that leaves a mark."""
    shutil.copytree(model, folder)
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    settings |= {"auto_map": {"AutoTokenizer": [None, "brought.Brought"]}}
    file.write_text(json.dumps(settings | {"tokenizer_class": "Brought"}))
    (folder / "brought.py").write_text(
        f"open({str(mark)!r}, 'w').write('run')\n"
        "from transformers import PreTrainedTokenizerFast\n"
        "class Brought(PreTrainedTokenizerFast):\n    pass\n"
    )
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def _copies_of(adapter: Path) -> Callable[[Mapping[str, Path]], None]:
    def copy(scratch: Mapping[str, Path]) -> None:
        for folder in scratch.values():
            shutil.copytree(adapter, folder / FINISHED)

    return copy


def _answer() -> Answer:
    return Answer(
        question_id="q1", task="sums", split="test", writer="agent-1", model="m", sample=0,
        text="#### 2", tokens=3, finish_reason="stop", stated="2", verdict="right", found="2",
        found_verdict="right",
    )  # fmt: skip


def _metrics(round: int) -> list[Metric]:
    return [
        Metric(round, "validation", agent, "accuracy", value, None, None, 10)
        for agent, value in (("agent-1", 0.4), ("agent-2", 0.6))
    ]

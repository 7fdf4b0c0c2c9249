"""What a run leaves: tables that lead from a pair to everything it came from, and adapters."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import collate
from collate.config.build import build
from collate.tables import SCHEMA_VERSION, seed_of
from tests.command_line import TINY_RUN, here
from tests.rounds.conftest import TinyRun

pytestmark = pytest.mark.timeout(900)


def test_the_folder_holds_what_the_readme_promises(vllm_run: TinyRun) -> None:
    there = {str(p.relative_to(vllm_run.path)) for p in vllm_run.path.rglob("*") if p.is_file()}
    rounds = [
        f"round-{r:02d}/{t}.parquet"
        for r in (1, 2)
        for t in (
            "rationales",
            "scores",
            "diagnostics",
            "preferences",
            "dropped",
            "tuning",
            "answers",
            "metrics",
        )
    ]
    agents = [
        f"round-{r:02d}/agents/agent-{a}/adapter_model.safetensors"
        for r in (0, 1, 2)
        for a in (1, 2)
    ]
    wanted = {
        "config.yaml", "run.json", "manifest.jsonl", "log.txt", "events.jsonl", "questions.parquet",
        "round-00/metrics.parquet",
    }  # fmt: skip
    assert wanted | set(rounds) | set(agents) <= there
    assert [name for name in there if "/." in f"/{name}"] == [".lock"]
    assert not [name for name in there if "shards" in name]


def test_the_manifest_names_model_questions_versions_and_every_stage(vllm_run: TinyRun) -> None:
    manifest = collate.load_run(vllm_run.path).manifest
    assert manifest["schema"] == SCHEMA_VERSION and manifest["complete"] is True
    assert {"model", "questions"} == manifest["identity"].keys()
    assert {"torch", "trl", "ray", "transformers"} <= manifest["versions"].keys()
    assert [a["name"] for a in manifest["agents"]] == ["agent-1", "agent-2"]
    assert manifest["agents"][0]["examples"] != manifest["agents"][1]["examples"]
    for number in (1, 2):
        for stage in ("generate", "score", "pair", "agents", "tune", "evaluate"):
            entry = manifest["stages"][f"round-{number:02d}/{stage}"]
            assert all((vllm_run.path / file).is_file() for file in entry["files"])


def test_the_written_config_builds_the_same_run(vllm_run: TinyRun) -> None:
    import yaml

    config = build(yaml.safe_load((vllm_run.path / "config.yaml").read_text()))
    assert config.rounds == 2 and config.agents.noise == 0.2 and config.name == "tiny"


def test_a_pair_leads_to_texts_agents_seeds_and_scores(vllm_run: TinyRun) -> None:
    run = collate.load_run(vllm_run.path)
    rationales = run.rationales()
    assert len(rationales) == 2 * 12 * 2 * 3
    assert not rationales.duplicated(["round", "question_id", "writer", "sample"]).any()
    for row in rationales.itertuples():
        assert row.seed == seed_of(0, row.round, row.writer, row.question_id, row.sample)
        assert math.isfinite(row.logprob) and row.logprob <= 0
    pairs = run.pairs()
    assert len(pairs) > 0
    by_id = rationales.set_index("id")
    for pair in pairs.itertuples():
        chosen, rejected = by_id.loc[pair.chosen_id], by_id.loc[pair.rejected_id]
        assert chosen.question_id == rejected.question_id == pair.question_id
        assert chosen.text != rejected.text
        assert chosen.lift > 0
        assert pair.margin == pytest.approx(chosen.likelihood - rejected.likelihood)


def test_every_question_gives_each_agent_a_pair_or_a_reason(vllm_run: TinyRun) -> None:
    run = collate.load_run(vllm_run.path)
    train = run.questions().query("split == 'train'")
    for number in (1, 2):
        paired = set(run.pairs(number)[["agent", "question_id"]].itertuples(index=False, name=None))
        dropped = set(
            run.dropped(number)[["agent", "question_id"]].itertuples(index=False, name=None)
        )
        assert not paired & dropped
        assert paired | dropped == {(a, q) for a in ("agent-1", "agent-2") for q in train["id"]}


def test_rounds_chain_the_agents_weights(vllm_run: TinyRun) -> None:
    rationales = collate.load_run(vllm_run.path).rationales()
    adapters = rationales.groupby(["round", "writer"])["weights"].agg(set)
    assert all(len(digests) == 1 for digests in adapters)
    assert (
        len({next(iter(digests)) for digests in adapters}) == 4
    )  # 2 agents, 2 rounds, all different


def test_curves_begin_at_log_2(vllm_run: TinyRun) -> None:
    curves = collate.load_run(vllm_run.path).tuning()
    first = curves[curves["step"] == 1]
    assert len(first) == 4
    assert first["loss"].to_numpy() == pytest.approx(math.log(2), abs=1e-3)


def test_metrics_cover_base_agents_and_vote(vllm_run: TinyRun) -> None:
    metrics = collate.load_run(vllm_run.path).metrics()
    accuracy = metrics[(metrics["name"] == "accuracy") & (metrics["split"] == "test")]
    assert set(accuracy["model"]) == {"base", "agent-1", "agent-2", "vote", "best"}
    assert set(metrics["task"]) == {"chain_sum"}
    assert set(accuracy["round"]) == {0, 1, 2}
    assert (accuracy["n"] == 12).all()
    assert {"gain", "mean@2", "pass@2", "disagreement", "stated_rate"} <= set(metrics["name"])


def test_the_screen_is_readable_and_the_libraries_words_are_in_the_log(vllm_run: TinyRun) -> None:
    shown = vllm_run.done.stdout
    for text in (
        "round 1  generate",
        "round 2  tune",
        "held-out",
        "tokens",
        "best agent",
        "rejected",
    ):
        assert text in shown
    assert "WARNING" not in shown + vllm_run.done.stderr
    assert "Traceback" not in (vllm_run.path / "log.txt").read_text()


def test_the_same_command_again_does_nothing_and_says_so(vllm_run: TinyRun) -> None:
    before = {p: p.stat().st_mtime_ns for p in vllm_run.path.rglob("*.parquet")}
    done = here(
        "run", f"model={vllm_run.model}", *TINY_RUN, "name=tiny", "rounds=2", "agents.noise=0.2",
        "evaluation.samples=2", cwd=vllm_run.path.parent.parent,
    )  # fmt: skip
    assert done.returncode == 0 and "This run is finished" in done.stdout
    assert before == {p: p.stat().st_mtime_ns for p in vllm_run.path.rglob("*.parquet")}


def test_other_settings_under_the_same_name_are_refused_with_the_difference(
    vllm_run: TinyRun,
) -> None:
    done = here(
        "run", f"model={vllm_run.model}", *TINY_RUN, "name=tiny", "rounds=2", "tuning.beta=0.5",
        cwd=vllm_run.path.parent.parent,
    )  # fmt: skip
    assert done.returncode == 2
    assert "tuning.beta: 0.1 when the run began, 0.5 now" in done.stderr
    assert "agents.noise: 0.2 when the run began, 0.0 now" in done.stderr


def test_adapters_load_in_plain_peft_and_plain_vllm(vllm_run: TinyRun) -> None:
    """Both libraries speak as the agent, and say the same; in a process that knows no collate."""
    script = Path(__file__).parent / "load_adapter_plainly.py"
    adapter = vllm_run.path / "round-02" / "agents" / "agent-1"
    done = subprocess.run(
        [sys.executable, str(script), str(vllm_run.model), str(adapter)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    base, peft, vllm = json.loads(done.stdout.strip().splitlines()[-1])
    assert peft == vllm
    assert peft != base


def test_tables_are_plain_parquet(vllm_run: TinyRun) -> None:
    frame = pd.read_parquet(vllm_run.path / "round-01" / "rationales.parquet")
    assert {"prompt_ids", "token_ids", "text", "writer", "model", "weights", "seed"} <= set(
        frame.columns
    )
    metadata = pq.read_schema(vllm_run.path / "round-01" / "rationales.parquet").metadata
    assert metadata[b"collate_schema"] == SCHEMA_VERSION.encode()


@pytest.mark.usefixtures("kept_workers")
def test_agents_are_evaluated_again_on_other_questions_by_another_engine(vllm_run: TinyRun) -> None:
    cwd = vllm_run.path.parent.parent
    done = here(
        "evaluate", "run=runs/tiny", "task.test=20", "task.dataset_seed=5",
        "engine.kind=transformers", cwd=cwd,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20" in done.stdout and "vote" in done.stdout
    tables = list(vllm_run.path.glob("evaluations/*/metrics.parquet"))
    assert len(tables) == 1
    assert set(pd.read_parquet(tables[0])["round"]) == {0, 2}
    refused = here("evaluate", "run=runs/tiny", "tuning.beta=0.3", cwd=cwd)
    assert refused.returncode == 2 and "an evaluation can change" in refused.stderr


def test_the_report_is_written(vllm_run: TinyRun) -> None:
    done = here("report", f"run={vllm_run.path}", cwd=vllm_run.path)
    assert done.returncode == 0, done.stderr
    assert (vllm_run.path / "report.html").stat().st_size > 5000

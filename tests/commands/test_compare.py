"""`collate compare`: arms under one budget, one table, and nothing done twice."""

from pathlib import Path

import pyarrow.parquet as pq

from collate.rounds import budget
from collate.store.run_folder import RunFolder
from tests.command_line import TINY_RUN, here
from tests.rounds.test_sources import corpus


def test_arms_spend_what_the_first_one_spent(
    tiny_model: Path, tmp_path: Path, local_ray: None
) -> None:
    path = corpus(tmp_path, 60)
    small = [text for text in TINY_RUN if not text.startswith(("task", "agents.", "pairs"))]
    command = (
        "compare", "base=quickstart", "arms=[collate_paper,spin,sft]", "seeds=2", "name=three",
        f"model={tiny_model}", *small, "engine=transformers", "task=table", f"task.path={path}",
        "task.answer_kind=number", "task.solution=solution", "agents.max_tokens=12", "rounds=1",
        "agents.examples=0", "task.train=30", "task.validation=6", "task.test=12",
        "questions_per_round=8", "evaluation.rounds=last", "warmup.kind=none",
        "agents.noise=0.2",
    )  # fmt: skip
    done = here(*command, cwd=tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "a difference of" in done.stdout
    place = tmp_path / "runs" / "three"
    rows = pq.read_table(place / "comparison.parquet").to_pylist()
    assert [row["arm"] for row in rows] == ["base", "collate_paper", "spin", "sft"]
    assert all(row["questions"] == 12 and row["seeds"] == 2 for row in rows)
    assert (place / "comparison.png").stat().st_size > 1000
    assert "| collate_paper |" in (place / "comparison.md").read_text()
    for seed in range(2):
        first, spin = (
            RunFolder.existing(place / f"{arm}-seed-{seed}") for arm in ("collate_paper", "spin")
        )
        whole = budget.generated_tokens(first, [1])
        assert abs(budget.generated_tokens(spin, [1]) - whole) <= 0.1 * whole
        assert budget.tuned_tokens(spin, [1]) <= budget.tuned_tokens(first, [1])
    again = here(*command, cwd=tmp_path)
    assert again.returncode == 0 and again.stdout.count("nothing to do") == 6
    assert pq.read_table(place / "comparison.parquet").to_pylist()[1]["gain"] == rows[1]["gain"]


def test_what_a_comparison_needs(tiny_model: Path, tmp_path: Path) -> None:
    done = here("compare", "arms=[collate,collate]", "seeds=0", "seed=3", cwd=tmp_path)
    assert done.returncode == 2
    for said in ("base=: name", "name each arm once", "seeds=0", "counts its seeds"):
        assert said in done.stderr
    done = here("compare", "base=quickstart", "arms=[colate]", cwd=tmp_path)
    assert done.returncode == 2 and "did you mean experiment=collate?" in done.stderr
    assert not (tmp_path / "runs").exists()

"""A comparison's rows are what its runs answered and took, and its tables show them."""

import io
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from collate.evaluation.comparison import mean_over_seeds, paired_difference
from collate.studies.rivals import (
    ArmRun,
    comparison_rows,
    markdown_table,
    screen_tables,
    write_comparison,
)

RESAMPLES = 500
QUESTIONS = [f"q{number:02}" for number in range(20)]


def arm_run(arm: str, seed: int, right: int, **other: object) -> ArmRun:
    """A run that has the first `right` of 20 questions right."""
    facts: dict[str, object] = {
        "base": answers(5), "solutions": False, "generated_tokens": 1000 + seed,
        "tuned_tokens": 500, "seconds": 60.0, "diversity": {"distinct_answers": 1.5 + seed},
    }  # fmt: skip
    return ArmRun(arm, seed, answers(right), **{**facts, **other})  # type: ignore[arg-type]


def answers(right: int) -> dict[str, bool]:
    return {id: number < right for number, id in enumerate(QUESTIONS)}


def right_S_Q(*counts: int) -> list[list[float]]:
    return [[float(value) for value in answers(count).values()] for count in counts]


RUNS = [
    arm_run(arm, seed, right + seed, solutions=arm == "sft")
    for seed in range(2)
    for arm, right in (("collate", 12), ("one_model", 10), ("sft", 8))
]


def test_an_arm_is_measured_against_the_base_and_against_one_model() -> None:
    rows = comparison_rows(RUNS, resamples=RESAMPLES)
    assert [row.arm for row in rows] == ["base", "collate", "one_model", "sft"]
    base, collate, one_model, sft = rows
    assert (base.accuracy, base.gain, base.over_one_model) == (0.25, None, None)
    assert (base.seconds, base.generated_tokens, base.distinct_answers) == (0, 0, None)
    expected = mean_over_seeds(right_S_Q(12, 13), resamples=RESAMPLES, seed=0)
    assert (collate.accuracy, collate.accuracy_low, collate.accuracy_high) == tuple(expected)
    gain = paired_difference(right_S_Q(12, 13), right_S_Q(5, 5), resamples=RESAMPLES, seed=0)
    assert (collate.gain, collate.gain_low, collate.gain_high) == tuple(gain)
    over = paired_difference(right_S_Q(8, 9), right_S_Q(10, 11), resamples=RESAMPLES, seed=0)
    assert (sft.over_one_model, sft.over_one_model_low, sft.over_one_model_high) == tuple(over)
    assert one_model.over_one_model is None and one_model.gain == pytest.approx(0.275)
    assert (collate.solutions, sft.solutions) == (False, True)
    assert (collate.seeds, collate.questions) == (2, 20)


def test_tokens_seconds_and_diversity_are_means_over_seeds() -> None:
    row = comparison_rows(RUNS, resamples=RESAMPLES)[1]
    assert (row.generated_tokens, row.tuned_tokens, row.seconds) == (1000.5, 500, 60)
    assert (row.distinct_answers, row.disagreement) == (2.0, None)


def test_the_base_that_is_best_on_validation_counts_whichever_arm_comes_first() -> None:
    runs = [
        arm_run("collate", 0, 12, base=answers(5), base_validation=0.3),
        arm_run("sft", 0, 12, base=answers(7), base_validation=0.4),
        arm_run("rft", 0, 12, base=answers(9), base_validation=0.4),
    ]
    assert comparison_rows(runs, resamples=RESAMPLES)[0].accuracy == pytest.approx(7 / 20)


def test_runs_of_different_questions_are_refused() -> None:
    runs = [arm_run("collate", 0, 3), replace(arm_run("collate", 1, 3), right={"q": True})]
    with pytest.raises(ValueError, match="the runs of collate answered different questions"):
        comparison_rows(runs, resamples=RESAMPLES)


def test_the_tables_show_results_costs_and_what_the_intervals_are_over(tmp_path: Path) -> None:
    rows = comparison_rows(
        [arm_run("collate", seed, 12, chance=0.2) for seed in (0, 1)], resamples=RESAMPLES
    )
    console = Console(file=io.StringIO(), width=80)
    console.print(screen_tables(rows))
    screen = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, screen.splitlines())) <= 80
    assert "95 % intervals over questions and seeds" in " ".join(screen.split())
    assert "guessing gives 20.0 %" in " ".join(screen.split())
    assert "collate  60.0 [" in screen and "+35.0 [" in screen and "1,000" in screen
    text = markdown_table(rows)
    assert "| base | 25.0 [" in text and "| collate | 60.0 [" in text
    write_comparison(tmp_path / "study", rows)
    assert (tmp_path / "study" / "comparison.md").read_text(encoding="utf-8") == text
    (base, collate) = pq.read_table(tmp_path / "study" / "comparison.parquet").to_pylist()
    assert (base["arm"], base["gain"]) == ("base", None)
    assert collate["accuracy"] == rows[1].accuracy and collate["chance"] == 0.2
    assert (tmp_path / "study" / "comparison.png").stat().st_size > 1000


def test_one_seed_speaks_of_its_own_runs_only() -> None:
    rows = comparison_rows([arm_run("collate", 0, 12)], resamples=RESAMPLES)
    assert "1 seed; 95 % intervals over questions, of these runs only" in markdown_table(rows)

"""A run read back: every join leads to the rows that were written, and damage is named."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import collate
from collate.errors import InputError, RunFolderError
from collate.evaluation.subjects import READER
from collate.evaluation.validation import best_agent
from collate.report.html import write_report
from collate.report.question import best_first
from collate.store.tables_on_disk import read_rows
from collate.tables import (
    CHOSEN,
    GOLD,
    RIGHT,
    WRONG,
    Answer,
    Metric,
    Preference,
    Rationale,
    Score,
    TuningStep,
    to_table,
)
from tests.report.small_run import AGENTS, SAMPLED, SmallRun, vouch_for


@pytest.fixture(scope="module")
def run(small_run: SmallRun) -> collate.Run:
    return collate.load_run(small_run.path)


@pytest.fixture
def copied(small_run: SmallRun, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_run.path, tmp_path / "copied"))


def all_metrics(small_run: SmallRun) -> list[Metric]:
    """Those of answers and of rationales, round by round, as they lie in the folder."""
    rows = []
    for number, metrics in small_run.metrics.items():
        rows += [*metrics, *small_run.diagnostics.get(number, [])]
    return rows


def test_what_a_run_says_of_itself(run: collate.Run, small_run: SmallRun) -> None:
    assert run.rounds == [0, 1, 2]
    assert run.agents == AGENTS
    assert run.config["task"]["answer_kind"] == "number"
    assert run.manifest["versions"] == {"collate": "0.1.0"}
    assert run.best_agent == best_agent(small_run.metrics[2])
    assert str(small_run.path) in repr(run)


def test_rationales_carry_question_and_scores(run: collate.Run, small_run: SmallRun) -> None:
    frame = run.rationales().set_index("id")
    questions = {question.id: question for question in small_run.questions}
    assert len(frame) == sum(len(rows) for rows in small_run.rationales.values())
    for number in (1, 2):
        for rationale, score in zip(
            small_run.rationales[number], small_run.scores[number], strict=True
        ):
            row = frame.loc[rationale.id]
            assert row["round"] == number
            assert row["text"] == rationale.text
            assert row["seed"] == rationale.seed
            assert row["tokens"] == len(rationale.token_ids)
            assert row["question"] == questions[rationale.question_id].text
            assert row["gold"] == questions[rationale.question_id].gold
            assert (row["verdict"], row["likelihood"]) == (score.verdict, score.likelihood)
            assert (None if pd.isna(row["stated"]) else row["stated"]) == score.stated


def test_pairs_lead_to_both_sides_whole(run: collate.Run, small_run: SmallRun) -> None:
    frame = run.pairs(2)
    assert frame["id"].tolist() == [row.id for row in small_run.preferences[2]]
    rationales = {rationale.id: rationale for rationale in small_run.rationales[2]}
    scores = {score.rationale_id: score for score in small_run.scores[2]}
    for row in frame.itertuples():
        for side in ("chosen", "rejected"):
            id = getattr(row, f"{side}_id")
            assert getattr(row, f"{side}_text") == rationales[id].text
            assert getattr(row, f"{side}_writer") == rationales[id].writer
            assert getattr(row, f"{side}_seed") == rationales[id].seed
            assert getattr(row, f"{side}_verdict") == scores[id].verdict
            assert getattr(row, f"{side}_mean_logprob") == scores[id].mean_logprob
        assert (row.chosen_verdict, row.rejected_verdict) == (RIGHT, WRONG)
        assert row.question.startswith("What is")


def test_the_other_tables_by_round(run: collate.Run, small_run: SmallRun) -> None:
    assert len(run.questions()) == 40
    for number in (1, 2):
        assert len(run.dropped(number)) == len(small_run.dropped[number])
        assert len(run.tuning(number)) == len(small_run.tuning[number])
        assert set(run.answers(number)["round"]) == {number}
    assert len(run.answers()) == sum(len(rows) for rows in small_run.answers.values())
    assert run.metric_rows() == all_metrics(small_run)
    assert set(run.metrics(0)["model"]) == {*AGENTS, "base", "vote", "agents", "best"}
    with pytest.raises(InputError, match="has no round 7; it has 0, 1, 2"):
        run.pairs(7)


def test_a_question_whole_and_best_first(run: collate.Run, small_run: SmallRun) -> None:
    id = run.contested()[0]
    view = run.question(id[:10])
    assert view.question.id == id
    assert len(view.rationales) == sum(
        rationale.question_id == id for rows in small_run.rationales.values() for rationale in rows
    )
    ranks = [{"right": 0, "unknown": 1, "wrong": 2}[v] for v in view.rationales["verdict"]]
    assert ranks == sorted(ranks)
    for _, group in view.rationales.groupby("verdict"):
        assert group["likelihood"].is_monotonic_decreasing
    page = str(view)
    assert view.question.text in page and f"gold answer: {view.question.gold}" in page
    assert page.count("── agent-") == len(view.rationales)
    assert page.count("correctness, margin") == len(view.pairs) > 0


def test_an_evaluated_question_shows_its_answers(run: collate.Run, small_run: SmallRun) -> None:
    id = next(question.id for question in small_run.questions if question.split == "test")
    view = run.question(id)
    assert len(view.answers) == 3 * (len(AGENTS) + 1 + SAMPLED)
    assert str(view).count("round 2, agent-1:") == 1, "the sampled ones are not listed"


def test_unknown_and_ambiguous_ids_name_the_nearest(run: collate.Run) -> None:
    ids = run.questions()["id"].tolist()
    wanted = ids[0][:8] + "zzzz"
    with pytest.raises(KeyError, match=f"no question has this id; nearest:.*{ids[0]}"):
        run.question(wanted)
    with pytest.raises(KeyError, match="no question has this id"):
        run.question("")
    shared = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)
    with pytest.raises(KeyError, match="several questions' ids begin so"):
        run.question(shared)


def test_separation_counts_right_over_wrong(run: collate.Run, small_run: SmallRun) -> None:
    scores = [(n, score) for n, rows in small_run.scores.items() for score in rows]
    right = [each for each in scores if each[1].verdict == RIGHT]
    wrong = [each for each in scores if each[1].verdict == WRONG]
    table = run.separation()
    for name in ("likelihood", "sum_logprob", "lift"):
        every, within = [], []
        for here, one in right:
            for there, other in wrong:
                a, b = getattr(one, name), getattr(other, name)
                win = 1.0 if a > b else 0.5 if a == b else 0.0
                every.append(win)
                if (here, one.question_id) == (there, other.question_id):
                    within.append(win)
        assert table.loc[name, "auc"] == pytest.approx(sum(every) / len(every))
        assert table.loc[name, "auc_within"] == pytest.approx(sum(within) / len(within))
        assert (table.loc[name, "right"], table.loc[name, "wrong"]) == (len(right), len(wrong))


def test_measures_of_rationales_are_those_that_were_taken(
    run: collate.Run, small_run: SmallRun
) -> None:
    rows = {(m.round, m.model, m.name): m for m in all_metrics(small_run)}
    diversity, quality = run.diversity(), run.score_quality()
    assert set(diversity["model"]) == {*AGENTS, "agents"} and set(diversity["round"]) == {1, 2}
    assert set(quality["model"]) == {"scorer"}
    for row in [*diversity.itertuples(), *quality.itertuples()]:
        assert row.split == "train"
        assert row.value == rows[row.round, row.model, row.name].value
    other = [metric for metric in all_metrics(small_run) if metric.name == "false_step_rate"]
    taken = len(diversity) + len(quality) + len(other)
    assert taken == sum(map(len, small_run.diagnostics.values()))
    assert set(run.diversity(1)["round"]) == {1} and run.score_quality(0).empty
    table = run.separation(2)
    for name in table.index:
        assert table.loc[name, "auc"] == pytest.approx(rows[2, "scorer", f"auc:{name}"].value)
        within = rows[2, "scorer", f"auc_within:{name}"].value
        assert table.loc[name, "auc_within"] == pytest.approx(within)


def test_cross_likelihood_is_writers_by_readers(run: collate.Run, small_run: SmallRun) -> None:
    matrix = run.cross_likelihood()
    assert list(matrix.index) == list(matrix.columns) == AGENTS
    rows = {(m.model, m.name): m.value for m in small_run.diagnostics[2]}
    for writer in AGENTS:
        for reader in AGENTS:
            assert matrix.loc[writer, reader] == rows[writer, f"logprob_under:{reader}"]
    assert run.cross_likelihood(0).empty


def test_agreement_of_the_last_round(run: collate.Run, small_run: SmallRun) -> None:
    matrix = run.agreement()
    by = {
        agent: {
            a.question_id: a.stated
            for a in small_run.answers[2]
            if (a.writer, a.split, a.sample) == (agent, "test", 0)
        }
        for agent in AGENTS
    }
    for one in AGENTS:
        for other in AGENTS:
            same = [by[one][id] == by[other][id] for id in by[one]]
            assert matrix.loc[one, other] == pytest.approx(sum(same) / len(same))


def test_contested_questions_have_right_and_wrong(run: collate.Run, small_run: SmallRun) -> None:
    expected = set()
    for question in small_run.questions:
        verdicts = {s.verdict for s in small_run.scores[1] if s.question_id == question.id}
        if {RIGHT, WRONG} <= verdicts:
            expected.add(question.id)
    assert set(run.contested(1)) == expected


def test_best_first_puts_the_unscored_last() -> None:
    frame = pd.DataFrame(
        {
            "id": list("abcde"),
            "verdict": ["wrong", "right", None, "right", "unknown"],
            "likelihood": [0.9, 0.2, math.nan, 0.4, math.nan],
        }
    )
    assert best_first(frame)["id"].tolist() == ["d", "b", "e", "a", "c"]


def test_pairs_of_a_rule_that_rejects_nothing(copied: Path, small_run: SmallRun) -> None:
    for number in (1, 2):
        alone = [
            replace(row, roles={CHOSEN: row.chosen_id}, rule="right_only", margin=0.0)
            for row in small_run.preferences[number]
        ]
        path = copied / f"round-{number:02d}" / "preferences.parquet"
        pq.write_table(to_table(Preference, alone), path)
    vouch_for(copied)
    run = collate.load_run(copied)
    frame = run.pairs()
    assert frame["chosen_text"].notna().all() and frame["rejected_text"].isna().all()
    view = run.question(frame["question_id"][0])
    assert str(view).count("right_only: ") == len(view.pairs) > 0
    assert "Rationales and preferences" in write_report(copied).read_text(encoding="utf-8")


def test_the_data_set_and_a_reader_are_no_agents(copied: Path, small_run: SmallRun) -> None:
    gold = replace(small_run.rationales[2][0], id="gold", writer=GOLD, origin=GOLD)
    written = to_table(Rationale, [*small_run.rationales[2], gold])
    pq.write_table(written, copied / "round-02" / "rationales.parquet")
    read = [replace(a, writer=READER) for a in small_run.answers[2] if a.writer == "agent-0"]
    answers = to_table(Answer, [*small_run.answers[2], *read])
    pq.write_table(answers, copied / "round-02" / "answers.parquet")
    vouch_for(copied)
    run = collate.load_run(copied)
    assert run.agents == list(run.agreement().columns) == AGENTS


def test_a_round_that_is_going_on_can_be_read(copied: Path) -> None:
    for name in ("scores", "preferences", "dropped", "answers", "metrics", "tuning"):
        (copied / "round-02" / f"{name}.parquet").unlink()
    vouch_for(copied)
    run = collate.load_run(copied)
    assert run.rounds == [0, 1]
    second = run.rationales(2)
    assert len(second) == 96 and second["verdict"].isna().all()
    assert run.pairs(2).empty and "chosen_text" in run.pairs(2)
    assert str(run.question(second["question_id"][0])).count("not scored yet") == 6


def test_a_run_before_its_first_round_is_empty_not_broken(copied: Path) -> None:
    for folder in copied.glob("round-*"):
        shutil.rmtree(folder)
    vouch_for(copied)
    run = collate.load_run(copied)
    assert (run.rounds, run.agents, run.best_agent, run.contested()) == ([], [], None, [])
    for frame in (run.rationales(), run.pairs(), run.dropped(), run.answers(), run.tuning()):
        assert frame.empty and "round" in frame
    assert run.separation()["auc"].isna().all()


def test_a_path_that_is_no_run_is_refused(small_run: SmallRun, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no such folder, expected a run's; the runs in .* are small"
    ):
        collate.load_run(small_run.path.parent / "smal")
    with pytest.raises(InputError, match=r"no run\.json and no config\.yaml"):
        collate.load_run(tmp_path)


def test_damage_is_named(copied: Path) -> None:
    run = collate.load_run(copied)
    lost = copied / "round-01" / "rationales.parquet"
    lost.rename(copied / "kept")
    with pytest.raises(RunFolderError, match=r"round-01/rationales\.parquet: gone, though"):
        run.pairs()
    lost.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(RunFolderError, match=r"round-01/rationales\.parquet: not what the run"):
        run.rationales()
    (copied / "questions.parquet").unlink()
    with pytest.raises(RunFolderError, match=r"questions\.parquet: gone"):
        collate.load_run(copied).questions()
    (copied / "config.yaml").write_text("- a\n- list\n")
    with pytest.raises(RunFolderError, match="holds a list, expected settings by name"):
        _ = run.config
    (copied / "config.yaml").write_text("a: [b\n")
    with pytest.raises(RunFolderError, match=r"config\.yaml is damaged"):
        _ = run.config
    (copied / "config.yaml").write_text("")
    with pytest.raises(RunFolderError, match=r"config\.yaml holds nothing"):
        _ = run.config
    (copied / "run.json").write_text('{"half": ')
    with pytest.raises(RunFolderError, match=r"run\.json cannot be read"):
        collate.load_run(copied)


def test_tables_that_collate_did_not_write_are_named(copied: Path) -> None:
    """Though the manifest vouches for them: it was written by another program, or by hand."""
    lost = copied / "round-01" / "rationales.parquet"
    lost.rename(copied / "kept")
    vouch_for(copied)
    with pytest.raises(RunFolderError, match="name a chosen rationale that is in no"):
        collate.load_run(copied).pairs()
    lost.write_bytes(b"PAR1 and then nothing")
    vouch_for(copied)
    with pytest.raises(RunFolderError, match=r"round-01/rationales\.parquet cannot be read"):
        collate.load_run(copied).rationales()
    pq.write_table(pq.read_table(copied / "kept").drop(["seed"]), lost)
    vouch_for(copied)
    with pytest.raises(RunFolderError, match="has no column seed"):
        collate.load_run(copied).rationales()
    (copied / "questions.parquet").unlink()
    vouch_for(copied)
    with pytest.raises(RunFolderError, match="has not written down its questions yet"):
        collate.load_run(copied).questions()


def test_a_run_of_another_schema_is_refused(copied: Path) -> None:
    facts = {"schema": "4", "versions": {"collate": "0.0.1"}}
    (copied / "run.json").write_text(json.dumps(facts))
    with pytest.raises(RunFolderError, match=r"schema 4, this version .*; collate 0\.0\.1, which"):
        collate.load_run(copied)


def test_roles_beside_chosen_and_rejected_have_their_columns(
    copied: Path, small_run: SmallRun
) -> None:
    first, *others = small_run.preferences[2]
    wider = replace(first, roles={**first.roles, "source": first.chosen_id})
    path = copied / "round-02" / "preferences.parquet"
    pq.write_table(to_table(Preference, [wider, *others]), path)
    step = small_run.tuning[2][0]
    step = replace(step, logprobs={**step.logprobs, "source": -7.0}, logratios={})
    pq.write_table(to_table(TuningStep, [step]), copied / "round-02" / "tuning.parquet")
    vouch_for(copied)
    run = collate.load_run(copied)
    frame = run.pairs(2)
    assert frame["source_id"].tolist() == [first.chosen_id] + [None] * len(others)
    assert frame["source_text"][0] == frame["chosen_text"][0]
    assert frame["source_text"][1:].isna().all() and frame["rejected_text"].notna().all()
    tuning = run.tuning(2)
    assert tuning["source_logprob"].tolist() == [-7.0]
    assert tuning["chosen_logprob"].tolist() == [step.logprobs[CHOSEN]]
    assert tuning["chosen_logratio"].isna().all() and tuning["rejected_logratio"].isna().all()


def test_objectives_are_columns_of_their_own(copied: Path, small_run: SmallRun) -> None:
    first, *others = small_run.scores[2]
    scored = [replace(first, objectives={"brevity": 0.5}), *others]
    pq.write_table(to_table(Score, scored), copied / "round-02" / "scores.parquet")
    vouch_for(copied)
    frame = collate.load_run(copied).rationales(2).set_index("id")
    assert frame.loc[first.rationale_id, "objective_brevity"] == 0.5
    assert frame["objective_brevity"].isna().sum() == len(others)


def test_a_report_reads_each_table_once(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def counted(row_type: type, path: Path, columns: list[str] | None = None) -> object:
        read.append(path.relative_to(copied))
        return read_rows(row_type, path, columns)

    monkeypatch.setattr("collate.report.load_run.read_rows", counted)
    write_report(copied)
    assert len(read) == len(set(read))
    # Answers are read of the last round alone.
    unread = {path.relative_to(copied) for path in copied.rglob("*.parquet")} - set(read)
    assert unread == {Path(f"round-0{number}/answers.parquet") for number in (0, 1)}

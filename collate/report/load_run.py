"""A run's folder as DataFrames: `collate.load_run("runs/quickstart").pairs()`.

Nothing here needs the model, an accelerator or the rest of the run. Tables are read when they are
called for, so a run that is still going on can be looked at too: what its manifest names as
finished, and only what is as the run wrote it. Every table has the column `round`. A missing text
(an answer that was not stated) is pandas' missing value: test with `isna()`.
"""

import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from collate.errors import InputError, RunFolderError
from collate.evaluation.validation import best_accuracy, best_agent, best_round
from collate.report.frames import (
    agent_names,
    agreement_of_answers,
    contested_questions,
    diversity_of_metrics,
    frame_of_rounds,
    frame_of_rows,
    score_quality_of_metrics,
    separation_of_rationales,
    with_question,
    with_scores,
    with_sides,
    writers_by_readers,
)
from collate.report.question import QuestionView, best_first
from collate.store.finished_files import FinishedFiles
from collate.store.manifest import Manifest
from collate.store.run_description import CONFIG, FACTS, read_facts, read_settings
from collate.store.tables_on_disk import read_rows
from collate.tables import (
    Answer,
    Dropped,
    Metric,
    Preference,
    Question,
    Rationale,
    Score,
    TuningStep,
    from_table,
)

# The files of a round that have rows of a type. Metrics are of answers and of rationales.
_FILES: dict[type, tuple[str, ...]] = {
    Rationale: ("rationales",),
    Score: ("scores",),
    Preference: ("preferences",),
    Dropped: ("dropped",),
    Answer: ("answers",),
    Metric: ("metrics", "diagnostics"),
    TuningStep: ("tuning",),
}
# round-02/metrics.parquet; the groups are the number and the table.
_TABLE_FILE = re.compile(r"round-(\d{1,6})/(\w+)\.parquet", re.ASCII)


def load_run(path: str | Path) -> "Run":
    """Open a run's folder for reading.

    Raises InputError where there is no such folder or it is not a run's, RunFolderError where the
    run was written under another schema or its manifest is damaged. Whatever reads a file of the
    run raises RunFolderError where the file is gone, or is not what the run wrote.
    """
    return Run(Path(path))


@dataclass(frozen=True)
class RunTables:
    """The tables of a run as its methods give them, each read from disk once."""

    config: dict[str, Any]
    rounds: list[int]
    rationales: pd.DataFrame
    preferences: pd.DataFrame
    dropped: pd.DataFrame
    metric_rows: list[Metric]
    metrics: pd.DataFrame
    tuning: pd.DataFrame
    agreement: pd.DataFrame

    @property
    def agents(self) -> list[str]:
        """Names of the agents."""
        return agent_names([*self.rationales["writer"], *self.metrics["model"]])


class Run:
    """A run that is finished or still going on. Tables are read afresh on every call."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            run_names = sorted(facts.parent.name for facts in path.parent.glob(f"*/{FACTS}"))
            other_runs = ""
            if run_names:
                other_runs = f"; the runs in {path.parent} are {', '.join(run_names)}"
            raise InputError(f"{path}: no such folder, expected a run's{other_runs}")
        missing = [name for name in (FACTS, CONFIG) if not (path / name).is_file()]
        if missing:
            raise InputError(f"{path} is not a run's folder: it has no {' and no '.join(missing)}")
        self.path = path
        self._finished_files = FinishedFiles(path, Manifest.read(path))
        self._facts = read_facts(path, self._finished_files.manifest)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, rounds={self.rounds}, agents={self.agents})"

    @cached_property
    def config(self) -> dict[str, Any]:
        """The settings of the run, every default filled in."""
        return read_settings(self.path, self._files_of_run().manifest)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the run records of itself: versions, digests, agents, finished stages."""
        stored_manifest = self._files_of_run().manifest
        return {**self._facts, **stored_manifest.notes, "stages": stored_manifest.stages}

    @property
    def rounds(self) -> list[int]:
        """Numbers of the rounds that are finished, which means evaluated; 0 is before tuning."""
        # The metrics are the last table of a round.
        return [round for round, tables in self._tables_by_round().items() if "metrics" in tables]

    @property
    def agents(self) -> list[str]:
        """Names of the agents, from the tables: neither the base nor a vote, reader or gold."""
        writers: set[str] = set()
        for row_type in (Rationale, Answer):
            for _, path in self._files(row_type, None):
                # The one column alone: texts and tokens are most of a table.
                writers.update(read_rows(row_type, path, ["writer"])["writer"].to_pylist())
        return agent_names(writers)

    @property
    def best_agent(self) -> str | None:
        """The agent with the best strict validation accuracy, if any was measured.

        That is after the last round, or with `patience` after the round that is best on validation,
        whose agents stand for the run (`store/run_weights.py`).
        """
        metrics_by_round: dict[int, list[Metric]] = {}
        for metric in self.metric_rows():
            if metric.split == "validation":
                metrics_by_round.setdefault(metric.round, []).append(metric)
        if not metrics_by_round:
            return None
        # Round 0 is the untouched base, which `patience` never goes back to.
        tuned_accuracies = {
            round: best_accuracy(metrics) for round, metrics in metrics_by_round.items() if round
        }
        if self.config.get("patience") is not None and tuned_accuracies:
            return best_agent(metrics_by_round[best_round(tuned_accuracies)])
        return best_agent(metrics_by_round[max(metrics_by_round)])

    def questions(self) -> pd.DataFrame:
        """The questions: id, task, split, text, gold, options, solution and labels."""
        return self._questions.to_pandas()

    def rationales(self, round: int | None = None) -> pd.DataFrame:
        """Rationales with `question`, `gold`, `tokens` and every score column.

        The score columns are missing values where a round is not scored yet.
        """
        scored_rationales = with_scores(self._frame(Rationale, round), self._frame(Score, round))
        return with_question(scored_rationales, self.questions())

    def preferences(self, round: int | None = None) -> pd.DataFrame:
        """Preferences as they are stored: who learns from which rationales, by their ids.

        `chosen_id` and `rejected_id`, the latter a missing value where nothing is rejected.
        """
        return self._frame(Preference, round)

    def pairs(self, round: int | None = None) -> pd.DataFrame:
        """Preferences with `question` and `gold`, and both sides whole.

        For each side, under `chosen_` and `rejected_`: text, writer, seed, round, sample,
        finish_reason, tokens and every score column; missing values where nothing is rejected.
        Raises RunFolderError where a preference names a rationale that the run does not hold.
        """
        try:
            # Of all rounds, since a preference may point to a rationale of an earlier one.
            with_both_sides = with_sides(self.preferences(round), self.rationales())
        except RunFolderError as error:
            raise RunFolderError(f"{self.path}: {error}") from error
        return with_question(with_both_sides, self.questions())

    def dropped(self, round: int | None = None) -> pd.DataFrame:
        """Questions that gave an agent no preference: the reason, `question` and `gold`."""
        return with_question(self._frame(Dropped, round), self.questions())

    def answers(self, round: int | None = None) -> pd.DataFrame:
        """Answers on validation and held-out questions, with `question` and `gold`.

        Sample 0 is the greedy answer; sampled ones, where there are any, count from 1.
        """
        return with_question(self._frame(Answer, round), self.questions())

    def metrics(self, round: int | None = None) -> pd.DataFrame:
        """The metrics; `collate.evaluation.metrics` lists their names."""
        return self._frame(Metric, round)

    def metric_rows(self) -> list[Metric]:
        """The metrics of all rounds as rows."""
        return self._rows(Metric, None)

    def tuning(self, round: int | None = None) -> pd.DataFrame:
        """Curves of tuning by round, agent and step; empty where the run has none.

        Log-probabilities and log-ratios are by role: `chosen_logprob`, `rejected_logratio`, ...
        """
        return self._frame(TuningStep, round)

    def question(self, id: str) -> QuestionView:
        """One question whole. The beginning of its id is enough.

        Raises KeyError for an id that no question or more than one begins with, naming the nearest.
        """
        known_ids: list[str] = self._questions["id"].to_pylist()
        # An empty beginning would match every id.
        matches = [known_id for known_id in known_ids if known_id.startswith(id)] if id else []
        if len(matches) != 1 and id not in matches:
            nearest = matches[:5] or difflib.get_close_matches(id, known_ids, n=3, cutoff=0.0)
            problem = "several questions' ids begin so" if matches else "no question has this id"
            raise KeyError(f"{id!r}: {problem}; nearest: {', '.join(nearest)}")
        whole_id = id if id in matches else matches[0]
        (question,) = from_table(Question, self._questions.slice(known_ids.index(whole_id), 1))

        def of_question(frame: pd.DataFrame) -> pd.DataFrame:
            return frame[frame["question_id"] == whole_id].reset_index(drop=True)

        rationales = best_first(of_question(self.rationales())).reset_index(drop=True)
        pairs, answers = of_question(self.pairs()), of_question(self.answers())
        return QuestionView(question, rationales, pairs, answers)

    def contested(self, round: int | None = None) -> list[str]:
        """Ids of the questions that some rationales solve and others fail, most even first."""
        return contested_questions(self.rationales(round))

    def separation(self, round: int | None = None) -> pd.DataFrame:
        """How each score separates right from wrong rationales, by score name.

        `auc` is over all rationales, so it also rewards telling easy questions from hard ones;
        `auc_within` compares only rationales of the same question, which is what pairing does.
        `right` and `wrong` count the rationales compared. Rationales with an unknown verdict do not
        count, nor do those that no agent sampled for the question alone.
        """
        return separation_of_rationales(self.rationales(round))

    def diversity(self, round: int | None = None) -> pd.DataFrame:
        """The metrics of `collate.evaluation.diversity` and `.divergence`; empty where none are."""
        return diversity_of_metrics(self.metrics(round))

    def score_quality(self, round: int | None = None) -> pd.DataFrame:
        """The metrics of `collate.evaluation.score_quality`; empty where there are none."""
        return score_quality_of_metrics(self.metrics(round))

    def cross_likelihood(self, round: int | None = None) -> pd.DataFrame:
        """Mean log-probability a token of each writer (row) under each reader (column), in nats.

        Of one round, the last that has them by default; empty where none has.
        """
        return writers_by_readers(self.metrics(round))

    def agreement(self, split: str = "test", round: int | None = None) -> pd.DataFrame:
        """Share of questions on which two agents state the same answer, agents by agents.

        Of one round, the last finished one by default; 1 on the diagonal. Empty before the first.
        """
        if round is None:
            if not self.rounds:
                return pd.DataFrame()
            round = self.rounds[-1]
        answers = self._rows(Answer, round)
        greedy_answers = [
            answer for answer in answers if (answer.split, answer.sample) == (split, 0)
        ]
        return agreement_of_answers(greedy_answers)

    def read_all(self) -> RunTables:
        """What a report shows of the run."""
        metric_rows = self.metric_rows()
        return RunTables(
            config=self.config,
            rounds=self.rounds,
            rationales=self.rationales(),
            preferences=self.preferences(),
            dropped=self.dropped(),
            metric_rows=metric_rows,
            metrics=frame_of_rows(Metric, metric_rows),
            tuning=self.tuning(),
            agreement=self.agreement(),
        )

    @cached_property
    def _questions(self) -> pa.Table:
        # Kept, since a run's questions are those that it began with.
        path = self._files_of_run().path("questions.parquet")
        if path is None:
            raise RunFolderError(f"{self.path}: the run has not written down its questions yet")
        return read_rows(Question, path)

    def _files_of_run(self) -> FinishedFiles:
        """The files of the stages that are finished by now."""
        self._finished_files.refresh()
        return self._finished_files

    def _tables_by_round(self) -> dict[int, set[str]]:
        """The names of each finished round's tables, in the order of the rounds."""
        tables_by_round: dict[int, set[str]] = {}
        for name in self._files_of_run().manifest.files:
            if table_match := _TABLE_FILE.fullmatch(name):
                tables_by_round.setdefault(int(table_match[1]), set()).add(table_match[2])
        return dict(sorted(tables_by_round.items()))

    def _files(self, row_type: type, round: int | None) -> list[tuple[int, Path]]:
        """The finished files of one table, by round. Raises InputError for an unknown round."""
        tables_by_round = self._tables_by_round()
        if round is not None and round not in tables_by_round:
            known_rounds = ", ".join(map(str, tables_by_round)) or "none"
            raise InputError(f"{self.path} has no round {round}; it has {known_rounds}")
        table_files = []
        for number, tables in tables_by_round.items():
            for table_name in _FILES[row_type]:
                if round not in (None, number) or table_name not in tables:
                    continue
                path = self._finished_files.path(f"round-{number:02d}/{table_name}.parquet")
                if path is not None:
                    table_files.append((number, path))
        return table_files

    def _frame(self, row_type: type, round: int | None) -> pd.DataFrame:
        table_files = self._files(row_type, round)
        tables = [(round_number, read_rows(row_type, path)) for round_number, path in table_files]
        return frame_of_rounds(row_type, tables)

    def _rows(self, row_type: type, round: int | None) -> list[Any]:
        rows: list[Any] = []
        for _, path in self._files(row_type, round):
            rows += from_table(row_type, read_rows(row_type, path))
        return rows

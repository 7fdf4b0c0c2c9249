"""A run's folder as DataFrames: `collate.load_run("runs/quickstart").pairs()`.

Nothing here needs the model, an accelerator or the rest of the run: the tables are plain Parquet
and everything is read when asked for, so a run that is still going on can be looked at too. Every
table carries the column `round`. A missing text (an answer that was not stated) is pandas' missing
value; test with `isna()`.
"""

import difflib
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from collate.errors import InputError, RunFolderError
from collate.evaluation.metrics import GROUPS, best_agent
from collate.evaluation.votes import Reader, agreement
from collate.report.folder import read_mapping, read_rows, round_folders
from collate.report.measures import cross_matrix, diversity_rows, score_rows, separation_of
from collate.report.question import QuestionView, best_first
from collate.store.manifest import Manifest
from collate.tables import (
    GOLD,
    RIGHT,
    SCHEMAS,
    WRONG,
    Answer,
    Dropped,
    Metric,
    Pair,
    Question,
    Rationale,
    Score,
    TuningStep,
    from_table,
)

_FILES: dict[type, tuple[str, ...]] = {
    Rationale: ("rationales",),
    Score: ("scores",),
    Pair: ("pairs",),
    Dropped: ("dropped",),
    Answer: ("answers",),
    Metric: ("metrics", "measures"),
    TuningStep: ("tuning",),
}
_SCORE_COLUMNS = [
    field.name for field in SCHEMAS[Score] if field.name not in ("rationale_id", "question_id")
]


def load_run(path: str | Path) -> "Run":
    """Open a run's folder for reading.

    Raises InputError where there is no such folder or it is not a run's.
    """
    return Run(Path(path))


class Run:
    """A run that is finished or still going on. Tables are read afresh on every call."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            near = [folder.parent.name for folder in path.parent.glob("*/run.json")]
            held = f"; {path.parent} holds {', '.join(sorted(near))}" if near else ""
            raise InputError(f"{path}: no such folder, expected a run's{held}")
        missing = [name for name in ("run.json", "config.yaml") if not (path / name).is_file()]
        if missing:
            raise InputError(f"{path} is not a run's folder: it has no {' and no '.join(missing)}")
        self.path = path

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, rounds={self.rounds}, agents={self.agents})"

    @cached_property
    def config(self) -> dict[str, Any]:
        """The settings of the run, every default filled in."""
        return read_mapping(self.path / "config.yaml")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the run records of itself: versions, digests, agents, finished stages."""
        finished = Manifest.read(self.path)
        facts = read_mapping(self.path / "run.json")
        return {**facts, **finished.notes, "stages": finished.stages}

    @property
    def rounds(self) -> list[int]:
        """Numbers of the rounds that are finished, which means evaluated; 0 is before tuning."""
        return [
            n for n, folder in round_folders(self.path) if (folder / "metrics.parquet").is_file()
        ]

    @property
    def agents(self) -> list[str]:
        """Names of the agents, from the tables: neither the base nor a vote, reader or gold."""
        names: set[str] = set()
        for row_type in (Rationale, Answer):
            for _, path in self._files(row_type, None):
                names.update(read_rows(row_type, path, ["agent"])["agent"].unique().to_pylist())
        return sorted(names - {*GROUPS, GOLD}, key=_natural)

    @property
    def best_agent(self) -> str | None:
        """The agent with the best strict validation accuracy after the last round, if any."""
        rows = [m for m in self.metric_rows() if m.split == "validation"]
        return best_agent(rows) if rows else None

    def questions(self) -> pd.DataFrame:
        """The questions: id, task, split, text, gold, options."""
        return self._questions().to_pandas()

    def rationales(self, round: int | None = None) -> pd.DataFrame:
        """Rationales with `question`, `gold`, `tokens` and every score column.

        The score columns are missing values where a round is not scored yet.
        """
        frame = self._table(Rationale, round)
        frame["tokens"] = frame["token_ids"].map(len).astype(int)
        scores = self._table(Score, round)[["rationale_id", *_SCORE_COLUMNS]]
        frame = frame.merge(
            scores, how="left", left_on="id", right_on="rationale_id", validate="one_to_one"
        )
        return self._asked(frame.drop(columns="rationale_id"))

    def pairs(self, round: int | None = None) -> pd.DataFrame:
        """Pairs with `question` and `gold`, and both sides whole.

        For each side, under `chosen_` and `rejected_`: text, agent, seed, round, sample,
        finish_reason, tokens and every score column; missing values where nothing is rejected.
        Raises RunFolderError where a pair names a rationale that the run does not hold.
        """
        frame = self._table(Pair, round)
        # A pair may point to a rationale of an earlier round.
        written = self.rationales()
        kept = ["id", "text", "agent", "seed", "round", "sample", "finish_reason", "tokens"]
        side = written[[*kept, *_SCORE_COLUMNS]]
        for name in ("chosen", "rejected"):
            named = frame[f"{name}_id"]
            lost = frame.loc[named.notna() & ~named.isin(side["id"]), "id"]
            if len(lost):
                raise RunFolderError(
                    f"{self.path}: {len(lost)} pairs, {lost.iloc[0]} first, name a {name} "
                    "rationale that is in no rationales.parquet"
                )
            frame = frame.merge(side.add_prefix(f"{name}_"), how="left", on=f"{name}_id")
        return self._asked(frame)

    def dropped(self, round: int | None = None) -> pd.DataFrame:
        """Questions that gave an agent no pair, with the reason, `question` and `gold`."""
        return self._asked(self._table(Dropped, round))

    def answers(self, round: int | None = None) -> pd.DataFrame:
        """Answers on validation and held-out questions, with `question` and `gold`.

        Sample 0 is the greedy answer; sampled ones, where there are any, count from 1.
        """
        return self._asked(self._table(Answer, round))

    def metrics(self, round: int | None = None) -> pd.DataFrame:
        """The metrics; `collate.evaluation.metrics` lists their names."""
        return self._table(Metric, round)

    def metric_rows(self) -> list[Metric]:
        """The metrics of all rounds as rows."""
        rows: list[Metric] = []
        for _, path in self._files(Metric, None):
            rows += from_table(Metric, read_rows(Metric, path))
        return rows

    def tuning(self, round: int | None = None) -> pd.DataFrame:
        """Curves of tuning by round, agent and step; empty where the run keeps none."""
        return self._table(TuningStep, round)

    def question(self, id: str) -> QuestionView:
        """One question whole. The beginning of its id is enough.

        Raises KeyError for an id that no question or more than one begins with, naming the nearest.
        """
        table = self._questions()
        ids: list[str] = table["id"].to_pylist()
        begun = [known for known in ids if known.startswith(id)] if id else []
        if len(begun) != 1 and id not in begun:
            near = begun[:5] or difflib.get_close_matches(id, ids, n=3, cutoff=0.0)
            found = "more than one begins so" if begun else "no question has this id"
            raise KeyError(f"{id!r}: {found}; nearest: {', '.join(near)}")
        full = id if id in begun else begun[0]
        (asked,) = from_table(Question, table.slice(ids.index(full), 1))

        def own(frame: pd.DataFrame) -> pd.DataFrame:
            return frame[frame["question_id"] == full].reset_index(drop=True)

        rationales = best_first(own(self.rationales())).reset_index(drop=True)
        return QuestionView(asked, rationales, own(self.pairs()), own(self.answers()))

    def contested(self, round: int | None = None) -> list[str]:
        """Ids of the questions that some rationales solve and others fail, most even first."""
        judged = self.rationales(round)
        judged = judged[judged["verdict"].isin([RIGHT, WRONG])]
        solved = (judged["verdict"] == RIGHT).groupby(judged["question_id"]).mean()
        solved = solved[(solved > 0) & (solved < 1)]
        ranked = (solved - 0.5).abs().rename("uneven").reset_index()
        return ranked.sort_values(["uneven", "question_id"])["question_id"].tolist()

    def separation(self, round: int | None = None) -> pd.DataFrame:
        """How each score separates right from wrong rationales, by score name.

        `auc` is over all rationales, so it also rewards telling easy questions from hard ones;
        `auc_within` compares only rationales of the same question, which is what pairing does.
        `right` and `wrong` count the rationales compared. Unknown verdicts have no say, nor have
        rationales that no agent sampled for the question alone.
        """
        return separation_of(self.rationales(round))

    def diversity(self, round: int | None = None) -> pd.DataFrame:
        """The metrics of `collate.evaluation.diversity` and `.divergence`; empty where none are."""
        return diversity_rows(self.metrics(round))

    def score_quality(self, round: int | None = None) -> pd.DataFrame:
        """The metrics of `collate.evaluation.score_quality`; empty where there are none."""
        return score_rows(self.metrics(round))

    def cross_likelihood(self, round: int | None = None) -> pd.DataFrame:
        """Mean log-probability a token of each writer (row) under each reader (column).

        Of one round, the last that has them by default; empty where none has.
        """
        return cross_matrix(self.metrics(round))

    def agreement(self, split: str = "test", round: int | None = None) -> pd.DataFrame:
        """Share of questions on which two agents state the same answer, agents by agents.

        Of one round, the last finished one by default; 1 on the diagonal. Empty before the first.
        """
        if round is None and not self.rounds:
            return pd.DataFrame()
        number = self.rounds[-1] if round is None else round
        rows: list[Answer] = []
        for _, path in self._files(Answer, number):
            rows += from_table(Answer, read_rows(Answer, path))
        greedy = [a for a in rows if a.split == split and a.sample == 0]
        greedy.sort(key=lambda a: a.question_id)
        names = [name for name in self.agents if any(a.agent == name for a in greedy)]
        matrix = pd.DataFrame(1.0, index=names, columns=names)
        asked = self._questions()
        options = dict(zip(asked["id"].to_pylist(), asked["options"].to_pylist(), strict=True))
        reader = Reader(self.config["task"]["answer_kind"], options)
        by_agent = {name: [a for a in greedy if a.agent == name] for name in names}
        for (one, other), share in agreement(by_agent, reader).items():
            matrix.loc[one, other] = matrix.loc[other, one] = share
        return matrix

    def _questions(self) -> pa.Table:
        return read_rows(Question, self.path / "questions.parquet")

    def _asked(self, frame: pd.DataFrame) -> pd.DataFrame:
        asked = self.questions()[["id", "text", "gold"]]
        asked.columns = pd.Index(["question_id", "question", "gold"])
        merged = frame.merge(asked, how="left", on="question_id", validate="many_to_one")
        for place, name in enumerate(("question", "gold"), merged.columns.get_loc("question_id")):
            merged.insert(place + 1, name, merged.pop(name))
        return merged

    def _files(self, row_type: type, round: int | None) -> list[tuple[int, Path]]:
        """The files of one table that exist, by round. Raises InputError for an unknown round."""
        folders = round_folders(self.path)
        if round is not None and round not in dict(folders):
            held = ", ".join(str(number) for number, _ in folders) or "none"
            raise InputError(f"{self.path} has no round {round}; it has {held}")
        paths = [
            (n, folder / f"{name}.parquet") for n, folder in folders for name in _FILES[row_type]
        ]
        return [(n, path) for n, path in paths if path.is_file() and round in (None, n)]

    def _table(self, row_type: type, round: int | None) -> pd.DataFrame:
        tables = [(n, read_rows(row_type, path)) for n, path in self._files(row_type, round)]
        numbers = [n for n, table in tables for _ in range(len(table))]
        empty = SCHEMAS[row_type].empty_table().replace_schema_metadata(None)
        frame = pa.concat_tables([empty, *(table for _, table in tables)]).to_pandas()
        if "round" not in frame:
            frame.insert(0, "round", pd.Series(numbers, dtype="int64"))
        return frame


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key that puts agent-2 before agent-10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]

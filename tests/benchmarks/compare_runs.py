"""Whether two runs of the same settings are the same, table by table.

    python -m tests.benchmarks.compare_runs runs/a runs/b

Compares questions, and of each round rationales token by token, verdicts, preferences, the files
of adapters, answers and accuracies; says how many are equal, and exits with 1 where any differs.
Of rationales with the same tokens it also says by how much their log-probabilities and likelihoods
differ, which other batches or another processor change in the last digits. Reads runs of the
present schema and of schema 4, so that a run can be held against one of an earlier version.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from collate.atomic import file_digest
from collate.tables import CHOSEN, LABELS, REJECTED

SCHEMA_4_NAMES = {"agent": "writer"}
"""Columns of rationales and answers that had another name in schema 4."""

NUMBERS = ("logprob", "likelihood", "baseline")


@dataclass(frozen=True)
class Compared:
    """How many rows each of two tables has, and how many are in both and equal."""

    where: str
    what: str
    first: int
    second: int
    equal: int

    @property
    def same(self) -> bool:
        return self.first == self.second == self.equal


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="compare_runs", description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    options = parser.parse_args(arguments)
    folders = (options.first, options.second)
    compared = compare(*folders)
    table = Table("where", "what", "first", "second", "equal", "")
    for row in compared:
        counts = (f"{count:,}" for count in (row.first, row.second, row.equal))
        table.add_row(row.where, row.what, *counts, "" if row.same else "differ")
    Console().print(table)
    for line in largest_differences(*folders):
        print(line)
    return 0 if all(row.same for row in compared) else 1


def compare(first: Path, second: Path) -> list[Compared]:
    """Everything that is compared of two runs' folders."""
    compared = [_compared("run", "questions", _questions(first), _questions(second))]
    for name in _rounds(first, second):
        tables = [_tables_of_round(folder / name) for folder in (first, second)]
        for what in dict.fromkeys([*tables[0], *tables[1]]):
            nothing = pd.Series(dtype=object)
            sides = [of_run.get(what, nothing) for of_run in tables]
            compared.append(_compared(name, what, *sides))
    return compared


def largest_differences(first: Path, second: Path) -> list[str]:
    """By how much the numbers of rationales with the same tokens differ at most, round by round."""
    lines = []
    for name in _rounds(first, second):
        if not all((folder / name / "rationales.parquet").is_file() for folder in (first, second)):
            continue
        one, other = (_rationales(folder / name) for folder in (first, second))
        both = one.merge(other, left_index=True, right_index=True, suffixes=("", "_other"))
        both = both[both["tokens"] == both["tokens_other"]]
        differences = []
        for number in NUMBERS:
            most = (both[number] - both[f"{number}_other"]).abs().max()
            differences.append(f"{number} {most:.1e}")
        lines.append(f"{name}: of equal rationales differ by at most {', '.join(differences)}")
    return lines


def _rounds(first: Path, second: Path) -> list[str]:
    return sorted({path.name for folder in (first, second) for path in folder.glob("round-*")})


def _tables_of_round(folder: Path) -> dict[str, pd.Series]:
    """What is compared of one round, by name; a row's key is the index."""
    tables = {}
    if (folder / "rationales.parquet").is_file():
        rationales = _rationales(folder)
        tables["rationales"] = rationales["tokens"]
        tables["verdicts"] = rationales["verdict"]
        tables["preferences"] = _preferences(folder)
        tables["adapter files"] = _adapters(folder)
    if (folder / "answers.parquet").is_file():
        answers = _read(folder / "answers.parquet")
        tables["answers"] = answers.set_index(["question_id", "writer", "sample"])["text"]
        tables["accuracies"] = _accuracies(folder)
    return tables


def _compared(where: str, what: str, first: pd.Series, second: pd.Series) -> Compared:
    equal = sum(key in second.index and second[key] == value for key, value in first.items())
    return Compared(where, what, len(first), len(second), equal)


def _questions(folder: Path) -> pd.Series:
    table = pd.read_parquet(folder / "questions.parquet").set_index("id")
    return table["split"] + " " + table["text"] + " " + table["gold"]


def _rationales(folder: Path) -> pd.DataFrame:
    """Tokens as a text, verdict and numbers, by the rationale's id."""
    rationales = pd.read_parquet(folder / "rationales.parquet").set_index("id")
    scores = pd.read_parquet(folder / "scores.parquet").set_index("rationale_id")
    rationales["tokens"] = rationales["token_ids"].map(lambda ids: " ".join(map(str, ids)))
    return rationales[["tokens", "logprob"]].join(scores[["verdict", "likelihood", "baseline"]])


def _preferences(folder: Path) -> pd.Series:
    """The ids of what is chosen and rejected, by agent and number among the agent's preferences."""
    if (folder / "pairs.parquet").is_file():  # schema 4
        table = pd.read_parquet(folder / "pairs.parquet")
        ids = table["chosen_id"] + " > " + table["rejected_id"].fillna("")
    else:
        table = pd.read_parquet(folder / "preferences.parquet")
        ids = table["roles"].map(_chosen_and_rejected)
    numbers = table.groupby("agent").cumcount()
    return pd.Series(list(ids), index=pd.MultiIndex.from_arrays([table["agent"], numbers]))


def _chosen_and_rejected(roles: list[dict[str, str]]) -> str:
    ids = {entry["role"]: entry["rationale_id"] for entry in roles}
    return f"{ids[CHOSEN]} > {ids.get(REJECTED, '')}"


def _adapters(folder: Path) -> pd.Series:
    """Digests of the files that make the agents' adapters, by name."""
    files = sorted(folder.glob("agents/*/adapter_*"))
    names = [str(file.relative_to(folder)) for file in files]
    return pd.Series([file_digest(file) for file in files], index=names, dtype=object)


def _accuracies(folder: Path) -> pd.Series:
    metrics = _read(folder / "metrics.parquet", {"agent": "model"})
    for label in LABELS:
        if label in metrics.columns:  # parts of the questions, which schema 4 did not measure
            metrics = metrics[metrics[label] == ""]
    accuracies = metrics[metrics["name"].str.startswith("accuracy")]
    return accuracies.set_index(["split", "model", "name"])["value"]


def _read(path: Path, earlier_names: dict[str, str] = SCHEMA_4_NAMES) -> pd.DataFrame:
    """A table with the present names of its columns."""
    table = pd.read_parquet(path)
    renamed = {old: new for old, new in earlier_names.items() if new not in table.columns}
    return table.rename(columns=renamed)


if __name__ == "__main__":
    sys.exit(main())

"""Question sources -> rows: local files, and data sets of the Hugging Face Hub.

Local files are .jsonl, .json (a list of records), .csv, .tsv and .parquet. A CSV or TSV file begins
with a header line. Text is UTF-8, with or without a byte-order mark. Code that a data set's
repository may carry is never run. Text files are read in `text_files.py` and `separated_files.py`,
and what a column of a Parquet file holds in `arrow_values.py`.

What is wrong with a source goes to the list `problems`, a sentence each, with file and line.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from collate.config.sent_files import file_or_sent_copy
from collate.errors import nearest_hint
from collate.tasks.arrow_values import rows_of_table
from collate.tasks.rows import Row, Source, first_few
from collate.tasks.separated_files import read_comma_separated, read_tab_separated
from collate.tasks.text_files import read_json, read_json_lines

_LONGEST_REASON = 600  # characters of another library's message that are repeated
# How a file becomes one that is read, by its extension.
_CONVERSIONS = {
    **dict.fromkeys((".gz", ".zip", ".bz2", ".xz", ".zst"), "; unpack it first"),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "; save the sheet as CSV (UTF-8)"),
    ".ndjson": "; give it the extension .jsonl",
}


def read_hub(name: str, subset: str | None, split: str, problems: list[str]) -> Source | None:
    """The rows of one split of a Hub data set, or None (with the problem noted).

    `name` may be a local folder.
    """
    import datasets

    setting = f"task.dataset={name}" + (f" task.subset={subset}" if subset else "")
    try:
        data_set = datasets.load_dataset(name, subset, split=split)
    except (ValueError, OSError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        # The library's own message names the subsets and splits there are, or that it is offline.
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
        problems.append(
            f"{setting}: split {split!r} cannot be loaded: {reason} (for a local file, set "
            "task.path)"
        )
        return None
    if not len(data_set):
        problems.append(f"{setting}: split {split!r} contains no questions")
        return None
    # As Arrow, whose types say how precise a number is, which its value in Python does not.
    table = data_set.with_format("arrow")[:]
    source_rows = [Row(number, record) for number, record in enumerate(rows_of_table(table), 1)]
    # Which name a number of a ClassLabel column stands for is known here only, not from the rows.
    class_names = {
        column_name: tuple(feature.names)
        for column_name, feature in data_set.features.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    return Source(f"{name} ({split})", "row", source_rows, class_names)


def read_file(setting: str, path: str, problems: list[str]) -> Source | None:
    """The rows of a file, or None (with the problems noted) where it cannot be read as a whole.

    `setting` is the name of the setting under `task` that names the file.
    """
    file = file_or_sent_copy(Path(path).expanduser())
    if not file.is_file():
        problems.append(f"task.{setting}={path}: {_why_missing(file)}")
        return None
    suffix = file.suffix.lower()
    if suffix not in _READERS:
        problems.append(
            f"task.{setting}={path}: cannot read {suffix or 'a file without an extension'}; "
            f"expected one of {', '.join(_READERS)}{_CONVERSIONS.get(suffix, '')}"
        )
        return None
    # A list of its own tells whether this file has problems, whatever was noted before it.
    file_problems: list[str] = []
    source = _READERS[suffix](file, file_problems)
    if not file_problems and not source.rows:
        file_problems.append(f"task.{setting}={path}: contains no questions")
    problems += file_problems
    return None if file_problems else source


def _why_missing(file: Path) -> str:
    if file.is_dir():
        return "is a folder; give the path of a file in it"
    if not file.parent.is_dir():
        return f"no such file, since there is no folder {file.parent}"
    file_names = [each.name for each in file.parent.iterdir() if each.is_file()]
    return f"no such file in {file.parent.resolve()}{nearest_hint(file.name, file_names)}"


def _read_parquet(file: Path, problems: list[str]) -> Source:
    source = Source(str(file), "row")
    try:
        schema = pa.parquet.read_schema(file)
        # Equal texts once in memory: a file of kilobytes may repeat one of a megabyte for ever.
        text_columns = [column.name for column in schema if pa.types.is_string(column.type)]
        if repeated := [name for name, count in Counter(schema.names).items() if count > 1]:
            # Of two columns with one name the later would hide the earlier.
            problems.append(f"{file}: more than one column is named {first_few(repeated)}")
            return source
        table = pa.parquet.read_table(file, read_dictionary=text_columns)
        records = list(rows_of_table(table))
    # A name of a column that is not UTF-8 is a UnicodeDecodeError.
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        problems.append(f"{file}: cannot be read as a Parquet file ({error})")
        return source
    source.rows.extend(Row(number, record) for number, record in enumerate(records, start=1))
    return source


_READERS: dict[str, Callable[[Path, list[str]], Source]] = {
    ".jsonl": read_json_lines,
    ".json": read_json,
    ".csv": read_comma_separated,
    ".tsv": read_tab_separated,
    ".parquet": _read_parquet,
}

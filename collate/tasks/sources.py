"""Question sources -> rows: local files, and data sets of the Hugging Face Hub.

Local files are .jsonl, .json (a list of records), .csv, .tsv and .parquet. A CSV or TSV file begins
with a header line. Text is UTF-8, with or without a byte-order mark. Code that a data set's
repository may carry is never run.

What is wrong with a source goes to the list `problems`, a sentence each, with file and line.
"""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from collate.config.sent_files import file_or_sent_copy
from collate.errors import nearest_hint
from collate.tasks.rows import Row, Source, first_few

_LONGEST_FIELD = 2**26  # characters of one CSV field; Python's own limit is 131,072
_LONGEST_REASON = 600  # characters of another library's message that are repeated


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
    source_rows = [Row(number, dict(record)) for number, record in enumerate(data_set, start=1)]
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
            f"expected one of {', '.join(_READERS)}"
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


def _read_text(file: Path, problems: list[str]) -> str:
    """The text of a file; "" with the problem noted where it is no UTF-8 text."""
    raw_bytes = file.read_bytes()
    try:
        text = raw_bytes.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw_bytes.count(b"\n", 0, error.start) + 1
        problems.append(f"{file}:{line}: not UTF-8 text ({error.reason}); save the file as UTF-8")
        return ""
    # UTF-16 without a byte-order mark may pass as UTF-8, with a NUL beside each Latin letter.
    nul_position = raw_bytes.find(b"\0")
    if nul_position >= 0:
        line = raw_bytes.count(b"\n", 0, nul_position) + 1
        problems.append(
            f"{file}:{line}: contains a NUL character; save the file as plain UTF-8 text"
        )
        return ""
    return text


def _json_reason(error: ValueError | RecursionError) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _read_json_lines(file: Path, problems: list[str]) -> Source:
    source = Source(str(file), "line")
    broken_lines: list[tuple[int, str]] = []
    # Not `splitlines`: characters such as U+2028 may stand in a JSON text.
    for line_number, line_text in enumerate(_read_text(file, problems).split("\n"), start=1):
        if not line_text.strip():
            continue
        try:
            record = json.loads(line_text)
        except (ValueError, RecursionError) as error:
            broken_lines.append((line_number, f"not JSON ({_json_reason(error)})"))
            continue
        if isinstance(record, dict):
            source.rows.append(Row(line_number, record))
        else:
            reason = f"expected a record {{...}}, found a {type(record).__name__}"
            broken_lines.append((line_number, reason))
    _note_broken_lines(file, broken_lines, problems)
    return source


def _read_json(file: Path, problems: list[str]) -> Source:
    source = Source(str(file), "item")
    text = _read_text(file, problems)
    if not text.strip():
        return source
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        hint = ""
        if "Extra data" in str(error):
            hint = "; a file with one record on each line must be named .jsonl"
        problems.append(f"{file}:{line}: not JSON ({_json_reason(error)}){hint}")
        return source
    if not isinstance(records, list):
        problems.append(f"{file}: expected a list of records, found a {type(records).__name__}")
        return source
    other_items = []
    for item_number, record in enumerate(records, start=1):
        if isinstance(record, dict):
            source.rows.append(Row(item_number, record))
        else:
            other_items.append(item_number)
    if other_items:
        problems.append(f"{source.places(other_items)}: not a record {{...}}")
    return source


def _read_comma_separated(file: Path, problems: list[str]) -> Source:
    return _read_separated(file, ",", problems)


def _read_tab_separated(file: Path, problems: list[str]) -> Source:
    return _read_separated(file, "\t", problems)


def _read_separated(file: Path, separator: str, problems: list[str]) -> Source:
    source = Source(str(file), "line")
    broken_lines: list[tuple[int, str]] = []
    csv.field_size_limit(_LONGEST_FIELD)
    # newline="" keeps the line breaks inside of quoted fields as they are.
    text_stream = io.StringIO(_read_text(file, problems), newline="")
    csv_records = csv.reader(text_stream, delimiter=separator, strict=True)
    header: list[str] | None = None
    line = 1  # where a record begins; one with line breaks in its fields takes several lines
    try:
        for cells in csv_records:
            if header is None and cells:
                header = [cell.strip() for cell in cells]
                # Of two columns with one name the later would hide the earlier.
                repeated = sorted({repr(name) for name in header if header.count(name) > 1})
                if repeated:
                    reason = f"the header names {', '.join(repeated)} more than once"
                    broken_lines.append((line, reason))
            elif header is not None and len(cells) == len(header):
                source.rows.append(Row(line, dict(zip(header, cells, strict=True))))
            elif header is not None and cells:
                reason = f"{len(cells)} fields where the header has {len(header)}"
                broken_lines.append((line, reason))
            line = csv_records.line_num + 1
    except csv.Error as error:
        broken_lines.append((line, str(error)))
    _note_broken_lines(file, broken_lines, problems)
    return source


def _read_parquet(file: Path, problems: list[str]) -> Source:
    source = Source(str(file), "row")
    try:
        records = pa.parquet.read_table(file).to_pylist()
    except (pa.ArrowException, OSError) as error:
        problems.append(f"{file}: cannot be read as a Parquet file ({error})")
        return source
    source.rows.extend(Row(number, record) for number, record in enumerate(records, start=1))
    return source


def _note_broken_lines(
    file: Path, broken_lines: list[tuple[int, str]], problems: list[str]
) -> None:
    """One problem for all broken lines: what is wrong with the first, and which are the others."""
    if not broken_lines:
        return
    (first_line, reason), *others = broken_lines
    problem = f"{file}:{first_line}: {reason}"
    if others:
        lines = first_few([line_number for line_number, _ in others])
        problem += f"; also broken: line{'s' if len(others) > 1 else ''} {lines}"
    problems.append(problem)


_READERS: dict[str, Callable[[Path, list[str]], Source]] = {
    ".jsonl": _read_json_lines,
    ".json": _read_json,
    ".csv": _read_comma_separated,
    ".tsv": _read_tab_separated,
    ".parquet": _read_parquet,
}

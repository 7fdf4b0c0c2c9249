"""Local question files -> rows: .jsonl, .json (a list of records), .csv, .tsv and .parquet.

A CSV or TSV file begins with a header line. Text is UTF-8, with or without a byte-order mark.
"""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from collate.tasks.rows import Row, Source, first_few, nearest

_FIELD_LIMIT = 2**26  # characters of one CSV field


def read_file(setting: str, path: str, problems: list[str]) -> Source | None:
    """The rows of a file, or None (with the problems told) where it cannot be read as a whole."""
    file = Path(path).expanduser()
    if not file.is_file():
        problems.append(f"task.{setting}={path}: {_missing(file)}")
        return None
    suffix = file.suffix.lower()
    if suffix not in _READERS:
        problems.append(
            f"task.{setting}={path}: cannot read {suffix or 'a file without an extension'}; "
            f"expected one of {', '.join(_READERS)}"
        )
        return None
    before = len(problems)
    source = _READERS[suffix](file, problems)
    if len(problems) == before and not source.rows:
        problems.append(f"task.{setting}={path}: holds no question")
    return source if len(problems) == before else None


def _missing(file: Path) -> str:
    if file.is_dir():
        return "is a folder; name a file in it"
    if not file.parent.is_dir():
        return f"no such file, and no folder {file.parent}"
    names = [each.name for each in file.parent.iterdir() if each.is_file()]
    return f"no such file in {file.parent.resolve()}{nearest(file.name, names)}"


def _text(file: Path, problems: list[str]) -> str:
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.append(f"{file}:{line}: not UTF-8 text ({error.reason}); save the file as UTF-8")
        return ""
    if (place := raw.find(b"\0")) >= 0:
        line = raw.count(b"\n", 0, place) + 1
        problems.append(f"{file}:{line}: holds a NUL character; save the file as plain UTF-8 text")
        return ""
    return text


def _json_reason(error: ValueError | RecursionError) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _jsonl(file: Path, problems: list[str]) -> Source:
    source = Source(str(file), "line")
    broken: list[tuple[int, str]] = []
    for line, text in enumerate(_text(file, problems).split("\n"), start=1):
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            broken.append((line, f"not JSON ({_json_reason(error)})"))
            continue
        if isinstance(value, dict):
            source.rows.append(Row(line, value))
        else:
            broken.append((line, f"a {type(value).__name__} where a record {{...}} should be"))
    _tell_broken(file, broken, problems)
    return source


def _json(file: Path, problems: list[str]) -> Source:
    source = Source(str(file), "item")
    text = _text(file, problems)
    if not text.strip():
        return source
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        hint = (
            "; one record a line goes by the extension .jsonl" if "Extra data" in str(error) else ""
        )
        problems.append(f"{file}:{line}: not JSON ({_json_reason(error)}){hint}")
        return source
    if not isinstance(values, list):
        problems.append(f"{file}: expected a list of records, found a {type(values).__name__}")
        return source
    wrong = [number for number, value in enumerate(values, 1) if not isinstance(value, dict)]
    if wrong:
        problems.append(f"{source.places(wrong)}: not a record {{...}}")
    source.rows.extend(Row(n, value) for n, value in enumerate(values, 1) if n not in set(wrong))
    return source


def _separated(separator: str) -> Callable[[Path, list[str]], Source]:
    def read(file: Path, problems: list[str]) -> Source:
        source = Source(str(file), "line")
        broken: list[tuple[int, str]] = []
        csv.field_size_limit(_FIELD_LIMIT)
        text = io.StringIO(_text(file, problems), newline="")
        reader = csv.reader(text, delimiter=separator, strict=True)
        header: list[str] | None = None
        line = 1
        try:
            for cells in reader:
                if header is None and cells:
                    header = [cell.strip() for cell in cells]
                    twice = sorted({name for name in header if header.count(name) > 1})
                    if twice:
                        broken.append((line, f"the header names {', '.join(twice)} twice"))
                elif header is not None and len(cells) == len(header):
                    source.rows.append(Row(line, dict(zip(header, cells, strict=True))))
                elif header is not None and cells:
                    broken.append((line, f"{len(cells)} fields where the header has {len(header)}"))
                line = reader.line_num + 1
        except csv.Error as error:
            broken.append((line, str(error)))
        _tell_broken(file, broken, problems)
        return source

    return read


def _parquet(file: Path, problems: list[str]) -> Source:
    source = Source(str(file), "row")
    try:
        records = pa.parquet.read_table(file).to_pylist()
    except (pa.ArrowException, OSError) as error:
        problems.append(f"{file}: not a Parquet file that can be read ({error})")
        return source
    source.rows.extend(Row(number, record) for number, record in enumerate(records, start=1))
    return source


def _tell_broken(file: Path, broken: list[tuple[int, str]], problems: list[str]) -> None:
    if broken:
        line, reason = broken[0]
        others = [number for number, _ in broken[1:]]
        more = f"; broken too: line{'s' if len(others) > 1 else ''} {first_few(others)}"
        problems.append(f"{file}:{line}: {reason}{more if others else ''}")


_READERS: dict[str, Callable[[Path, list[str]], Source]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".parquet": _parquet,
}

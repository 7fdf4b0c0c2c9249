"""Text files of questions: their characters, and the records of JSON and JSON Lines."""

import json
from pathlib import Path

from collate.tasks.number_texts import as_meant
from collate.tasks.rows import Row, Source, first_few


def read_text(file: Path, problems: list[str]) -> str:
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


def read_json_lines(file: Path, problems: list[str]) -> Source:
    """One record a line; or the items of a list, if the file is one."""
    text = read_text(file, problems)
    if text.lstrip().startswith("["):
        try:
            records = _parsed(text)
        except (ValueError, RecursionError) as error:
            # One list behind the other: lines, each of which is told to be no record.
            if "Extra data" not in str(error):
                problems.append(_not_json(file, error))
                return Source(str(file), "item")
        else:
            return _list_items(file, records, problems)
    return _lines(file, text, problems)


def read_json(file: Path, problems: list[str]) -> Source:
    """The items of a list of records."""
    text = read_text(file, problems)
    if not text.strip():
        return Source(str(file), "item")
    try:
        records = _parsed(text)
    except (ValueError, RecursionError) as error:
        hint = ""
        if "Extra data" in str(error):
            hint = "; a file with one record on each line must be named .jsonl"
        problems.append(_not_json(file, error) + hint)
        return Source(str(file), "item")
    return _list_items(file, records, problems)


def note_broken_lines(file: Path, broken_lines: list[tuple[int, str]], problems: list[str]) -> None:
    """One problem for all broken lines: what is wrong with the first, and which are the others."""
    if not broken_lines:
        return
    (first_line, reason), *others = broken_lines
    problem = f"{file}:{first_line}: {reason}"
    if others:
        lines = first_few([line_number for line_number, _ in others])
        problem += f"; also broken: line{'s' if len(others) > 1 else ''} {lines}"
    problems.append(problem)


def _parsed(text: str) -> object:
    # Numbers stay as the file has them: "1.50" is no other text than in a CSV file.
    return json.loads(text, parse_float=as_meant, parse_int=str)


def _not_json(file: Path, error: ValueError | RecursionError) -> str:
    return f"{file}:{getattr(error, 'lineno', 1)}: not JSON ({_reason(error)})"


def _reason(error: ValueError | RecursionError) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _lines(file: Path, text: str, problems: list[str]) -> Source:
    source = Source(str(file), "line")
    broken_lines: list[tuple[int, str]] = []
    # Not `splitlines`: characters such as U+2028 may stand in a JSON text.
    for line_number, line_text in enumerate(text.split("\n"), start=1):
        if not line_text.strip():
            continue
        try:
            record = _parsed(line_text)
        except (ValueError, RecursionError) as error:
            broken_lines.append((line_number, f"not JSON ({_reason(error)})"))
            continue
        if isinstance(record, dict):
            source.rows.append(Row(line_number, record))
        else:
            reason = f"expected a record {{...}}, found a {type(record).__name__}"
            broken_lines.append((line_number, reason))
    note_broken_lines(file, broken_lines, problems)
    return source


def _list_items(file: Path, records: object, problems: list[str]) -> Source:
    source = Source(str(file), "item")
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

"""CSV and TSV files of questions: a header line, then a record for each row of a sheet.

The separator is the one that the file's name promises, unless the file itself has another. A field
with a separator, a quote or a line break in it stands in double quotes, and a quote inside of it is
written twice. Columns without a name and records without a text are a sheet's empty cells.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from collate.tasks.rows import Row, Source
from collate.tasks.text_files import note_broken_lines, read_text

_SEPARATORS = {",": "a comma", "\t": "a tab", ";": "a semicolon", "|": "a bar"}
_LONGEST_FIELD = 2**26  # characters of one field; Python's own limit is 131,072
# The first records, by which a separator is found, and how many characters of them are looked at.
_FIRST_RECORDS, _FIRST_CHARACTERS = 100, 200_000
# Excel's first line, which names the separator and is no record: "sep=;"
_DECLARED = re.compile(r'"?sep=([,;\t|:^~])"?\r?\n', re.IGNORECASE)
# What ends a quoted field where it should not: `"say \"no\""`, `"a" , "b"`
_WRONG_END = re.compile(
    r'"[^"\\]*(?:\\[^"][^"\\]*|""[^"\\]*)*(?:(?P<backslash>\\")|(?P<blanks>" +(?:[,;|\t\r\n]|$)))'
)
_LONGEST_SHOWN_RECORD = 10_000  # characters in which a broken rule is looked for

Record = tuple[int, list[str]]
"""The line where a record begins, and its fields."""


def read_comma_separated(file: Path, problems: list[str]) -> Source:
    """The records of a CSV file."""
    return _read_separated(file, ",", problems)


def read_tab_separated(file: Path, problems: list[str]) -> Source:
    """The records of a TSV file."""
    return _read_separated(file, "\t", problems)


def _read_separated(file: Path, expected: str, problems: list[str]) -> Source:
    source = Source(str(file), "line")
    text = read_text(file, problems)
    lines_before = 0
    if declared := _DECLARED.match(text):
        separator = declared[1]
        text, lines_before = text[declared.end() :], 1
    else:
        separator = _separator_of(text, expected)
    broken_lines: list[tuple[int, str]] = []
    header: list[str] | None = None
    named_columns = 0
    try:
        for line, fields in _records(text, separator):
            if header is None:
                header = [name.strip() for name in fields]
                # A sheet's empty cells may be missing at the end, or be there beyond the columns.
                named_columns = max((n for n, name in enumerate(header, 1) if name), default=0)
                if repeated := _repeated_names(header):
                    reason = f"the header names {', '.join(repeated[:5])} more than once"
                    broken_lines.append((line + lines_before, reason))
                continue
            if len(fields) < named_columns or any(map(str.strip, fields[len(header) :])):
                reason = f"{len(fields)} fields where the header has {len(header)}"
                if separator != expected:
                    reason += f", separated by {_SEPARATORS.get(separator, repr(separator))}"
                broken_lines.append((line + lines_before, reason))
            else:
                named = zip(header, fields, strict=False)
                values = {name: field for name, field in named if name}
                source.rows.append(Row(line + lines_before, values))
    except _QuotingError as error:
        broken_lines.append((error.line + lines_before, str(error)))
    note_broken_lines(file, broken_lines, problems)
    return source


class _QuotingError(ValueError):
    """A record that breaks the rules of quotes, on the line where it begins."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _records(text: str, separator: str) -> Iterator[Record]:
    """The records that hold any text. Raises `_QuotingError` at the first that cannot be read."""
    csv.field_size_limit(_LONGEST_FIELD)
    # newline="" keeps the line breaks inside of quoted fields as they are. Blanks before a quote
    # are skipped, or the quotes would become part of the text.
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=separator, strict=True, skipinitialspace=True)
    line = 1  # where a record begins; one with line breaks in its fields takes several lines
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise _QuotingError(line, _quoting_rule(text, line, error)) from error
        if fields is None:
            return
        if any(field.strip() for field in fields):
            yield line, fields
        line = reader.line_num + 1


def _quoting_rule(text: str, line: int, error: csv.Error) -> str:
    """Which rule of quotes the record that begins at `line` breaks."""
    if "end of data" in str(error):
        return 'a quote (") is opened here and not closed before the end of the file'
    if "expected after" not in str(error):
        return str(error)
    record = "\n".join(text.split("\n")[line - 1 : line + 9])[:_LONGEST_SHOWN_RECORD]
    wrong_end = _WRONG_END.search(record)
    if wrong_end and wrong_end["backslash"]:
        return 'a quote inside a quoted field is written twice (""), not with a backslash (\\")'
    if wrong_end and wrong_end["blanks"]:
        return (
            "blanks behind a closing quote; remove the blanks between a quote and the separator, "
            'and write a quote inside a quoted field twice ("")'
        )
    return (
        "text behind a closing quote; a quote inside a quoted field is written twice "
        '(""), and a field that begins with a quote ends with one'
    )


def _separator_of(text: str, expected: str) -> str:
    """The separator of a file: the expected one, unless another alone gives a table."""
    # Up to the end of a line; where that is within a quoted field, the record is not counted.
    first_part = text[: text.find("\n", _FIRST_CHARACTERS) + 1 or None]
    widths = {
        separator: _widths(first_part, separator) for separator in {expected: "", **_SEPARATORS}
    }
    tables = [
        separator
        for separator, counts in widths.items()
        if counts and counts[0] > 1 and len(set(counts)) == 1
    ]
    if expected in tables or len(tables) > 1:
        return expected
    if tables:
        return tables[0]
    # No table under any, since some record is broken: the one that cuts the header, if it is alone.
    cutting = [separator for separator, counts in widths.items() if counts and counts[0] > 1]
    return cutting[0] if len(cutting) == 1 else expected


def _widths(text: str, separator: str) -> list[int]:
    """How many fields the first records have; as many of them as can be read."""
    widths = []
    try:
        for _, fields in islice(_records(text, separator), _FIRST_RECORDS):
            widths.append(len(fields))
    except _QuotingError:
        pass
    return widths


def _repeated_names(header: Sequence[str]) -> list[str]:
    """Names that the header has twice, since the later column would hide the earlier."""
    return sorted(repr(name) for name, count in Counter(header).items() if name and count > 1)

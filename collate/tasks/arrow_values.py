"""Columns of Arrow tables (Parquet files, Hub data sets) -> plain values, whatever their type.

    string, dictionary of strings, UTF-8 bytes      text
    integer, boolean, 64-bit float                  as they are
    16- and 32-bit float                            text of its shortest digits, "1.1"
    decimal(10, 2)                                  text of all its digits, "1.50"
    date, time, timestamp                           text, "2021-01-31", "12:30:00"
    list, struct, map                               list, dict, dict

What is neither text nor number, and what is broken, becomes a `NotText` that names it: it is a
problem only where a setting asks for its column.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from collate.tasks.number_texts import single_text
from collate.tasks.values import NotText

_EPOCH = datetime(1970, 1, 1)
_UNITS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_SECONDS_PER_DAY = 86_400
_FIXED_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")  # a zone such as +05:30
_NO_DATE = NotText("a date outside of the years 1 to 9999", "correct it")
_NO_TIME = NotText("a time outside of a day's 24 hours", "correct it")


def rows_of_table(table: pa.Table) -> Iterator[dict[str, Any]]:
    """One record for each row of a table."""
    columns = [_column_values(column) for column in table.columns]
    if not columns:
        return
    names = table.column_names
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))


def _column_values(column: pa.ChunkedArray) -> list[Any]:
    # Times are looked at as a whole column: it shows dates where every time of day is 0:00.
    if pa.types.is_timestamp(column.type):
        return _timestamps(column.combine_chunks())
    return list(itertools.chain.from_iterable(plain_values(chunk) for chunk in column.chunks))


def plain_values(array: pa.Array) -> list[Any]:
    """The values of an array; None where it has none."""
    kind, types = array.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _extension_values(array)
    if types.is_dictionary(kind):
        values = plain_values(array.dictionary)
        return [None if index is None else values[index] for index in array.indices.to_pylist()]
    if types.is_struct(kind):
        return _records(array)
    if types.is_map(kind):
        return _maps(array)
    if _is_list(kind):
        return _lists(array)
    for holds_type, convert in _CONVERSIONS:
        if holds_type(kind):
            return convert(array)
    found = NotText(f"a value of the type {kind}")
    return [found if is_valid else None for is_valid in array.is_valid().to_pylist()]


def _each(convert: Callable[[Any], Any]) -> Callable[[pa.Array], list[Any]]:
    """A conversion of arrays by the conversion of one value."""
    return lambda array: [None if value is None else convert(value) for value in array.to_pylist()]


def _texts(array: pa.Array) -> list[Any]:
    try:
        return array.to_pylist()
    except UnicodeDecodeError:
        is_large = pa.types.is_large_string(array.type)
        return _bytes_as_texts(array.cast(pa.large_binary() if is_large else pa.binary()))


def _decoded(raw: bytes) -> str | NotText:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return NotText(f"bytes that are not UTF-8 text ({error.reason})", "write it as UTF-8")


_bytes_as_texts = _each(_decoded)


def _single_floats(array: pa.Array) -> list[Any]:
    numbers = array.to_numpy(zero_copy_only=False)
    # NaN stands for a missing number too, as it does in pandas.
    return [None if np.isnan(number) else single_text(number) for number in numbers]


def _days(units_per_day: int) -> Callable[[pa.Array], list[Any]]:
    def convert(array: pa.Array) -> list[Any]:
        integers = array.cast(pa.int64() if units_per_day > 1 else pa.int32())
        return [
            None if count is None else _date_text(count // units_per_day)
            for count in integers.to_pylist()
        ]

    return convert


def _date_text(days: int) -> str | NotText:
    try:
        return (_EPOCH.date() + timedelta(days=days)).isoformat()
    except OverflowError:
        return _NO_DATE


def _times(array: pa.Array) -> list[Any]:
    units = _UNITS_PER_SECOND[array.type.unit]
    integers = array.cast(pa.int32() if pa.types.is_time32(array.type) else pa.int64())
    return _each(lambda count: _time_text(count, units))(integers)


def _time_text(count: int, units_per_second: int) -> str | NotText:
    seconds, fraction = divmod(count, units_per_second)
    if not 0 <= seconds < _SECONDS_PER_DAY:
        return _NO_TIME
    clock = (_EPOCH + timedelta(seconds=seconds)).time().isoformat()
    return clock + _fraction_text(fraction, units_per_second)


def _fraction_text(fraction: int, units_per_second: int) -> str:
    """The digits behind the seconds, such as `.25`; "" where there are none."""
    if not fraction:
        return ""
    return "." + str(units_per_second + fraction)[1:].rstrip("0")


def _timestamps(array: pa.Array) -> list[Any]:
    """Texts of points in time in their own zone; dates alone where all times of day are 0:00."""
    zone = _zone(array.type.tz)
    counts = array.cast(pa.int64()).to_pylist()
    if isinstance(zone, NotText):
        return [None if count is None else zone for count in counts]
    units = _UNITS_PER_SECOND[array.type.unit]
    moments = [_moment(count, units, zone) for count in counts]
    found = [moment for moment in moments if isinstance(moment, tuple)]
    show_time = any(fraction or moment.time() != _EPOCH.time() for moment, fraction in found)
    texts: list[Any] = []
    for moment in moments:
        if isinstance(moment, tuple):
            texts.append(_moment_text(*moment, units, show_time=show_time))
        else:
            texts.append(moment)
    return texts


def _zone(name: str | None) -> tzinfo | NotText | None:
    if name is None:
        return None
    if name.upper() == "UTC":
        return UTC
    try:
        if fixed := _FIXED_OFFSET.fullmatch(name):
            offset = timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
            return timezone(-offset if fixed[1] == "-" else offset)
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return NotText(
            f"a time in the unknown zone {name[:40]!r}", "name a zone of the tz database"
        )


def _moment(
    count: int | None, units_per_second: int, zone: tzinfo | None
) -> tuple[datetime, int] | NotText | None:
    """A point in time to the second, and the fraction of the second in units."""
    if count is None:
        return None
    seconds, fraction = divmod(count, units_per_second)
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
        if zone is not None:
            moment = moment.replace(tzinfo=UTC).astimezone(zone)
    except OverflowError:
        return _NO_DATE
    return moment, fraction


def _moment_text(moment: datetime, fraction: int, units: int, *, show_time: bool) -> str:
    if not show_time:
        return moment.date().isoformat()
    clock = moment.time().isoformat() + _fraction_text(fraction, units)
    zone = moment.isoformat()[19:]  # "+02:00", or "" without a zone
    return f"{moment.date().isoformat()} {clock}{zone}"


def _extension_values(array: pa.Array) -> list[Any]:
    values = array.storage
    if array.type.extension_name == "arrow.uuid":
        return _each(lambda raw: str(UUID(bytes=raw)))(values)
    return plain_values(values)


def _is_list(kind: pa.DataType) -> bool:
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _lists(array: pa.Array) -> list[Any]:
    values = iter(plain_values(array.flatten()))  # without those of missing lists
    lengths = array.value_lengths().to_pylist()
    return [
        None if length is None else list(itertools.islice(values, length)) for length in lengths
    ]


def _records(array: pa.Array) -> list[Any]:
    names = [array.type.field(index).name for index in range(array.type.num_fields)]
    children = [plain_values(child) for child in array.flatten()]
    valid = array.is_valid().to_pylist()
    if not children:
        return [{} if is_valid else None for is_valid in valid]
    return [
        dict(zip(names, values, strict=True)) if is_valid else None
        for is_valid, values in zip(valid, zip(*children, strict=True), strict=True)
    ]


def _maps(array: pa.Array) -> list[Any]:
    keys, values = plain_values(array.keys), plain_values(array.items)
    offsets = array.offsets.to_pylist()
    records: list[Any] = []
    for is_valid, (start, end) in zip(
        array.is_valid().to_pylist(), itertools.pairwise(offsets), strict=True
    ):
        pairs = zip(keys[start:end], values[start:end], strict=True)
        records.append({str(key): value for key, value in pairs} if is_valid else None)
    return records


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    )


def _is_plain(kind: pa.DataType) -> bool:
    types = pa.types
    return (
        types.is_integer(kind)
        or types.is_boolean(kind)
        or types.is_float64(kind)
        or types.is_null(kind)
    )


_CONVERSIONS: list[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], list[Any]]]] = [
    (_is_plain, pa.Array.to_pylist),
    (_is_text, _texts),
    (_is_bytes, _bytes_as_texts),
    (lambda kind: pa.types.is_float16(kind) or pa.types.is_float32(kind), _single_floats),
    (pa.types.is_decimal, _each(lambda number: format(number, "f"))),
    (pa.types.is_date32, _days(1)),
    (pa.types.is_date64, _days(1000 * _SECONDS_PER_DAY)),
    (pa.types.is_time, _times),
    (pa.types.is_timestamp, _timestamps),
]

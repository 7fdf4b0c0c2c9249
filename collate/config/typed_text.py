"""Texts as they are typed on a command line: read without Hydra's grammar, and written for a shell.

Hydra reads `1e10` as a number, and cannot read `####`, `{question} (short)` or `/tmp/a=b.jsonl`
unless they are quoted. Where a setting is meant as text, what was typed is the text:

    task.marker=####                      the text ####
    model.name=~/m                        the text ~/m, whatever number or list it might look like
    task.system='Be brief, please'        the text between the quotes (those that reach collate)
    agents.start=null                     no text at all; "agents.start='null'" is the text null
"""

import re
import shlex
from collections.abc import Iterator

from hydra.core.override_parser.types import Quote, QuotedString

from collate.errors import InputError

# 'It\'s' or "a \"word\"": a backslash takes away the meaning of a quote, and of nothing else.
_QUOTED = re.compile(
    r"""\s*(?P<quote>['"])(?P<text>(?:(?!(?P=quote))[^\\]|\\.)*)(?P=quote)\s*""", re.DOTALL
)
_QUOTED_BEGINNING = re.compile(_QUOTED.pattern + r"(?=,|$)", re.DOTALL)
# What both Hydra and `typed_text` read as the very text: runs/a-1, Qwen/Qwen2.5@main, a word. Not
# 12, null or true, which Hydra reads as something else.
_PLAIN = re.compile(r"(?!(?i:null|true|false|inf|nan)$)(?:[A-Za-z_]|\.{0,2}/)[\w./@:-]*", re.ASCII)
_BRACKETS = {"[": 1, "(": 1, "{": 1, "]": -1, ")": -1, "}": -1}


def typed_text(key: str, value: str) -> str | None:
    """The text that is meant by `key=value`; None for null.

    Quotes around all of the value are taken off. Raises InputError where the quotes do not close,
    with the quoting that works.
    """
    if value.strip() == "null":
        return None
    if quoted := _QUOTED.fullmatch(value):
        return _without_escapes(quoted["text"], quoted["quote"])
    bare = value.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"":
        raise InputError(
            f"{key}={bare}: there is a quote inside of the quotes; write {shell_form(key, value)} "
            f"for all that was given, or {shell_form(key, bare[1:-1])} for what is between them"
        )
    return value


def typed_list(key: str, value: str) -> list[str]:
    """The texts of a list such as `[a, "b, c"]`. Raises InputError as `typed_text` does."""
    inside = value.strip()[1:-1]
    if not inside.strip():
        return []
    # A list has no place for null, so that null is a text there.
    texts = [typed_text(key, each.strip()) for each in split_at_commas(inside)]
    return ["null" if text is None else text for text in texts]


def is_list(value: str) -> bool:
    """Whether a value is written as a list."""
    return value.strip().startswith("[") and value.strip().endswith("]")


def split_at_commas(value: str) -> list[str]:
    """The parts of a value between its commas, those inside of quotes or brackets left alone."""
    return list(_parts(value)) if _closes(value) else value.split(",")


def written(key: str, text: str | None) -> str:
    """The override that sets a text: `key=text`, in quotes wherever it could be read otherwise."""
    if text is None:
        return f"{key}=null"
    if _PLAIN.fullmatch(text):
        return f"{key}={text}"
    return f"{key}={QuotedString(text, Quote.double).with_quotes()}"


def shell_form(key: str, text: str) -> str:
    """What to type into a shell for a text: `'task.path="/tmp/epoch=9.jsonl"'`."""
    return shlex.quote(f"{key}={QuotedString(text, Quote.double).with_quotes()}")


def _without_escapes(text: str, quote: str) -> str:
    r"""The text that stands between quotes: `It\'s` is It's, while `\boxed` stays what it is."""
    return re.sub(rf"(\\+)(?={quote}|\Z)", lambda run: run[1][: len(run[1]) // 2], text)


def _parts(value: str) -> Iterator[str]:
    start = position = depth = 0
    while position < len(value):
        at_start = not value[start:position].strip()
        if at_start and (quoted := _QUOTED_BEGINNING.match(value, position)):
            position = quoted.end()
            continue
        character = value[position]
        depth += _BRACKETS.get(character, 0)
        if character == "," and depth == 0:
            yield value[start:position]
            start = position + 1
        position += 1
    yield value[start:]


def _closes(value: str) -> bool:
    """Whether every bracket that opens closes; where one does not, none of them counts."""
    depth = 0
    for character in value:
        depth += _BRACKETS.get(character, 0)
        if depth < 0:
            return False
    return depth == 0

r"""Where a rationale states its answer.

Behind a marker, on the marker's line (`#### 18`), or between a marker that opens and what closes it
(`\boxed{18}`, `<answer>18</answer>`, `[[18]]`). A line that is a heading (`#### Step 2`,
`#### Solution`) states nothing. A statement is denied if its own sentence denies it: "It is not
#### 18", "Nobody would say #### 18", "\boxed{18} is wrong".
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from collate.answers.languages import LANGUAGES
from collate.answers.lexicon import Lexicon, lexicon
from collate.answers.tokens import Token, tokens_of

LONGEST_CLAUSE = 200  # characters around a marker that may deny what it states
LONGEST_STATEMENT = 2000  # characters until what closes a marker

_CARRIAGE_RETURNS = str.maketrans("\r", "\n")
_TEX_COMMAND = re.compile(r"(\\[A-Za-z]+)\s?\{?")
_TAG = re.compile(r"<([A-Za-z][\w-]*)>")
_BRACKETS = str.maketrans("([{<「『【", ")]}>」』】")
_SENTENCE_END = re.compile(r"[.;!?。；！？।؛؟\n]")
# ", so", ", the answer": the words behind a comma that begin a clause of their own
_COMMA = re.compile(r"[,，、،]")


class Marker(NamedTuple):
    """What opens a statement, as a pattern, and what closes it: "" for the end of the line."""

    opening: re.Pattern[str]
    closing: str


class Statement(NamedTuple):
    """What is stated, whether its sentence denies it, and where the marker stands in the text."""

    text: str
    denied: bool
    start: int


@cache
def marker_of(marker: str) -> Marker:
    """What a task's marker opens and closes with."""
    marker = marker.strip()
    if command := _TEX_COMMAND.fullmatch(marker):
        return Marker(re.compile(re.escape(command.group(1)) + r"\s?\{"), "}")
    if tag := _TAG.fullmatch(marker):
        return Marker(re.compile(re.escape(marker)), f"</{tag.group(1)}>")
    brackets = marker.translate(_BRACKETS)
    if brackets != marker and not any(map(str.isalnum, marker)):
        return Marker(re.compile(re.escape(marker)), brackets[::-1])
    # "##### 18" counts as a marker "####": repetitions of its last sign belong to it.
    repeated = "" if marker[-1].isalnum() else f"{re.escape(marker[-1])}*"
    return Marker(re.compile(re.escape(marker) + repeated), "")


def statements_in(text: str, marker: str, words: Lexicon, kind: str = "") -> list[Statement]:
    """Everything that a rationale states, in order. Headings are left out, unless there is nothing
    else and the answer may be any text."""
    text = text.translate(_CARRIAGE_RETURNS)
    every = list(_marked(text, marker_of(marker)))
    no_headings = [marked for marked in every if not _is_heading(marked.text)]
    stated = every if kind == "text" and not no_headings else no_headings
    return [_statement(text, marked, marker_of(marker), words, kind) for marked in stated]


def cut_answer(text: str, marker: str) -> str:
    """The rationale without its stated answer: all from the first marker with an answer behind it.

    What stands before the marker on its line stays where it holds a word or a digit. Blanks at
    both ends are taken off. A text that states no answer comes back whole.
    """
    lines = text.translate(_CARRIAGE_RETURNS)
    stated = (each for each in _marked(lines, marker_of(marker)) if not _is_heading(each.text))
    first = next(stated, None)
    if first is None:
        return text.strip()
    start = first.start
    line_start = lines.rfind("\n", 0, start) + 1
    before_marker = text[line_start:start]
    if not any(map(str.isalnum, before_marker)):  # the "**" of "**#### 18**"
        before_marker = ""
    return (text[:line_start] + before_marker).strip()


def last_introduced(kind: str, text: str, words: Lexicon) -> Statement | None:
    """The last sentence that says it is the answer, from where it says so: the "5 (see step 3)" of
    "The answer is 5 (see step 3).", or what the last `\\boxed{}` holds. None without one."""
    start = max(0, len(text) - LONGEST_STATEMENT)
    boxed = list(_marked(text[start:], marker_of("\\boxed")))
    if boxed:
        return _statement(text[start:], boxed[-1], marker_of("\\boxed"), words, kind)
    tokens = tokens_of(text[start:])
    token_words = [token.word for token in tokens]
    for place in range(len(tokens) - 1, -1, -1):
        if not token_words[place] or not words.answer_names.lengths_at(token_words, place):
            continue
        end = place + max(words.answer_names.lengths_at(token_words, place))
        introduces = end < len(tokens) and (
            tokens[end].text in (":", "：", "=")
            or words.introductions.lengths_at(token_words, end)
            or words.verbs.lengths_at(token_words, end)
        )
        if introduces:
            name_start, behind = start + tokens[place].start, start + tokens[end].start
            behind_text = text[behind : behind + LONGEST_CLAUSE].partition("\n")[0]
            first_words = [token.word for token in tokens[end : end + 3]]
            if kind == "boolean":
                first_words = [word for word in first_words if not words.no.found_in([word])]
            sentence = text[max(0, name_start - LONGEST_CLAUSE) : name_start]
            denied = _denies(sentence, words, kind) or words.any_denials.found_in(first_words)
            return Statement(behind_text, denied, name_start)
    return None


class _Marked(NamedTuple):
    """What stands behind one marker: its text and end, the marker's start, and where the words that
    lead to it begin."""

    text: str
    start: int
    end: int
    before_start: int


def _marked(text: str, marker: Marker) -> Iterator[_Marked]:
    """What stands behind every marker of a text, headings among them; in linear time."""
    place, line_start, line_end = 0, 0, -1
    while (match := marker.opening.search(text, place)) is not None:
        # Only what was not looked at before is searched for line ends.
        line_start = max(line_start, text.rfind("\n", place, match.start()) + 1)
        before_start = max(line_start, place, match.start() - LONGEST_CLAUSE)
        if marker.closing:
            stated, place = _until_closed(text, match.end(), marker.closing)
        else:
            if line_end < match.end():
                line_end = text.find("\n", match.end())
                line_end = len(text) if line_end < 0 else line_end
            following = marker.opening.search(text, match.end(), line_end)
            place = line_end if following is None else following.start()
            stated = text[match.end() : place]
        stated = stated.strip(" \t\n*`")
        if stated:
            yield _Marked(stated, match.start(), place, before_start)


def _statement(text: str, marked: _Marked, marker: Marker, words: Lexicon, kind: str) -> Statement:
    denied = _denies(text[marked.before_start : marked.start], words, kind, marked.text)
    if marker.closing:
        denied = denied or _is_denied_behind(text, marked.end, words)
    return Statement(marked.text, denied, marked.start)


def _until_closed(text: str, start: int, closing: str) -> tuple[str, int]:
    """What stands until the closing, and where it goes on. Braces within braces are counted; where
    nothing closes it, the statement ends with its line."""
    end = -1
    if closing == "}":
        depth = 1
        for brace in re.finditer(r"[{}]", text[start : start + LONGEST_STATEMENT]):
            depth += 1 if brace.group() == "{" else -1
            if depth == 0:
                end = start + brace.start()
                break
    else:
        end = text.find(closing, start, start + LONGEST_STATEMENT)
    if end >= 0:
        return text[start:end], end + len(closing)
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    return text[start:line_end], line_end


def _denies(before: str, words: Lexicon, kind: str, stated: str = "") -> bool:
    """Whether the sentence that leads to a marker denies what stands behind it."""
    clause = _SENTENCE_END.split(before)[-1]
    # "She did not buy 3, so there are #### 18": what follows the comma is a clause of its own
    parts = _COMMA.split(clause)
    while len(parts) > 1:
        last = [token.word for token in tokens_of(parts[-1]) if token.word]
        if last and words.introductions.lengths_at(last, 0):
            break
        parts[-2:] = [" ".join(parts[-2:])]
    clause_words = [token.word for token in tokens_of(parts[-1]) if token.word]
    stated_words = [token.word for token in tokens_of(stated[:LONGEST_CLAUSE])]
    if kind == "boolean" and words.no.found_in(stated_words):  # "So it is no #### no"
        for length in (
            words.no.lengths_at(clause_words, len(clause_words) - 1) if clause_words else ()
        ):
            clause_words = clause_words[:-length]
    # "at least #### 12", "minus #### 12"; not "3 left over #### 12"
    ends_with_a_change = words.bounds.end(clause_words) or words.operators.end(clause_words)
    is_changed = ends_with_a_change and not words.closings.end(clause_words)
    return is_changed or words.any_denials.found_in(clause_words)


def _is_denied_behind(text: str, start: int, words: Lexicon) -> bool:
    """Whether the words right behind what closes a marker deny it: "\\boxed{18} is wrong"."""
    behind = _SENTENCE_END.split(text[start : start + LONGEST_CLAUSE], maxsplit=1)[0]
    return words.any_denials.found_in([token.word for token in tokens_of(behind) if token.word])


def _is_heading(statement: str) -> bool:
    """Whether a line behind a marker is a heading: "Solution", "Step 2: add them", "Check:"."""
    every = _every_language()
    tokens = [token for token in tokens_of(statement[:LONGEST_CLAUSE]) if token.text != "*"]
    words = [token.word for token in tokens]
    length = max(every.headings.lengths_at(words, 0), default=0) if words and words[0] else 0
    if length == 0:
        return False
    rest = tokens[length:]
    if not rest or all(token.kind == "sign" for token in rest):
        return True
    if every.headings.make_up([token.word for token in tokens if token.kind != "sign"]):
        return True
    names_an_answer = every.answer_names.found_in(words[:length])
    if rest[0].kind == "number" and not names_an_answer:
        return len(rest) == 1 or rest[1].text in (":", ".", ")", "-", "–", "—", "：")
    return rest[0].text in (":", "：") and not names_an_answer and _has_words(rest)


def _has_words(tokens: Sequence[Token]) -> bool:
    return any(token.kind == "word" for token in tokens)


@cache
def _every_language() -> Lexicon:
    return lexicon(tuple(LANGUAGES))

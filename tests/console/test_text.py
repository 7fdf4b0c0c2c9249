"""What becomes of characters that would act instead of being read."""

import sys
import unicodedata
from time import perf_counter

from collate.console.text import one_line, visible


def test_line_breaks_stay_and_controls_are_pictured() -> None:
    assert visible("a\nb\tc\r\x1b[31m\x7f") == "a\nb    c␍␛[31m␡"


def test_no_control_or_formatting_character_that_moves_text_is_left() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = set(visible(every, len(every)))
    left = {c for c in shown if unicodedata.category(c) == "Cc"}
    assert left == {"\n"}
    assert not {c for c in shown if unicodedata.bidirectional(c) in _OVERRIDES}
    assert not shown & {"\u200b", "\u200e", "\u200f", "\ufeff", "\u2028", "\u2029", "\u061c"}


_OVERRIDES = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def test_ordinary_text_of_any_script_is_left_alone() -> None:
    text = "2 + 2 = 4, naïve, 数学, \u05d7\u05e9\u05d1\u05d5\u05df, 😀 ½ ≤ π"
    assert visible(text) == text


def test_a_long_text_is_cut_and_says_so() -> None:
    assert visible("x" * 10, 10) == "x" * 10
    assert visible("x" * 1_234_567, 4) == "xxxx … (1,234,563 more characters)"
    start = perf_counter()
    visible("\x1b" * 10_000_000), one_line(" " * 10_000_000)
    assert perf_counter() - start < 1.0


def test_one_line_is_one_line() -> None:
    assert one_line("a\n  b\t c") == "a b c"
    assert one_line("x" * 100, 10) == "x" * 9 + "…"
    assert "\n" not in one_line("a\u2028b\nc")

r"""Answers that are mathematics: `\frac{\sqrt{2}}{2}`, `(x+1)^2`, `[0, 1)`, `\{1, 2\}`.

Two are the same answer if they are the same text or the same number, or if Math-Verify (the extra
`math`; https://github.com/huggingface/Math-Verify) finds them equal. It picks an expression out of
any text, so it only gets a statement that is nothing but mathematics: a statement with words in it
is compared as a text.

Runs in the verifier's child processes alone. They may open no file, so `prepare` imports all that
Math-Verify and SymPy will need, and compares once, before their limits are set.
"""

import importlib.util
import logging
import re
from pathlib import Path
from typing import Any

from collate.answers.lexicon import Lexicon

PACKAGE = "math_verify"
CPU_SECONDS = 10.0  # of processor time for one rationale: a comparison may try to simplify
WALL_SECONDS = 300.0  # by the clock
MEMORY = 2 * 2**30  # bytes of address space

# \text{ units}, \mathrm{cm}; and names of functions and of LaTeX's commands, which are no words
_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mbox|operatorname)\s?\{[^{}]*\}")
_COMMAND = re.compile(r"\\(?:begin|end)\s?\{\w+\*?\}|\\[A-Za-z]+")
_FUNCTIONS = re.compile(
    r"(?i)(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?|log|ln|exp|sqrt|pi|infty|inf|gcd|lcm|mod|max|min|det"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_MOST_LETTERS = 3  # of a product of unknowns such as "abc"
# What a comparison of each kind loads: roots, sets, intervals, matrices, equations, logarithms.
_WARM_UP = (
    (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt{2}}"), (r"\{1,2\}", r"\{2,1\}"),
    (r"[0,1)\cup(2,\infty)", r"[0,1)"), (r"x^2+2x+1", r"(x+1)^2"), (r"x=3", "3"),
    ("1,2,3", "3,2,1"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix}1&2\\3&4\end{bmatrix}"),
    (r"\log_2 8+\sin(\pi/2)+e^{i\pi}", "3"), (r"\binom{5}{2}", r"10\%"), (r"x<3", r"x>3"),
    (r"\sum_{k=1}^{3}k", r"\int_0^1 x dx"), ("0.5", r"\frac12"), ("5!", "120"), ("(1,2)", "(2,1)"),
)  # fmt: skip


def is_installed() -> bool:
    """Whether the extra `math` is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def package_folder() -> str:
    """The folder that Math-Verify is installed in, for the path of a child process."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None and spec.origin is not None, "see is_installed"
    return str(Path(spec.origin).parents[1])


def prepare() -> None:
    """Loads all that comparisons need; called in a child process before its limits are set."""
    logging.disable(logging.CRITICAL)  # it warns that its own time limits, by threads, are off
    for gold, stated in _WARM_UP:
        _are_equal(gold, stated)


def is_mathematics(text: str, lexicon: Lexicon) -> bool:
    """Whether there are no words in a text but the names of functions and a unit in \\text{}."""
    without_commands = _COMMAND.sub(" ", _TEXT.sub(" ", text))
    words = _WORD.findall(_FUNCTIONS.sub(" ", without_commands))
    if lexicon.any_denials.found_in(words) or lexicon.any_hedges.found_in(words):
        return False
    return not any(len(word) > _MOST_LETTERS or not word.isascii() for word in words)


def same_mathematics(stated: str, gold: str, lexicon: Lexicon) -> bool | None:
    """Whether a statement equals a gold answer that is mathematics; None where it is not read."""
    if not is_mathematics(stated, lexicon):
        return None
    try:
        return _are_equal(gold, stated)
    except Exception:  # whatever it meets in a model's text, the answer is not read
        return None


def _are_equal(gold: str, stated: str) -> bool | None:
    from math_verify import parse, verify

    parsed: list[Any] = []
    for text in (gold, stated):
        # Without its own time limit, which needs signals; the child's processor time is limited.
        expression = parse(f"${text}$", parsing_timeout=None)
        if not expression or isinstance(expression[0], str):
            return None
        parsed.append(expression)
    return bool(verify(*parsed, timeout_seconds=None))

"""What the user sees while a run goes on: one line a stage, with a bar on a terminal.

The words and warnings of libraries, in this process and in Ray's, go to the run's log file: for
the length of a run the process's standard output and error are that file, and this screen writes to
the terminal that stood there before.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Tick = Callable[[int, int], None]


class _Rate(ProgressColumn):
    """Tokens per second since the stage began."""

    def render(self, task: Task) -> Text:
        tokens, elapsed = task.fields.get("tokens", 0), task.elapsed or 0
        return Text(f"{tokens / elapsed:,.0f} tokens/s" if tokens and elapsed else "", style="cyan")


class Screen:
    """The terminal of one run."""

    def __init__(self, console: Console):
        self.console = console

    def say(self, message: RenderableType = "") -> None:
        whole = isinstance(message, str)
        self.console.print(message, highlight=False, markup=False, soft_wrap=whole)

    @contextlib.contextmanager
    def stage(self, name: str, unit: str, total: int, kept: int = 0) -> Iterator[Tick]:
        """A bar while the block runs, and one line about it when it has ended.

        `kept` of the units were done before. The block is given a function that takes (units done
        since, tokens).
        """
        began, seen = time.monotonic(), [0, 0]
        columns = (
            TextColumn("  {task.description:<20}"), BarColumn(bar_width=24), MofNCompleteColumn(),
            _Rate(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        )  # fmt: skip
        shown = self.console.is_terminal
        with Progress(
            *columns,
            console=self.console,
            transient=True,
            disable=not shown,
            redirect_stdout=False,
            redirect_stderr=False,
        ) as progress:
            task = progress.add_task(name, total=total, tokens=0)

            def tick(done: int, tokens: int) -> None:
                seen[:] = [done, tokens]
                progress.update(task, completed=kept + done, tokens=tokens)

            yield tick
        seconds = time.monotonic() - began
        parts = [f"{total:,} {unit}"]
        if kept:
            parts.append(f"{kept:,} of them kept")
        if seen[1]:
            parts.append(f"{seen[1]:,} tokens, {seen[1] / seconds:,.0f}/s")
        self.say(f"  {name:<20} {', '.join(parts):<44} {seconds:7.1f} s")


@contextlib.contextmanager
def screen_and_log(log: Path) -> Iterator[Screen]:
    """A screen on the present terminal, while everything else that is printed goes to `log`."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        yield Screen(Console(file=terminal))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, original in zip((1, 2), kept, strict=True):
            os.dup2(original, number)
            os.close(original)
        os.close(handle)
        terminal.close()

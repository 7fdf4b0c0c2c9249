"""The terminal of a run: a bar while a stage goes on, and one line when it has ended.

The words and warnings of libraries, in this process and in Ray's, go to the run's log file: while a
run lasts, the process's standard output and error are that file, and the console writes to the
terminal that stood there before.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
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

from collate.atomic import open_to_append
from collate.console.events import Event
from collate.masking import masked_text

LABEL_WIDTH = 20
"""Columns for the name of a stage; what is said of it stands behind them."""


def say(console: Console, message: RenderableType = "") -> None:
    """Print a message: nothing in a text is markup, it is not folded, and secrets are masked."""
    if isinstance(message, str):
        console.print(masked_text(message), highlight=False, markup=False, soft_wrap=True)
    else:
        console.print(message, highlight=False, markup=False)


class Terminal:
    """A listener that shows a run's events on a console."""

    def __init__(self, console: Console):
        self._console = console
        self._progress: Progress | None = None
        self._task: Task | None = None

    def __call__(self, event: Event) -> None:
        if event.name == "stage_started":
            self._start_bar(event)
        elif event.name == "stage_progress":
            self._move_bar(event)
        elif event.name == "stage_finished":
            self._end_bar()
            say(self._console, _finished_line(event))
        elif event.name == "tuning_step" and self._progress is not None and self._task is not None:
            loss = f"loss {event.numbers['loss']:.3f}"
            self._progress.update(self._task.id, detail=loss)
        elif event.name == "warning":
            say(self._console, f"  {event.text}")
        elif event.name == "message":
            say(self._console, f"  {'':<{LABEL_WIDTH}} {event.text}")

    def close(self) -> None:
        """Take a bar off the screen that an error left there."""
        self._end_bar()

    def _start_bar(self, event: Event) -> None:
        self._end_bar()
        self._progress = Progress(
            TextColumn(f"  {{task.description:<{LABEL_WIDTH}}}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Detail(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            # Without a terminal the line at the stage's end is all there is to see.
            disable=not self._console.is_terminal,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._progress.start()
        number = self._progress.add_task(
            stage_label(event), total=event.numbers["total"], tokens=0, detail=""
        )
        self._task = self._progress.tasks[number]

    def _move_bar(self, event: Event) -> None:
        if self._progress is not None and self._task is not None:
            numbers = event.numbers
            self._progress.update(
                self._task.id, completed=numbers["done"], tokens=numbers["tokens"]
            )

    def _end_bar(self) -> None:
        if self._progress is not None:
            self._progress.stop()
        self._progress = self._task = None


class _Detail(ProgressColumn):
    """What else there is to say of a stage: a loss, or tokens per second since it began."""

    def render(self, task: Task) -> Text:
        tokens, elapsed = task.fields.get("tokens", 0), task.elapsed or 0
        rate = f"{tokens / elapsed:,.0f} tokens/s" if tokens and elapsed else ""
        return Text(task.fields.get("detail") or rate, style="cyan")


def stage_label(event: Event) -> str:
    """A stage's name with its round, if it has one, as in `round 1  generate`."""
    if "round" not in event.numbers:
        return event.labels["stage"]
    round = event.numbers["round"]
    when = f"round {round:g}" if round else "before"
    return f"{when}  {event.labels['stage']}"


def _finished_line(event: Event) -> str:
    """`  round 1  generate    384 rationales, 6,806 tokens, 460/s             14.8 s`"""
    numbers = event.numbers
    seconds, tokens = numbers["seconds"], numbers["tokens"]
    parts = [f"{numbers['total']:,.0f} {event.labels['unit']}"]
    if numbers["stored"]:
        parts.append(f"{numbers['stored']:,.0f} of them from before")
    if tokens:
        rate = f", {tokens / seconds:,.0f}/s" if seconds else ""
        parts.append(f"{tokens:,.0f} tokens{rate}")
    label = stage_label(event)
    return f"  {label:<{LABEL_WIDTH}} {', '.join(parts):<44} {seconds:7.1f} s"


@contextlib.contextmanager
def output_to_log(log: Path) -> Iterator[Console]:
    """A console on the present terminal, while everything else that is printed goes to `log`."""
    handle = open_to_append(log)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    try:
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        yield Console(file=terminal)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, original in zip((1, 2), saved, strict=True):
            os.dup2(original, number)
            os.close(original)
        os.close(handle)
        terminal.close()

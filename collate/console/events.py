"""Events: what happens in a run, and who is told of it.

Stages emit events and never print. A listener is any function of an `Event`; it hears all of them
in their order, in the process that drives the run:

    losses = []

    def listen(event: Event) -> None:
        if event.name == "tuning_step":
            losses.append(event.numbers["loss"])

    run(config, listeners=[listen])

| event | when | numbers | labels |
| --- | --- | --- | --- |
| message, warning | something is to be said: `text` has it | | |
| stage_started | work of a stage begins | round, total, stored | stage, unit |
| stage_progress | some of it is done | round, done, total, tokens | stage, unit |
| stage_finished | all of it is done | round, total, stored, tokens, seconds | stage, unit |
| tuning_step | an optimizer step was taken | round, step, steps, loss, margin, ... | agent |
| round_evaluated | a round was measured | round, `<model>.<split>.<metric>` | |
| run_finished | the run is over | rounds | |

A model that is measured without a run has stages without a round.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from collate.atomic import open_to_append
from collate.masking import masked, masked_text

Tick = Callable[[int, int], None]
"""Is told how far a stage is: units done since it started, tokens so far."""


@dataclass(frozen=True)
class Event:
    """One thing that happened: its name, numbers by name, words by name, a sentence for people."""

    name: str
    text: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


Listener = Callable[[Event], None]


class Events:
    """Hands each event to all listeners.

    One of the `further` listeners that fails (a tracker whose server is gone, say) is dropped with
    a warning: a run of hours does not end for it.
    """

    def __init__(self, listeners: Sequence[Listener] = (), further: Sequence[Listener] = ()):
        self._listeners, self._further = list(listeners), list(further)

    def emit(
        self,
        name: str,
        text: str = "",
        numbers: Mapping[str, float] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Tell everybody of an event. What looks like a secret in it is masked."""
        event = Event(name, masked_text(text), numbers or {}, masked(labels or {}))
        for listener in self._listeners:
            listener(event)
        for listener in list(self._further):
            try:
                listener(event)
            except Exception as error:
                self._further.remove(listener)
                self.message(
                    f"warning: a listener of this run failed and is dropped "
                    f"({type(error).__name__}: {error})"
                )

    def message(self, text: str) -> None:
        """Say a sentence; one that begins with "warning: " is a warning."""
        self.emit("warning" if text.startswith("warning: ") else "message", text)

    def messages(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            self.message(sentence)

    @contextlib.contextmanager
    def stage(
        self, stage: str, *, round: int | None, unit: str, total: int, stored: int = 0
    ) -> Iterator[Tick]:
        """A stage's work while the block lasts; gives a function that says how far it is.

        Of `total` units `stored` were done by an earlier process. `round` is None outside of a run.
        """
        labels = {"stage": stage, "unit": unit}
        of_round: dict[str, float] = {} if round is None else {"round": round}
        numbers = {**of_round, "total": total, "stored": stored}
        self.emit("stage_started", numbers=numbers, labels=labels)
        began = time.monotonic()
        latest_tokens = 0

        def tick(done: int, tokens: int) -> None:
            nonlocal latest_tokens
            latest_tokens = tokens
            progress = {**of_round, "done": stored + done, "total": total, "tokens": tokens}
            self.emit("stage_progress", numbers=progress, labels=labels)

        yield tick
        seconds = time.monotonic() - began
        finished = {**numbers, "tokens": latest_tokens, "seconds": round_seconds(seconds)}
        self.emit("stage_finished", numbers=finished, labels=labels)


def round_seconds(seconds: float) -> float:
    """Seconds as events carry them: to the millisecond."""
    return float(f"{seconds:.3f}")


class EventFile:
    """A listener that appends every event but progress to a file, a line of JSON each.

    {"time": "2026-01-31T10:00:00+00:00", "event": "tuning_step", "round": 1, "loss": 0.69, ...}
    """

    def __init__(self, path: Path):
        self._path = path

    def __call__(self, event: Event) -> None:
        if event.name == "stage_progress":  # several a second
            return
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "event": event.name,
            **({"text": event.text} if event.text else {}),
            **event.labels,
            **event.numbers,
        }
        with open(open_to_append(self._path), "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


class LogFile:
    """A listener that appends what is said, and each stage's end, to the run's log file."""

    def __init__(self, path: Path):
        self._path = path

    def __call__(self, event: Event) -> None:
        text = event.text or _stage_text(event)
        if not text:
            return
        now = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        with open(open_to_append(self._path), "a", encoding="utf-8") as file:
            file.write(f"{now}  {text}\n")


def _stage_text(event: Event) -> str:
    """A line about a stage that began or ended; nothing for other events."""
    if event.name not in ("stage_started", "stage_finished"):
        return ""
    verb = event.name.removeprefix("stage_")
    numbers = event.numbers
    of_round = f"round {numbers['round']:g} " if "round" in numbers else ""
    line = f"{of_round}{event.labels['stage']} {verb}: "
    line += f"{numbers['total']:,.0f} {event.labels['unit']}"
    return line + (f" in {numbers['seconds']:.1f} s" if "seconds" in numbers else "")

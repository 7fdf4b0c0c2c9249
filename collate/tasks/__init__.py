"""Tasks: where questions come from, how a prompt is worded, and what counts as an answer.

    data = load_task(config.task)                       # questions in disjoint splits
    messages = render_messages(config.task, data.questions[0], examples=config.task.examples)

From source to question: `sources.py` reads rows from files and the Hub, `families.py` (with
`multiple_choice.py`) makes items of them, `procedural.py` generates items, `repeats.py` finds those
that stand there twice, `splits.py` assigns each to a split, and `near_duplicates.py` finds training
questions that nearly repeat a held-out one.
"""

from collate.tasks.families import chance_level
from collate.tasks.load_task import TaskData, load_task
from collate.tasks.near_duplicates import Leak, leaks
from collate.tasks.wording import prompt_problems, render_messages

__all__ = [
    "Leak",
    "TaskData",
    "chance_level",
    "leaks",
    "load_task",
    "prompt_problems",
    "render_messages",
]

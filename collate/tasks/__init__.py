"""Tasks: where questions come from, how a prompt is worded, and what counts as an answer.

    data = load_task(config.task)                       # questions in disjoint splits
    messages = render_messages(config.task, data.questions[0], examples=config.task.examples)

One module per family: `procedural`, `word_problems`, `multiple_choice`, `boolean` and `table`.
`chance` says what guessing gets, and `near_duplicates` which training questions nearly repeat a
held-out one.
"""

from collate.tasks.chance import chance_level
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

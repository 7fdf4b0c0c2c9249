"""Tasks: where questions come from, how a prompt is worded, and what counts as an answer.

    data = load_task(config.task)                       # questions in disjoint splits
    messages = render_messages(config.task, data.questions[0], examples=config.task.examples)

One module per family: `procedural`, `word_problems`, `multiple_choice`, `boolean` and `table`.
"""

from collate.tasks.load import TaskData, load_task
from collate.tasks.prompts import prompt_problems, render_messages

__all__ = ["TaskData", "load_task", "prompt_problems", "render_messages"]

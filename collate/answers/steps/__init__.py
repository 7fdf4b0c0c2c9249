"""The equations and comparisons of a rationale: which of them are true, false, or not read.

`checking.py` goes through a text line by line, `links.py` judges one equation, `expressions.py`
reads its sides with exact arithmetic; the others know what numbers, signs and words around them
mean.
"""

from collate.answers.steps.checking import Step, Steps, check_steps, false_steps_in

__all__ = ["Step", "Steps", "check_steps", "false_steps_in"]

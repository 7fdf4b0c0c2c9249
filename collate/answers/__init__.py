"""What counts as an answer, and whether it is right.

`judging.py` says what right, wrong and unknown mean; `reading.py` reads answers of the five kinds;
`flags.py` finds rationales that are no good to learn from, `steps/` false equations in them; a
`Verifier` judges model text in child processes (`sandbox.py`). Imports nothing beyond the standard
library, so that those stay light.
"""

from collate.answers.verifier import Verifier

__all__ = ["Verifier"]

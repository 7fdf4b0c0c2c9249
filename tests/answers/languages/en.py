"""English statements, with what a person who speaks English says of each, beyond those of
`test_verifier.py`: the same kinds as in the other languages."""

from tests.answers.languages.verdicts import N, R, U, W

OPTIONS = ("red", "green", "blue", "red and blue")

# What stands behind the marker, the gold answer, the verdict.
NUMBERS = [
    ("The answer is 12.", "12", R), ("Answer: 13", "12", W), ("So there are 12 eggs.", "12", R),
    ("Janet has 12 eggs", "12", R), ("That makes 12 dollars", "12", R), ("12 eggs", "12", R),
    ("12 small red marbles", "12", R), ("12 miles", "12", R), ("12 cubes", "12", R),
    ("twelve (12)", "12", R), ("12 (twelve)", "12", R), ("12 eggs per day", "12", R),
    ("12 square meters", "12", R), ("12 is correct", "12", R), ("12 is the answer", "12", R),
    ("1.5 million", "1500000", R), ("50 percent", "50%", R), ("not 12", "12", U),
    ("12 is wrong", "12", U), ("anything but 12", "12", U), ("12 is nonsense", "12", U),
    ("12 is impossible", "12", U), ("never 12", "12", U), ("neither 12 nor 13", "12", U),
    ("at least 12", "12", U), ("more than 12", "12", U), ("almost 12", "12", U),
    ("12 or more", "12", U), ("maybe 12", "12", U), ("12 if it rains", "12", U),
    ("12, but I am not sure", "12", U), ("minus 12", "12", N), ("12 million", "12", N),
    ("12 million", "12000000", R), ("twice 12", "12", N), ("half of 12", "12", N),
    ("12 squared", "12", N), ("12 tenths", "12", N), ("twelve", "12", U),
]  # fmt: skip

CHOICES = [
    ("The answer is B.", "B", R), ("B is correct", "B", R), ("B is the answer.", "B", R),
    ("The correct answer is (B) green.", "B", R), ("I choose C", "B", W), ("green", "B", R),
    ("green (B)", "B", R), ("not B", "B", U), ("B is wrong", "B", U), ("B or C", "B", U),
    ("B) blue", "B", U), ("all but B", "B", U), ("maybe B", "B", U), ("B, if it rains", "B", U),
    ("yellow", "B", U),
]  # fmt: skip

BOOLEANS = [
    ("Yes, it can.", "yes", R), ("No, it cannot.", "no", R), ("The answer is no.", "no", R),
    ("Yes is the answer", "yes", R), ("No. Ice floats.", "no", R),
    ("The statement is false", "no", R), ("It is true", "yes", R),
    ("Yes, but only if it rains", "yes", U), ("maybe yes", "yes", U), ("yes and no", "yes", U),
    ("half true", "yes", U), ("the opposite of yes", "yes", U), ("almost true", "yes", U),
    ("No, unless it rains", "no", U), ("Yes, it is false", "yes", U),
]  # fmt: skip

TEXTS = [
    ("The answer is Lima.", "Lima", R), ("Answer: Lima", "Lima", R),
    ("The answer is Lima, which is correct", "Lima", N), ("not Lima", "Lima", N),
    ("Lima or Cusco", "Lima", N), ("The answer is Cusco.", "Lima", W),
]  # fmt: skip

# Kind, a whole rationale, the gold answer, the verdict.
RATIONALES = [
    ("number", "The answer is not #### 12", "12", U), ("number", "So there are #### 12", "12", R),
    ("number", "at least #### 12", "12", U), ("number", "The answer is minus #### 12", "12", U),
    ("number", "She has 12 left over #### 12", "12", R),
    ("choice", "The answer is never #### B", "B", U), ("boolean", "So it is no #### no", "no", R),
    ("boolean", "The answer is not #### yes", "yes", U),
]  # fmt: skip

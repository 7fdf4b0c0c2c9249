"""The warning about too many rationales of which the verifier can say nothing."""

from collate.answers.alarm import unknown_warning
from collate.answers.judging import judge_text

TEXTS = ["#### 7", "#### 8", "it is 7", "no idea", "#### 7 or 8", "#### 7\n#### 8", "#### seven"]
JUDGED = [judge_text("number", "####", text, "7") for text in TEXTS]


def test_a_share_within_the_limit_gives_no_warning() -> None:
    assert unknown_warning(JUDGED, 5 / 7) is None
    assert unknown_warning(JUDGED, 1.0) is None
    assert unknown_warning(JUDGED, None) is None
    assert unknown_warning([], 0.0) is None


def test_the_warning_counts_the_reasons() -> None:
    assert unknown_warning(JUDGED, 0.7) == (
        "5 of 7 rationales are judged unknown, more than scoring.unknown_limit=0.7 allows: "
        "no stated answer (2), cannot be read (2), states several answers (1)"
    )

"""The key of a stated answer, for rows of tests that state one."""

from collections.abc import Sequence

from collate.answers.lexicon import lexicon
from collate.answers.reading import key_text, read_answer


def key_of(stated: str | None, kind: str = "number", options: Sequence[str] = ()) -> str | None:
    """What the verifier gives as the key of an answer; None where none is stated."""
    if stated is None:
        return None
    key, _ = read_answer(kind, stated, options, lexicon(("en",)))
    return key_text(key, stated)

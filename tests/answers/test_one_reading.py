"""What a model wrote is read in the verifier's child processes and nowhere else.

Other rooms get judgements, keys and flags; all that they may take from `collate.answers` beside the
`Verifier` reads gold answers, cuts a rationale, or is a word of the vocabulary.
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "collate"
# Linear in the length of the text, as `test_verifier.py` and `test_steps.py` hold.
MAY_READ = {"read_gold", "same_gold", "cut_answer", "text_key", "false_steps_in"}
FORBIDDEN = {
    "judge_text", "read_answer", "last_answer", "read_number", "read_choice", "read_boolean",
    "read_text", "flags_of", "review_request", "same_answer", "same_mathematics",
}  # fmt: skip


def names_taken_from_answers() -> dict[str, set[str]]:
    """By module of another room: the names it imports from the room `answers`."""
    taken: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if "answers" in path.relative_to(PACKAGE).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "collate.answers"
            ):
                names = {alias.name for alias in node.names}
                taken.setdefault(str(path.relative_to(PACKAGE)), set()).update(names)
    return taken


def test_no_other_room_reads_a_stated_answer() -> None:
    taken = names_taken_from_answers()
    assert len(taken) > 5
    assert {module: names & FORBIDDEN for module, names in taken.items() if names & FORBIDDEN} == {}
    readers = {name for names in taken.values() for name in names if name.islower()}
    assert readers <= MAY_READ | {"verifier", "lexicon"}

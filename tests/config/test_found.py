"""Names that settings may give are read off the files that define them, without importing any."""

from pathlib import Path

import pytest

from collate.config import found
from collate.config.schema import PAIRING_RULES, PERTURBATIONS

RULE = '''"""Rule `{name}`: says nothing.

More of it.
"""

REJECTS_NOTHING = True


def helper(): ...


def {name}(candidates, config): ...
'''


def test_a_file_that_defines_its_own_name_is_found_with_its_meaning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "_PACKAGE", tmp_path)
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / "mine.py").write_text(RULE.format(name="mine"))
    (tmp_path / "pairs" / "other.py").write_text('"""Helps."""\n\nimport nowhere\n')
    assert found.parts_of("pairs") == {"mine": "says nothing."}
    assert found.says("pairs", "mine", "REJECTS_NOTHING = True")
    assert not found.says("pairs", "other", "REJECTS_NOTHING = True")


def test_functions_are_found_by_their_first_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "_PACKAGE", tmp_path)
    (tmp_path / "losses.py").write_text(
        "def b(ratios: LogRatios, config): ...\ndef a(ratios: LogRatios): ...\n"
        "def c(chosen_P: Tensor): ...\ndef d(): ...\ndef e(ratios): ...\n"
    )
    assert found.functions_of("losses.py", "LogRatios") == ("b", "a")


@pytest.mark.parametrize("parts", [PAIRING_RULES, PERTURBATIONS], ids=["rules", "perturbations"])
def test_each_has_a_meaning_for_the_help(parts: dict[str, str]) -> None:
    assert parts and all(len(meaning) > 20 for meaning in parts.values())


def test_what_is_found_can_be_loaded() -> None:
    assert all(callable(found.load("agents", name)) for name in PERTURBATIONS)

"""What the schema says of each setting: in help, on the settings page, and of the code it names."""

import re
from pathlib import Path

import pytest

from collate.config.fields import Setting, settings_of
from collate.config.help import WIDTH, settings_help, settings_markdown
from collate.config.presets import conf_folder, presets_by_group
from collate.config.rules import problems
from collate.config.schema import (
    PAIRING_RULES,
    PREFERENCE_LOSSES,
    SFT,
    SUPERVISED_RULES,
    RunConfig,
)

SETTINGS = settings_of(RunConfig)
PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.key)
def test_every_setting_has_a_plain_sentence(setting: Setting) -> None:
    assert re.fullmatch(r"[A-Z].{9,}\.", setting.description), setting.description
    # A meaning without its choice, or of a choice that is gone, would mislead.
    assert setting.meanings.keys() <= set(setting.choices)
    assert all(meaning == meaning.strip(".") for meaning in setting.meanings.values())


def test_annotations_are_read_into_words() -> None:
    assert SETTINGS["agents.count"].kind == "whole number"
    assert SETTINGS["agents.count"].limits == "at least 1"
    assert SETTINGS["agents.top_p"].limits == "above 0 and at most 1"
    assert SETTINGS["patience"].limits == "at least 1, or null"
    assert SETTINGS["agents.temperatures"].kind == "list of numbers"
    assert SETTINGS["agents.temperatures"].limits == "each at least 0"
    assert SETTINGS["task.train"].kind == "number"
    assert SETTINGS["task.examples"].kind == "list of {question, response}"
    assert SETTINGS["task.labels"].choices == ("language", "objective", "domain")
    assert SETTINGS["engine.kind"].choices == ("vllm", "transformers")
    assert SETTINGS["tuning.modes"].default == ["whole"]


def test_choices_are_what_the_code_has() -> None:
    from collate.answers.languages import LANGUAGES
    from collate.answers.reading import KINDS
    from collate.pairs.preferences import RULES
    from collate.tables import LABELS
    from collate.tasks.items import ANSWER_KINDS
    from collate.tuning.losses import LOSSES

    assert set(SETTINGS["pairs.rule"].choices) == PAIRING_RULES.keys() == RULES.keys()
    assert set(SETTINGS["tuning.loss"].choices) == {*PREFERENCE_LOSSES, SFT} == {*LOSSES, SFT}
    assert SETTINGS["task.labels"].choices == LABELS
    assert SETTINGS["task.answer_kind"].choices == KINDS
    assert set(SETTINGS["task.languages"].choices) == LANGUAGES.keys()
    assert set(SETTINGS["task.kind"].choices) == ANSWER_KINDS.keys()


def test_presets_are_there_for_every_rule_loss_and_warm_up() -> None:
    presets = presets_by_group([conf_folder()])
    assert set(presets["pairs"]) == PAIRING_RULES.keys() > SUPERVISED_RULES
    # The preset of DPO, whose loss is called sigmoid, is dpo; dpo_nll adds a term to it.
    assert set(presets["tuning"]) == {*PREFERENCE_LOSSES, SFT, "dpo", "dpo_nll"} - {"sigmoid"}
    assert set(presets["warmup"]) == set(SETTINGS["warmup.kind"].choices)


def test_the_defaults_break_no_rule() -> None:
    assert problems(RunConfig()) == []


def test_help_has_every_setting_on_lines_that_fit() -> None:
    text = settings_help(presets_by_group([conf_folder()]))
    assert max(map(len, text.splitlines())) <= WIDTH
    for key in SETTINGS:
        assert re.search(rf"^  {re.escape(key)}(=|$|\s)", text, re.MULTILINE), key
    assert '  tuning.modes=["whole"]' in text
    assert "(whole number, at least 1, or null)" in text


def test_the_settings_page_is_what_the_schema_says() -> None:
    # Make it anew: python -m collate.config.help > docs/settings.md
    assert PAGE.read_text(encoding="utf-8") == settings_markdown()

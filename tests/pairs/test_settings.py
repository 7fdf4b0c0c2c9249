"""Pairing rules, their names in the settings, their presets, and settings at odds with a rule."""

import inspect
from dataclasses import asdict, replace

import pytest
import yaml

from collate.config.build import build, read
from collate.config.fields import settings_of
from collate.config.presets import conf_folder
from collate.config.rules import problems
from collate.config.schema import (
    PAIRING_RULES,
    SFT,
    SUPERVISED_RULES,
    PairsConfig,
    RunConfig,
    ScoringConfig,
    TuningConfig,
)
from collate.pairs import preference_rules, supervised_rules
from collate.pairs.preferences import RULES


def preset_of(rule: str) -> dict[str, object]:
    return yaml.safe_load((conf_folder() / "pairs" / f"{rule}.yaml").read_text())


def test_every_rule_of_the_settings_is_a_function_of_its_name() -> None:
    assert set(settings_of(RunConfig)["pairs.rule"].choices) == set(PAIRING_RULES) == set(RULES)
    for name, rule in RULES.items():
        assert rule.__name__ == name and inspect.getdoc(rule)


def test_the_supervised_rules_are_those_that_reject_nothing() -> None:
    for name, rule in RULES.items():
        room = supervised_rules if name in SUPERVISED_RULES else preference_rules
        assert rule.__module__ == room.__name__
    assert set(RULES) > SUPERVISED_RULES


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_preset_of_its_name(rule: str) -> None:
    preset = preset_of(rule)
    assert preset["rule"] == rule
    settings = asdict(RunConfig())
    settings["pairs"] |= preset
    if rule in SUPERVISED_RULES:
        settings["tuning"]["loss"] = SFT
    assert build(settings).pairs == PairsConfig(**preset)


@pytest.mark.parametrize(
    ("pairs", "scoring", "message"),
    [
        ({"order": "margin", "rule": "likelihood"}, {},
         "pairs.order=margin: pairs.rule=likelihood has an order of its own; only "
         "pairs.rule=correctness takes one"),
        ({"order": "margin"}, {"likelihood": False},
         "pairs.order=margin: needs scoring.likelihood=true"),
        ({"min_margin": 0.5}, {"likelihood": False},
         "pairs.min_margin=0.5: needs scoring.likelihood=true"),
        ({"rule": "blended"}, {"likelihood": False},
         "pairs.rule=blended: needs scoring.likelihood=true"),
        ({"rule": "blended"}, {"normalisation": "mean_log"},
         "scoring.normalisation=mean_log: pairs.rule=blended needs a likelihood from 0 to 1; "
         "use mean_prob or geometric"),
        ({"rule": "gold_only"}, {},
         "pairs.gold=never: pairs.rule=gold_only chooses the gold solution; use pairs.gold=always"),
        ({"rule": "gold_over_own", "gold": "unsolved"}, {},
         "pairs.gold=unsolved: pairs.rule=gold_over_own chooses the gold solution; "
         "use pairs.gold=always"),
        ({"rule": "own_majority", "chosen_from": "own", "gold": "always"}, {},
         "pairs.gold=always: pairs.rule=own_majority uses no gold answer; use pairs.gold=never"),
        ({"rule": "own_majority"}, {},
         "pairs.chosen_from=any: pairs.rule=own_majority chooses an agent's own rationales; "
         "use pairs.chosen_from=own"),
        ({"rule": "right_only", "rejected_from": "own"}, {},
         "pairs.rejected_from=own: pairs.rule=right_only rejects nothing"),
        ({"rule": "right_only", "length_ratio": 2.0}, {},
         "pairs.length_ratio=2: pairs.rule=right_only rejects nothing"),
        ({"rule": "right_only", "min_margin": 0.1}, {},
         "pairs.min_margin=0.1: pairs.rule=right_only rejects nothing"),
    ],
)  # fmt: skip
def test_settings_that_a_rule_could_not_follow_are_refused(
    pairs: dict[str, object], scoring: dict[str, object], message: str
) -> None:
    config = replace(RunConfig(), pairs=PairsConfig(**pairs), scoring=ScoringConfig(**scoring))
    if pairs.get("rule") in SUPERVISED_RULES:
        config = replace(config, tuning=TuningConfig(loss=SFT))
    assert problems(config) == [message]


def test_a_ratio_of_lengths_below_1_is_refused() -> None:
    _, sentences = read({"pairs": {"length_ratio": 0.5}})
    assert sentences == ["pairs.length_ratio=0.5: at least 1, or null"]


@pytest.mark.parametrize("rule", sorted(SUPERVISED_RULES))
def test_what_rejects_nothing_is_for_supervised_tuning(rule: str) -> None:
    (message,) = problems(replace(RunConfig(), pairs=PairsConfig(**preset_of(rule))))
    assert message.startswith("tuning.loss=sigmoid: ") and "use tuning.loss=sft" in message

"""Pairing rules, their names in the settings, their presets, and settings at odds with a rule."""

from dataclasses import asdict, fields, replace
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import collate.pairs
from collate.config.build import build
from collate.config.compose import conf_folder
from collate.config.rules import problems
from collate.config.schema import SUPERVISED, PairsConfig, RunConfig, ScoringConfig, TuningConfig
from collate.pairs import RULES

CHOICES = {field.name: field.metadata["choices"] for field in fields(PairsConfig)}


def test_a_rule_is_a_file_with_a_function_of_its_name() -> None:
    files = {path.stem for path in Path(collate.pairs.__file__).parent.glob("*.py")} - {"__init__"}
    modules = {name: import_module(f"collate.pairs.{name}") for name in files}
    assert set(CHOICES["rule"]) == set(RULES) == {n for n in files if hasattr(modules[n], n)}
    assert SUPERVISED == {n for n in files if hasattr(modules[n], "REJECTS_NOTHING")} < set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_preset_of_its_name_and_a_docstring_on_its_page(rule: str) -> None:
    preset = yaml.safe_load((conf_folder() / "pairs" / f"{rule}.yaml").read_text())
    assert preset["rule"] == rule
    settings = asdict(RunConfig())
    settings["pairs"] |= preset
    if rule in SUPERVISED:
        settings["tuning"]["loss"] = "sft"
    assert build(settings).pairs == PairsConfig(**preset)
    assert RULES[rule].__module__ == f"collate.pairs.{rule}"


@pytest.mark.parametrize(
    ("pairs", "scoring", "message"),
    [
        ({"blend": 1.5}, {}, "pairs.blend=1.5: a weight from 0 to 1"),
        ({"length_ratio": 0.5}, {}, "pairs.length_ratio=0.5: at least 1, or null"),
        ({"order": "margin", "rule": "likelihood"}, {},
         "pairs.order=margin: only pairs.rule=correctness takes an order"),
        ({"order": "margin"}, {"likelihood": False},
         "scoring.likelihood=false: pairs.order=margin needs the likelihood"),
        ({"rule": "blended"}, {"likelihood": False},
         "scoring.likelihood=false: pairs.rule=blended with pairs.min_margin=0 needs the "
         "likelihood"),
        ({"rule": "blended"}, {"normalisation": "mean_log"},
         "scoring.normalisation=mean_log: pairs.rule=blended needs a likelihood from 0 to 1; "
         "use mean_prob or geometric"),
        ({"rule": "gold_only"}, {},
         "pairs.gold=never: pairs.rule=gold_only chooses the gold solution; use pairs.gold=always"),
        ({"rule": "gold_over_own", "gold": "unsolved"}, {},
         "pairs.gold=unsolved: pairs.rule=gold_over_own chooses the gold solution; "
         "use pairs.gold=always"),
        ({"rule": "own_majority", "winner": "own", "gold": "always"}, {},
         "pairs.gold=always: pairs.rule=own_majority uses no gold answer"),
        ({"rule": "own_majority"}, {},
         "pairs.winner=any: pairs.rule=own_majority chooses an agent's own rationales; "
         "use pairs.winner=own"),
        ({"across": True, "winner": "own", "loser": "own"}, {},
         "pairs.across=True: pairs.winner=own and pairs.loser=own leave no pair across agents"),
        *(({"rule": "right_only", name: value}, {},
           f"pairs.{name}={value}: pairs.rule=right_only rejects nothing")
          for name, value in (("across", True), ("loser", "own"), ("length_ratio", 2.0),
                              ("min_margin", 0.1))),
    ],
)  # fmt: skip
def test_settings_that_a_rule_could_not_follow_are_refused(
    pairs: dict[str, object], scoring: dict[str, object], message: str
) -> None:
    config = replace(RunConfig(), pairs=PairsConfig(**pairs), scoring=ScoringConfig(**scoring))
    if pairs.get("rule") in SUPERVISED:
        config = replace(config, tuning=TuningConfig(loss="sft"))
    assert problems(config) == [message]


@pytest.mark.parametrize("rule", sorted(SUPERVISED))
def test_what_rejects_nothing_is_for_supervised_tuning(rule: str) -> None:
    preset = yaml.safe_load((conf_folder() / "pairs" / f"{rule}.yaml").read_text())
    (said,) = problems(replace(RunConfig(), pairs=PairsConfig(**preset)))
    assert said.startswith("tuning.loss=sigmoid: ") and "use tuning.loss=sft" in said

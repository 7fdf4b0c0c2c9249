"""What a run is bound to: its settings, but not how far it goes, nor what a later version adds."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from collate.config.schema import BudgetConfig, RunConfig
from collate.errors import InputError
from collate.store.identity import check_same_settings, run_path, section_digests
from collate.store.run_description import read_run_config
from collate.store.run_folder import RunFolder

IDENTITY = {"model": "m", "questions": "q"}


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return RunConfig(name="a", folder=str(tmp_path))


def test_more_rounds_and_another_patience_continue_a_run(config: RunConfig) -> None:
    RunFolder.open(config, IDENTITY, notify=print)
    further = replace(config, rounds=config.rounds + 2, patience=1)
    RunFolder.open(further, IDENTITY, notify=print)
    assert section_digests(further) == section_digests(config)
    kept = read_run_config(run_path(config))
    assert (kept.rounds, kept.patience) == (config.rounds + 2, 1)
    unnamed = replace(config, name=None)
    assert run_path(unnamed) == run_path(replace(unnamed, rounds=7, patience=3))


def test_under_a_budget_the_rounds_bind_since_they_share_it(config: RunConfig) -> None:
    spending = replace(config, budget=BudgetConfig(generated_tokens=1000))
    RunFolder.open(spending, IDENTITY, notify=print)
    with pytest.raises(InputError, match=r"rounds: 2 when the run began, 4 now"):
        RunFolder.open(replace(spending, rounds=4), IDENTITY, notify=print)


def test_a_setting_that_a_later_version_adds_leaves_a_run_as_it_is(config: RunConfig) -> None:
    RunFolder.open(config, IDENTITY, notify=print)
    path = run_path(config) / "config.yaml"
    settings = yaml.safe_load(path.read_text())
    del settings["tuning"]["weight_decay"]  # as if it had not been there yet
    path.write_text(yaml.safe_dump(settings))
    # A version that did not know the setting wrote no digest of this file either.
    (path.parent / "manifest.jsonl").unlink()
    check_same_settings(config)
    assert read_run_config(run_path(config)) == config
    with pytest.raises(InputError, match=r"tuning\.weight_decay: 0\.0 when the run began, 0\.1"):
        check_same_settings(replace(config, tuning=replace(config.tuning, weight_decay=0.1)))


def test_only_what_differs_from_its_default_is_digested(config: RunConfig) -> None:
    digests = section_digests(config)
    other = section_digests(replace(config, seed=1))
    assert {name for name in digests if digests[name] != other[name]} == {"seed"}


def test_resources_may_change(config: RunConfig) -> None:
    RunFolder.open(config, IDENTITY, notify=print)
    check_same_settings(replace(config, engine=replace(config.engine, batch=7, threads=1)))
    with pytest.raises(InputError, match=r"engine\.max_length"):
        check_same_settings(replace(config, engine=replace(config.engine, max_length=99)))

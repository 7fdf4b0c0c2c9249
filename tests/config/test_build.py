"""Settings become a checked RunConfig, or one message that names every problem."""

import copy
import math
import pickle
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from collate.config.build import build, flattened, read
from collate.config.schema import (
    Example,
    Persona,
    RunConfig,
)
from collate.config.unknown_settings import REMOVED, RENAMED
from collate.errors import InputError


def settings(**changes: Any) -> dict[str, Any]:
    """The defaults with some dotted keys changed (dots written as double underscores)."""
    changed = asdict(RunConfig())
    for key, value in changes.items():
        *parents, last = key.split("__")
        target = changed
        for parent in parents:
            target = target[parent]
        target[last] = value
    return changed


def test_the_defaults_are_valid() -> None:
    assert build(settings()) == RunConfig() == build({})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rounds": -1}, "rounds=-1: at least 0"),
        ({"agents__count": 0}, "agents.count=0: at least 1"),
        ({"agents__temperature": -0.1}, "agents.temperature=-0.1: at least 0"),
        ({"agents__temperatures": [1.0, -1]}, "agents.temperatures[1]=-1: at least 0"),
        ({"agents__top_p": 0.0}, "agents.top_p=0.0: above 0 and at most 1"),
        ({"agents__personas": [{}, {"top_p": 2}]}, "agents.personas[1].top_p=2: at most 1"),
        ({"agents__personas": [{"temprature": 1}]},
         "agents.personas[0].temprature: no such name; agents.personas is a list of "
         "{name, system, prompt, examples, temperature, top_p}"),
        ({"agents__personas": [{"prompt": "Solve."}]},
         "agents.personas[0].prompt='Solve.': must contain {question}"),
        ({"patience": 0}, "patience=0: at least 1, or null"),
        ({"tuning__beta": 0.0}, "tuning.beta=0.0: above 0"),
        ({"tuning__beta": -1}, "tuning.beta=-1: above 0"),
        ({"tuning__beta": math.nan}, "tuning.beta: expected a number, found nan"),
        ({"tuning__beta": "9" * 999}, f"tuning.beta: expected a number, found '{'9' * 199}"),
        ({"tuning__batch": 10}, "tuning.batch=10: must be a multiple of tuning.micro_batch=8"),
        ({"tuning__loss": "dpo"}, "tuning.loss: expected one of sigmoid, ipo, hinge, robust"),
        ({"tuning__label_smoothing": 0.5, "tuning__loss": "robust"},
         "tuning.label_smoothing=0.5: at least 0 and below 0.5"),
        ({"tuning__label_smoothing": 0.1},
         "tuning.label_smoothing=0.1: only tuning.loss=robust has label smoothing; use that "
         "instead of sigmoid, or 0"),
        ({"tuning__loss": "sft", "tuning__reference": "base"},
         "tuning.reference=base: tuning.loss=sft has no reference"),
        ({"tuning__loss": "sft", "tuning__nll_weight": 1.0},
         "tuning.nll_weight=1: tuning.loss=sft is the negative log-likelihood itself"),
        ({"tuning__modes": ["answer"]},
         "tuning.modes=['answer']: tuning.loss=sigmoid learns whole rationales only"),
        ({"tuning__modes": ["answers"]},
         "tuning.modes[0]: expected one of whole, answer, rationale, reader; found 'answers'"),
        ({"tuning__modes": [], "tuning__loss": "sft"},
         "tuning.modes=[]: must name at least one mode, each once"),
        ({"budget__tuned_tokens": 0}, "budget.tuned_tokens=0: at least 1, or null"),
        ({"budget__tuned_tokens": 9, "tuning__modes": ["answer"], "tuning__loss": "sft"},
         "budget.tuned_tokens=9: counts whole rationales; use tuning.modes=[whole]"),
        ({"tuning__start": "scratch"}, "tuning.start: expected one of previous, base"),
        ({"tuning__learning_rate": "fast"},
         "tuning.learning_rate: expected a number, found 'fast'"),
        ({"rounds": 1.5}, "rounds: expected a whole number, found 1.5"),
        ({"rounds": True}, "rounds: expected a whole number, found True"),
        ({"seed": None}, "seed: expected a whole number, found null"),
        ({"engine__kind": "vlm"}, "engine.kind: expected one of vllm, transformers; found 'vlm'"),
        ({"engine__max_length": 100},
         "engine.max_length=100: leaves no room for a prompt beside agents.max_tokens=256"),
        ({"task__test": 0}, "task.test=0: every split needs questions"),
        ({"task__test": -1}, "task.test=-1: at least 0"),
        ({"task__train": "half"}, "task.train: expected a number, found 'half'"),
        ({"task__labels": {"langage": "de"}},
         "task.labels.langage: expected one of language, objective, domain; found 'langage'"),
        ({"task__labels": {"language": ["de"]}},
         "task.labels.language: expected a text, found ['de']"),
        ({"task__choices": ["a", "b"]},
         "task.choices=['a', 'b']: task.kind=procedural has no options"),
        ({"task__choices": ["a", "a "], "task__kind": "multiple_choice"},
         "task.choices=['a', 'a ']: must be 2 to 26 different texts"),
        ({"task__examples": [{"question": "a", "answer": "b"}]},
         "task.examples[0].answer: no such name; task.examples is a list of {question, response}"),
        ({"name": "../elsewhere"}, "a run's name is letters, digits"),
        ({"scoring__likelihood": False, "pairs__rule": "likelihood"},
         "pairs.rule=likelihood: needs scoring.likelihood=true"),
        ({"scoring__likelihood": False, "pairs__min_margin": 0.5},
         "pairs.min_margin=0.5: needs scoring.likelihood=true"),
        ({"scoring__likelihood": False, "evaluation__confidence": True},
         "evaluation.confidence=true: needs scoring.likelihood=true"),
        ({"scoring__normalisation": "posterior", "scoring__likelihood": False},
         "scoring.normalisation=posterior: needs scoring.likelihood=true"),
        ({"tuning__start": "base"},
         "tuning.reference=previous: with tuning.start=base each round begins"),
        ({"agents__samples": 0}, "agents.samples=0: agents must write at least 1 rationale"),
        ({"agents__count": 1, "agents__peer_completions": 1},
         "agents.peer_completions=1: needs rationales of other agents; agents.count is 1"),
        ({"agents__samples": 0, "agents__peer_completions": 1},
         "agents.peer_completions=1: needs rationales to continue; agents.samples is 0"),
        ({"agents__hint": "The answer."}, "agents.hint='The answer.': must contain {answer}"),
        ({"agents__samples": 0, "evaluation__reader": "trained"}, "learns from what agents write"),
        ({"evaluation__answer_by": "samples"}, "needs evaluation.samples of at least 1"),
        ({"warmup__kind": "own"}, "warmup.samples=1: warmup.kind=own prefers right to wrong"),
        ({"warmup__kind": "preference", "agents__start": "runs/a"},
         "agents.start=runs/a: the agents begin with the weights of warmup.kind=preference"),
        ({"patience": 1, "evaluation__rounds": "last"},
         "patience=1: needs every round measured; set evaluation.rounds=all instead of last"),
        ({"tunning": {}}, "tunning: no such setting; did you mean tuning?"),
        ({"tuning__betta": 1.0}, "tuning.betta: no such setting; did you mean tuning.beta?"),
        ({"scoring__learning_rate": 1.0},
         "scoring.learning_rate: no such setting; did you mean tuning.learning_rate?"),
        ({"frobnication": 1}, "frobnication: no such setting; collate run --help lists all"),
        ({"model": "gpt2"}, "model: expected a group of settings, found 'gpt2'"),
        ({"ray__work_deadline": 0}, "ray.work_deadline=0: above 0"),
        ({"ray__tune_deadline": 0}, "ray.tune_deadline: is gone; use ray.work_deadline"),
        ({"pairs__winner": "own"}, "pairs.winner: is now pairs.chosen_from"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_in_plain_words(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        build(settings(**changes))
    assert message in str(raised.value)
    assert "pydantic" not in str(raised.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InputError) as raised:
        build(settings(rounds=-1, agents__count=0, tuning__beta=-1, agents__hint="none"))
    lines = str(raised.value).splitlines()
    assert lines[0] == "4 problems:" and len(lines) == 5


def test_a_default_stands_in_for_what_is_wrong_so_that_all_rules_are_checked() -> None:
    config, problems = read(
        settings(tuning__micro_batch="many", tuning__batch=12, agents__samples=-1)
    )
    assert problems == [
        "agents.samples=-1: at least 0",
        "tuning.micro_batch: expected a whole number, found 'many'",
        "tuning.batch=12: must be a multiple of tuning.micro_batch=8",
    ]
    assert (config.tuning.micro_batch, config.agents.samples) == (8, 4)


def test_nothing_is_said_of_a_default_that_stands_in() -> None:
    _, problems = read(settings(engine__max_length=0, agents__max_tokens=4000))
    assert problems == ["engine.max_length=0: at least 1"]


@pytest.mark.parametrize("gone", [*REMOVED, *RENAMED])
def test_settings_of_earlier_versions_are_named_with_what_replaces_them(gone: str) -> None:
    section, _, name = gone.partition(".")
    _, problems = read({section: {name: 1}})
    assert len(problems) == 1
    assert problems[0].startswith((f"{gone}: is now ", f"{gone}: is gone; "))


def test_what_replaces_a_renamed_setting_exists() -> None:
    known = flattened(asdict(RunConfig()))
    assert set(RENAMED.values()) <= known.keys()
    assert not (REMOVED.keys() | RENAMED.keys()) & known.keys()


def test_values_keep_their_types_and_examples_become_dataclasses() -> None:
    config = build(
        settings(
            tuning__beta=1,
            name=2024,
            task__train=64,
            task__validation=0.5,
            task__examples=[{"question": "1+1", "response": "#### 2"}],
            task__choices=(),
            agents__personas=[{"name": "brief", "temperature": 1}],
        )
    )
    assert isinstance(config.tuning.beta, float)
    assert config.name == "2024"
    assert isinstance(config.task.train, int) and config.task.validation == 0.5
    assert config.task.examples == [Example("1+1", "#### 2")]
    assert config.task.choices == []
    assert config.agents.personas == [Persona("brief", temperature=1.0)]


@pytest.mark.parametrize("make", [lambda config: setattr(config, "rounds", 3)])
def test_a_built_config_is_frozen(make: Callable[[RunConfig], None]) -> None:
    with pytest.raises(AttributeError):
        make(build(settings()))


def test_what_is_built_is_no_part_of_what_it_was_built_from() -> None:
    source = settings(agents__temperatures=[1.0], task__dataset_args={"a": [1]})
    before = copy.deepcopy(source)
    config = build(source)
    config.agents.temperatures.append(2.0)
    config.task.dataset_args["a"].append(2)
    assert source == before


def test_a_config_is_pickled_compared_and_replaced_unchecked() -> None:
    config = build(settings(agents__personas=[{"name": "a"}]))
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301
    # The package's own code may set what a user may not: a warm-up holds out no questions.
    within = replace(config.task, train=1 - 1e-12, validation=0, test=0, limit=1)
    assert replace(config, task=within).task.limit == 1


def test_flattened_settings_have_dotted_keys() -> None:
    nested = {"a": 1, "b": {"c": [1], "d": {"e": None}}, "f": {}}
    assert flattened(nested) == {"a": 1, "b.c": [1], "b.d.e": None}

"""Settings become a checked RunConfig, or one message that names every problem."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from collate.config.build import build
from collate.config.schema import RunConfig
from collate.errors import InputError


def settings(**changes: Any) -> dict[str, Any]:
    """The defaults with some dotted keys changed (dots written as double underscores)."""
    made = asdict(RunConfig())
    for key, value in changes.items():
        *parents, last = key.split("__")
        target = made
        for parent in parents:
            target = target[parent]
        target[last] = value
    return made


def test_the_defaults_are_valid() -> None:
    assert build(settings()) == RunConfig()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rounds": -1}, "rounds=-1: 0 (only measure) or more"),
        ({"agents__count": 0}, "agents.count=0: at least 1; collaboration begins with 2"),
        ({"agents__temperature": -0.1}, "agents.temperature=-0.1: 0 (greedy) or more"),
        ({"agents__top_p": 0.0}, "agents.top_p=0.0: above 0 and at most 1"),
        ({"agents__temperature_step": -0.9}, "the last agent's temperature would be -0.1"),
        ({"agents__rank": 128},
         "agents.rank=128: larger than the engine allows (engine.max_rank=64)"),
        ({"tuning__beta": 0.0}, "tuning.beta=0.0: above 0"),
        ({"tuning__beta": -1}, "tuning.beta=-1.0: above 0"),
        ({"tuning__batch": 10}, "tuning.batch=10: a multiple of tuning.micro_batch=8"),
        ({"tuning__loss": "dpo"}, "tuning.loss: expected one of sigmoid, ipo, hinge, robust"),
        ({"tuning__label_smoothing": 0.5, "tuning__loss": "robust"},
         "tuning.label_smoothing=0.5: a share from 0 up to below 0.5"),
        ({"tuning__label_smoothing": 0.1},
         "tuning.label_smoothing=0.1: tuning.loss=sigmoid has none; use tuning.loss=robust or 0"),
        ({"tuning__loss": "sft", "tuning__reference": "base"},
         "tuning.reference=base: tuning.loss=sft has no reference"),
        ({"tuning__loss": "sft", "tuning__nll_weight": 1.0},
         "tuning.nll_weight=1: tuning.loss=sft is the negative log-likelihood itself"),
        ({"tuning__tokens": 0}, "tuning.tokens=0: at least 1, or null"),
        ({"tuning__start": "scratch"}, "tuning.start: expected one of previous, base"),
        ({"tuning__learning_rate": "fast"},
         "tuning.learning_rate: expected a number, found 'fast'"),
        ({"rounds": 1.5}, "rounds: expected a whole number, found 1.5"),
        ({"rounds": True}, "rounds: expected a whole number, found True"),
        ({"seed": None}, "seed: expected a whole number, found null"),
        ({"engine__kind": "vlm"}, "engine.kind: expected one of vllm, transformers; found 'vlm'"),
        ({"engine__max_length": 100}, "leaves no room for a prompt beside agents.max_tokens=256"),
        ({"task__prompt": "Solve."}, "must contain {question}"),
        ({"task__test": 0}, "task.test=0: every split needs questions"),
        ({"task__train": 0.9}, "the shares add up to 1.2"),
        ({"name": "../elsewhere"}, "a run's name is letters, digits"),
        ({"scoring__likelihood": False, "pairs__rule": "likelihood"}, "needs the likelihood"),
        ({"tuning__start": "base"}, "tuning.reference=previous: tuning.start=base begins each"),
        ({"agents__count": 1, "pairs__across": True}, "agents.count=1 leaves no pair across"),
        ({"agents__samples": 0, "agents__peers": 1}, "agents.peers=1: needs rationales to"),
        ({"agents__samples": 0, "evaluation__reader": "trained"}, "learns from what agents write"),
        ({"scoring__unknown_limit": 1.5}, "scoring.unknown_limit=1.5: a share from 0 to 1"),
        ({"agents__weights": "full", "engine__host": "adapter"},
         "agents.weights=full has no adapters"),
        ({"tunning": {}}, "tunning: no such setting"),
        ({"tuning__betta": 1.0}, "tuning.betta: no such setting; did you mean tuning.beta?"),
        ({"model": "gpt2"}, "model: expected a group of settings, found 'gpt2'"),
        ({"ray__tune_deadline": 0}, "ray.tune_deadline=0.0: above 0 seconds"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_in_plain_words(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        build(settings(**changes))
    assert message in str(raised.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InputError) as raised:
        build(settings(rounds=-1, agents__count=0, tuning__beta=-1))
    lines = str(raised.value).splitlines()
    assert lines[0] == "3 problems:" and len(lines) == 4


def test_whole_numbers_pass_as_reals_and_examples_become_dataclasses() -> None:
    made = build(
        settings(tuning__beta=1, task__examples=[{"question": "1+1", "response": "#### 2"}])
    )
    assert isinstance(made.tuning.beta, float)
    assert made.task.examples[0].response == "#### 2"


@pytest.mark.parametrize("make", [lambda c: setattr(c, "rounds", 3)])
def test_a_built_config_is_frozen(make: Callable[[RunConfig], None]) -> None:
    with pytest.raises(AttributeError):
        make(build(settings()))

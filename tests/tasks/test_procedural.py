"""Questions from reasoning-gym: one pool, no question twice, and clear refusals."""

import itertools
from typing import Any

import pytest

from collate.config.schema import Example, TaskConfig
from collate.errors import InputError
from collate.tasks import TaskData, load_task, procedural

pytest.importorskip("reasoning_gym")

SHORT = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}  # 200 distinct questions


def config(**settings: Any) -> TaskConfig:
    defaults = {
        "dataset": "chain_sum",
        "dataset_args": SHORT,
        "train": 20,
        "validation": 10,
        "test": 20,
    }
    return TaskConfig(**(defaults | settings))


def ids(data: TaskData, *splits: str) -> set[str]:
    return {question.id for question in data.questions if question.split in splits}


def test_counts_are_met_with_distinct_questions() -> None:
    data = load_task(config(train=100, validation=20, test=60))
    assert [len(ids(data, split)) for split in ("train", "validation", "test")] == [100, 20, 60]
    assert len({question.text for question in data.questions}) == 180
    assert data.duplicates > 0
    for question in data.questions:
        left, sign, right = question.text.split(":")[1].strip(" =").split()
        result = int(left) + int(right) if sign == "+" else int(left) - int(right)
        assert question.gold == str(result)


def test_held_out_questions_stay_when_more_training_questions_are_asked_for() -> None:
    few, many = load_task(config()), load_task(config(train=150))
    assert ids(few, "test", "validation") == ids(many, "test", "validation")
    assert len(ids(many, "train")) == 150


def test_a_pool_is_one_stream_without_seams_between_its_blocks() -> None:
    from reasoning_gym.factory import create_dataset

    stream = procedural.stream(config(dataset_seed=0))
    ours = [next(stream).text for _ in range(1100)]
    whole = create_dataset("chain_sum", seed=0, size=1100, **SHORT)
    assert ours == [whole[index]["question"] for index in range(1100)]


def test_a_pool_that_runs_dry_says_how_much_there_is() -> None:
    with pytest.raises(InputError, match=r"gives (19\d|200) distinct questions .* ask for 230"):
        load_task(config(train=200))


def test_shares_need_an_end() -> None:
    shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
    with pytest.raises(InputError, match=r"or set task\.limit"):
        load_task(config(**shares))
    data = load_task(config(**shares, limit=120))
    assert len(data.questions) == 120
    with pytest.raises(InputError, match=r"gives 40 distinct questions \(task\.limit=40\)"):
        load_task(config(limit=40))


def test_a_worked_example_stands_in_no_split() -> None:
    shown = "State the final answer to the following arithmetic problem: 4 - 1 ="
    with_it = load_task(config(train=150))
    without = load_task(config(train=150, examples=[Example(shown, "4 - 1 = 3.\n#### 3")]))
    assert shown in {question.text for question in with_it.questions}
    assert shown not in {question.text for question in without.questions}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dataset": "chain_sums"}, "did you mean chain_sum?"),
        ({"dataset": "zzz"}, "its data sets are ab, "),
        ({"dataset": None}, "needs task.dataset"),
        ({"dataset_args": {"min_term": 2}}, "has no such setting; it has min_terms"),
        ({"dataset_args": {"seed": 2}}, "is set by task.dataset_seed"),
        ({"dataset_args": {"min_terms": 5, "max_terms": 2}}, "max_terms must be >= min_terms"),
        ({"dataset_args": {"min_terms": "two"}}, "cannot generate questions with"),
        ({"dataset": "spell_backward", "dataset_args": {}}, "cannot be read as number"),
        ({"dataset": "propositional_logic", "dataset_args": {}}, "no single right answer"),
        ({"path": "a.jsonl"}, "generates its questions"),
    ],
)
def test_settings_that_cannot_serve(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_task(config(**settings))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("dataset", "kind"),
    [("leg_counting", "number"), ("spell_backward", "text"), ("syllogism", "boolean")],
)
def test_data_sets_of_other_kinds(dataset: str, kind: str) -> None:
    data = load_task(config(dataset=dataset, dataset_args={}, answer_kind=kind))
    assert len(data.questions) == 50
    assert kind != "boolean" or {question.gold for question in data.questions} == {"yes", "no"}


def test_pools_of_neighbouring_seeds_share_no_more_than_chance() -> None:
    """The library makes item i from seed + i: seeds 0 and 1 as they are would share all but one."""
    long = {"min_terms": 3, "max_terms": 3, "min_digits": 3, "max_digits": 3}
    streams = [procedural.stream(config(dataset_seed=s, dataset_args=long)) for s in (0, 1)]
    first, second = ({item.text for item in itertools.islice(s, 200)} for s in streams)
    assert not first & second

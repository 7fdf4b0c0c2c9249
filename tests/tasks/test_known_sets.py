"""Presets read the columns that the data sets really have; splits without labels are refused."""

from pathlib import Path
from typing import Any

import pytest

from collate.config.build import build
from collate.config.compose import jobs
from collate.config.schema import TaskConfig
from collate.errors import InputError
from collate.tasks import load_task, render_messages
from tests.tasks.files import write_jsonl

# A record of each set, in its own columns and with the values of its own types, and what becomes of
# it: text, options and gold answer. {n} tells one record from the next.
RECORDS: list[tuple[str, dict[str, Any], tuple[str, tuple[str, ...], str]]] = [
    (
        "svamp",
        {"ID": "chal-{n}", "Body": "A box has {n} pens", "Question": "How many pens?",
         "Equation": "( 1.0 + 1.0 )", "Answer": 2.0, "Type": "Addition"},
        ("A box has {n} pens How many pens?", (), "2"),
    ),
    (
        "winogrande",
        {"sentence": "Ann thanked Bo, for _ had helped {n} times.", "option1": "Ann",
         "option2": "Bo", "answer": "2"},
        ("Ann thanked Bo, for _ had helped {n} times.", ("Ann", "Bo"), "B"),
    ),
    (
        "piqa",
        {"goal": "Open {n} jars.", "sol1": "Turn the lids.", "sol2": "Sing.", "label": 0},
        ("Open {n} jars.", ("Turn the lids.", "Sing."), "A"),
    ),
    (
        "hellaswag",
        {"ind": 4, "activity_label": "Rowing", "ctx_a": "Boat {n} is in the water.",
         "ctx_b": "they", "ctx": "Boat {n} is in the water. they",
         "endings": ["row.", "bake.", "iron.", "sew."], "source_id": "x", "split": "train",
         "split_type": "indomain", "label": "0"},
        ("Rowing: Boat {n} is in the water. they", ("row.", "bake.", "iron.", "sew."), "A"),
    ),
    (
        "boolq",
        {"question": "does lake {n} freeze", "answer": True, "passage": "Lake {n} freezes."},
        ("Lake {n} freezes.\n\nQuestion: does lake {n} freeze?", (), "yes"),
    ),
    (
        "entailment",
        {"premise": "{n} men sleep.", "hypothesis": "Nobody sleeps.", "label": 2},
        ("Premise: {n} men sleep.\nHypothesis: Nobody sleeps.",
         ("entailment", "neutral", "contradiction"), "C"),
    ),
    (
        "rte",
        {"premise": "{n} men sleep.", "hypothesis": "Men sleep.", "idx": 1, "label": 0},
        ("Premise: {n} men sleep.\nHypothesis: Men sleep.", ("entailment", "not_entailment"), "A"),
    ),
    (
        "copa",
        {"premise": "{n} lamps went out.", "choice1": "It was noon.", "choice2": "The fuse blew.",
         "question": "cause", "label": 1, "idx": 3, "changed": False},
        ("{n} lamps went out.\nWhich is the more likely cause of this?",
         ("It was noon.", "The fuse blew."), "B"),
    ),
]  # fmt: skip
OTHER_KEY: dict[str, Any] = {
    "winogrande": "1", "piqa": 1, "hellaswag": "3", "boolq": False, "entailment": 0, "rte": 1,
    "copa": 0, "svamp": 3.5,
}  # fmt: skip
KEY = {"svamp": "Answer", "winogrande": "answer", "boolq": "answer"}


def task(*overrides: str) -> TaskConfig:
    [job], problems = jobs(overrides, [])
    assert not problems
    return build(job.settings).task


def records_of(name: str, count: int = 40) -> list[dict[str, Any]]:
    """Records in the set's own columns; every second one has another key."""
    (record,) = (record for known, record, _ in RECORDS if known == name)
    records = []
    for n in range(count):
        each = {k: v.replace("{n}", str(n)) if isinstance(v, str) else v for k, v in record.items()}
        records.append(each | ({KEY.get(name, "label"): OTHER_KEY[name]} if n % 2 else {}))
    return records


@pytest.mark.parametrize(("name", "record", "expected"), RECORDS, ids=[r[0] for r in RECORDS])
def test_a_preset_reads_the_columns_of_its_set(
    tmp_path: Path, name: str, record: dict[str, Any], expected: tuple[str, tuple[str, ...], str]
) -> None:
    path = write_jsonl(tmp_path / "train.jsonl", records_of(name))
    config = task(
        f"task={name}", f"task.path={path}", "task.train=20", "task.validation=10", "task.test=10"
    )
    data = load_task(config)
    assert len(data.questions) == 40
    wording, options, gold = expected
    text = wording.replace("{n}", "6")
    (question,) = (question for question in data.questions if question.text == text)
    assert (question.options, question.gold) == (options, gold)
    messages = render_messages(config, question, examples=config.examples)
    assert len(messages) == 2 * len(config.examples) + 1 >= 9
    assert text in messages[-1]["content"]
    assert all(option in messages[-1]["content"] for option in options)


@pytest.mark.parametrize("name", [name for name, _, _ in RECORDS])
def test_a_test_split_without_labels_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    key = KEY.get(name, "label")
    bare = "" if name in ("svamp", "winogrande", "hellaswag") else -1
    train = write_jsonl(tmp_path / "train.jsonl", records_of(name))
    test = [record | {key: bare} for record in records_of(name, 9)]
    path = write_jsonl(tmp_path / "test.jsonl", test)
    config = task(f"task={name}", f"task.path={train}", f"task.test_path={path}")
    with pytest.raises(InputError) as caught:
        load_task(config)
    message = str(caught.value)
    assert f"{path}: no label in any of its 9 lines (column {key!r} holds" in message
    assert "published without their labels" in message
    assert "set task.test_path to a file that has labels, such as that of the validation" in message
    for record in test:
        del record[key]
    write_jsonl(tmp_path / "test.jsonl", test)
    with pytest.raises(InputError, match=f"no label in any of its 9 lines .has no column '{key}'"):
        load_task(config)


def test_a_hub_split_without_labels_names_the_validation_split(tmp_path: Path) -> None:
    import datasets

    folder = tmp_path / "hub"
    folder.mkdir()
    write_jsonl(folder / "train.jsonl", records_of("piqa"))
    write_jsonl(folder / "test.jsonl", [r | {"label": -1} for r in records_of("piqa", 5)])
    cache, datasets.config.HF_DATASETS_CACHE = datasets.config.HF_DATASETS_CACHE, tmp_path / "cache"
    try:
        with pytest.raises(InputError, match=r"holds -1.*task\.test_source_split=validation"):
            load_task(task("task=piqa", f"task.dataset={folder}", "task.test_source_split=test"))
        with pytest.raises(InputError, match=r"task\.source_split=train"):
            load_task(
                task(
                    "task=piqa", f"task.dataset={folder}", "task.source_split=test",
                    "task.test_source_split=null",
                )
            )  # fmt: skip
    finally:
        datasets.config.HF_DATASETS_CACHE = cache


def test_rows_without_a_label_are_refused_or_left_out_and_counted(tmp_path: Path) -> None:
    records = records_of("entailment")
    for n in (3, 8):
        records[n]["label"] = -1
    path = write_jsonl(tmp_path / "a.jsonl", records)
    data = load_task(task("task=entailment", f"task.path={path}"))
    assert (len(data.questions), data.unlabelled) == (38, 2)
    with pytest.raises(InputError, match=r"lines 4 and 9: .*holds -1\) in 2 of 40 lines; .*=drop"):
        load_task(task("task=entailment", f"task.path={path}", "task.unlabelled=refuse"))


def test_minus_one_is_an_answer_where_answers_are_numbers(tmp_path: Path) -> None:
    records = [{"question": f"What is {n} - {n + 1}?", "answer": -1} for n in range(30)]
    path = write_jsonl(tmp_path / "a.jsonl", records)
    assert {q.gold for q in load_task(task("task=table", f"task.path={path}")).questions} == {"-1"}


def test_names_that_a_data_set_gives_its_numbers_count_before_their_order(tmp_path: Path) -> None:
    """CommitmentBank counts entailment, contradiction, neutral."""
    import datasets

    folder = tmp_path / "cb"
    folder.mkdir()
    names = ["entailment", "contradiction", "neutral"]
    columns = {
        "premise": [f"{n} men sleep." for n in range(30)],
        "hypothesis": ["Nobody sleeps."] * 30,
        "label": [n % 3 for n in range(30)],
    }
    features = datasets.Features(
        premise=datasets.Value("string"), hypothesis=datasets.Value("string"),
        label=datasets.ClassLabel(names=names),
    )  # fmt: skip
    datasets.Dataset.from_dict(columns, features).to_parquet(folder / "train.parquet")
    cache, datasets.config.HF_DATASETS_CACHE = datasets.config.HF_DATASETS_CACHE, tmp_path / "cache"
    try:
        data = load_task(
            task("task=entailment", f"task.dataset={folder}", "task.test_source_split=null")
        )
    finally:
        datasets.config.HF_DATASETS_CACHE = cache
    for question in data.questions:
        number = int(question.text.split()[1])
        assert question.options["ABC".index(question.gold)] == names[number % 3]


def test_a_wording_may_name_columns_and_a_missing_one_is_told(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", records_of("boolq"))
    with pytest.raises(InputError, match=r"no column 'pasage'; .* did you mean passage\?"):
        load_task(task("task=boolq", f"task.path={path}", 'task.question="{pasage} {question}"'))


def test_a_users_own_task_is_a_yaml_file_in_a_folder(tmp_path: Path) -> None:
    """Prompts are files: a preset that begins with a shipped one and words it anew."""
    (tmp_path / "mine" / "task").mkdir(parents=True)
    (tmp_path / "mine" / "task" / "riddles.yaml").write_text(
        "defaults: [boolq, _self_]\n"
        "name: riddles\n"
        "question: '{riddle}'\n"
        "prompt: 'Riddle: {question} Say it behind \"Answer:\".'\n"
        "marker: 'Answer:'\n"
        "examples:\n"
        "  - question: 'Is a hole empty?'\n"
        "    response: 'Nothing is in a hole. Answer: yes'\n",
        encoding="utf-8",
    )
    records = [{"riddle": f"Is {n} odd?", "answer": bool(n % 2)} for n in range(40)]
    path = write_jsonl(tmp_path / "a.jsonl", records)
    [job], problems = jobs(["task=riddles", f"task.path={path}"], [tmp_path / "mine"])
    assert not problems
    config = build(job.settings).task
    data = load_task(config)
    messages = render_messages(config, data.questions[0], examples=config.examples)
    assert messages[0]["content"] == 'Riddle: Is a hole empty? Say it behind "Answer:".'
    assert messages[1]["content"].endswith("Answer: yes")
    assert messages[2]["content"].startswith(f"Riddle: {data.questions[0].text}")

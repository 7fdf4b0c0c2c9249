"""Questions and answers that are turns of a conversation, in the forms that trainers have."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from collate.errors import InputError
from collate.tables import Question
from collate.tasks import TaskData, load_task
from tests.tasks.files import table, write_jsonl

ROWS = 16


def user(n: int) -> dict[str, Any]:
    return {"role": "user", "content": f"What is {n} + 1?"}


def assistant(n: int) -> dict[str, Any]:
    return {"role": "assistant", "content": f"{n} + 1 = {n + 1}\n#### {n + 1}"}


def load(path: str, **settings: Any) -> TaskData:
    return load_task(table(path, **settings))


def question(data: TaskData, text: str) -> Question:
    return next(each for each in data.questions if each.text == text)


def test_a_prompt_and_a_ground_truth(tmp_path: Path) -> None:
    records = [
        {"prompt": [user(n)], "reward_model": {"ground_truth": str(n + 1), "style": "rule"}}
        for n in range(ROWS)
    ]
    path = write_jsonl(tmp_path / "a.jsonl", records)
    for column in ("prompt", "prompt.0.content", "prompt.-1.content"):
        data = load(path, question=column, answer="reward_model.ground_truth")
        assert question(data, "What is 3 + 1?").gold == "4"
    with pytest.raises(InputError) as caught:
        load(path)
    assert "its columns are prompt (a conversation: as task.question its user's turn" in str(
        caught.value
    )
    assert "reward_model.ground_truth, reward_model.style" in str(caught.value)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_column_of_messages_holds_question_and_answer(tmp_path: Path, suffix: str) -> None:
    conversations = [[user(n), assistant(n)] for n in range(ROWS)]
    path = tmp_path / f"a{suffix}"
    if suffix == ".csv":  # as pandas writes it
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([["messages"], *([str(each)] for each in conversations)])
    else:
        path.write_text("\n".join(json.dumps({"messages": each}) for each in conversations))
    data = load(str(path), question="messages", answer="messages", kind="word_problems")
    found = question(data, "What is 3 + 1?")
    assert (found.gold, found.solution) == ("4", "3 + 1 = 4")
    with pytest.raises(InputError, match=r"holds #### .* use task\.kind=word_problems"):
        load(str(path), question="messages", answer="messages")


def test_other_names_of_the_sides_and_parts_of_a_content(tmp_path: Path) -> None:
    records = [
        {"chat": [{"from": "human", "value": f"What is {n} + 1?"},
                  {"from": "gpt", "value": f"#### {n + 1}"}]}
        for n in range(ROWS)
    ]  # fmt: skip
    path = write_jsonl(tmp_path / "a.jsonl", records)
    assert question(load(path, question="chat", answer="chat"), "What is 3 + 1?").gold == "4"
    records = [
        {"chat": [{"role": "user", "content": [{"type": "text", "text": f"What is {n}?"}]}],
         "answer": n}
        for n in range(ROWS)
    ]  # fmt: skip
    path = write_jsonl(tmp_path / "b.jsonl", records)
    assert question(load(path, question="chat"), "What is 3?").gold == "3"
    records[2]["chat"][0]["content"].append({"type": "image", "image": "x.png"})
    path = write_jsonl(tmp_path / "c.jsonl", records)
    with pytest.raises(InputError, match=r"line 3: .* parts that are no text, such as images"):
        load(path, question="chat")


def test_a_system_message_is_left_out_and_told(tmp_path: Path) -> None:
    system = {"role": "system", "content": "Be brief."}
    records = [{"prompt": [system, user(n)], "answer": n + 1} for n in range(ROWS)]
    data = load(write_jsonl(tmp_path / "a.jsonl", records), question="prompt")
    assert question(data, "What is 3 + 1?").gold == "4"
    [note] = data.notes
    assert "a system message in the conversation is left out" in note and "task.system" in note


def test_several_turns_are_refused_with_the_way_to_name_one(tmp_path: Path) -> None:
    records = [{"chat": [user(n), assistant(n), user(n + 50)], "answer": n} for n in range(ROWS)]
    path = write_jsonl(tmp_path / "a.jsonl", records)
    message = r"a conversation with 2 turns of the user .*example task\.question=chat\.2\.content"
    with pytest.raises(InputError, match=message):
        load(path, question="chat")
    assert question(load(path, question="chat.2.content"), "What is 53 + 1?").gold == "3"
    with pytest.raises(InputError, match=r"without a turn of the user \(its roles: assistant\)"):
        load(write_jsonl(tmp_path / "b.jsonl", [{"chat": [assistant(1)], "answer": 1}] * 3),
             question="chat")  # fmt: skip


def test_a_list_of_texts_with_one_text_is_that_text(tmp_path: Path) -> None:
    records = [{"question": [f"What is {n}?"], "answer": [n]} for n in range(ROWS)]
    data = load(write_jsonl(tmp_path / "a.jsonl", records))
    assert question(data, "What is 3?").gold == "3"

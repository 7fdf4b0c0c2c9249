"""How a question becomes chat messages."""

import pytest

from collate.config.schema import Example, Persona, TaskConfig
from collate.tables import Question
from collate.tasks import prompt_problems, render_messages

QUESTION = Question("id", "t", "train", "What is {x} in \\boxed{question}? {options} {0}", "1")
CHOICE = Question("id", "t", "train", "Which?", "A", ("red", "{question}"))
EXAMPLES = [Example("What is 1 + 1?", "1 + 1 = 2.\n#### 2")]


def test_system_examples_and_question_in_their_order() -> None:
    config = TaskConfig(system="Be brief.", prompt="Q: {question}\nA:")
    assert render_messages(config, QUESTION, examples=EXAMPLES) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Q: What is 1 + 1?\nA:"},
        {"role": "assistant", "content": "1 + 1 = 2.\n#### 2"},
        {"role": "user", "content": f"Q: {QUESTION.text}\nA:"},
    ]


def test_only_the_shown_examples_and_no_system_message_by_default() -> None:
    config = TaskConfig(examples=EXAMPLES)
    assert render_messages(config, QUESTION, examples=()) == [
        {"role": "user", "content": QUESTION.text}
    ]


def test_an_empty_system_message_is_one() -> None:
    messages = render_messages(TaskConfig(system=""), QUESTION, examples=())
    assert messages[0] == {"role": "system", "content": ""}


def test_a_persona_replaces_what_it_names() -> None:
    config = TaskConfig(system="Be brief.", prompt="Q: {question}")
    persona = Persona(name="p", prompt="{question} Think!")
    messages = render_messages(config, CHOICE, examples=(), persona=persona)
    assert messages[0]["content"] == "Be brief."
    assert messages[1]["content"].endswith(" Think!")
    persona = Persona(name="p", system="Doubt everything.")
    assert render_messages(config, QUESTION, examples=(), persona=persona) == [
        {"role": "system", "content": "Doubt everything."},
        {"role": "user", "content": f"Q: {QUESTION.text}"},
    ]


def test_options_stand_where_the_wording_names_them_else_behind_the_question() -> None:
    listed = "A) red\nB) {question}"
    config = TaskConfig(prompt="{options}\n{question}")
    assert render_messages(config, CHOICE, examples=())[0]["content"] == f"{listed}\nWhich?"
    config = TaskConfig(prompt="{question}\nGo.")
    assert render_messages(config, CHOICE, examples=())[0]["content"] == f"Which?\n{listed}\nGo."


def test_an_examples_options_go_through_the_same_wording() -> None:
    config = TaskConfig(prompt="Q: {question}\nOptions:\n{options}\nA:")
    example = Example("Which one?\nA) this\nB) that", "This one.\n#### A")
    [example_turn, _, _] = render_messages(config, CHOICE, examples=[example])
    assert example_turn["content"] == "Q: Which one?\nOptions:\nA) this\nB) that\nA:"


@pytest.mark.parametrize(
    ("prompt", "problem"),
    [
        ("Solve it.", "must contain {question}"),
        ("{question} {choices}", "no field {choices}"),
        ("{qestion}", "did you mean question?"),
    ],
)
def test_wordings_that_lose_something(prompt: str, problem: str) -> None:
    assert problem in "\n".join(prompt_problems("task.prompt", prompt))


@pytest.mark.parametrize(
    "prompt",
    ["{question}", "{question}\n{options}", "{question} Write \\boxed{answer}. {1} {} {{x}}"],
)
def test_wordings_that_are_fine(prompt: str) -> None:
    assert prompt_problems("task.prompt", prompt) == []

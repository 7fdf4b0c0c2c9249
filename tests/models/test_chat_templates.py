"""Chat templates that fail, or do not show what they are given: said before any work starts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collate.errors import InputError
from collate.models import load_tokenizer, render
from tests.command_line import TINY_RUN, here
from tests.hostile import tokenizer_families
from tests.tiny_model import CHAT_TEMPLATE, build_tiny_model

LIST_OF_PARTS = (
    "{% for message in messages %}<|im_start|>{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>{% endfor %}"
)
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}"
) + CHAT_TEMPLATE
SILENT_SYSTEM = CHAT_TEMPLATE.replace(
    "for message in messages", "for message in messages if message['role'] != 'system'"
)
ONE_TURN = CHAT_TEMPLATE.replace("for message in messages", "for message in messages[-1:]")
CUT_SHORT = CHAT_TEMPLATE.replace("message['content']", "message['content'].split('###')[-1]")
BROKEN = CHAT_TEMPLATE.replace("endfor", "endfour")
SETTINGS_OF_SYSTEM = "set task.system=null, and give no persona a system message"
SETTINGS_OF_EXAMPLES = "set agents.examples=0"
MEND = "chat_template.jinja"
SYSTEM = [{"role": "system", "content": "Be brief."}]
EXAMPLE = [{"role": "user", "content": "0 + 1"}, {"role": "assistant", "content": "#### 1"}]
QUESTION = [{"role": "user", "content": "What is ### 1 + 1?"}]


@pytest.mark.parametrize(
    ("template", "messages", "parts"),
    [
        (LIST_OF_PARTS, QUESTION, ("shows nothing of the text of a user turn", MEND)),
        ("", QUESTION, ("shows nothing of the text of a user turn", MEND)),
        (NO_SYSTEM, SYSTEM + QUESTION, ("System role not supported", SETTINGS_OF_SYSTEM)),
        (
            NO_SYSTEM,
            [{"role": "system", "content": ""}, *EXAMPLE, *QUESTION],
            ("System role not supported", SETTINGS_OF_SYSTEM),
        ),
        (
            SILENT_SYSTEM,
            SYSTEM + EXAMPLE + QUESTION,
            ("shows nothing of the text of a system turn", SETTINGS_OF_SYSTEM),
        ),
        (
            ONE_TURN,
            EXAMPLE + QUESTION,
            ("shows nothing of the text of a user turn", SETTINGS_OF_EXAMPLES),
        ),
        (
            ONE_TURN,
            SYSTEM + EXAMPLE + QUESTION,
            (SETTINGS_OF_SYSTEM, SETTINGS_OF_EXAMPLES),
        ),
        (CUT_SHORT, QUESTION, ("leaves out a part of 'What is ### 1 + 1?'",)),
        (BROKEN, QUESTION, ("fails in line 3", "endfour", MEND)),
        ("{{ messages[0]['content'] + none }}", QUESTION, ("fails: ", MEND)),
        (
            {"talk": CHAT_TEMPLATE, "tools": CHAT_TEMPLATE},
            QUESTION,
            ("one of several (talk, tools); name the one for prompts `default`",),
        ),
    ],
)
def test_a_template_that_cannot_be_used_is_told_with_what_to_do(
    template: Any, messages: list[dict[str, str]], parts: tuple[str, ...]
) -> None:
    tokenizer = tokenizer_families.chatml()
    tokenizer.chat_template, tokenizer.name_or_path = template, "some/model"
    with pytest.raises(InputError) as caught:
        render(tokenizer, messages)
    assert str(caught.value).startswith("the chat template of some/model ")
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("template", "messages"),
    [
        (NO_SYSTEM, EXAMPLE + QUESTION),
        (SILENT_SYSTEM, [{"role": "system", "content": ""}, *QUESTION]),
        (ONE_TURN, QUESTION),
        ({"default": CHAT_TEMPLATE, "tools": BROKEN}, SYSTEM + EXAMPLE + QUESTION),
        (CHAT_TEMPLATE.replace("message['content']", "message['content'] | upper"), QUESTION),
        (CHAT_TEMPLATE.replace("message['content']", "message['content'].split() | join(' ')"),
         [{"role": "user", "content": " What\n\nis  it?"}]),
    ],
)  # fmt: skip
def test_a_template_that_shows_these_turns_is_used(
    template: Any, messages: list[dict[str, str]]
) -> None:
    tokenizer = tokenizer_families.chatml()
    tokenizer.chat_template = template
    whole = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    assert list(render(tokenizer, messages)) == whole


@pytest.mark.parametrize("family", [tokenizer_families.unigrams, tokenizer_families.bytes_alone])
def test_a_prompt_without_template_does_not_end_with_the_tokenizers_end(
    family: Callable[[], Any],
) -> None:
    tokenizer = family()
    assert tokenizer("1 + 1")["input_ids"][-1] == tokenizer.eos_token_id
    assert tokenizer.eos_token_id not in render(tokenizer, EXAMPLE + QUESTION)


def test_a_prompt_without_template_begins_with_the_tokenizers_beginning() -> None:
    tokenizer = tokenizer_families.headers()
    tokenizer.chat_template = None
    token_ids = list(render(tokenizer, QUESTION))
    text = "Question: What is ### 1 + 1?\nAnswer:"
    assert token_ids == tokenizer(text)["input_ids"] and token_ids[0] == tokenizer.bos_token_id


@pytest.mark.parametrize(
    ("template", "part"),
    [
        (LIST_OF_PARTS, "shows nothing of the text"),
        (NO_SYSTEM, "task.system=null"),
        (BROKEN, "fails in line 3"),
    ],
)
def test_the_command_says_so_and_starts_nothing(tmp_path: Path, template: str, part: str) -> None:
    folder = build_tiny_model(tmp_path / "model")
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    done = here("run", f"model={folder}", *TINY_RUN, "engine=transformers", cwd=tmp_path)
    assert done.returncode == 2 and part in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr and not (tmp_path / "runs").exists()

"""Prompts: chat messages to token ids, once.

Generation, scoring and tuning all use the ids that `render` gives; no prompt is tokenised twice.
A model without a chat template gets a plain frame:

    <system>

    Question: <first worked example>
    Answer: <its response>

    Question: <the question>
    Answer:

and generation for it stops at the next "Question:" (`stop_texts`).
"""

from collections.abc import Mapping, Sequence
from typing import Any


def render(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> tuple[int, ...]:
    """Token ids of the messages, ending where the model's answer begins."""
    if tokenizer.chat_template is not None:
        ids = tokenizer.apply_chat_template(
            list(messages), add_generation_prompt=True, tokenize=True, return_dict=False
        )
        return tuple(ids)
    return tuple(tokenizer(plain_frame(messages))["input_ids"])


def stop_texts(tokenizer: Any) -> tuple[str, ...]:
    """Texts that end generation beside the end-of-turn token: only the plain frame needs any."""
    return () if tokenizer.chat_template is not None else ("\nQuestion:",)


def before_stop(text: str, stops: Sequence[str]) -> str:
    """The text up to the first of the texts that end generation."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def plain_frame(messages: Sequence[Mapping[str, str]]) -> str:
    """The text of a conversation for a model without a chat template."""
    forms = {"system": "{}\n\n", "user": "Question: {}\n", "assistant": "Answer: {}\n\n"}
    turns = (forms[m["role"]].replace("{}", m["content"].strip()) for m in messages)
    return "".join(turns) + "Answer:"

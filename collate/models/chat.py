"""Prompts: chat messages to token ids, once.

Generation, scoring and tuning all use the ids that `render` gives; no prompt is tokenised twice.
A model without a chat template gets a plain frame:

    <system>

    Question: <first worked example>
    Answer: <its response>

    Question: <the question>
    Answer:

and its answer ends where it goes on to the next "Question:" (see `stopping.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

PLAIN_FRAME_STOP = "\nQuestion:"
"""What a model without a chat template writes when its answer has ended."""

PLAIN_FRAME_TURNS = {
    "system": "{}\n\n",
    "user": "Question: {}\n",
    "assistant": "Answer: {}\n\n",
}
PLAIN_FRAME_ANSWER = "Answer:"


def render(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> tuple[int, ...]:
    """Token ids of the messages, ending where the model's answer begins."""
    if tokenizer.chat_template is not None:
        token_ids = tokenizer.apply_chat_template(
            list(messages),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,  # a mapping, which transformers gives by default, has a mask too
        )
        return tuple(token_ids)
    return tuple(tokenizer(plain_frame(messages))["input_ids"])


def plain_frame(messages: Sequence[Mapping[str, str]]) -> str:
    """The text of a conversation for a model without a chat template."""
    text = ""
    for message in messages:
        # Not str.format: a message may hold braces of its own.
        text += PLAIN_FRAME_TURNS[message["role"]].replace("{}", message["content"].strip())
    return text + PLAIN_FRAME_ANSWER


def before_stop(text: str, stop_texts: Sequence[str]) -> str:
    """The text up to the first of the texts that end a turn."""
    stop_positions = [text.find(stop_text) for stop_text in stop_texts if stop_text in text]
    return text[: min(stop_positions, default=len(text))]

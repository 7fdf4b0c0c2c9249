"""Prompts: chat messages to token ids, once.

Generation, scoring and tuning all use the ids that `render` gives; no prompt is tokenised twice.
A model without a chat template gets a plain frame:

    <system>

    Question: <first worked example>
    Answer: <its response>

    Question: <the question>
    Answer:

and its answer ends where it goes on to the next "Question:" (see `stopping.py`).

Messages are text: the control tokens of a prompt are those that the template writes, whatever the
messages spell out. A message that spells one out is rendered with a mark inside of it, and the
rendered text is cut at the marks before it is tokenised. Without marks the prompt is what the
tokenizer makes of the rendered text as a whole.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from collate.errors import InputError
from collate.models.text_tokens import TextEncoder, TokenIds

PLAIN_FRAME_STOP = "\nQuestion:"
"""What a model without a chat template writes when its answer has ended."""

PLAIN_FRAME_TURNS = {
    "system": "{}\n\n",
    "user": "Question: {}\n",
    "assistant": "Answer: {}\n\n",
}
PLAIN_FRAME_ANSWER = "Answer:"

CACHED_TEXTS = 1024
"""Messages in memory that were looked through for control tokens: worked examples above all."""

Message = Mapping[str, str]
Turns = tuple[tuple[str, str | None], ...]
"""The role of each message, and its content where that is blank."""


def render(tokenizer: Any, messages: Sequence[Message]) -> TokenIds:
    """Token ids of the messages, as `Chat.render` has them."""
    return Chat(tokenizer).render(messages)


def plain_frame(messages: Sequence[Message]) -> str:
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


class Chat:
    """How a model is spoken to: by its chat template, or in the plain frame.

    Raises InputError where there are several templates and none of them is the default.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        template = tokenizer.chat_template
        if isinstance(template, dict) and "default" not in template:
            names = ", ".join(template)
            raise self._error(f"is one of several ({names}); name the one for prompts `default`")
        self._encoder = TextEncoder(tokenizer)
        self._start_ids = _start_ids(tokenizer) if template is None else ()
        # Around the bound methods: a cache on the class would keep every instance in memory.
        self._pieces = lru_cache(CACHED_TEXTS)(self._encoder.pieces)
        self._template_ids = lru_cache(CACHED_TEXTS)(self._control_ids_of_turns)

    def render(self, messages: Sequence[Message]) -> TokenIds:
        """Token ids of the messages, ending where the model's answer begins.

        Raises InputError where the chat template fails, or leaves out what a message says.
        """
        template_ids = self._template_ids(_turns(messages))
        cut = _unguessable_text()
        contents = [cut.join(self._pieces(message["content"])) for message in messages]
        rendered_text = self._rendered_text(_with_contents(messages, contents))
        for message, content in zip(messages, contents, strict=True):
            # Of an assistant's turn a template may leave out the reasoning.
            if message["role"] != "assistant" and not _shows(rendered_text, content):
                raise self._error(f"leaves out a part of {message['content'][:80]!r}")
        token_ids = self._encoder.joined_ids(rendered_text.split(cut))
        if self._encoder.control_ids(token_ids) != template_ids:
            # The template spells one together with a message, or out of a message that it changes.
            token_ids = self._ids_apart(messages, contents, cut)
        return (*self._start_ids, *token_ids)

    def _ids_apart(
        self, messages: Sequence[Message], contents: Sequence[str], cut: str
    ) -> TokenIds:
        """The tokens of the template's own text, and apart from them those of what it shows."""
        opening, closing = _unguessable_text(), _unguessable_text()
        enclosed_contents = [
            # Within the white space around a text, which a template may take off.
            content.replace(text, f"{opening}{text}{closing}", 1) if text else content
            for content, text in ((content, content.strip()) for content in contents)
        ]
        rendered_text = self._rendered_text(_with_contents(messages, enclosed_contents))
        pieces: list[str] = []
        for index, part in enumerate(
            re.split(f"{opening}(.*?){closing}", rendered_text, flags=re.DOTALL)
        ):
            if opening in part or closing in part:
                raise self._error("takes the text of turns apart, so that prompts cannot be made")
            pieces += self._pieces(part.replace(cut, "")) if index % 2 else [part]
        return self._encoder.joined_ids(pieces)

    def _control_ids_of_turns(self, turns: Turns) -> TokenIds:
        """The control tokens that the template writes around any text in these turns."""
        messages = [
            {"role": role, "content": _unguessable_text() if blank is None else blank}
            for role, blank in turns
        ]
        if fault := self._fault(messages):
            raise InputError(f"{fault}; {self._advice(messages)}")
        return self._encoder.control_ids(self._encoder.joined_ids([self._rendered_text(messages)]))

    def _rendered_text(self, messages: Sequence[Message]) -> str:
        """The text of the messages in the template, or in the plain frame."""
        if self._tokenizer.chat_template is None:
            return plain_frame(messages)
        try:
            text: str = self._tokenizer.apply_chat_template(
                list(messages), add_generation_prompt=True, tokenize=False
            )
        except Exception as error:  # a template is its author's program, and may raise anything
            line = getattr(error, "lineno", None)
            place = "" if line is None else f" in line {line}"
            raise self._error(f"fails{place}: {error}") from error
        return text

    def _fault(self, messages: Sequence[Message]) -> str | None:
        """What is wrong with the template for these messages; None where nothing is."""
        try:
            rendered_text = self._rendered_text(messages)
        except InputError as error:
            return str(error)
        for message in messages:
            if not _shows(rendered_text, message["content"]):
                return str(self._error(f"shows nothing of the text of a {message['role']} turn"))
        return None

    def _advice(self, messages: Sequence[Message]) -> str:
        """What to do about a template that is at fault for these messages."""
        system_messages = [message for message in messages if message["role"] == "system"]
        no_system = "set task.system=null, and give no persona a system message"
        no_examples = "set agents.examples=0, and give no persona examples"
        for fewer_messages, advice in (
            (messages[len(system_messages) :], no_system),
            ([*system_messages, messages[-1]], no_examples),
            (messages[-1:], f"{no_system}; {no_examples}"),
        ):
            if len(fewer_messages) < len(messages) and self._fault(fewer_messages) is None:
                return advice
        return (
            "prompts need one that shows turns of user and assistant with plain text: mend it "
            "(chat_template.jinja in the model's folder), or name another model"
        )

    def _error(self, problem: str) -> InputError:
        return InputError(f"the chat template of {self._tokenizer.name_or_path} {problem}")


def _with_contents(messages: Sequence[Message], contents: Sequence[str]) -> list[Message]:
    return [
        {**message, "content": content} for message, content in zip(messages, contents, strict=True)
    ]


def _turns(messages: Sequence[Message]) -> Turns:
    return tuple(
        (message["role"], None if message["content"].strip() else message["content"])
        for message in messages
    )


def _start_ids(tokenizer: Any) -> TokenIds:
    """What the tokenizer puts before a text; what it puts behind one would end a prompt."""
    text_ids = tokenizer("1", add_special_tokens=False)["input_ids"]
    whole_ids = tokenizer("1")["input_ids"]
    for start in range(len(whole_ids) - len(text_ids) + 1):
        if whole_ids[start : start + len(text_ids)] == text_ids:
            return tuple(whole_ids[:start])
    return ()


def _unguessable_text() -> str:
    """A text that no message holds, and that templates leave as it is."""
    return f"_{secrets.randbelow(10**30):030}_"


def _shows(rendered_text: str, content: str) -> bool:
    """Whether a rendered text holds a content, white space and case aside."""
    return content.strip() in rendered_text or _letters(content) in _letters(rendered_text)


def _letters(text: str) -> str:
    return "".join(text.split()).casefold()

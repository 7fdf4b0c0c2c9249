"""Every prompt of a run, rendered once to the token ids that all its stages use."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from collate.agents.roster import Agent, base_examples
from collate.config.schema import RunConfig
from collate.errors import InputError
from collate.models import before_stop, render, stop_texts
from collate.tables import Question
from collate.tasks import render_messages

Ids = tuple[int, ...]


KEPT = 8192
"""Prompts that stay in memory: those of the questions that are worked on."""


class Prompts:
    """Token ids of the prompt of an agent, or of the base, for a question."""

    def __init__(self, config: RunConfig, agents: Sequence[Agent], tokenizer: Any):
        self._config, self._tokenizer = config, tokenizer
        self._agents = {agent.name: agent for agent in agents}
        self._rendered = lru_cache(KEPT)(self._render)

    def of(self, agent: str, question: Question) -> Ids:
        """The agent's own prompt: its persona, its worked examples, the question."""
        return self._rendered(agent, question)

    def base(self, question: Question) -> Ids:
        """The prompt of the frozen base model when it scores: the task's wording, no persona."""
        return self._rendered(None, question)

    def hinted(self, agent: str, question: Question) -> Ids:
        """The agent's prompt with the gold answer in view (`agents.hint`)."""
        return self._render(agent, question, hint=self._config.agents.hint)

    def ids(self, text: str) -> Ids:
        """The tokens of a whole rationale, with the token that ends it; control tokens are text."""
        encoded = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        end = self._tokenizer.eos_token_id
        return (*encoded["input_ids"], *(() if end is None else (end,)))

    def text(self, token_ids: Sequence[int]) -> str:
        """The text of a rationale's tokens, up to what would have stopped it."""
        text = self._tokenizer.decode(
            list(token_ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return before_stop(text, stop_texts(self._tokenizer))

    def beginning(self, token_ids: Sequence[int], seed: int) -> Ids:
        """The first tokens of a rationale, a random number of them; none of too short a one.

        At least one token is left out besides the last, which may be the one that ends it.
        """
        if len(token_ids) < 3:
            return ()
        return tuple(token_ids[: 1 + seed % (len(token_ids) - 2)])

    def _render(self, agent: str | None, question: Question, hint: str | None = None) -> Ids:
        own = self._agents[agent] if agent is not None else None
        messages = render_messages(
            self._config.task,
            question,
            examples=own.examples if own else base_examples(self._config),
            persona=own.persona if own else None,
            hint=hint,
        )
        return render(self._tokenizer, messages)

    def check_lengths(self, questions: Sequence[Question]) -> None:
        """Refuse prompts that leave no room for a rationale in `engine.max_length`."""
        room = self._config.engine.max_length - self._config.agents.max_tokens
        lengths = (
            (len(ids), name, question)
            for question in questions
            for name, ids in (
                *((agent, self.of(agent, question)) for agent in self._agents),
                ("the base", self.base(question)),
            )
        )
        length, agent, question = max(lengths, key=lambda item: item[0])
        if length > room:
            raise InputError(
                f"the longest prompt has {length} tokens ({agent}, question {question.id}: "
                f"{question.text[:60]!r}), but engine.max_length={self._config.engine.max_length} "
                f"minus agents.max_tokens={self._config.agents.max_tokens} leaves {room}; raise "
                "engine.max_length or show fewer worked examples (agents.examples)"
            )

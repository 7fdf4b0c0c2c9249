"""Every prompt of a run, rendered once to the token ids that all its stages use."""

from collections.abc import Sequence
from typing import Any

from collate.agents.roster import Agent, base_examples
from collate.config.schema import RunConfig
from collate.errors import InputError
from collate.models import render
from collate.tables import Question
from collate.tasks import render_messages

Ids = tuple[int, ...]


class Prompts:
    """Token ids of the prompt of an agent, or of the base, for a question."""

    def __init__(self, config: RunConfig, agents: Sequence[Agent], tokenizer: Any):
        self._config, self._tokenizer = config, tokenizer
        self._agents = {agent.name: agent for agent in agents}
        self._rendered: dict[tuple[str | None, str], Ids] = {}

    def of(self, agent: str, question: Question) -> Ids:
        """The agent's own prompt: its persona, its worked examples, the question."""
        key = (agent, question.id)
        if key not in self._rendered:
            own = self._agents[agent]
            messages = render_messages(
                self._config.task, question, examples=own.examples, persona=own.persona
            )
            self._rendered[key] = render(self._tokenizer, messages)
        return self._rendered[key]

    def base(self, question: Question) -> Ids:
        """The prompt of the frozen base model when it scores: the task's wording, no persona."""
        key = (None, question.id)
        if key not in self._rendered:
            messages = render_messages(
                self._config.task, question, examples=base_examples(self._config)
            )
            self._rendered[key] = render(self._tokenizer, messages)
        return self._rendered[key]

    def check_lengths(self, questions: Sequence[Question]) -> None:
        """Refuse prompts that leave no room for a rationale in `engine.max_length`."""
        room = self._config.engine.max_length - self._config.agents.max_tokens
        prompts = [(len(self.of(a, q)), a, q) for q in questions for a in self._agents]
        prompts += [(len(self.base(q)), "the base", q) for q in questions]
        longest = max(prompts, key=lambda item: item[0])
        if longest[0] > room:
            length, agent, question = longest
            raise InputError(
                f"the longest prompt has {length} tokens ({agent}, question {question.id}: "
                f"{question.text[:60]!r}), but engine.max_length={self._config.engine.max_length} "
                f"minus agents.max_tokens={self._config.agents.max_tokens} leaves {room}; raise "
                "engine.max_length or show fewer worked examples (agents.examples)"
            )

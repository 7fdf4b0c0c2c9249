"""Every prompt of a run, rendered once to the token ids that all its stages use."""

from collections.abc import Sequence
from dataclasses import replace
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
    """Token ids of the prompt of an agent, or of the scorer, for a question.

    `scorer_tokenizer` is the tokenizer of a scorer that is not the base model.
    """

    def __init__(
        self,
        config: RunConfig,
        agents: Sequence[Agent],
        tokenizer: Any,
        scorer_tokenizer: Any = None,
    ):
        self._config, self._tokenizer = config, tokenizer
        self._scorer_tokenizer = scorer_tokenizer or tokenizer
        self._agents = {agent.name: agent for agent in agents}
        self._answer_only = replace(
            config.task,
            prompt=config.scoring.answer_prompt.replace("{marker}", config.task.marker.strip()),
        )
        self._rendered = lru_cache(KEPT)(self._render)
        self._rendered_baseline = lru_cache(KEPT)(self._render_baseline)

    def of(self, agent: str, question: Question) -> Ids:
        """The agent's own prompt: its persona, its worked examples, the question."""
        return self._rendered(agent, question)

    def base(self, question: Question) -> Ids:
        """The prompt of the frozen scorer: the task's wording, no persona."""
        return self._rendered(None, question)

    def reader(self, question: Question) -> Ids:
        """The base's prompt for a reader of steps, in the tokens of the run's own model."""
        messages = render_messages(
            self._config.task, question, examples=base_examples(self._config)
        )
        return render(self._tokenizer, messages)

    def hinted(self, agent: str, question: Question) -> Ids:
        """The agent's prompt with the gold answer in view (`agents.hint`)."""
        return self._render(agent, question, hint=self._config.agents.hint)

    def answer_only(self, question: Question) -> Ids:
        """A prompt that asks for the answer alone, for whoever is tuned on it."""
        messages = render_messages(self._answer_only, question, examples=())
        return render(self._tokenizer, messages)

    def ids(self, text: str, *, ended: bool = True) -> Ids:
        """The tokens of a text, with the token that ends it; control tokens in it are text."""
        encoded = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        end = self._tokenizer.eos_token_id
        return (*encoded["input_ids"], *((end,) if ended and end is not None else ()))

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

    def baseline(self, question: Question) -> Ids | None:
        """The scorer's prompt when it is given no rationale; None where that is `base`.

        With scoring.baseline=answer_prompt it asks for the answer alone, without worked examples:
        the I->A mode of the paper's equation 9.
        """
        if self._config.scoring.baseline == "same_prompt":
            return None
        return self._rendered_baseline(question)

    def _render(self, agent: str | None, question: Question, hint: str | None = None) -> Ids:
        own = self._agents[agent] if agent is not None else None
        messages = render_messages(
            self._config.task,
            question,
            examples=own.examples if own else base_examples(self._config),
            persona=own.persona if own else None,
            hint=hint,
        )
        return render(self._scorer_tokenizer if own is None else self._tokenizer, messages)

    def _render_baseline(self, question: Question) -> Ids:
        return render(
            self._scorer_tokenizer, render_messages(self._answer_only, question, examples=())
        )

    def check_lengths(
        self, questions: Sequence[Question], *, scorer_positions: int | None = None
    ) -> None:
        """Refuse prompts that leave no room for a rationale in `engine.max_length`.

        Those of a scorer with a tokenizer of its own must fit into its positions instead.
        """
        apart = self._scorer_tokenizer is not self._tokenizer
        if apart and scorer_positions is not None:
            self._check_scorer_lengths(questions, scorer_positions)
        room = self._config.engine.max_length - self._config.agents.max_tokens
        longest = self.hinted if self._config.agents.hints else self.of
        lengths = (
            (len(ids), name, question)
            for question in questions
            for name, ids in (
                *((agent, longest(agent, question)) for agent in self._agents),
                *(() if apart else (("the base", self.base(question)),)),
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

    def _check_scorer_lengths(self, questions: Sequence[Question], positions: int) -> None:
        """A prompt must leave the scorer room for as long a rationale as for an agent's."""
        length = max(len(ids) for q in questions for ids in (self.base(q), self.baseline(q) or ()))
        if length + self._config.agents.max_tokens > positions:
            raise InputError(
                f"the scorer's longest prompt has {length} tokens, but its {positions} positions "
                f"minus agents.max_tokens={self._config.agents.max_tokens} leave "
                f"{positions - self._config.agents.max_tokens}; name another scoring.model, or "
                "show fewer worked examples (agents.examples)"
            )

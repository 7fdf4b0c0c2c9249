"""Every prompt of a run, rendered once to the token ids that all its stages use."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from collate.agents.roster import Agent, base_examples
from collate.config.schema import RunConfig
from collate.errors import InputError
from collate.models.chat import Chat, before_stop
from collate.models.stopping import Stopping
from collate.models.text_tokens import REASONING_MARKS, TextEncoder, TokenIds
from collate.tables import Question
from collate.tasks import render_messages

CACHED_PROMPTS = 8192
"""Prompts that stay in memory: those of the questions that are worked on."""


class Prompts:
    """Token ids of the prompt of an agent, or of the scorer, for a question.

    `stopping` says how a turn of the run's model ends; `scorer_tokenizer` is the tokenizer of a
    scorer that is not the base model.
    """

    def __init__(
        self,
        config: RunConfig,
        agents: Sequence[Agent],
        tokenizer: Any,
        stopping: Stopping,
        scorer_tokenizer: Any = None,
    ):
        self._config, self._tokenizer, self._stopping = config, tokenizer, stopping
        self._scorer_is_another = scorer_tokenizer is not None
        self._chat = Chat(tokenizer)
        self._scorer_chat = Chat(scorer_tokenizer) if scorer_tokenizer is not None else self._chat
        self._encoder = TextEncoder(tokenizer, allowed=REASONING_MARKS)
        self._agents = {agent.name: agent for agent in agents}
        marker = config.task.marker.strip()
        # The task as it asks for the answer alone.
        self._answer_only_task = replace(
            config.task, prompt=config.scoring.answer_prompt.replace("{marker}", marker)
        )
        # Around the bound method: a cache on the class would keep every instance in memory.
        self._cached = lru_cache(CACHED_PROMPTS)(self._render)
        self._cached_baseline = lru_cache(CACHED_PROMPTS)(self._render_baseline)

    def of_agent(self, agent: str, question: Question) -> TokenIds:
        """The agent's own prompt: its persona, its worked examples, the question."""
        return self._cached(agent, question)

    def of_scorer(self, question: Question) -> TokenIds:
        """The prompt of the frozen scorer: the task's wording, no persona."""
        return self._cached(None, question)

    def of_reader(self, question: Question) -> TokenIds:
        """The base's prompt for a reader of steps, in the tokens of the run's own model."""
        examples = base_examples(self._config)
        messages = render_messages(self._config.task, question, examples=examples)
        return self._chat.render(messages)

    def with_hint(self, agent: str, question: Question) -> TokenIds:
        """The agent's prompt with the gold answer in view (`agents.hint`)."""
        # Not cached: hints are for the few questions that nobody solved.
        return self._render(agent, question, hint=self._config.agents.hint)

    def answer_only(self, question: Question) -> TokenIds:
        """A prompt that asks for the answer alone, for whoever is tuned on it."""
        messages = render_messages(self._answer_only_task, question, examples=())
        return self._chat.render(messages)

    def baseline(self, question: Question) -> TokenIds | None:
        """The scorer's prompt when it is given no rationale; None where that is `of_scorer`.

        With scoring.baseline=answer_prompt it asks for the answer alone, without worked examples:
        the I->A mode of the paper's equation 9.
        """
        if self._config.scoring.baseline == "same_prompt":
            return None
        return self._cached_baseline(question)

    def turn_ids(self, text: str) -> TokenIds:
        """The tokens of a whole assistant turn: the text, and the token that ends the turn."""
        end_id = self._stopping.end_id
        return self.text_ids(text) if end_id is None else (*self.text_ids(text), end_id)

    def text_ids(self, text: str) -> TokenIds:
        """The tokens of a text that goes on; what looks like a control token in it is text."""
        return self._encoder.ids(text)

    def text_of(self, token_ids: Sequence[int]) -> str:
        """The text of a rationale's tokens, up to what would have stopped it."""
        # As the engines decode (see `engines/limits.py`), or equal tokens could give two texts.
        text = self._tokenizer.decode(
            list(token_ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return before_stop(text, self._stopping.stop_texts)

    def random_beginning(self, token_ids: Sequence[int], seed: int) -> TokenIds:
        """The first tokens of a rationale, a random number of them; none of too short a one.

        At least one token is left out besides the last, which may be the one that ends it.
        """
        if len(token_ids) < 3:
            return ()
        return tuple(token_ids[: 1 + seed % (len(token_ids) - 2)])

    def check_lengths(
        self, questions: Sequence[Question], *, scorer_positions: int | None = None
    ) -> None:
        """Refuse prompts that leave no room for a rationale in `engine.max_length`.

        Those of a scorer with a tokenizer of its own must fit into its positions instead. Raises
        InputError with the longest prompt.
        """
        if self._scorer_is_another and scorer_positions is not None:
            self._check_scorer_lengths(questions, scorer_positions)
        prompt_room = self._config.engine.max_length - self._config.agents.max_tokens
        longest_length, reader, question = max(self._lengths(questions), key=lambda item: item[0])
        if longest_length > prompt_room:
            raise InputError(
                f"the longest prompt has {longest_length} tokens ({reader}, question "
                f"{question.id}: {question.text[:60]!r}), but "
                f"engine.max_length={self._config.engine.max_length} minus "
                f"agents.max_tokens={self._config.agents.max_tokens} leaves {prompt_room}; raise "
                "engine.max_length or show fewer worked examples (agents.examples)"
            )

    def _lengths(self, questions: Sequence[Question]) -> Iterator[tuple[int, str, Question]]:
        """Length of each prompt in the run's own tokens, with who reads it."""
        # A hint makes a prompt longer, so that the hinted one is the longest.
        longest_prompt_of = self.with_hint if self._config.agents.hinted_samples else self.of_agent
        for question in questions:
            for agent in self._agents:
                yield len(longest_prompt_of(agent, question)), agent, question
            if not self._scorer_is_another:
                yield len(self.of_scorer(question)), "the base", question

    def _check_scorer_lengths(self, questions: Sequence[Question], positions: int) -> None:
        """A prompt must leave the scorer room for as long a rationale as for an agent's."""
        longest_length = 0
        for question in questions:
            baseline = self.baseline(question) or ()
            longest_length = max(longest_length, len(self.of_scorer(question)), len(baseline))
        prompt_room = positions - self._config.agents.max_tokens
        if longest_length > prompt_room:
            raise InputError(
                f"the scorer's longest prompt has {longest_length} tokens, but its {positions} "
                f"positions minus agents.max_tokens={self._config.agents.max_tokens} leave "
                f"{prompt_room}; name another scoring.model, or show fewer worked examples "
                "(agents.examples)"
            )

    def _render(
        self, agent_name: str | None, question: Question, hint: str | None = None
    ) -> TokenIds:
        """A prompt of an agent, or of the scorer where no agent is named."""
        if agent_name is None:
            examples = base_examples(self._config)
            messages = render_messages(self._config.task, question, examples=examples, hint=hint)
            return self._scorer_chat.render(messages)
        agent = self._agents[agent_name]
        messages = render_messages(
            self._config.task,
            question,
            examples=agent.examples,
            persona=agent.persona,
            hint=hint,
        )
        return self._chat.render(messages)

    def _render_baseline(self, question: Question) -> TokenIds:
        messages = render_messages(self._answer_only_task, question, examples=())
        return self._scorer_chat.render(messages)

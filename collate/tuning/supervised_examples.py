"""The three modes of the paper's first stage, which the prompt tells apart (section 3.1).

    answer       I -> A       the prompt asks for the answer alone           (equation 1)
    rationale    I -> R       the agent's own prompt, steps without answer   (equation 2)
    reader       [I; R] -> A  the agent's own prompt and the steps, the answer behind them  (3)

and `whole`, a rationale with its stated answer, as agents write it. All are cross-entropy on
the tokens behind the prompt. An example without any steps has mode `answer` only.

Steps end in a line end and not in the token that ends a turn: the agent's own prompt asks for the
answer behind them, and an agent that learned to stop there would state none. So `rationale` and
`reader` together are what `whole` is, in two examples.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collate.agents.prompts import Prompts
from collate.answers.judging import cut_answer
from collate.tables import Pair, Question, Rationale

ANSWER, RATIONALE, READER, WHOLE = "answer", "rationale", "reader", "whole"


def count_examples(modes: Sequence[str], chosen: Rationale, marker: str) -> int:
    """How many examples a chosen rationale makes."""
    steps = bool(cut_answer(chosen.text, marker))
    return sum(steps or mode in (ANSWER, WHOLE) for mode in modes)


def mode_examples(
    modes: Sequence[str],
    agent: str,
    pairs: Sequence[Pair],
    rationales: Mapping[str, Rationale],
    questions: Mapping[str, Question],
    prompts: Prompts,
    marker: str,
) -> list[dict[str, Any]]:
    """The tokens of an agent's chosen rationales in each mode, pair by pair."""
    return [
        {"question_id": pair.question_id, "prompt_ids": prompt, "chosen_ids": target,
         "rejected_ids": []}
        for pair in pairs
        for prompt, target in _sides(
            modes, agent, questions[pair.question_id], rationales[pair.chosen_id], prompts, marker
        )
    ]  # fmt: skip


def _sides(
    modes: Sequence[str],
    agent: str,
    question: Question,
    chosen: Rationale,
    prompts: Prompts,
    marker: str,
) -> Iterator[tuple[list[int], list[int]]]:
    own, steps = prompts.of(agent, question), cut_answer(chosen.text, marker)
    stated = prompts.ids(f"{marker} {question.gold}")
    for mode in modes:
        if mode == WHOLE:
            yield list(own), list(chosen.token_ids)
        elif mode == ANSWER:
            yield list(prompts.answer_only(question)), list(stated)
        elif steps and mode == RATIONALE:
            yield list(own), list(prompts.ids(f"{steps}\n", ended=False))
        elif steps:
            yield [*own, *prompts.ids(f"{steps}\n", ended=False)], list(stated)

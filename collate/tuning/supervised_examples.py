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
from collate.answers.statements import cut_answer
from collate.tables import CHOSEN, Preference, Question, Rationale

ANSWER, RATIONALE, READER, WHOLE = "answer", "rationale", "reader", "whole"


def count_mode_examples(modes: Sequence[str], chosen: Rationale, marker: str) -> int:
    """How many examples a chosen rationale makes."""
    has_steps = bool(cut_answer(chosen.text, marker))
    return sum(has_steps or mode in (ANSWER, WHOLE) for mode in modes)


def mode_examples(
    modes: Sequence[str],
    agent: str,
    preferences: Sequence[Preference],
    rationales: Mapping[str, Rationale],
    questions: Mapping[str, Question],
    prompts: Prompts,
    marker: str,
) -> list[dict[str, Any]]:
    """The examples of an agent's chosen rationales in each mode, preference by preference.

    `rationales` and `questions` come by id.
    """
    examples = []
    for preference in preferences:
        question = questions[preference.question_id]
        chosen = rationales[preference.chosen_id]
        for prompt_ids, target_ids in _prompts_and_targets(
            modes, agent, question, chosen, prompts, marker
        ):
            examples.append(
                {
                    "question_id": question.id,
                    "prompt_ids": prompt_ids,
                    "roles": [CHOSEN],
                    "completion_ids": [target_ids],
                }
            )
    return examples


def _prompts_and_targets(
    modes: Sequence[str],
    agent: str,
    question: Question,
    chosen: Rationale,
    prompts: Prompts,
    marker: str,
) -> Iterator[tuple[list[int], list[int]]]:
    """For each mode, what stands before the tokens to be learned, and those tokens."""
    prompt_ids = prompts.of_agent(agent, question)
    steps_text = cut_answer(chosen.text, marker)
    stated_ids = prompts.turn_ids(f"{marker} {question.gold}")
    for mode in modes:
        if mode == WHOLE:
            yield list(prompt_ids), list(chosen.token_ids)
        elif mode == ANSWER:
            yield list(prompts.answer_only(question)), list(stated_ids)
        elif steps_text:
            steps_ids = prompts.text_ids(f"{steps_text}\n")
            if mode == RATIONALE:
                yield list(prompt_ids), list(steps_ids)
            else:
                yield [*prompt_ids, *steps_ids], list(stated_ids)

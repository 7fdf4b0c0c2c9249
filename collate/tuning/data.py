"""What an agent is tuned on: examples as tokens, on disk, and the order in which they are taken.

An example is a prompt and a completion for each role of a preference:

    {"question_id": "3f…", "prompt_ids": [1, 5, …], "roles": ["chosen", "rejected"],
     "completion_ids": [[9, 2], [8, 2]]}

Nothing here imports torch: the driver writes examples and counts steps, workers read them.
"""

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from collate.atomic import complete_file
from collate.config.schema import SFT, TuningConfig
from collate.tables import CHOSEN, Preference, Rationale, seed_of

FILE = "examples.arrow"

_TOKENS = pa.list_(pa.int32())
_COLUMNS = pa.schema(
    [
        ("question_id", pa.string()),
        ("prompt_ids", _TOKENS),
        ("roles", pa.list_(pa.string())),
        ("completion_ids", pa.list_(_TOKENS)),
    ]
)


def preference_examples(
    preferences: Sequence[Preference],
    rationales: Mapping[str, Rationale],
    prompts: Mapping[str, Sequence[int]],
) -> list[dict[str, Any]]:
    """The examples of one agent's preferences, in their order.

    `rationales` come by id, `prompts` by question id. The prompts are those of the agent that is
    tuned, whoever wrote the rationales.
    """
    examples = []
    for preference in preferences:
        completions = [rationales[rationale_id] for rationale_id in preference.roles.values()]
        examples.append(
            {
                "question_id": preference.question_id,
                "prompt_ids": list(prompts[preference.question_id]),
                "roles": list(preference.roles),
                "completion_ids": [list(rationale.token_ids) for rationale in completions],
            }
        )
    return examples


def write_examples(folder: Path, blocks: Iterable[Sequence[dict[str, Any]]]) -> Path:
    """Write examples, block by block, as a file that tuning reads without loading it whole."""
    path = folder / FILE
    with (
        complete_file(path) as unfinished,
        pa.OSFile(str(unfinished), "wb") as file,
        pa.ipc.new_stream(file, _COLUMNS) as writer,
    ):
        for examples in blocks:
            if examples:
                writer.write_table(pa.Table.from_pylist(list(examples), schema=_COLUMNS))
    return path


def count_examples(path: Path) -> int:
    """How many examples a file of `write_examples` holds."""
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream_reader:
        return sum(batch.num_rows for batch in stream_reader)


def completion_tokens(lengths_by_role: Mapping[str, int], config: TuningConfig) -> int:
    """Tokens that a preference counts in a budget, from the lengths of its completions.

    `tuning.loss=sft` learns from the chosen alone, so that nothing else counts.
    """
    return lengths_by_role[CHOSEN] if config.loss == SFT else sum(lengths_by_role.values())


def example_tokens(example: Mapping[str, Any], config: TuningConfig) -> int:
    """As `completion_tokens`, of an example."""
    lengths = map(len, example["completion_ids"])
    return completion_tokens(dict(zip(example["roles"], lengths, strict=True)), config)


def plan(
    question_ids: Sequence[str],
    tokens_P: Sequence[int],
    config: TuningConfig,
    *,
    seed: int,
    tokens: int | None = None,
) -> list[int]:
    """The examples' numbers in the order in which an agent is tuned on them.

    `question_ids` has the question of each example, `tokens_P` what each counts in the budget of
    `tokens`. The order is `config.epochs` passes as `order_examples` makes them, cut after
    `config.max_steps` steps and before the example with which the sum would exceed the budget. So
    two agents with enough passes use one budget up to less than an example. The first example is
    taken in any case: a round whose share of a budget is used up ends no run.
    """
    order: list[int] = []
    most_examples = config.max_steps * config.batch if config.max_steps else None
    tokens_left = math.inf if tokens is None else tokens
    for example_number in islice(_passes(question_ids, config.epochs, seed), most_examples):
        tokens_left -= tokens_P[example_number]
        if tokens_left < 0 and order:
            break
        order.append(example_number)
    return order


def order_examples(question_ids: Sequence[str], *, epochs: int, seed: int) -> list[int]:
    """The examples' numbers, all epochs in order, from the question of each example.

    Questions are shuffled anew in each epoch. The examples of a question stay together, and so
    share the computation of their prompt.
    """
    return list(_passes(question_ids, epochs, seed))


def step_count(examples: int, config: TuningConfig) -> int:
    """How many optimizer steps an agent takes on so many examples, those of all epochs."""
    steps = math.ceil(examples / config.batch)
    return min(steps, config.max_steps) if config.max_steps else steps


def _passes(question_ids: Sequence[str], epochs: int, seed: int) -> Iterator[int]:
    numbers_by_question: dict[str, list[int]] = {}
    for example_number, question_id in enumerate(question_ids):
        numbers_by_question.setdefault(question_id, []).append(example_number)
    for epoch in range(epochs):
        # Sorted first, so that the order of the examples in the file decides nothing.
        shuffled = sorted(numbers_by_question)
        random.Random(seed_of(seed, "order", epoch)).shuffle(shuffled)
        for question_id in shuffled:
            yield from numbers_by_question[question_id]

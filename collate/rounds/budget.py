"""A run's budget: how much of it is spent, and what a round may take of the rest.

Rivals are compared at equal generated and equal tuned tokens. A round may spend an equal share of
what is left, so that an early round that took less leaves more to the later ones. All of it follows
from tables that are committed, so that a continued run asks for the same.
"""

from collections.abc import Iterator, Sequence

import pyarrow.parquet as pq

from collate.rounds.folder import RunFolder
from collate.tables import GOLD, Answer, TuningStep


def share(budget: int, spent: int, round: int, rounds: int) -> int:
    """What a round may spend of a budget of which the rounds before it spent so much; 0 or more."""
    return max(0, budget - spent) // (rounds - round + 1)


def questions_within(tokens: int, rationales_each: int, tokens_each: float) -> int:
    """How many questions so many tokens suffice for, at least 1."""
    return max(1, int(tokens / (rationales_each * max(tokens_each, 1.0))))


def generated(folder: RunFolder, rounds: Sequence[int]) -> tuple[int, int]:
    """Tokens and number of the rationales of these rounds, worked solutions of the data aside."""
    tokens = count = 0
    for length, source in _lengths(folder, rounds):
        if source != GOLD:
            tokens, count = tokens + length, count + 1
    return tokens, count


def _lengths(folder: RunFolder, rounds: Sequence[int]) -> Iterator[tuple[int, str]]:
    for round in rounds:
        with pq.ParquetFile(folder.round(round) / "rationales.parquet") as file:
            for batch in file.iter_batches(columns=["token_ids", "source"]):
                lengths = batch["token_ids"].value_lengths().to_pylist()
                yield from zip(lengths, batch["source"].to_pylist(), strict=True)


def tuned(folder: RunFolder, rounds: Sequence[int]) -> int:
    """Completion tokens of all agents' optimizer steps in these rounds."""
    return sum(
        step.tokens
        for round in rounds
        for step in folder.rows(f"{folder.round(round).name}/tuning", TuningStep)
    )


def mean_tokens(answers: Sequence[Answer]) -> float | None:
    """Mean length of answers, which stands for that of rationales before there are any."""
    return sum(answer.tokens for answer in answers) / len(answers) if answers else None

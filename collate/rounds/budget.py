"""A run's budget: how much of it is spent, and what a round may take of the rest.

Rivals are compared at equal generated and equal tuned tokens. A round may spend an equal share of
what is left, so that an early round that took less leaves more to the later ones. All of it follows
from tables that are committed, so that a continued run asks for the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from collate.config.schema import RunConfig
from collate.rounds.warmup import warmup_run
from collate.store.identity import run_path
from collate.store.run_folder import RunFolder
from collate.tables import GOLD, Answer, Rationale, TuningStep


@dataclass(frozen=True)
class Spent:
    """Tokens of rationales, and of optimizer steps; the seconds that all stages took."""

    generated: int = 0
    tuned: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.generated + other.generated,
            self.tuned + other.tuned,
            self.seconds + other.seconds,
        )


def spent_by_run(folder: RunFolder) -> Spent:
    """What a run has spent in all of its rounds, its own warm-up left aside."""
    # A round that gave no preference, or was killed before its end, has rationales and no curves.
    written_rounds, tuned_rounds = folder.rounds_with("rationales"), folder.rounds_with("tuning")
    seconds = 0.0
    for stage, stage_record in folder.manifest.stages.items():
        # The seconds of shards, single agents and readers would count twice otherwise.
        if not _is_within_another(stage):
            seconds += stage_record.get("seconds", 0.0)
    return Spent(
        generated_tokens(folder, written_rounds), tuned_tokens(folder, tuned_rounds), seconds
    )


def spent_on_warmup(config: RunConfig) -> Spent:
    """What the run that warmed up this one's agents has spent; nothing where there was none."""
    warmup = warmup_run(config)
    return Spent() if warmup is None else spent_by_run(RunFolder.existing(run_path(warmup)))


def share_of_round(budget: int, spent: int, round: int, rounds: int) -> int:
    """What a round may spend of a budget of which the rounds before it spent so much; 0 or more."""
    # The rounds that are left, this one included.
    return max(0, budget - spent) // (rounds - round + 1)


def questions_within(tokens: float, tokens_each: float) -> int:
    """How many questions come nearest to spending so many tokens, at so many for each."""
    # Rationales may all be empty, so at least one token is assumed for each.
    return max(0, round(tokens / max(tokens_each, 1.0)))


def generated_tokens(folder: RunFolder, rounds: Sequence[int]) -> int:
    """Tokens of the rationales of these rounds, worked solutions of the data aside."""
    return sum(_rationale_lengths(folder, rounds))


def tuned_tokens(folder: RunFolder, rounds: Sequence[int]) -> int:
    """Completion tokens of all agents' optimizer steps in these rounds."""
    total_tokens = 0
    for round_number in rounds:
        round_steps = folder.rows(f"{folder.round(round_number).name}/tuning", TuningStep)
        total_tokens += sum(step.tokens for step in round_steps)
    return total_tokens


def mean_tokens(folder: RunFolder, rounds: Sequence[int]) -> float | None:
    """Mean length of these rounds' rationales; of the answers before any tuning without rounds.

    None where there are neither.
    """
    lengths = list(_rationale_lengths(folder, rounds))
    if not rounds:
        lengths = [answer.tokens for answer in folder.rows("round-00/answers", Answer)]
    return mean(lengths) if lengths else None


def _rationale_lengths(folder: RunFolder, rounds: Sequence[int]) -> Iterator[int]:
    for round_number in rounds:
        table_name = f"{folder.round(round_number).name}/rationales"
        # In batches and without the texts, so that no run is too long for memory.
        for batch in folder.stored(table_name, Rationale).batches(["token_ids", "origin"]):
            lengths = batch["token_ids"].value_lengths().to_pylist()
            for length, origin in zip(lengths, batch["origin"].to_pylist(), strict=True):
                if origin != GOLD:
                    yield length


def _is_within_another(stage: str) -> bool:
    """Whether a stage's seconds are part of another's: of shards, of one agent, of a reader."""
    # round-01/generate.shards/00000-00000, round-01/agents/agent-1, round-01/reader
    return stage.count("/") > 1 or stage.endswith("/reader")

"""Stage 3 of a round, pair: which rationale each agent is to prefer to which.

The rules are in `pairs/`: from the scored rationales of all agents they make each agent's
preferences, or say why a question gives it none.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from collate.agents.roster import Agent, own_parts
from collate.config.schema import RunConfig
from collate.console.messages import preference_messages
from collate.pairs.preferences import make_preferences
from collate.rounds.context import RunContext
from collate.rounds.questions import round_blocks
from collate.store.tables_on_disk import Block, StoredRows
from collate.tables import Dropped, Preference, Question, Rationale, Score


def preferences_of_round(
    config: RunConfig,
    agents: Sequence[Agent],
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    scores: StoredRows[Score],
) -> Iterator[tuple[list[Preference], list[Dropped]]]:
    """The preferences of every agent, and the questions that gave it none, block by block."""
    parts = own_parts(config, agents, questions)
    agent_names = [agent.name for agent in agents]
    blocks = round_blocks(config, questions)
    for block_questions, block_rationales, block_scores in zip(
        blocks, rationales.blocks(), scores.blocks(), strict=True
    ):
        yield make_preferences(
            block_questions,
            block_rationales,
            block_scores,
            agents=agent_names,
            parts=parts,
            config=config.pairs,
        )


# The committed stage ------------------------------------------------------------------------------


def pair(
    run: RunContext,
    round: int,
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    scores: StoredRows[Score],
) -> StoredRows[Preference]:
    """The round's preferences, committed as `preferences` and `dropped`."""
    inputs = run.inputs(
        "questions", run.stage_name(round, "generate"), run.stage_name(round, "score")
    )
    tables = {"preferences": Preference, "dropped": Dropped}
    stage = run.store.stage(run.stage_name(round, "pair"), tables, inputs)
    if not stage.finished():
        chosen_origins: Counter[str] = Counter()
        reasons: Counter[str] = Counter()

        def blocks() -> Iterator[Block]:
            outcomes = preferences_of_round(run.config, run.agents, questions, rationales, scores)
            for (preferences, dropped), block_rationales in zip(
                outcomes, rationales.blocks(), strict=True
            ):
                # Counted block by block: the rationales of a round may be too many for memory.
                origin_by_id = {rationale.id: rationale.origin for rationale in block_rationales}
                chosen_origins.update(
                    origin_by_id[preference.chosen_id] for preference in preferences
                )
                reasons.update(row.reason for row in dropped)
                yield {"preferences": preferences, "dropped": dropped}

        with run.events.stage("pair", round=round, unit="questions", total=len(questions)):
            stage.write(blocks())
        run.events.messages(
            preference_messages(
                agents=len(run.agents),
                preferences=chosen_origins.total(),
                chosen_origins=chosen_origins,
                reasons=reasons,
            )
        )
    preferences: StoredRows[Preference] = stage.rows("preferences")
    if not preferences:
        run.events.message("nothing left to learn: no question gave a preference; the run ends")
    return preferences

"""Stage 2 of a round, score: verdict and answer likelihood of every rationale.

The likelihood is of the gold answer under the frozen scorer, given question and rationale (equation
7 of the paper); the verdict is the verifier's. `scoring/` has the arithmetic.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from collate.agents.prompts import Prompts
from collate.cluster.actors import ScoreTask
from collate.cluster.requests import RowStore
from collate.cluster.workers import Workers
from collate.config.schema import RunConfig
from collate.console.events import Tick
from collate.console.messages import score_messages
from collate.rounds.context import RunContext
from collate.rounds.questions import round_blocks
from collate.store.shards import Shards
from collate.store.tables_on_disk import StoredRows
from collate.tables import Question, Rationale, Score


def score_rationales_of_round(
    config: RunConfig,
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    prompts: Prompts,
    workers: Workers,
    store: RowStore,
    tick: Tick,
) -> Iterator[list[Score]]:
    """A score for each rationale, block by block, in the order of the rationales."""
    blocks = round_blocks(config, questions)

    def unscored() -> Iterator[list[ScoreTask]]:
        for number, (block, written) in enumerate(zip(blocks, rationales.blocks(), strict=True)):
            scored_ids = {row.rationale_id for row in store.rows(number)}
            yield _unscored_tasks(block, written, scored_ids, prompts)

    workers.score(unscored(), tick, on_scores=store.add)
    for number, written in enumerate(rationales.blocks()):
        scores = {row.rationale_id: row for row in store.rows(number)}
        yield [scores[rationale.id] for rationale in written]


def _unscored_tasks(
    block: Sequence[Question],
    rationales: Sequence[Rationale],
    scored_ids: set[str],
    prompts: Prompts,
) -> list[ScoreTask]:
    """The questions of a block with a rationale that has no score yet.

    All rationales of such a question are scored, since they share the computation of its prompt.
    """
    by_question: dict[str, list[Rationale]] = defaultdict(list)
    for rationale in rationales:
        by_question[rationale.question_id].append(rationale)
    tasks = []
    for question in block:
        written = by_question[question.id]
        if any(rationale.id not in scored_ids for rationale in written):
            prompt, baseline = prompts.of_scorer(question), prompts.baseline(question)
            tasks.append(ScoreTask(question, written, prompt, baseline))
    return tasks


# The committed stage ------------------------------------------------------------------------------


def score(
    run: RunContext,
    round: int,
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
) -> StoredRows[Score]:
    """The scores of the round's rationales, committed as `scores`."""
    inputs = run.inputs("questions", run.stage_name(round, "generate"))
    stage = run.store.stage(run.stage_name(round, "score"), {"scores": Score}, inputs)
    if not stage.finished():
        shards = Shards(run.store, stage, Score)
        with run.events.stage(
            "score",
            round=round,
            unit="rationales",
            total=len(rationales),
            stored=shards.row_count,
        ) as tick:
            scores_by_block = score_rationales_of_round(
                run.config, questions, rationales, run.prompts, run.workers, shards, tick
            )
            stage.write({"scores": rows} for rows in scores_by_block)
        run.events.messages(score_messages(stage.rows("scores"), run.config))
    return stage.rows("scores")

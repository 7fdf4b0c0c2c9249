"""Stage 2 of a round, score: verdict and answer likelihood of every rationale.

The likelihood is of the gold answer under the frozen scorer, given question and rationale (equation
7 of the paper), and `scoring/score_rationales.py` takes it; the verdict is the verifier's, in
`answers/judging.py`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from collate.agents.prompts import Prompts
from collate.cluster.actors import ScoreTask
from collate.cluster.requests import RowStore
from collate.config.schema import RunConfig
from collate.console.messages import score_messages
from collate.rounds.context import RunContext
from collate.rounds.questions import round_blocks
from collate.store.shards import Shards
from collate.store.tables_on_disk import StoredRows
from collate.tables import Question, Rationale, Score


def unscored_tasks(
    config: RunConfig,
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    prompts: Prompts,
    scores: RowStore,
) -> Iterator[list[ScoreTask]]:
    """Block by block, what `scores` does not hold yet."""
    blocks = zip(round_blocks(config, questions), rationales.blocks(), strict=True)
    for number, (block, written) in enumerate(blocks):
        scored_ids = {row.rationale_id for row in scores.rows(number)}
        yield _unscored_tasks_of_block(block, written, scored_ids, prompts)


def _unscored_tasks_of_block(
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


def scores_in_order(rationales: StoredRows[Rationale], scores: RowStore) -> Iterator[list[Score]]:
    """A score for each rationale, block by block, in the order of the rationales."""
    for number, written in enumerate(rationales.blocks()):
        score_by_id = {row.rationale_id: row for row in scores.rows(number)}
        yield [score_by_id[rationale.id] for rationale in written]


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
            tasks = unscored_tasks(run.config, questions, rationales, run.prompts, shards)
            run.workers.score(tasks, tick, on_scores=shards.add)
            stage.write({"scores": rows} for rows in scores_in_order(rationales, shards))
        run.events.messages(score_messages(stage.rows("scores"), run.config))
    return stage.rows("scores")

"""What a round's rationales say of the agents and of the scorer: diversity, distance, quality.

Nothing is learned from these numbers; they say whether there is anything to learn, and warn when
the agents begin to write alike.
"""

from collections.abc import Mapping, Sequence
from itertools import islice

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent
from collate.cluster.actors import LogprobTask
from collate.cluster.workers import Workers
from collate.config.schema import RunConfig
from collate.console.events import Tick
from collate.console.messages import diagnostics_messages
from collate.evaluation.divergence import CrossLogprob, cross_likelihood
from collate.evaluation.diversity import Diversity, diversity_warning
from collate.evaluation.score_quality import ScoreQuality
from collate.models.weights import AgentWeights
from collate.rounds.context import RunContext
from collate.rounds.evaluate import with_task_labels
from collate.rounds.questions import round_blocks
from collate.store.run_weights import Weights
from collate.store.tables_on_disk import StoredRows
from collate.tables import SAMPLED, Metric, Question, Rationale, Score


def diversity_and_quality(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    scores: StoredRows[Score],
) -> list[Metric]:
    """How far the rationales differ, and how well each score tells right ones from wrong ones."""
    names = [agent.name for agent in agents]
    diversity = Diversity(round=round, agents=names, answer_kind=config.task.answer_kind)
    quality = ScoreQuality(round=round)
    blocks = round_blocks(config, questions)
    for block, written, scored in zip(blocks, rationales.blocks(), scores.blocks(), strict=True):
        diversity.add(block, written, scored)
        quality.add(block, written, scored)
    return diversity.metrics() + quality.metrics()


def distance_between_agents(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    weights: Mapping[str, AgentWeights],
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    prompts: Prompts,
    workers: Workers,
    tick: Tick,
) -> list[Metric]:
    """How likely each agent finds what the others wrote, from the first rationales of each.

    A rationale is read under the reader's own prompt of its question, as when it is tuned on.
    """
    question_by_id = {question.id: question for question in questions}
    read: list[Rationale] = []
    for agent in agents:
        written = (row for row in rationales if row.writer == agent.name and row.origin == SAMPLED)
        read += islice(written, config.evaluation.cross_rationales)
    tasks = []
    for agent in agents:
        own_prompts = [
            prompts.of_agent(agent.name, question_by_id[row.question_id]) for row in read
        ]
        completions = [row.token_ids for row in read]
        tasks.append(LogprobTask(weights[agent.name], own_prompts, completions))
    rows = []
    for reader, logprobs in zip(agents, workers.logprobs(tasks, tick), strict=True):
        for rationale, logprob in zip(read, logprobs, strict=True):
            per_token = logprob / len(rationale.token_ids)
            rows.append(CrossLogprob(rationale.id, rationale.writer, reader.name, per_token))
    return cross_likelihood(rows, agents=[agent.name for agent in agents], round=round)


# The committed stage ------------------------------------------------------------------------------


def measure(
    run: RunContext,
    round: int,
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    scores: StoredRows[Score],
    weights: Weights,
) -> None:
    """The numbers of the round's rationales, committed as `diagnostics`."""
    inputs = run.inputs(
        run.stage_name(round, "generate"), run.stage_name(round, "score"), weights=weights
    )
    stage = run.store.stage(run.stage_name(round, "measure"), {"diagnostics": Metric}, inputs)
    if stage.finished():
        return
    metrics = diversity_and_quality(run.config, round, run.agents, questions, rationales, scores)
    if run.config.evaluation.cross_rationales and len(run.agents) > 1:
        total = len(run.agents)
        with run.events.stage("distance", round=round, unit="agents", total=total) as tick:
            metrics += distance_between_agents(
                run.config, round, run.agents, weights, questions, rationales, run.prompts,
                run.workers, tick,
            )  # fmt: skip
    stage.write([{"diagnostics": with_task_labels(run.config.task, metrics)}])
    run.events.messages(diagnostics_messages(metrics))
    by_round = {
        number: run.store.rows(run.stage_name(number, "diagnostics"), Metric)
        for number in range(1, round + 1)
    }
    if warning := diversity_warning(by_round):
        run.events.message(f"warning: {warning}")

"""What a round's rationales say of agents and scorer: diversity, distance, false steps, quality.

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
from collate.evaluation.false_steps import FalseSteps
from collate.evaluation.score_quality import ScoreQuality
from collate.models.weights import AgentWeights
from collate.rounds.context import RunContext
from collate.rounds.evaluate import with_task_labels
from collate.rounds.questions import round_blocks
from collate.store.run_weights import Weights
from collate.store.tables_on_disk import StoredRows
from collate.tables import SAMPLED, Metric, Question, Rationale, Score


def rationale_metrics(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    scores: StoredRows[Score],
) -> list[Metric]:
    """How far rationales differ, how many are right by a false step, how good the scores are."""
    agent_names = [agent.name for agent in agents]
    diversity = Diversity(round=round, agents=agent_names)
    false_steps = FalseSteps(round=round, agents=agent_names)
    quality = ScoreQuality(round=round)
    blocks = round_blocks(config, questions)
    for block_questions, block_rationales, block_scores in zip(
        blocks, rationales.blocks(), scores.blocks(), strict=True
    ):
        diversity.add(block_questions, block_rationales, block_scores)
        false_steps.add(block_rationales, block_scores)
        quality.add(block_questions, block_rationales, block_scores)
    return diversity.metrics() + false_steps.metrics() + quality.metrics()


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
    shared_rationales: list[Rationale] = []
    for agent in agents:
        # A peer's completion begins with another agent's tokens, and a hinted one saw the answer:
        # neither says how this agent writes.
        own_rationales = (
            row for row in rationales if row.writer == agent.name and row.origin == SAMPLED
        )
        shared_rationales += islice(own_rationales, config.evaluation.cross_rationales)
    tasks = []
    for agent in agents:
        own_prompts = [
            prompts.of_agent(agent.name, question_by_id[row.question_id])
            for row in shared_rationales
        ]
        completions = [row.token_ids for row in shared_rationales]
        tasks.append(LogprobTask(weights[agent.name], own_prompts, completions))
    cross_logprobs = []
    for reader, logprobs in zip(agents, workers.logprobs(tasks, tick), strict=True):
        for rationale, logprob in zip(shared_rationales, logprobs, strict=True):
            # Per token, or agents that write more would seem further apart.
            logprob_per_token = logprob / len(rationale.token_ids)
            cross_logprobs.append(
                CrossLogprob(rationale.id, rationale.writer, reader.name, logprob_per_token)
            )
    return cross_likelihood(cross_logprobs, agents=[agent.name for agent in agents], round=round)


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
    metrics = rationale_metrics(run.config, round, run.agents, questions, rationales, scores)
    if run.config.evaluation.cross_rationales and len(run.agents) > 1:
        agent_count = len(run.agents)
        with run.events.stage("distance", round=round, unit="agents", total=agent_count) as tick:
            metrics += distance_between_agents(
                run.config, round, run.agents, weights, questions, rationales, run.prompts,
                run.workers, tick,
            )  # fmt: skip
    stage.write([{"diagnostics": with_task_labels(run.config.task, metrics)}])
    run.events.messages(diagnostics_messages(metrics))
    metrics_by_round = {
        earlier_round: run.store.rows(run.stage_name(earlier_round, "diagnostics"), Metric)
        for earlier_round in range(1, round + 1)
    }
    if warning := diversity_warning(metrics_by_round):
        run.events.message(f"warning: {warning}")

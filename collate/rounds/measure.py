"""What a round's rationales say of the agents and of the scorer: diversity, distance, quality.

The numbers go to `round-XX/measures.parquet`. Tables are gone through block by block.
"""

from collections.abc import Mapping, Sequence
from itertools import islice

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent
from collate.cluster.workers import Report, ToRead, Workers
from collate.config.schema import RunConfig
from collate.evaluation.divergence import CrossLogprob, cross_likelihood
from collate.evaluation.diversity import Diversity
from collate.evaluation.score_quality import Separation
from collate.models.weights import AgentWeights
from collate.rounds.stages import blocks_of_round
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
    separation = Separation(round=round)
    blocks = blocks_of_round(config, questions)
    for block, written, scored in zip(blocks, rationales.blocks(), scores.blocks(), strict=True):
        diversity.add(block, written, scored)
        separation.add(block, written, scored)
    return diversity.metrics() + separation.metrics()


def distance(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    weights: Mapping[str, AgentWeights],
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    prompts: Prompts,
    workers: Workers,
    report: Report,
) -> list[Metric]:
    """How likely each agent finds what the others wrote, from the first rationales of each.

    A rationale is read under the reader's own prompt of its question, as when it is tuned on.
    """
    asked = {question.id: question for question in questions}
    chosen: list[Rationale] = []
    for agent in agents:
        own = (r for r in rationales if r.agent == agent.name and r.source == SAMPLED)
        chosen += islice(own, config.evaluation.cross_rationales)
    tasks = [
        ToRead(
            weights=weights[agent.name],
            prompts=[prompts.of(agent.name, asked[one.question_id]) for one in chosen],
            completions=[one.token_ids for one in chosen],
        )
        for agent in agents
    ]
    rows = [
        CrossLogprob(one.id, one.agent, agent.name, logprob / len(one.token_ids))
        for agent, logprobs in zip(agents, workers.read(tasks, report), strict=True)
        for one, logprob in zip(chosen, logprobs, strict=True)
    ]
    return cross_likelihood(rows, agents=[agent.name for agent in agents], round=round)

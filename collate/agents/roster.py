"""The agents of a run: what makes each copy of the model differ, and the record of it.

Each difference has its own switch: worked examples (`agents.vary_examples`), wording and decoding
(`agents.personas`), noise on the weights (`agents.noise`), and the questions that an agent is tuned
on (`agents.own_part`, the paper's rule). All of them follow from the run's seed.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from collate.config.schema import Example, Persona, RunConfig
from collate.tables import Question, digest, seed_of


@dataclass(frozen=True)
class Agent:
    """One copy of the base model, apart from its weights (which change from round to round).

    `temperature` and `top_p` are its persona's where that names them, else those of all agents.
    """

    name: str
    index: int
    persona: Persona | None
    examples: tuple[Example, ...]
    temperature: float
    top_p: float

    def record(self) -> dict[str, Any]:
        """What the run's manifest keeps of the agent."""
        return asdict(self)


def make_agents(config: RunConfig) -> list[Agent]:
    """The agents of a run, in the order of their names: agent-1, agent-2, ..."""
    settings = config.agents
    agents = []
    for index in range(settings.count):
        # With fewer personas than agents they go round again.
        persona = settings.personas[index % len(settings.personas)] if settings.personas else None
        agents.append(
            Agent(
                name=f"agent-{index + 1}",
                index=index,
                persona=persona,
                examples=_examples_of(config, persona, index),
                temperature=_persona_value(persona, "temperature", settings.temperature),
                top_p=_persona_value(persona, "top_p", settings.top_p),
            )
        )
    return agents


def temperature_in(config: RunConfig, agent: Agent, round: int) -> float:
    """The temperature at which an agent writes in a round.

    A persona's temperature holds in all rounds, since it is what tells the agent from the others.
    Otherwise agents.temperatures names one for each round, the last of them for all later rounds:
    later rounds find fewer wrong rationales at the same temperature, so Iterative RPO raises it.
    """
    schedule = config.agents.temperatures
    if not schedule or (agent.persona is not None and agent.persona.temperature is not None):
        return agent.temperature
    return schedule[min(round, len(schedule)) - 1]


def base_examples(config: RunConfig) -> tuple[Example, ...]:
    """The worked examples that the base model is prompted with: the first agent's."""
    return _examples_of(config, None, 0)


def own_parts(
    config: RunConfig, agents: Sequence[Agent], questions: Sequence[Question]
) -> dict[str, set[str]] | None:
    """The ids of the questions that each agent is tuned on, by its name; None for all questions.

    Paper section 3.3: every agent writes for all questions, but is tuned on one of K disjoint
    random parts, which keeps the agents distinct.
    """
    if not config.agents.own_part:
        return None
    parts: dict[str, set[str]] = {agent.name: set() for agent in agents}
    agent_names = list(parts)
    for question in questions:
        # A digest of the question alone: more questions leave the parts of the others as they are.
        part_number = int(digest(config.seed, "part", question.id), 16)
        parts[agent_names[part_number % len(agent_names)]].add(question.id)
    return parts


def _persona_value(persona: Persona | None, field: str, default: float) -> float:
    value = None if persona is None else getattr(persona, field)
    return default if value is None else value


def _examples_of(config: RunConfig, persona: Persona | None, index: int) -> tuple[Example, ...]:
    """The worked examples of one agent: its persona's first ones, else a hand of the task's.

    The task's examples are shuffled once by the seed and dealt out in turn, so that agents share as
    few as the number of examples allows. Without `vary_examples` everyone gets the first hand.
    """
    persona_examples = None if persona is None else persona.examples
    if persona_examples is not None:
        return tuple(persona_examples[: config.agents.examples])
    examples = list(config.task.examples)
    hand_size = min(config.agents.examples, len(examples))
    # One shuffle for all agents: their hands are parts of the same order, so that they differ.
    random.Random(seed_of(config.seed, "examples")).shuffle(examples)
    first_index = index * hand_size if config.agents.vary_examples else 0
    return tuple(examples[(first_index + offset) % len(examples)] for offset in range(hand_size))

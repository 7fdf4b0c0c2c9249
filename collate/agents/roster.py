"""The agents of a run: what makes each copy differ, and the record of it.

Each difference has its own switch: worked examples (`agents.vary_examples`), wording
(`agents.personas`), decoding (`agents.temperature_step`, `agents.top_p_step`), a perturbation of
the weights (`agents.noise`, `agents.perturbation`), and the questions an agent is tuned on
(`agents.own_part`, the paper's rule). All of them are functions of the run's seed.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from collate.config.schema import Example, Persona, RunConfig
from collate.tables import Question, digest, seed_of


@dataclass(frozen=True)
class Agent:
    """One copy of the base model, apart from its weights (which change from round to round)."""

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
    """The agents of a run, in the order of their names."""
    settings = config.agents
    agents = []
    for index in range(settings.count):
        persona = settings.personas[index % len(settings.personas)] if settings.personas else None
        agents.append(
            Agent(
                name=f"agent-{index + 1}",
                index=index,
                persona=persona,
                examples=_examples_of(config, persona, index),
                temperature=settings.temperature + index * settings.temperature_step,
                top_p=settings.top_p + index * settings.top_p_step,
            )
        )
    return agents


def _examples_of(config: RunConfig, persona: Persona | None, index: int) -> tuple[Example, ...]:
    """The worked examples of one agent.

    All examples are shuffled once by the seed and dealt out in turn, so that agents share as few as
    the number of examples allows. Without `vary_examples` everyone gets the first hand.
    """
    own = persona.examples if persona is not None else None
    examples = list(config.task.examples if own is None else own)
    wanted = min(config.agents.examples, len(examples))
    if wanted == 0:
        return ()
    if own is not None:
        return tuple(examples[:wanted])
    random.Random(seed_of(config.seed, "examples")).shuffle(examples)
    first = index * wanted if config.agents.vary_examples else 0
    return tuple(examples[(first + i) % len(examples)] for i in range(wanted))


def temperature_in(config: RunConfig, agent: Agent, round: int) -> float:
    """The temperature at which an agent writes in a round: its own, or the round's and its step.

    Later rounds find fewer losers at the same temperature, so rivals raise it (Iterative RPO).
    """
    schedule = config.agents.temperatures
    if not schedule:
        return agent.temperature
    of_round = schedule[min(round, len(schedule)) - 1]
    return of_round + agent.index * config.agents.temperature_step


def base_examples(config: RunConfig) -> tuple[Example, ...]:
    """The worked examples that the base model is prompted with: the first agent's."""
    return _examples_of(config, None, 0)


def own_parts(
    config: RunConfig, agents: Sequence[Agent], questions: Sequence[Question]
) -> dict[str, set[str]] | None:
    """Question ids by the agent tuned on them: K disjoint random parts, or None without them.

    Paper section 3.3: every agent writes for all questions, but is tuned on its own part, which
    keeps the agents distinct.
    """
    if not config.agents.own_part:
        return None
    parts: dict[str, set[str]] = {agent.name: set() for agent in agents}
    names = list(parts)
    for question in questions:
        place = int(digest(config.seed, "part", question.id), 16)
        parts[names[place % len(names)]].add(question.id)
    return parts

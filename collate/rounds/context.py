"""What every stage of a run is handed: settings, agents, prompts, disk, workers, events."""

from collections.abc import Sequence
from dataclasses import dataclass

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent
from collate.cluster.workers import Workers
from collate.config.schema import RunConfig
from collate.console.events import Events
from collate.models.model_names import model_label
from collate.models.weights import AgentWeights
from collate.store.run_folder import RunFolder
from collate.store.run_weights import Weights
from collate.tables import digest


@dataclass(frozen=True)
class RunContext:
    """One run, as its stages see it.

    A stage of `rounds/` is a file with two parts: on top what it computes, rows and settings in and
    rows out; below it the same as a committed stage of the run, which names its inputs, has the
    work done only if it is not finished, and returns the table on disk.
    """

    config: RunConfig
    agents: Sequence[Agent]
    prompts: Prompts
    store: RunFolder
    workers: Workers
    events: Events

    @property
    def agent_names(self) -> list[str]:
        return [agent.name for agent in self.agents]

    @property
    def model_label(self) -> str:
        """The base model's name as tables have it."""
        return model_label(self.config.model.name)

    def untouched_weights(self) -> Weights:
        """Every agent as the base model."""
        return {name: AgentWeights.base(name) for name in self.agent_names}

    def stage_name(self, round: int, stage: str) -> str:
        """A stage's name in the manifest, such as `round-01/score`."""
        return f"{self.store.round(round).name}/{stage}"

    def inputs(self, *stages: str, weights: Weights | None = None) -> dict[str, str]:
        """What a stage is made from: digests of the files of other stages, and of weights."""
        inputs = self.store.digests(*stages)
        if weights is not None:
            # Sorted, so that the same weights give the same digest in whatever order they come.
            weight_lines = sorted(
                f"{agent} {agent_weights.digest}" for agent, agent_weights in weights.items()
            )
            inputs["weights"] = digest(*weight_lines)
        return inputs

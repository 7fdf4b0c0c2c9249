"""What each agent begins with: the base model, its own noise on it, or weights from elsewhere."""

from collections.abc import Mapping
from pathlib import Path

from collate.models.weights import AgentWeights
from collate.rounds.context import RunContext
from collate.store.run_weights import Weights, committed_weights, copy_weights, make_weights
from collate.tables import seed_of


def first_weights(run: RunContext, start: Mapping[str, AgentWeights] | None) -> Weights:
    """The agents' weights before the first round, committed as `round-00/agents`.

    `start` has weights of another run or of a warm-up, which are copied into this one.
    """
    weights = run.untouched_weights()
    if start is not None:
        inputs = {}
        for agent, agent_weights in start.items():
            # An agent that begins as the base has no files to be copied.
            if agent_weights.folder is not None:
                inputs[agent] = {"start": agent_weights.digest}
        make_weights(run.store, 0, inputs, lambda scratch: copy_weights(start, scratch))
    elif run.config.agents.noise:
        _perturb_copies(run)
    else:
        return weights
    return {**weights, **committed_weights(run.store, 0, run.config.agents.weights)}


def _perturb_copies(run: RunContext) -> None:
    """Noise of its own on each agent's weights."""
    seed_by_agent = {name: seed_of(run.config.seed, name, "noise") for name in run.agent_names}

    def perturb(scratch: Mapping[str, Path]) -> None:
        seeds_by_folder = {folder: seed_by_agent[agent] for agent, folder in scratch.items()}
        with run.events.stage("perturb", round=0, unit="agents", total=len(scratch)) as tick:
            run.workers.perturb(seeds_by_folder, tick)

    # The seed of the noise; its size is a setting of the agents, on which these stages depend
    # anyway.
    inputs_by_agent = {agent: {"noise": str(seed)} for agent, seed in seed_by_agent.items()}
    make_weights(run.store, 0, inputs_by_agent, perturb)

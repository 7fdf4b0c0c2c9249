"""The agents' weights that a run folder holds, checked against what the run wrote."""

import json

from collate.commit import file_digest
from collate.config.schema import RunConfig
from collate.engines.protocol import AgentWeights
from collate.errors import InputError, RunFolderError
from collate.paths import inside
from collate.rounds.folder import RunFolder
from collate.tables import digest

Weights = dict[str, AgentWeights]


def last_weights(folder: RunFolder, config: RunConfig) -> tuple[Weights, int]:
    """Every agent's latest weights, and the number of the last finished round."""
    names = [agent["name"] for agent in folder.manifest.notes.get("agents", [])]
    weights = {name: AgentWeights(name, "base", None, "base") for name in names}
    rounds = {*folder.evaluated(), *folder.tuned()}
    if not rounds:
        raise InputError(f"{folder.path}: no round is finished yet; collate run continues it")
    for round in sorted(folder.tuned()):
        weights.update(committed_weights(folder, round, config.agents.weights))
    return weights, max(rounds)


def committed_weights(folder: RunFolder, round: int, kind: str) -> Weights:
    """The weights of a round, checked against the digests that the manifest has of their files."""
    at = f"{folder.round(round).name}/agents"
    agents = inside(folder.path, at)
    by_agent: dict[str, dict[str, str]] = {}
    for path, wanted in folder.manifest.stages[at]["files"].items():
        there = inside(folder.path, path)
        if not there.is_relative_to(agents) or there.parent == agents:
            raise RunFolderError(
                f"{folder.path}: the manifest names {path} among the files of {at}"
            )
        if not there.is_file() or file_digest(there) != wanted:
            raise RunFolderError(f"{there}: gone, or not the file that the run wrote")
        agent, *below = there.relative_to(agents).parts
        by_agent.setdefault(agent, {})["/".join(below)] = wanted
    return {
        agent: AgentWeights(
            agent, digest(json.dumps(files, sort_keys=True)), str(agents / agent), kind
        )
        for agent, files in by_agent.items()
    }

"""The agents' weights in a run folder: made once, and checked against what the run wrote."""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from collate.atomic import complete_folder, file_digest
from collate.cluster.actors import MADE
from collate.config.schema import RunConfig
from collate.errors import InputError, RunFolderError
from collate.models.weights import AgentWeights
from collate.store.paths import inside
from collate.store.run_folder import RunFolder, files_below
from collate.tables import digest

Weights = dict[str, AgentWeights]
Work = Callable[[Mapping[str, Path]], None]
"""Makes weights at these workplaces, by agent; they lie there as `MADE`."""


def make_weights(
    folder: RunFolder, round: int, inputs: Mapping[str, Mapping[str, str]], work: Work
) -> None:
    """Have the weights of these agents made, each from its inputs, and committed.

    `work` is given the workplaces of those that are not made yet.
    """
    at = f"{folder.round(round).name}/agents"
    began = time.monotonic()
    names = {agent: f"{at}/{agent}" for agent in inputs}
    keys = {agent: folder.key(names[agent], own) for agent, own in inputs.items()}
    left = [agent for agent in inputs if not folder.finished(names[agent], keys[agent])]
    places = {agent: folder.workplace(names[agent], keys[agent]) for agent in left}
    if missing := {a: place for a, place in places.items() if not (place / MADE).is_dir()}:
        work(missing)
    seconds = time.monotonic() - began
    for agent, place in places.items():
        folder.adopt(names[agent], place / MADE, keys[agent], seconds)
    whole = folder.key(at, folder.digests(*names.values()))
    if not folder.finished(at, whole):
        files = [path for name in names.values() for path in files_below(folder.path / name)]
        folder.commit(at, files, whole, seconds)
    folder.clear_workplaces(at)


def copy_weights(start: Weights, places: Mapping[str, Path]) -> None:
    """Copy another run's weights to the workplaces of this one's agents."""
    for agent, place in places.items():
        with complete_folder(place / MADE) as unfinished:
            shutil.copytree(str(start[agent].folder), unfinished, dirs_exist_ok=True)


def last_weights(folder: RunFolder, config: RunConfig) -> tuple[Weights, int]:
    """Every agent's latest weights, and the number of the last finished round."""
    names = [agent["name"] for agent in folder.manifest.notes.get("agents", [])]
    weights = {name: AgentWeights.base(name) for name in names}
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

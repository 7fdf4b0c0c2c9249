"""The agents' weights in a run folder: made once, and checked against what the run wrote.

`weights_of` is the one way from a run to weights, for whoever uses a finished run.
"""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from collate.atomic import complete_folder, file_digest
from collate.config.schema import RunConfig
from collate.errors import InputError, RunFolderError
from collate.evaluation.validation import best_accuracy, best_agent, best_round
from collate.models.folder_checks import index_problems
from collate.models.weights import FINISHED, AgentWeights
from collate.received_files import link_problem, links_below, shown
from collate.store.paths import inside
from collate.store.run_folder import RunFolder, files_below
from collate.tables import Metric, digest

Weights = dict[str, AgentWeights]
"""Weights by the agent's name."""

MakeWeights = Callable[[Mapping[str, Path]], None]
"""Makes weights in these scratch folders, by agent; they lie there as `FINISHED`."""

Which = Literal["best", "last"] | int


def weights_of(folder: RunFolder, config: RunConfig, which: Which = "best") -> tuple[Weights, int]:
    """Every agent's weights after one round of a run, and the number of that round.

    `best` is the round that stands for the run: with `patience` the one with the best validation
    accuracy, otherwise the last. `last` and a number mean what they say; an agent that learned
    nothing in a round keeps the weights it had. Raises InputError where the round is not finished.
    """
    finished = sorted({*folder.evaluated_rounds(), *folder.tuned_rounds()})
    if not finished:
        raise InputError(f"{folder.path}: no round is finished yet; collate run continues it")
    if which == "best":
        round = chosen_round(folder, config)
    else:
        round = finished[-1] if which == "last" else which
    if round not in finished:
        raise InputError(
            f"{folder.path}: round {round} is not finished; there are "
            f"{', '.join(map(str, finished))}"
        )
    agent_names = [agent["name"] for agent in folder.manifest.notes.get("agents", [])]
    weights = {name: AgentWeights.base(name) for name in agent_names}
    # From the first on: an agent that learned nothing in a round keeps weights of an earlier one.
    for tuned_round in folder.tuned_rounds():
        if tuned_round <= round:
            weights.update(committed_weights(folder, tuned_round, config.agents.weights))
    return weights, round


def chosen_round(folder: RunFolder, config: RunConfig) -> int:
    """The round whose agents stand for the run: the last, or with `patience` the best.

    The best has the highest validation accuracy of its best agent, the earliest among equals: the
    rounds after it are what showed that there was nothing more to gain.
    """
    # Not round 0, in which nothing was learned yet.
    evaluated = [number for number in folder.evaluated_rounds() if number]
    if config.patience is not None and evaluated:
        return best_round({number: validation_accuracy(folder, number) for number in evaluated})
    return max([*evaluated, *folder.tuned_rounds()], default=0)


def validation_accuracy(folder: RunFolder, round: int) -> float:
    """Strict accuracy of the round's best agent on validation questions."""
    return best_accuracy(folder.rows(f"{folder.round(round).name}/metrics", Metric))


def best_agent_of(folder: RunFolder, round: int) -> str:
    """The agent with the best validation accuracy after a round.

    Raises InputError where the run measured none.
    """
    round_metrics = folder.rows(f"{folder.round(round).name}/metrics", Metric)
    try:
        return best_agent(round_metrics)
    except ValueError as error:
        raise InputError(
            f"{folder.path}: no agent was measured on validation questions after round {round}; "
            f"name one: {folder.path}:agent-1"
        ) from error


def make_weights(
    folder: RunFolder,
    round: int,
    inputs: Mapping[str, Mapping[str, str]],
    make: MakeWeights,
) -> None:
    """Have the weights of these agents made, each from its inputs, and committed.

    `make` is given the scratch folders of those that are not made yet.
    """
    agents_stage = f"{folder.round(round).name}/agents"
    start_time = time.monotonic()
    stage_by_agent = {agent: f"{agents_stage}/{agent}" for agent in inputs}
    key_by_agent = {agent: folder.key(stage_by_agent[agent], inputs[agent]) for agent in inputs}
    scratch_by_agent = {
        agent: folder.scratch_folder(stage_by_agent[agent], key_by_agent[agent])
        for agent in inputs
        if not folder.is_finished(stage_by_agent[agent], key_by_agent[agent])
    }
    # A worker may have finished them before the process that asked for them died.
    scratch_to_fill = {
        agent: scratch_folder
        for agent, scratch_folder in scratch_by_agent.items()
        if not (scratch_folder / FINISHED).is_dir()
    }
    if scratch_to_fill:
        make(scratch_to_fill)
    # Agents are made together; a budget counts these seconds once, from the stage of all of them.
    seconds = time.monotonic() - start_time
    for agent, scratch_folder in scratch_by_agent.items():
        folder.install_folder(
            stage_by_agent[agent], scratch_folder / FINISHED, key_by_agent[agent], seconds
        )
    # One more stage for all of them, which names every file of the round's agents.
    round_key = folder.key(agents_stage, folder.digests(*stage_by_agent.values()))
    if not folder.is_finished(agents_stage, round_key):
        files = [
            path for stage in stage_by_agent.values() for path in files_below(folder.path / stage)
        ]
        folder.commit(agents_stage, files, round_key, seconds)
    folder.remove_scratch_folders(agents_stage)


def copy_weights(start: Mapping[str, AgentWeights], scratch: Mapping[str, Path]) -> None:
    """Copy weights from elsewhere to the scratch folders of this run's agents."""
    for agent, scratch_folder in scratch.items():
        with complete_folder(scratch_folder / FINISHED) as unfinished:
            shutil.copytree(str(start[agent].folder), unfinished, dirs_exist_ok=True)


def committed_weights(folder: RunFolder, round: int, kind: str) -> Weights:
    """The weights of a round, checked against the digests that the manifest has of their files.

    Raises RunFolderError for a file that is gone or was changed, for one that the manifest names
    outside of the agents' folders, and for one in these folders that it does not name: libraries
    read a folder as a whole.
    """
    agents_stage = f"{folder.round(round).name}/agents"
    agents_folder = inside(folder.path, agents_stage)
    digests_by_agent: dict[str, dict[str, str]] = {}
    for file_name, expected_digest in folder.manifest.stages[agents_stage]["files"].items():
        weights_file = inside(folder.path, file_name)
        # Every file lies in the folder of an agent, none beside these folders.
        if not weights_file.is_relative_to(agents_folder) or weights_file.parent == agents_folder:
            raise RunFolderError(
                f"{folder.path}: the manifest names {file_name} among the files of {agents_stage}"
            )
        if not weights_file.is_file() or file_digest(weights_file) != expected_digest:
            raise RunFolderError(f"{weights_file}: gone, or not the file that the run wrote")
        agent, *path_below = weights_file.relative_to(agents_folder).parts
        digests_by_agent.setdefault(agent, {})["/".join(path_below)] = expected_digest
    for agent, digests in digests_by_agent.items():
        _check_only(agents_folder / agent, digests)
        if kind == "full" and (problems := index_problems(agents_folder / agent)):
            raise RunFolderError("\n".join(problems))
    return {
        agent: AgentWeights(
            agent,
            digest(json.dumps(digests, sort_keys=True)),
            str(agents_folder / agent),
            kind,
        )
        for agent, digests in digests_by_agent.items()
    }


def _check_only(folder: Path, named: Mapping[str, str]) -> None:
    """Raise RunFolderError unless the folder holds the files that are named, and nothing else."""
    if problems := [link_problem(link) for link in links_below(folder)]:
        raise RunFolderError("\n".join(problems))
    for path in files_below(folder):
        if path.relative_to(folder).as_posix() not in named:
            raise RunFolderError(
                f"{shown(path)}: not a file of the run (its manifest does not name it); remove it"
            )

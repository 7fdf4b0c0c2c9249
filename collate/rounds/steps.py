"""A run's stages as its loop sees them: done once, shown on the screen, committed to disk."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from collate.agents.roster import Agent
from collate.cluster.workers import Workers
from collate.commit import file_digest
from collate.config.schema import RunConfig
from collate.engines.protocol import AgentWeights
from collate.errors import InputError, RunFolderError
from collate.paths import inside
from collate.rounds import stages
from collate.rounds.folder import RunFolder
from collate.rounds.prompts import Prompts
from collate.rounds.screen import Screen
from collate.tables import (
    Answer,
    Dropped,
    Metric,
    Pair,
    Question,
    Rationale,
    Score,
    TuningStep,
    digest,
    seed_of,
)  # fmt: skip
from collate.tasks import TaskData
from collate.tuning.curves import read_curves

Weights = dict[str, AgentWeights]

FALLING = 1.0
"""Nats by which the chosen rationales' log-probability may fall before the user is warned."""


class Steps:
    """Everything that the stages of one run share."""

    def __init__(
        self,
        config: RunConfig,
        agents: Sequence[Agent],
        data: TaskData,
        prompts: Prompts,
        folder: RunFolder,
        workers: Workers,
        screen: Screen,
    ):
        self.config, self.agents, self._data = config, agents, data
        self._prompts, self._folder, self._workers, self._screen = prompts, folder, workers, screen

    def questions(self) -> list[Question]:
        """All questions of the run, with their splits."""
        tables = {"questions": Question}
        return self._folder.stage("questions", tables, lambda: {"questions": self._data.questions})[
            "questions"
        ]

    def first_weights(self) -> Weights:
        """What each agent begins with: the base itself, or its own noise on it."""
        base = AgentWeights(agent="", digest="base", folder=None, kind="base")
        weights = {a.name: AgentWeights(a.name, base.digest, None, base.kind) for a in self.agents}
        if not self.config.agents.noise:
            return weights
        if not self._folder.finished("round-00/agents"):
            folders = self._agent_folders(0)
            seeds = {a.name: seed_of(self.config.seed, a.name, "noise") for a in self.agents}
            missing = {folders[a]: seeds[a] for a in folders if not folders[a].is_dir()}
            with self._screen.stage("perturb the copies", "agents", len(missing)):
                self._workers.perturb(missing)
            self._commit_agents(0, 0.0)
        return self._weights_after(0, weights)

    def measure_base(self, questions: Sequence[Question], weights: Weights) -> list[Answer]:
        """The base's answers to the kept splits; also measures the agents before any tuning."""
        untouched = {a.name: AgentWeights(a.name, "base", None, "base") for a in self.agents}

        def make() -> Mapping[str, Sequence[Answer | Metric]]:
            answers = self._answers(0, "before  evaluate", questions, untouched)
            base = stages.as_base(answers)
            if weights != untouched:
                answers = self._answers(0, "before  evaluate agents", questions, weights)
            metrics = stages.metrics(self.config, 0, self.agents, questions, answers, base)
            return {"round-00/answers": [*base, *answers], "round-00/metrics": metrics}

        tables = {"round-00/answers": Answer, "round-00/metrics": Metric}
        rows = self._folder.stage("round-00/evaluate", tables, make)["round-00/answers"]
        return [row for row in rows if row.agent == stages.BASE]

    def generate(self, round: int, asked: Sequence[Question], weights: Weights) -> list[Rationale]:
        """Every agent's rationales for the round's questions."""
        table = f"{self._name(round)}/rationales"

        def make() -> Mapping[str, Sequence[Rationale]]:
            total = len(asked) * len(self.agents) * self.config.agents.samples
            with self._screen.stage(f"round {round}  generate", "rationales", total) as tick:
                made = stages.generate(
                    self.config,
                    round,
                    self.agents,
                    weights,
                    asked,
                    self._prompts,
                    self._workers,
                    tick,
                )
            return {table: made}

        return self._folder.stage(f"{self._name(round)}/generate", {table: Rationale}, make)[table]

    def score(
        self, round: int, asked: Sequence[Question], rationales: Sequence[Rationale]
    ) -> list[Score]:
        """Verdict and answer likelihood of each rationale."""
        table = f"{self._name(round)}/scores"

        def make() -> Mapping[str, Sequence[Score]]:
            with self._screen.stage(f"round {round}  score", "rationales", len(rationales)) as tick:
                made = stages.score(asked, rationales, self._prompts, self._workers)
                tick(len(made), 0)
            return {table: made}

        return self._folder.stage(f"{self._name(round)}/score", {table: Score}, make)[table]

    def pair(
        self,
        round: int,
        asked: Sequence[Question],
        rationales: Sequence[Rationale],
        scores: Sequence[Score],
    ) -> list[Pair]:
        """The round's pairs; says how many, and why the other questions gave none."""
        at = self._name(round)

        def make() -> Mapping[str, Sequence[Pair | Dropped]]:
            pairs, dropped = stages.pair(self.config, self.agents, asked, rationales, scores)
            return {f"{at}/pairs": pairs, f"{at}/dropped": dropped}

        rows = self._folder.stage(
            f"{at}/pair", {f"{at}/pairs": Pair, f"{at}/dropped": Dropped}, make
        )
        pairs, dropped = rows[f"{at}/pairs"], rows[f"{at}/dropped"]
        reasons = Counter(row.reason for row in dropped)
        self._screen.say(
            f"  {f'round {round}  pair':<20} {len(pairs):,} pairs "
            f"over {len(self.agents)} agents; no pair: "
            + (
                ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
                or "none"
            )
        )
        if not pairs:
            self._screen.say(
                "  nothing left to learn: no question gave a pair, so the run ends here"
            )
        return pairs

    def tune(
        self,
        round: int,
        asked: Sequence[Question],
        rationales: Sequence[Rationale],
        pairs: Sequence[Pair],
        weights: Weights,
    ) -> Weights:
        """Every agent's weights after the round; an agent without pairs keeps those it had."""
        table = f"{self._name(round)}/tuning"
        folders = self._agent_folders(round)

        def make() -> Mapping[str, Sequence[TuningStep]]:
            began = time.monotonic()
            with self._screen.stage(
                f"round {round}  tune", "steps", self._tuning_steps(pairs)
            ) as tick:
                stages.tune(
                    self.config, round, self.agents, weights, asked, rationales, pairs,
                    self._prompts, self._workers, folders, tick,
                )  # fmt: skip
            self._commit_agents(round, time.monotonic() - began)
            tuned = [a for a in folders if folders[a].is_dir()]
            steps = [
                TuningStep(round=round, agent=a, **vars(step))
                for a in tuned
                for step in read_curves(folders[a])
            ]
            return {table: steps}

        steps = self._folder.stage(f"{self._name(round)}/tune", {table: TuningStep}, make)[table]
        self._warn_falling_chosen(steps)
        return self._weights_after(round, weights)

    def evaluate(
        self, round: int, questions: Sequence[Question], weights: Weights, base: Sequence[Answer]
    ) -> list[Metric]:
        """The round's answers on the kept splits and all numbers about them."""
        at = self._name(round)

        def make() -> Mapping[str, Sequence[Answer | Metric]]:
            answers = self._answers(round, f"round {round}  evaluate", questions, weights)
            metrics = stages.metrics(self.config, round, self.agents, questions, answers, base)
            return {f"{at}/answers": answers, f"{at}/metrics": metrics}

        tables = {f"{at}/answers": Answer, f"{at}/metrics": Metric}
        return self._folder.stage(f"{at}/evaluate", tables, make)[f"{at}/metrics"]

    def _answers(
        self, round: int, label: str, questions: Sequence[Question], weights: Weights
    ) -> list[Answer]:
        total = stages.answer_count(self.config, questions, len(self.agents))
        with self._screen.stage(label, "answers", total) as tick:
            return stages.answer(
                self.config,
                round,
                self.agents,
                weights,
                questions,
                self._prompts,
                self._workers,
                tick,
            )

    def _name(self, round: int) -> str:
        return self._folder.round(round).name

    def _agent_folders(self, round: int) -> dict[str, Path]:
        # Absolute, since workers do not run in this process's folder.
        agents = (self._folder.round(round) / "agents").absolute()
        return {a.name: agents / a.name for a in self.agents}

    def _tuning_steps(self, pairs: Sequence[Pair]) -> int:
        settings = self.config.tuning
        counts = Counter(pair.agent for pair in pairs)
        steps = [-(-count * settings.epochs // settings.batch) for count in counts.values()]
        return sum(min(s, settings.max_steps) if settings.max_steps else s for s in steps)

    def _commit_agents(self, round: int, seconds: float) -> None:
        """Enter the weights of a round into the manifest, with the digest of each file."""
        agents = self._folder.round(round) / "agents"
        folders = [agents / a.name for a in self.agents if (agents / a.name).is_dir()]
        files = [path for folder in folders for path in sorted(folder.iterdir())]
        self._folder.commit(f"{self._name(round)}/agents", files, seconds=seconds)

    def _weights_after(self, round: int, before: Weights) -> Weights:
        return {**before, **_committed_weights(self._folder, round, self.config.agents.weights)}

    def _warn_falling_chosen(self, steps: Sequence[TuningStep]) -> None:
        """Say when the chosen rationales became less likely, as DPO without an anchor may do."""
        for agent in self.agents:
            own = [s.chosen_logratio for s in steps if s.agent == agent.name]
            last = own[-max(len(own) // 4, 1) :]
            if last and (fall := -sum(last) / len(last)) > FALLING:
                self._screen.say(
                    f"  warning: {agent.name}'s chosen rationales lost {fall:.1f} nats of "
                    "log-probability in tuning; a larger tuning.nll_weight or a smaller learning "
                    "rate holds them"
                )


def last_weights(folder: RunFolder, config: RunConfig) -> tuple[Weights, int]:
    """Every agent's latest weights, and the number of the last evaluated round."""
    names = [agent["name"] for agent in folder.manifest.get("agents", [])]
    weights = {name: AgentWeights(name, "base", None, "base") for name in names}
    rounds = folder.evaluated()
    if not rounds:
        raise InputError(f"{folder.path}: no round is finished yet; collate run continues it")
    for round in range(max(rounds) + 1):
        if f"{folder.round(round).name}/agents" in folder.manifest["stages"]:
            weights.update(_committed_weights(folder, round, config.agents.weights))
    return weights, max(rounds)


def _committed_weights(folder: RunFolder, round: int, kind: str) -> Weights:
    """The weights of a round, checked against the digests that the manifest has of their files."""
    at = f"{folder.round(round).name}/agents"
    by_agent: dict[Path, dict[str, str]] = {}
    for path, wanted in folder.manifest["stages"][at]["files"].items():
        there = inside(folder.path, path)
        if there.parent.parent != inside(folder.path, at):
            raise RunFolderError(f"{folder.path}: run.json names {path} among the files of {at}")
        if not there.is_file() or file_digest(there) != wanted:
            raise RunFolderError(f"{there}: gone, or not the file that the run wrote")
        by_agent.setdefault(there.parent, {})[there.name] = wanted
    return {
        own.name: AgentWeights(own.name, digest(json.dumps(files, sort_keys=True)), str(own), kind)
        for own, files in by_agent.items()
    }

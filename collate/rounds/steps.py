"""A run's stages as its loop sees them: done once, shown on the screen, committed to disk."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent
from collate.cluster.workers import Workers
from collate.config.schema import RunConfig
from collate.console import messages as remarks
from collate.console.terminal import Screen, Tick
from collate.evaluation.collapse import collapsed
from collate.evaluation.metrics import READER, best_agent
from collate.models.weights import AgentWeights
from collate.pairs import needs_gold
from collate.rounds import budget, stages
from collate.rounds.generate import Round, generate, writes_own_part
from collate.rounds.measure import distance, diversity_and_quality
from collate.rounds.two_models import read, trained_reader
from collate.store.run_folder import RunFolder
from collate.store.run_weights import Weights, committed_weights, copy_weights, make_weights
from collate.store.tables_on_disk import Block, StoredRows
from collate.tables import (
    GOLD,
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
        self._asked = 0
        """Questions asked in the rounds so far."""
        self._before = budget.spent_on_warmup(config)
        """What a warm-up took of the budget."""

    def questions(self) -> list[Question]:
        """All questions of the run, with their splits."""
        rows = {"questions": self._data.questions}
        tables = {"questions": Question}
        return list(self._folder.stage("questions", tables, lambda: [rows])["questions"])

    def first_weights(self, start: Weights | None) -> Weights:
        """What each agent begins with: the base, its own noise on it, or another run's weights."""
        weights = self._untouched()
        if start is not None:
            own = {a: {"start": one.digest} for a, one in start.items() if one.folder is not None}
            make_weights(self._folder, 0, own, lambda places: copy_weights(start, places))
            return self._weights_after(0, weights)
        if not self.config.agents.noise:
            return weights
        seeds = {a.name: seed_of(self.config.seed, a.name, "noise") for a in self.agents}

        def perturb(places: Mapping[str, Path]) -> None:
            with self._screen.stage("perturb the copies", "agents", len(places)) as tick:
                self._workers.perturb({place: seeds[a] for a, place in places.items()}, tick)

        inputs = {agent: {"noise": str(seed)} for agent, seed in seeds.items()}
        make_weights(self._folder, 0, inputs, perturb)
        return self._weights_after(0, weights)

    def _untouched(self) -> Weights:
        return {a.name: AgentWeights.base(a.name) for a in self.agents}

    def stalled(self, round: int) -> bool:
        """Whether `patience` rounds in a row brought no better validation accuracy; says so."""
        patience = self.config.patience
        if patience is None or self.config.evaluation.rounds != "all":
            return False
        best = [self._validation_accuracy(earlier) for earlier in range(round + 1)]
        since = round - max(range(round + 1), key=lambda r: (best[r], -r))
        if since < patience:
            return False
        self._screen.say(
            f"  no better validation accuracy in {since} rounds (patience={patience}), so the run "
            "ends here"
        )
        return True

    def _validation_accuracy(self, round: int) -> float:
        """The best agent's."""
        names = {agent.name for agent in self.agents}
        return max(
            metric.value
            for metric in self._folder.rows(f"{self._name(round)}/metrics", Metric)
            if (metric.split, metric.name) == ("validation", "accuracy") and metric.agent in names
        )

    def measure_base(self, questions: Sequence[Question], weights: Weights) -> list[Answer]:
        """The base's answers to the kept splits; also measures the agents before any tuning."""
        untouched = self._untouched()
        if self.config.evaluation.rounds == "none":
            return []

        def make() -> Iterator[Block]:
            answers = list(self._answers(0, "before  evaluate", questions, untouched))
            base = stages.as_base(answers)
            if weights != untouched:
                of_agents = "before  evaluate agents"
                answers = list(self._answers(0, of_agents, questions, weights, "-agents"))
            metrics = stages.metrics(self.config, 0, self.agents, questions, answers, base)
            yield {"round-00/answers": [*base, *answers], "round-00/metrics": metrics}

        tables = {"round-00/answers": Answer, "round-00/metrics": Metric}
        inputs = self._inputs("questions", weights=weights)
        rows = self._folder.stage("round-00/evaluate", tables, make, inputs)["round-00/answers"]
        return [row for row in rows if row.agent == stages.BASE]

    def generate(
        self, round: int, questions: Sequence[Question], weights: Weights
    ) -> tuple[list[Question], StoredRows[Rationale]]:
        """The round's questions, and every agent's rationales for them.

        Questions come in turn, as many as the settings say, or as the round's share of a budget
        suffices for.
        """
        name, table = f"{self._name(round)}/generate", f"{self._name(round)}/rationales"
        first, count = self._asked, self.config.questions_per_round
        tokens = self._tokens_to_generate(round)
        gold = needs_gold(self.config.pairs)
        inputs = self._inputs("questions", weights=weights) | {"gold": str(gold)}
        if writes_own_part(self.config):
            inputs |= {"writes": "own part"}
        if tokens is None:
            asked = stages.next_questions(questions, first, count)
            inputs |= {"asked": digest(*(q.id for q in asked))}
        else:
            inputs |= {"asked": f"from {first}", "tokens": str(tokens)}

        def show(label: str, total: int, there: int) -> AbstractContextManager[Tick]:
            return self._screen.stage(f"round {round}  {label}", "rationales", total, there)

        def make() -> Iterator[Block]:
            kept = self._folder.shards(name, Rationale, inputs)

            def written(count: int | None) -> Iterator[list[Rationale]]:
                asked = stages.next_questions(questions, first, count)
                blocks = stages.blocks_of_round(self.config, asked)
                of = Round(self.config, round, self.agents, self._prompts)
                return generate(of, weights, blocks, self._workers, kept, show, gold=gold)

            enough = count if tokens is None else self._enough(round, tokens, written)
            for rows in written(enough):
                yield {table: rows}

        stored: StoredRows[Rationale] = self._folder.stage(name, {table: Rationale}, make, inputs)[
            table
        ]
        if tokens is not None:
            count = len({rationale.question_id for rationale in stored})
        asked = stages.next_questions(questions, first, count)
        self._asked += len(asked)
        return asked, stored

    def _tokens_to_generate(self, round: int) -> int | None:
        """The round's share of a budget of generated tokens; None where there is no such budget."""
        whole = self.config.budget.generated_tokens
        if whole is None or not self.config.agents.samples:
            return None
        spent = self._before.generated + budget.generated(self._folder, range(1, round))
        return budget.share(whole, spent, round, self.config.rounds)

    def _enough(
        self, round: int, tokens: int, written: Callable[[int], Iterator[list[Rationale]]]
    ) -> int:
        """For how many questions so many tokens suffice.

        The mean length of the agents' answers, or of the earlier rounds' rationales, says about how
        many. Half of them are asked, and what those brought says how many more there are to be.
        """
        settings, before = self.config.agents, range(1, round)
        each = budget.mean_tokens(self._folder, before) or settings.max_tokens
        each_question = each * settings.count * (settings.samples + settings.peers)
        half = max(1, budget.questions_within(tokens / 2, each_question))
        questions, spent = set[str](), 0
        for rows in written(half):
            questions |= {row.question_id for row in rows}
            spent += sum(len(row.token_ids) for row in rows if row.source != GOLD)
        enough = len(questions) + budget.questions_within(tokens - spent, spent / len(questions))
        if enough > self._data.count("train"):
            self._screen.say(
                f"  warning: the budget would suffice for {enough:,} questions in round {round}; "
                f"there are {self._data.count('train'):,} to learn from (task.train)"
            )
        return enough

    def score(
        self, round: int, asked: Sequence[Question], rationales: StoredRows[Rationale]
    ) -> StoredRows[Score]:
        """Verdict and answer likelihood of each rationale."""
        name, table = f"{self._name(round)}/score", f"{self._name(round)}/scores"
        inputs = self._inputs("questions", f"{self._name(round)}/generate")

        made = False

        def make() -> Iterator[Block]:
            nonlocal made
            made = True
            kept = self._folder.shards(name, Score, inputs)
            with self._screen.stage(
                f"round {round}  score", "rationales", len(rationales), kept.kept
            ) as tick:
                for rows in stages.score(
                    self.config, asked, rationales, self._prompts, self._workers, kept, tick
                ):
                    yield {table: rows}

        scores: StoredRows[Score] = self._folder.stage(name, {table: Score}, make, inputs)[table]
        if made:
            self._say(remarks.of_scores(scores, self.config))
        return scores

    def measure(
        self,
        round: int,
        asked: Sequence[Question],
        rationales: StoredRows[Rationale],
        scores: StoredRows[Score],
        weights: Weights,
    ) -> None:
        """How far the agents differ and how good the scores are; warns when diversity collapses."""
        at = self._name(round)
        table, settings = f"{at}/measures", self.config.evaluation
        made = False

        def make() -> Iterator[Block]:
            nonlocal made
            made = True
            found = diversity_and_quality(
                self.config, round, self.agents, asked, rationales, scores
            )
            if settings.cross_rationales and len(self.agents) > 1:
                label = f"round {round}  distance"
                with self._screen.stage(label, "agents", len(self.agents)) as tick:
                    found += distance(
                        self.config, round, self.agents, weights, asked, rationales,
                        self._prompts, self._workers, tick,
                    )  # fmt: skip
            yield {table: found}

        inputs = self._inputs(f"{at}/generate", f"{at}/score", weights=weights)
        self._folder.stage(f"{at}/measure", {table: Metric}, make, inputs)
        if not made:
            return
        names = {number: f"{self._name(number)}/measures" for number in range(1, round + 1)}
        by_round = {number: self._folder.rows(name, Metric) for number, name in names.items()}
        self._say(remarks.of_measures(by_round[round]))
        if warning := collapsed(by_round):
            self._screen.say(f"  warning: {warning}")

    def pair(
        self,
        round: int,
        asked: Sequence[Question],
        rationales: StoredRows[Rationale],
        scores: StoredRows[Score],
    ) -> StoredRows[Pair]:
        """The round's pairs; says how many, and why the other questions gave none."""
        at = self._name(round)

        def make() -> Iterator[Block]:
            made, winners, reasons = 0, Counter[str](), Counter[str]()
            blocks = stages.pair(self.config, self.agents, asked, rationales, scores)
            for (pairs, dropped), written in zip(blocks, rationales.blocks(), strict=True):
                source = {rationale.id: rationale.source for rationale in written}
                winners.update(source[pair.chosen_id] for pair in pairs)
                made += len(pairs)
                reasons.update(row.reason for row in dropped)
                yield {f"{at}/pairs": pairs, f"{at}/dropped": dropped}
            self._say([remarks.of_pairs(round, len(self.agents), made, winners, reasons)])

        tables = {f"{at}/pairs": Pair, f"{at}/dropped": Dropped}
        inputs = self._inputs("questions", f"{at}/generate", f"{at}/score")
        pairs: StoredRows[Pair] = self._folder.stage(f"{at}/pair", tables, make, inputs)[
            f"{at}/pairs"
        ]
        if not pairs:
            self._screen.say(
                "  nothing left to learn: no question gave a pair, so the run ends here"
            )
        return pairs

    def tune(
        self,
        round: int,
        asked: Sequence[Question],
        rationales: StoredRows[Rationale],
        pairs: StoredRows[Pair],
        weights: Weights,
    ) -> Weights:
        """Every agent's weights after the round; an agent without pairs keeps those it had."""
        at = self._name(round)
        counts = Counter(pair.agent for pair in pairs)
        learning = [agent.name for agent in self.agents if counts[agent.name]]
        rows = self._inputs(f"{at}/generate", f"{at}/pair")
        inputs = {agent: {**rows, "weights": weights[agent].digest} for agent in learning}
        config = self.config
        if (whole := config.budget.tuned_tokens) is not None:
            spent = self._before.tuned + budget.tuned(self._folder, range(1, round))
            left = budget.share(whole, spent, round, config.rounds)
            tuning = replace(
                config.tuning, tokens=max(1, left // len(learning)), epochs=config.budget.epochs
            )
            config = replace(config, tuning=tuning)
            inputs = {a: {**own, "tokens": str(tuning.tokens)} for a, own in inputs.items()}

        def tune(places: Mapping[str, Path]) -> None:
            steps = stages.tuning_steps(config, round, rationales, pairs)
            total = sum(steps[agent] for agent in places)
            with self._screen.stage(f"round {round}  tune", "steps", total) as tick:
                stages.tune(
                    config, round, self.agents, weights, asked, rationales, pairs,
                    self._prompts, self._workers, places, tick,
                )  # fmt: skip

        make_weights(self._folder, round, inputs, tune)

        def make() -> Iterator[Block]:
            agents = self._folder.round(round) / "agents"
            curves = {agent: read_curves(agents / agent) for agent in learning}
            yield {
                f"{at}/tuning": [
                    TuningStep(round=round, agent=agent, **asdict(step))
                    for agent, steps in curves.items()
                    for step in steps
                ]
            }

        tables = {f"{at}/tuning": TuningStep}
        curves = self._folder.stage(f"{at}/tune", tables, make, self._inputs(f"{at}/agents"))
        self._say(remarks.of_curves(self.agents, list(curves[f"{at}/tuning"])))
        return self._weights_after(round, weights)

    def evaluate(
        self,
        round: int,
        questions: Sequence[Question],
        weights: Weights,
        base: Sequence[Answer],
        *,
        last: bool = False,
    ) -> None:
        """Take the round's answers on the kept splits and all numbers about them.

        Every round is measured, or the last alone, or none (`evaluation.rounds`).
        """
        at, when = self._name(round), self.config.evaluation.rounds
        if when == "none" or (when == "last" and not last):
            return

        def make() -> Iterator[Block]:
            label = f"round {round}  evaluate"
            answers = list(self._answers(round, label, questions, weights))
            if self.config.evaluation.confidence:
                answers = self._with_confidence(round, questions, answers)
            metrics = stages.metrics(self.config, round, self.agents, questions, answers, base)
            if self.config.evaluation.reader != "none":
                read = self._read(round, best_agent(metrics), questions, answers)
                answers = [*answers, *read]
                metrics += stages.reader_metrics(self.config, round, questions, read, base)
            yield {f"{at}/answers": answers, f"{at}/metrics": metrics}

        tables = {f"{at}/answers": Answer, f"{at}/metrics": Metric}
        inputs = self._inputs("questions", "round-00/evaluate", weights=weights)
        self._folder.stage(f"{at}/evaluate", tables, make, inputs)

    def _read(
        self, round: int, provider: str, questions: Sequence[Question], answers: Sequence[Answer]
    ) -> list[Answer]:
        """The answers of a reader to what the provider wrote."""
        asked = {question.id: question for question in questions}
        weights = AgentWeights.base(READER)
        if self.config.evaluation.reader == "trained":
            weights = trained_reader(
                self.config, round, provider, asked, self._prompts, self._folder, self._workers,
                self._screen,
            )  # fmt: skip
        kept = sum(question.split != "train" for question in questions)
        with self._screen.stage(f"round {round}  read", "answers", kept) as tick:
            return read(
                self.config, provider, weights, asked, answers, self._prompts, self._workers, tick
            )

    def _with_confidence(
        self, round: int, questions: Sequence[Question], answers: Sequence[Answer]
    ) -> list[Answer]:
        with self._screen.stage(f"round {round}  confidence", "answers", len(answers)) as tick:
            return stages.with_confidence(
                self.config, questions, answers, self._prompts, self._workers, tick
            )

    def _answers(
        self,
        round: int,
        label: str,
        questions: Sequence[Question],
        weights: Weights,
        part: str = "",
    ) -> Iterator[Answer]:
        total = stages.answer_count(self.config, questions, len(self.agents))
        inputs = self._inputs("questions", weights=weights)
        kept = self._folder.shards(f"{self._name(round)}/evaluate", Answer, inputs, part)
        with self._screen.stage(label, "answers", total, kept.kept) as tick:
            for rows in stages.answer(
                self.config, round, self.agents, weights, questions, self._prompts, self._workers,
                kept, tick,
            ):  # fmt: skip
                yield from rows

    def _inputs(self, *made_by: str, weights: Weights | None = None) -> dict[str, str]:
        """Digests of the files of these stages, and of these weights, by name."""
        inputs = self._folder.digests(*made_by)
        if weights is not None:
            own = sorted((agent, one.digest) for agent, one in weights.items())
            inputs["weights"] = digest(*(f"{agent} {value}" for agent, value in own))
        return inputs

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._screen.say(line)

    def _name(self, round: int) -> str:
        return self._folder.round(round).name

    def _weights_after(self, round: int, before: Weights) -> Weights:
        return {**before, **committed_weights(self._folder, round, self.config.agents.weights)}

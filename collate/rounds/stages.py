"""The stages of a round as the loop calls them: rows and settings in, rows out.

Each of them is a thin layer over the room that does the work; none knows of the run folder. What
grows with the number of questions goes through them block by block.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from collate.agents.roster import Agent, own_parts
from collate.cluster.actors import TuningJob
from collate.cluster.workers import Report, ToScore, Workers
from collate.config.schema import RunConfig
from collate.engines.protocol import AgentWeights, Completion, Request
from collate.errors import EngineError
from collate.evaluation.metrics import BASE, measure
from collate.pairs import make_pairs
from collate.rounds.prompts import Prompts
from collate.rounds.stored import StoredRows
from collate.scoring import Verifier
from collate.tables import (
    RIGHT,
    Answer,
    Dropped,
    Metric,
    Pair,
    Question,
    Rationale,
    Score,
    digest,
    seed_of,
)  # fmt: skip
from collate.tuning.tune import pair_examples, step_count, write_examples

Weights = Mapping[str, AgentWeights]

BLOCK = 4096
"""Rows of a block, about: what is in memory at once of a table that grows with the questions."""


def questions_of_round(
    config: RunConfig, questions: Sequence[Question], round: int
) -> list[Question]:
    """The training questions of a round: all, or the next `questions_per_round` of them in turn."""
    train = [q for q in questions if q.split == "train"]
    if config.questions_per_round is None or config.questions_per_round >= len(train):
        return train
    first = (round - 1) * config.questions_per_round
    return [train[(first + i) % len(train)] for i in range(config.questions_per_round)]


class Kept(Protocol):
    """Rows of a stage that are there already, by block, and where to put more as they come."""

    def rows(self, block: int) -> list[Any]: ...

    def add(self, block: int, rows: Sequence[Any]) -> None: ...


class Loose:
    """Rows that are kept nowhere but here."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Any]] = defaultdict(list)

    def rows(self, block: int) -> list[Any]:
        return self._rows[block]

    def add(self, block: int, rows: Sequence[Any]) -> None:
        self._rows[block] += rows


def question_blocks(questions: Sequence[Question], each: int) -> list[Sequence[Question]]:
    """The questions in blocks, when so many rows are made of each question."""
    size = max(1, BLOCK // max(1, each))
    return [questions[start : start + size] for start in range(0, len(questions), size)]


def blocks_of_round(config: RunConfig, questions: Sequence[Question]) -> list[Sequence[Question]]:
    """The blocks of a round's tables."""
    return question_blocks(questions, config.agents.count * config.agents.samples)


@dataclass(frozen=True)
class _Asked:
    """What one row is to be made from."""

    request: Request
    question: Question
    sample: int


def generate(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    weights: Weights,
    questions: Sequence[Question],
    prompts: Prompts,
    workers: Workers,
    kept: Kept,
    report: Report,
) -> Iterator[list[Rationale]]:
    """`agents.samples` rationales by every agent for every question, block by block."""

    def asked(block: Sequence[Question]) -> Iterator[_Asked]:
        for agent in agents:
            for question in block:
                for sample in range(config.agents.samples):
                    request = Request(
                        key=digest(question.id, agent.name, round, sample), agent=agent.name,
                        prompt_ids=prompts.of(agent.name, question),
                        seed=seed_of(config.seed, round, agent.name, question.id, sample),
                        temperature=agent.temperature, top_p=agent.top_p,
                        max_tokens=config.agents.max_tokens,
                    )  # fmt: skip
                    yield _Asked(request, question, sample)

    def rationales(written: Sequence[tuple[_Asked, Completion]]) -> list[Rationale]:
        return [
            Rationale(
                id=done.key, question_id=of.question.id, agent=of.request.agent,
                adapter=weights[of.request.agent].digest, round=round, sample=of.sample,
                seed=of.request.seed, temperature=of.request.temperature, top_p=of.request.top_p,
                prompt_ids=of.request.prompt_ids, token_ids=done.token_ids, text=done.text,
                finish_reason=done.finish_reason, logprob=done.logprob,
            )
            for of, done in written
        ]  # fmt: skip

    return _written(
        blocks_of_round(config, questions), asked, rationales, lambda row: row.id, weights, workers,
        kept, report,
    )  # fmt: skip


def _written(
    blocks: Sequence[Sequence[Question]],
    asked: Callable[[Sequence[Question]], Iterable[_Asked]],
    rows_of: Callable[[Sequence[tuple[_Asked, Completion]]], list[Any]],
    key_of: Callable[[Any], str],
    weights: Weights,
    workers: Workers,
    kept: Kept,
    report: Report,
) -> Iterator[list[Any]]:
    """Have everything written that is asked of each block, but what is kept already.

    `rows_of` makes rows of what was asked and written, and `key_of` gives a row's request. The
    blocks come back when all are whole, their rows in the order in which they were asked for.
    """
    waiting: dict[str, _Asked] = {}

    def missing() -> Iterator[list[Request]]:
        for number, block in enumerate(blocks):
            there = {key_of(row) for row in kept.rows(number)}
            left = {one.request.key: one for one in asked(block) if one.request.key not in there}
            waiting.update(left)
            yield [one.request for one in left.values()]

    def keep(number: int, done: Sequence[Completion]) -> None:
        kept.add(number, rows_of([(waiting.pop(one.key), one) for one in done]))

    workers.generate(missing(), weights, report, keep=keep)
    if waiting:
        raise EngineError(f"the engines left {len(waiting)} requests unanswered: {min(waiting)}")
    for number, block in enumerate(blocks):
        rows = {key_of(row): row for row in kept.rows(number)}
        yield [rows[one.request.key] for one in asked(block)]


def score(
    config: RunConfig,
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    prompts: Prompts,
    workers: Workers,
    kept: Kept,
    report: Report,
) -> Iterator[list[Score]]:
    """Verdict and answer likelihood of every rationale, under the frozen base model."""
    blocks = blocks_of_round(config, questions)

    def missing() -> Iterator[list[ToScore]]:
        for number, (block, written) in enumerate(zip(blocks, rationales.blocks(), strict=True)):
            there = {row.rationale_id for row in kept.rows(number)}
            own: dict[str, list[Rationale]] = defaultdict(list)
            for rationale in written:
                own[rationale.question_id].append(rationale)
            yield [
                ToScore(question, own[question.id], prompts.base(question))
                for question in block
                if any(rationale.id not in there for rationale in own[question.id])
            ]

    workers.score(missing(), report, keep=kept.add)
    for number, written in enumerate(rationales.blocks()):
        rows = {row.rationale_id: row for row in kept.rows(number)}
        yield [rows[rationale.id] for rationale in written]


def pair(
    config: RunConfig,
    agents: Sequence[Agent],
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    scores: StoredRows[Score],
) -> Iterator[tuple[list[Pair], list[Dropped]]]:
    """The pairs of every agent, and the questions that gave it none, block by block."""
    parts: Mapping[str, Collection[str]] | None = own_parts(config, agents, questions)
    names = [agent.name for agent in agents]
    for block, written, scored in zip(
        blocks_of_round(config, questions), rationales.blocks(), scores.blocks(), strict=True
    ):
        yield make_pairs(
            block,
            written,
            scored,
            agents=names,
            parts=parts,
            answer_kind=config.task.answer_kind,
            config=config.pairs,
        )


def tune(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    weights: Weights,
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    pairs: StoredRows[Pair],
    prompts: Prompts,
    workers: Workers,
    targets: Mapping[str, Path],
    report: Report,
) -> None:
    """Tune each agent that has a target, from its weights into that folder, on its own pairs."""
    asked = {q.id: q for q in questions}
    counts = Counter(pair.agent for pair in pairs)

    def examples(agent: str) -> Iterator[list[dict[str, Any]]]:
        for block, written in zip(pairs.blocks(), rationales.blocks(), strict=True):
            own = [pair for pair in block if pair.agent == agent]
            own_prompts = {p.question_id: prompts.of(agent, asked[p.question_id]) for p in own}
            yield pair_examples(own, {r.id: r for r in written}, own_prompts)

    jobs = [
        TuningJob(
            agent=agent.name, start=weights[agent.name],
            examples=write_examples(targets[agent.name], examples(agent.name)),
            folder=targets[agent.name], seed=seed_of(config.seed, round, agent.name, "tune"),
            steps=step_count(counts[agent.name] * config.tuning.epochs, config.tuning),
        )
        for agent in agents
        if agent.name in targets
    ]  # fmt: skip
    workers.tune(jobs, report)


def answer_count(config: RunConfig, questions: Sequence[Question], agents: int) -> int:
    """How many answers `answer` asks for."""
    kept = [q for q in questions if q.split != "train"]
    held_out = sum(q.split == "test" for q in kept)
    sampled = min(held_out, config.evaluation.sampled_questions) * config.evaluation.samples
    return agents * (len(kept) + sampled)


def answer(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    weights: Weights,
    questions: Sequence[Question],
    prompts: Prompts,
    workers: Workers,
    kept: Kept,
    report: Report,
) -> Iterator[list[Answer]]:
    """Greedy answers (sample 0) of every agent to every question of the kept splits, in blocks.

    With `evaluation.samples` some held-out questions also get sampled answers (sample 1, 2, ...).
    """
    left = [q for q in questions if q.split != "train"]
    held_out = [q for q in left if q.split == "test"]
    sampled = {q.id for q in held_out[: config.evaluation.sampled_questions]}

    def asked(block: Sequence[Question]) -> Iterator[_Asked]:
        for agent in agents:
            for question in block:
                more = config.evaluation.samples if question.id in sampled else 0
                for sample in range(more + 1):
                    request = Request(
                        key=digest(question.id, agent.name, sample), agent=agent.name,
                        prompt_ids=prompts.of(agent.name, question),
                        seed=seed_of(
                            config.seed, "evaluation", round, agent.name, question.id, sample
                        ),
                        temperature=agent.temperature if sample else 0.0,
                        top_p=agent.top_p if sample else 1.0, max_tokens=config.agents.max_tokens,
                    )  # fmt: skip
                    yield _Asked(request, question, sample)

    def judged(written: Sequence[tuple[_Asked, Completion]]) -> list[Answer]:
        """Completions with the verifier's strict and lenient verdicts."""
        judgements = verifier.judge(
            [(done.text, of.question.gold) for of, done in written],
            [of.question.options for of, _ in written],
        )
        return [
            Answer(
                question_id=of.question.id, split=of.question.split, agent=of.request.agent,
                sample=of.sample, text=done.text, tokens=len(done.token_ids),
                finish_reason=done.finish_reason, stated=judgement.stated,
                verdict=judgement.verdict, found=judgement.found,
                found_verdict=judgement.found_verdict,
            )
            for (of, done), judgement in zip(written, judgements, strict=True)
        ]  # fmt: skip

    with Verifier(config.task.answer_kind, config.task.marker) as verifier:
        yield from _written(
            question_blocks(left, len(agents) * (config.evaluation.samples + 1)), asked, judged,
            lambda row: digest(row.question_id, row.agent, row.sample), weights, workers, kept,
            report,
        )  # fmt: skip


def as_base(answers: Sequence[Answer]) -> list[Answer]:
    """The base's answers, out of those that it gave under each agent's prompt.

    The base is given the prompt that served it best on validation questions, so that an agent has
    to beat the base at its best, not under a wording that happens to suit it badly.
    """
    right: dict[str, int] = {}
    for one in answers:
        if one.sample == 0 and one.split == "validation":
            right[one.agent] = right.get(one.agent, 0) + (one.verdict == RIGHT)
    best = max(right, key=lambda agent: right[agent])
    return [replace(one, agent=BASE) for one in answers if one.agent == best and one.sample == 0]


def metrics(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    questions: Sequence[Question],
    answers: Sequence[Answer],
    base: Sequence[Answer],
) -> list[Metric]:
    """All numbers of one round, against the base."""
    return measure(
        [a for a in answers if a.sample == 0],
        base=base,
        round=round,
        agents=[agent.name for agent in agents],
        answer_kind=config.task.answer_kind,
        bootstrap=config.evaluation.bootstrap,
        seed=config.seed,
        sampled=[a for a in answers if a.sample > 0],
        options={q.id: q.options for q in questions},
    )

"""The stages of a round as the loop calls them: rows and settings in, rows out.

Each of them is a thin layer over the room that does the work; none reads or writes the run folder.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from collate.agents.roster import Agent, own_parts
from collate.cluster.actors import TuningJob
from collate.cluster.workers import Report, Workers
from collate.config.schema import RunConfig
from collate.engines.protocol import AgentWeights, Completion, Request
from collate.evaluation.metrics import BASE, measure
from collate.pairs import make_pairs
from collate.rounds.prompts import Prompts
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
from collate.tuning.tune import pair_examples, step_count

Weights = Mapping[str, AgentWeights]


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
    """Rows of a stage that are there already, and where to put more as they come."""

    rows: list[Any]

    def add(self, rows: Sequence[Any]) -> None: ...


class Loose:
    """Rows that are kept nowhere but here."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def add(self, rows: Sequence[Any]) -> None:
        self.rows += rows


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
) -> list[Rationale]:
    """`agents.samples` rationales by every agent for every question."""
    asked = {
        (key := digest(question.id, agent.name, round, sample)): (
            Request(
                key=key, agent=agent.name, prompt_ids=prompts.of(agent.name, question),
                seed=seed_of(config.seed, round, agent.name, question.id, sample),
                temperature=agent.temperature, top_p=agent.top_p,
                max_tokens=config.agents.max_tokens,
            ),
            question,
            sample,
        )
        for agent in agents
        for question in questions
        for sample in range(config.agents.samples)
    }  # fmt: skip

    def rationale(done: Completion) -> Rationale:
        request, question, sample = asked[done.key]
        return Rationale(
            id=done.key, question_id=question.id, agent=request.agent,
            adapter=weights[request.agent].digest, round=round, sample=sample, seed=request.seed,
            temperature=request.temperature, top_p=request.top_p, prompt_ids=request.prompt_ids,
            token_ids=done.token_ids, text=done.text, finish_reason=done.finish_reason,
            logprob=done.logprob,
        )  # fmt: skip

    workers.generate(
        [request for request, _, _ in asked.values()], weights, report,
        there={row.id for row in kept.rows},
        keep=lambda done: kept.add([rationale(one) for one in done]),
    )  # fmt: skip
    rows = {row.id: row for row in kept.rows}
    return [rows[key] for key in asked]


def score(
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    prompts: Prompts,
    workers: Workers,
    kept: Kept,
    report: Report,
) -> list[Score]:
    """Verdict and answer likelihood of every rationale, under the frozen base model."""
    base_prompts = {q.id: prompts.base(q) for q in questions}
    there = {row.rationale_id for row in kept.rows}
    workers.score(questions, rationales, base_prompts, report, there=there, keep=kept.add)
    rows = {row.rationale_id: row for row in kept.rows}
    return [rows[rationale.id] for rationale in rationales]


def pair(
    config: RunConfig,
    agents: Sequence[Agent],
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    scores: Sequence[Score],
) -> tuple[list[Pair], list[Dropped]]:
    """The pairs of every agent, and the questions that gave it none."""
    parts: Mapping[str, Collection[str]] | None = own_parts(config, agents, questions)
    names = [agent.name for agent in agents]
    return make_pairs(questions, rationales, scores, agents=names, parts=parts, config=config.pairs)


def tune(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    weights: Weights,
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    pairs: Sequence[Pair],
    prompts: Prompts,
    workers: Workers,
    targets: Mapping[str, Path],
    report: Report,
) -> None:
    """Tune each agent that has a target, from its weights into that folder, on its own pairs."""
    asked = {q.id: q for q in questions}
    by_id = {r.id: r for r in rationales}
    jobs = []
    for agent in [a for a in agents if a.name in targets]:
        own = [p for p in pairs if p.agent == agent.name]
        own_prompts = {p.question_id: prompts.of(agent.name, asked[p.question_id]) for p in own}
        jobs.append(
            TuningJob(
                agent=agent.name, start=weights[agent.name],
                examples=pair_examples(own, by_id, own_prompts), folder=targets[agent.name],
                seed=seed_of(config.seed, round, agent.name, "tune"),
                steps=step_count(len(own) * config.tuning.epochs, config.tuning),
            )
        )  # fmt: skip
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
) -> list[Answer]:
    """Greedy answers (sample 0) of every agent to every question of the kept splits.

    With `evaluation.samples` some held-out questions also get sampled answers (sample 1, 2, ...).
    """
    left = [q for q in questions if q.split != "train"]
    held_out = [q for q in left if q.split == "test"]
    sampled = {q.id for q in held_out[: config.evaluation.sampled_questions]}
    asked = {
        (key := digest(question.id, agent.name, sample)): (
            Request(
                key=key, agent=agent.name, prompt_ids=prompts.of(agent.name, question),
                seed=seed_of(config.seed, "evaluation", round, agent.name, question.id, sample),
                temperature=agent.temperature if sample else 0.0,
                top_p=agent.top_p if sample else 1.0, max_tokens=config.agents.max_tokens,
            ),
            question,
            sample,
        )
        for agent in agents
        for question in left
        for sample in range((config.evaluation.samples if question.id in sampled else 0) + 1)
    }  # fmt: skip

    with Verifier(config.task.answer_kind, config.task.marker) as verifier:

        def judged(completions: Sequence[Completion]) -> list[Answer]:
            """Completions with the verifier's strict and lenient verdicts."""
            of = [asked[done.key] for done in completions]
            texts = [
                (done.text, question.gold)
                for done, (_, question, _) in zip(completions, of, strict=True)
            ]
            judgements = verifier.judge(texts, [question.options for _, question, _ in of])
            return [
                Answer(
                    question_id=question.id, split=question.split, agent=request.agent,
                    sample=sample, text=done.text, tokens=len(done.token_ids),
                    finish_reason=done.finish_reason, stated=judgement.stated,
                    verdict=judgement.verdict, found=judgement.found,
                    found_verdict=judgement.found_verdict,
                )
                for done, (request, question, sample), judgement in zip(
                    completions, of, judgements, strict=True
                )
            ]  # fmt: skip

        workers.generate(
            [request for request, _, _ in asked.values()], weights, report,
            there={_answer_key(row) for row in kept.rows},
            keep=lambda done: kept.add(judged(done)),
        )  # fmt: skip
    rows = {_answer_key(row): row for row in kept.rows}
    return [rows[key] for key in asked]


def _answer_key(row: Answer) -> str:
    return digest(row.question_id, row.agent, row.sample)


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

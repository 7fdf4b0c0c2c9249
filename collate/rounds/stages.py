"""The stages of a round as the loop calls them: rows and settings in, rows out.

Each of them is a thin layer over the room that does the work; none reads or writes the run folder.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from collate.agents.roster import Agent, own_parts
from collate.cluster.workers import Report, TuningJob, Workers
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
from collate.tuning.tune import pair_examples

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


def generate(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    weights: Weights,
    questions: Sequence[Question],
    prompts: Prompts,
    workers: Workers,
    report: Report,
) -> list[Rationale]:
    """`agents.samples` rationales by every agent for every question."""
    requests, rationales = [], []
    for agent in agents:
        for question in questions:
            for sample in range(config.agents.samples):
                seed = seed_of(config.seed, round, agent.name, question.id, sample)
                key = digest(question.id, agent.name, round, sample)
                requests.append(
                    Request(
                        key=key, agent=agent.name, prompt_ids=prompts.of(agent.name, question),
                        seed=seed, temperature=agent.temperature, top_p=agent.top_p,
                        max_tokens=config.agents.max_tokens,
                    )
                )  # fmt: skip
                rationales.append((agent, question, sample))
    completions = workers.generate(requests, weights, report)
    return [
        Rationale(
            id=request.key, question_id=question.id, agent=agent.name,
            adapter=weights[agent.name].digest, round=round, sample=sample, seed=request.seed,
            temperature=request.temperature, top_p=request.top_p, prompt_ids=request.prompt_ids,
            token_ids=done.token_ids, text=done.text, finish_reason=done.finish_reason,
            logprob=done.logprob,
        )
        for request, (agent, question, sample), done in zip(
            requests, rationales, completions, strict=True
        )
    ]  # fmt: skip


def score(
    questions: Sequence[Question],
    rationales: Sequence[Rationale],
    prompts: Prompts,
    workers: Workers,
) -> list[Score]:
    """Verdict and answer likelihood of every rationale, under the frozen base model."""
    base_prompts = {q.id: prompts.base(q) for q in questions}
    return workers.score(questions, rationales, base_prompts)


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
    """Tune each agent with pairs and no target folder yet, from its weights into that folder."""
    asked = {q.id: q for q in questions}
    by_id = {r.id: r for r in rationales}
    jobs = []
    for agent in agents:
        own = [p for p in pairs if p.agent == agent.name]
        if not own or targets[agent.name].is_dir():
            continue
        own_prompts = {p.question_id: prompts.of(agent.name, asked[p.question_id]) for p in own}
        jobs.append(
            TuningJob(
                agent=agent.name, start=weights[agent.name],
                examples=pair_examples(own, by_id, own_prompts), folder=targets[agent.name],
                seed=seed_of(config.seed, round, agent.name, "tune"),
            )
        )  # fmt: skip
    if jobs:
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
    report: Report,
) -> list[Answer]:
    """Greedy answers (sample 0) of every agent to every question of the kept splits.

    With `evaluation.samples` some held-out questions also get sampled answers (sample 1, 2, ...).
    """
    kept = [q for q in questions if q.split != "train"]
    sampled = {
        q.id for q in [q for q in kept if q.split == "test"][: config.evaluation.sampled_questions]
    }
    requests, asked = [], []
    for agent in agents:
        for question in kept:
            samples = config.evaluation.samples if question.id in sampled else 0
            for sample in range(samples + 1):
                requests.append(
                    Request(
                        key=digest(question.id, agent.name, sample), agent=agent.name,
                        prompt_ids=prompts.of(agent.name, question),
                        seed=seed_of(
                            config.seed, "evaluation", round, agent.name, question.id, sample
                        ),
                        temperature=agent.temperature if sample else 0.0,
                        top_p=agent.top_p if sample else 1.0,
                        max_tokens=config.agents.max_tokens,
                    )
                )  # fmt: skip
                asked.append((agent.name, question, sample))
    return judged(config, asked, workers.generate(requests, weights, report))


def judged(
    config: RunConfig, asked: Sequence[tuple[str, Question, int]], completions: Sequence[Completion]
) -> list[Answer]:
    """Completions with the verifier's strict and lenient verdicts."""
    with Verifier(config.task.answer_kind, config.task.marker) as verifier:
        judgements = verifier.judge(
            [
                (done.text, question.gold)
                for done, (_, question, _) in zip(completions, asked, strict=True)
            ],
            [question.options for _, question, _ in asked],
        )
    return [
        Answer(
            question_id=question.id, split=question.split, agent=agent, sample=sample,
            text=done.text, tokens=len(done.token_ids), finish_reason=done.finish_reason,
            stated=judgement.stated, verdict=judgement.verdict,
            found=judgement.found, found_verdict=judgement.found_verdict,
        )
        for (agent, question, sample), done, judgement in zip(
            asked, completions, judgements, strict=True
        )
    ]  # fmt: skip


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

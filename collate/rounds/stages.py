"""The stages of a round as the loop calls them: rows and settings in, rows out.

Each of them is a thin layer over the room that does the work; none knows of the run folder. What
grows with the number of questions goes through them block by block.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent, own_parts
from collate.answers.judging import cut_answer
from collate.answers.reading import read_answer
from collate.answers.verifier import Verifier
from collate.cluster.actors import TuningJob
from collate.cluster.requests import Asked, Kept, Weights, in_order, write
from collate.cluster.workers import Report, ToScore, Workers
from collate.config.schema import RunConfig
from collate.engines.protocol import Completion, Request
from collate.evaluation.metrics import BASE, READER, measure
from collate.pairs import make_pairs
from collate.store.tables_on_disk import StoredRows
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
from collate.tasks import chance_level
from collate.tuning.supervised_examples import WHOLE, count_examples, mode_examples
from collate.tuning.tune import pair_examples, pair_tokens, plan, step_count, write_examples

BLOCK = 4096
"""Rows of a block, about: what is in memory at once of a table that grows with the questions."""


def next_questions(questions: Sequence[Question], first: int, count: int | None) -> list[Question]:
    """So many training questions from the `first` on, in turn; all where None or more are asked."""
    train = [q for q in questions if q.split == "train"]
    if count is None or count >= len(train):
        return train
    return [train[(first + i) % len(train)] for i in range(count)]


def question_blocks(questions: Sequence[Question], each: int) -> list[Sequence[Question]]:
    """The questions in blocks, when so many rows are made of each question."""
    size = max(1, BLOCK // max(1, each))
    return [questions[start : start + size] for start in range(0, len(questions), size)]


def blocks_of_round(config: RunConfig, questions: Sequence[Question]) -> list[Sequence[Question]]:
    """The blocks of a round's tables."""
    settings = config.agents
    each = settings.samples + settings.peers + settings.hints
    return question_blocks(questions, settings.count * each)


def score(
    config: RunConfig,
    questions: Sequence[Question],
    rationales: StoredRows[Rationale],
    prompts: Prompts,
    workers: Workers,
    kept: Kept,
    report: Report,
) -> Iterator[list[Score]]:
    """Verdict and answer likelihood of every rationale, under the frozen scorer."""
    blocks = blocks_of_round(config, questions)

    def missing() -> Iterator[list[ToScore]]:
        for number, (block, written) in enumerate(zip(blocks, rationales.blocks(), strict=True)):
            there = {row.rationale_id for row in kept.rows(number)}
            own: dict[str, list[Rationale]] = defaultdict(list)
            for rationale in written:
                own[rationale.question_id].append(rationale)
            yield [
                ToScore(
                    question, own[question.id], prompts.base(question), prompts.baseline(question)
                )
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


def tuning_steps(
    config: RunConfig, round: int, rationales: StoredRows[Rationale], pairs: StoredRows[Pair]
) -> dict[str, int]:
    """How many optimizer steps a round takes for each agent that has pairs, by its name."""
    tuning = config.tuning
    if tuning.modes != [WHOLE]:
        made: Counter[str] = Counter()
        for block, written in zip(pairs.blocks(), rationales.blocks(), strict=True):
            by_id = {rationale.id: rationale for rationale in written}
            for pair in block:
                chosen = by_id[pair.chosen_id]
                made[pair.agent] += count_examples(tuning.modes, chosen, config.task.marker)
        return {agent: step_count(n * tuning.epochs, tuning) for agent, n in made.items()}
    if tuning.tokens is None:
        counts = Counter(pair.agent for pair in pairs)
        return {agent: step_count(n * tuning.epochs, tuning) for agent, n in counts.items()}
    questions: dict[str, list[str]] = defaultdict(list)
    tokens: dict[str, list[int]] = defaultdict(list)
    for block, written in zip(pairs.blocks(), rationales.blocks(), strict=True):
        length = {rationale.id: len(rationale.token_ids) for rationale in written}
        for pair in block:
            rejected = length[pair.rejected_id] if pair.rejected_id else 0
            questions[pair.agent].append(pair.question_id)
            tokens[pair.agent].append(pair_tokens(length[pair.chosen_id], rejected, tuning))
    return {
        agent: step_count(
            len(plan(own, tokens[agent], tuning, seed=_tuning_seed(config, round, agent))), tuning
        )
        for agent, own in questions.items()
    }


def _tuning_seed(config: RunConfig, round: int, agent: str) -> int:
    return seed_of(config.seed, round, agent, "tune")


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
    steps = tuning_steps(config, round, rationales, pairs)

    def examples(agent: str) -> Iterator[list[dict[str, Any]]]:
        for block, written in zip(pairs.blocks(), rationales.blocks(), strict=True):
            own = [pair for pair in block if pair.agent == agent]
            by_id = {rationale.id: rationale for rationale in written}
            if config.tuning.modes != [WHOLE]:
                yield mode_examples(
                    config.tuning.modes, agent, own, by_id, asked, prompts, config.task.marker
                )
                continue
            own_prompts = {p.question_id: prompts.of(agent, asked[p.question_id]) for p in own}
            yield pair_examples(own, by_id, own_prompts)

    jobs = [
        TuningJob(
            agent=agent.name, start=weights[agent.name],
            examples=write_examples(targets[agent.name], examples(agent.name)),
            folder=targets[agent.name], seed=_tuning_seed(config, round, agent.name),
            steps=steps[agent.name], tuning=config.tuning,
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

    def asked(block: Sequence[Question], _: Sequence[Answer]) -> Iterator[Asked]:
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
                    yield Asked(request, question, sample)

    def judged(written: Sequence[tuple[Asked, Completion]]) -> list[Answer]:
        """Completions with the verifier's strict and lenient verdicts."""
        judgements = verifier.judge_answers(
            [done.text for _, done in written], [of.question for of, _ in written]
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
        blocks = question_blocks(left, len(agents) * (config.evaluation.samples + 1))
        write(blocks, asked, judged, _answer_key, weights, workers, kept, report)
    yield from in_order(blocks, [asked], _answer_key, kept)


def _answer_key(row: Answer) -> str:
    return digest(row.question_id, row.agent, row.sample)


def reader_metrics(
    config: RunConfig,
    round: int,
    questions: Sequence[Question],
    answers: Sequence[Answer],
    base: Sequence[Answer],
) -> list[Metric]:
    """The numbers of a reader's answers, which are measured as if an agent had given them."""
    given = [replace(answer, agent="") for answer in answers]
    found = measure(
        given, base=base, round=round, agents=[""], answer_kind=config.task.answer_kind,
        bootstrap=config.evaluation.bootstrap, seed=config.seed,
        options={q.id: q.options for q in questions},
    )  # fmt: skip
    return [replace(metric, agent=READER) for metric in found if metric.agent == ""]


def with_confidence(
    config: RunConfig,
    questions: Sequence[Question],
    answers: Sequence[Answer],
    prompts: Prompts,
    workers: Workers,
    report: Report,
) -> list[Answer]:
    """The answers with how likely the scorer finds what each states, given its own rationale.

    The mean probability of the stated answer's tokens behind the steps before it; a choice and a
    yes or no are scored as gold answers are spelled. An answer that cannot be read as the task's
    kind gets 0; one that states nothing stays without.
    """
    kind = config.task.answer_kind
    asked = {question.id: question for question in questions}
    confidence: dict[int, float] = {}
    to_score = []
    for place, one in enumerate(answers):
        question = asked[one.question_id]
        if one.stated is None:
            continue
        confidence[place] = 0.0
        key, _ = read_answer(kind, one.stated, question.options)
        if key is None:
            continue
        gold = str(key) if kind in ("choice", "boolean") else one.stated
        stated = replace(question, id=str(place), gold=gold)
        # Any answer is likely behind its own statement, so that is cut whatever the scores are of.
        steps = replace(one, text=cut_answer(one.text, config.task.marker))
        own = [_as_rationale(str(place), steps)]
        to_score.append(ToScore(stated, own, prompts.base(question), prompts.baseline(question)))

    def keep(_: int, scores: Sequence[Score]) -> None:
        confidence.update({int(s.question_id): s.mean_prob or 0.0 for s in scores})

    workers.score([to_score], report, keep=keep)
    return [replace(one, confidence=confidence.get(n)) for n, one in enumerate(answers)]


def _as_rationale(id: str, answer: Answer) -> Rationale:
    return Rationale(
        id=id, question_id=id, agent=answer.agent, adapter="", round=0, sample=0, seed=0,
        temperature=0.0, top_p=1.0, prompt_ids=(), token_ids=(), text=answer.text,
        finish_reason=answer.finish_reason, logprob=math.nan,
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
        chance=chance_level([q for q in questions if q.split != "train"], config.task.answer_kind),
    )

"""The first stage of a round: rationales by every agent, and those from other sources.

    sampled   every agent, `agents.samples` times for each question; of its own part alone where
              it is tuned on that part and pairs hold nothing of others (the paper's stage 2)
    peer      begun by another agent and completed by this one (`agents.peers`)
    hint      by an agent with the answer in view, for questions that nobody solved
              (`agents.hints`; STaR's rationalisation, Zelikman et al. 2022)
    gold      the data set's own solutions, where a pairing rule asks for them

Each of the first three is a pass over the engines; a pass may look at what the passes before it
brought. What comes out is one table, block by block, in one order on every machine.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent, own_parts, temperature_in
from collate.answers.verifier import Verifier
from collate.cluster.requests import Ask, Asked, Kept, Weights, in_order, left_over, write
from collate.cluster.workers import Report, Workers
from collate.config.schema import RunConfig
from collate.engines.protocol import Completion, Request
from collate.pairs import needs_own_alone
from collate.tables import GOLD, HINT, PEER, RIGHT, SAMPLED, Question, Rationale, digest, seed_of

Show = Callable[[str, int, int], AbstractContextManager[Report]]
"""What the user sees of a pass: given its name, how many rationales it asks for and has already."""


@dataclass(frozen=True)
class Round:
    """What all passes of a round's first stage need to know."""

    config: RunConfig
    number: int
    agents: Sequence[Agent]
    prompts: Prompts

    def request(
        self, agent: Agent, question: Question, sample: int, source: str, *, prefix: Sequence[int]
    ) -> Request:
        other = () if source == SAMPLED else (source,)
        key = digest(question.id, agent.name, self.number, sample, *other)
        seed = seed_of(self.config.seed, self.number, agent.name, question.id, sample, *other)
        prompt = (
            self.prompts.hinted(agent.name, question)
            if source == HINT
            else self.prompts.of(agent.name, question)
        )
        return Request(
            key=key, agent=agent.name, prompt_ids=(*prompt, *prefix), seed=seed,
            temperature=temperature_in(self.config, agent, self.number),
            top_p=agent.top_p, max_tokens=max(1, self.config.agents.max_tokens - len(prefix)),
        )  # fmt: skip

    def asked(
        self,
        agent: Agent,
        question: Question,
        sample: int,
        source: str,
        *,
        prefix: Sequence[int] = (),
    ) -> Asked:
        request = self.request(agent, question, sample, source, prefix=prefix)
        return Asked(request, question, sample, source, tuple(prefix))


def generate(
    round: Round,
    weights: Weights,
    blocks: Sequence[Sequence[Question]],
    workers: Workers,
    kept: Kept,
    show: Show,
    *,
    gold: bool,
) -> Iterator[list[Rationale]]:
    """The round's rationales; with `gold` also the data set's solutions, of the agent "gold"."""

    def rationales(written: Sequence[tuple[Asked, Completion]]) -> list[Rationale]:
        return [_rationale(round, weights, of, done) for of, done in written]

    with ExitStack() as stack:
        passes = _passes(round, stack)
        for label, ask in passes.items():
            total, there = left_over(blocks, ask, _id, kept)
            with show(label, total, there) as tick:
                write(blocks, ask, rationales, _id, weights, workers, kept, tick)
        rows = in_order(blocks, list(passes.values()), _id, kept)
        for block, own in zip(blocks, rows, strict=True):
            yield own + ([_gold(round, question) for question in block] if gold else [])


def _id(row: Rationale) -> str:
    return row.id


def _passes(round: Round, stack: ExitStack) -> dict[str, Ask]:
    """What is asked, by what the user is told; verifiers live as long as the stack."""
    passes: dict[str, Ask] = {"generate": lambda block, _: _sampled(round, block)}
    if round.config.agents.peers:
        passes["complete"] = lambda block, rows: _completions(round, block, rows)
    if round.config.agents.hints:
        task = round.config.task
        verifier = stack.enter_context(Verifier(task.answer_kind, task.marker))
        passes["hint"] = lambda block, rows: _hinted(round, block, rows, verifier)
    return passes


def writes_own_part(config: RunConfig) -> bool:
    """Whether nothing that an agent writes outside of its own part would be used."""
    return (
        config.agents.own_part
        and needs_own_alone(config.pairs)
        and not config.agents.peers
        and config.evaluation.reader != "trained"
    )


def _sampled(round: Round, block: Sequence[Question]) -> Iterator[Asked]:
    config = round.config
    parts = own_parts(config, round.agents, block) if writes_own_part(config) else None
    for agent in round.agents:
        for question in block:
            if parts is not None and question.id not in parts[agent.name]:
                continue
            for sample in range(config.agents.samples):
                yield round.asked(agent, question, sample, SAMPLED)


def _completions(
    round: Round, block: Sequence[Question], rows: Sequence[Rationale]
) -> Iterator[Asked]:
    """Each agent completes others' rationales, in turn, from a random place on."""
    by_place = {(r.question_id, r.agent, r.sample): r for r in rows if r.source == SAMPLED}
    count, samples = len(round.agents), round.config.agents.samples
    for place, agent in enumerate(round.agents):
        for question in block:
            for number in range(round.config.agents.peers):
                peer = round.agents[(place + 1 + number % (count - 1)) % count]
                begun = by_place[question.id, peer.name, number // (count - 1) % samples]
                prefix = round.prompts.beginning(
                    begun.token_ids, seed_of(round.config.seed, begun.id, agent.name, "cut")
                )
                if prefix:
                    yield round.asked(agent, question, number, PEER, prefix=prefix)


def _hinted(
    round: Round, block: Sequence[Question], rows: Sequence[Rationale], verifier: Verifier
) -> Iterator[Asked]:
    """Every agent writes with the answer in view where none of the block's rationales is right."""
    asked = {question.id: question for question in block}
    written = [r for r in rows if r.source in (SAMPLED, PEER) and r.question_id in asked]
    judged = verifier.judge_answers(
        [row.text for row in written], [asked[row.question_id] for row in written]
    )
    verdicts = defaultdict(set)
    for row, judgement in zip(written, judged, strict=True):
        verdicts[row.question_id].add(judgement.verdict)
    for agent in round.agents:
        for question in block:
            if RIGHT not in verdicts[question.id]:
                for sample in range(round.config.agents.hints):
                    yield round.asked(agent, question, sample, HINT)


def _rationale(round: Round, weights: Weights, of: Asked, done: Completion) -> Rationale:
    """The row of one completion. A peer's log-probability is that of the agent's own tokens."""
    request = of.request
    token_ids = (*of.prefix, *done.token_ids)
    prompt_ids = request.prompt_ids[: len(request.prompt_ids) - len(of.prefix)]
    return Rationale(
        id=done.key, question_id=of.question.id, agent=request.agent,
        adapter=weights[request.agent].digest, round=round.number, sample=of.sample,
        seed=request.seed, temperature=request.temperature, top_p=request.top_p,
        prompt_ids=prompt_ids, token_ids=token_ids,
        text=round.prompts.text(token_ids) if of.prefix else done.text,
        finish_reason=done.finish_reason, logprob=done.logprob, source=of.source,
    )  # fmt: skip


def _gold(round: Round, question: Question) -> Rationale:
    """The data set's solution in the form asked for; where it has none, the stated answer alone."""
    stated = f"{round.config.task.marker} {question.gold}"
    text = f"{question.solution.strip()}\n{stated}" if question.solution.strip() else stated
    return Rationale(
        id=digest(question.id, GOLD, round.number), question_id=question.id, agent=GOLD,
        adapter="", round=round.number, sample=0, seed=0, temperature=0.0, top_p=1.0,
        prompt_ids=(), token_ids=round.prompts.ids(text), text=text, finish_reason="stop",
        logprob=math.nan, source=GOLD,
    )  # fmt: skip

"""Stage 1 of a round, generate: rationales by every agent, and those of other origins.

    sampled   every agent, `agents.samples` times for each question; of its own part alone where
              it is tuned on that part and its preferences hold nothing of others (the paper's
              stage 2)
    peer      begun by another agent and completed by this one (`agents.peer_completions`)
    hint      by an agent with the answer in view, for questions that nobody solved
              (`agents.hinted_samples`; STaR's rationalisation, Zelikman et al. 2022)
    gold      the data set's own solutions, where a pairing rule asks for them

Each of the first three is a pass over the engines; a pass may look at what the passes before it
brought. What comes out is one table, block by block, in one order on every machine.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent, own_parts, temperature_in
from collate.answers.verifier import Verifier
from collate.cluster.requests import (
    PendingRow,
    Plan,
    RowStore,
    count_rows,
    ordered_rows,
    write_rows,
)
from collate.cluster.workers import Workers
from collate.config.schema import RunConfig
from collate.console.events import Tick
from collate.engines.protocol import Completion, Request
from collate.models.weights import AgentWeights
from collate.pairs.conditions import needs_gold, needs_own_alone
from collate.rounds import budget
from collate.rounds.context import RunContext
from collate.rounds.questions import next_questions, round_blocks
from collate.store.run_weights import Weights
from collate.store.shards import Shards
from collate.store.tables_on_disk import StoredRows
from collate.tables import (
    GOLD,
    HINT,
    PEER,
    RIGHT,
    SAMPLED,
    Question,
    Rationale,
    digest,
    seed_of,
)

ShowPass = Callable[[str, int, int], AbstractContextManager[Tick]]
"""What the user sees of a pass, from its name, its number of rationales, and those stored."""


@dataclass(frozen=True)
class Writing:
    """What all passes of a round need to know: who writes, with what weights and prompts."""

    config: RunConfig
    round: int
    agents: Sequence[Agent]
    weights: Mapping[str, AgentWeights]
    prompts: Prompts
    model: str
    """The base model's name as the table has it."""


def write_rationales(
    writing: Writing,
    blocks: Sequence[Sequence[Question]],
    workers: Workers,
    store: RowStore,
    show: ShowPass,
) -> Iterator[list[Rationale]]:
    """The round's rationales, block by block, with the data's solutions if a rule needs them."""
    with ExitStack() as stack:
        passes = _passes(writing, stack)

        def make_rows(written: Sequence[tuple[PendingRow, Completion]]) -> list[Rationale]:
            return [_rationale(writing, pending, completion) for pending, completion in written]

        for pass_name, pass_plan in passes.items():
            planned_count, stored_count = count_rows(blocks, pass_plan, _rationale_id, store)
            with show(pass_name, planned_count, stored_count) as tick:
                write_rows(
                    blocks, pass_plan, make_rows, _rationale_id, writing.weights, workers, store,
                    tick,
                )  # fmt: skip
        written_blocks = ordered_rows(blocks, list(passes.values()), _rationale_id, store)
        for block, rationales in zip(blocks, written_blocks, strict=True):
            if needs_gold(writing.config.pairs):
                rationales += [_gold_rationale(writing, question) for question in block]
            yield rationales


def writes_own_part(config: RunConfig) -> bool:
    """Whether nothing that an agent writes outside of its own part would be used."""
    return (
        config.agents.own_part
        and needs_own_alone(config.pairs)
        # Peers complete others' rationales, and a reader learns from the provider's of all
        # questions.
        and not config.agents.peer_completions
        and config.evaluation.reader != "trained"
    )


def _passes(writing: Writing, stack: ExitStack) -> dict[str, Plan]:
    """The passes by what the user is told of them; verifiers live as long as the stack."""
    config = writing.config
    # In this order: peers complete what was sampled, and hints are for what neither solved.
    passes: dict[str, Plan] = {"generate": lambda block, _: _sampled(writing, block)}
    if config.agents.peer_completions:
        passes["complete"] = lambda block, rows: _peer_completions(writing, block, rows)
    if config.agents.hinted_samples:
        verifier = stack.enter_context(Verifier.for_task(config.task))
        passes["hint"] = lambda block, rows: _hinted(writing, block, rows, verifier)
    return passes


def _sampled(writing: Writing, block: Sequence[Question]) -> Iterator[PendingRow]:
    config = writing.config
    parts = own_parts(config, writing.agents, block) if writes_own_part(config) else None
    for agent in writing.agents:
        for question in block:
            if parts is not None and question.id not in parts[agent.name]:
                continue
            for sample in range(config.agents.samples):
                yield _pending(writing, agent, question, sample, SAMPLED)


def _peer_completions(
    writing: Writing, block: Sequence[Question], rows: Sequence[Rationale]
) -> Iterator[PendingRow]:
    """Each agent completes the others' rationales, in turn, from a random place on."""
    sampled = {
        (row.question_id, row.writer, row.sample): row for row in rows if row.origin == SAMPLED
    }
    agents, settings = writing.agents, writing.config.agents
    for agent_index, agent in enumerate(agents):
        for question in block:
            for completion_number in range(settings.peer_completions):
                # The agents behind this one in turn, the first sample of each, then the second ...
                sample_turn, peer_step = divmod(completion_number, len(agents) - 1)
                peer = agents[(agent_index + 1 + peer_step) % len(agents)]
                peer_rationale = sampled[question.id, peer.name, sample_turn % settings.samples]
                cut_seed = seed_of(writing.config.seed, peer_rationale.id, agent.name, "cut")
                # The seed names the agent: those that complete the same rationale part from it at
                # different places.
                prefix = writing.prompts.random_beginning(peer_rationale.token_ids, cut_seed)
                if prefix:
                    yield _pending(writing, agent, question, completion_number, PEER, prefix=prefix)


def _hinted(
    writing: Writing,
    block: Sequence[Question],
    rows: Sequence[Rationale],
    verifier: Verifier,
) -> Iterator[PendingRow]:
    """Every agent writes with the answer in view where none of the block's rationales is right."""
    question_by_id = {question.id: question for question in block}
    unaided_rationales = [
        rationale
        for rationale in rows
        if rationale.origin in (SAMPLED, PEER) and rationale.question_id in question_by_id
    ]
    judgements = verifier.judge_answers(
        [rationale.text for rationale in unaided_rationales],
        [question_by_id[rationale.question_id] for rationale in unaided_rationales],
    )
    verdicts_by_question: dict[str, set[str]] = defaultdict(set)
    for rationale, judgement in zip(unaided_rationales, judgements, strict=True):
        verdicts_by_question[rationale.question_id].add(judgement.verdict)
    for agent in writing.agents:
        for question in block:
            if RIGHT not in verdicts_by_question[question.id]:
                for sample in range(writing.config.agents.hinted_samples):
                    yield _pending(writing, agent, question, sample, HINT)


def _pending(
    writing: Writing,
    agent: Agent,
    question: Question,
    sample: int,
    origin: str,
    *,
    prefix: Sequence[int] = (),
) -> PendingRow:
    """A rationale to be written, as a request to the engines."""
    config, round = writing.config, writing.round
    # Keys and seeds of sampled rationales name no origin, so that other origins beside them change
    # nothing of what is sampled.
    origin_part = () if origin == SAMPLED else (origin,)
    if origin == HINT:
        agent_prompt_ids = writing.prompts.with_hint(agent.name, question)
    else:
        agent_prompt_ids = writing.prompts.of_agent(agent.name, question)
    request = Request(
        key=digest(question.id, agent.name, round, sample, *origin_part),
        agent=agent.name,
        prompt_ids=(*agent_prompt_ids, *prefix),
        seed=seed_of(config.seed, round, agent.name, question.id, sample, *origin_part),
        temperature=temperature_in(config, agent, round),
        top_p=agent.top_p,
        # The prefix counts: a completed rationale may be as long as a sampled one, no longer.
        max_tokens=max(1, config.agents.max_tokens - len(prefix)),
    )
    return PendingRow(request, question, sample, origin, tuple(prefix))


def _rationale(writing: Writing, pending: PendingRow, completion: Completion) -> Rationale:
    """The row of one completion. A peer's log-probability is that of the agent's own tokens."""
    request, prefix = pending.request, pending.prefix
    token_ids = (*prefix, *completion.token_ids)
    # Decoded as a whole, since the prefix may end inside a word.
    text = writing.prompts.text_of(token_ids) if prefix else completion.text
    return Rationale(
        id=completion.key,
        question_id=pending.question.id,
        writer=request.agent,
        model=writing.model,
        weights=writing.weights[request.agent].digest,
        round=writing.round,
        sample=pending.sample,
        seed=request.seed,
        temperature=request.temperature,
        top_p=request.top_p,
        # The prefix belongs to the rationale, which is tuned on from its first token.
        prompt_ids=request.prompt_ids[: len(request.prompt_ids) - len(prefix)],
        token_ids=token_ids,
        text=text,
        finish_reason=completion.finish_reason,
        logprob=completion.logprob,
        origin=pending.origin,
    )


def _gold_rationale(writing: Writing, question: Question) -> Rationale:
    """The data set's solution in the form asked for; where it has none, the stated answer alone."""
    stated_answer = f"{writing.config.task.marker} {question.gold}"
    solution = question.solution.strip()
    text = f"{solution}\n{stated_answer}" if solution else stated_answer
    return Rationale(
        id=digest(question.id, GOLD, writing.round), question_id=question.id, writer=GOLD,
        model="", weights="", round=writing.round, sample=0, seed=0, temperature=0.0, top_p=1.0,
        prompt_ids=(), token_ids=writing.prompts.turn_ids(text), text=text, finish_reason="stop",
        logprob=math.nan, origin=GOLD,
    )  # fmt: skip


def _rationale_id(row: Rationale) -> str:
    return row.id


# The committed stage ------------------------------------------------------------------------------


def generate(
    run: RunContext,
    round: int,
    questions: Sequence[Question],
    questions_used: int,
    weights: Weights,
) -> tuple[list[Question], StoredRows[Rationale]]:
    """The round's questions, and all rationales for them, committed as `rationales`.

    Questions come in turn, `questions_used` of them in earlier rounds: as many as the settings say,
    or as the round's share of a budget suffices for.
    """
    config = run.config
    count = config.questions_per_round
    token_share = _tokens_to_generate(run, round)
    inputs = _inputs(run, questions, questions_used, weights, token_share)
    stage = run.store.stage(run.stage_name(round, "generate"), {"rationales": Rationale}, inputs)
    if not stage.finished():
        writing = Writing(config, round, run.agents, weights, run.prompts, run.model_label)
        shards = Shards(run.store, stage, Rationale)

        def show(name: str, total: int, stored: int) -> AbstractContextManager[Tick]:
            return run.events.stage(
                name, round=round, unit="rationales", total=total, stored=stored
            )

        def write(question_count: int | None) -> Iterator[list[Rationale]]:
            selected_questions = next_questions(questions, questions_used, question_count)
            blocks = round_blocks(config, selected_questions)
            return write_rationales(writing, blocks, run.workers, shards, show)

        if token_share is not None:
            count = _questions_for_tokens(run, round, questions, token_share, write)
        # What was written to count tokens is in the shards by now, and is not written again.
        stage.write({"rationales": block_rationales} for block_rationales in write(count))
    rationales: StoredRows[Rationale] = stage.rows("rationales")
    if token_share is not None:
        # A process that finds the stage finished has counted no tokens; the table shows the number.
        count = len({rationale.question_id for rationale in rationales})
    return next_questions(questions, questions_used, count), rationales


def _inputs(
    run: RunContext,
    questions: Sequence[Question],
    questions_used: int,
    weights: Weights,
    token_share: int | None,
) -> dict[str, str]:
    """What the round's rationales are made from."""
    config = run.config
    # Of the pairing settings only this one changes the rationales, so the stage depends on it alone
    # and not on their section.
    uses_gold = str(needs_gold(config.pairs))
    inputs = run.inputs("questions", weights=weights) | {"gold": uses_gold}
    if writes_own_part(config):
        inputs |= {"writes": "own part"}
    if token_share is None:
        round_questions = next_questions(questions, questions_used, config.questions_per_round)
        inputs |= {"asked": digest(*(question.id for question in round_questions))}
    else:
        # How many questions a budget suffices for is known only afterwards; what decides it is
        # known now.
        inputs |= {"asked": f"from {questions_used}", "tokens": str(token_share)}
    return inputs


def _tokens_to_generate(run: RunContext, round: int) -> int | None:
    """The round's share of a budget of generated tokens; None where there is no such budget."""
    config = run.config
    token_budget = config.budget.generated_tokens
    # Without samples nothing is generated, as in a supervised warm-up.
    if token_budget is None or not config.agents.samples:
        return None
    spent_tokens = budget.spent_on_warmup(config).generated
    spent_tokens += budget.generated_tokens(run.store, range(1, round))
    return budget.share_of_round(token_budget, spent_tokens, round, config.rounds)


def _questions_for_tokens(
    run: RunContext,
    round: int,
    questions: Sequence[Question],
    tokens: int,
    write: Callable[[int], Iterator[list[Rationale]]],
) -> int:
    """For how many questions so many tokens suffice.

    The mean length of the agents' answers, or of earlier rounds' rationales, gives a first guess.
    Rationales for half of that many questions are generated first; their token count decides how
    many more questions fit the budget.
    """
    settings = run.config.agents
    mean_tokens = budget.mean_tokens(run.store, range(1, round)) or settings.max_tokens
    # Hinted ones are left out: how many questions nobody solves is not known yet.
    rationales_per_question = settings.count * (settings.samples + settings.peer_completions)
    half_count = max(1, budget.questions_within(tokens / 2, mean_tokens * rationales_per_question))
    question_ids: set[str] = set()
    spent_tokens = 0
    for block_rationales in write(half_count):
        question_ids |= {rationale.question_id for rationale in block_rationales}
        spent_tokens += sum(
            len(rationale.token_ids) for rationale in block_rationales if rationale.origin != GOLD
        )
    tokens_per_question = spent_tokens / len(question_ids)
    question_count = len(question_ids) + budget.questions_within(
        tokens - spent_tokens, tokens_per_question
    )
    available = sum(question.split == "train" for question in questions)
    if question_count > available:
        run.events.message(
            f"warning: the budget would suffice for {question_count:,} questions in round {round}; "
            f"there are {available:,} to learn from (task.train)"
        )
    return question_count

"""Stage 5 of a round, evaluate: answers to the questions kept for evaluation, and their numbers.

The base model is measured once, before the first round; everything after it is compared with that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from collate.agents.prompts import Prompts
from collate.agents.roster import Agent
from collate.answers.judging import Judgement
from collate.answers.verifier import Verifier
from collate.cluster.requests import PendingRow, RowStore, ordered_rows, write_rows
from collate.cluster.workers import Workers
from collate.config.schema import RunConfig, TaskConfig
from collate.console.events import Tick
from collate.engines.protocol import Completion, Request
from collate.evaluation.metrics import measure
from collate.evaluation.subjects import BASE
from collate.evaluation.validation import answers_of_best_prompt, best_agent
from collate.models.model_names import model_label
from collate.models.weights import AgentWeights
from collate.rounds.confidence import with_confidence
from collate.rounds.context import RunContext
from collate.rounds.questions import kept_questions, question_blocks
from collate.rounds.two_models import read_answers, reader_metrics, trained_reader
from collate.store.run_weights import Weights, validation_accuracy
from collate.store.shards import Shards
from collate.store.tables_on_disk import Block
from collate.tables import Answer, Metric, Question, digest, seed_of
from collate.tasks import chance_level

HEADLINE_METRICS = ("accuracy", "accuracy_lenient", "gain", "mean_tokens")
"""The numbers of a round that its event carries."""


def write_answers(
    config: RunConfig,
    round: int,
    agents: Sequence[Agent],
    weights: Mapping[str, AgentWeights],
    questions: Sequence[Question],
    prompts: Prompts,
    workers: Workers,
    store: RowStore,
    tick: Tick,
) -> Iterator[list[Answer]]:
    """Greedy answers (sample 0) of every agent to every question kept for evaluation, in blocks.

    With `evaluation.samples` held-out questions also get sampled answers (sample 1, 2, ...).
    """

    def plan(block: Sequence[Question], _: Sequence[Answer]) -> Iterator[PendingRow]:
        for agent in agents:
            for question in block:
                for sample in range(_samples_of(config, question) + 1):
                    prompt_ids = prompts.of_agent(agent.name, question)
                    yield _pending(config, round, agent, question, sample, prompt_ids)

    def judged(written: Sequence[tuple[PendingRow, Completion]]) -> list[Answer]:
        answer_texts = [completion.text for _, completion in written]
        answered_questions = [pending.question for pending, _ in written]
        judgements = verifier.judge_answers(answer_texts, answered_questions)
        return [
            _answer(config, pending, completion, judgement)
            for (pending, completion), judgement in zip(written, judgements, strict=True)
        ]

    blocks = question_blocks(
        kept_questions(questions), len(agents) * (config.evaluation.samples + 1)
    )
    with Verifier.for_task(config.task) as verifier:
        write_rows(blocks, plan, judged, _answer_key, weights, workers, store, tick)
    yield from ordered_rows(blocks, [plan], _answer_key, store)


def count_answers(config: RunConfig, questions: Sequence[Question], agents: int) -> int:
    """How many answers `write_answers` gives."""
    per_agent = sum(_samples_of(config, question) + 1 for question in kept_questions(questions))
    return agents * per_agent


def round_metrics(
    config: RunConfig,
    round: int,
    agents: Sequence[str],
    questions: Sequence[Question],
    answers: Sequence[Answer],
    base: Sequence[Answer],
) -> list[Metric]:
    """All numbers of one round, against the base."""
    metrics = measure(
        [answer for answer in answers if answer.sample == 0],
        base=base,
        round=round,
        agents=agents,
        seed=config.seed,
        sampled=[answer for answer in answers if answer.sample > 0],
        chance=chance_level(kept_questions(questions), config.task.answer_kind),
    )
    return with_task_labels(config.task, metrics)


def with_task_labels(task: TaskConfig, metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics with the task they are over, and its labels."""
    labels = task.labels
    return [
        replace(
            metric,
            task=task.name,
            language=labels.get("language", ""),
            objective=labels.get("objective", ""),
            domain=labels.get("domain", ""),
        )
        for metric in metrics
    ]


def base_answers_of(answers: Sequence[Answer]) -> list[Answer]:
    """The base's answers, out of those that it gave under each agent's prompt.

    The base is given the prompt that served it best on validation questions, so that an agent has
    to beat the base at its best, not under a wording that happens to suit it badly.
    """
    return [replace(answer, writer=BASE) for answer in answers_of_best_prompt(answers)]


def _samples_of(config: RunConfig, question: Question) -> int:
    """How many sampled answers a question gets beside the greedy one."""
    # Validation questions serve to choose agents and rounds, which is done by greedy answers.
    return config.evaluation.samples if question.split == "test" else 0


def _pending(
    config: RunConfig,
    round: int,
    agent: Agent,
    question: Question,
    sample: int,
    prompt_ids: tuple[int, ...],
) -> PendingRow:
    request = Request(
        key=digest(question.id, agent.name, sample),
        agent=agent.name,
        prompt_ids=prompt_ids,
        seed=seed_of(config.seed, "evaluation", round, agent.name, question.id, sample),
        temperature=agent.temperature if sample else 0.0,
        top_p=agent.top_p if sample else 1.0,
        max_tokens=config.agents.max_tokens,
    )
    return PendingRow(request, question, sample)


def _answer(
    config: RunConfig, pending: PendingRow, completion: Completion, judgement: Judgement
) -> Answer:
    question = pending.question
    return Answer(
        question_id=question.id,
        task=question.task,
        split=question.split,
        writer=pending.request.agent,
        model=model_label(config.model.name),
        sample=pending.sample,
        text=completion.text,
        tokens=len(completion.token_ids),
        finish_reason=completion.finish_reason,
        stated=judgement.stated,
        verdict=judgement.verdict,
        found=judgement.found,
        found_verdict=judgement.found_verdict,
        stated_key=judgement.stated_key,
        found_key=judgement.found_key,
        language=question.language,
        objective=question.objective,
        domain=question.domain,
    )


def _answer_key(row: Answer) -> str:
    return digest(row.question_id, row.writer, row.sample)


# The committed stage ------------------------------------------------------------------------------


def evaluate_base(run: RunContext, questions: Sequence[Question], weights: Weights) -> list[Answer]:
    """The base's answers, and those of the agents before any tuning: `round-00/answers`, `metrics`.

    Nothing is measured, and nothing comes back, with `evaluation.rounds=none`.
    """
    if run.config.evaluation.rounds == "none":
        return []
    tables = {"answers": Answer, "metrics": Metric}
    inputs = run.inputs("questions", weights=weights)
    stage = run.store.stage(run.stage_name(0, "evaluate"), tables, inputs)
    if not stage.finished():
        untouched = run.untouched_weights()
        shards = Shards(run.store, stage, Answer)
        answers = _answers_of_agents(run, 0, "evaluate", questions, untouched, shards)
        base = base_answers_of(answers)
        if weights != untouched:
            # The agents differ from the base before the first round already.
            # Kept apart from those above: an agent's rows have the same keys as the base's under
            # its prompt.
            shards = Shards(run.store, stage, Answer, "-agents")
            answers = _answers_of_agents(run, 0, "evaluate agents", questions, weights, shards)
        metrics = round_metrics(run.config, 0, run.agent_names, questions, answers, base)
        stage.write([{"answers": [*base, *answers], "metrics": metrics}])
        _emit_evaluated(run, 0, metrics)
    return [answer for answer in stage.rows("answers") if answer.writer == BASE]


def evaluate(
    run: RunContext,
    round: int,
    questions: Sequence[Question],
    weights: Weights,
    base: Sequence[Answer],
    *,
    last: bool = False,
) -> None:
    """The round's answers and all numbers about them, committed as `answers` and `metrics`.

    Every round is measured, or the last alone, or none (`evaluation.rounds`).
    """
    measured_rounds = run.config.evaluation.rounds
    if measured_rounds == "none" or (measured_rounds == "last" and not last):
        return
    tables = {"answers": Answer, "metrics": Metric}
    # The base's answers are an input, since every number is a comparison with them.
    inputs = run.inputs("questions", run.stage_name(0, "evaluate"), weights=weights)
    stage = run.store.stage(run.stage_name(round, "evaluate"), tables, inputs)
    if stage.finished():
        return
    shards = Shards(run.store, stage, Answer)
    answers = _answers_of_agents(run, round, "evaluate", questions, weights, shards)
    # Before the numbers: weighted votes and routing choose by the confidences.
    if run.config.evaluation.confidence:
        total = len(answers)
        with run.events.stage("confidence", round=round, unit="answers", total=total) as tick:
            answers = with_confidence(
                run.config, questions, answers, run.prompts, run.workers, tick
            )
    round_block = _round_block(run, round, questions, answers, base)
    stage.write([round_block])
    _emit_evaluated(run, round, round_block["metrics"])


def _round_block(
    run: RunContext,
    round: int,
    questions: Sequence[Question],
    answers: list[Answer],
    base: Sequence[Answer],
) -> Block:
    """The round's tables; with a reader's answers where one reads the best agent's steps."""
    config = run.config
    metrics = round_metrics(config, round, run.agent_names, questions, answers, base)
    if config.evaluation.reader == "none":
        return {"answers": answers, "metrics": metrics}
    provider = best_agent(metrics)
    question_by_id = {question.id: question for question in questions}
    reader_weights = trained_reader(run, round, provider, question_by_id)
    question_count = len(kept_questions(questions))
    with run.events.stage("read", round=round, unit="answers", total=question_count) as tick:
        answers_of_reader = read_answers(
            config,
            provider,
            reader_weights,
            question_by_id,
            answers,
            run.prompts,
            run.workers,
            tick,
        )
    metrics_of_reader = reader_metrics(config, round, questions, answers_of_reader, base)
    metrics += with_task_labels(config.task, metrics_of_reader)
    return {"answers": [*answers, *answers_of_reader], "metrics": metrics}


def _answers_of_agents(
    run: RunContext,
    round: int,
    label: str,
    questions: Sequence[Question],
    weights: Weights,
    shards: Shards,
) -> list[Answer]:
    answer_count = count_answers(run.config, questions, len(run.agents))
    with run.events.stage(
        label, round=round, unit="answers", total=answer_count, stored=shards.row_count
    ) as tick:
        blocks = write_answers(
            run.config, round, run.agents, weights, questions, run.prompts, run.workers, shards,
            tick,
        )  # fmt: skip
        return [answer for block in blocks for answer in block]


def _emit_evaluated(run: RunContext, round: int, metrics: Sequence[Metric]) -> None:
    numbers: dict[str, float] = {"round": round}
    for metric in metrics:
        if metric.name in HEADLINE_METRICS:
            numbers[f"{metric.model}.{metric.split}.{metric.name}"] = metric.value
    run.events.emit("round_evaluated", numbers=numbers)


def should_stop_early(run: RunContext, round: int) -> bool:
    """Whether `patience` rounds in a row brought no better validation accuracy; says so."""
    patience = run.config.patience
    # Rounds that were not measured cannot be compared.
    if patience is None or run.config.evaluation.rounds != "all":
        return False
    # Round 0, before any tuning, is among them; a round that only equals the best does not count as
    # better.
    accuracies = [validation_accuracy(run.store, earlier) for earlier in range(round + 1)]
    rounds_since_best = round - accuracies.index(max(accuracies))
    if rounds_since_best < patience:
        return False
    run.events.message(
        f"no better validation accuracy in {rounds_since_best} rounds (patience={patience}); "
        "the run ends"
    )
    return True

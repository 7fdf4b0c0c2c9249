"""The paper's way to answer with two models: a provider writes the steps, a reader the answer.

The provider is the best agent by validation. The reader is the untouched base (`evaluation.reader=
base`), or a copy of it that is tuned to state the gold answer behind the provider's steps of the
round's training questions (`trained`; equation 3 on the provider's rationales, section 4). Both
read the base's own prompt of a question with the steps behind it.
"""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from collate.agents.prompts import Prompts, TokenIds
from collate.answers.judging import Judgement
from collate.answers.statements import cut_answer
from collate.answers.verifier import Verifier
from collate.cluster.actors import TuningJob
from collate.cluster.workers import Workers
from collate.config.schema import RunConfig, TuningConfig
from collate.console.events import Tick
from collate.engines.protocol import Completion, Request
from collate.evaluation.metrics import measure
from collate.evaluation.subjects import READER
from collate.models.weights import FINISHED, AgentWeights
from collate.rounds.context import RunContext
from collate.store.tables_on_disk import StoredRows
from collate.tables import (
    CHOSEN,
    SAMPLED,
    Answer,
    Metric,
    Question,
    Rationale,
    digest,
    seed_of,
)
from collate.tuning.data import count_examples, step_count, write_examples

ANSWER_TOKENS = 32
"""Room for a stated answer."""


def read_answers(
    config: RunConfig,
    provider: str,
    reader: AgentWeights,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    prompts: Prompts,
    workers: Workers,
    tick: Tick,
) -> list[Answer]:
    """The reader's answers to what the provider answered greedily, as those of `reader`.

    An answer's text is the provider's steps with what the reader wrote behind them; its tokens are
    those of both.
    """
    answer_by_key = {
        digest(answer.question_id, READER): answer
        for answer in answers
        if answer.writer == provider and answer.sample == 0
    }
    requests = []
    for request_key, answer in answer_by_key.items():
        prompt_ids = _prompt_with_steps(config, questions[answer.question_id], answer.text, prompts)
        requests.append(
            Request(
                key=request_key,
                agent=READER,
                prompt_ids=prompt_ids,
                seed=0,
                temperature=0.0,
                top_p=1.0,
                max_tokens=ANSWER_TOKENS,
            )
        )
    completion_by_key: dict[str, Completion] = {}

    def keep(_: int, done: Sequence[Completion]) -> None:
        completion_by_key.update({completion.key: completion for completion in done})

    workers.generate([requests], {READER: reader}, tick, on_completions=keep)
    text_by_key = {}
    for request_key, answer in answer_by_key.items():
        steps_text = cut_answer(answer.text, config.task.marker)
        text_by_key[request_key] = f"{steps_text}\n{completion_by_key[request_key].text}".strip()
    with Verifier.for_task(config.task) as verifier:
        judgements = verifier.judge_answers(
            list(text_by_key.values()),
            [questions[answer.question_id] for answer in answer_by_key.values()],
        )
    judged_answers = zip(answer_by_key.items(), judgements, strict=True)
    return [
        _reader_answer(answer, text_by_key[request_key], completion_by_key[request_key], judgement)
        for (request_key, answer), judgement in judged_answers
    ]


def _reader_answer(
    providers: Answer, text: str, completion: Completion, judgement: Judgement
) -> Answer:
    """The reader's answer in place of the provider's."""
    return replace(
        providers,
        writer=READER,
        text=text,
        tokens=providers.tokens + len(completion.token_ids),
        finish_reason=completion.finish_reason,
        stated=judgement.stated,
        verdict=judgement.verdict,
        found=judgement.found,
        found_verdict=judgement.found_verdict,
        stated_key=judgement.stated_key,
        found_key=judgement.found_key,
        # The provider's confidence was in its own answer.
        confidence=None,
    )


def reader_metrics(
    config: RunConfig,
    round: int,
    questions: Sequence[Question],
    answers: Sequence[Answer],
    base: Sequence[Answer],
) -> list[Metric]:
    """The numbers of a reader's answers, which are measured as if an agent had given them."""
    # `measure` asks for the best agent, and a group such as "reader" is none (`subjects.GROUPS`).
    answers_as_agent = [replace(answer, writer="") for answer in answers]
    metrics = measure(
        answers_as_agent,
        base=base,
        round=round,
        agents=[""],
        seed=config.seed,
    )
    return [replace(metric, model=READER) for metric in metrics if metric.model == ""]


def reader_examples(
    config: RunConfig,
    provider: str,
    questions: Mapping[str, Question],
    rationales: StoredRows[Rationale],
    prompts: Prompts,
) -> Iterator[list[dict[str, Any]]]:
    """What a reader learns from: the provider's first rationale of a question, block by block."""
    for block_rationales in rationales.blocks():
        examples = []
        for rationale in block_rationales:
            origin = (rationale.writer, rationale.origin, rationale.sample)
            if origin != (provider, SAMPLED, 0):
                continue
            question = questions[rationale.question_id]
            prompt_ids = _prompt_with_steps(config, question, rationale.text, prompts)
            stated_ids = prompts.turn_ids(f"{config.task.marker} {question.gold}")
            examples.append(
                {
                    "question_id": question.id,
                    "prompt_ids": list(prompt_ids),
                    "roles": [CHOSEN],
                    "completion_ids": [list(stated_ids)],
                }
            )
        yield examples


def reader_tuning(config: TuningConfig) -> TuningConfig:
    """How a reader is tuned: supervised, from the base."""
    return replace(
        config, loss="sft", nll_weight=0.0, label_smoothing=0.0, reference="previous", start="base",
        modes=["whole"],
    )  # fmt: skip


def _prompt_with_steps(
    config: RunConfig, question: Question, text: str, prompts: Prompts
) -> TokenIds:
    """The base's prompt and the steps of a rationale, cut to leave room for an answer."""
    prompt_ids = prompts.of_reader(question)
    steps_text = cut_answer(text, config.task.marker)
    steps_ids = prompts.text_ids(f"{steps_text}\n") if steps_text else ()
    steps_room = config.engine.max_length - ANSWER_TOKENS - len(prompt_ids)
    return (*prompt_ids, *steps_ids[: max(0, steps_room)])


# The committed stage ------------------------------------------------------------------------------


def trained_reader(
    run: RunContext, round: int, provider: str, questions: Mapping[str, Question]
) -> AgentWeights:
    """The reader's weights: the base's, or those of a copy tuned on the round, kept as `reader`."""
    config, store, base = run.config, run.store, AgentWeights.base(READER)
    if config.evaluation.reader != "trained":
        return base
    reader_stage = run.stage_name(round, "reader")
    inputs = store.digests("questions", run.stage_name(round, "generate"))
    # Another provider's steps make another reader.
    stage_key = store.key(reader_stage, {**inputs, "provider": provider})
    if not store.is_finished(reader_stage, stage_key):
        start_time = time.monotonic()
        scratch = store.scratch_folder(reader_stage, stage_key)
        rationales = store.stored(run.stage_name(round, "rationales"), Rationale)
        blocks = reader_examples(config, provider, questions, rationales, run.prompts)
        tuning = reader_tuning(config.tuning)
        examples = write_examples(scratch, blocks)
        total_steps = step_count(count_examples(examples) * tuning.epochs, tuning)
        seed = seed_of(config.seed, round, READER)
        job = TuningJob(READER, base, examples, scratch, seed, total_steps, tuning)
        with run.events.stage("tune reader", round=round, unit="steps", total=total_steps) as tick:
            run.workers.tune([job], tick)
        store.install_folder(
            reader_stage, scratch / FINISHED, stage_key, time.monotonic() - start_time
        )
        # Last: until the stage is committed, this is what a killed run goes on from.
        shutil.rmtree(scratch)
    # Absolute, since workers do not run in this process's folder.
    reader_folder = (store.path / reader_stage).absolute()
    return AgentWeights(
        READER, store.digest_of(reader_stage), str(reader_folder), config.agents.weights
    )

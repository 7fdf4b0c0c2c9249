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

from collate.agents.prompts import Ids, Prompts
from collate.answers.judging import cut_answer
from collate.answers.verifier import Verifier
from collate.cluster.actors import MADE, TuningJob
from collate.cluster.workers import Report, Workers
from collate.config.schema import SFT, RunConfig, TuningConfig
from collate.console.terminal import Screen
from collate.engines.protocol import Completion, Request
from collate.evaluation.metrics import READER
from collate.models.weights import AgentWeights
from collate.store.run_folder import RunFolder
from collate.store.tables_on_disk import StoredRows
from collate.tables import SAMPLED, Answer, Question, Rationale, digest, seed_of
from collate.tuning.tune import count_rows, step_count, write_examples

ANSWER_TOKENS = 32
"""Room for a stated answer."""


def reader_tuning(config: TuningConfig) -> TuningConfig:
    """How a reader is tuned: supervised, from the base."""
    return replace(
        config, loss=SFT, nll_weight=0.0, label_smoothing=0.0, reference="previous", start="base",
        modes=["whole"], tokens=None,
    )  # fmt: skip


def reader_examples(
    config: RunConfig,
    provider: str,
    questions: Mapping[str, Question],
    rationales: StoredRows[Rationale],
    prompts: Prompts,
) -> Iterator[list[dict[str, Any]]]:
    """What a reader learns from: the provider's first rationale of a question, block by block."""
    for block in rationales.blocks():
        own = [r for r in block if (r.agent, r.source, r.sample) == (provider, SAMPLED, 0)]
        yield [
            {
                "question_id": one.question_id,
                "prompt_ids": list(_prompt(config, questions[one.question_id], one.text, prompts)),
                "chosen_ids": list(_stated(config, questions[one.question_id], prompts)),
                "rejected_ids": [],
            }
            for one in own
        ]


def trained_reader(
    config: RunConfig,
    round: int,
    provider: str,
    questions: Mapping[str, Question],
    prompts: Prompts,
    folder: RunFolder,
    workers: Workers,
    screen: Screen,
) -> AgentWeights:
    """The base, tuned to answer from the provider's steps; committed as `reader`."""
    name = folder.round(round).name
    at, base = f"{name}/reader", AgentWeights.base(READER)
    inputs = folder.digests("questions", f"{name}/generate")
    key = folder.key(at, {**inputs, "provider": provider})
    if not folder.finished(at, key):
        began, place = time.monotonic(), folder.workplace(at, key)
        rationales = folder.stored(f"{name}/rationales", Rationale)
        blocks = reader_examples(config, provider, questions, rationales, prompts)
        tuning = reader_tuning(config.tuning)
        examples = write_examples(place, blocks)
        steps = step_count(count_rows(examples) * tuning.epochs, tuning)
        seed = seed_of(config.seed, round, READER)
        job = TuningJob(READER, base, examples, place, seed, steps, tuning)
        with screen.stage(f"round {round}  tune reader", "steps", steps) as tick:
            workers.tune([job], tick)
        folder.adopt(at, place / MADE, key, time.monotonic() - began)
        shutil.rmtree(place)
    made = (folder.path / at).absolute()  # workers do not run in this process's folder
    return AgentWeights(READER, folder.digest_of(at), str(made), config.agents.weights)


def _prompt(config: RunConfig, question: Question, text: str, prompts: Prompts) -> Ids:
    """The base's prompt and the steps of a rationale, cut to leave room for an answer."""
    asked, steps = prompts.reader(question), cut_answer(text, config.task.marker)
    read = prompts.ids(f"{steps}\n", ended=False) if steps else ()
    room = config.engine.max_length - ANSWER_TOKENS - len(asked)
    return (*asked, *read[: max(0, room)])


def _stated(config: RunConfig, question: Question, prompts: Prompts) -> Ids:
    return prompts.ids(f"{config.task.marker} {question.gold}")


def read(
    config: RunConfig,
    provider: str,
    reader: AgentWeights,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    prompts: Prompts,
    workers: Workers,
    report: Report,
) -> list[Answer]:
    """The reader's answers to what the provider answered greedily, as those of `reader`.

    An answer's text is the provider's steps with what the reader wrote behind them; its tokens are
    those of both.
    """
    provided = {
        digest(one.question_id, READER): one
        for one in answers
        if one.agent == provider and one.sample == 0
    }
    requests = [
        Request(
            key=key, agent=READER, seed=0, temperature=0.0, top_p=1.0, max_tokens=ANSWER_TOKENS,
            prompt_ids=_prompt(config, questions[one.question_id], one.text, prompts),
        )
        for key, one in provided.items()
    ]  # fmt: skip
    written: dict[str, Completion] = {}

    def keep(_: int, done: Sequence[Completion]) -> None:
        written.update({one.key: one for one in done})

    workers.generate([requests], {READER: reader}, report, keep=keep)
    texts = {
        key: f"{cut_answer(one.text, config.task.marker)}\n{written[key].text}".strip()
        for key, one in provided.items()
    }
    asked = [questions[one.question_id] for one in provided.values()]
    with Verifier(config.task.answer_kind, config.task.marker) as verifier:
        judged = verifier.judge_answers(list(texts.values()), asked)
    return [
        replace(
            one, agent=READER, text=texts[key], tokens=one.tokens + len(written[key].token_ids),
            finish_reason=written[key].finish_reason, stated=judgement.stated,
            verdict=judgement.verdict, found=judgement.found,
            found_verdict=judgement.found_verdict, confidence=None,
        )
        for (key, one), judgement in zip(provided.items(), judged, strict=True)
    ]  # fmt: skip

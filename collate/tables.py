"""The rows that stages hand to each other, and their schema on disk.

A stage takes rows and a config and returns rows; `collate.rounds` keeps them on disk.
Every row type is a frozen dataclass, and `SCHEMAS` gives the Parquet columns in the same order.
Ids are stable across runs: a question's id is a digest of its task and text, a rationale's of
(question, agent, round, sample), so that any pair leads back to both texts, seeds and scores.

Axis suffixes used for arrays throughout collate: `_Q` question, `_K` agent, `_N` sample, `_T`
token, `_P` pair, `_V` vocabulary, `_B` row of a batch.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import pyarrow as pa

from collate import verdicts

SCHEMA_VERSION = "4"

RIGHT, WRONG, UNKNOWN = verdicts.RIGHT, verdicts.WRONG, verdicts.UNKNOWN

SAMPLED, PEER, HINT, GOLD = "sampled", "peer", "hint", "gold"
"""Where a rationale comes from: sampled by its agent; begun by another agent and completed by it;
written by it with the gold answer in view; or the data set's own worked solution."""


def digest(*parts: object, length: int = 16) -> str:
    """Hex digest of the parts, stable across machines and Python versions."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def seed_of(*parts: object) -> int:
    """A 63-bit seed that is a digest of the parts, for example (run seed, round, agent, ...)."""
    return int(digest(*parts, length=16), 16) & (2**63 - 1)


@dataclass(frozen=True, slots=True)
class Question:
    """One item of a task. `options` is empty unless the task is multiple choice.

    `solution` is the data set's own worked solution without its stated answer, empty where it has
    none.
    """

    id: str
    task: str
    split: str
    text: str
    gold: str
    options: tuple[str, ...] = ()
    solution: str = ""


@dataclass(frozen=True, slots=True)
class Rationale:
    """What one agent wrote for one question, once. `logprob` is the sampler's sum, in nats.

    A rationale with `source` "gold" is of the agent "gold", and has no log-probability (NaN).
    """

    id: str
    question_id: str
    agent: str
    adapter: str
    round: int
    sample: int
    seed: int
    temperature: float
    top_p: float
    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    text: str
    finish_reason: str
    logprob: float
    source: str = SAMPLED


@dataclass(frozen=True, slots=True)
class Score:
    """What the verifier and the frozen scorer say of one rationale.

    `stated` is the answer in the form asked for, or None; `verdict` judges it (the strict reading).
    `found` is the answer found anywhere, and `found_verdict` judges that (the lenient reading).
    The four likelihoods are of the gold answer given question and rationale, in nats or as a
    probability; `posterior` is its probability among the options, None where none was asked for or
    the question has no options. `likelihood` is the configured one of the five, `baseline` the same
    without a rationale, and `lift` their difference. All are None where no likelihood was asked
    for. `marks` says what speaks against the rationale as an example to learn from, whatever its
    answer; the words are those of `collate.answers.flags`.
    """

    rationale_id: str
    question_id: str
    stated: str | None
    verdict: str
    reason: str
    found: str | None
    found_verdict: str
    sum_logprob: float | None
    mean_logprob: float | None
    geometric: float | None
    mean_prob: float | None
    likelihood: float | None
    baseline: float | None
    lift: float | None
    marks: tuple[str, ...]
    posterior: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A chosen and a rejected rationale of one question, for one agent to be tuned on.

    Rules for supervised tuning reject nothing: `rejected_id` is None and the margin 0.
    """

    id: str
    question_id: str
    agent: str
    chosen_id: str
    rejected_id: str | None
    rule: str
    margin: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """A question that gave one agent no pair, and why."""

    question_id: str
    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step, over the pairs of that step.

    Log-probabilities are mean sums over a completion, in nats; a log-ratio is that minus the
    reference's of the same completions, which makes steps comparable though their pairs differ.
    Where nothing is rejected and no reference is asked (`tuning.loss=sft`), what is about these is
    NaN. `tokens` counts the completion tokens of the step, those of both sides.
    """

    step: int
    loss: float
    margin: float
    chosen_logprob: float
    rejected_logprob: float
    chosen_logratio: float
    rejected_logratio: float
    accuracy: float
    learning_rate: float
    grad_norm: float
    tokens: int


@dataclass(frozen=True, slots=True)
class TuningStep(Step):
    """One optimizer step of one agent in one round."""

    round: int
    agent: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A greedy or sampled answer on a split kept for evaluation, judged strictly and leniently.

    `confidence` is the likelihood, as a probability, of the stated answer given the text under the
    frozen scorer; None where nothing was stated or no likelihood was asked for. Gold has no part in
    it.
    """

    question_id: str
    split: str
    agent: str
    sample: int
    text: str
    tokens: int
    finish_reason: str
    stated: str | None
    verdict: str
    found: str | None
    found_verdict: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One number, with its 95 % interval or None.

    `agent` is an agent's name or who else was measured: `base`, `vote`, `weighted_vote`, `routed`,
    `best` (the agent chosen on validation), `reader` (who answers from that agent's steps),
    `agents` (all together), `scorer`, `chance`.
    """

    round: int
    split: str
    agent: str
    name: str
    value: float
    low: float | None
    high: float | None
    n: int


_text, _real, _whole = pa.string(), pa.float64(), pa.int64()
_ids = pa.list_(pa.int32())

_COLUMNS: dict[type, dict[str, pa.DataType]] = {
    Question: {"options": pa.list_(_text)},
    Rationale: {
        "round": _whole,
        "sample": _whole,
        "seed": _whole,
        "temperature": _real,
        "top_p": _real,
        "prompt_ids": _ids,
        "token_ids": _ids,
        "logprob": _real,
    },
    Score: {
        **dict.fromkeys(
            (
                "sum_logprob", "mean_logprob", "geometric", "mean_prob", "likelihood", "baseline",
                "lift", "posterior",
            ),
            _real,
        ),
        "marks": pa.list_(_text),
    },
    Pair: {"margin": _real},
    Dropped: {},
    TuningStep: {
        "round": _whole,
        "step": _whole,
        "tokens": _whole,
        **dict.fromkeys(
            (
                "loss", "margin", "chosen_logprob", "rejected_logprob", "chosen_logratio",
                "rejected_logratio", "accuracy", "learning_rate", "grad_norm",
            ),
            _real,
        ),
    },
    Answer: {"sample": _whole, "tokens": _whole, "confidence": _real},
    Metric: {"round": _whole, "value": _real, "low": _real, "high": _real, "n": _whole},
}  # fmt: skip

SCHEMAS: dict[type, pa.Schema] = {
    row: pa.schema(
        [(field.name, columns.get(field.name, _text)) for field in fields(row)],
        metadata={"collate_schema": SCHEMA_VERSION, "collate_row": row.__name__},
    )
    for row, columns in _COLUMNS.items()
}

Row = TypeVar("Row")


def to_table(row_type: type, rows: Sequence[Any]) -> pa.Table:
    """Rows of one type as an Arrow table with that type's schema (empty tables keep it)."""
    schema = SCHEMAS[row_type]
    columns = [
        pa.array([getattr(row, field.name) for row in rows], type=field.type) for field in schema
    ]
    return pa.table(columns, schema=schema)


def from_table(row_type: type[Row], table: pa.Table) -> list[Row]:
    """Rows of an Arrow table that `to_table` made; list columns come back as tuples."""
    columns = []
    for field in table.schema:
        values = table[field.name].to_pylist()
        columns.append([tuple(v) for v in values] if pa.types.is_list(field.type) else values)
    names = table.schema.names
    return [row_type(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]

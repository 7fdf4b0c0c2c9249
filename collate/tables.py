"""The rows that stages hand to each other, and their schema on disk.

A stage takes rows and settings and returns rows; `collate.store` keeps them on disk as Parquet.
Every row type is a frozen dataclass, and `SCHEMAS` gives its Parquet columns in the same order.
Ids are stable across runs: a question's id is a digest of its task and text, a rationale's of
(question, writer, round, sample), so that any preference leads back to texts, seeds and scores.

Axis suffixes used for arrays throughout collate: `_Q` question, `_K` agent, `_N` sample, `_T`
token, `_P` preference, `_V` vocabulary, `_O` option or objective, `_B` row of a batch.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import pyarrow as pa

from collate import verdicts

SCHEMA_VERSION = "6"

RIGHT, WRONG, UNKNOWN = verdicts.RIGHT, verdicts.WRONG, verdicts.UNKNOWN

SAMPLED, PEER, HINT, GOLD = "sampled", "peer", "hint", "gold"
"""Where a rationale comes from (`Rationale.origin`): sampled by its writer; begun by another agent
and completed by its writer; written with the gold answer in view; or the data's own solution."""

CHOSEN, REJECTED = "chosen", "rejected"
"""The roles of most preferences. A rule for supervised tuning fills `CHOSEN` alone."""

LABELS = ("language", "objective", "domain")
"""The labels that a question may carry (`task.labels`); answers and metrics repeat them."""


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
    none. A label is empty where the task gives none.
    """

    id: str
    task: str
    split: str
    text: str
    gold: str
    options: tuple[str, ...] = ()
    solution: str = ""
    language: str = ""
    objective: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Rationale:
    """What one writer wrote for one question, once.

    `writer` is an agent (or a source, a model that is not tuned), `model` the name of its base
    model, `weights` the digest of the adapter or full weights that it wrote with ("base" for the
    untouched model). `logprob` is the sampler's sum over the tokens, in nats. A data set's own
    solution has the writer and the origin "gold", and no log-probability (NaN).
    """

    id: str
    question_id: str
    writer: str
    model: str
    weights: str
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
    origin: str = SAMPLED


@dataclass(frozen=True, slots=True)
class Score:
    """What the verifier and the frozen scorer say of one rationale.

    `stated` is the answer in the form asked for, or None; `verdict` judges it (the strict reading).
    `found` is the answer found anywhere, and `found_verdict` judges that (the lenient reading).
    Answers that say the same have the same `stated_key` and `found_key`, however they are spelled.
    The four likelihoods are of the gold answer given question and rationale, in nats or as a
    probability; `posterior` is its probability among the options, None where none was asked for or
    the question has no options. `likelihood` is the configured one of the five, `baseline` the same
    without a rationale, and `lift` their difference. All are None where no likelihood was asked
    for. `flags` says what speaks against the rationale as an example to learn from, whatever its
    answer; the words are those of `collate.answers.flags`. `objectives` holds further numbers of
    the rationale, each to be high, by the objective's name. `true_steps`, `false_steps` and
    `unreadable_steps` count the equations and comparisons in it (`collate.answers.steps`).
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
    flags: tuple[str, ...]
    posterior: float | None = None
    objectives: Mapping[str, float] = field(default_factory=dict)
    stated_key: str | None = None
    found_key: str | None = None
    true_steps: int = 0
    false_steps: int = 0
    unreadable_steps: int = 0


@dataclass(frozen=True, slots=True)
class Preference:
    """Rationales of one question that one agent is tuned on, by the role that each has.

    Most rules fill two roles, `chosen` and `rejected`. Rules for supervised tuning reject nothing:
    they fill `chosen` alone, and the margin is 0.
    """

    id: str
    question_id: str
    agent: str
    roles: Mapping[str, str]
    rule: str
    margin: float

    @property
    def chosen_id(self) -> str:
        """Id of the chosen rationale."""
        return self.roles[CHOSEN]

    @property
    def rejected_id(self) -> str | None:
        """Id of the rejected rationale, None where nothing is rejected."""
        return self.roles.get(REJECTED)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A question that gave one agent no preference, and why."""

    question_id: str
    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step, over the preferences of that step.

    `logprobs` has, by role, the mean log-probability of a completion (summed over its tokens, in
    nats), and `logratios` the same minus the reference's, which makes steps comparable though their
    preferences differ. What a loss does not have is left out of the mappings or NaN
    (`tuning.loss=sft` rejects nothing and asks no reference). `tokens` counts the completion tokens
    of the step, those of all roles.
    """

    step: int
    loss: float
    margin: float
    logprobs: Mapping[str, float]
    logratios: Mapping[str, float]
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

    `writer` is an agent, or who else answered: `base`, `reader`, or a vote. `model` is the name of
    the base model. `confidence` is the likelihood, as a probability, of the stated answer given the
    text under the frozen scorer; None where nothing was stated or no likelihood was asked for. Gold
    has no part in it. Answers that say the same have the same `stated_key` and `found_key`, however
    they are spelled.
    """

    question_id: str
    task: str
    split: str
    writer: str
    model: str
    sample: int
    text: str
    tokens: int
    finish_reason: str
    stated: str | None
    verdict: str
    found: str | None
    found_verdict: str
    confidence: float | None = None
    stated_key: str | None = None
    found_key: str | None = None
    language: str = ""
    objective: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number, with its 95 % interval or None.

    `model` says whom it is of: an agent's name, a model's where one was measured without a run, or
    `base`, `vote`, `weighted_vote`, `routed`, `best` (the agent chosen on validation), `reader`
    (who answers from that agent's steps), `agents` (all together), `scorer`, `chance`. `task` and
    the labels are those of the questions it is over.
    """

    round: int
    split: str
    model: str
    name: str
    value: float
    low: float | None
    high: float | None
    n: int
    task: str = ""
    language: str = ""
    objective: str = ""
    domain: str = ""


_text, _real, _whole = pa.string(), pa.float64(), pa.int64()
_ids = pa.list_(pa.int32())


def _entries(key: str, value: str, of: pa.DataType) -> pa.DataType:
    """The column of a mapping: a list of records, which every reader of Parquet knows."""
    return pa.list_(pa.struct([(key, _text), (value, of)]))


_by_role = _entries("role", "nats", _real)

# What is not named here is a text.
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
        "flags": pa.list_(_text),
        "objectives": _entries("name", "value", _real),
        **dict.fromkeys(("true_steps", "false_steps", "unreadable_steps"), _whole),
    },
    Preference: {"roles": _entries("role", "rationale_id", _text), "margin": _real},
    Dropped: {},
    TuningStep: {
        "round": _whole,
        "step": _whole,
        "tokens": _whole,
        **dict.fromkeys(("loss", "margin", "accuracy", "learning_rate", "grad_norm"), _real),
        "logprobs": _by_role,
        "logratios": _by_role,
    },
    Answer: {"sample": _whole, "tokens": _whole, "confidence": _real},
    Metric: {"round": _whole, "value": _real, "low": _real, "high": _real, "n": _whole},
}  # fmt: skip

SCHEMAS: dict[type, pa.Schema] = {
    row: pa.schema(
        [(each.name, columns.get(each.name, _text)) for each in fields(row)],
        metadata={"collate_schema": SCHEMA_VERSION, "collate_row": row.__name__},
    )
    for row, columns in _COLUMNS.items()
}

Row = TypeVar("Row")


def to_table(row_type: type, rows: Sequence[Any]) -> pa.Table:
    """Rows of one type as an Arrow table with that type's schema (empty tables keep it)."""
    schema = SCHEMAS[row_type]
    columns = [_column([getattr(row, each.name) for row in rows], each.type) for each in schema]
    return pa.table(columns, schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if _holds_mappings(kind):
        key, value = (each.name for each in kind.value_type)
        values = [[{key: k, value: v} for k, v in mapping.items()] for mapping in values]
    return pa.array(values, type=kind)


def from_table(row_type: type[Row], table: pa.Table) -> list[Row]:
    """Rows of an Arrow table that `to_table` made; lists come back as tuples, mappings as dicts."""
    columns = []
    for each in table.schema:
        values = table[each.name].to_pylist()
        if _holds_mappings(each.type):
            values = [dict(tuple(entry.values()) for entry in entries) for entries in values]
        elif pa.types.is_list(each.type):
            values = [tuple(items) for items in values]
        columns.append(values)
    names = table.schema.names
    return [row_type(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]


def _holds_mappings(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)

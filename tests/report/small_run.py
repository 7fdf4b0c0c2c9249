"""A small run folder of plausible data: 3 agents, 2 rounds, 40 questions.

Agents get better from round to round, and the likelihood of the gold answer is higher after a right
rationale than after a wrong one, but not always. A hostile run carries markup of HTML, of rich, of
matplotlib and of the terminal in every text that a model or a data set wrote.
"""

import json
import math
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from collate.answers.steps import check_steps
from collate.atomic import file_digest
from collate.evaluation.divergence import CrossLogprob, cross_likelihood
from collate.evaluation.diversity import Diversity
from collate.evaluation.false_steps import FalseSteps
from collate.evaluation.metrics import measure
from collate.evaluation.score_quality import ScoreQuality
from collate.store.manifest import Manifest
from collate.tables import (
    CHOSEN,
    REJECTED,
    RIGHT,
    SCHEMA_VERSION,
    UNKNOWN,
    WRONG,
    Answer,
    Dropped,
    Metric,
    Preference,
    Question,
    Rationale,
    Score,
    TuningStep,
    digest,
    to_table,
)

AGENTS = ["agent-0", "agent-1", "agent-2"]
ROUNDS = 2
SAMPLES = 2
SAMPLED = 4  # answers of agent-1 to a held-out question, besides the greedy one
SPLITS = {"train": 16, "validation": 8, "test": 16}
HOSTILE = (
    "</td></svg><script>alert('x')</script> [bold red]not bold[/bold red] [/] \x1b[31mred\x1b[0m "
    '\x07 \u202etxet $x_1$ & "quoted" <img src=x onerror=alert(1)>'
)


@dataclass
class SmallRun:
    """The rows behind the folder, by round where they have one."""

    path: Path
    questions: list[Question] = field(default_factory=list)
    rationales: dict[int, list[Rationale]] = field(default_factory=dict)
    scores: dict[int, list[Score]] = field(default_factory=dict)
    preferences: dict[int, list[Preference]] = field(default_factory=dict)
    dropped: dict[int, list[Dropped]] = field(default_factory=dict)
    answers: dict[int, list[Answer]] = field(default_factory=dict)
    metrics: dict[int, list[Metric]] = field(default_factory=dict)
    diagnostics: dict[int, list[Metric]] = field(default_factory=dict)
    tuning: dict[int, list[TuningStep]] = field(default_factory=dict)


def write_small_run(
    path: Path, *, seed: int = 0, tuning: bool = True, hostile: bool = False
) -> SmallRun:
    """Write the folder `path`, which must not exist yet, and return its rows."""
    rng = random.Random(seed)
    run = SmallRun(path)
    run.questions = _questions(rng)
    base = [_answer(rng, question, "base", 0.25) for question in _kept(run.questions)]
    for number in range(ROUNDS + 1):
        if number:
            _learn(rng, run, number)
        run.answers[number] = [
            _answer(rng, question, agent, 0.25 + 0.08 * place + 0.15 * number)
            for place, agent in enumerate(AGENTS)
            for question in _kept(run.questions)
        ]
        sampled = [
            replace(_answer(rng, question, "agent-1", 0.4), sample=sample)
            for question in _kept(run.questions)
            if question.split == "test"
            for sample in range(1, SAMPLED + 1)
        ]
        run.metrics[number] = measure(
            run.answers[number],
            sampled=sampled,
            base=base,
            round=number,
            agents=AGENTS,
            resamples=200,
            seed=seed,
        )
        if number:
            run.diagnostics[number] = _diagnostics(rng, run, number)
        run.answers[number] += base + sampled
    if hostile:
        _spoil(run)
    _write(run, tuning)
    return run


def _questions(rng: random.Random) -> list[Question]:
    questions = []
    for split, count in SPLITS.items():
        for place in range(count):
            one, two = rng.randrange(2, 60), rng.randrange(2, 60)
            text = f"What is {one} + {two}?"
            id = digest("chain_sum", text, place)
            questions.append(Question(id, "chain_sum", split, text, str(one + two)))
    return questions


def _kept(questions: list[Question]) -> list[Question]:
    return [question for question in questions if question.split != "train"]


def _attempt(rng: random.Random, question: Question, skill: float) -> tuple[str, str | None, str]:
    """Text, stated answer and verdict of one try."""
    draw = rng.random()
    if draw > 0.95:
        return "I add them up and get lost", None, UNKNOWN
    found = int(question.gold) + (0 if draw < skill else rng.choice([-10, -1, 1, 10]))
    first, second = question.text.split()[2], question.text.split()[4].rstrip("?")
    text = f"{first} plus {second} is {found}.\n#### {found}"
    if draw > 0.2:
        text = f"{first} + {second} = {int(question.gold) + (draw < 0.3)}.\n#### {found}"
    return text, str(found), RIGHT if str(found) == question.gold else WRONG


def _answer(rng: random.Random, question: Question, agent: str, skill: float) -> Answer:
    text, stated, verdict = _attempt(rng, question, skill)
    return Answer(
        question_id=question.id,
        task=question.task,
        split=question.split,
        writer=agent,
        model="tiny-random",
        sample=0,
        text=text,
        tokens=rng.randrange(12, 40),
        finish_reason="stop",
        stated=stated,
        verdict=verdict,
        found=stated,
        found_verdict=verdict,
        stated_key=stated,
        found_key=stated,
    )


def _learn(rng: random.Random, run: SmallRun, number: int) -> None:
    """One round of rationales, scores, preferences and tuning."""
    rationales: list[Rationale] = []
    scores: list[Score] = []
    train = [question for question in run.questions if question.split == "train"]
    for question in train:
        for agent in AGENTS:
            for sample in range(SAMPLES):
                text, stated, verdict = _attempt(rng, question, 0.35 + 0.15 * number)
                tried = (question.id, agent, number, sample)
                rationales.append(_rationale(rng, tried, text))
                scores.append(_score(rng, rationales[-1], stated, verdict))
    run.rationales[number], run.scores[number] = rationales, scores
    run.preferences[number], run.dropped[number] = _preferences(train, rationales, scores)
    run.tuning[number] = [
        TuningStep(
            round=number, agent=agent, step=step,
            loss=math.log(2) * (0.97 - 0.01 * place) ** (step - 1), margin=0.05 * step,
            logprobs={CHOSEN: -20 + 0.1 * step, REJECTED: -22 - 0.2 * step},
            logratios={CHOSEN: 0.1 * (step - 1), REJECTED: 0.2 * (1 - step)},
            accuracy=min(1.0, 0.5 + 0.03 * step), learning_rate=1e-4, grad_norm=1.0, tokens=96,
        )
        for place, agent in enumerate(AGENTS)
        for step in range(1, 9)
    ]  # fmt: skip


def _diagnostics(rng: random.Random, run: SmallRun, number: int) -> list[Metric]:
    """Diversity and score quality of a round's rationales."""
    block = (run.questions, run.rationales[number], run.scores[number])
    diversity = Diversity(round=number, agents=AGENTS)
    false_steps = FalseSteps(round=number, agents=AGENTS)
    quality = ScoreQuality(round=number)
    diversity.add(*block)
    false_steps.add(*block[1:])
    quality.add(*block)
    rows = [
        CrossLogprob(row.id, row.writer, reader, -0.3 - (reader != row.writer) * rng.random())
        for row in run.rationales[number]
        for reader in AGENTS
    ]
    read = cross_likelihood(rows, agents=AGENTS, round=number)
    return [*diversity.metrics(), *false_steps.metrics(), *quality.metrics(), *read]


def _rationale(rng: random.Random, tried: tuple[str, str, int, int], text: str) -> Rationale:
    question_id, agent, number, sample = tried
    return Rationale(
        id=digest(*tried),
        question_id=question_id,
        writer=agent,
        model="tiny-random",
        weights=digest(agent, number),
        round=number,
        sample=sample,
        seed=rng.getrandbits(62),
        temperature=0.8,
        top_p=1.0,
        prompt_ids=(1, 2, 3),
        token_ids=tuple(range(len(text.split()))),
        text=text,
        finish_reason="stop",
        logprob=-rng.random() * 20,
    )


def _score(rng: random.Random, rationale: Rationale, stated: str | None, verdict: str) -> Score:
    likelihood = min(0.99, max(0.01, rng.gauss(0.55 if verdict == RIGHT else 0.4, 0.15)))
    steps = check_steps(rationale.text)
    baseline = 0.2 + int(rationale.question_id[:4], 16) / 0xFFFF * 0.2
    return Score(
        rationale_id=rationale.id,
        question_id=rationale.question_id,
        stated=stated,
        verdict=verdict,
        reason="equal" if verdict == RIGHT else "not stated" if stated is None else "different",
        found=stated,
        found_verdict=verdict,
        stated_key=stated,
        found_key=stated,
        sum_logprob=2.5 * math.log(likelihood) - rng.random(),
        mean_logprob=math.log(likelihood) - 0.1 * rng.random(),
        geometric=likelihood * (1 - 0.1 * rng.random()),
        mean_prob=likelihood,
        likelihood=likelihood,
        baseline=baseline,
        lift=likelihood - baseline,
        flags=(
            *(("only the answer",) if rng.random() < 0.1 else ()),
            *(("a false step",) if steps.false else ()),
        ),
        true_steps=steps.true,
        false_steps=steps.false,
        unreadable_steps=steps.unreadable,
    )


def _preferences(
    train: list[Question], rationales: list[Rationale], scores: list[Score]
) -> tuple[list[Preference], list[Dropped]]:
    verdicts = {score.rationale_id: score.verdict for score in scores}
    likelihood = {score.rationale_id: score.likelihood or 0.0 for score in scores}
    preferences: list[Preference] = []
    dropped: list[Dropped] = []
    for question in train:
        own = [rationale.id for rationale in rationales if rationale.question_id == question.id]
        right = [id for id in own if verdicts[id] == RIGHT]
        wrong = [id for id in own if verdicts[id] == WRONG]
        for agent in AGENTS:
            if right and wrong:
                margin = likelihood[right[0]] - likelihood[wrong[0]]
                id = digest(agent, right[0], wrong[0])
                roles = {CHOSEN: right[0], REJECTED: wrong[0]}
                preferences.append(Preference(id, question.id, agent, roles, "correctness", margin))
            else:
                reason = f"all rationales are {'right' if right else 'wrong'}"
                dropped.append(Dropped(question.id, agent, reason))
    return preferences, dropped


def _spoil(run: SmallRun) -> None:
    run.questions = [replace(q, text=q.text + HOSTILE) for q in run.questions]
    for number, rationales in run.rationales.items():
        run.rationales[number] = [replace(r, text=HOSTILE + r.text) for r in rationales]
        run.dropped[number] = [replace(d, reason=HOSTILE) for d in run.dropped[number]]
    for number, answers in run.answers.items():
        run.answers[number] = [replace(a, text=HOSTILE, stated=HOSTILE) for a in answers]


def _write(run: SmallRun, tuning: bool) -> None:
    run.path.mkdir(parents=True)
    settings: dict[str, Any] = {
        "name": run.path.name,
        "seed": 0,
        "rounds": ROUNDS,
        "model": {"name": "tiny-random"},
        "task": {"name": "chain_sum", "answer_kind": "number"},
        "agents": {"count": len(AGENTS), "samples": SAMPLES},
    }
    (run.path / "config.yaml").write_text(yaml.safe_dump(settings))
    (run.path / "run.json").write_text(
        json.dumps({"schema": SCHEMA_VERSION, "versions": {"collate": "0.1.0"}})
    )
    pq.write_table(to_table(Question, run.questions), run.path / "questions.parquet")
    tables: dict[str, tuple[type, dict[int, list[Any]]]] = {
        "rationales": (Rationale, run.rationales),
        "scores": (Score, run.scores),
        "preferences": (Preference, run.preferences),
        "dropped": (Dropped, run.dropped),
        "answers": (Answer, run.answers),
        "metrics": (Metric, run.metrics),
        "diagnostics": (Metric, run.diagnostics),
    }
    if tuning:
        tables["tuning"] = (TuningStep, run.tuning)
    for name, (row_type, by_round) in tables.items():
        for number, rows in by_round.items():
            folder = run.path / f"round-{number:02d}"
            folder.mkdir(exist_ok=True)
            pq.write_table(to_table(row_type, rows), folder / f"{name}.parquet")
    vouch_for(run.path)


def vouch_for(path: Path) -> None:
    """Write the manifest of a run whose stages have made the tables that are there now."""
    (path / "manifest.jsonl").unlink(missing_ok=True)
    manifest = Manifest(path / "manifest.jsonl")
    for table in sorted(path.rglob("*.parquet")):
        name = table.relative_to(path).as_posix()
        manifest.commit(name.removesuffix(".parquet"), {"files": {name: file_digest(table)}})

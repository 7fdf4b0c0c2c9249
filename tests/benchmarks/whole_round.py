"""A whole round by collate, by the shell loop (B1) and by the competent loop (B2).

Both loops load one engine, one trainer for each agent, and one scorer. B1 writes its n samples in
n passes, scores one rationale at a time, and computes the reference at every step; B2 writes all
samples in one call, scores padded batches and computes the reference once. Their starts are the
same processes, so they are started once, and the time counts for both.

All write the same questions' rationales at their natural length, from the same seeds; all score
and tune on the rationales that collate wrote, so that a turned near-tie does not give one arm less
to do; all choose pairs by one function from the scores and verdicts that they found themselves.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from collate.answers.statements import cut_answer
from collate.cluster.actors import ScoreTask, TuningJob
from collate.pairs.preferences import make_preferences
from collate.scoring.answer_likelihood import NORMALISATIONS, AnswerLikelihood
from collate.tables import Preference, Rationale, Score
from collate.tuning.curves import read_curves
from collate.tuning.data import write_examples
from tests.benchmarks.arms import Timed, share_equal, start_arm
from tests.benchmarks.material import Material, quickstart
from tests.benchmarks.ours import Round
from tests.benchmarks.rivals import PlainScorer, RawVllm, StockTrl, verdict
from tests.benchmarks.rows import Check, Row
from tests.benchmarks.stages import SAME_LOSSES, SAME_SCORES, SAME_TOKENS, raw_settings

STAGES = ("generate", "score", "tune")
PADDED = 16
"""Rationales in a padded batch; the better of 16 and 32 on two cores."""


@dataclass
class Lap:
    """One arm's round: seconds of its starts and stages, its peak, and what it made."""

    start_s: float = 0.0
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    peak_gib: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    made: dict[str, Any] = field(default_factory=dict)

    def count(self, stage: str, run: Timed) -> Any:
        """Add a timed call to a stage; returns what it made."""
        self.seconds[stage] += run.seconds
        self.peak_gib[stage] = max(self.peak_gib[stage], run.peak_gib)
        return run.result

    @property
    def work_s(self) -> float:
        return sum(self.seconds.values())


def whole_round(
    *,
    questions: int,
    samples: int,
    steps: int,
    batch: int,
    settings: Sequence[str] = (),
) -> list[Row]:
    """Rows of the whole round and of its stages, against both loops."""
    material = quickstart(
        questions, f"agents.samples={samples}", f"tuning.batch={batch}",
        f"tuning.micro_batch={batch}", f"tuning.max_steps={steps}", *settings,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        ours = _collate(material, Path(scratch))
        shell, competent = _loops(material, ours, scratch)
    size = f"{len(material.agents)} agents, {len(ours.made['rationales'])} rationales"
    rows = []
    for name, goal, rival, stage_goals in (
        ("B1, shell loop", 3.0, shell, {"score": 10.0}),
        ("B2, competent loop", 1.8, competent, {"score": 3.0, "tune": 2.5}),
    ):
        checks = _checks(material, ours, rival)
        together = [f"{check.what}" for check in checks.values()]
        whole = Check("; ".join(together), all(check.passed for check in checks.values()))
        peaks = (max(ours.peak_gib.values()), max(rival.peak_gib.values()))
        rows.append(
            Row(
                f"whole round, starts included: {size}", name, [ours.start_s + ours.work_s],
                [rival.start_s + rival.work_s], whole, goal=goal, peak_gib=peaks,
            )
        )  # fmt: skip
        rows.append(
            Row(
                f"whole round, starts apart: {size}", name, [ours.work_s], [rival.work_s], whole,
                start_s=(ours.start_s, rival.start_s), peak_gib=peaks,
            )
        )  # fmt: skip
        rows += [
            Row(
                f"its stage: {stage}", name, [ours.seconds[stage]], [rival.seconds[stage]],
                checks[stage], goal=stage_goals.get(stage),
                peak_gib=(ours.peak_gib[stage], rival.peak_gib[stage]),
            )
            for stage in STAGES
        ]  # fmt: skip
    return rows


def _collate(material: Material, scratch: Path) -> Lap:
    config, lap = material.config, Lap()
    with start_arm(Round, folder=material.folder, config=config) as arm:
        lap.start_s = arm.start_seconds
        completions = lap.count(
            "generate", arm("generate", material.all_requests(), material.weights)
        )
        rationales = material.rationales(completions)
        tasks = [
            ScoreTask(
                question,
                [each for each in rationales if each.question_id == question.id],
                material.prompts.of_scorer(question),
            )
            for question in material.questions
        ]
        by_id = {score.rationale_id: score for score in lap.count("score", arm("score", tasks))}
        scores = [by_id[rationale.id] for rationale in rationales]
        pairs = _pairs(material, rationales, scores)
        examples = {a.name: material.examples(a.name, pairs, rationales) for a in material.agents}
        jobs = []
        for agent, own in examples.items():
            jobs.append(
                TuningJob(
                    agent=agent, start=material.weights[agent],
                    examples=write_examples(scratch / agent, [own]),
                    scratch=scratch / agent, seed=0, steps=config.tuning.max_steps or 0,
                    tuning=config.tuning,
                )
            )  # fmt: skip
        folders = lap.count("tune", arm("tune", jobs))
        losses = [[step.loss for step in read_curves(folder)] for folder in folders]
    lap.made = {
        "rationales": rationales, "scores": scores, "pairs": pairs, "losses": losses,
        "examples": examples,
    }  # fmt: skip
    return lap


def _loops(material: Material, ours: Lap, scratch: str) -> tuple[Lap, Lap]:
    """B1 and B2. What each makes stands beside what collate made."""
    laps = Lap(), Lap()
    tokens: tuple[dict[str, Any], ...] = ({}, {})
    for agent in material.agents:
        by_sample = material.requests(agent.name)
        at_once = [[request for one in by_sample for request in one]]
        with start_arm(RawVllm, folder=material.folder, **raw_settings(material)) as arm:
            for lap, made, passes in zip(laps, tokens, (by_sample, at_once), strict=True):
                lap.start_s += arm.start_seconds
                arm("reset")  # B2 shall not find what B1 has left in the prefix cache
                made.update(lap.count("generate", arm("generate", passes)))
    rationales: Sequence[Rationale] = ours.made["rationales"]
    asked = {question.id: question for question in material.questions}
    flat = _flat(material, rationales)
    with start_arm(PlainScorer, folder=material.folder) as arm:
        for lap, method, more in zip(laps, ("one_by_one", "padded"), ((), (PADDED,)), strict=True):
            lap.start_s += arm.start_seconds
            lap.made["logprobs"] = lap.count("score", arm(method, *flat, *more))
            lap.made["verdicts"] = [verdict(r.text, asked[r.question_id].gold) for r in rationales]
    config, losses = material.config.tuning, ([], [])
    for agent in material.agents:
        examples = material.ordered(ours.made["examples"][agent.name])
        examples = examples[: (config.max_steps or len(examples)) * config.batch]
        with start_arm(StockTrl, folder=material.folder) as arm:
            for lap, made, precompute in zip(laps, losses, (False, True), strict=True):
                lap.start_s += arm.start_seconds
                run = arm("tune", examples, material.config.agents, config, precompute, scratch)
                made.append(lap.count("tune", run)[0])
    for lap, made, own in zip(laps, tokens, losses, strict=True):
        lap.made |= {"tokens": made, "losses": own}
    return laps


def _flat(material: Material, rationales: Sequence[Rationale]) -> tuple[list, list, list]:
    """Prompt, text without its stated answer, and gold answer of each rationale."""
    asked = {question.id: question for question in material.questions}
    prompts = {q.id: material.prompts.of_scorer(q) for q in material.questions}
    return (
        [prompts[one.question_id] for one in rationales],
        [cut_answer(one.text, material.config.task.marker) for one in rationales],
        [asked[one.question_id].gold for one in rationales],
    )


def _pairs(
    material: Material, rationales: Sequence[Rationale], scores: Sequence[Score]
) -> list[Preference]:
    names = [agent.name for agent in material.agents]
    return make_preferences(
        material.questions, rationales, scores, agents=names, parts=None,
        config=material.config.pairs,
    )[0]  # fmt: skip


def _checks(material: Material, ours: Lap, rival: Lap) -> dict[str, Check]:
    """By stage, how alike the rival's results are. The pairs are checked with the scores."""
    rationales, scores = ours.made["rationales"], ours.made["scores"]
    own = [tuple(one.token_ids) for one in rationales]
    share = share_equal(own, [rival.made["tokens"].get(one.id) for one in rationales])
    sums = [sum(one) for one in rival.made["logprobs"]]
    worst = float(np.abs(np.subtract([score.sum_logprob for score in scores], sums)).max())
    verdicts = share_equal([score.verdict for score in scores], rival.made["verdicts"])
    theirs = {pair.id for pair in _pairs(material, rationales, _scored(material, scores, rival))}
    mine = {pair.id for pair in ours.made["pairs"]}
    common = len(mine & theirs) / max(1, len(mine | theirs))
    losses = float(np.abs(np.subtract(ours.made["losses"], rival.made["losses"])).max())
    return {
        "generate": Check(f"{share:.1%} of sampled completions", share >= SAME_TOKENS),
        "score": Check(
            f"scores to {worst:.0e}, {verdicts:.1%} of verdicts, {common:.1%} of pairs",
            worst <= SAME_SCORES and common >= SAME_TOKENS,
        ),
        "tune": Check(f"losses to {losses:.0e}", losses <= SAME_LOSSES),
    }


def _scored(material: Material, scores: Sequence[Score], rival: Lap) -> list[Score]:
    """The scores as the rival found them: its verdicts and its likelihoods."""
    number = NORMALISATIONS[material.config.scoring.normalisation]
    return [
        replace(
            score, verdict=verdict, likelihood=getattr(AnswerLikelihood.of(logprobs), number)
        )
        for score, verdict, logprobs in zip(
            scores, rival.made["verdicts"], rival.made["logprobs"], strict=True
        )
    ]  # fmt: skip

"""Stages work block by block: more questions take more time, and no more memory."""

import tracemalloc
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import collate
from collate.agents.prompts import Prompts
from collate.agents.roster import make_agents
from collate.cluster.actors import ToScore
from collate.config.schema import AgentsConfig, Example, PairsConfig, RunConfig, TaskConfig
from collate.engines.protocol import Completion, Request
from collate.models import load_tokenizer
from collate.models.weights import AgentWeights
from collate.rounds import stages
from collate.rounds.generate import Round, generate
from collate.store.tables_on_disk import StoredRows, write_blocks
from collate.tables import RIGHT, WRONG, Answer, Pair, Question, Rationale, Score, digest
from tests.command_line import run_tiny

CONFIG = RunConfig(
    task=TaskConfig(name="t", examples=[Example("1 + 1 = ?", "#### 2")] * 4, system=""),
    agents=AgentsConfig(count=2, samples=2, examples=1, max_tokens=16),
    pairs=PairsConfig(rule="correctness"),
)
SMALL = 64
"""Rows of a block in these tests."""


class Instant:
    """Workers whose work takes no time: what is measured is what the stages hold of it."""

    def generate(
        self,
        blocks: Iterable[Sequence[Request]],
        agents: Mapping[str, AgentWeights],
        report: Callable[[int, int], None],
        *,
        keep: Callable[[int, Sequence[Completion]], None],
    ) -> None:
        for number, requests in enumerate(blocks):
            done = [
                Completion(r.key, tuple(range(300, 316)), f"{r.key} #### 2", "stop", -1.0)
                for r in requests
            ]
            keep(number, done[::-1])

    def score(
        self,
        blocks: Iterable[Sequence[ToScore]],
        report: Callable[[int, int], None],
        *,
        keep: Callable[[int, Sequence[Score]], None],
    ) -> None:
        for number, block in enumerate(blocks):
            keep(
                number,
                [
                    Score(
                        one.id, one.question_id, "2", (WRONG, RIGHT)[one.sample], "", "2", WRONG,
                        *[None] * 7, marks=(),
                    )
                    for asked in block
                    for one in asked.rationales
                ],
            )  # fmt: skip


class OnDisk:
    """Rows kept as a run keeps them: in files."""

    def __init__(self, folder: Path, row_type: type):
        self._folder, self._row_type, self._names = folder, row_type, dict[int, list[Path]]()

    def rows(self, block: int) -> list[Any]:
        return [r for path in self._names.get(block, []) for r in StoredRows(path, self._row_type)]

    def add(self, block: int, rows: Sequence[Any]) -> None:
        names = self._names.setdefault(block, [])
        names.append(self._folder / f"{self._row_type.__name__}-{block}-{len(names)}")
        write_blocks({"": self._row_type}, lambda _: names[-1], [{"": rows}])


def through_the_stages(count: int, model: Path, folder: Path) -> tuple[int, dict[str, int]]:
    """The most bytes held on the way from questions to examples for tuning, and the rows made."""
    folder.mkdir()
    agents = make_agents(CONFIG)
    prompts = Prompts(CONFIG, agents, load_tokenizer(model))
    weights = {a.name: AgentWeights(a.name, "base", None, "base") for a in agents}
    questions = [Question(digest(n), "t", "train", f"{n} + 1 = ?", "2") for n in range(count)]
    workers: Any = Instant()

    def kept(name: str, row_type: type, blocks: Iterable[Any]) -> StoredRows[Any]:
        path = folder / name
        write_blocks({name: row_type}, lambda _: path, ({name: rows} for rows in blocks))
        return StoredRows(path, row_type)

    def examples(jobs: Sequence[Any], report: Any) -> None:
        assert all(job.examples.is_file() for job in jobs)

    workers.tune = examples
    prompts.of(agents[0].name, questions[0])  # what is imported and cached belongs to neither size
    tracemalloc.start()
    disk = OnDisk(folder, Rationale), OnDisk(folder, Score)
    rationales = kept(
        "rationales", Rationale,
        generate(
            Round(CONFIG, 1, agents, prompts), weights, stages.blocks_of_round(CONFIG, questions),
            workers, disk[0], lambda *_: nullcontext(lambda *_: None), gold=False,
        ),
    )  # fmt: skip
    scores = kept(
        "scores", Score,
        stages.score(CONFIG, questions, rationales, prompts, workers, disk[1], lambda *_: None),
    )  # fmt: skip
    pairs = kept(
        "pairs", Pair,
        (made for made, _ in stages.pair(CONFIG, agents, questions, rationales, scores)),
    )  # fmt: skip
    stages.tune(
        CONFIG, 1, agents, weights, questions, rationales, pairs, prompts, workers,
        {a.name: folder / a.name for a in agents}, lambda *_: None,
    )  # fmt: skip
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, {"rationales": len(rationales), "scores": len(scores), "pairs": len(pairs)}


def test_sixteen_times_the_questions_take_hardly_more_memory(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "BLOCK", SMALL)
    monkeypatch.setattr("collate.agents.prompts.KEPT", SMALL)
    through_the_stages(SMALL, tiny_model, tmp_path / "warm")
    few, of_few = through_the_stages(SMALL, tiny_model, tmp_path / "few")
    many, of_many = through_the_stages(16 * SMALL, tiny_model, tmp_path / "many")
    assert of_few == {"rationales": 4 * SMALL, "scores": 4 * SMALL, "pairs": 4 * SMALL}
    assert of_many == {name: 16 * count for name, count in of_few.items()}
    assert many < 2 * few, f"{few:,} bytes for {SMALL} questions, {many:,} for {16 * SMALL}"


def test_a_run_of_many_blocks_loses_and_doubles_nothing(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local_ray: None
) -> None:
    monkeypatch.setattr(stages, "BLOCK", 16)
    run_tiny(tiny_model, tmp_path, "name=a", "rounds=1", "engine=transformers")
    folder = tmp_path / "runs" / "a" / "round-01"
    rationales = StoredRows(folder / "rationales.parquet", Rationale)
    blocks = [{row.question_id for row in block} for block in rationales.blocks()]
    assert len(blocks) == 6 and all(len(block) == 2 for block in blocks)
    assert len(set.union(*blocks)) == 12
    written = {(row.agent, row.question_id, row.sample) for row in rationales}
    assert len(written) == len(rationales) == 12 * 2 * 3
    scores = StoredRows(folder / "scores.parquet", Score)
    assert [row.rationale_id for row in scores] == [row.id for row in rationales]
    by_id = {row.id: row for row in rationales}
    pairs = StoredRows(folder / "pairs.parquet", Pair)
    for pair, block in zip(pairs.blocks(), blocks, strict=True):
        assert {row.question_id for row in pair} <= block
    assert len(pairs) > 12
    for pair in pairs:
        sides = by_id[pair.chosen_id], by_id[pair.rejected_id]
        assert {side.question_id for side in sides} == {pair.question_id}
    answers = StoredRows(folder / "answers.parquet", Answer)
    assert len({(row.agent, row.question_id) for row in answers}) == len(answers) == 2 * 18
    assert len(collate.load_run(folder.parent).rationales()) == len(rationales)

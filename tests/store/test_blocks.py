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
from collate.cluster.actors import ScoreTask
from collate.config.schema import AgentsConfig, Example, PairsConfig, RunConfig, TaskConfig
from collate.engines.protocol import Completion, Request
from collate.errors import RunFolderError
from collate.models import load_tokenizer
from collate.models.stopping import stopping_of
from collate.models.weights import AgentWeights
from collate.rounds.generate import Writing, write_rationales
from collate.rounds.pair import preferences_of_round
from collate.rounds.questions import round_blocks
from collate.rounds.score import scores_in_order, unscored_tasks
from collate.rounds.tune import steps_of_agents, tune_agents
from collate.store.tables_on_disk import StoredRows, read_rows, round_folders, write_blocks
from collate.tables import RIGHT, WRONG, Answer, Preference, Question, Rationale, Score, digest
from tests.command_line import run_tiny

CONFIG = RunConfig(
    task=TaskConfig(name="t", examples=[Example("1 + 1 = ?", "#### 2")] * 4, system=""),
    agents=AgentsConfig(count=2, samples=2, examples=1, max_tokens=16),
    pairs=PairsConfig(rule="correctness"),
)
SMALL = 64
"""Rows of a block in these tests."""


class InstantWorkers:
    """Workers whose work takes no time: what is measured is what the stages hold of it."""

    def generate(
        self,
        blocks: Iterable[Sequence[Request]],
        agents: Mapping[str, AgentWeights],
        progress: Callable[[int, int], None],
        *,
        on_completions: Callable[[int, Sequence[Completion]], None],
    ) -> None:
        for number, requests in enumerate(blocks):
            done = [
                Completion(r.key, tuple(range(300, 316)), f"{r.key} #### 2", "stop", -1.0)
                for r in requests
            ]
            on_completions(number, done[::-1])

    def score(
        self,
        blocks: Iterable[Sequence[ScoreTask]],
        progress: Callable[[int, int], None],
        *,
        on_scores: Callable[[int, Sequence[Score]], None],
    ) -> None:
        for number, tasks in enumerate(blocks):
            rationales = [rationale for task in tasks for rationale in task.rationales]
            on_scores(
                number,
                [
                    Score(
                        row.id, row.question_id, "2", (WRONG, RIGHT)[row.sample], "", "2", WRONG,
                        *[None] * 7, flags=(),
                    )
                    for row in rationales
                ],
            )  # fmt: skip

    def tune(self, jobs: Sequence[Any], progress: Any, on_step: Any) -> None:
        assert all(job.examples.is_file() for job in jobs)


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
    tokenizer = load_tokenizer(model)
    prompts = Prompts(CONFIG, agents, tokenizer, stopping_of(model, tokenizer))
    weights = {agent.name: AgentWeights.base(agent.name) for agent in agents}
    questions = [Question(digest(n), "t", "train", f"{n} + 1 = ?", "2") for n in range(count)]
    workers: Any = InstantWorkers()

    def stored(name: str, row_type: type, blocks: Iterable[Any]) -> StoredRows[Any]:
        path = folder / name
        write_blocks({name: row_type}, lambda _: path, ({name: rows} for rows in blocks))
        return StoredRows(path, row_type)

    prompts.of_agent(agents[0].name, questions[0])  # what is imported and cached is of neither size
    tracemalloc.start()
    disk = OnDisk(folder, Rationale), OnDisk(folder, Score)
    writing = Writing(CONFIG, 1, agents, weights, prompts, "tiny")
    rationales = stored(
        "rationales", Rationale,
        write_rationales(
            writing, round_blocks(CONFIG, questions), workers, disk[0],
            lambda *_: nullcontext(lambda *_: None),
        ),
    )  # fmt: skip
    tasks = unscored_tasks(CONFIG, questions, rationales, prompts, disk[1])
    workers.score(tasks, lambda *_: None, on_scores=disk[1].add)
    scores = stored("scores", Score, scores_in_order(rationales, disk[1]))
    of_round = preferences_of_round(CONFIG, agents, questions, rationales, scores)
    preferences = stored("preferences", Preference, (made for made, _ in of_round))
    tune_agents(
        CONFIG, 1, agents, weights, questions, rationales, preferences, prompts, workers,
        {agent.name: folder / agent.name for agent in agents}, lambda *_: None, lambda *_: None,
        steps=steps_of_agents(CONFIG, 1, rationales, preferences),
    )  # fmt: skip
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    counts = {
        "rationales": len(rationales), "scores": len(scores), "preferences": len(preferences)
    }  # fmt: skip
    return peak, counts


@pytest.mark.slow
def test_sixteen_times_the_questions_take_hardly_more_memory(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collate.rounds.questions.BLOCK_ROWS", SMALL)
    monkeypatch.setattr("collate.agents.prompts.CACHED_PROMPTS", SMALL)
    through_the_stages(SMALL, tiny_model, tmp_path / "warm")
    few, of_few = through_the_stages(SMALL, tiny_model, tmp_path / "few")
    many, of_many = through_the_stages(16 * SMALL, tiny_model, tmp_path / "many")
    assert of_few == {"rationales": 4 * SMALL, "scores": 4 * SMALL, "preferences": 4 * SMALL}
    assert of_many == {name: 16 * count for name, count in of_few.items()}
    assert many < 2 * few, f"{few:,} bytes for {SMALL} questions, {many:,} for {16 * SMALL}"


def test_a_run_of_many_blocks_loses_and_doubles_nothing(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_workers: None
) -> None:
    monkeypatch.setattr("collate.rounds.questions.BLOCK_ROWS", 16)
    run_tiny(tiny_model, tmp_path, "name=a", "rounds=1", "engine=transformers")
    folder = tmp_path / "runs" / "a" / "round-01"
    rationales = StoredRows(folder / "rationales.parquet", Rationale)
    blocks = [{row.question_id for row in block} for block in rationales.blocks()]
    assert len(blocks) == 6 and all(len(block) == 2 for block in blocks)
    assert len(set.union(*blocks)) == 12
    written = {(row.writer, row.question_id, row.sample) for row in rationales}
    assert len(written) == len(rationales) == 12 * 2 * 3
    scores = StoredRows(folder / "scores.parquet", Score)
    assert [row.rationale_id for row in scores] == [row.id for row in rationales]
    by_id = {row.id: row for row in rationales}
    preferences = StoredRows(folder / "preferences.parquet", Preference)
    for rows, block in zip(preferences.blocks(), blocks, strict=True):
        assert {row.question_id for row in rows} <= block
    assert len(preferences) > 12
    for preference in preferences:
        sides = [by_id[id] for id in preference.roles.values()]
        assert set(preference.roles) == {"chosen", "rejected"}
        assert {side.question_id for side in sides} == {preference.question_id}
    answers = StoredRows(folder / "answers.parquet", Answer)
    assert len({(row.writer, row.question_id) for row in answers}) == len(answers) == 2 * 18
    assert len(collate.load_run(folder.parent).rationales()) == len(rationales)


def test_a_folder_named_like_a_setting_is_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "task=gsm8k"
    folder.mkdir()
    questions = [Question(str(number), "t", "train", "?", "1") for number in range(3)]
    blocks = [{"q": questions[:2]}, {}, {"q": questions[2:]}]
    write_blocks({"q": Question}, lambda name: folder / f"{name}.parquet", blocks)
    stored = StoredRows(folder / "q.parquet", Question)
    assert [len(block) for block in stored.blocks()] == [2, 0, 1]
    assert list(stored) == questions and len(stored) == 3
    assert stored.having(id="1") == [questions[1]]
    assert read_rows(Question, folder / "q.parquet").column_names == [*Question.__slots__]


def test_folders_of_rounds_come_in_order_and_others_are_passed_over(tmp_path: Path) -> None:
    for name in ("round-10", "round-02", "round-02.shards", "round-x", "notes"):
        (tmp_path / name).mkdir()
    assert [number for number, _ in round_folders(tmp_path)] == [2, 10]
    (tmp_path / "round-03").symlink_to(tmp_path.parent)
    with pytest.raises(RunFolderError, match="outside of the folder"):
        round_folders(tmp_path)

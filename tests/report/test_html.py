"""The page: what stands on it, that it loads nothing, and that no model text is markup in it."""

import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import collate
from collate.console.results import percent, points
from collate.errors import InputError
from collate.evaluation.false_steps import FALSE_STEP_RATE
from collate.evaluation.score_quality import DISAGREEMENT
from collate.report.html import render, write_report
from collate.tables import RIGHT, Metric, to_table
from tests.report.small_run import HOSTILE, SmallRun, replace, vouch_for, write_small_run

pytestmark = pytest.mark.slow
VOID = {"meta", "img", "br", "path", "use"}
LOADING = {"script", "img", "link", "iframe", "object", "embed", "image", "base", "form"}


class Page(HTMLParser):
    """Elements, attributes and text of a page; fails on an element that is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(small_run: SmallRun) -> Page:
    return Page(render(collate.load_run(small_run.path)))


def test_the_report_lies_in_the_run_folder(tmp_path: Path) -> None:
    run = write_small_run(tmp_path / "run")
    path = write_report(run.path)
    assert path == run.path / "report.html"
    assert path.read_text(encoding="utf-8") == render(collate.load_run(run.path))
    assert [p.name for p in run.path.iterdir() if p.name.startswith(".")] == []


def test_results_of_every_agent_are_on_the_page(page: Page, small_run: SmallRun) -> None:
    for number, metrics in small_run.metrics.items():
        for m in metrics:
            if (m.split, m.name) == ("test", "accuracy"):
                assert percent(m) in page.text
            if (m.split, m.name, number) == ("test", "gain", 2):
                assert points(m) in page.text
    assert f"{collate.load_run(small_run.path).best_agent} *" in page.text
    assert page.elements["svg"] == 8


def test_diversity_and_score_quality_are_on_the_page(page: Page, small_run: SmallRun) -> None:
    assert "Diversity of rationales" in page.text
    for m in small_run.diagnostics[2]:
        if m.name == DISAGREEMENT:
            assert f"{100 * m.value:.1f} % in round 2 ({m.n:,} pairs)" in page.text
        elif m.name != FALSE_STEP_RATE and (m.model != "scorer" or m.name.startswith("auc")):
            assert f"{m.value:.3f}" in page.text
    assert "best" not in re.findall(r"<th>(\w+)</th>", render(collate.load_run(small_run.path)))


def test_chance_stands_above_the_base(small_run: SmallRun, tmp_path: Path) -> None:
    path = Path(shutil.copytree(small_run.path, tmp_path / "chance"))
    for number, rows in small_run.metrics.items():
        guessed = Metric(number, "test", "chance", "accuracy", 0.237, None, None, 16)
        table = to_table(Metric, [*rows, guessed])
        pq.write_table(table, path / f"round-{number:02d}" / "metrics.parquet")
    vouch_for(path)
    text = Page(render(collate.load_run(path))).text
    assert re.search(r"chance 23\.7 % 23\.7 % 23\.7 % base", text)


def test_false_steps_of_a_rationale_are_named(small_run: SmallRun) -> None:
    run = collate.load_run(small_run.path)
    flagged = run.rationales()[run.rationales()["false_steps"] > 0]
    view = str(run.question(flagged["question_id"].iloc[0]))
    step = flagged["text"].iloc[0].partition(".")[0]
    assert f"a false step ({step}), likelihood" in view


def test_a_metric_of_a_hostile_name_is_text(small_run: SmallRun, tmp_path: Path) -> None:
    path = Path(shutil.copytree(small_run.path, tmp_path / "hostile-metric"))
    spoilt = [
        replace(m, model=HOSTILE) if m.model == "agent-1" else m for m in small_run.metrics[2]
    ]
    spoilt += [
        Metric(2, "train", model, name, 0.5, None, None, 3)
        for model, name in (
            (HOSTILE, HOSTILE),
            (HOSTILE, f"logprob_under:{HOSTILE}"),
            ("scorer", f"auc_within:{HOSTILE}"),
        )
    ]
    pq.write_table(to_table(Metric, spoilt), path / "round-02" / "metrics.parquet")
    vouch_for(path)
    text = render(collate.load_run(path))
    page = Page(text)
    assert not LOADING & set(page.elements)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)


def test_preferences_and_reasons_for_none_are_counted(page: Page, small_run: SmallRun) -> None:
    for number in (1, 2):
        with_preference = {row.question_id for row in small_run.preferences[number]}
        reasons = Counter(row.reason for row in small_run.dropped[number])
        made = f"{len(small_run.preferences[number])} {len(with_preference)} of 16"
        scores = [score for score in small_run.scores[number] if score.verdict == RIGHT]
        false_share = 100 * sum(score.false_steps > 0 for score in scores) / len(scores)
        assert 0 < false_share < 100
        counted = rf"round {number} 96 [\d.]+ % {false_share:.1f} % [\d.]+ {made}"
        assert re.search(counted, page.text)
        for reason, count in reasons.items():
            assert f"none: {reason}" in page.text
            assert re.search(rf"{counted}.*\b{count}\b", page.text)


def test_questions_show_their_best_and_worst_rationale(page: Page, small_run: SmallRun) -> None:
    run = collate.load_run(small_run.path)
    for id in run.contested(2)[:5]:
        own = run.question(id).rationales
        own = own[own["round"] == 2]
        for row in (own.iloc[0], own.iloc[-1]):
            assert " ".join(row["text"].split()) in page.text
    assert page.elements["article"] == 5


def test_the_page_loads_nothing(page: Page, small_run: SmallRun) -> None:
    assert not LOADING & set(page.elements)
    for name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href", "action"):
            assert value.startswith("#")
    text = render(collate.load_run(small_run.path))
    assert not re.search(r"url\((?!#)|@import", text)
    assert "default-src &#x27;none&#x27;" in text


def test_ids_of_the_figures_do_not_clash(page: Page) -> None:
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 50
    for name, value in page.attributes:
        if name.endswith("href"):
            assert value.removeprefix("#") in ids


def test_hostile_text_is_text(hostile_run: Path) -> None:
    text = render(collate.load_run(hostile_run))
    page = Page(text)
    assert not LOADING & set(page.elements)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert "<script>alert('x')</script>" in page.text, "the text itself is still to be read"
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)


def test_what_a_run_lacks_is_left_out(small_run: SmallRun, tmp_path: Path) -> None:
    path = Path(shutil.copytree(small_run.path, tmp_path / "part"))
    for gone in (*path.glob("round-*/tuning.parquet"), *path.glob("round-02/[amsp]*.parquet")):
        gone.unlink()
    vouch_for(path)
    going_on = Page(render(collate.load_run(path)))
    assert "Tuning" not in going_on.text and "after round 1" in going_on.text
    for folder in path.glob("round-*"):
        shutil.rmtree(folder)
    vouch_for(path)
    assert "No round is evaluated yet." in Page(render(collate.load_run(path))).text


def test_no_run_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run's folder"):
        write_report(tmp_path)

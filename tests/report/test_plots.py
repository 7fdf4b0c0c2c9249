"""The figures show the numbers they are given."""

import io

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import collate
from collate.evaluation.statistics import auc
from collate.report import plots
from tests.report.small_run import AGENTS, SmallRun


@pytest.fixture(scope="module")
def run(small_run: SmallRun) -> collate.Run:
    return collate.load_run(small_run.path)


def drawn(figure: Figure) -> str:
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg")
    return buffer.getvalue()


def test_accuracy_lines_hold_the_metrics(run: collate.Run, small_run: SmallRun) -> None:
    (axes,) = plots.accuracy_over_rounds(run.metrics()).axes
    lines = {bar.get_label(): bar.lines for bar in axes.containers}
    assert list(lines) == ["base", *AGENTS, "vote"]
    for agent, (line, caps, _) in lines.items():
        rows = [
            m
            for number in (0, 1, 2)
            for m in small_run.metrics[number]
            if (m.split, m.model, m.name) == ("test", agent, "accuracy")
        ]
        assert line.get_ydata() == pytest.approx([100 * m.value for m in rows])
        assert caps[0].get_ydata() == pytest.approx([100 * m.low for m in rows])
        assert caps[1].get_ydata() == pytest.approx([100 * m.high for m in rows])
        assert np.round(line.get_xdata()).tolist() == [0, 1, 2]


def test_histogram_counts_right_and_wrong(run: collate.Run) -> None:
    frame = run.rationales()
    (axes,) = plots.score_histogram(frame, score="lift").axes
    right, wrong = (frame["verdict"] == name for name in ("right", "wrong"))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [f"right ({right.sum()})", f"wrong ({wrong.sum()})"]
    for container in axes.containers:
        assert sum(bar.get_height() for bar in container) == pytest.approx(100)
    judged = frame[right | wrong]
    assert f"{auc(judged['lift'], judged['verdict'] == 'right'):.3f}" in axes.get_title("left")


def test_histogram_of_a_run_without_likelihood_says_so(run: collate.Run) -> None:
    figure = plots.score_histogram(run.rationales().assign(likelihood=np.nan))
    assert "no rationale with a verdict and this score" in drawn(figure)


def test_agreement_is_written_into_its_cells(run: collate.Run) -> None:
    matrix = run.agreement()
    (axes,) = plots.agreement_matrix(matrix).axes
    written = [text.get_text() for text in axes.texts]
    assert written == [f"{100 * share:.0f} %" for share in matrix.to_numpy().ravel()]
    assert "no answers to compare" in drawn(plots.agreement_matrix(pd.DataFrame()))


def test_diversity_panels_hold_the_metrics(run: collate.Run, small_run: SmallRun) -> None:
    figure = plots.diversity_over_rounds(run.diversity())
    panels = {axes.get_title("left"): axes for axes in figure.axes if axes.get_visible()}
    assert list(panels) == [
        "duplicate rate", "distinct 2", "distinct answers", "disagreement", "divergence",
        "oracle gain@2",
    ]  # fmt: skip
    for title, axes in panels.items():
        for line in axes.lines:
            agent = {"all agents": "agents"}.get(line.get_label(), line.get_label())
            expected = [
                m.value
                for number in (1, 2)
                for m in small_run.diagnostics[number]
                if (m.split, m.model, m.name) == ("train", agent, title.replace(" ", "_"))
            ]
            assert line.get_ydata() == pytest.approx(expected) and len(expected) == 2
    assert len(panels["duplicate rate"].lines) == len(AGENTS) + 1
    assert len(panels["disagreement"].lines) == 1
    assert "all agents" in drawn(figure)
    drawn(plots.diversity_over_rounds(run.diversity(0)))


def test_score_quality_and_cross_likelihood_show_their_numbers(run: collate.Run) -> None:
    quality = run.score_quality()
    (axes,) = plots.score_quality_over_rounds(quality).axes
    lines = {line.get_label(): line for line in axes.lines}
    own = quality[quality["name"] == "auc_within:mean_prob"].sort_values("round")
    assert lines["mean prob"].get_ydata() == pytest.approx(own["value"].to_numpy())
    assert lines["by chance"].get_ydata()[0] == 0.5
    assert "no question with" in drawn(plots.score_quality_over_rounds(run.score_quality(0)))
    cross = run.cross_likelihood()
    (axes,) = plots.cross_likelihood_matrix(cross).axes
    assert [text.get_text() for text in axes.texts] == [
        f"{v:.3f}" for v in cross.to_numpy().ravel()
    ]
    assert "no rationale was read" in drawn(plots.cross_likelihood_matrix(pd.DataFrame()))


def test_chance_is_a_line_and_the_best_agent_is_not_drawn_twice(run: collate.Run) -> None:
    guessed = {"round": 2, "split": "test", "model": "chance", "name": "accuracy", "value": 0.25}
    frame = pd.concat([run.metrics(), pd.DataFrame([guessed])])
    (axes,) = plots.accuracy_over_rounds(frame).axes
    (line,) = (line for line in axes.lines if line.get_label() == "chance")
    assert set(line.get_ydata()) == {25.0}
    assert [bar.get_label() for bar in axes.containers] == ["base", *AGENTS, "vote"]


def test_tuning_curves_start_anew_each_round(run: collate.Run) -> None:
    loss, logprob = plots.tuning_curves(run.tuning()).axes
    assert len(loss.lines) == len(AGENTS) * 2
    assert len(logprob.lines) == len(AGENTS) * 2 * 2
    assert {line.get_ydata()[0] for line in logprob.lines} == {0.0}
    assert [line.get_xdata()[0] for line in loss.lines[:2]] == [1, 9]


def test_curves_without_a_reference_say_so(run: collate.Run) -> None:
    nothing = dict.fromkeys(["margin", "chosen_logratio", "rejected_logratio"], np.nan)
    figure = plots.tuning_curves(run.tuning().assign(**nothing))
    assert "supervised tuning has no reference" in drawn(figure)


def test_names_are_shown_word_for_word() -> None:
    names = ["_hidden", r"$\frac{1}{2}$", "<b>", "base"]
    rows = [
        {"round": 0, "split": "test", "model": name, "name": "accuracy", "value": 0.5}
        | {"low": 0.4, "high": 0.6, "n": 9}
        for name in names
    ]
    text = drawn(plots.accuracy_over_rounds(pd.DataFrame(rows)))
    for shown in ("_hidden", r"$\frac{1}{2}$", "&lt;b&gt;"):
        assert shown in text

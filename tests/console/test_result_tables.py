"""The end of a run on the screen: narrow, wide, and without a terminal."""

import io
import re
from collections.abc import Sequence

import pytest
from rich.console import Console, RenderableType

from collate.console.result_tables import results_table, side_by_side
from collate.tables import Metric
from tests.report.small_run import HOSTILE, SmallRun, replace

CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]")


def printed(renderable: RenderableType, width: int, *, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]


def metric(model: str, round: int, value: float, name: str = "accuracy", **other: object) -> Metric:
    low, high = (value - 0.04, value + 0.04)
    return replace(Metric(round, "test", model, name, value, low, high, 500), **other)  # type: ignore[arg-type]


def measured(rounds: Sequence[int], agents: Sequence[str] = ("ada", "bob")) -> list[Metric]:
    rows = []
    for number in rounds:
        for place, agent in enumerate(["base", *agents, "vote"]):
            value = 0.312 + 0.01 * place * (number + 1)
            rows += [metric(agent, number, value), metric(agent, number, value, split="validation")]
            rows += [metric(agent, number, value + 0.1, "accuracy_lenient")]
            if agent != "base":
                gain = 0.01 * place * number
                rows += [metric(agent, number, gain, "gain", low=gain - 0.02, high=gain + 0.03)]
    return rows


@pytest.mark.parametrize("rounds", [[0], [0, 1], [0, 1, 2]])
@pytest.mark.parametrize("width", [80, 120])
def test_every_number_is_whole_and_nothing_is_folded(rounds: list[int], width: int) -> None:
    text = printed(results_table(measured(rounds), rounds, width=width), width)
    last = rounds[-1]
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= width
    for agent, place in (("base", 0), ("ada", 1), ("bob *", 2), ("vote", 3)):
        value = 100 * (0.312 + 0.01 * place * (last + 1))
        (line,) = (line for line in text.splitlines() if line.startswith(agent + " "))
        assert f"{value:.1f} %" in line and f"{value + 10:.1f} %" in line
        assert f"[{value - 4:.1f}, {value + 4:.1f}]" in text
    gain = {0: ("0.0", "[-2.0, +3.0]"), 1: ("+3.0", "[+1.0, +6.0]"), 2: ("+6.0", "[+4.0, +9.0]")}
    assert all(part in text for part in gain[last])
    assert "held-out" in text and "500" in text and "Strict accuracy" in text


def test_the_best_agent_is_marked_by_validation_and_not_by_the_held_out() -> None:
    rows = measured([0, 1])
    rows = [
        replace(m, value=0.9)
        if (m.split, m.model, m.round, m.name) == ("validation", "ada", 1, "accuracy")
        else m
        for m in rows
    ]
    text = printed(results_table(rows, [0, 1]), 80)
    assert "\nada * " in text and "bob *" not in text


def test_chance_and_the_votes_by_confidence_have_their_lines() -> None:
    rows = measured([0, 1])
    votes = [m for m in rows if m.model == "vote"]
    more = [replace(m, model=name) for m in votes for name in ("routed", "best")]
    weighted = [replace(m, model="weighted_vote") for m in votes]
    for table in (
        results_table([*rows, *more, *weighted], [0, 1], chance=0.2),
        results_table(
            [metric("chance", r, 0.2, low=None, high=None, n=9) for r in (0, 1)]
            + [*rows, *more, *weighted],
            [0, 1],
        ),
    ):
        text = printed(table, 80)
        lines = re.findall(r"^(\w+) (?:\* )? *\d+\.\d %", text, re.MULTILINE)
        assert lines == ["chance", "base", "ada", "bob", "vote", "weighted_vote", "routed"]
        (guessed,) = (line for line in text.splitlines() if line.startswith("chance"))
        assert guessed.split() == ["chance", "20.0", "%", "20.0", "%"]
        assert "500" in text
    assert "chance" not in printed(results_table(rows, [0, 1]), 80)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("compared", [False, True])
def test_one_model_has_neither_rounds_nor_a_best_agent(width: int, compared: bool) -> None:
    name = "an-organisation/a-model-with-a-long-name"
    rows = [m for m in measured([0], [name]) if m.model == name or (compared and m.model == "base")]
    rows = [m for m in rows if compared or m.name != "gain"]
    text = printed(results_table(rows, [0], width=width, one_model=True), width)
    assert "Strict accuracy on 500 held-out questions, 95 % intervals" in text
    assert "accuracy" in text and "lenient: right answer found anywhere in the text" in text
    assert max(len(line) for line in text.splitlines()) <= width
    for word in ("before", "tuning", "agent", "validation", "*", "round"):
        assert word not in text
    (line,) = (line for line in text.splitlines() if line.startswith("an-organisation"))
    assert line.split()[1:5] == ["32.2", "%", "[28.2,", "36.2]"]
    assert ("gain: paired difference from the base" in text) == compared
    assert ("\nbase " in text) == compared


def test_many_rounds_keep_the_first_and_the_latest() -> None:
    rounds = list(range(9))
    narrow = printed(results_table(measured(rounds), rounds, width=80), 80)
    assert "before" in narrow and "round 8" in narrow and "round 7" in narrow
    assert "rounds left out for lack of room: 1, 2, 3, 4, 5, 6" in narrow
    wide = printed(results_table(measured(rounds), rounds, width=200), 200)
    assert "left out" not in wide and all(f"round {n}" in wide for n in rounds[1:])


def test_the_sign_of_a_gain_has_a_colour_on_a_terminal_only() -> None:
    table = results_table(measured([0, 2]), [0, 2], width=120)
    assert "\x1b[32m+6.0" in printed(table, 120, terminal=True)
    assert "\x1b" not in printed(table, 120)


def test_missing_cells_and_missing_validation_leave_blanks() -> None:
    rows = [m for m in measured([0, 1]) if m.split == "test" and (m.model, m.round) != ("base", 1)]
    text = printed(results_table(rows, [0, 1]), 80)
    assert "best agent" not in text and " *" not in text
    assert "base" in text
    with pytest.raises(ValueError, match="no accuracy on test"):
        results_table([m for m in rows if m.model == "nobody"], [0, 1])


def test_an_agent_named_in_markup_is_shown_as_it_is() -> None:
    text = printed(results_table(measured([0, 1], ["[red]x[/]", "\x1b[2Jy"]), [0, 1]), 80)
    assert "[red]x[/]" in text and "\x1b" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_a_preference_is_shown_side_by_side(small_run: SmallRun, width: int) -> None:
    preference = small_run.preferences[1][0]
    rationales = {rationale.id: rationale for rationale in small_run.rationales[1]}
    chosen, rejected = rationales[preference.chosen_id], rationales[preference.roles["rejected"]]
    scores = {score.rationale_id: score for score in small_run.scores[1]}
    (question,) = (q for q in small_run.questions if q.id == preference.question_id)
    text = printed(side_by_side(preference, chosen, rejected, question, scores), width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert question.text in text and f"gold answer: {question.gold}" in text
    assert any(
        f"chosen: {chosen.writer}" in line and f"rejected: {rejected.writer}" in line
        for line in lines
    )
    likelihood = scores[chosen.id].likelihood
    assert any(f"right, likelihood {likelihood:.3f}" in line and "wrong," in line for line in lines)
    (stated,) = (line for line in lines if f"#### {question.gold}" in line)
    assert stated.count("####") == 2


def test_model_text_reaches_no_terminal_as_a_command(small_run: SmallRun) -> None:
    preference = small_run.preferences[1][0]
    rationales = {rationale.id: rationale for rationale in small_run.rationales[1]}
    question = replace(small_run.questions[0], text=HOSTILE, gold=HOSTILE)
    chosen = replace(rationales[preference.chosen_id], text=HOSTILE, writer=HOSTILE)
    rejected = replace(rationales[preference.roles["rejected"]], text="long " * 200_000)
    text = printed(side_by_side(preference, chosen, rejected, question, {}), 100)
    assert not CONTROLS.search(text)
    assert "[bold red]not bold[/bold" in text and "<U+202E>" in text
    assert "(998,499 more" in " ".join(line.strip("│ ") for line in text.splitlines())
    assert len(text.splitlines()) < 80

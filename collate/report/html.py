"""A run as one HTML page that needs nothing else: `collate report run=runs/quickstart`.

The page has no scripts and loads nothing; a content security policy in it forbids both. Every text
that a model, a data set or a configuration wrote is escaped where it enters the page.
"""

import io
import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import yaml
from matplotlib.figure import Figure

from collate.commit import complete_file
from collate.evaluation.votes import VOTE
from collate.report import plots
from collate.report.question import best_first, judged
from collate.report.reading import Run, load_run
from collate.report.results import (
    ResultRow,
    Results,
    clear_of_zero,
    collect,
    percent,
    percent_interval,
    points,
    points_interval,
    round_label,
)
from collate.report.text import visible

_QUESTIONS = 5
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_SIGNS = {1: "up", 0: "even", -1: "down"}


def write_report(run_path: str | Path) -> Path:
    """Write `report.html` into the run's folder and return its path.

    What the run does not hold (yet) is left out of the page. Raises InputError where there is no
    run, RunFolderError where a table of it is damaged.
    """
    run = load_run(run_path)
    path = run.path / "report.html"
    page = render(run)
    with complete_file(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")
    return path


def render(run: Run) -> str:
    """The page of a run as text."""
    name = str(run.config.get("name") or run.path.resolve().name)
    sections = [
        _results(run),
        _pairs(run),
        _scores(run),
        _tuning(run),
        _questions(run),
        _settings(run),
    ]
    style = files("collate.report").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(name)}: collate</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{_text(name)}</h1>\n<p>{_text(_subtitle(run))}</p></header>\n"
        f"<main>\n{''.join(sections)}</main>\n</body>\n</html>\n"
    )


def _results(run: Run) -> str:
    metrics = run.metric_rows()
    if not any((m.split, m.name) == ("test", "accuracy") for m in metrics):
        return _section("Results", "<p>No round is evaluated yet.</p>")
    results = collect(metrics, run.rounds)
    frame = run.metrics()
    figure = plots.accuracy_over_rounds(frame)
    lenient = plots.accuracy_over_rounds(frame, name="accuracy_lenient")
    return _section(
        "Results",
        _headline(results)
        + _results_table(results)
        + "<p class=note>Strict accuracy: right answers stated in the form asked for, on held-out "
        "questions, with 95 % Wilson intervals. Gain: paired difference from the base on the same "
        f"questions, {_text(round_label(results.last))}, with a 95 % bootstrap interval. Lenient: "
        "right answers found anywhere in the text. * marks the agent with the best validation "
        "accuracy.</p>"
        + _figure(figure, "results", "Strict accuracy on held-out questions by round")
        + _figure(lenient, "lenient", "Lenient accuracy on held-out questions by round")
        + _details("Further measures of the last round", _further(frame, results)),
    )


def _headline(results: Results) -> str:
    """The result in a sentence: the best agent and the vote against the base."""
    said = []
    for row in results.rows:
        metric = row.accuracy.get(results.last)
        if metric is None or row.gain is None or not (row.best or row.agent == VOTE):
            continue
        who = "the majority vote" if row.agent == VOTE else f"the best agent, {row.agent},"
        said.append(
            f"{who} {percent(metric)} ({points(row.gain)} points over the base, "
            f"{points_interval(row.gain)})"
        )
    if not said:
        return ""
    sentence = f"{round_label(results.last).capitalize()}: {'; '.join(said)}."
    return f"<p class=headline>{_text(sentence)}</p>"


def _results_table(results: Results) -> str:
    head = ["", *(round_label(r) for r in results.rounds), "gain, points", "lenient"]
    rows = []
    for row in results.rows:
        cells = [_cell(row, r) for r in results.rounds]
        gain = "<td></td>"
        if row.gain is not None:
            sign = _SIGNS[clear_of_zero(row.gain)]
            gain = _number(points(row.gain), points_interval(row.gain), sign)
        lenient = "<td></td>" if row.lenient is None else _number(percent(row.lenient))
        name = _text(row.agent) + (" *" if row.best else "")
        kind = "best" if row.best else "plain"
        rows.append(f"<tr class={kind}><th>{name}</th>{''.join(cells)}{gain}{lenient}</tr>")
    return _table_of(head, rows)


def _cell(row: ResultRow, round: int) -> str:
    metric = row.accuracy.get(round)
    return "<td></td>" if metric is None else _number(percent(metric), percent_interval(metric))


def _number(value: str, interval: str = "", kind: str = "even") -> str:
    beside = f" <small>{_text(interval)}</small>" if interval else ""
    return f"<td class={kind}>{_text(value)}{beside}</td>"


def _further(metrics: pd.DataFrame, results: Results) -> str:
    """Every other metric of the last round on held-out questions: agents down, names across."""
    last = metrics[(metrics["round"] == results.last) & (metrics["split"] == results.split)]
    shown = ("accuracy", "accuracy_lenient", "gain", "gain_lenient")
    last = last[~last["name"].isin(shown)]
    names, agents = list(dict.fromkeys(last["name"])), list(dict.fromkeys(last["agent"]))
    values = last.set_index(["agent", "name"])["value"]
    rows = []
    for agent in agents:
        cells = ""
        for name in names:
            value = values.get((agent, name))
            if value is None:
                cells += "<td></td>"
            else:
                cells += _number(
                    f"{value:.1f}" if name == "mean_tokens" else f"{100 * value:.1f} %"
                )
        rows.append(f"<tr><th>{_text(agent)}</th>{cells}</tr>")
    return _table_of(["", *(name.replace("_", " ") for name in names)], rows)


def _pairs(run: Run) -> str:
    pairs, dropped, rationales = run.pairs(), run.dropped(), run.rationales()
    if rationales.empty:
        return ""
    reasons = list(dropped["reason"].value_counts().index)
    rows = []
    for number in sorted(rationales["round"].unique()):
        written = rationales[rationales["round"] == number]
        made, lost = pairs[pairs["round"] == number], dropped[dropped["round"] == number]
        counts = lost["reason"].value_counts()
        cells = [
            f"{len(written):,}",
            f"{100 * (written['verdict'] == 'right').mean():.1f} %",
            f"{written['tokens'].mean():.1f}",
            f"{len(made):,}",
            f"{made['question_id'].nunique():,} of {written['question_id'].nunique():,}",
            *(f"{counts.get(reason, 0):,}" for reason in reasons),
        ]
        numbers = "".join(_number(cell) for cell in cells)
        rows.append(f"<tr><th>round {number}</th>{numbers}</tr>")
    head = ["", "rationales", "right", "mean tokens", "pairs", "questions with a pair"]
    table = _table_of([*head, *(f"dropped: {reason}" for reason in reasons)], rows)
    note = (
        "<p class=note>Pairs are counted for every agent that is tuned on them; dropped counts a "
        "question once for each agent that got no pair from it.</p>"
    )
    return _section("Rationales and pairs", table + note)


def _scores(run: Run) -> str:
    scored = run.rationales()
    parts = ""
    if scored["likelihood"].notna().any():
        separation = run.separation()
        rows = [
            f"<tr><th>{_text(str(name).replace('_', ' '))}</th>{_number(f'{row.auc:.3f}')}"
            f"{_number(f'{row.auc_within:.3f}')}</tr>"
            for name, row in separation.iterrows()
        ]
        parts += (
            "<p>How well each likelihood of the gold answer ranks a right rationale above a wrong "
            "one: over all rationales, and among rationales of one question.</p>"
            + _table_of(["", "AUC", "AUC within questions"], rows)
            + _figure(plots.score_histogram(scored), "scores", "Likelihood by verdict")
        )
    agreement = run.agreement()
    if len(agreement) > 1:
        parts += "<p>Share of held-out questions on which two agents state the same answer.</p>"
        parts += _figure(plots.agreement_matrix(agreement), "agreement", "Agreement of agents")
    return _section("Scores and agreement", parts) if parts else ""


def _tuning(run: Run) -> str:
    curves = run.tuning()
    if curves.empty:
        return ""
    return _section("Tuning", _figure(plots.tuning_curves(curves), "tuning", "Tuning curves"))


def _questions(run: Run) -> str:
    """The best and the worst rationale of some questions on which rationales differ."""
    rationales = run.rationales()
    if rationales.empty:
        return ""
    last = int(rationales["round"].max())
    written = rationales[rationales["round"] == last]
    parts = []
    for id in run.contested(last)[:_QUESTIONS]:
        own = best_first(written[written["question_id"] == id])
        first, final = own.iloc[0], own.iloc[-1]
        parts.append(
            f"<article><h3>{_block(first['question'])}</h3><p class=note>gold answer "
            f"<b>{_text(first['gold'])}</b>, {len(own)} rationales, id {_text(id)}</p>"
            f"<div class=sides>{_rationale('best', first)}{_rationale('worst', final)}</div>"
            "</article>"
        )
    if not parts:
        return ""
    lead = f"<p>From round {last}: some rationales solve these, others fail.</p>"
    return _section("Questions read closely", lead + "".join(parts))


def _rationale(role: str, row: pd.Series) -> str:
    kind = str(row["verdict"]) if row["verdict"] in ("right", "wrong") else "unknown"
    return (
        f"<section class={kind}><h4>{role}: {_text(row['agent'])}</h4>"
        f"<p class=note>{_text(judged(row))}</p><p class=model>{_block(row['text'])}</p></section>"
    )


def _settings(run: Run) -> str:
    text = yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True)
    return _section("Settings", _details("config.yaml", f"<pre>{_block(text)}</pre>"))


def _subtitle(run: Run) -> str:
    config = run.config
    named = [(config.get(part) or {}).get("name") for part in ("model", "task")]
    counted = f"{len(run.agents)} agents, {max(run.rounds, default=0)} rounds finished"
    return ", ".join([*(str(name) for name in named if name), counted])


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{_text(title)}</h2>\n{body}\n</section>\n"


def _details(title: str, body: str) -> str:
    return f"<details><summary>{_text(title)}</summary>\n{body}</details>"


def _table_of(head: Sequence[str], rows: Iterable[str]) -> str:
    titles = "".join(f"<th>{_text(title)}</th>" for title in head)
    body = "\n".join(rows)
    return (
        f"<div class=wide><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{body}\n"
        "</tbody></table></div>\n"
    )


def _figure(figure: Figure, prefix: str, title: str) -> str:
    """A figure as SVG in the page. Its ids get a prefix, since all figures share one document."""
    buffer = io.StringIO()
    unsigned = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}):
        figure.savefig(buffer, format="svg", metadata=unsigned, transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    return (
        f'<figure role="img" aria-label="{_text(title)}">{svg}'
        f"<figcaption>{_text(title)}</figcaption></figure>\n"
    )


def _text(value: object) -> str:
    """Any text for the page, on one line or several: controls made visible, then escaped."""
    return escape(visible(str(value)))


def _block(value: object) -> str:
    """Like `_text`, with room for a whole rationale."""
    return escape(visible(str(value).strip(), 20_000))

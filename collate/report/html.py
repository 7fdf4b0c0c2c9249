"""A run as one HTML page that needs nothing else: `collate report run=runs/quickstart`.

The page has no scripts and loads nothing; a content security policy in it forbids both. Every text
that a model, a data set or a configuration wrote is escaped where it enters the page.
"""

from html import escape
from importlib.resources import files
from pathlib import Path

import pandas as pd
import yaml

from collate.atomic import complete_file
from collate.console.results import (
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
from collate.evaluation.divergence import UNDER
from collate.evaluation.metrics import BEST
from collate.evaluation.votes import VOTE
from collate.report import plots
from collate.report.page import (
    details,
    escaped,
    escaped_block,
    figure_of,
    number_cell,
    section,
    table_of,
)
from collate.report.question import best_first, judged
from collate.report.reading import Run, load_run

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
        _diversity(run),
        _tuning(run),
        _questions(run),
        _settings(run),
    ]
    style = files("collate.report").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(name)}: collate</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{escaped(name)}</h1>\n<p>{escaped(_subtitle(run))}</p></header>\n"
        f"<main>\n{''.join(sections)}</main>\n</body>\n</html>\n"
    )


def _results(run: Run) -> str:
    metrics = run.metric_rows()
    if not any((m.split, m.name) == ("test", "accuracy") for m in metrics):
        return section("Results", "<p>No round is evaluated yet.</p>")
    results = collect(metrics, run.rounds)
    frame = run.metrics()
    figure = plots.accuracy_over_rounds(frame)
    lenient = plots.accuracy_over_rounds(frame, name="accuracy_lenient")
    return section(
        "Results",
        _headline(results)
        + _results_table(results)
        + "<p class=note>Strict accuracy: right answers stated in the form asked for, on held-out "
        "questions, with 95 % Wilson intervals. Gain: paired difference from the base on the same "
        f"questions, {escaped(round_label(results.last))}, with a 95 % bootstrap interval. "
        "Lenient: right answers found anywhere in the text. * marks the agent with the best "
        "validation accuracy.</p>"
        + figure_of(figure, "results", "Strict accuracy on held-out questions by round")
        + figure_of(lenient, "lenient", "Lenient accuracy on held-out questions by round")
        + details("Further measures of the last round", _further(frame, results)),
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
    return f"<p class=headline>{escaped(sentence)}</p>"


def _results_table(results: Results) -> str:
    head = ["", *(round_label(r) for r in results.rounds), "gain, points", "lenient"]
    rows = []
    for row in results.rows:
        cells = [_cell(row, r) for r in results.rounds]
        gain = "<td></td>"
        if row.gain is not None:
            sign = _SIGNS[clear_of_zero(row.gain)]
            gain = number_cell(points(row.gain), points_interval(row.gain), sign)
        lenient = "<td></td>" if row.lenient is None else number_cell(percent(row.lenient))
        name = escaped(row.agent) + (" *" if row.best else "")
        kind = "best" if row.best else "plain"
        rows.append(f"<tr class={kind}><th>{name}</th>{''.join(cells)}{gain}{lenient}</tr>")
    return table_of(head, rows)


def _cell(row: ResultRow, round: int) -> str:
    metric = row.accuracy.get(round)
    return "<td></td>" if metric is None else number_cell(percent(metric), percent_interval(metric))


def _further(metrics: pd.DataFrame, results: Results) -> str:
    """Every other metric of the last round on held-out questions: agents down, names across."""
    last = metrics[(metrics["round"] == results.last) & (metrics["split"] == results.split)]
    shown = ("accuracy", "accuracy_lenient", "gain", "gain_lenient")
    # The best agent has a row of its own already.
    last = last[~last["name"].isin(shown) & (last["agent"] != BEST)]
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
                cells += number_cell(
                    f"{value:.1f}" if name == "mean_tokens" else f"{100 * value:.1f} %"
                )
        rows.append(f"<tr><th>{escaped(agent)}</th>{cells}</tr>")
    return table_of(["", *(name.replace("_", " ") for name in names)], rows)


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
        numbers = "".join(number_cell(cell) for cell in cells)
        rows.append(f"<tr><th>round {number}</th>{numbers}</tr>")
    head = ["", "rationales", "right", "mean tokens", "pairs", "questions with a pair"]
    table = table_of([*head, *(f"dropped: {reason}" for reason in reasons)], rows)
    note = (
        "<p class=note>Pairs are counted for every agent that is tuned on them; dropped counts a "
        "question once for each agent that got no pair from it.</p>"
    )
    return section("Rationales and pairs", table + note)


def _scores(run: Run) -> str:
    scored = run.rationales()
    parts = ""
    if scored["likelihood"].notna().any():
        separation = run.separation()
        rows = [
            f"<tr><th>{escaped(str(name).replace('_', ' '))}</th>{number_cell(f'{row.auc:.3f}')}"
            f"{number_cell(f'{row.auc_within:.3f}')}</tr>"
            for name, row in separation.iterrows()
        ]
        parts += (
            "<p>How well each likelihood of the gold answer ranks a right rationale above a wrong "
            "one: over all rationales, and among rationales of one question.</p>"
            + table_of(["", "AUC", "AUC within questions"], rows)
            + figure_of(plots.score_histogram(scored), "scores", "Likelihood by verdict")
        )
    quality = run.score_quality()
    if len(quality):
        drawn = plots.score_quality_over_rounds(quality)
        parts += figure_of(drawn, "quality", "Right ranked above wrong, by round")
        parts += _misranked(quality)
    agreement = run.agreement()
    if len(agreement) > 1:
        parts += "<p>Share of held-out questions on which two agents state the same answer.</p>"
        parts += figure_of(plots.agreement_matrix(agreement), "agreement", "Agreement of agents")
    return section("Scores and agreement", parts) if parts else ""


def _misranked(quality: pd.DataFrame) -> str:
    """How often likelihood and verdict disagree, round by round, in a sentence."""
    rows = quality[quality["name"] == "misranked"].sort_values("round")
    if rows.empty:
        return ""
    said = ", ".join(
        f"{100 * row.value:.1f} % in round {row.round} ({row.n:,} pairs)"
        for row in rows.itertuples()
    )
    return (
        "<p>Of all pairs of a right and a wrong rationale of one question, the wrong one is "
        f"likelier in: {escaped(said)}.</p>"
    )


def _diversity(run: Run) -> str:
    diversity = run.diversity()
    if diversity.empty:
        return ""
    parts = figure_of(plots.diversity_over_rounds(diversity), "diversity", "Diversity by round")
    last = diversity[diversity["round"] == diversity["round"].max()]
    names = list(dict.fromkeys(last.loc[~last["name"].str.startswith(UNDER), "name"]))
    values = {(row.agent, row.name): row.value for row in last.itertuples(index=False)}
    rows = []
    for agent in dict.fromkeys(last["agent"]):
        found = [values.get((agent, name)) for name in names]
        cells = ("<td></td>" if v is None else number_cell(f"{v:.3f}") for v in found)
        rows.append(f"<tr><th>{escaped(agent)}</th>{''.join(cells)}</tr>")
    titles = ["", *(name.replace("_", " ") for name in names)]
    parts += details("All measures of the last round", table_of(titles, rows))
    cross = run.cross_likelihood()
    if len(cross) > 1:
        title = "Writers down, readers across: log-probability in nats a token"
        parts += figure_of(plots.cross_likelihood_matrix(cross), "cross", title)
    return section("Diversity of rationales", parts)


def _tuning(run: Run) -> str:
    curves = run.tuning()
    if curves.empty:
        return ""
    return section("Tuning", figure_of(plots.tuning_curves(curves), "tuning", "Tuning curves"))


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
            f"<article><h3>{escaped_block(first['question'])}</h3><p class=note>gold answer "
            f"<b>{escaped(first['gold'])}</b>, {len(own)} rationales, id {escaped(id)}</p>"
            f"<div class=sides>{_rationale('best', first)}{_rationale('worst', final)}</div>"
            "</article>"
        )
    if not parts:
        return ""
    lead = f"<p>From round {last}: some rationales solve these, others fail.</p>"
    return section("Questions read closely", lead + "".join(parts))


def _rationale(role: str, row: pd.Series) -> str:
    kind = str(row["verdict"]) if row["verdict"] in ("right", "wrong") else "unknown"
    return (
        f"<section class={kind}><h4>{role}: {escaped(row['agent'])}</h4>"
        f"<p class=note>{escaped(judged(row))}</p>"
        f"<p class=model>{escaped_block(row['text'])}</p></section>"
    )


def _settings(run: Run) -> str:
    text = yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True)
    return section("Settings", details("config.yaml", f"<pre>{escaped_block(text)}</pre>"))


def _subtitle(run: Run) -> str:
    config = run.config
    named = [(config.get(part) or {}).get("name") for part in ("model", "task")]
    counted = f"{len(run.agents)} agents, {max(run.rounds, default=0)} rounds finished"
    return ", ".join([*(str(name) for name in named if name), counted])

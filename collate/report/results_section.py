"""The first part of the report's page: what came out, in a sentence, a table and two figures."""

import pandas as pd

from collate.console.results import (
    ResultRow,
    Results,
    collect_results,
    percent,
    percent_interval,
    points,
    points_interval,
    round_label,
    sign_outside_zero,
)
from collate.evaluation.subjects import BEST, VOTE
from collate.report import plots
from collate.report.load_run import RunTables
from collate.report.page import (
    details,
    escaped,
    figure_of,
    number_cell,
    section,
    table_of,
    table_of_metrics,
)

_SIGN_CLASSES = {1: "up", 0: "even", -1: "down"}


def results_section(tables: RunTables) -> str:
    """Accuracy of base, agents and votes on the held-out questions, round by round."""
    measured = {(metric.split, metric.name) for metric in tables.metric_rows}
    if ("test", "accuracy") not in measured:
        return section("Results", "<p>No round is evaluated yet.</p>")
    results = collect_results(tables.metric_rows, tables.rounds)
    strict = plots.accuracy_over_rounds(tables.metrics)
    lenient = plots.accuracy_over_rounds(tables.metrics, name="accuracy_lenient")
    return section(
        "Results",
        _result_sentence(results)
        + _results_table(results)
        + "<p class=note>Strict accuracy: right answers stated in the form that was asked for, on "
        "held-out questions, with 95 % Wilson intervals. Gain: paired difference from the base on "
        f"the same questions, {escaped(round_label(results.last))}, with a 95 % bootstrap "
        "interval. Lenient: right answers found anywhere in the text. * marks the agent with the "
        "best validation accuracy.</p>"
        + figure_of(strict, "results", "Strict accuracy on held-out questions by round")
        + figure_of(lenient, "lenient", "Lenient accuracy on held-out questions by round")
        + details("Further measures of the last round", _further_metrics(tables.metrics, results)),
    )


def _result_sentence(results: Results) -> str:
    """The result in a sentence: the best agent and the vote against the base."""
    clauses = []
    for row in results.rows:
        metric = row.accuracy.get(results.last)
        if metric is None or row.gain is None or not (row.best or row.model == VOTE):
            continue
        subject = "the majority vote" if row.model == VOTE else f"the best agent, {row.model},"
        gain_text = f"{points(row.gain)} points over the base, {points_interval(row.gain)}"
        clauses.append(f"{subject} {percent(metric)} ({gain_text})")
    if not clauses:
        return ""
    sentence = f"{round_label(results.last).capitalize()}: {'; '.join(clauses)}."
    return f"<p class=headline>{escaped(sentence)}</p>"


def _results_table(results: Results) -> str:
    round_titles = [round_label(round) for round in results.rounds]
    table_rows = []
    for row in results.rows:
        cells = [_accuracy_cell(row, round) for round in results.rounds]
        gain_cell = "<td></td>"
        if row.gain is not None:
            sign_class = _SIGN_CLASSES[sign_outside_zero(row.gain)]
            gain_cell = number_cell(points(row.gain), points_interval(row.gain), sign_class)
        lenient_cell = "<td></td>" if row.lenient is None else number_cell(percent(row.lenient))
        shown_name = escaped(row.model) + (" *" if row.best else "")
        row_class = "best" if row.best else "plain"
        cells += [gain_cell, lenient_cell]
        table_rows.append(f"<tr class={row_class}><th>{shown_name}</th>{''.join(cells)}</tr>")
    return table_of(["", *round_titles, "gain, points", "lenient"], table_rows)


def _accuracy_cell(row: ResultRow, round: int) -> str:
    metric = row.accuracy.get(round)
    return "<td></td>" if metric is None else number_cell(percent(metric), percent_interval(metric))


def _further_metrics(metrics: pd.DataFrame, results: Results) -> str:
    """Every other metric of the last round on held-out questions: agents down, names across."""
    last_metrics = metrics[(metrics["round"] == results.last) & (metrics["split"] == results.split)]
    shown_above = ("accuracy", "accuracy_lenient", "gain", "gain_lenient")
    # The best agent has a row under its own name already.
    is_further = ~last_metrics["name"].isin(shown_above) & (last_metrics["model"] != BEST)

    def cell_text(name: str, value: float) -> str:
        return f"{value:.1f}" if name == "mean_tokens" else f"{100 * value:.1f} %"

    return table_of_metrics(last_metrics[is_further], cell_text)

"""A run as one HTML page that needs nothing else: `collate report run=runs/quickstart`.

The page has no scripts and loads nothing; a content security policy in it forbids both. Every text
that a model, a data set or a configuration wrote is escaped where it enters the page.
"""

from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from collate.atomic import complete_file
from collate.evaluation.divergence import UNDER
from collate.evaluation.score_quality import DISAGREEMENT
from collate.masking import masked, masked_text
from collate.report import plots
from collate.report.frames import (
    contested_questions,
    diversity_of_metrics,
    score_quality_of_metrics,
    separation_of_metrics,
    separation_of_rationales,
    writers_by_readers,
)
from collate.report.load_run import Run, RunTables, load_run
from collate.report.page import (
    details,
    escaped,
    escaped_block,
    figure_of,
    number_cell,
    section,
    table_of,
    table_of_metrics,
)
from collate.report.question import best_first, verdict_text
from collate.report.results_section import results_section
from collate.tables import GOLD, RIGHT, WRONG

QUESTIONS_SHOWN = 5
_PREFERENCE_TITLES = (
    "", "rationales", "right", "right with a false step", "mean tokens", "preferences",
    "questions with a preference",
)  # fmt: skip
# No scripts, no requests: only the page's own style sheet is allowed.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_report(run_path: str | Path) -> Path:
    """Write `report.html` into the run's folder and return its path.

    What the run does not have (yet) is left out of the page. Raises InputError where there is no
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
    tables = run.read_all()
    name = str(tables.config.get("name") or run.path.resolve().name)
    sections = [
        results_section(tables),
        _preferences_section(tables),
        _scores_section(tables),
        _diversity_section(tables),
        _tuning_section(tables),
        _questions_section(tables),
        _settings_section(tables),
    ]
    style = files("collate.report").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(name)}: collate</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{escaped(name)}</h1>\n<p>{escaped(_subtitle(tables))}</p></header>\n"
        f"<main>\n{''.join(sections)}</main>\n</body>\n</html>\n"
    )


def _subtitle(tables: RunTables) -> str:
    subtitle_parts = []
    for section_name in ("model", "task"):
        name = (tables.config.get(section_name) or {}).get("name")
        if name:
            subtitle_parts.append(str(name))
    subtitle_parts.append(f"{len(tables.agents)} agents")
    subtitle_parts.append(f"{max(tables.rounds, default=0)} rounds finished")
    return masked_text(", ".join(subtitle_parts))


# Rationales, preferences and scores ---------------------------------------------------------------


def _preferences_section(tables: RunTables) -> str:
    rationales, preferences, dropped = tables.rationales, tables.preferences, tables.dropped
    if rationales.empty:
        return ""
    # One column for each reason that occurs in any round, so all rows have the same columns; the
    # most frequent first.
    reasons = list(dropped["reason"].value_counts().index)
    table_rows = []
    for round in sorted(rationales["round"].unique()):
        written = rationales[rationales["round"] == round]
        preferred = preferences[preferences["round"] == round]
        reason_counts = dropped.loc[dropped["round"] == round, "reason"].value_counts()
        is_right = (written["verdict"] == RIGHT) & (written["origin"] != GOLD)
        has_false_step = written.loc[is_right, "false_steps"] > 0
        # Questions and not rows: each agent may have a preference of the same question.
        question_counts = preferred["question_id"].nunique(), written["question_id"].nunique()
        cells = [
            f"{len(written):,}",
            f"{100 * (written['verdict'] == RIGHT).mean():.1f} %",
            f"{100 * has_false_step.mean():.1f} %" if len(has_false_step) else "",
            f"{written['tokens'].mean():.1f}",
            f"{len(preferred):,}",
            "{:,} of {:,}".format(*question_counts),
            *(f"{reason_counts.get(reason, 0):,}" for reason in reasons),
        ]
        numbers = "".join(number_cell(cell_text) for cell_text in cells)
        table_rows.append(f"<tr><th>round {round}</th>{numbers}</tr>")
    table = table_of([*_PREFERENCE_TITLES, *(f"none: {reason}" for reason in reasons)], table_rows)
    explanation = (
        "<p class=note>Right with a false step: share of the right rationales in which an equation "
        "or comparison is false. Preferences are counted for every agent that is tuned on them. "
        "Questions without a preference are counted by the reason, once for each agent that got "
        "none from them.</p>"
    )
    return section("Rationales and preferences", table + explanation)


def _scores_section(tables: RunTables) -> str:
    quality = score_quality_of_metrics(tables.metrics)
    markup = ""
    if tables.rationales["likelihood"].notna().any():
        markup += _separation_table(tables, quality)
        histogram = plots.score_histogram(tables.rationales)
        markup += figure_of(histogram, "scores", "Likelihood by verdict")
    if len(quality):
        by_round = plots.score_quality_over_rounds(quality)
        markup += figure_of(by_round, "quality", "Right ranked above wrong, by round")
        markup += _disagreement_sentence(quality)
    if len(tables.agreement) > 1:
        markup += "<p>Share of held-out questions on which two agents state the same answer.</p>"
        agreement_figure = plots.agreement_matrix(tables.agreement)
        markup += figure_of(agreement_figure, "agreement", "Agreement of agents")
    return section("Scores and agreement", markup) if markup else ""


def _separation_table(tables: RunTables, quality: pd.DataFrame) -> str:
    """How well each score ranks right above wrong, as the last round's diagnostics have it."""
    last_quality = quality[quality["round"] == quality["round"].max()]
    separation = separation_of_metrics(last_quality)
    which_rounds = f"in round {last_quality['round'].max()}"
    if separation.empty:  # a run whose diagnostics are not taken yet
        separation, which_rounds = separation_of_rationales(tables.rationales), "over all rounds"
    table_rows = []
    for score_row in separation.itertuples():
        cells = ""
        for auc_value in (score_row.auc, score_row.auc_within):
            # Missing where no question has a right and a wrong rationale.
            cells += number_cell("" if pd.isna(auc_value) else f"{auc_value:.3f}")
        score_title = str(score_row.Index).replace("_", " ")
        table_rows.append(f"<tr><th>{escaped(score_title)}</th>{cells}</tr>")
    return (
        "<p>How well each likelihood of the gold answer ranks a right rationale above a wrong one "
        f"{which_rounds}: over all rationales, and among rationales of one question.</p>"
        + table_of(["", "AUC", "AUC within questions"], table_rows)
    )


def _disagreement_sentence(quality: pd.DataFrame) -> str:
    """How often likelihood and verdict disagree, round by round, in a sentence."""
    disagreement = quality[quality["name"] == DISAGREEMENT].sort_values("round")
    if disagreement.empty:
        return ""
    share_texts = []
    for metric in disagreement.itertuples():
        percentage = 100 * metric.value
        share_texts.append(f"{percentage:.1f} % in round {metric.round} ({metric.n:,} pairs)")
    return (
        "<p>Share of the pairs of a right and a wrong rationale of one question in which the "
        f"likelihood prefers the wrong one: {escaped(', '.join(share_texts))}.</p>"
    )


# Diversity, tuning, single questions --------------------------------------------------------------


def _diversity_section(tables: RunTables) -> str:
    diversity = diversity_of_metrics(tables.metrics)
    if diversity.empty:
        return ""
    by_round = plots.diversity_over_rounds(diversity)
    markup = figure_of(by_round, "diversity", "Diversity by round")
    last_diversity = diversity[diversity["round"] == diversity["round"].max()]
    # Who finds whose rationales how likely has a figure of its own, below.
    last_diversity = last_diversity[~last_diversity["name"].str.startswith(UNDER)]
    table = table_of_metrics(last_diversity, lambda name, value: f"{value:.3f}")
    markup += details("All measures of the last round", table)
    cross_logprobs = writers_by_readers(tables.metrics)
    if len(cross_logprobs) > 1:
        title = "Writers down, readers across: log-probability in nats a token"
        markup += figure_of(plots.cross_likelihood_matrix(cross_logprobs), "cross", title)
    return section("Diversity of rationales", markup)


def _tuning_section(tables: RunTables) -> str:
    if tables.tuning.empty:
        return ""
    curves = plots.tuning_curves(tables.tuning)
    return section("Tuning", figure_of(curves, "tuning", "Tuning curves"))


def _questions_section(tables: RunTables) -> str:
    """The best and the worst rationale of some questions on which rationales differ."""
    if tables.rationales.empty:
        return ""
    last_round = int(tables.rationales["round"].max())
    of_round = tables.rationales[tables.rationales["round"] == last_round]
    articles = []
    for question_id in contested_questions(of_round)[:QUESTIONS_SHOWN]:
        ranked = best_first(of_round[of_round["question_id"] == question_id])
        # Rows of `itertuples`, since a Series has an attribute `flags` of its own.
        ranked_rows = list(ranked.itertuples())
        best_row, worst_row = ranked_rows[0], ranked_rows[-1]
        panel_pair = _rationale_panel("best", best_row) + _rationale_panel("worst", worst_row)
        articles.append(
            f"<article><h3>{escaped_block(best_row.question)}</h3>"
            f"<p class=note>gold answer <b>{escaped(best_row.gold)}</b>, {len(ranked_rows)} "
            f"rationales, id {escaped(question_id)}</p>"
            f"<div class=sides>{panel_pair}</div></article>"
        )
    if not articles:
        return ""
    opening = f"<p>From round {last_round}: some rationales solve these, others fail.</p>"
    return section("Questions read closely", opening + "".join(articles))


def _rationale_panel(role: str, row: Any) -> str:
    verdict_class = row.verdict if row.verdict in (RIGHT, WRONG) else "unknown"
    return (
        f"<section class={verdict_class}><h4>{role}: {escaped(row.writer)}</h4>"
        f"<p class=note>{escaped(verdict_text(row))}</p>"
        f"<p class=model>{escaped_block(row.text)}</p></section>"
    )


def _settings_section(tables: RunTables) -> str:
    # From the stored settings, every default filled in, and not from the file that the user wrote.
    # They are masked where they are stored, though not by whoever else may have made the folder.
    settings_text = yaml.safe_dump(masked(tables.config), sort_keys=False, allow_unicode=True)
    return section("Settings", details("config.yaml", f"<pre>{escaped_block(settings_text)}</pre>"))

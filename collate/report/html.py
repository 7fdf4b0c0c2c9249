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
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
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

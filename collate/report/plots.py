"""The figures of the report and the notebook. Each function returns a matplotlib Figure.

Figures are made without pyplot, so drawing them leaves no global state behind and needs no display.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from collate.console.text import one_line
from collate.evaluation.statistics import auc
from collate.evaluation.subjects import (
    AGENTS,
    BASE,
    BEST,
    CHANCE,
    GROUPS,
    READER,
    ROUTED,
    VOTE,
    VOTES,
    WEIGHTED_VOTE,
)
from collate.tables import RIGHT, WRONG

# Okabe and Ito's colours, which colour-blind readers can tell apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_GROUP_COLOURS = {
    BASE: "#777777",
    VOTE: "#111111",
    AGENTS: "#111111",
    WEIGHTED_VOTE: "#555555",
    ROUTED: "#999999",
    READER: "#8A6D3B",
}
_RIGHT_COLOUR, _WRONG_COLOUR = "#009E73", "#D55E00"

_DIVERSITY = ("duplicate_rate", "distinct_2", "distinct_answers", "disagreement", "divergence")
_PANELS_A_ROW = 3


def accuracy_over_rounds(
    metrics: pd.DataFrame, *, split: str = "test", name: str = "accuracy"
) -> Figure:
    """A metric of base, agents and votes by round, with its 95 % intervals, in percent.

    A dotted line is at the accuracy of guessing, where it is known.
    """
    accuracy_rows = metrics[(metrics["split"] == split) & (metrics["name"] == name)]
    chance_values = accuracy_rows.loc[accuracy_rows["model"] == CHANCE, "value"]
    # The best agent is drawn under its own name already.
    accuracy_rows = accuracy_rows[~accuracy_rows["model"].isin((BEST, CHANCE))]
    models = _base_first(accuracy_rows["model"].unique())
    rounds = sorted(accuracy_rows["round"].unique())
    figure, axes = _figure(7.2, 3.8)
    for position, model in enumerate(models):
        of_model = accuracy_rows[accuracy_rows["model"] == model].sort_values("round")
        percent = 100 * of_model["value"].to_numpy(float)
        below, above = percent - 100 * of_model["low"], 100 * of_model["high"] - percent
        # Side by side, or the intervals of one round would hide each other.
        offset = (position - (len(models) - 1) / 2) * 0.06
        axes.errorbar(
            of_model["round"].to_numpy(float) + offset,
            percent,
            # Matplotlib wants lengths of at least 0. A metric without an interval gets none.
            yerr=np.nan_to_num(np.vstack([below, above]).astype(float)).clip(min=0),
            label=_label(model),
            marker="o",
            markersize=5,
            capsize=3,
            linewidth=1.6,
            elinewidth=1,
            color=_colour(model, models),
            linestyle="--" if model == BASE else "-",
        )
    if len(chance_values):
        _dotted_line(axes, 100 * chance_values.iloc[-1], CHANCE)
    axes.set_xticks(rounds, ["before" if round == 0 else f"round {round}" for round in rounds])
    axes.set_ylabel(f"{name.replace('_', ' ')}, %")
    axes.grid(axis="y", alpha=0.3)
    _legend(axes)
    return figure


def score_histogram(rationales: pd.DataFrame, *, score: str = "likelihood") -> Figure:
    """How a score is spread over right and over wrong rationales, with its AUC.

    `rationales` is what `Run.rationales()` gives. Bars are shares within each verdict.
    """
    is_judged = rationales["verdict"].isin([RIGHT, WRONG])
    judged_rationales = rationales[is_judged & rationales[score].notna()]
    scores = judged_rationales[score].to_numpy(float)
    is_right = (judged_rationales["verdict"] == RIGHT).to_numpy()
    figure, axes = _figure(7.2, 3.2)
    if len(scores):
        bin_edges = np.histogram_bin_edges(scores, bins=30).tolist()
        verdict_styles = ((is_right, _RIGHT_COLOUR, RIGHT), (~is_right, _WRONG_COLOUR, WRONG))
        # Shares and not counts, since wrong rationales may be many more than right ones. Both
        # sides have the same bins, or their heights could not be compared.
        for of_verdict, colour, verdict in verdict_styles:
            count = int(of_verdict.sum())
            axes.hist(
                scores[of_verdict],
                bins=bin_edges,
                weights=np.full(count, 100 / max(count, 1)),
                alpha=0.55,
                color=colour,
                label=f"{verdict} ({count})",
            )
        axes.set_title(f"AUC {auc(scores, is_right):.3f}", loc="left", fontsize=11)
        _legend(axes)
    else:
        _note(axes, "no rationale with a verdict and this score")
    axes.set_xlabel(score.replace("_", " "))
    axes.set_ylabel("share of rationales, %")
    return figure


def agreement_matrix(agreement: pd.DataFrame) -> Figure:
    """How often two agents state the same answer, from what `Run.agreement()` gives."""
    return _matrix(100 * agreement, "{:.0f} %", 0, 100, if_empty="no answers to compare")


def cross_likelihood_matrix(cross: pd.DataFrame) -> Figure:
    """How likely one agent finds another's rationales, from what `Run.cross_likelihood()` gives."""
    known_values = cross.to_numpy(float)
    known_values = known_values[np.isfinite(known_values)]
    lowest, highest = (known_values.min(), known_values.max()) if known_values.size else (0.0, 1.0)
    highest = max(highest, lowest + 1e-9)  # equal numbers would leave no range to shade
    return _matrix(cross, "{:.3f}", lowest, highest, if_empty="no rationale was read by another")


def tuning_curves(tuning: pd.DataFrame) -> Figure:
    """Loss, and how far chosen and rejected log-probability moved, by step over all rounds.

    `tuning` is what `Run.tuning()` gives. A chosen log-probability that falls while the loss falls
    too is the known failure of preference tuning, so both are drawn side by side.
    """
    figure = Figure(figsize=(9.6, 3.4), layout="constrained")
    loss_axes, logratio_axes = figure.subplots(1, 2)
    agents = list(dict.fromkeys(tuning["agent"]))
    for agent in agents:
        of_agent = tuning[tuning["agent"] == agent].sort_values(["round", "step"])
        colour = _colour(agent, agents)
        steps_before = 0
        for _, curve in of_agent.groupby("round"):
            # A gap between rounds: each starts from a new reference.
            step_numbers = np.arange(steps_before + 1, steps_before + len(curve) + 1)
            label = None if steps_before else _label(agent)
            loss_axes.plot(step_numbers, curve["loss"], color=colour, label=label)
            logratio_axes.plot(step_numbers, curve["chosen_logratio"], "-", color=colour)
            logratio_axes.plot(step_numbers, curve["rejected_logratio"], ":", color=colour)
            steps_before += len(curve)
    loss_axes.set(xlabel="step, over all rounds", ylabel="loss")
    logratio_axes.set(xlabel="step, over all rounds", ylabel="log-ratio to the reference, nats")
    if tuning["chosen_logratio"].isna().all():
        _note(logratio_axes, "supervised tuning has no reference")
    logratio_axes.set_title("log-probability: chosen —, rejected ···", loc="left", fontsize=10)
    for axes in (loss_axes, logratio_axes):
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    _legend(loss_axes)
    return figure


def diversity_over_rounds(diversity: pd.DataFrame) -> Figure:
    """How much rationales differ, by round, from what `Run.diversity()` gives.

    One panel for each measure: single agents in colours, all agents together in black.
    """
    # Some measures only, or the figure would fill the page; a table below it has all of them.
    measured_names = set(diversity["name"])
    shown_names = [name for name in _DIVERSITY if name in measured_names]
    gain_names = diversity.loc[diversity["name"].str.startswith("oracle_gain@"), "name"].unique()
    # Of oracle_gain@2, @4, ... the one of most samples.
    shown_names += sorted(gain_names, key=lambda name: int(name.partition("@")[2]))[-1:]
    panel_rows = max(1, -(-len(shown_names) // _PANELS_A_ROW))
    figure = Figure(figsize=(9.6, 2.7 * panel_rows), layout="constrained")
    panels = figure.subplots(panel_rows, _PANELS_A_ROW, squeeze=False).ravel()
    agents = [model for model in dict.fromkeys(diversity["model"]) if model not in GROUPS]
    for axes, metric_name in zip(panels, shown_names, strict=False):
        metric_rows = diversity[diversity["name"] == metric_name]
        for model in (*agents, AGENTS):
            of_model = metric_rows[metric_rows["model"] == model]
            if len(of_model):
                label = "all agents" if model == AGENTS else _label(model)
                _line_with_intervals(axes, of_model, label, _colour(model, agents))
        axes.set_title(metric_name.replace("_", " "), loc="left", fontsize=10)
    for axes in panels[len(shown_names) :]:
        axes.set_visible(False)
    if shown_names:
        _shared_legend(figure, panels)
    return figure


def score_quality_over_rounds(quality: pd.DataFrame) -> Figure:
    """AUC within questions of each score by round, from what `Run.score_quality()` gives."""
    figure, axes = _figure(7.2, 3.2)
    auc_rows = quality[quality["name"].str.startswith("auc_within:")]
    metric_names = list(dict.fromkeys(auc_rows["name"]))
    for position, metric_name in enumerate(metric_names):
        label = _label(metric_name.partition(":")[2].replace("_", " "))
        colour = _COLOURS[position % len(_COLOURS)]
        of_score = auc_rows[auc_rows["name"] == metric_name]
        _line_with_intervals(axes, of_score, label, colour, shift=position)
    if metric_names:
        _dotted_line(axes, 0.5, "by chance")
        _legend(axes)
    else:
        _note(axes, "no question with a right and a wrong rationale")
    axes.set_ylabel("AUC within questions")
    return figure


def _line_with_intervals(
    axes: Axes, rows: pd.DataFrame, label: str, colour: str, shift: int = 0
) -> None:
    """One measure by round with its intervals; `shift` moves lines apart that would overlap."""
    by_round = rows.sort_values("round")
    rounds = by_round["round"].to_numpy(float) + 0.04 * shift
    estimates = by_round["value"].to_numpy(float)
    low, high = by_round["low"].to_numpy(float), by_round["high"].to_numpy(float)
    axes.plot(rounds, estimates, marker="o", markersize=4, linewidth=1.5, color=colour, label=label)
    axes.vlines(rounds, low, high, color=colour, lw=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("round")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)


def _matrix(
    values: pd.DataFrame, number_format: str, low: float, high: float, *, if_empty: str
) -> Figure:
    """A square table of numbers in cells, darker where they are higher."""
    count = len(values)
    side_inches = 1.8 + 0.75 * max(count, 2)
    figure, axes = _figure(side_inches + 0.8, side_inches)
    if count == 0:
        _note(axes, if_empty)
        return figure
    cells = values.to_numpy(float)
    # A mesh stays vectors in SVG, where an image would be an embedded bitmap.
    axes.pcolormesh(cells, vmin=low, vmax=high, cmap="Blues")
    axes.invert_yaxis()
    axes.set_aspect("equal")
    model_labels = [_label(name) for name in values.columns]
    axes.set_xticks(np.arange(count) + 0.5, model_labels, rotation=40, ha="right")
    axes.set_yticks(np.arange(count) + 0.5, model_labels)
    for row, column in np.ndindex(cells.shape):
        number = cells[row, column]
        if np.isfinite(number):
            # White on dark cells, black on light ones.
            colour = "white" if (number - low) / (high - low) > 0.55 else "black"
            cell_text = number_format.format(number)
            axes.text(column + 0.5, row + 0.5, cell_text, ha="center", va="center", color=colour)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _base_first(models: Sequence[str]) -> list[str]:
    agents = [model for model in models if model not in GROUPS]
    return [model for model in (BASE, *agents, *VOTES, READER) if model in models]


def _colour(model: str, models: Sequence[str]) -> str:
    agents = [name for name in models if name not in GROUPS]
    return _GROUP_COLOURS.get(model) or _COLOURS[agents.index(model) % len(_COLOURS)]


def _label(name: str) -> str:
    """A name as matplotlib shows it word for word: no mathematics, and not hidden from a legend."""
    # $ would begin mathematics, and matplotlib leaves labels with a leading _ out of legends.
    shown_name = one_line(name, 24).replace("$", r"\$")
    return f" {shown_name}" if shown_name.startswith("_") else shown_name


def _dotted_line(axes: Axes, height: float, label: str) -> None:
    axes.axhline(height, color=_GROUP_COLOURS[BASE], linestyle=":", linewidth=1.2, label=label)


def _legend(axes: Axes) -> None:
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _shared_legend(figure: Figure, panels: Iterable[Axes]) -> None:
    """One legend for all panels, with every label once."""
    line_by_label: dict[str, Artist] = {}
    for axes in panels:
        for line in axes.lines:
            line_by_label[str(line.get_label())] = line
    lines, labels = list(line_by_label.values()), list(line_by_label)
    figure.legend(lines, labels, frameon=False, fontsize=9, loc="outside right upper")


def _note(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])

"""The figures of the report and the notebook. Each function returns a matplotlib Figure.

Figures are made without pyplot, so drawing them leaves no global state behind and needs no display.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from collate.console.text import one_line
from collate.evaluation.metrics import AGENTS, BASE, BEST, CHANCE, GROUPS, READER
from collate.evaluation.statistics import auc
from collate.evaluation.votes import ROUTED, VOTE, VOTES, WEIGHTED_VOTE
from collate.tables import RIGHT, WRONG

# Okabe and Ito's colours, which stay apart for colour-blind readers.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_GREYS = {BASE: "#777777", VOTE: "#111111", AGENTS: "#111111"}
_GREYS |= {WEIGHTED_VOTE: "#555555", ROUTED: "#999999", READER: "#8A6D3B"}
_RIGHT, _WRONG = "#009E73", "#D55E00"

_DIVERSITY = ("duplicate_rate", "distinct_2", "distinct_answers", "disagreement", "divergence")


def accuracy_over_rounds(
    metrics: pd.DataFrame, *, split: str = "test", name: str = "accuracy"
) -> Figure:
    """A metric of base, agents and votes by round, with its 95 % intervals, in percent.

    A dotted line stands where chance is, if it is known.
    """
    rows = metrics[(metrics["split"] == split) & (metrics["name"] == name)]
    guessed = rows.loc[rows["agent"] == CHANCE, "value"]
    rows = rows[~rows["agent"].isin((BEST, CHANCE))]
    names = _base_first(rows["agent"].unique())
    rounds = sorted(rows["round"].unique())
    figure, axes = _figure(7.2, 3.8)
    for place, agent in enumerate(names):
        own = rows[rows["agent"] == agent].sort_values("round")
        value = 100 * own["value"].to_numpy(float)
        bounds = np.vstack([value - 100 * own["low"], 100 * own["high"] - value])
        # Side by side, or the intervals of one round would hide each other.
        shift = (place - (len(names) - 1) / 2) * 0.06
        axes.errorbar(
            own["round"].to_numpy(float) + shift,
            value,
            yerr=np.nan_to_num(bounds.astype(float)).clip(min=0),
            label=_label(agent),
            marker="o",
            markersize=5,
            capsize=3,
            linewidth=1.6,
            elinewidth=1,
            color=_colour(agent, names),
            linestyle="--" if agent == BASE else "-",
        )
    if len(guessed):
        axes.axhline(
            100 * guessed.iloc[-1], color=_GREYS[BASE], linestyle=":", linewidth=1.2, label=CHANCE
        )
    axes.set_xticks(rounds, ["before" if r == 0 else f"round {r}" for r in rounds])
    axes.set_ylabel(f"{name.replace('_', ' ')}, %")
    axes.grid(axis="y", alpha=0.3)
    _legend(axes)
    return figure


def score_histogram(rationales: pd.DataFrame, *, score: str = "likelihood") -> Figure:
    """How a score is spread over right and over wrong rationales, with its AUC.

    `rationales` is what `Run.rationales()` gives. Bars are shares within each verdict.
    """
    kept = rationales[rationales["verdict"].isin([RIGHT, WRONG]) & rationales[score].notna()]
    values, right = kept[score].to_numpy(float), (kept["verdict"] == RIGHT).to_numpy()
    figure, axes = _figure(7.2, 3.2)
    if len(values):
        bins = np.histogram_bin_edges(values, bins=30).tolist()
        for mask, colour, label in ((right, _RIGHT, RIGHT), (~right, _WRONG, WRONG)):
            count = int(mask.sum())
            axes.hist(
                values[mask],
                bins=bins,
                weights=np.full(count, 100 / max(count, 1)),
                alpha=0.55,
                color=colour,
                label=f"{label} ({count})",
            )
        axes.set_title(f"AUC {auc(values, right):.3f}", loc="left", fontsize=11)
        _legend(axes)
    else:
        _say(axes, "no rationale with a verdict and this score")
    axes.set_xlabel(score.replace("_", " "))
    axes.set_ylabel("share of rationales, %")
    return figure


def agreement_matrix(agreement: pd.DataFrame) -> Figure:
    """How often two agents state the same answer, from what `Run.agreement()` gives."""
    return _matrix(100 * agreement, "{:.0f} %", 0, 100, "no answers to compare")


def cross_likelihood_matrix(cross: pd.DataFrame) -> Figure:
    """How likely one agent finds another's rationales, from what `Run.cross_likelihood()` gives."""
    known = cross.to_numpy(float)
    known = known[np.isfinite(known)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    return _matrix(cross, "{:.3f}", low, max(high, low + 1e-9), "no rationale was read by another")


def tuning_curves(tuning: pd.DataFrame) -> Figure:
    """Loss, and how far chosen and rejected log-probability moved, by step over all rounds.

    `tuning` is what `Run.tuning()` gives. A chosen log-probability that falls while the loss falls
    too is the known failure of preference tuning, so both are drawn side by side.
    """
    figure = Figure(figsize=(9.6, 3.4), layout="constrained")
    loss, logprob = figure.subplots(1, 2)
    names = list(dict.fromkeys(tuning["agent"]))
    for agent in names:
        own = tuning[tuning["agent"] == agent].sort_values(["round", "step"])
        colour = _colour(agent, names)
        steps = 0
        for _, curve in own.groupby("round"):
            # A gap between rounds: each starts from a new reference.
            at = np.arange(steps + 1, steps + len(curve) + 1)
            loss.plot(at, curve["loss"], color=colour, label=None if steps else _label(agent))
            for column, style in (("chosen_logratio", "-"), ("rejected_logratio", ":")):
                logprob.plot(at, curve[column], style, color=colour)
            steps += len(curve)
    loss.set(xlabel="step, over all rounds", ylabel="loss")
    logprob.set(xlabel="step, over all rounds", ylabel="log-ratio to the reference, nats")
    if tuning["chosen_logratio"].isna().all():
        _say(logprob, "supervised tuning has no reference")
    logprob.set_title("log-probability: chosen —, rejected ···", loc="left", fontsize=10)
    for axes in (loss, logprob):
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    _legend(loss)
    return figure


def diversity_over_rounds(diversity: pd.DataFrame) -> Figure:
    """How far rationales differ, by round, from what `Run.diversity()` gives.

    One panel for each measure: agents by themselves in colours, all agents together in black.
    """
    shown = [name for name in _DIVERSITY if (diversity["name"] == name).any()]
    gains = diversity.loc[diversity["name"].str.startswith("oracle_gain@"), "name"]
    shown += sorted(gains.unique(), key=lambda name: int(name.partition("@")[2]))[-1:]
    figure = Figure(figsize=(9.6, 2.7 * max(1, -(-len(shown) // 3))), layout="constrained")
    panels = figure.subplots(max(1, -(-len(shown) // 3)), 3, squeeze=False).ravel()
    names = [name for name in dict.fromkeys(diversity["agent"]) if name not in GROUPS]
    for axes, name in zip(panels, shown, strict=False):
        rows = diversity[diversity["name"] == name]
        for agent in (*names, AGENTS):
            own = rows[rows["agent"] == agent]
            if len(own):
                label = "all agents" if agent == AGENTS else _label(agent)
                _line(axes, own, label, _colour(agent, names))
        axes.set_title(name.replace("_", " "), loc="left", fontsize=10)
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    if shown:
        handles = {
            line.get_label(): line for axes in panels for line in axes.lines if line.get_label()
        }
        figure.legend(
            handles.values(), handles.keys(), frameon=False, fontsize=9, loc="outside right upper"
        )
    return figure


def score_quality_over_rounds(quality: pd.DataFrame) -> Figure:
    """AUC within questions of each score by round, from what `Run.score_quality()` gives."""
    figure, axes = _figure(7.2, 3.2)
    rows = quality[quality["name"].str.startswith("auc_within:")]
    names = list(dict.fromkeys(rows["name"]))
    for place, name in enumerate(names):
        label = name.partition(":")[2].replace("_", " ")
        own = rows[rows["name"] == name]
        _line(axes, own, _label(label), _COLOURS[place % len(_COLOURS)], spread=place)
    if names:
        axes.axhline(0.5, color=_GREYS[BASE], linestyle=":", linewidth=1.2, label="by chance")
        _legend(axes)
    else:
        _say(axes, "no question with a right and a wrong rationale")
    axes.set_ylabel("AUC within questions")
    return figure


def _line(axes: Axes, rows: pd.DataFrame, label: str, colour: str, spread: int = 0) -> None:
    """One measure by round with its intervals; `spread` moves it aside to keep them apart."""
    own = rows.sort_values("round")
    at = own["round"].to_numpy(float) + 0.04 * spread
    value = own["value"].to_numpy(float)
    axes.plot(at, value, marker="o", markersize=4, linewidth=1.5, color=colour, label=label)
    axes.vlines(at, own["low"].to_numpy(float), own["high"].to_numpy(float), color=colour, lw=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("round")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)


def _matrix(values: pd.DataFrame, form: str, low: float, high: float, nothing: str) -> Figure:
    """A square table of numbers in cells, darker where they are higher."""
    count = len(values)
    side = 1.8 + 0.75 * max(count, 2)
    figure, axes = _figure(side + 0.8, side)
    if count == 0:
        _say(axes, nothing)
        return figure
    cells = values.to_numpy(float)
    # A mesh stays vectors in SVG, where an image would be an embedded bitmap.
    axes.pcolormesh(cells, vmin=low, vmax=high, cmap="Blues")
    axes.invert_yaxis()
    axes.set_aspect("equal")
    labels = [_label(name) for name in values.columns]
    axes.set_xticks(np.arange(count) + 0.5, labels, rotation=40, ha="right")
    axes.set_yticks(np.arange(count) + 0.5, labels)
    for row, column in np.ndindex(cells.shape):
        value = cells[row, column]
        if np.isfinite(value):
            shade = "white" if (value - low) / (high - low) > 0.55 else "black"
            text = form.format(value)
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=shade)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _base_first(names: Sequence[str]) -> list[str]:
    own = [name for name in names if name not in GROUPS]
    return [name for name in (BASE, *own, *VOTES, READER) if name in names]


def _colour(agent: str, names: Sequence[str]) -> str:
    own = [name for name in names if name not in GROUPS]
    return _GREYS.get(agent) or _COLOURS[own.index(agent) % len(_COLOURS)]


def _label(name: str) -> str:
    """A name as matplotlib shows it word for word: no mathematics, and not hidden from a legend."""
    shown = one_line(name, 24).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def _legend(axes: Axes) -> None:
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])

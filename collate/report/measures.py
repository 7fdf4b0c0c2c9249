"""Tables of a run that are computed from its rows: scores against verdicts, and diversity."""

import pandas as pd

from collate.evaluation.divergence import UNDER
from collate.evaluation.score_quality import SCORER, SCORES, PairShare, compared
from collate.evaluation.statistics import auc
from collate.tables import RIGHT, SAMPLED, WRONG


def separation_of(rationales: pd.DataFrame) -> pd.DataFrame:
    """`Run.separation` of what `Run.rationales` gives."""
    frame = rationales[
        rationales["verdict"].isin([RIGHT, WRONG]) & (rationales["source"] == SAMPLED)
    ]
    rows = {}
    for name in SCORES:
        scored = frame[frame[name].notna()]
        if scored.empty:  # a score that no rationale has
            continue
        label = scored["verdict"] == RIGHT
        rows[name] = {
            "auc": auc(scored[name], label),
            "auc_within": _within(scored, name),
            "right": int(label.sum()),
            "wrong": int((~label).sum()),
        }
    columns = ["auc", "auc_within", "right", "wrong"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def diversity_rows(metrics: pd.DataFrame) -> pd.DataFrame:
    """Of a table of metrics those of rationales, which are on questions to learn from."""
    own = (metrics["split"] == "train") & (metrics["agent"] != SCORER)
    return metrics[own].reset_index(drop=True)


def score_rows(metrics: pd.DataFrame) -> pd.DataFrame:
    """Of a table of metrics those of the scorer."""
    return metrics[metrics["agent"] == SCORER].reset_index(drop=True)


def cross_matrix(metrics: pd.DataFrame) -> pd.DataFrame:
    """Writers by readers, in nats a token, of the last round that has any."""
    rows = metrics[(metrics["split"] == "train") & metrics["name"].str.startswith(UNDER)]
    if rows.empty:
        return pd.DataFrame()
    rows = rows[rows["round"] == rows["round"].max()]
    matrix = rows.assign(reader=rows["name"].str.removeprefix(UNDER)).pivot(
        index="agent", columns="reader", values="value"
    )
    names = list(dict.fromkeys(rows["agent"]))
    return matrix.reindex(index=names, columns=names)


def _within(scored: pd.DataFrame, name: str) -> float:
    """AUC over the right-wrong pairs that share a question and a round."""
    share = PairShare()
    for _, own in scored.groupby(["round", "question_id"]):
        right = own["verdict"] == RIGHT
        values = own[name].to_numpy(float)
        if 0 < right.sum() < len(own):
            won, _ = compared(values[right], values[~right])
            share.add(won, int(right.sum() * (~right).sum()))
    return share.interval().value

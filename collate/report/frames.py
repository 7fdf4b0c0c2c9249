"""From the tables of a run to the DataFrames of a reader: joins, and numbers taken from rows.

Everything here is a pure function of tables that `load_run.py` has read.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from collate.errors import RunFolderError
from collate.evaluation.divergence import UNDER
from collate.evaluation.false_steps import FALSE_STEP_RATE
from collate.evaluation.score_quality import SCORER, SCORES, PairShare, compared
from collate.evaluation.statistics import auc
from collate.evaluation.subjects import GROUPS
from collate.evaluation.votes import agreement
from collate.tables import (
    CHOSEN,
    GOLD,
    REJECTED,
    RIGHT,
    SAMPLED,
    SCHEMAS,
    WRONG,
    Answer,
    Score,
    to_table,
)

# How a column of a mapping becomes columns of its own, by key, and the keys that are always there.
_MAPPING_COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "roles": ("{}_id", (CHOSEN, REJECTED)),
    "logprobs": ("{}_logprob", (CHOSEN, REJECTED)),
    "logratios": ("{}_logratio", (CHOSEN, REJECTED)),
    "objectives": ("objective_{}", ()),
}
# Of a preference's rationales, beside the columns of their scores.
_SIDE_COLUMNS = ("text", "writer", "seed", "round", "sample", "finish_reason", "tokens")
_SEPARATION_COLUMNS = ["auc", "auc_within", "right", "wrong"]


def frame_of_rounds(row_type: type, tables: Sequence[tuple[int, pa.Table]]) -> pd.DataFrame:
    """The rows of all these tables, each with its round.

    A column that holds a mapping becomes one column for each key: `roles` gives `chosen_id` and
    `rejected_id`, `logprobs` gives `chosen_logprob`, and so on; missing values where a row has no
    such key.
    """
    # Without any table the frame still has its columns.
    empty_table = SCHEMAS[row_type].empty_table().replace_schema_metadata(None)
    all_rows = pa.concat_tables([empty_table, *(table for _, table in tables)])
    plain_names = [name for name in all_rows.column_names if name not in _MAPPING_COLUMNS]
    frame = all_rows.select(plain_names).to_pandas()
    for column_name in all_rows.column_names:
        if column_name in _MAPPING_COLUMNS:
            pattern, usual_keys = _MAPPING_COLUMNS[column_name]
            frame = frame.join(_columns_by_key(all_rows[column_name], pattern, usual_keys))
    # Some rows carry their round themselves; of the others the folder tells it.
    if "round" not in frame:
        rounds = [round for round, table in tables for _ in range(len(table))]
        frame.insert(0, "round", pd.Series(rounds, dtype="int64"))
    return frame


def frame_of_rows(row_type: type, rows: Sequence[Any]) -> pd.DataFrame:
    """Rows of a type that has no mappings as a DataFrame."""
    return to_table(row_type, rows).replace_schema_metadata(None).to_pandas()


def _columns_by_key(
    mappings: pa.ChunkedArray, pattern: str, usual_keys: Sequence[str]
) -> pd.DataFrame:
    """A column for each key of these mappings, which are stored as lists of key and value."""
    key_name, value_name = (field.name for field in mappings.type.value_type)
    mapping_rows = []
    for entries in mappings.to_pylist():
        mapping_rows.append({entry[key_name]: entry[value_name] for entry in entries})
    known_keys = dict.fromkeys(usual_keys)  # a dict keeps the order
    for mapping_row in mapping_rows:
        known_keys.update(dict.fromkeys(mapping_row))
    is_text = pa.types.is_string(mappings.type.value_type.field(value_name).type)
    columns = {}
    for key in known_keys:
        values = [mapping_row.get(key) for mapping_row in mapping_rows]
        columns[pattern.format(key)] = pd.Series(values, dtype=object if is_text else "float64")
    return pd.DataFrame(columns)


def with_scores(rationales: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Rationales with `tokens` and every column of their scores, missing where there is none."""
    # `validate` refuses a rationale that was scored twice, which would double its row.
    with_tokens = rationales.assign(tokens=rationales["token_ids"].map(len).astype(int))
    of_rationales = scores[["rationale_id", *score_columns(scores)]]
    scored = with_tokens.merge(
        of_rationales, how="left", left_on="id", right_on="rationale_id", validate="one_to_one"
    )
    return scored.drop(columns="rationale_id")


def score_columns(frame: pd.DataFrame) -> list[str]:
    """The columns of a frame that come from scores."""
    score_names = {field.name for field in SCHEMAS[Score]} - {"rationale_id", "question_id"}
    return [
        column for column in frame if column in score_names or str(column).startswith("objective_")
    ]


def with_question(frame: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """A frame with `question` and `gold` behind its `question_id`."""
    question_texts = questions[["id", "text", "gold"]]
    question_texts.columns = pd.Index(["question_id", "question", "gold"])
    with_texts = frame.merge(question_texts, how="left", on="question_id", validate="many_to_one")
    position = with_texts.columns.get_loc("question_id")
    for offset, column_name in enumerate(("question", "gold"), start=1):
        with_texts.insert(position + offset, column_name, with_texts.pop(column_name))
    return with_texts


def with_sides(preferences: pd.DataFrame, rationales: pd.DataFrame) -> pd.DataFrame:
    """Preferences with the rationale of each role: its columns behind the role's name.

    Raises RunFolderError where a preference names a rationale that is not among `rationales`.
    """
    side_columns = rationales[["id", *_SIDE_COLUMNS, *score_columns(rationales)]]
    with_roles = preferences
    for column in preferences:
        # What ends in _id is of a role: chosen_id, rejected_id.
        if not str(column).endswith("_id") or column == "question_id":
            continue
        role, rationale_ids = str(column).removesuffix("_id"), preferences[column]
        is_unknown = rationale_ids.notna() & ~rationale_ids.isin(side_columns["id"])
        without_rationale = preferences.loc[is_unknown, "id"]
        if len(without_rationale):
            raise RunFolderError(
                f"{len(without_rationale)} preferences, {without_rationale.iloc[0]} first, name a "
                f"{role} rationale that is in no rationales.parquet"
            )
        with_roles = with_roles.merge(side_columns.add_prefix(f"{role}_"), how="left", on=column)
    return with_roles


def contested_questions(rationales: pd.DataFrame) -> list[str]:
    """Ids of the questions that some rationales solve and others fail, most even first."""
    judged = rationales[rationales["verdict"].isin([RIGHT, WRONG])]
    is_right = judged["verdict"] == RIGHT
    solved_share = is_right.groupby(judged["question_id"]).mean()
    solved_share = solved_share[(solved_share > 0) & (solved_share < 1)]
    # By id among equals, so that the same run shows the same questions.
    ranked_questions = (solved_share - 0.5).abs().rename("unevenness").reset_index()
    return ranked_questions.sort_values(["unevenness", "question_id"])["question_id"].tolist()


def separation_of_rationales(rationales: pd.DataFrame) -> pd.DataFrame:
    """How each score separates right from wrong, from scored rationales; see `Run.separation`."""
    is_judged = rationales["verdict"].isin([RIGHT, WRONG])
    sampled = rationales[is_judged & (rationales["origin"] == SAMPLED)]
    separation_rows = {}
    for score_name in SCORES:
        scored = sampled[sampled[score_name].notna()]
        if scored.empty:  # a score that no rationale has
            continue
        is_right = scored["verdict"] == RIGHT
        auc_within = _auc_within_questions(scored, score_name)
        verdict_counts = int(is_right.sum()), int((~is_right).sum())
        auc_overall = auc(scored[score_name], is_right)
        separation_rows[score_name] = (auc_overall, auc_within, *verdict_counts)
    return pd.DataFrame.from_dict(separation_rows, orient="index", columns=_SEPARATION_COLUMNS)


def separation_of_metrics(metrics: pd.DataFrame) -> pd.DataFrame:
    """`auc` and `auc_within` by score, from one round's metrics of the scorer."""
    of_scorer = metrics[metrics["model"] == SCORER]
    value_by_name = dict(zip(of_scorer["name"], of_scorer["value"], strict=True))
    separation_rows = {}
    for score_name in SCORES:
        if f"auc:{score_name}" in value_by_name:
            auc_within = value_by_name.get(f"auc_within:{score_name}", math.nan)
            separation_rows[score_name] = value_by_name[f"auc:{score_name}"], auc_within
    return pd.DataFrame.from_dict(separation_rows, orient="index", columns=_SEPARATION_COLUMNS[:2])


def _auc_within_questions(scored: pd.DataFrame, name: str) -> float:
    """AUC over the pairs of a right and a wrong rationale of one question and round."""
    pair_share = PairShare()
    # By round too, as `ScoreQuality` counts pairs, so that both give the same number.
    for _, of_question in scored.groupby(["round", "question_id"]):
        is_right = (of_question["verdict"] == RIGHT).to_numpy()
        score_values = of_question[name].to_numpy(float)
        right_N, wrong_N = score_values[is_right], score_values[~is_right]
        if len(right_N) and len(wrong_N):
            won, _ = compared(right_N, wrong_N)
            pair_share.add(won, len(right_N) * len(wrong_N))
    return pair_share.interval().value


def diversity_of_metrics(metrics: pd.DataFrame) -> pd.DataFrame:
    """Of metrics those of how far rationales differ, which are over questions to learn from."""
    is_diversity = (metrics["split"] == "train") & (metrics["model"] != SCORER)
    is_diversity &= metrics["name"] != FALSE_STEP_RATE
    return metrics[is_diversity].reset_index(drop=True)


def score_quality_of_metrics(metrics: pd.DataFrame) -> pd.DataFrame:
    """Of metrics those of the scorer."""
    return metrics[metrics["model"] == SCORER].reset_index(drop=True)


def writers_by_readers(metrics: pd.DataFrame) -> pd.DataFrame:
    """Mean log-probability of a token of each writer (row) under each reader (column), in nats.

    Of the last round that has any; empty where none has.
    """
    is_read = (metrics["split"] == "train") & metrics["name"].str.startswith(UNDER)
    cross_metrics = metrics[is_read]
    if cross_metrics.empty:
        return pd.DataFrame()
    cross_metrics = cross_metrics[cross_metrics["round"] == cross_metrics["round"].max()]
    readers = cross_metrics["name"].str.removeprefix(UNDER)
    matrix = cross_metrics.assign(reader=readers).pivot(
        index="model", columns="reader", values="value"
    )
    # `pivot` sorts by name; the run's own order of agents is that of the rows.
    names = list(dict.fromkeys(cross_metrics["model"]))
    return matrix.reindex(index=names, columns=names)


def agreement_of_answers(answers: Sequence[Answer]) -> pd.DataFrame:
    """Share of questions on which two agents state the same answer, agents by agents.

    `answers` are greedy and of one split of one round.
    """
    answers_K_Q: dict[str, list[Answer]] = {}
    for agent_name in agent_names(answer.writer for answer in answers):
        answers_K_Q[agent_name] = [answer for answer in answers if answer.writer == agent_name]
        answers_K_Q[agent_name].sort(key=lambda answer: answer.question_id)
    agreement_matrix = pd.DataFrame(1.0, index=list(answers_K_Q), columns=list(answers_K_Q))
    for (first, second), share in agreement(answers_K_Q).items():
        agreement_matrix.loc[first, second] = agreement_matrix.loc[second, first] = share
    return agreement_matrix


def agent_names(names: Iterable[str]) -> list[str]:
    """Those of the names that are agents' (neither the base nor a vote, reader or gold), sorted."""
    return sorted(set(names) - {*GROUPS, GOLD, SCORER}, key=_natural_order)


def _natural_order(name: str) -> list[tuple[int, str]]:
    """Sort key that puts agent-2 before agent-10."""
    name_parts = re.split(r"(\d+)", name)  # "agent-10" gives "agent-", "10", ""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in name_parts]

"""How alike two runs of the same settings are, table by table.

python -m tests.benchmarks.compare_runs runs/a runs/b

For each round: the share of rationales and greedy answers whose tokens or text are the same, the
largest difference of the same texts' log-probabilities and answer likelihoods, and the pairs in
common. What the README says of repeatability was printed by this.
"""

import sys
from pathlib import Path

import pandas as pd

import collate


def same_rationales(first: pd.DataFrame, second: pd.DataFrame) -> str:
    both = first.merge(second, on="id", suffixes=("", "_other"))
    same = both["text"] == both["text_other"]
    alike = both[same]
    return (
        f"{len(both):,} rationales, {same.mean():.1%} equal; of these the log-probability differs "
        f"by at most {(alike['logprob'] - alike['logprob_other']).abs().max():.1e}, the likelihood "
        f"by {(alike['likelihood'] - alike['likelihood_other']).abs().max():.1e}"
    )


def same_answers(folders: tuple[Path, Path], round: str) -> str:
    key = ["question_id", "agent", "sample"]
    first, second = (pd.read_parquet(folder / round / "answers.parquet") for folder in folders)
    both = first.merge(second, on=key, suffixes=("", "_other"))
    return f"{len(both):,} answers, {(both['text'] == both['text_other']).mean():.1%} equal"


def main(first: str, second: str) -> None:
    folders = (Path(first), Path(second))
    runs = [collate.load_run(folder) for folder in folders]
    for number in runs[0].rounds:
        at = f"round-{number:02d}"
        print(f"{at}  {same_answers(folders, at)}")
        if number:
            print(f"{at}  {same_rationales(*(run.rationales(number) for run in runs))}")
            pairs = [set(run.pairs(number)["id"]) for run in runs]
            print(f"{at}  {len(pairs[0]):,} pairs, {len(pairs[0] & pairs[1]):,} in both")


if __name__ == "__main__":
    main(*sys.argv[1:])

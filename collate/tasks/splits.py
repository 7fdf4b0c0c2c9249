"""Which question belongs to which split: decided by digests, the same on every machine.

A question's id is the digest of the task's name and its text (and options); its *position* is that
id as a fraction of all ids. A split given as a share is a stretch of positions, so a question keeps
its split when the file grows. Splits given as numbers are taken in the order of ids: first test,
then validation, then train, so that these two stay the same when more training questions are asked
for. Shares and numbers may be mixed; a share is then the stretch behind what was taken before it.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from collate.config.schema import TaskConfig
from collate.tables import digest
from collate.tasks.rows import Item

SPLITS = ("train", "validation", "test")
_ORDER_OF_TAKING = ("test", "validation", "train")
_ID_SPACE = 16**16  # ids have 16 hexadecimal digits
_ROUNDING = 1e-9  # by which a sum of shares such as 0.7 + 0.2 + 0.1 may miss 1


def question_id(task: str, text: str, options: Sequence[str] = ()) -> str:
    """The id of a question. Differences in blanks and Unicode composition do not count."""
    return digest(task, *(_normalised(part) for part in (text, *options)))


def _normalised(text: str) -> str:
    # One letter with an accent may be one code point or two, which look the same to a reader.
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_share(size: float) -> bool:
    """Whether the size of a split is a share of the questions rather than a number of them."""
    return isinstance(size, float) and size < 1


def size_problems(config: TaskConfig) -> list[str]:
    """What is wrong with the sizes of the splits, whatever the source holds."""
    sizes = {split: getattr(config, split) for split in SPLITS}
    problems = []
    for split, size in sizes.items():
        if not is_share(size) and size != int(size):
            problems.append(
                f"task.{split}={size}: must be a share below 1, or a whole number of questions"
            )
    summed_shares = sum(size for size in sizes.values() if is_share(size))
    if summed_shares > 1 + _ROUNDING:
        problems.append(
            "task.train, task.validation, task.test: the shares add up to "
            f"{summed_shares:g}, more than 1"
        )
    return problems


def sizes_of(config: TaskConfig, *, has_test_source: bool) -> dict[str, float]:
    """Sizes by split for the first source.

    With test questions from another source it gives none to test, and a share that test would have
    had goes to train.
    """
    sizes: dict[str, float] = {split: getattr(config, split) for split in SPLITS}
    if has_test_source:
        test_size = sizes.pop("test")
        if is_share(test_size) and is_share(sizes["train"]):
            sizes["train"] += test_size
    return sizes


def assign(
    ids: Iterable[str], sizes: Mapping[str, float], source: str, problems: list[str]
) -> dict[str, str]:
    """Split by id, for those ids that `sizes` asks for. Asking for too much is a problem."""
    ordered_ids = sorted(ids)
    positions = [int(item_id, 16) / _ID_SPACE for item_id in ordered_ids]
    split_by_id: dict[str, str] = {}
    # What is taken so far: ids before `start`, which are the positions below `taken_below`.
    start_index, taken_below = 0, 0.0
    for split in _ORDER_OF_TAKING:
        size = sizes.get(split, 0)
        if not size:
            continue
        if is_share(size):
            taken_below += size
            end_index = bisect_left(positions, taken_below)
            # Shares that add up to 1 take the last question too, whatever rounding made of the sum.
            if taken_below > 1 - _ROUNDING:
                end_index = len(ordered_ids)
        else:
            end_index = start_index + int(size)
            # A share after a number begins where the number ended, so both kinds may be mixed.
            taken_below = positions[end_index - 1] if 0 < end_index <= len(positions) else 1.0
        if end_index > len(ordered_ids) or taken_below > 1 + _ROUNDING:
            wanted_sizes = ", ".join(f"{name} {sizes[name]:g}" for name in SPLITS if name in sizes)
            problems.append(
                f"{source}: too few questions for {wanted_sizes} (distinct questions: "
                f"{len(ordered_ids)}); lower task.train, task.validation or task.test"
            )
            return {}
        split_by_id |= dict.fromkeys(ordered_ids[start_index:end_index], split)
        start_index = end_index
    return split_by_id


def held_out_first(items: Iterable[Item]) -> list[Item]:
    """The items with those of test before those of validation, and these before all others.

    So a question that a file names for several splits is kept in the one that is learned from last.
    """
    return sorted(
        items, key=lambda item: _ORDER_OF_TAKING.index(item.split) if item.split else len(SPLITS)
    )


def assign_named(
    items: Mapping[str, Item], config: TaskConfig, source: str, problems: list[str]
) -> dict[str, str]:
    """Split by id where the source names the splits (task.split_column).

    A number says how many questions of a split are taken, a share nothing. A split that no question
    is named for is cut from those for training.
    """
    ids_by_split: dict[str, list[str]] = {split: [] for split in SPLITS}
    for item_id in sorted(items):
        ids_by_split[items[item_id].split].append(item_id)
    training_ids = ids_by_split.pop("train")
    unnamed_sizes = {
        split: getattr(config, split) for split, split_ids in ids_by_split.items() if not split_ids
    }
    split_by_id = assign(training_ids, unnamed_sizes, source, problems)
    ids_by_split["train"] = [item_id for item_id in training_ids if item_id not in split_by_id]
    for split, split_ids in ids_by_split.items():
        size = getattr(config, split)
        wanted_count = len(split_ids) if is_share(size) else int(size)
        if split in unnamed_sizes:
            continue
        if wanted_count > len(split_ids):
            problems.append(
                f"task.{split}={wanted_count}: {source} names only {len(split_ids)} distinct "
                f"questions for {split}"
            )
        split_by_id |= dict.fromkeys(split_ids[:wanted_count], split)
    return split_by_id

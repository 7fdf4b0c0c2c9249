"""Which question belongs to which split: decided by digests, the same on every machine.

A question's id is the digest of the task's name and its text (and options); its *place* is that id
as a fraction of all ids. A split given as a share is a stretch of places, so a question keeps its
split when the file grows. Splits given as numbers are taken in the order of ids: first test, then
validation, then train, so that held-out questions stay when more training questions are asked for.
Shares and numbers may be mixed; a share then is the stretch behind what was taken before.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from collate.config.schema import TaskConfig
from collate.tables import digest
from collate.tasks.rows import Item

SPLITS = ("train", "validation", "test")
_TAKEN_FIRST = ("test", "validation", "train")
_SPACE = 16**16  # ids have 16 hexadecimal digits


def question_id(task: str, text: str, options: Sequence[str] = ()) -> str:
    """The id of a question. Differences in blanks and Unicode composition do not count."""
    return digest(task, *(_normalised(part) for part in (text, *options)))


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def distinct(task: str, items: Iterable[Item], seen: set[str]) -> tuple[dict[str, Item], int]:
    """Items by id without those whose id stands in `seen` (which grows), and how many those are."""
    kept: dict[str, Item] = {}
    dropped = 0
    for item in items:
        key = question_id(task, item.text, item.options)
        if key in seen:
            dropped += 1
        else:
            seen.add(key)
            kept[key] = item
    return kept, dropped


def is_share(size: float) -> bool:
    """Whether the size of a split is a share of the questions rather than a number of them."""
    return isinstance(size, float) and size < 1


def sizes_of(config: TaskConfig, *, held_out: bool) -> dict[str, float]:
    """Sizes by split for the first source. With held-out questions from elsewhere it gives none to
    test, and a share that test would have had goes to train."""
    sizes: dict[str, float] = {split: getattr(config, split) for split in SPLITS}
    if held_out:
        test = sizes.pop("test")
        if is_share(test) and is_share(sizes["train"]):
            sizes["train"] += test
    return sizes


def size_problems(config: TaskConfig) -> list[str]:
    """What is wrong with the sizes of the splits, whatever the source holds."""
    problems = []
    for split in SPLITS:
        size = getattr(config, split)
        too_small = size < 0 or (size == 0 and split == "train")
        if too_small or (not is_share(size) and size != int(size)):
            problems.append(f"task.{split}={size}: a share below 1, or a whole number of questions")
    total = sum(size for split in SPLITS if is_share(size := getattr(config, split)))
    if not problems and total > 1 + 1e-9:
        problems.append(f"task.train, validation, test: the shares add up to {total:g}, above 1")
    return problems


def assign(
    ids: Iterable[str], sizes: Mapping[str, float], source: str, problems: list[str]
) -> dict[str, str]:
    """Split by id, for those ids that `sizes` asks for. Asking for too much is a problem."""
    ordered = sorted(ids)
    places = [int(key, 16) / _SPACE for key in ordered]
    splits: dict[str, str] = {}
    start, edge = 0, 0.0
    for split in (each for each in _TAKEN_FIRST if sizes.get(each)):
        size = sizes[split]
        if is_share(size):
            edge += size
            end = len(ordered) if edge > 1 - 1e-9 else bisect_left(places, edge)
        else:
            end = start + int(size)
            edge = places[end - 1] if 0 < end <= len(places) else 1.0
        if end > len(ordered) or edge > 1 + 1e-9:
            wanted = ", ".join(f"{name} {sizes[name]:g}" for name in SPLITS if name in sizes)
            problems.append(
                f"{source}: {len(ordered)} distinct questions cannot give {wanted}; ask for less "
                "by task.train, task.validation and task.test"
            )
            return {}
        splits.update(dict.fromkeys(ordered[start:end], split))
        start = end
    return splits

"""Questions that stand in the sources more than once, with one gold answer or with several.

A question that is repeated with the same gold answer is kept once. With different ones nobody can
tell which is right, so that it is refused with all its places, or left out (task.conflicts=drop).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from collate.answers.reading import same_gold
from collate.config.schema import TaskConfig
from collate.tasks.items import ReadItems
from collate.tasks.rows import Item, first_few
from collate.tasks.splits import question_id

_MOST_TOLD = 5  # questions named in an error; the others are counted

Place = tuple[ReadItems, int]
"""A source, and the number of the item in it."""


def distinct(task: str, items: Iterable[Item], seen: set[str]) -> tuple[dict[str, Item], int]:
    """Items by id without those whose id is in `seen` (which grows), and how many those are."""
    items_by_id: dict[str, Item] = {}
    duplicates = 0
    for item in items:
        item_id = question_id(task, item.text, item.options)
        if item_id in seen:
            duplicates += 1
        else:
            seen.add(item_id)
            items_by_id[item_id] = item
    return items_by_id, duplicates


def conflicts(config: TaskConfig, sources: Sequence[ReadItems]) -> list[list[Place]]:
    """Every question that has different gold answers: all its places, in their order."""
    places_by_question: dict[str, list[Place]] = defaultdict(list)
    for source in sources:
        for number, item in enumerate(source.items):
            # Sorted, since the same options in another order are the same question.
            question = question_id("", item.text, sorted(item.options))
            places_by_question[question].append((source, number))
    return [
        places
        for places in places_by_question.values()
        if len(places) > 1 and _differ(config, [_item(place) for place in places])
    ]


def conflict_problems(conflicting: Sequence[Sequence[Place]]) -> list[str]:
    """A sentence for each of the first questions with different gold answers, and their number."""
    sentences = []
    for places in conflicting[:_MOST_TOLD]:
        golds = first_few(list(dict.fromkeys(_gold_text(_item(place)) for place in places)))
        sentences.append(
            f"{_all_places(places)}: the same question with different gold answers, {golds} "
            f"({_item(places[0]).text[:60]!r}); correct them, or leave such questions out with "
            "task.conflicts=drop"
        )
    if len(conflicting) > _MOST_TOLD:
        count = len(conflicting) - _MOST_TOLD
        sentences.append(f"{count:,} more questions with different gold answers")
    return sentences


def conflict_notes(conflicting: Sequence[Sequence[Place]]) -> list[str]:
    """A sentence about questions that were left out for their different gold answers."""
    if not conflicting:
        return []
    return [
        f"{len(conflicting):,} questions with different gold answers are left out, such as that of "
        f"{_all_places(conflicting[0])}"
    ]


def without(source: ReadItems, conflicting: Sequence[Sequence[Place]]) -> list[Item]:
    """The items of a source that stand at none of the places."""
    numbers = {number for places in conflicting for owner, number in places if owner is source}
    return [item for number, item in enumerate(source.items) if number not in numbers]


def _item(place: Place) -> Item:
    source, number = place
    return source.items[number]


def _gold_text(item: Item) -> str:
    """The gold answer; of a question with options, the text of the right one."""
    return item.options[ord(item.gold) - ord("A")] if item.options else item.gold


def _differ(config: TaskConfig, items: Sequence[Item]) -> bool:
    """Whether some item has another gold answer than the first: `8` and `8.0` are one."""
    gold_texts = [" ".join(_gold_text(item).split()) for item in items]
    if len(set(gold_texts)) == 1:
        return False
    if items[0].options:
        return True
    first, *others = (item.gold for item in items)
    return not all(
        same_gold(config.answer_kind, first, other, config.languages) for other in others
    )


def _all_places(places: Sequence[Place]) -> str:
    """For example "a.jsonl, lines 3 and 9; b.jsonl, line 1"."""
    lines_by_source: dict[int, tuple[ReadItems, list[int]]] = {}
    for source, number in places:
        _, lines = lines_by_source.setdefault(id(source), (source, []))
        lines.append(source.source.rows[number].line)
    return "; ".join(source.source.places(lines) for source, lines in lines_by_source.values())

"""Training questions that nearly repeat a held-out one are found, and look-alikes are not."""

import itertools
import random
from pathlib import Path

import pytest

from collate.errors import InputError
from collate.tables import Question
from collate.tasks import leaks, load_task
from collate.tasks.near_duplicates import LEAST_SIMILARITY, similarity
from tests.tasks.files import table, write_jsonl

STORY = (
    "Josie has 50 dollars from her aunt. At the fair she buys two rings for 9 dollars each and a "
    "scarf that costs 25 dollars. How many dollars does she have left at the end of the day?"
)
PASSAGE = (
    "The old mill stands at the river. It was built of oak in the reign of the last duke and "
    "burned down twice. Since the second fire it has belonged to the town, which shows it to "
    "visitors."
)


def question(text: str, split: str = "train", options: tuple[str, ...] = ()) -> Question:
    return Question(f"{split} {text}", "t", split, text, "1", options)


def similarities(train: str, held_out: str) -> list[float]:
    """That of a training question and a test question; none where they are no near duplicates."""
    return [leak.similarity for leak in leaks([question(train), question(held_out, "test")])]


def test_exact_copies_have_similarity_1_whatever_their_case_and_punctuation() -> None:
    assert similarities(STORY, STORY) == [1.0]
    assert similarities(STORY, STORY.upper().replace(",", "").replace("?", " ?!")) == [1.0]
    assert similarities("Why?", "why") == [1.0]


@pytest.mark.parametrize(
    "near",
    [
        STORY.replace("Josie", "Amanda"),
        STORY.replace("a scarf", "a warm scarf"),
        STORY.removesuffix(" at the end of the day?") + "?",
        STORY.replace(" for ", " at "),
    ],
)
def test_another_name_or_a_word_more_is_found(near: str) -> None:
    assert LEAST_SIMILARITY <= similarities(near, STORY)[0] < 1


@pytest.mark.parametrize(
    "other",
    [
        STORY.replace("50", "60"),  # another answer
        PASSAGE,
        "Josie has 50 dollars. Two rings cost 9 dollars and a scarf 25. What can she buy?",
    ],
)
def test_other_numbers_and_other_stories_are_not(other: str) -> None:
    assert similarities(other, STORY) == []


def test_two_questions_about_one_passage_are_two_questions() -> None:
    assert similarities(f"{PASSAGE}\nWho owns the mill?", f"{PASSAGE}\nWhat was it built of?") == []
    assert similarities(
        f"{PASSAGE}\nWho owns the mill today?", f"{PASSAGE}\nWho owns the mill today"
    ) == [1.0]
    moved = PASSAGE.replace("old mill", "ancient mill")
    assert similarities(f"{moved}\nWho owns the mill?", f"{PASSAGE}\nWho owns the mill?")


def test_options_count_in_any_order() -> None:
    options = ("turn the lid to the left", "knock on the glass until it breaks")
    first = question("Open a jar of jam.", options=options)
    assert leaks([first, question("Open a jar of jam.", "test", options[::-1])])
    assert not leaks([first, question("Open a jar of jam.", "test", ("sing", "dance"))])


def test_sums_that_differ_in_a_number_or_a_sign_all_stay() -> None:
    terms = itertools.product(range(10), "+-", range(10), "+-", range(10))
    texts = [
        f"State the final answer to the following arithmetic problem: {a} {s} {b} {z} {c} ="
        for a, s, b, z, c in terms
    ]
    questions = [question(text, ("train", "test")[n % 2]) for n, text in enumerate(texts)]
    assert leaks(questions) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Calculate 4 * ( 7 - 2 ) - 1.", "Calculate ( 4 * 7 - 2 ) - 1."),
        ("Calculate 4*(7-2)-1.", "Calculate (4*7)-2-1."),
        ("What is 20 % of 50?", "What is 20 of 50?"),
        ("Is a & b true?", "Is a | b true?"),
    ],
)
def test_signs_and_brackets_make_other_questions(first: str, second: str) -> None:
    assert similarities(first, second) == []


def test_hyphens_and_brackets_of_prose_do_not() -> None:
    assert similarities(
        "A well-known man (the mayor) sang.", "A well known man, the mayor, sang."
    ) == [1.0]


def test_the_wording_of_a_task_does_not_make_its_questions_alike() -> None:
    """Syllogism-like questions: the same thirty words around two that differ."""
    names = [a + b for a in ("cats", "dogs", "mice", "owls", "bees") for b in ("", "x", "y", "z")]
    questions = [
        question(
            "Read the following statements with care and say whether the last one follows from the "
            f"first, by the rules of logic alone: all {a} are {b}. Does it follow that some {b} "
            "are of that kind? Answer with yes or no and nothing else, please.",
            ("train", "test")[n % 2],
        )
        for n, (a, b) in enumerate(itertools.permutations(names, 2))
    ]
    assert leaks(questions) == []


def made_up(count: int, seed: int) -> list[Question]:
    """Questions of 30 words; every fifth is a copy of another with up to three words changed."""
    random_ = random.Random(seed)
    words = ["".join(random_.choices("abcdefghij", k=5)) for _ in range(400)]
    texts = [random_.choices(words, k=30) for _ in range(count)]
    for n in range(0, count, 5):
        texts[n] = list(texts[n + 1])
        for place in random_.sample(range(30), n // 5 % 4):
            texts[n][place] = random_.choice(words)
    splits = random_.choices(("train", "validation", "test"), (0.6, 0.2, 0.2), k=count)
    return [
        Question(str(n), "t", split, " ".join(text), "1")
        for n, (text, split) in enumerate(zip(texts, splits, strict=True))
    ]


def slow_similarity(first: Question, second: Question) -> float:
    """Jaccard index of runs of three words, by its definition."""
    sets = []
    for each in (first, second):
        words = each.text.split()
        sets.append({" ".join(words[i : i + 3]) for i in range(len(words) - 2)})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def test_the_pairs_are_those_of_a_comparison_of_all_with_all() -> None:
    questions = made_up(400, seed=1)
    train = [q for q in questions if q.split == "train"]
    held_out = [q for q in questions if q.split != "train"]
    slow = {
        (a.id, b.id): alike
        for a, b in itertools.product(train, held_out)
        if (alike := slow_similarity(a, b)) >= LEAST_SIMILARITY
    }
    fast = {(leak.train_id, leak.held_out_id): leak.similarity for leak in leaks(questions)}
    assert len(slow) > 10
    assert fast == pytest.approx(slow)


def test_similarity_is_symmetric_and_lies_between_0_and_1() -> None:
    questions = made_up(60, seed=2)
    for first, second in itertools.product(questions, repeat=2):
        alike = similarity(first, second)
        assert 0 <= alike <= 1
        assert alike == similarity(second, first)
        assert (alike == 1) == (first.text == second.text)


def test_they_are_dropped_from_training_or_kept_and_counted_either_way(tmp_path: Path) -> None:
    texts = [question.text for question in made_up(64, seed=3)]
    records = [{"question": text, "answer": texts.index(text)} for text in texts]
    first = write_jsonl(tmp_path / "a.jsonl", records)
    copies = [record | {"question": f"{record['question']} indeed"} for record in records[1:6]]
    second = write_jsonl(tmp_path / "b.jsonl", copies)
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2, "test_path": second}
    kept = load_task(table(first, near_duplicates="keep", **shares))
    dropped = load_task(table(first, **shares))
    near = {leak.train_id for leak in kept.leaks}
    assert kept.near_duplicates == dropped.near_duplicates == len(near) > 0
    assert {q.id for q in kept.questions} - {q.id for q in dropped.questions} == near
    assert dropped.unused == kept.unused == 0
    assert all(q.split == "train" for q in kept.questions if q.id in near)
    with pytest.raises(InputError, match=r"every training question nearly repeats .*=keep"):
        load_task(
            table(
                write_jsonl(tmp_path / "c.jsonl", records[1:6]), test_path=second, train=3,
                validation=2,
            )
        )  # fmt: skip

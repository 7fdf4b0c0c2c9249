"""Worked solutions of procedural questions end at the answer that the library gives."""

import itertools

from collate.config.schema import TaskConfig
from collate.tasks import load_task


def test_chain_sums_are_worked_out_to_their_answers() -> None:
    config = TaskConfig(
        dataset="chain_sum", dataset_args={"min_terms": 2, "max_terms": 5, "max_digits": 3,
                      "allow_negation": True},
        train=200, validation=10, test=10,
    )  # fmt: skip
    questions = load_task(config).questions
    for question in questions:
        lines = question.solution.split("\n")
        assert lines[-1].rpartition("= ")[2] == question.gold
        terms = sum(question.text.count(sign) for sign in (" + ", " - "))
        assert len(lines) == terms
        for before, after in itertools.pairwise(lines):
            assert after.startswith(before.rpartition("= ")[2])


def test_other_data_sets_have_none() -> None:
    config = TaskConfig(dataset="gcd", train=5, validation=2, test=2)
    assert not any(question.solution for question in load_task(config).questions)

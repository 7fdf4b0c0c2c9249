"""Trees of tokens against their sequences, and padded rows."""

import random

import torch

from collate.models.token_layout import TreeBuilder, padded


def test_padding_stands_on_the_side_that_is_named() -> None:
    ids_B_T, mask_B_T = padded([(5, 6, 7), (8,), ()], side="left")
    assert ids_B_T.tolist() == [[5, 6, 7], [0, 0, 8], [0, 0, 0]]
    assert mask_B_T.tolist() == [[1, 1, 1], [0, 0, 1], [0, 0, 0]]
    ids_B_T, mask_B_T = padded([(5, 6, 7), (8,)], side="right")
    assert ids_B_T.tolist() == [[5, 6, 7], [8, 0, 0]] and mask_B_T.sum(1).tolist() == [3, 1]


def random_completions(seed: int) -> list[tuple[list[int], list[int]]]:
    """Contexts and completions out of three tokens, so that they share a great deal."""
    draw = random.Random(seed)

    def ids(longest: int) -> list[int]:
        return [draw.randrange(3) for _ in range(draw.randint(1, longest))]

    return [(ids(6), ids(4)) for _ in range(30)]


def test_every_distinct_prefix_stands_once_and_sees_its_ancestors() -> None:
    for seed in range(5):
        completions = random_completions(seed)
        builder = TreeBuilder()
        for context, completion in completions:
            grows_by = builder.new_tokens(context + completion)
            before = len(builder)
            builder.add(context, completion)
            assert len(builder) == before + grows_by
            assert builder.new_tokens(context + completion) == 0
        tree = builder.build(with_ends=True)
        sequences = [context + completion for context, completion in completions]
        prefixes = {tuple(ids[:end]) for ids in sequences for end in range(1, len(ids) + 1)}
        assert len(builder) == len(tree.input_ids_T) == len(prefixes)
        seen = [
            tuple(tree.input_ids_T[row].tolist()) for row in tree.mask_T_T
        ]  # in the row's order, a parent before its child
        assert set(seen) == prefixes
        assert [len(prefix) - 1 for prefix in seen] == tree.position_ids_T.tolist()


def test_completions_know_where_they_are_predicted_and_where_they_end() -> None:
    for seed in range(5):
        completions = random_completions(seed)
        builder = TreeBuilder()
        numbers = [builder.add(*each) for each in completions]
        distinct = list(dict.fromkeys((tuple(c), tuple(t)) for c, t in completions))
        assert numbers == [distinct.index((tuple(c), tuple(t))) for c, t in completions]
        tree = builder.build(with_ends=True)
        prefix_at = [tuple(tree.input_ids_T[row].tolist()) for row in tree.mask_T_T]
        assert len(tree.index_H) == len(set(tree.index_H.tolist()))
        assert tree.length_C.tolist() == [len(target) for _, target in distinct]
        at = 0
        for number, (context, target) in enumerate(distinct):
            for done, token in enumerate(target):
                place = tree.index_H[tree.head_R[at]]
                assert prefix_at[place] == context + target[:done]
                assert tree.target_R[at] == token and tree.completion_R[at] == number
                at += 1
            assert prefix_at[tree.index_H[tree.end_head_C[number]]] == context + target
        assert at == len(tree.target_R)
        without = builder.build()
        assert len(without.end_head_C) == 0 and torch.equal(without.target_R, tree.target_R)

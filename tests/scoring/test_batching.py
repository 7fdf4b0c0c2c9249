"""How sequences are packed, padded and told to begin alike, without any model."""

import random

import torch

from collate.scoring.batching import Row, alike, pack, padded, select, shared_stem


def test_batches_keep_the_budget_and_hold_every_sequence_once() -> None:
    rng = random.Random(0)
    for _ in range(50):
        lengths = [rng.randrange(0, 40) for _ in range(rng.randrange(0, 30))]
        budget, shared = rng.randrange(1, 200), rng.randrange(0, 20)
        batches = list(pack(lengths, budget, shared=shared))
        assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
        for batch in batches:
            longest = max(lengths[i] for i in batch)
            assert len(batch) == 1 or len(batch) * (shared + longest) <= budget


def test_padding_stands_on_the_side_asked_for() -> None:
    ids_B_T, mask_B_T = padded([(5, 6, 7), (8,), ()], left=True)
    assert ids_B_T.tolist() == [[5, 6, 7], [0, 0, 8], [0, 0, 0]]
    assert mask_B_T.tolist() == [[1, 1, 1], [0, 0, 1], [0, 0, 0]]
    ids_B_T, mask_B_T = padded([(5, 6, 7), (8,)], left=False)
    assert ids_B_T.tolist() == [[5, 6, 7], [8, 0, 0]] and mask_B_T.sum(1).tolist() == [3, 1]


def test_what_sequences_begin_with_alike_is_counted() -> None:
    assert alike([(1, 2, 3), (1, 2, 4, 5), (1, 2)]) == 2
    assert alike([(1, 2), (3,)]) == 0 and alike([(1, 2, 3)]) == 3


def test_a_stem_leaves_the_token_that_predicts_an_answer() -> None:
    rows = [Row(0, 0, (1, 2, 3, 9), 1), Row(0, 0, (1, 2, 3, 8, 8), 2)]
    assert shared_stem(rows) == (1, 2)
    assert shared_stem([Row(0, 0, (1, 2, 3, 4, 9), 1), Row(0, 0, (1, 5, 3, 4, 9), 1)]) == (1,)


def test_a_selection_of_a_cache_leaves_the_cache_as_it_is() -> None:
    class Layer:
        def __init__(self) -> None:
            self.keys = torch.arange(3)

    class Cache:
        def __init__(self) -> None:
            self.layers = [Layer()]

        def batch_select_indices(self, rows: torch.Tensor) -> None:
            for layer in self.layers:
                layer.keys = layer.keys[rows]

    cache = Cache()
    chosen = select(cache, torch.tensor([2, 2, 0]))
    assert chosen.layers[0].keys.tolist() == [2, 2, 0]
    assert cache.layers[0].keys.tolist() == [0, 1, 2]

"""Tiles hold exactly the keys that their queries may see, whatever the tree and the window."""

import pytest
import torch
from torch import Tensor

from collate.models.tiled_attention import Tiles, TileShape


def tree_mask(parents: list[int]) -> Tensor:
    mask = torch.eye(len(parents), dtype=torch.bool)
    for place, parent in enumerate(parents):
        if parent >= 0:
            mask[place] |= mask[parent]
    return mask


@pytest.mark.parametrize("shape", [TileShape(32, False), TileShape(128, True), TileShape(8, True)])
@pytest.mark.parametrize("tokens", [1, 31, 32, 33, 100])
@pytest.mark.parametrize("window", [None, 5])
def test_tiles_hold_what_each_token_may_attend_to(
    tokens: int, window: int | None, shape: TileShape
) -> None:
    generator = torch.Generator().manual_seed(tokens)
    parents = [-1] + [
        int(torch.randint(max(0, n - 6), n, (1,), generator=generator)) for n in range(1, tokens)
    ]
    mask = narrower = tree_mask(parents)
    if window is not None:
        place = torch.arange(tokens)
        narrower = mask & (place[:, None] - place < window)
    tiles = Tiles.of(mask, shape)
    allowed = tiles.allowed(narrower)
    for token in range(tokens):
        tile, row = divmod(token, shape.size)
        ((keys,),) = [[most] for first, end, most in tiles.groups if first <= tile < end]
        seen = tiles.key_index_S_K[tile, :keys][allowed[tile, row, :keys]].tolist()
        assert sorted(seen) == narrower[token].nonzero()[:, 0].tolist()
    assert allowed.any(2).all()


def test_groups_are_of_tiles_with_about_as_many_keys() -> None:
    path = tree_mask([-1, *range(63)])  # one sequence: every token sees all before it
    assert Tiles.of(path, TileShape(8, True)).groups == ((0, 2, 16), (2, 6, 48), (6, 8, 64))
    assert Tiles.of(path, TileShape(8, False)).groups == ((0, 8, 64),)

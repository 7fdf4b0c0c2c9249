"""Tiles hold exactly the keys that their queries may see, whatever the tree and the window."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from collate.models.tiled_attention import Tiles, TileShape, _tiled_attention


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


@pytest.mark.parametrize("causal_run", [None, 1, 12])
@pytest.mark.parametrize("is_one_path", [True, False])
def test_attention_over_a_tree_with_long_runs_is_plain_attention_under_its_mask(
    causal_run: int | None, is_one_path: bool
) -> None:
    """Output and gradients, with heads that share keys; a run may be the whole tree."""
    torch.manual_seed(0)
    parents = [-1, *range(30)]
    if not is_one_path:  # runs of 40 and 6 tokens branch off, and single tokens
        parents += [10, *range(31, 70), 3, *range(71, 76), 60, 60, 61]
    mask = tree_mask(parents)
    tiles = Tiles.of(mask, TileShape(8, True, causal_run))
    in_runs = [index for run in tiles.runs for index in range(run.first, run.end)]
    assert sorted([*in_runs, *tiles.row_index_R.tolist()]) == list(range(len(parents)))
    assert bool(in_runs) == (causal_run is not None)
    tensors = [torch.randn(1, heads, len(parents), 4, requires_grad=True) for heads in (6, 2, 2)]
    weights = torch.randn(1, len(parents), 6, 4)
    lowest = torch.finfo(torch.float32).min
    bias = torch.zeros_like(tiles.allowed(mask), dtype=torch.float32)
    bias.masked_fill_(~tiles.allowed(mask), lowest)
    found, _ = _tiled_attention(None, *tensors, bias[:, None], tiles=tiles)
    plain_bias = torch.zeros(mask.shape).masked_fill_(~mask, lowest)
    expected = scaled_dot_product_attention(*tensors, attn_mask=plain_bias, enable_gqa=True)
    expected = expected.transpose(1, 2)
    torch.testing.assert_close(found, expected)
    gradients = torch.autograd.grad((found * weights).sum(), tensors)
    expected_gradients = torch.autograd.grad((expected * weights).sum(), tensors)
    torch.testing.assert_close(gradients, expected_gradients)


def test_groups_are_of_tiles_with_about_as_many_keys() -> None:
    path = tree_mask([-1, *range(63)])  # one sequence: every token sees all before it
    assert Tiles.of(path, TileShape(8, True)).groups == ((0, 2, 16), (2, 6, 48), (6, 8, 64))
    assert Tiles.of(path, TileShape(8, False)).groups == ((0, 8, 64),)

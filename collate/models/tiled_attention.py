"""Attention over a tree of tokens, in tiles of queries that read only the keys they may see.

In a tree a token attends to its ancestors, few of all tokens; a tile of neighbours shares most of
them. On a CPU, where plain attention computes every masked product, this saves most of attention's
cost; on a GPU the plain form is cheaper, since each tile copies the keys and values that it reads.
A long run of tokens, each the parent of the next, needs no tiles: plain causal attention computes
it without a mask and copies little.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

TILED = "collate_tiled"
"""The attention implementation that reads `Tiles`."""


@dataclass(frozen=True)
class TileShape:
    """Queries of a tile, and whether tiles are attended in groups of about as many keys.

    Groups spare the first tokens of a long prompt from being attended to as many keys as the last.
    Runs of at least `causal_run` tokens are attended causally; None leaves them to the tiles.
    """

    size: int
    in_groups: bool
    causal_run: int | None = None


@dataclass(frozen=True)
class CausalRun:
    """Tokens `first` to `end` of the row, each the parent of the next, and their ancestors."""

    first: int
    end: int
    ancestor_index_A: Tensor

    def attend(
        self, query: Tensor, key: Tensor, value: Tensor, *, dropout: float, scaling: float | None
    ) -> Tensor:
        """The run's part of attention over the row; shapes as in `_tiled_attention`."""
        # The ancestors are queries too: causal attention wants as many queries as keys. There are
        # no more of them than tokens in the run.
        path_query, path_key, path_value = (
            torch.cat(
                [part.index_select(2, self.ancestor_index_A), part[:, :, self.first : self.end]], 2
            )
            for part in (query, key, value)
        )
        path_output = scaled_dot_product_attention(
            path_query, path_key, path_value, is_causal=True, dropout_p=dropout, scale=scaling,
            enable_gqa=True,
        )  # fmt: skip
        return path_output[:, :, len(self.ancestor_index_A) :]


@dataclass(frozen=True)
class Tiles:
    """Queries in tiles of `size`, each with the keys that any of its queries may attend to.

    R counts the queries that stand in tiles, in `row_index_R`: all but those of `runs`. S counts
    tiles, L queries of a tile, K the most keys that a tile has. `groups` are tiles that are
    attended together, as (first, end, keys): these tiles need so many of the K keys at most.
    """

    size: int
    runs: tuple[CausalRun, ...]
    row_index_R: Tensor
    key_index_S_K: Tensor
    """Indices of each tile's keys; those of tiles with fewer are filled up with any others."""
    groups: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, mask_T_T: Tensor, shape: TileShape) -> "Tiles":
        """The tiles of a mask that is True where the row's token may attend to the column's."""
        runs = () if shape.causal_run is None else _causal_runs(mask_T_T, shape.causal_run)
        in_tiles_T = torch.ones(len(mask_T_T), dtype=torch.bool, device=mask_T_T.device)
        for run in runs:
            in_tiles_T[run.first : run.end] = False
        row_index_R = in_tiles_T.nonzero()[:, 0]
        needed_S_T = _in_tiles(mask_T_T[row_index_R], shape.size).any(1)
        # Needed keys to the front; a stable sort leaves them in the order of the row.
        key_order_S_T = needed_S_T.byte().argsort(dim=1, descending=True, stable=True)
        key_counts = needed_S_T.sum(1).tolist()
        most_keys = max(key_counts, default=0)
        all_at_once = ((0, len(key_counts), most_keys),)
        groups = _groups(key_counts) if shape.in_groups else all_at_once
        return cls(shape.size, runs, row_index_R, key_order_S_T[:, :most_keys], groups)

    def allowed(self, mask_T_T: Tensor) -> Tensor:
        """True where a tile's query may attend to its key, under the mask or a narrower one.

        Shape (S, L, K). The last tile's rows that are no queries may attend to anything: a softmax
        over nothing would be no number.
        """
        key_index_S_L_K = self.key_index_S_K[:, None].expand(-1, self.size, -1)
        mask_S_L_T = _in_tiles(mask_T_T[self.row_index_R], self.size)
        allowed_S_L_K = mask_S_L_T.gather(2, key_index_S_L_K)
        return allowed_S_L_K | ~allowed_S_L_K.any(2, keepdim=True)


def _causal_runs(mask_T_T: Tensor, least: int) -> tuple[CausalRun, ...]:
    """Runs of at least so many tokens that have no more ancestors than tokens."""
    tokens = len(mask_T_T)
    # A token that sees the one before it in the row is its child: a parent stands behind all of its
    # own ancestors.
    is_child = mask_T_T.diagonal(-1).tolist()
    starts = [0, *(index + 1 for index, child in enumerate(is_child) if not child)]
    runs = []
    for first, end in zip(starts, [*starts[1:], tokens], strict=True):
        ancestor_index_A = mask_T_T[first, :first].nonzero()[:, 0]
        if end - first >= max(least, len(ancestor_index_A)):
            runs.append(CausalRun(first, end, ancestor_index_A))
    return tuple(runs)


def _in_tiles(mask_R_T: Tensor, size: int) -> Tensor:
    rows, tokens = mask_R_T.shape
    # Rows are added until they fill whole tiles.
    missing_rows = -rows % size
    padded_mask = pad(mask_R_T, (0, 0, 0, missing_rows))
    return padded_mask.view((rows + missing_rows) // size, size, tokens)


def _groups(keys: list[int]) -> tuple[tuple[int, int, int], ...]:
    """Runs of tiles in which the most keys of a tile are at most twice the least."""
    groups, first = [], 0
    for end in range(1, len(keys) + 1):
        run_counts = keys[first : end + 1]
        if end == len(keys) or max(run_counts) > 2 * min(run_counts):
            groups.append((first, end, max(keys[first:end])))
            first = end
    return tuple(groups)


def _tiled_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    tiles: Tiles | None = None,
    **more: Any,
) -> tuple[Tensor, None]:
    """Attention of one row of tokens; `attention_mask` is a bias [S, 1, L, K] over the tiles.

    The query has the shape (1, H, T, D), key and value (1, G, T, D) with G heads that may serve
    several of the query's each, the output (1, T, H, D). Without tiles it is plain attention, for
    whatever else the model is used for.
    """
    if tiles is None or attention_mask is None:
        plain_output: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
        return plain_output
    if not tiles.runs:
        return _attention_in_tiles(query, key, value, attention_mask, tiles, dropout, scaling), None
    output = torch.empty_like(query).transpose(1, 2)
    if len(tiles.row_index_R):
        tile_query = query.index_select(2, tiles.row_index_R)
        output[:, tiles.row_index_R] = _attention_in_tiles(
            tile_query, key, value, attention_mask, tiles, dropout, scaling
        )
    for run in tiles.runs:
        run_output = run.attend(query, key, value, dropout=dropout, scaling=scaling)
        output[:, run.first : run.end] = run_output.transpose(1, 2)
    return output, None


def _attention_in_tiles(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor,
    tiles: Tiles,
    dropout: float,
    scaling: float | None,
) -> Tensor:
    """As `_tiled_attention`, for the queries that stand in tiles."""
    rows = query.shape[2]
    padded_query = pad(query[0], (0, 0, 0, -rows % tiles.size))
    query_S_H_L_D = padded_query.unflatten(1, (-1, tiles.size)).transpose(0, 1)
    # A token's heads lie side by side in memory, so that gathering tokens copies whole stretches.
    key_T_G_D, value_T_G_D = key[0].transpose(0, 1), value[0].transpose(0, 1)
    out_S_H_L_D = []
    for first, end, keys in tiles.groups:
        key_indices = tiles.key_index_S_K[first:end, :keys].flatten()
        key_S_G_K_D, value_S_G_K_D = (
            part.index_select(0, key_indices).unflatten(0, (end - first, keys)).transpose(1, 2)
            for part in (key_T_G_D, value_T_G_D)
        )
        out_S_H_L_D.append(
            scaled_dot_product_attention(
                query_S_H_L_D[first:end], key_S_G_K_D, value_S_G_K_D,
                attn_mask=bias[first:end, :, :, :keys], dropout_p=dropout,
                scale=scaling, enable_gqa=True,
            )
        )  # fmt: skip
    return torch.cat(out_S_H_L_D).transpose(1, 2).flatten(0, 1)[:rows][None]


AttentionInterface.register(TILED, _tiled_attention)
# Without tiles a model is masked as for plain attention; else it would get no mask at all.
AttentionMaskInterface.register(TILED, sdpa_mask)

"""Attention over a tree of tokens, in tiles of queries that read only the keys they may see.

In a tree a token attends to its ancestors, few of all tokens; a tile of neighbours shares most of
them. On a CPU, where plain attention computes every masked product, this is most of attention's
cost; on a GPU the plain form is cheaper, since each tile copies the keys and values that it reads.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

TILED = "collate_tiled"
"""The attention implementation that reads `Tiles`."""


@dataclass(frozen=True)
class Tiles:
    """Queries in tiles of `size`, each with the keys that any of its queries may attend to.

    S counts tiles, L queries of a tile, K the most keys that a tile has.
    """

    size: int
    place_S_K: Tensor
    """Places of each tile's keys; those of tiles with fewer are filled up with any others."""

    @classmethod
    def of(cls, mask_T_T: Tensor, size: int) -> "Tiles":
        """The tiles of a mask that is True where the row's token may attend to the column's."""
        needed_S_T = _in_tiles(mask_T_T, size).any(1)
        most = int(needed_S_T.sum(1).max())
        place_S_T = needed_S_T.byte().argsort(dim=1, descending=True, stable=True)
        return cls(size, place_S_T[:, :most])

    def allowed(self, mask_T_T: Tensor) -> Tensor:
        """True where a tile's query may attend to its key, under the mask or a narrower one.

        Shape (S, L, K). The last tile's rows that are no queries may attend to anything: a softmax
        over nothing would be no number.
        """
        place_S_L_K = self.place_S_K[:, None].expand(-1, self.size, -1)
        allowed_S_L_K = _in_tiles(mask_T_T, self.size).gather(2, place_S_L_K)
        return allowed_S_L_K | ~allowed_S_L_K.any(2, keepdim=True)


def _in_tiles(mask_T_T: Tensor, size: int) -> Tensor:
    tokens = len(mask_T_T)
    return pad(mask_T_T, (0, 0, 0, -tokens % size)).view(-1, size, tokens)


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

    Query, key and value have the shape (1, heads, T, D), the output (1, T, heads, D). Without tiles
    it is plain attention, for whatever else the model is used for.
    """
    if tiles is None:
        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
        return plain
    _, heads, tokens, _ = query.shape
    tile_count, most = tiles.place_S_K.shape
    padded_query = pad(query[0], (0, 0, 0, -tokens % tiles.size))
    query_S_H_L_D = padded_query.unflatten(1, (tile_count, tiles.size)).transpose(0, 1)
    places = tiles.place_S_K.flatten()
    # Gathered a token at a time, whose heads lie side by side in memory.
    key_S_H_K_D, value_S_H_K_D = (
        part[0]
        .transpose(0, 1)
        .index_select(0, places)
        .unflatten(0, (tile_count, most))
        .transpose(1, 2)
        .repeat_interleave(heads // part.shape[1], dim=1)
        for part in (key, value)
    )
    out_S_H_L_D = scaled_dot_product_attention(
        query_S_H_L_D, key_S_H_K_D, value_S_H_K_D, attn_mask=attention_mask, dropout_p=dropout,
        scale=scaling,
    )  # fmt: skip
    return out_S_H_L_D.transpose(1, 2).flatten(0, 1)[:tokens][None], None


AttentionInterface.register(TILED, _tiled_attention)

"""A batch of pairs as one row in which every distinct prefix is computed once.

The prompts and completions of a batch form a tree of tokens: pairs of one question share its
prompt, prompts of one agent share their worked examples, and a chosen and a rejected rationale
often share their first steps. The tree is laid out as one row, a parent before its children; a
token's position is its depth, and the attention mask lets it see its ancestors and itself. So
nothing is computed twice and nothing is padded. Log-probabilities are those of the plain layout
(one row a completion) up to rounding; tests hold the two, and TRL's loss and gradients, against
each other.

With two worked examples (110 tokens), questions of 20 and rationales of 20 tokens, eight pairs make
about 550 tokens instead of 2,400.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from collate.errors import TuningError
from collate.tuning.fused import TILED, Tiles, token_logprobs


@dataclass(frozen=True)
class Pairs:
    """One batch. T counts the tree's tokens, C distinct completions, R their tokens, P pairs."""

    input_ids_T: Tensor
    position_ids_T: Tensor
    mask_TT: Tensor
    """True where the row's token may attend to the column's."""
    heads_H: Tensor
    """Places at which a token of some completion is predicted."""
    head_R: Tensor
    """For each completion token, its index into `heads_H`."""
    target_R: Tensor
    completion_R: Tensor
    length_C: Tensor
    chosen_P: Tensor
    rejected_P: Tensor
    """Indices of completions; no rejected ones where only the chosen are learned."""
    ref_chosen_P: Tensor | None = None
    ref_rejected_P: Tensor | None = None

    def to(self, device: Any, **_: Any) -> "Pairs":
        """The batch with its tensors on a device; accelerate calls this with flags of its own."""
        moved = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **moved)


class _Tree:
    """Tokens by the prefix that they follow."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self._children: dict[tuple[int, int], int] = {}

    def insert(self, ids: Sequence[int]) -> list[int]:
        """The places of a sequence's tokens, new ones where its prefix has not been seen."""
        place, places = -1, []
        for token in ids:
            key = (place, token)
            if key not in self._children:
                self._children[key] = len(self.tokens)
                self.tokens.append(token)
                self.parents.append(place)
            place = self._children[key]
            places.append(place)
        return places

    def depths_and_mask(self) -> tuple[Tensor, Tensor]:
        depths: list[int] = []
        mask = torch.eye(len(self.tokens), dtype=torch.bool)
        for place, parent in enumerate(self.parents):
            depths.append(depths[parent] + 1 if parent >= 0 else 0)
            if parent >= 0:
                mask[place] |= mask[parent]
        return torch.tensor(depths), mask


def collate_pairs(
    examples: Sequence[Mapping[str, Any]],
    reference: Sequence[tuple[float, float]] | None = None,
    *,
    chosen_only: bool = False,
) -> Pairs:
    """A batch from examples with `prompt_ids`, `chosen_ids` and `rejected_ids`.

    `reference` holds, for each, the reference's summed log-probabilities of chosen and rejected.
    With `chosen_only` the rejected are left out, which may be empty then; otherwise TuningError.
    """
    tree = _Tree()
    completions: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    parents: list[int] = []
    targets: list[int] = []
    owners: list[int] = []
    lengths: list[int] = []
    sides: dict[str, list[int]] = {"chosen_ids": [], "rejected_ids": []}
    for example in examples:
        prompt = tuple(example["prompt_ids"])
        for side, indices in sides.items():
            if chosen_only and side == "rejected_ids":
                continue
            completion = tuple(example[side])
            if not completion:
                raise TuningError(
                    f"an example of question {example.get('question_id', '?')} has no {side}: only "
                    "tuning.loss=sft learns from chosen rationales alone; use it, or a rule of "
                    "pairs that rejects one"
                )
            index = completions.setdefault((prompt, completion), len(completions))
            indices.append(index)
            if index < len(lengths):
                continue
            places = tree.insert(prompt + completion)
            parents += places[len(prompt) - 1 : -1]
            targets += completion
            owners += [index] * len(completion)
            lengths.append(len(completion))
    depths, mask = tree.depths_and_mask()
    heads, head_R = torch.unique(torch.tensor(parents), return_inverse=True)
    pairs = Pairs(
        torch.tensor(tree.tokens), depths, mask, heads, head_R, torch.tensor(targets),
        torch.tensor(owners), torch.tensor(lengths),
        *(torch.tensor(indices, dtype=torch.long) for indices in sides.values()),
    )  # fmt: skip
    if reference is None:
        return pairs
    ref_chosen_P, ref_rejected_P = torch.tensor(reference).unbind(1)
    return replace(pairs, ref_chosen_P=ref_chosen_P, ref_rejected_P=ref_rejected_P)


def completion_logprobs(model: Any, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Summed log-probabilities of each pair's chosen and rejected, and their token counts.

    Returns (chosen_P, rejected_P, chosen_tokens_P, rejected_tokens_P), sums in nats and float32;
    what is of the rejected is empty where the batch has none.
    The head is applied only where a completion's token is predicted.
    """
    logits_H_V = model(
        input_ids=pairs.input_ids_T[None],
        position_ids=pairs.position_ids_T[None],
        logits_to_keep=pairs.heads_H,
        use_cache=False,
        **_attention(model, pairs),
    ).logits[0]  # fmt: skip
    logprob_R = token_logprobs(logits_H_V, pairs.head_R, pairs.target_R)
    sums_C = torch.zeros(len(pairs.length_C), device=logprob_R.device)
    sums_C = sums_C.index_add(0, pairs.completion_R, logprob_R)
    chosen, rejected = pairs.chosen_P, pairs.rejected_P
    return sums_C[chosen], sums_C[rejected], pairs.length_C[chosen], pairs.length_C[rejected]


def _attention(model: Any, pairs: Pairs) -> dict[str, Any]:
    """What tells this model of the tree: a bias, or one for each kind of its layers.

    Layers with a sliding window see ancestors that are nearer than it. Layers that carry a state
    from token to token cannot read a tree; they raise TuningError.
    """
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ())
    if not kinds <= {"full_attention", "sliding_attention"} or getattr(
        model, "_is_stateful", False
    ):
        raise TuningError(
            f"{config.model_type}: its layers ({', '.join(sorted(kinds)) or 'recurrent'}) are not "
            "attention over all or over the nearest tokens, and cannot be tuned on shared prefixes"
        )
    tiles = Tiles.of(pairs.mask_TT) if config._attn_implementation == TILED else None

    def bias(mask_TT: Tensor) -> Tensor:
        if tiles is None:
            return _bias(mask_TT[None, None], model.dtype)
        return _bias(tiles.allowed(mask_TT)[:, None], model.dtype)

    more = {} if tiles is None else {"tiles": tiles}
    window = getattr(config, "sliding_window", None)
    everything = bias(pairs.mask_TT)
    if window is None or kinds == {"full_attention"}:
        return {"attention_mask": everything, **more}
    position = pairs.position_ids_T
    nearest = bias(pairs.mask_TT & (position[:, None] - position < window))
    if kinds:
        by_kind = {"full_attention": everything, "sliding_attention": nearest}
        return {"attention_mask": by_kind, **more}
    return {"attention_mask": nearest, **more}


def _bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    bias = torch.zeros_like(mask, dtype=dtype)
    return bias.masked_fill_(~mask, torch.finfo(dtype).min)

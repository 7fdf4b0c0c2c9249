"""How likely a model finds completions after their contexts: the one way from tokens to numbers.

Scoring and tuning both lay completions out as a tree of tokens (see `token_layout.py`), run the
model over it once, apply the head only where a completion's token is predicted, and take the
log-softmax there. Models that cannot read a tree (those with a recurrent state, or with positions
that follow the row) are given padded rows instead; only scoring does that.
"""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from collate.models.tiled_attention import TILED, Tiles, TileShape
from collate.models.token_layout import TokenTree, TreeBuilder, padded

HEAD_ROWS = 32
"""Rows of logits that are worked on at once: a few MiB, which stay in a processor's cache."""

SCORING_TILES = TileShape(size=128, in_groups=True, causal_run=512)
"""Where no gradient is taken: few tiles, so that a long prompt's keys are not copied often."""

READABLE_LAYERS = frozenset({"full_attention", "sliding_attention"})


@dataclass(frozen=True, slots=True)
class Completion:
    """Tokens whose log-probability is taken, and the tokens that they follow; neither is empty."""

    context_ids: tuple[int, ...]
    target_ids: tuple[int, ...]


# Completions in batches, without a gradient -------------------------------------------------------


@torch.inference_mode()
def completion_logprobs(
    model: Any, completions: Sequence[Completion], *, stop_ids: Sequence[int], batch_tokens: int
) -> list[list[float]]:
    """Log-probabilities, in nats, of each completion's tokens, and of ending behind them.

    The end is the probability of all stop tokens together; it is left out if there are none. A
    forward pass is over at most `batch_tokens` tokens, each shared prefix counted once, or over
    twice its first completion with its context where that is more: a long prompt would otherwise be
    computed anew for every completion after it.
    """
    stop_id_S = torch.tensor(sorted(stop_ids), dtype=torch.long, device=model.device)
    if not reads_trees(model):
        return _row_logprobs(model, completions, stop_id_S, batch_tokens)
    use_tree_attention(model)
    logprobs: list[list[float]] = []
    for builder, numbers in _tree_batches(completions, batch_tokens):
        tree = builder.build(with_ends=len(stop_id_S) > 0).to(model.device)
        logits_H_V = tree_logits(model, tree, tiles=SCORING_TILES)
        logprob_R = token_logprobs(logits_H_V, tree.head_R, tree.target_R)
        end_C = _stop_logprobs(logits_H_V, tree.end_head_C, stop_id_S)
        logprobs_by_number = _by_completion(logprob_R, tree.length_C, end_C)
        # Equal completions are one in the tree, and get their numbers from it one by one.
        logprobs += [logprobs_by_number[number] for number in numbers]
    return logprobs


def _tree_batches(
    completions: Sequence[Completion], batch_tokens: int
) -> Iterator[tuple[TreeBuilder, list[int]]]:
    """Trees of consecutive completions, with each one's number in its tree."""
    builder, token_limit = TreeBuilder(), batch_tokens
    numbers: list[int] = []
    for completion in completions:
        token_ids = completion.context_ids + completion.target_ids
        new_tokens = builder.new_tokens(token_ids)
        # A long prompt begins a tree of its own where few of its completions would still fit: it
        # would be computed anew for the rest of them.
        is_long = new_tokens > token_limit // 4
        wanted_tokens = 2 * new_tokens if is_long else new_tokens
        if numbers and len(builder) + wanted_tokens > token_limit:
            yield builder, numbers
            builder, numbers = TreeBuilder(), []
        if not numbers:
            token_limit = max(batch_tokens, 2 * len(token_ids))
        numbers.append(builder.add(completion.context_ids, completion.target_ids))
    if numbers:
        yield builder, numbers


def _by_completion(logprob_R: Tensor, length_C: Tensor, end_C: Tensor) -> list[list[float]]:
    parts = [part.tolist() for part in logprob_R.split(length_C.tolist())]
    # Not strict: a model without stop tokens has no ends.
    for part, end in zip(parts, end_C.tolist(), strict=False):
        part.append(end)
    return parts


# A tree through the model -------------------------------------------------------------------------


def tree_logits(model: Any, tree: TokenTree, *, tiles: TileShape) -> Tensor:
    """The model's logits at the places of the tree that need them; (H, V).

    `tiles` are those of a model that was given `use_tree_attention`, where it runs on a CPU.
    """
    logits_H_V: Tensor = model(
        input_ids=tree.input_ids_T[None],
        position_ids=tree.position_ids_T[None],
        logits_to_keep=tree.index_H,
        use_cache=False,
        **_attention_arguments(model, tree, tiles),
    ).logits[0]
    return logits_H_V


def reads_trees(model: Any) -> bool:
    """Whether the model's attention can be told which tokens follow which.

    It cannot where layers carry a state from token to token, or where positions are counted along
    the row (ALiBi).
    """
    plain_model = causal_lm(model)
    config = plain_model.config.get_text_config()
    layer_kinds = set(getattr(config, "layer_types", None) or ())
    takes_positions = "position_ids" in inspect.signature(type(plain_model).forward).parameters
    return (
        layer_kinds <= READABLE_LAYERS
        and takes_positions
        and not getattr(plain_model, "_is_stateful", False)
        and not getattr(config, "alibi", False)
    )


def use_tree_attention(model: Any) -> None:
    """Have a model that runs on a CPU read trees in tiles, where its attention can be exchanged."""
    plain_model = causal_lm(model)
    is_exchangeable = getattr(plain_model, "_supports_attention_backend", False)
    if plain_model.device.type == "cpu" and is_exchangeable:
        plain_model.set_attn_implementation(TILED)


def causal_lm(model: Any) -> Any:
    """The model of transformers itself, without PEFT around it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _attention_arguments(model: Any, tree: TokenTree, shape: TileShape) -> dict[str, Any]:
    """What tells this model of the tree: a bias, or one for each kind of its layers.

    Layers with a sliding window see ancestors that are nearer than it.
    """
    config = model.config.get_text_config()
    layer_kinds = set(getattr(config, "layer_types", None) or ())
    uses_tiles = config._attn_implementation == TILED
    window_size = getattr(config, "sliding_window", None)
    # A model may name a window that none of its layers uses.
    if layer_kinds == {"full_attention"}:
        window_size = None
    if window_size is not None:
        # Causal attention knows of no window.
        shape = replace(shape, causal_run=None)
    tiles = Tiles.of(tree.mask_T_T, shape) if uses_tiles else None
    arguments: dict[str, Any] = {} if tiles is None else {"tiles": tiles}
    full_bias = _bias(tree.mask_T_T, tiles, model.dtype)
    if window_size is None:
        return {"attention_mask": full_bias, **arguments}
    position_T = tree.position_ids_T.int()
    # By depth: along a path of the tree, and not along the row, a window counts its tokens.
    is_near_T_T = position_T[:, None] - position_T < window_size
    window_bias = _bias(tree.mask_T_T & is_near_T_T, tiles, model.dtype)
    if layer_kinds:
        bias_by_kind = {"full_attention": full_bias, "sliding_attention": window_bias}
        return {"attention_mask": bias_by_kind, **arguments}
    return {"attention_mask": window_bias, **arguments}


def _bias(mask_T_T: Tensor, tiles: Tiles | None, dtype: torch.dtype) -> Tensor:
    """What is added to attention's scores: 0 where the mask allows, the lowest number elsewhere.

    Shape (1, 1, T, T), or (S, 1, L, K) over tiles.
    """
    mask = mask_T_T[None, None] if tiles is None else tiles.allowed(mask_T_T)[:, None]
    bias = torch.zeros_like(mask, dtype=dtype)
    # Not -inf, with which a softmax over nothing else would be NaN.
    return bias.masked_fill_(~mask, torch.finfo(dtype).min)


# Log-softmax --------------------------------------------------------------------------------------


def token_logprobs(logits_H_V: Tensor, head_R: Tensor, target_R: Tensor) -> Tensor:
    """Log-probability, in nats and float32, of each target under the row of logits it names; (R,).

    A row may be named by several targets, as where completions part in a tree.
    """
    logprob_R: Tensor = _TokenLogprobs.apply(logits_H_V, head_R, target_R)
    return logprob_R


def _stop_logprobs(logits_H_V: Tensor, head_C: Tensor, stop_id_S: Tensor) -> Tensor:
    """Log-probability, in nats and float32, of any of the stop tokens at some rows; (C,)."""
    end_parts = []
    for head_part in head_C.split(HEAD_ROWS):
        part_logits = logits_H_V[head_part].float()
        end_parts.append(part_logits[:, stop_id_S].logsumexp(1) - part_logits.logsumexp(1))
    return torch.cat(end_parts) if end_parts else logits_H_V.new_zeros(0)


class _TokenLogprobs(torch.autograd.Function):
    """The gradient is written once, instead of summed from those of a gather and a log-sum-exp."""

    @staticmethod
    def forward(ctx: Any, logits_H_V: Tensor, head_R: Tensor, target_R: Tensor) -> Tensor:
        # In parts, so that no float32 copy of all logits is in memory.
        parts = [part.float().logsumexp(1) for part in logits_H_V.split(HEAD_ROWS)]
        normaliser_H = torch.cat(parts)
        ctx.save_for_backward(logits_H_V, normaliser_H, head_R, target_R)
        return logits_H_V[head_R, target_R].float() - normaliser_H[head_R]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        logits_H_V, normaliser_H, head_R, target_R = ctx.saved_tensors
        grad_R = grads[0]
        total_H = torch.zeros_like(normaliser_H).index_add_(0, head_R, grad_R)
        # d log p(target) / d logits is 1 at the target minus the softmax. A row of logits that
        # several targets name gets the sum of theirs.
        grad_H_V = torch.empty_like(logits_H_V)
        for start in range(0, len(logits_H_V), HEAD_ROWS):
            rows = slice(start, start + HEAD_ROWS)
            part = logits_H_V[rows].float() - normaliser_H[rows, None]
            grad_H_V[rows] = part.exp_().mul_(-total_H[rows, None])
        grad_H_V.index_put_((head_R, target_R), grad_R.to(grad_H_V.dtype), accumulate=True)
        return grad_H_V, None, None


# Padded rows, for models that cannot read a tree --------------------------------------------------


def _row_logprobs(
    model: Any, completions: Sequence[Completion], stop_id_S: Tensor, batch_tokens: int
) -> list[list[float]]:
    """As `completion_logprobs`, with every completion and its context as a row of its own."""
    logprobs: list[list[float]] = [[] for _ in completions]
    lengths = [
        len(completion.context_ids) + len(completion.target_ids) for completion in completions
    ]
    for indices in _row_batches(lengths, batch_tokens):
        batch = [completions[index] for index in indices]
        for index, values in zip(indices, _batch_logprobs(model, batch, stop_id_S), strict=True):
            logprobs[index] = values
    return logprobs


def _row_batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Indices in batches, longest first, each padded batch within the budget or of one row."""
    # By length, so that little of a batch is padding.
    remaining_indices = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    while remaining_indices:
        row_count = max(1, batch_tokens // lengths[remaining_indices[0]])
        yield remaining_indices[:row_count]
        remaining_indices = remaining_indices[row_count:]


def _batch_logprobs(
    model: Any, completions: Sequence[Completion], stop_id_S: Tensor
) -> list[list[float]]:
    # On the right, where no token looks back at the padding and positions need no correction.
    ids_B_T, mask_B_T = padded(
        [completion.context_ids + completion.target_ids for completion in completions], side="right"
    )
    rows: list[int] = []
    columns: list[int] = []
    for row, completion in enumerate(completions):
        first_column = len(completion.context_ids) - 1
        last_column = int(mask_B_T[row].sum()) - 1
        # The column before a token predicts it; the last one predicts the end.
        predicting = range(first_column, last_column + 1 if len(stop_id_S) else last_column)
        rows += [row] * len(predicting)
        columns += predicting
    with _head_on(model, torch.tensor(rows), torch.tensor(columns)):
        logits_H_V = model(
            input_ids=ids_B_T.to(model.device),
            attention_mask=mask_B_T.to(model.device),
            use_cache=False,
        ).logits[0]
    ends_per_row = min(1, len(stop_id_S))
    logprobs, start = [], 0
    for completion in completions:
        end = start + len(completion.target_ids)
        head_R = torch.arange(start, end, device=model.device)
        target_R = torch.tensor(completion.target_ids, device=model.device)
        values = token_logprobs(logits_H_V, head_R, target_R).tolist()
        end_heads = torch.arange(end, end + ends_per_row, device=model.device)
        logprobs.append(values + _stop_logprobs(logits_H_V, end_heads, stop_id_S).tolist())
        start = end + ends_per_row
    return logprobs


@contextmanager
def _head_on(model: Any, rows: Tensor, columns: Tensor) -> Iterator[None]:
    """Meanwhile the output head runs on these places of a batch only; logits are (1, H, V).

    The places are picked as they enter the head, so that whatever the model does to its logits
    afterwards (scaling, soft-capping) still happens.
    """
    rows, columns = rows.to(model.device), columns.to(model.device)
    hook = model.get_output_embeddings().register_forward_pre_hook(
        lambda _, inputs: (inputs[0][rows, columns].unsqueeze(0), *inputs[1:])
    )
    try:
        yield
    finally:
        hook.remove()

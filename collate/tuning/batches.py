"""Pairs of one question share one row, so that its prompt is computed once.

A row is `prompt | completion | completion | ...`. Completions do not see each other: the attention
mask lets each see the prompt and itself, and its positions go on where the prompt ended. Prompts
are padded on the left to a common end, so that all completions of a batch lie in the last columns
and the head needs to be applied to these alone. Log-probabilities are those of the plain layout
(one row per completion) up to rounding; tests hold the two against each other.

With short rationales most tokens of a pair are its prompt: with 100 prompt tokens, 16 per
completion and two pairs a question, a row of 164 tokens replaces four of 116.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pairs:
    """One batch: rows of shared prompts, and where each pair's two completions lie in them."""

    input_ids_BT: Tensor
    position_ids_BT: Tensor
    mask_B1TT: Tensor
    """True where the row's token may attend to the column's."""
    prompt_length: int
    segment_BT: Tensor
    """0 for padding and prompt, s >= 1 for the tokens of a row's s-th completion."""
    chosen_P2: Tensor
    """(row, segment) of each pair's chosen completion."""
    rejected_P2: Tensor
    ref_chosen_P: Tensor | None
    ref_rejected_P: Tensor | None

    def to(self, device: Any, **_: Any) -> "Pairs":
        """The batch with its tensors on a device; accelerate calls this with flags of its own."""
        moved = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **moved)


def collate_pairs(examples: Sequence[Mapping[str, Any]], *, pad_id: int) -> dict[str, Any]:
    """A batch from examples with `prompt_ids`, `chosen_ids`, `rejected_ids` and reference sums."""
    rows: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    places: list[list[tuple[int, int]]] = [[], []]
    order: dict[tuple[int, ...], int] = {}
    for example in examples:
        prompt = tuple(example["prompt_ids"])
        row = order.setdefault(prompt, len(order))
        completions = rows.setdefault(prompt, [])
        for side, name in enumerate(("chosen_ids", "rejected_ids")):
            completion = tuple(example[name])
            if completion not in completions:
                completions.append(completion)
            places[side].append((row, completions.index(completion) + 1))
    batch = _layout(rows, pad_id)
    has_reference = "ref_chosen_logps" in examples[0]
    references = [
        torch.tensor([e[name] for e in examples]) if has_reference else None
        for name in ("ref_chosen_logps", "ref_rejected_logps")
    ]
    return {"pairs": Pairs(*batch, torch.tensor(places[0]), torch.tensor(places[1]), *references)}


def _layout(
    rows: Mapping[tuple[int, ...], Sequence[tuple[int, ...]]], pad_id: int
) -> tuple[Tensor, Tensor, Tensor, int, Tensor]:
    prompt_length = max(map(len, rows))
    width = prompt_length + max(sum(map(len, completions)) for completions in rows.values())
    input_ids = torch.full((len(rows), width), pad_id)
    positions = torch.zeros((len(rows), width), dtype=torch.long)
    segments = torch.zeros((len(rows), width), dtype=torch.long)
    real = torch.zeros((len(rows), width), dtype=torch.bool)
    for i, (prompt, completions) in enumerate(rows.items()):
        start = prompt_length - len(prompt)
        input_ids[i, start:prompt_length] = torch.tensor(prompt)
        positions[i, start:prompt_length] = torch.arange(len(prompt))
        end = prompt_length
        for s, completion in enumerate(completions, start=1):
            begin, end = end, end + len(completion)
            input_ids[i, begin:end] = torch.tensor(completion)
            positions[i, begin:end] = torch.arange(len(prompt), len(prompt) + len(completion))
            segments[i, begin:end] = s
        real[i, start:end] = True
    query, key = segments[:, :, None], segments[:, None, :]
    causal = torch.ones((width, width), dtype=torch.bool).tril()
    mask = causal & ((key == 0) | (key == query)) & real[:, None, :]
    # A padded query must attend to something, or its softmax is undefined.
    mask |= torch.eye(width, dtype=torch.bool)
    return input_ids, positions, mask[:, None], prompt_length, segments


def completion_logprobs(model: Any, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Summed log-probabilities of each pair's chosen and rejected, and their token counts.

    Returns (chosen_P, rejected_P, chosen_tokens_P, rejected_tokens_P), sums in nats and float32.
    The head is applied to the columns of completions only.
    """
    device = pairs.input_ids_BT.device
    floor = torch.finfo(model.dtype).min
    bias = torch.zeros(pairs.mask_B1TT.shape, dtype=model.dtype, device=device)
    bias.masked_fill_(~pairs.mask_B1TT, floor)
    width, prompt_length = pairs.input_ids_BT.shape[1], pairs.prompt_length
    logits = model(
        input_ids=pairs.input_ids_BT,
        attention_mask=bias,
        position_ids=pairs.position_ids_BT,
        logits_to_keep=width - prompt_length + 1,
        use_cache=False,
    ).logits
    segment_BT = pairs.segment_BT[:, prompt_length:]
    rows, columns = segment_BT.nonzero(as_tuple=True)
    first = segment_BT != torch.nn.functional.pad(segment_BT, (1, 0))[:, :-1]
    # A completion's first token is predicted at the prompt's end, column 0 of what was kept.
    previous = torch.where(first[rows, columns], 0, columns)
    targets = pairs.input_ids_BT[:, prompt_length:][rows, columns]
    logits = logits[rows, previous].float()
    logprobs = logits.gather(1, targets[:, None])[:, 0] - logits.logsumexp(1)
    count = int(segment_BT.max()) + 1
    place = rows * count + segment_BT[rows, columns]
    size = len(segment_BT) * count
    sums = torch.zeros(size, device=device).index_add(0, place, logprobs)
    tokens = torch.zeros(size, device=device).index_add(0, place, torch.ones_like(logprobs))
    chosen = pairs.chosen_P2[:, 0] * count + pairs.chosen_P2[:, 1]
    rejected = pairs.rejected_P2[:, 0] * count + pairs.rejected_P2[:, 1]
    return sums[chosen], sums[rejected], tokens[chosen], tokens[rejected]

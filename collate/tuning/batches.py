"""Examples as batches: a tree of tokens in which every distinct prefix is computed once.

Preferences of one question share its prompt, prompts of one agent share their worked examples, and
a chosen and a rejected rationale often share their first steps (see `models/token_layout.py`).
Log-probabilities are those of the plain layout (one row a completion) up to rounding; tests hold
the two, and TRL's loss and gradients, against each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor

from collate.config.schema import TuningConfig
from collate.errors import TuningError
from collate.models.logprobs import reads_trees, token_logprobs, tree_logits
from collate.models.tiled_attention import TileShape
from collate.models.token_layout import TokenTree, TreeBuilder
from collate.tuning.data import example_tokens
from collate.tuning.losses import roles_of_loss

NUMBER = "number"
"""The one column of the trainer's data set: which example it is."""

TUNING_TILES = TileShape(size=32, in_groups=False)
"""Small tiles read the fewest needless keys, whose gradients would be computed as well."""

Example = Mapping[str, Any]
"""`question_id`, `prompt_ids`, `roles`, `completion_ids` (see `data.py`)."""

Reference = Mapping[str, float]
"""The reference model's summed log-probabilities of one example's completions, in nats, by role."""


@dataclass(frozen=True)
class Batch:
    """P preferences as one tree of tokens.

    `completion_P` has, by role, which of the tree's completions fills it; `reference_P` the
    reference model's summed log-probability of that completion, in nats, empty where it is not
    known.
    """

    tree: TokenTree
    completion_P: Mapping[str, Tensor]
    reference_P: Mapping[str, Tensor] = field(default_factory=dict)

    def to(self, device: Any, **_: Any) -> "Batch":
        """The batch with its tensors on a device; accelerate calls this with flags of its own."""
        return replace(
            self,
            tree=self.tree.to(device),
            completion_P={role: index.to(device) for role, index in self.completion_P.items()},
            reference_P={role: value.to(device) for role, value in self.reference_P.items()},
        )


@dataclass(frozen=True)
class RoleLogprobs:
    """Summed log-probabilities of completions, in nats and float32, and their lengths; by role."""

    sums: Mapping[str, Tensor]
    tokens: Mapping[str, Tensor]


def collate_examples(
    examples: Sequence[Example], roles: Sequence[str], references: Sequence[Reference] = ()
) -> Batch:
    """A batch of these roles' completions, with the examples' references where these are known.

    Completions of other roles are left out. Raises TuningError for an example that lacks a role.
    """
    builder = TreeBuilder()
    completions: dict[str, list[int]] = {role: [] for role in roles}
    for example in examples:
        completion_by_role = dict(zip(example["roles"], example["completion_ids"], strict=True))
        for role, completion_numbers in completions.items():
            if not completion_by_role.get(role):
                raise TuningError(
                    f"an example of question {example.get('question_id', '?')} has no {role} "
                    "completion: only tuning.loss=sft learns from chosen rationales alone; use it, "
                    "or a rule of pairs that rejects one"
                )
            completion_numbers.append(builder.add(example["prompt_ids"], completion_by_role[role]))
    reference_P = {}
    if references:
        for role in roles:
            reference_P[role] = torch.tensor([reference[role] for reference in references])
    completion_P = {
        role: torch.tensor(completion_numbers) for role, completion_numbers in completions.items()
    }
    return Batch(builder.build(), completion_P, reference_P)


def batch_logprobs(model: Any, batch: Batch) -> RoleLogprobs:
    """The model's log-probabilities of a batch's completions, by role; each (P,).

    The head is applied only where a completion's token is predicted. Raises TuningError for a model
    that cannot read a tree.
    """
    if not reads_trees(model):
        raise TuningError(
            f"a model of type {model.config.model_type} cannot be tuned on shared prefixes: its "
            "layers carry a state from token to token, or count positions along the row; use a "
            "model whose layers are attention"
        )
    tree = batch.tree
    logits_H_V = tree_logits(model, tree, tiles=TUNING_TILES)
    logprob_R = token_logprobs(logits_H_V, tree.head_R, tree.target_R)
    # In float32 whatever the model's type, as the log-probabilities are.
    sum_C = torch.zeros(len(tree.length_C), device=logprob_R.device)
    sum_C = sum_C.index_add(0, tree.completion_R, logprob_R)
    return RoleLogprobs(
        sums={role: sum_C[index_P] for role, index_P in batch.completion_P.items()},
        tokens={role: tree.length_C[index_P] for role, index_P in batch.completion_P.items()},
    )


class NumberedExamples:
    """Examples by number, and what their reference's log-probabilities are.

    As the trainer's collator it turns rows of the data set into a batch. `order` holds the numbers
    of all epochs; the reference is computed once for an example, in batches that are the same
    wherever a process begins, so that a continued tuning ends with the same weights.
    """

    def __init__(
        self, examples: Sequence[Example] | Dataset, order: Sequence[int], config: TuningConfig
    ):
        self._examples, self._order, self._config = examples, order, config
        self._roles = roles_of_loss(config.loss)
        self._distinct = list(dict.fromkeys(order))
        self._references: dict[int, Reference] = {}

    def __call__(self, rows: Sequence[Mapping[str, int]]) -> dict[str, Batch]:
        return {"batch": self.batch([row[NUMBER] for row in rows])}

    def batch(self, numbers: Sequence[int]) -> Batch:
        """These examples as one batch, with their references where these are known."""
        # None is known while the reference itself is computed.
        references = [self._references[number] for number in numbers if number in self._references]
        examples = [self._examples[number] for number in numbers]
        return collate_examples(examples, self._roles, references)

    def of_step(self, step: int) -> Sequence[int]:
        """The numbers of the examples of an optimizer step, the first being 1."""
        size = self._config.batch
        return self._order[(step - 1) * size : step * size]

    def tokens(self, step: int) -> int:
        """How many completion tokens an optimizer step is of."""
        numbers = self.of_step(step)
        return sum(example_tokens(self._examples[number], self._config) for number in numbers)

    def batches_for_reference(self, numbers: Sequence[int], size: int) -> Iterator[list[int]]:
        """Batches of distinct examples that hold some of these."""
        needed_numbers = set(numbers)
        for start in range(0, len(self._distinct), size):
            # Cut from all examples, whatever is needed: the same batches give the same rounding.
            batch = self._distinct[start : start + size]
            if not needed_numbers.isdisjoint(batch):
                yield batch

    def keep_references(self, numbers: Sequence[int], logprobs: RoleLogprobs) -> None:
        """Keep a batch's log-probabilities as those of its examples' reference."""
        sums_by_role = {role: sum_P.tolist() for role, sum_P in logprobs.sums.items()}
        for index, example_number in enumerate(numbers):
            self._references[example_number] = {
                role: values[index] for role, values in sums_by_role.items()
            }

"""TRL's DPO trainer, fed with token ids and with batches that share prefixes.

TRL brings the optimizer, the schedule, clipping, accumulation, mixed precision and the reference
handling. What differs is in the four methods that `PairTrainer` overrides: examples are tokens
already, their order is ours, the reference's log-probabilities are computed once by the code that
also computes the policy's, and that code is `completion_logprobs`.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from torch import Tensor
from torch.utils.data import SequentialSampler
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer

from collate.config.schema import TuningConfig
from collate.errors import TuningError
from collate.models.load import device
from collate.tables import Step
from collate.tuning.batches import Pairs, collate_pairs, completion_logprobs
from collate.tuning.checkpoints import Checkpoints
from collate.tuning.fused import TILED, fuse_adapters
from collate.tuning.losses import nll_loss, reward_margin, sigmoid_loss
from collate.tuning.tune import step_count

LOG2_TOLERANCE = 1e-3
NUMBER = "number"
"""The one column of the trainer's data set: which example it is."""


class Examples:
    """Examples of pairs by number, and what their reference's log-probabilities are.

    As the trainer's collator it turns rows of the data set into a batch. `order` holds the numbers
    of all epochs; the reference is computed once for an example, in batches that are the same
    wherever a process begins, so that a continued tuning ends with the same weights.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]] | Dataset, order: Sequence[int]):
        self._rows = rows
        self._distinct = list(dict.fromkeys(order))
        self._reference: dict[int, tuple[float, float]] = {}

    def __call__(self, rows: Sequence[Mapping[str, int]]) -> dict[str, Pairs]:
        return {"pairs": self.batch([row[NUMBER] for row in rows])}

    def batch(self, numbers: Sequence[int]) -> Pairs:
        """These examples as one batch, with their references where these are known."""
        reference = [self._reference[n] for n in numbers if n in self._reference]
        return collate_pairs([self._rows[n] for n in numbers], reference or None)

    def without_reference(self, needed: Sequence[int], size: int) -> Iterator[list[int]]:
        """Batches of distinct examples that hold some of the needed ones."""
        wanted = set(needed)
        for start in range(0, len(self._distinct), size):
            numbers = self._distinct[start : start + size]
            if not wanted.isdisjoint(numbers):
                yield numbers

    def keep_reference(
        self, numbers: Sequence[int], chosen: Sequence[float], rejected: Sequence[float]
    ) -> None:
        self._reference.update(zip(numbers, zip(chosen, rejected, strict=True), strict=True))


class PairTrainer(DPOTrainer):
    """DPO over batches that share prefixes; its data set is the order of `Examples`."""

    nll_weight = 0.0
    resume: Callable[[torch.nn.Module, Any], None] | None = None
    """Puts weights and optimizer state of an earlier process in place."""
    done = 0
    """The steps that were taken by then, which the schedule has behind it."""

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        scheduler = super().create_scheduler(self.done + num_training_steps, optimizer)
        if self.resume is not None:
            self.resume(cast(torch.nn.Module, self.model), self.optimizer)
            with warnings.catch_warnings():  # of a schedule that moves before its optimizer
                warnings.simplefilter("ignore")
                for _ in range(self.done):
                    scheduler.step()
        return scheduler

    def _prepare_dataset(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
        return dataset

    def _set_signature_columns_if_needed(self) -> None:
        columns: Any = list(cast(Dataset, self.train_dataset).column_names)
        self._signature_columns = columns

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> SequentialSampler:
        dataset = train_dataset if train_dataset is not None else self.train_dataset
        return SequentialSampler(cast(Dataset, dataset))

    def _precompute_ref_logps(self, dataset: Dataset, name: str, batch_size: int) -> Dataset:
        """Have the examples know what the policy, as it is before the first step, gives them."""
        examples: Examples = self.data_collator  # type: ignore[assignment]
        model = cast(torch.nn.Module, self.model)
        was_training = model.training
        model.eval()
        with torch.no_grad(), self.accelerator.autocast():
            for numbers in examples.without_reference(dataset[NUMBER], batch_size):
                pairs = examples.batch(numbers).to(self.accelerator.device)
                chosen_P, rejected_P, *_ = completion_logprobs(model, pairs)
                examples.keep_reference(numbers, chosen_P.tolist(), rejected_P.tolist())
        model.train(was_training)
        return dataset

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Tensor:
        """The mean loss over the pairs of a micro-batch; curves go where TRL keeps its own."""
        pairs = inputs["pairs"]
        chosen_P, rejected_P, chosen_tokens_P, _ = completion_logprobs(model, pairs)
        margin_P = reward_margin(
            chosen_P, rejected_P, pairs.ref_chosen_P, pairs.ref_rejected_P, beta=self.beta
        )
        loss = sigmoid_loss(margin_P).mean()
        if self.nll_weight:
            loss = loss + self.nll_weight * nll_loss(chosen_P, chosen_tokens_P).mean()
        kept = self._metrics["train"]
        kept["loss/sigmoid"].append(sigmoid_loss(margin_P.detach()).mean().item())
        kept["rewards/margins"].append(margin_P.detach().mean().item())
        kept["rewards/accuracies"].append((margin_P.detach() > 0).float().mean().item())
        kept["logps/chosen"].append(chosen_P.detach().mean().item())
        kept["logps/rejected"].append(rejected_P.detach().mean().item())
        chosen_ratio_P = chosen_P.detach() - pairs.ref_chosen_P
        rejected_ratio_P = rejected_P.detach() - pairs.ref_rejected_P
        kept["logratios/chosen"].append(chosen_ratio_P.mean().item())
        kept["logratios/rejected"].append(rejected_ratio_P.mean().item())
        return loss

    def floating_point_ops(self, inputs: Any) -> int:
        return 0


class _Curves(TrainerCallback):
    """Keeps every step's numbers, and stops at once when the first loss is not log 2."""

    def __init__(self, checkpoints: Checkpoints, report: Callable[[int, int], None]):
        self.steps = checkpoints.latest()
        self._checkpoints, self._report = checkpoints, report

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **parts: Any) -> None:
        if not logs or "rewards/margins" not in logs:
            return
        if not self.steps:
            _check_first_loss(logs["loss/sigmoid"])
        self.steps.append(
            Step(
                step=len(self.steps) + 1,
                loss=logs["loss"],
                margin=logs["rewards/margins"],
                chosen_logprob=logs["logps/chosen"],
                rejected_logprob=logs["logps/rejected"],
                chosen_logratio=logs["logratios/chosen"],
                rejected_logratio=logs["logratios/rejected"],
                accuracy=logs["rewards/accuracies"],
                learning_rate=logs["learning_rate"],
                grad_norm=float(logs.get("grad_norm", math.nan)),
            )
        )
        if state.global_step < state.max_steps:
            self._checkpoints.save(parts["model"], parts["optimizer"], self.steps)
        self._report(len(self.steps), len(self.steps) + state.max_steps - state.global_step)


def _check_first_loss(loss: float) -> None:
    """Before the first step the policy is its reference, so that the sigmoid loss is log 2."""
    if not abs(loss - math.log(2)) <= LOG2_TOLERANCE:
        raise TuningError(
            f"the first sigmoid loss is {loss:.5f}, not log 2 = {math.log(2):.5f}: the policy is "
            "not the reference that its log-probabilities were computed with. Was the adapter or "
            "the base model changed during the run?"
        )


def _use_fused_parts(model: Any, *, adapters: bool) -> None:
    """Prepare a model for what `fused.py` does; what it cannot take is left in its plain form.

    Adapters are left where autocast mixes types.
    """
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    if getattr(base, "_supports_attention_backend", False):
        base.set_attn_implementation(TILED)
    if adapters:
        fuse_adapters(model)


def train(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Mapping[str, Any]] | Dataset,
    config: TuningConfig,
    *,
    seed: int,
    scratch: Path,
    order: Sequence[int] | None = None,
    checkpoints: Checkpoints | None = None,
    report: Callable[[int, int], None] = lambda step, steps: None,
) -> list[Step]:
    """Tune `model` (a PEFT model or a plain one) in place on examples; returns its curves.

    An example has `prompt_ids`, `chosen_ids`, `rejected_ids`. `order` holds their numbers, epoch
    after epoch (see `order_examples`); without it they are taken once, as they stand. Goes on from
    the newest of the checkpoints, and ends with the same weights as if it had never stopped.
    `report` gets (step, steps). Raises TuningError if the first sigmoid loss is not log 2, or a
    loss is not finite, or there is no step to take.
    """
    checkpoints = checkpoints or Checkpoints(scratch, 0)
    curves = _Curves(checkpoints, report)
    done = len(curves.steps)
    order = range(len(examples)) if order is None else order
    steps = step_count(len(order), config)
    order = order[: steps * config.batch]
    if not steps:
        raise TuningError("there are no pairs to tune on")
    on_cpu = device() == "cpu"
    half = model.dtype == torch.bfloat16 or (not on_cpu and config.dtype != "float32")
    _use_fused_parts(model, adapters=not half)
    arguments = DPOConfig(
        output_dir=str(scratch),
        beta=config.beta,
        learning_rate=config.learning_rate,
        lr_scheduler_type={"constant": "constant_with_warmup"}.get(
            config.schedule, config.schedule
        ),
        warmup_steps=round(config.warmup * steps),
        max_steps=steps - done,
        per_device_train_batch_size=config.micro_batch,
        gradient_accumulation_steps=config.batch // config.micro_batch,
        max_grad_norm=config.max_grad_norm,
        weight_decay=config.weight_decay,
        gradient_checkpointing=config.gradient_checkpointing,
        precompute_ref_log_probs=True,
        precompute_ref_batch_size=config.micro_batch,
        bf16=half,
        use_cpu=on_cpu,
        dataloader_pin_memory=not on_cpu,
        remove_unused_columns=False,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=seed % 2**31,
    )
    trainer = PairTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({NUMBER: list(order[done * config.batch :])}),
        processing_class=tokenizer,
        data_collator=Examples(examples, order),
        callbacks=[curves],
    )
    trainer.nll_weight = config.nll_weight
    if done:
        trainer.resume, trainer.done = checkpoints.restore, done
    trainer.train()
    if len(curves.steps) != steps:
        raise TuningError(f"{len(curves.steps)} of {steps} optimizer steps were taken")
    if not all(math.isfinite(step.loss) for step in curves.steps):
        raise TuningError("a loss is not finite; lower tuning.learning_rate")
    return curves.steps

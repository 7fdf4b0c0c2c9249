"""TRL's DPO trainer, fed with token ids and with batches that share prefixes.

TRL brings the optimizer, the schedule, clipping, accumulation and mixed precision. What differs is
in the methods that `PairTrainer` overrides: examples are tokens already, their order is ours, the
reference's log-probabilities are computed once by the code that also computes the policy's, that
code is `completion_logprobs`, and the loss is one of `losses.py`.
"""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from torch import Tensor
from torch.utils.data import SequentialSampler
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer

from collate.config.schema import SFT, TuningConfig
from collate.errors import TuningError
from collate.models.loading import device
from collate.tables import Step
from collate.tuning.batches import Pairs, completion_logprobs
from collate.tuning.examples import NUMBER, Examples
from collate.tuning.fused import TILED, fuse_adapters
from collate.tuning.losses import LOSSES, LogRatios, nll_loss, sigmoid
from collate.tuning.step_checkpoints import Checkpoints
from collate.tuning.tune import step_count

LOSS_TOLERANCE = 1e-3


class PairTrainer(DPOTrainer):
    """DPO over batches that share prefixes; its data set is the order of `Examples`."""

    resume: Callable[[torch.nn.Module, Any], None] | None = None
    """Puts weights and optimizer state of an earlier process in place."""
    done = 0
    """The steps that were taken by then, which the schedule has behind it."""

    def __init__(
        self,
        config: TuningConfig,
        examples: Examples,
        reference: AbstractContextManager[Any] | None,
        **parts: Any,
    ):
        # Known before TRL begins, which asks for the reference at once.
        self._config, self._examples = config, examples
        self._reference = reference or nullcontext(parts["model"])
        super().__init__(data_collator=cast(Any, examples), **parts)

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
        """Have the examples know what the reference gives them, if the loss asks for it."""
        if self._config.loss == SFT:
            return dataset
        with self._reference as model:
            _use_fused_parts(model, adapters=False)
            for numbers in self._examples.without_reference(dataset[NUMBER], batch_size):
                chosen_P, rejected_P, *_ = self._without_gradient(
                    model, self._examples.batch(numbers)
                )
                self._examples.keep_reference(numbers, chosen_P.tolist(), rejected_P.tolist())
        return dataset

    def expected_first_loss(self) -> float:
        """The sigmoid loss of the first step's pairs, computed apart from the training step."""
        numbers, size = self._examples.of_step(1), self._config.micro_batch
        losses = []
        for start in range(0, len(numbers), size):
            pairs = self._examples.batch(numbers[start : start + size]).to(self.accelerator.device)
            ratios = _log_ratios(self._without_gradient(self.model, pairs), pairs)
            losses.append(sigmoid(ratios, self._config).mean().item())
        return sum(losses) / len(losses)

    def _without_gradient(self, model: Any, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        was_training = model.training
        model.eval()
        with torch.no_grad(), self.accelerator.autocast():
            found = completion_logprobs(model, pairs.to(self.accelerator.device))
        model.train(was_training)
        return found

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Tensor:
        """The mean loss over the pairs of a micro-batch; curves go where TRL keeps its own."""
        pairs, config = inputs["pairs"], self._config
        logprobs = completion_logprobs(model, pairs)
        chosen_P, rejected_P, chosen_tokens_P, _ = logprobs
        kept = self._metrics["train"]
        kept["logps/chosen"].append(chosen_P.detach().mean().item())
        nll = nll_loss(chosen_P, chosen_tokens_P).mean()
        if config.loss == SFT:
            return nll
        ratios = _log_ratios(logprobs, pairs)
        loss = LOSSES[config.loss](ratios, config).mean()
        if config.nll_weight:
            loss = loss + config.nll_weight * nll
        with torch.no_grad():
            margin_P = ratios.margin_P(config.beta)
            kept["loss/sigmoid"].append(sigmoid(ratios, config).mean().item())
            kept["rewards/margins"].append(margin_P.mean().item())
            kept["rewards/accuracies"].append((margin_P > 0).float().mean().item())
            kept["logps/rejected"].append(rejected_P.mean().item())
            kept["logratios/chosen"].append(ratios.chosen_P.mean().item())
            kept["logratios/rejected"].append(ratios.rejected_P.mean().item())
        return loss

    def floating_point_ops(self, inputs: Any) -> int:
        return 0


def _log_ratios(logprobs: tuple[Tensor, Tensor, Tensor, Tensor], pairs: Pairs) -> LogRatios:
    chosen_P, rejected_P, chosen_tokens_P, rejected_tokens_P = logprobs
    assert pairs.ref_chosen_P is not None and pairs.ref_rejected_P is not None
    chosen_P, rejected_P = chosen_P - pairs.ref_chosen_P, rejected_P - pairs.ref_rejected_P
    return LogRatios(chosen_P, rejected_P, chosen_tokens_P, rejected_tokens_P)


class _Curves(TrainerCallback):
    """Keeps every step's numbers, and stops at once when the first loss is not as expected."""

    first_loss: float | None = math.log(2)
    """The sigmoid loss of the first step; None where there is no preference to have one."""

    def __init__(
        self, checkpoints: Checkpoints, examples: Examples, report: Callable[[int, int], None]
    ):
        self.steps = checkpoints.latest()
        self._checkpoints, self._examples, self._report = checkpoints, examples, report

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **parts: Any) -> None:
        if not logs or "logps/chosen" not in logs:
            return
        if not self.steps and self.first_loss is not None:
            _check_first_loss(logs["loss/sigmoid"], self.first_loss)
        number = len(self.steps) + 1
        self.steps.append(
            Step(
                step=number,
                loss=logs["loss"],
                margin=logs.get("rewards/margins", math.nan),
                chosen_logprob=logs["logps/chosen"],
                rejected_logprob=logs.get("logps/rejected", math.nan),
                chosen_logratio=logs.get("logratios/chosen", math.nan),
                rejected_logratio=logs.get("logratios/rejected", math.nan),
                accuracy=logs.get("rewards/accuracies", math.nan),
                learning_rate=logs["learning_rate"],
                grad_norm=float(logs.get("grad_norm", math.nan)),
                tokens=self._examples.tokens(number),
            )
        )
        if state.global_step < state.max_steps:
            self._checkpoints.save(parts["model"], parts["optimizer"], self.steps)
        self._report(number, number + state.max_steps - state.global_step)


def _check_first_loss(loss: float, expected: float) -> None:
    """Before the first step nothing was learned, so that the loss is known beforehand.

    Where the policy is its own reference it is log 2. Elsewhere it is what the policy gives the
    same pairs without a gradient.
    """
    if not abs(loss - expected) <= LOSS_TOLERANCE:
        wanted = "log 2 = " if expected == math.log(2) else ""
        raise TuningError(
            f"the first sigmoid loss is {loss:.5f}, not {wanted}{expected:.5f}: the policy is "
            "not the model that was there before the first step. Was the adapter or the base model "
            "changed during the run?"
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
    reference: AbstractContextManager[Any] | None = None,
    checkpoints: Checkpoints | None = None,
    report: Callable[[int, int], None] = lambda step, steps: None,
) -> list[Step]:
    """Tune `model` (a PEFT model or a plain one) in place on examples; returns its curves.

    An example has `prompt_ids`, `chosen_ids`, `rejected_ids`. `order` holds their numbers as
    `tune.plan` gives them; without it they are taken once, as they stand. `reference` gives the
    model that log-ratios are relative to, which is needed before the first step only; without it
    that is `model` as it is by then. Goes on from the newest of the checkpoints, and ends with the
    same weights as if it had never stopped. `report` gets (step, steps). Raises TuningError if the
    first sigmoid loss is not the expected one (log 2 without a `reference`), or a loss is not
    finite, or there is no step to take, or a preference loss meets an example without a rejected
    side.
    """
    checkpoints = checkpoints or Checkpoints(scratch, 0)
    order = range(len(examples)) if order is None else order
    steps = step_count(len(order), config)
    if not steps:
        raise TuningError("there are no pairs to tune on")
    order = order[: steps * config.batch]
    numbered = Examples(examples, order, config)
    curves = _Curves(checkpoints, numbered, report)
    done = len(curves.steps)
    half = model.dtype == torch.bfloat16 or (device() != "cpu" and config.dtype != "float32")
    _use_fused_parts(model, adapters=not half)
    trainer = PairTrainer(
        config,
        numbered,
        reference,
        model=model,
        args=_arguments(config, steps, done, half=half, seed=seed, scratch=scratch),
        train_dataset=Dataset.from_dict({NUMBER: list(order[done * config.batch :])}),
        processing_class=tokenizer,
        callbacks=[curves],
    )
    if config.loss == SFT:
        curves.first_loss = None
    elif reference is not None and not done:
        curves.first_loss = trainer.expected_first_loss()
    if done:
        trainer.resume, trainer.done = checkpoints.restore, done
    trainer.train()
    if len(curves.steps) != steps:
        raise TuningError(f"{len(curves.steps)} of {steps} optimizer steps were taken")
    if not all(math.isfinite(step.loss) for step in curves.steps):
        raise TuningError("a loss is not finite; lower tuning.learning_rate")
    return curves.steps


def _arguments(
    config: TuningConfig, steps: int, done: int, *, half: bool, seed: int, scratch: Path
) -> DPOConfig:
    """TRL's settings for the steps that are left; `half` computes in bfloat16."""
    on_cpu = device() == "cpu"
    schedules = {"constant": "constant_with_warmup"}
    return DPOConfig(
        output_dir=str(scratch),
        beta=config.beta,
        learning_rate=config.learning_rate,
        lr_scheduler_type=schedules.get(config.schedule, config.schedule),
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

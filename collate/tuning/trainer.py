"""TRL's DPO trainer, fed with token ids and with batches that share prefixes.

TRL brings the optimizer, the schedule, clipping, accumulation and mixed precision. What differs is
in the methods that `PreferenceTrainer` overrides: examples are tokens already, their order is ours,
the reference's log-probabilities are computed once by the code that also computes the policy's,
that code is `batch_logprobs`, and the loss is one of `losses.py`. A test holds that TRL still has
every method that is overridden here.
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
from collate.models.logprobs import use_tree_attention
from collate.tables import CHOSEN, Step
from collate.tuning.batches import (
    NUMBER,
    Batch,
    Example,
    NumberedExamples,
    RoleLogprobs,
    batch_logprobs,
)
from collate.tuning.data import step_count
from collate.tuning.losses import LOSSES, LogRatios, nll_loss, roles_of_loss, sigmoid
from collate.tuning.low_rank import fuse_adapters
from collate.tuning.step_checkpoints import Checkpoints

LOSS_TOLERANCE = 1e-3

# What TRL averages over the micro-batches of a step, and hands to `StepRecorder` as logs.
LOGPROB, LOGRATIO = "logps/", "logratios/"  # the role follows
SIGMOID, MARGIN, ACCURACY = "loss/sigmoid", "rewards/margins", "rewards/accuracies"

Report = Callable[[Step, int], None]
"""Is called after each optimizer step with its numbers and how many steps there are."""


class PreferenceTrainer(DPOTrainer):
    """TRL's trainer over batches that share prefixes; its data set is the order of examples."""

    resume: Callable[[torch.nn.Module, Any], None] | None = None
    """Puts weights and optimizer state of an earlier process in place."""
    steps_before = 0
    """The steps that were taken by then, which the schedule has behind it."""

    def __init__(
        self,
        config: TuningConfig,
        examples: NumberedExamples,
        reference: AbstractContextManager[Any] | None,
        **parts: Any,
    ):
        # Known before TRL begins, which asks for the reference at once.
        self._config, self._examples = config, examples
        self._reference = reference or nullcontext(parts["model"])
        super().__init__(data_collator=cast(Any, examples), **parts)

    # What TRL calls and is overridden ---------------------------------------------------------

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        # Over the steps of all processes, so that a continued tuning has the learning rates of one
        # that never stopped.
        scheduler = super().create_scheduler(self.steps_before + num_training_steps, optimizer)
        if self.resume is not None:
            self.resume(cast(torch.nn.Module, self.model), self.optimizer)
            with warnings.catch_warnings():  # of a schedule that moves before its optimizer
                warnings.simplefilter("ignore")
                for _ in range(self.steps_before):
                    scheduler.step()
        return scheduler

    def _prepare_dataset(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
        return dataset

    def _set_signature_columns_if_needed(self) -> None:
        column_names: Any = list(cast(Dataset, self.train_dataset).column_names)
        self._signature_columns = column_names

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> SequentialSampler:
        dataset = train_dataset if train_dataset is not None else self.train_dataset
        # The plan has shuffled the examples already.
        return SequentialSampler(cast(Dataset, dataset))

    def _precompute_ref_logps(self, dataset: Dataset, name: str, batch_size: int) -> Dataset:
        """Have the examples know what the reference gives them, if the loss asks for it."""
        if self._config.loss == SFT:
            return dataset
        with self._reference as model:
            use_tree_attention(model)
            for numbers in self._examples.batches_for_reference(dataset[NUMBER], batch_size):
                logprobs = self._without_gradient(model, self._examples.batch(numbers))
                self._examples.keep_references(numbers, logprobs)
        return dataset

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Tensor:
        """The mean loss over the examples of a micro-batch; its numbers go where TRL keeps its."""
        batch, config = inputs["batch"], self._config
        logprobs = batch_logprobs(model, batch)
        self._keep_means(LOGPROB, logprobs.sums)
        chosen_nll = nll_loss(logprobs.sums[CHOSEN], logprobs.tokens[CHOSEN]).mean()
        if config.loss == SFT:
            return chosen_nll
        log_ratios = _log_ratios(logprobs, batch)
        loss = LOSSES[config.loss](log_ratios, config).mean()
        if config.nll_weight:
            loss = loss + config.nll_weight * chosen_nll
        with torch.no_grad():
            margin_P = log_ratios.margin_P(config.beta)
            self._keep_means(LOGRATIO, log_ratios.ratios)
            logged_numbers = {
                SIGMOID: sigmoid(log_ratios, config), MARGIN: margin_P,
                ACCURACY: (margin_P > 0).float(),
            }  # fmt: skip
            self._keep_means("", logged_numbers)
        return loss

    def floating_point_ops(self, inputs: Any) -> int:
        return 0

    # What is our own --------------------------------------------------------------------------

    def expected_first_loss(self) -> float:
        """The sigmoid loss of the first step's examples, computed apart from the training step."""
        numbers, size = self._examples.of_step(1), self._config.micro_batch
        losses = []
        for start in range(0, len(numbers), size):
            batch = self._examples.batch(numbers[start : start + size]).to(self.accelerator.device)
            log_ratios = _log_ratios(self._without_gradient(self.model, batch), batch)
            losses.append(sigmoid(log_ratios, self._config).mean().item())
        return sum(losses) / len(losses)

    def _without_gradient(self, model: Any, batch: Batch) -> RoleLogprobs:
        was_training = model.training
        model.eval()
        with torch.no_grad(), self.accelerator.autocast():
            logprobs = batch_logprobs(model, batch.to(self.accelerator.device))
        model.train(was_training)
        return logprobs

    def _keep_means(self, prefix: str, values: Mapping[str, Tensor]) -> None:
        for name, value_P in values.items():
            self._metrics["train"][f"{prefix}{name}"].append(value_P.detach().mean().item())


def _log_ratios(logprobs: RoleLogprobs, batch: Batch) -> LogRatios:
    ratio_by_role = {}
    for role, sum_P in logprobs.sums.items():
        ratio_by_role[role] = sum_P - batch.reference_P[role]
    return LogRatios(ratio_by_role, logprobs.tokens)


class StepRecorder(TrainerCallback):
    """Keeps every step's numbers, and stops at once when the first loss is not as expected."""

    expected_first_loss: float | None = math.log(2)
    """The sigmoid loss of the first step; None where there is no preference to have one."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        examples: NumberedExamples,
        roles: Sequence[str],
        report: Report,
    ):
        self.steps = checkpoints.latest()
        self._checkpoints, self._examples = checkpoints, examples
        self._roles, self._report = roles, report

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **parts: Any) -> None:
        if not logs or f"{LOGPROB}{CHOSEN}" not in logs:
            return  # a summary that TRL logs at the end
        if not self.steps and self.expected_first_loss is not None:
            _check_first_loss(logs[SIGMOID], self.expected_first_loss)
        step = self._step(len(self.steps) + 1, logs)
        self.steps.append(step)
        # After the last step the weights themselves are written.
        if state.global_step < state.max_steps:
            self._checkpoints.save(parts["model"], parts["optimizer"], self.steps)
        # `state` counts the steps of this process alone: the difference is what is left.
        self._report(step, step.step + state.max_steps - state.global_step)

    def _step(self, number: int, logs: Mapping[str, float]) -> Step:
        return Step(
            step=number,
            loss=logs["loss"],
            margin=logs.get(MARGIN, math.nan),
            logprobs=_by_role(logs, LOGPROB, self._roles),
            logratios=_by_role(logs, LOGRATIO, self._roles),
            accuracy=logs.get(ACCURACY, math.nan),
            learning_rate=logs["learning_rate"],
            grad_norm=float(logs.get("grad_norm", math.nan)),
            tokens=self._examples.tokens(number),
        )


def _by_role(logs: Mapping[str, float], prefix: str, roles: Sequence[str]) -> dict[str, float]:
    return {role: logs[f"{prefix}{role}"] for role in roles if f"{prefix}{role}" in logs}


def _check_first_loss(loss: float, expected: float) -> None:
    """Before the first step nothing was learned, so that the loss is known beforehand.

    Where the policy is its own reference it is log 2. Elsewhere it is what the policy gives the
    same examples without a gradient.
    """
    # Not `>`, which would let NaN pass.
    if not abs(loss - expected) <= LOSS_TOLERANCE:
        log_2 = "log 2 = " if expected == math.log(2) else ""
        raise TuningError(
            f"the first sigmoid loss is {loss:.5f}, not {log_2}{expected:.5f}: the policy is "
            "not the model that was there before the first step. Was the adapter or the base model "
            "changed during the run?"
        )


def train(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example] | Dataset,
    config: TuningConfig,
    *,
    seed: int,
    scratch: Path,
    order: Sequence[int] | None = None,
    reference: AbstractContextManager[Any] | None = None,
    checkpoints: Checkpoints | None = None,
    report: Report = lambda step, steps: None,
) -> list[Step]:
    """Tune `model` (a PEFT model or a plain one) in place on examples; returns its curves.

    Examples are those of `data.py`. `order` holds their numbers as `data.plan` gives them; without
    it they are taken once, as they stand. `reference` gives the model that log-ratios are relative
    to, which is needed before the first step only; without it that is `model` as it is by then.
    Goes on from the newest of the checkpoints, and ends with the same weights as if it had never
    stopped. Raises TuningError if the first sigmoid loss is not the expected one (log 2 without a
    `reference`), or a loss is not finite, or there is no step to take, or an example lacks a role
    that the loss needs.
    """
    checkpoints = checkpoints or Checkpoints(scratch, 0)
    order = range(len(examples)) if order is None else order
    steps = step_count(len(order), config)
    if not steps:
        raise TuningError("there are no preferences to tune on")
    # tuning.max_steps may end it before its last example.
    order = order[: steps * config.batch]
    numbered = NumberedExamples(examples, order, config)
    recorder = StepRecorder(checkpoints, numbered, roles_of_loss(config.loss), report)
    steps_done, in_bfloat16 = len(recorder.steps), _computes_in_bfloat16(model, config)
    use_tree_attention(model)
    if not in_bfloat16:  # autocast would mix the types of adapter and layer
        fuse_adapters(model)
    trainer = PreferenceTrainer(
        config,
        numbered,
        reference,
        model=model,
        args=_arguments(config, steps, steps_done, half=in_bfloat16, seed=seed, scratch=scratch),
        train_dataset=Dataset.from_dict({NUMBER: list(order[steps_done * config.batch :])}),
        processing_class=tokenizer,
        callbacks=[recorder],
    )
    if config.loss == SFT:  # no preference, and so no sigmoid loss
        recorder.expected_first_loss = None
    elif reference is not None and not steps_done:
        recorder.expected_first_loss = trainer.expected_first_loss()
    if steps_done:
        trainer.resume, trainer.steps_before = checkpoints.restore, steps_done
    trainer.train()
    _check_finished(recorder.steps, steps)
    return recorder.steps


def _computes_in_bfloat16(model: Any, config: TuningConfig) -> bool:
    return model.dtype == torch.bfloat16 or (device() != "cpu" and config.dtype != "float32")


def _check_finished(taken: Sequence[Step], steps: int) -> None:
    if len(taken) != steps:
        raise TuningError(f"{len(taken)} of {steps} optimizer steps were taken")
    if not all(math.isfinite(step.loss) for step in taken):
        raise TuningError("a loss is not finite; lower tuning.learning_rate")


def _arguments(
    config: TuningConfig, steps: int, done: int, *, half: bool, seed: int, scratch: Path
) -> DPOConfig:
    """TRL's settings for the steps that are left; `half` computes in bfloat16."""
    on_cpu = device() == "cpu"
    # What transformers calls a schedule that stays after its warm-up.
    schedule = {"constant": "constant_with_warmup"}.get(config.schedule, config.schedule)
    return DPOConfig(
        output_dir=str(scratch),
        beta=config.beta,
        learning_rate=config.learning_rate,
        lr_scheduler_type=schedule,
        warmup_steps=round(config.warmup_ratio * steps),
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
        # `StepRecorder` gets the numbers of a step from the log, so that every step is logged.
        logging_steps=1,
        # `Checkpoints` saves instead, in safe formats and with digests.
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        # numpy, which is seeded as well, takes no 63-bit seed.
        seed=seed % 2**31,
    )

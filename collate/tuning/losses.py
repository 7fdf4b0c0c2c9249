"""Losses of tuning as pure functions of log-probabilities, by the names that TRL has for them.

What goes in are log-ratios of completions, log pi - log pi_ref summed over a completion's tokens,
in nats, by the role that a completion has in its preference, and the settings. What comes out is
one loss per preference, shape (P,), whose mean is taken. Gradients flow into the policy's
log-probabilities. The tests hold each of them against TRL's own loss and gradients.

`tuning.loss` names the preference loss; `tuning.nll_weight` adds the negative log-likelihood of the
chosen to it. docs/extending.md says what a new loss needs besides a function here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from collate.config.schema import SFT, TuningConfig
from collate.tables import CHOSEN, REJECTED


@dataclass(frozen=True)
class LogRatios:
    """By role, what a preference loss may look at: log-ratios in nats, lengths in tokens; (P,)."""

    ratios: Mapping[str, Tensor]
    tokens: Mapping[str, Tensor]

    @property
    def chosen_P(self) -> Tensor:
        return self.ratios[CHOSEN]

    @property
    def rejected_P(self) -> Tensor:
        return self.ratios[REJECTED]

    def margin_P(self, beta: float) -> Tensor:
        """Difference of the implicit rewards, beta log pi/pi_ref, of chosen and rejected."""
        return beta * (self.chosen_P - self.rejected_P)

    def token_margin_P(self) -> Tensor:
        """Difference of the log-ratios per token, in nats."""
        chosen_per_token_P = self.chosen_P / self.tokens[CHOSEN]
        return chosen_per_token_P - self.rejected_P / self.tokens[REJECTED]


Loss = Callable[[LogRatios, TuningConfig], Tensor]


def roles_of_loss(loss: str) -> tuple[str, ...]:
    """The roles that a preference must fill for a loss to be taken."""
    return (CHOSEN,) if loss == SFT else (CHOSEN, REJECTED)


def sigmoid(ratios: LogRatios, config: TuningConfig) -> Tensor:
    """-log sigmoid of the reward margin: DPO (Rafailov et al. 2023, eq. 7; COLLATE eq. 8)."""
    return -logsigmoid(ratios.margin_P(config.beta))


def ipo(ratios: LogRatios, config: TuningConfig) -> Tensor:
    """Squared distance of the margin per token from 1/(2 beta): IPO (Azar et al. 2024, eq. 17).

    Its authors take log-ratios per token, as TRL does; the paper's tau is `beta`.
    """
    return (ratios.token_margin_P() - 1 / (2 * config.beta)) ** 2


def hinge(ratios: LogRatios, config: TuningConfig) -> Tensor:
    """How far the reward margin is below 1 (SLiC, Zhao et al. 2023; RSO, Liu et al. 2024)."""
    return torch.relu(1 - ratios.margin_P(config.beta))


def robust(ratios: LogRatios, config: TuningConfig) -> Tensor:
    """Sigmoid loss freed of the bias of flipped labels: robust DPO (Chowdhury et al. 2024).

    Where a share `label_smoothing` of the preferences is the wrong way round, the expected loss is
    the sigmoid loss of the right ones.
    """
    margin_P, flipped_share = ratios.margin_P(config.beta), config.label_smoothing
    clean_P = -(1 - flipped_share) * logsigmoid(margin_P)
    return (clean_P + flipped_share * logsigmoid(-margin_P)) / (1 - 2 * flipped_share)


def apo_zero(ratios: LogRatios, config: TuningConfig) -> Tensor:
    """Chosen up and rejected down, each by itself: APO-zero (D'Oosterlinck et al. 2024, eq. 7)."""
    chosen_P = torch.sigmoid(config.beta * ratios.chosen_P)
    return 1 - chosen_P + torch.sigmoid(config.beta * ratios.rejected_P)


def apo_down(ratios: LogRatios, config: TuningConfig) -> Tensor:
    """Both down, the rejected more: APO-down (D'Oosterlinck et al. 2024, eq. 8)."""
    chosen_P = torch.sigmoid(config.beta * ratios.chosen_P)
    return chosen_P + 1 - torch.sigmoid(ratios.margin_P(config.beta))


def sppo_hard(ratios: LogRatios, config: TuningConfig) -> Tensor:
    """Chosen to 1/(2 beta) nats above the reference, rejected to as much below it.

    SPPO (Wu et al. 2024, eq. 4.7) with a probability of winning of 1 and 0; eta is 1/beta.
    """
    target_ratio = 0.5 / config.beta
    return (ratios.chosen_P - target_ratio) ** 2 + (ratios.rejected_P + target_ratio) ** 2


def sigmoid_norm(ratios: LogRatios, config: TuningConfig) -> Tensor:
    """DPO with log-ratios per token (Lambert et al. 2024, Tulu 3, eq. 6)."""
    return -logsigmoid(config.beta * ratios.token_margin_P())


LOSSES: Mapping[str, Loss] = {
    "sigmoid": sigmoid,
    "ipo": ipo,
    "hinge": hinge,
    "robust": robust,
    "apo_zero": apo_zero,
    "apo_down": apo_down,
    "sppo_hard": sppo_hard,
    "sigmoid_norm": sigmoid_norm,
}


def nll_loss(chosen_P: Tensor, chosen_tokens_P: Tensor) -> Tensor:
    """Negative log-likelihood of the chosen, per token of the micro-batch; shape (P,).

    `chosen_P` is the policy's own log-probability. The mean over the preferences is the mean over
    all chosen tokens, as TRL's `sft` term has it (Pang et al. 2024, eq. 2 divides per completion
    instead). So another `tuning.micro_batch` weighs long and short completions a little otherwise.
    """
    return -chosen_P * (len(chosen_P) / chosen_tokens_P.sum())

"""Preference losses as pure functions of log-probabilities.

Sums over a completion's tokens, in nats, go in; one loss per pair comes out. All arguments are
tensors of shape (P,); gradients flow into the policy's, not the reference's.
"""

from torch import Tensor
from torch.nn.functional import logsigmoid


def reward_margin(
    chosen_P: Tensor,
    rejected_P: Tensor,
    ref_chosen_P: Tensor,
    ref_rejected_P: Tensor,
    *,
    beta: float,
) -> Tensor:
    """Difference of the implicit rewards, beta (log pi/pi_ref), of chosen and rejected; (P,)."""
    return beta * ((chosen_P - ref_chosen_P) - (rejected_P - ref_rejected_P))


def sigmoid_loss(margin_P: Tensor) -> Tensor:
    """-log sigmoid of the reward margin: DPO (Rafailov et al. 2023, eq. 7; COLLATE eq. 8)."""
    return -logsigmoid(margin_P)


def nll_loss(chosen_P: Tensor, chosen_tokens_P: Tensor) -> Tensor:
    """Negative log-likelihood of the chosen, per token of the batch; shape (P,).

    The mean over the pairs is the mean over all chosen tokens, as TRL's `sft` term has it
    (Pang et al. 2024, eq. 2 divides per completion instead).
    """
    return -chosen_P * (len(chosen_P) / chosen_tokens_P.sum())

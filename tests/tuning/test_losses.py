"""What each loss is by itself; `test_against_trl.py` holds them against TRL on a model."""

import inspect
import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from collate.config.schema import PREFERENCE_LOSSES, TuningConfig
from collate.tables import CHOSEN, REJECTED
from collate.tuning import losses
from collate.tuning.losses import LOSSES, LogRatios

BETA = 0.5


def ratios(chosen: list[float], rejected: list[float], lengths: tuple[int, int]) -> LogRatios:
    def real(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, requires_grad=True)

    tokens_P, rejected_tokens_P = (torch.full((len(chosen),), length) for length in lengths)
    return LogRatios(
        {CHOSEN: real(chosen), REJECTED: real(rejected)},
        {CHOSEN: tokens_P, REJECTED: rejected_tokens_P},
    )


def some(seed: int = 0, pairs: int = 50) -> LogRatios:
    generator = torch.Generator().manual_seed(seed)
    chosen, rejected = (6 * torch.randn(2, pairs, generator=generator)).tolist()
    return ratios(chosen, rejected, (4, 7))


def swapped(one: LogRatios) -> LogRatios:
    turned = {CHOSEN: REJECTED, REJECTED: CHOSEN}
    return LogRatios(
        {role: one.ratios[other] for role, other in turned.items()},
        {role: one.tokens[other] for role, other in turned.items()},
    )


def loss(name: str, of: LogRatios, **settings: float) -> Tensor:
    return LOSSES[name](of, replace(TuningConfig(loss=name, beta=BETA), **settings))


def test_the_settings_name_every_function_of_log_ratios() -> None:
    functions = {
        name: list(inspect.signature(one).parameters)
        for name, one in vars(losses).items()
        if inspect.isfunction(one)
    }
    assert tuple(LOSSES) == tuple(PREFERENCE_LOSSES)
    assert all(LOSSES[name].__name__ == name for name in LOSSES)
    assert set(LOSSES) == {name for name, of in functions.items() if of == ["ratios", "config"]}


# Of a policy that is its reference, and of log-ratios 0.5 (2 tokens) and -1.5 (3 tokens):
# beta 0.5 gives rewards 0.25 and -0.75, a margin of 1, and 0.75 nats a token.
BY_HAND = {
    "sigmoid": (math.log(2), 0.313262),
    "ipo": (1.0, (0.75 - 1) ** 2),
    "hinge": (1.0, 0.0),
    "robust": (math.log(2), (0.9 * 0.313262 - 0.1 * 1.313262) / 0.8),
    "apo_zero": (1.0, 1 - 0.562177 + 0.320821),
    "apo_down": (1.0, 0.562177 + 1 - 0.731059),
    "sppo_hard": (2.0, (0.5 - 1) ** 2 + (-1.5 + 1) ** 2),
    "sigmoid_norm": (math.log(2), math.log(1 + math.exp(-0.375))),
}


@pytest.mark.parametrize("name", LOSSES)
def test_numbers_worked_out_by_hand(name: str) -> None:
    at_start, apart = BY_HAND[name]
    found = loss(name, ratios([0.0, 0.5], [0.0, -1.5], (2, 3)), label_smoothing=0.1)
    assert found.tolist() == pytest.approx([at_start, apart], abs=2e-6)


def test_ipo_is_least_at_a_margin_per_token_of_half_of_one_by_beta() -> None:
    margins = [1 / (2 * BETA) + away for away in (-0.3, 0.0, 0.3)]
    one = ratios([5 * margin for margin in margins], [0.0] * 3, (5, 9))
    found_P = loss("ipo", one)
    assert found_P.tolist() == pytest.approx([0.09, 0, 0.09])
    (slope_P,) = torch.autograd.grad(found_P.sum(), one.chosen_P)
    assert slope_P[0] < -0.1 and slope_P[1].abs() < 1e-12 and slope_P[2] > 0.1


def test_hinge_is_a_line_of_slope_beta_up_to_a_margin_of_1_and_nothing_beyond() -> None:
    one = some()
    found_P = loss("hinge", one)
    chosen_P, rejected_P = torch.autograd.grad(found_P.sum(), (one.chosen_P, one.rejected_P))
    beyond_P = BETA * (one.chosen_P - one.rejected_P) > 1
    assert beyond_P.any() and not beyond_P.all()
    assert found_P[beyond_P].eq(0).all() and found_P[~beyond_P].gt(0).all()
    assert chosen_P.tolist() == [0.0 if beyond else -BETA for beyond in beyond_P]
    torch.testing.assert_close(rejected_P, -chosen_P)


@pytest.mark.parametrize("flipped", [0.0, 0.1, 0.45])
def test_robust_over_flipped_labels_is_the_sigmoid_loss_of_the_right_ones(flipped: float) -> None:
    one = some()
    expected_P = (1 - flipped) * loss("robust", one, label_smoothing=flipped)
    expected_P = expected_P + flipped * loss("robust", swapped(one), label_smoothing=flipped)
    torch.testing.assert_close(expected_P, loss("sigmoid", one))


def test_swapping_the_sides_changes_the_sigmoid_loss_by_the_margin() -> None:
    one = some()
    margin_P = BETA * (one.chosen_P - one.rejected_P)
    torch.testing.assert_close(loss("sigmoid", swapped(one)) - loss("sigmoid", one), margin_P)
    torch.testing.assert_close(
        loss("apo_zero", one) + loss("apo_zero", swapped(one)), torch.full_like(margin_P, 2)
    )


def slopes(name: str, one: LogRatios) -> tuple[float, float]:
    chosen_P, rejected_P = torch.autograd.grad(
        loss(name, one).sum(), (one.chosen_P, one.rejected_P)
    )
    return chosen_P.item(), rejected_P.item()


def test_apo_zero_lifts_the_chosen_and_apo_down_lowers_both_the_rejected_more() -> None:
    chosen, rejected = slopes("apo_zero", ratios([0.2], [-0.4], (3, 3)))
    assert chosen < 0 < rejected
    # Once the margin is there; before, it lifts the chosen for the margin's sake.
    chosen, rejected = slopes("apo_down", ratios([0.2], [-6.0], (3, 3)))
    assert rejected > 0 and chosen > 0
    chosen, rejected = slopes("apo_down", ratios([0.0], [0.0], (3, 3)))
    assert chosen == 0 and rejected == pytest.approx(BETA / 4)


def test_sppo_is_least_where_each_side_is_where_it_belongs() -> None:
    aim = 1 / (2 * BETA)
    assert loss("sppo_hard", ratios([aim], [-aim], (3, 8))).item() == 0
    assert loss("sppo_hard", ratios([aim + 0.5], [-aim], (3, 8))).item() == pytest.approx(0.25)


def test_sigmoid_norm_does_not_depend_on_length_at_equal_ratios_per_token() -> None:
    short = loss("sigmoid_norm", ratios([2.0], [-3.0], (2, 3)))
    long = loss("sigmoid_norm", ratios([20.0], [-30.0], (20, 30)))
    assert short.item() == pytest.approx(long.item())
    one = ratios([2.0], [-3.0], (1, 1))
    assert loss("sigmoid_norm", one).item() == pytest.approx(loss("sigmoid", one).item())

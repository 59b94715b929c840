"""A hundred steps beside PyTorch's, where the formulas agree.

They agree for every member but for where epsilon stands in Adam's family; there an epsilon too
small to matter lets the rest be compared.
"""

import numpy as np
import pytest

import optim
from autograd import Tensor
from optim import schedule

torch = pytest.importorskip("torch", reason="PyTorch is not installed: the oracle of these tests")

NONE = 1e-200


@pytest.fixture(autouse=True)
def one_thread():
    """Six numbers: threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


PAIRS = {
    "SGD": (optim.SGD, {"lr": 0.02}, "SGD", {"lr": 0.02}),
    "SGD momentum": (
        optim.SGD, {"lr": 0.02, "momentum": 0.9}, "SGD", {"lr": 0.02, "momentum": 0.9},
    ),
    "Momentum": (optim.Momentum, {"lr": 0.02}, "SGD", {"lr": 0.02, "momentum": 0.9}),
    "NAG": (
        optim.NAG, {"lr": 0.02}, "SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True},
    ),
    "SGD weight decay": (
        optim.SGD, {"lr": 0.02, "momentum": 0.5, "weight_decay": 0.1},
        "SGD", {"lr": 0.02, "momentum": 0.5, "weight_decay": 0.1},
    ),
    "Adagrad": (optim.Adagrad, {"lr": 0.1}, "Adagrad", {"lr": 0.1, "eps": 1e-6}),
    "Adadelta": (optim.Adadelta, {}, "Adadelta", {"lr": 1.0, "rho": 0.95, "eps": 1e-7}),
    "RMSprop": (
        optim.RMSprop, {"lr": 0.003}, "RMSprop", {"lr": 0.003, "alpha": 0.9, "eps": 1e-7},
    ),
    "RMSprop centered": (
        optim.RMSprop, {"lr": 0.003, "centered": True},
        "RMSprop", {"lr": 0.003, "alpha": 0.9, "eps": 1e-7, "centered": True},
    ),
    "Adam": (optim.Adam, {"lr": 0.05, "epsilon": NONE}, "Adam", {"lr": 0.05, "eps": NONE}),
    "Adam amsgrad": (
        optim.Adam, {"lr": 0.05, "epsilon": NONE, "amsgrad": True},
        "Adam", {"lr": 0.05, "eps": NONE, "amsgrad": True},
    ),
    "AdamW": (
        optim.AdamW, {"lr": 0.05, "epsilon": NONE, "weight_decay": 0.1},
        "AdamW", {"lr": 0.05, "eps": NONE, "weight_decay": 0.1},
    ),
    "Adamax": (optim.Adamax, {"lr": 0.05, "epsilon": NONE}, "Adamax", {"lr": 0.05, "eps": NONE}),
    "Nadam": (
        optim.Nadam, {"lr": 0.05}, "NAdam", {"lr": 0.05, "momentum_decay": 0.004, "eps": 1e-7},
    ),
    "RAdam": (optim.RAdam, {"lr": 0.05}, "RAdam", {"lr": 0.05, "eps": 1e-7}),
    "LBFGS": (
        optim.LBFGS, {"lr": 0.2, "line_search": False, "history_size": 100, "max_iter": 4,
                      "tolerance_grad": 0.0, "tolerance_change": 0.0},
        "LBFGS", {"lr": 0.2, "max_iter": 4, "tolerance_grad": 0, "tolerance_change": 0},
    ),
}  # fmt: skip


def test_every_member_is_compared(family):
    assert family in [ours for ours, *_ in PAIRS.values()]


@pytest.mark.parametrize("name", PAIRS)
def test_a_hundred_steps(name):
    ours, settings, theirs, their_settings = PAIRS[name]
    rng = np.random.default_rng(0)
    w0, b0, data = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=(20, 3))

    w, b = Tensor(w0, requires_grad=True), Tensor(b0, requires_grad=True)
    optimizer = ours([w, b], **settings)
    tw, tb = (torch.nn.Parameter(torch.tensor(v)) for v in (w0, b0))
    reference = getattr(torch.optim, theirs)([tw, tb], **their_settings)

    def closure():
        reference.zero_grad()
        loss = ((torch.tensor(data) @ tw + tb) ** 2).mean() + (tw**4).sum() / 10
        loss.backward()
        return loss

    for _ in range(100):
        optimizer.minimize(lambda: ((data @ w + b) ** 2).mean() + (w**4).sum() / 10)
        reference.step(closure)
    np.testing.assert_allclose(w.data, tw.detach().numpy(), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(b.data, tb.detach().numpy(), rtol=1e-9, atol=1e-11)


SCHEDULES = {
    "StepLR": (schedule.Step(0.5, 7, 0.3), lambda s, o: s.StepLR(o, 7, 0.3)),
    "ExponentialLR": (schedule.Exponential(0.5, 0.97), lambda s, o: s.ExponentialLR(o, 0.97)),
    "CosineAnnealingLR": (
        schedule.Cosine(0.5, 99, 0.01), lambda s, o: s.CosineAnnealingLR(o, 99, 0.01),
    ),
    "CosineAnnealingWarmRestarts": (
        schedule.CosineRestarts(0.5, 8, 2, 0.01),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 8, 2, 0.01),
    ),
    "OneCycleLR": (
        schedule.OneCycle(0.5, 100), lambda s, o: s.OneCycleLR(o, 0.5, 100, cycle_momentum=False),
    ),
    "LinearLR": (
        schedule.Warmup(0.5, 9), lambda s, o: s.LinearLR(o, start_factor=0.1, total_iters=9),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    ours, theirs = SCHEDULES[name]
    reference = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    scheduler = theirs(torch.optim.lr_scheduler, reference)
    for t in range(100):
        assert ours(t) == pytest.approx(reference.param_groups[0]["lr"], rel=1e-9), t
        reference.step()
        scheduler.step()


def test_reduce_on_plateau():
    rng = np.random.default_rng(0)
    ours = schedule.ReduceOnPlateau(0.5, factor=0.7, patience=3, lowest=0.01)
    reference = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        reference, factor=0.7, patience=3, min_lr=0.01, eps=0
    )
    for t in range(200):
        loss = 1 / (t + 1) + rng.normal() * 0.01 + 1
        ours.report(loss)
        scheduler.step(loss)
        assert ours(t) == pytest.approx(reference.param_groups[0]["lr"]), t

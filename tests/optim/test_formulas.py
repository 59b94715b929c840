"""Every optimizer against its formula from the paper, on one number, in Python's own arithmetic.

The formulas here are written as sums over all past gradients, not as the recursions that the
library runs, and (for Adam's family) with the bias corrections where the papers have them.
"""

import math

import numpy as np
import pytest

import optim
from optim.optimizer import Optimizer


def mean(gs, share):
    """The running mean, unrolled: (1 − share)·Σ share^(t−i)·g_i."""
    return (1 - share) * sum(share ** (len(gs) - i) * g for i, g in enumerate(gs, 1))


def sgd(s, gs):
    def velocity(gs):
        return -s["lr"] * sum(s["momentum"] ** (len(gs) - i) * g for i, g in enumerate(gs, 1))

    if s["nesterov"] and s["momentum"]:
        return s["momentum"] * velocity(gs) - s["lr"] * gs[-1]
    return velocity(gs) if s["momentum"] else -s["lr"] * gs[-1]


def adagrad(s, gs):
    return -s["lr"] * gs[-1] / (math.sqrt(sum(g**2 for g in gs)) + s["epsilon"])


def adadelta(s, gs):
    deltas = []
    for t in range(1, len(gs) + 1):
        a = mean([g**2 for g in gs[:t]], s["rho"])
        d = mean([delta**2 for delta in deltas], s["rho"])
        deltas.append(gs[t - 1] * math.sqrt((d + s["epsilon"]) / (a + s["epsilon"])))
    return -s["lr"] * deltas[-1]


def rmsprop(s, gs):
    a = mean([g**2 for g in gs], s["rho"])
    if s["centered"]:
        a -= mean(gs, s["rho"]) ** 2
    return -s["lr"] * gs[-1] / (math.sqrt(a) + s["epsilon"])


def moments(s, gs):
    """m̂, v̂ (the largest so far with amsgrad, which bounds v before it is corrected), ε̂."""
    t = len(gs)
    correct = 1 - s["beta_2"] ** t
    vs = [mean([g**2 for g in gs[:i]], s["beta_2"]) for i in range(1, t + 1)]
    v = max(vs) if s.get("amsgrad") else vs[-1]
    m_hat = mean(gs, s["beta_1"]) / (1 - s["beta_1"] ** t)
    return m_hat, v / correct, s["epsilon"] / math.sqrt(correct)


def adam(s, gs):
    m, v, epsilon = moments(s, gs)
    return -s["lr"] * m / (math.sqrt(v) + epsilon)


def adamw(s, gs, p):
    return -s["lr"] * s["weight_decay"] * p + adam(s, gs)


def adamax(s, gs):
    t = len(gs)
    m_hat = mean(gs, s["beta_1"]) / (1 - s["beta_1"] ** t)
    u = max(s["beta_2"] ** (t - i) * abs(g) for i, g in enumerate(gs, 1))
    return -s["lr"] * m_hat / (u + s["epsilon"])


def nadam(s, gs):
    t = len(gs)
    mu = [s["beta_1"] * (1 - 0.5 * 0.96 ** (i * s["schedule_decay"])) for i in range(1, t + 2)]
    g_hat = gs[-1] / (1 - math.prod(mu[:t]))
    m_hat = mean(gs, s["beta_1"]) / (1 - math.prod(mu))
    v_hat = mean([g**2 for g in gs], s["beta_2"]) / (1 - s["beta_2"] ** t)
    ahead = (1 - mu[t - 1]) * g_hat + mu[t] * m_hat
    return -s["lr"] * ahead / (math.sqrt(v_hat) + s["epsilon"])


def radam(s, gs):
    t, beta = len(gs), s["beta_2"]
    m, v, epsilon = moments(s, gs)
    limit = 2 / (1 - beta) - 1
    rho = limit - 2 * t * beta**t / (1 - beta**t)
    if rho <= 5:
        return -s["lr"] * m
    r = math.sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
    return -s["lr"] * r * m / (math.sqrt(v) + epsilon)


ORACLES = {
    "SGD": sgd, "Momentum": sgd, "NAG": sgd, "Adagrad": adagrad, "Adadelta": adadelta,
    "RMSprop": rmsprop, "Adam": adam, "AdamW": adamw, "Adamax": adamax, "Nadam": nadam,
    "RAdam": radam,
}  # fmt: skip


def test_every_member_has_an_oracle(family):
    assert family.__name__ in ORACLES


@pytest.mark.parametrize("start", [-7.0, 0.25, 30.0])
@pytest.mark.parametrize("steps", [3, 12])  # RAdam begins to divide at its sixth
def test_steps_are_the_formula(make, start, steps):
    optimizer = make(lr=0.1)
    settings = {name: getattr(optimizer, name) for name in optimizer.settings}
    oracle = ORACLES[type(optimizer).__name__]
    params, p, gs = {"p": np.array([start])}, start, []
    for t in range(steps):
        g = math.sin(p) + p / 10
        now = settings | {"lr": 0.1 / (1 + settings.get("decay", 0) * t)}
        optimizer.update(params, {"p": np.array([math.sin(params["p"][0]) + params["p"][0] / 10])})
        coupled = settings.get("weight_decay", 0) if oracle is sgd else 0
        gs.append(g + coupled * p)
        p += adamw(now, gs, p) if oracle is adamw else oracle(now, gs)
        assert params["p"][0] == pytest.approx(p, rel=1e-12, abs=1e-13), f"step {t + 1}"


def test_amsgrad_never_forgets_a_large_gradient():
    grads = [10.0] + [0.1] * 50

    def end(optimizer):
        params = {"p": np.array([0.0])}
        for g in grads:
            optimizer.update(params, {"p": np.array([g])})
        return params["p"][0]

    assert end(optim.Adam(beta_2=0.5)) < 2 * end(optim.Adam(beta_2=0.5, amsgrad=True)) < 0


def test_nadam_is_right_long_after_its_product_of_momenta_is_zero():
    params, mu, product, m, v = {"p": np.array([1.0])}, [], 1.0, 0.0, 0.0
    optimizer, p = optim.Nadam(), 1.0
    for t in range(1, 400):
        g = math.cos(t)
        optimizer.update(params, {"p": np.array([g])})
        mu = [0.9 * (1 - 0.5 * 0.96 ** (i * 0.004)) for i in (t, t + 1)]
        product *= mu[0]
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        ahead = (1 - mu[0]) * g / (1 - product) + mu[1] * m / (1 - product * mu[1])
        p -= 0.002 * ahead / (math.sqrt(v / (1 - 0.999**t)) + 1e-7)
    assert params["p"][0] == pytest.approx(p, rel=1e-13)


def test_an_optimizer_of_your_own_is_its_settings_and_its_formula():
    class SignDescent(Optimizer):
        lr: float = 0.5

        @staticmethod
        def formula(p, g, *, lr):
            p -= lr * np.sign(g)

    params = {"w": np.array([1.0, -1.0, 0.0])}
    SignDescent().update(params, {"w": np.array([3.0, -2.0, 0.0])})
    assert params["w"].tolist() == [0.5, -0.5, 0.0]
    assert repr(SignDescent()) == "SignDescent(lr=0.5): 0 parameters, 0 steps"


def test_a_formula_that_asks_for_an_unknown_setting_is_refused_when_it_is_written():
    with pytest.raises(TypeError, match=r"asks for 'rate', which is not t .* settings: lr"):

        class Misspelt(Optimizer):
            lr: float = 0.5

            @staticmethod
            def formula(p, g, *, rate):
                p -= rate * g

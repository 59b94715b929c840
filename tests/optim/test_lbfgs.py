"""LBFGS: it finds minima, its line search keeps Wolfe's conditions, it resumes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
from autograd import Tensor
from optim.linesearch import DECREASE, FLATTEN, strong_wolfe


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@pytest.mark.parametrize("size", [2, 10])
def test_rosenbrocks_banana(size):
    x = Tensor(np.resize([-1.2, 1.0], size), requires_grad=True)
    lbfgs = optim.LBFGS(max_iter=200)
    lbfgs.minimize(lambda: rosenbrock(x))
    np.testing.assert_allclose(x.data, 1, atol=1e-5)


@given(st.integers(0, 10**6))
def test_a_quadratic_bowl_of_many_parameters(seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(5, 5))
    hessian, target = a @ a.T + np.eye(5), rng.normal(size=5)
    x, y = (Tensor(v, requires_grad=True) for v in (rng.normal(size=(3, 1)), rng.normal(size=2)))

    def loss():
        d = np.concatenate([x[:, 0], y]) - target
        return d @ hessian @ d

    optim.LBFGS([x, y], max_iter=60).minimize(loss)
    np.testing.assert_allclose([*x.data.ravel(), *y.data], target, atol=1e-4)


@given(
    roots=st.lists(st.floats(-3, 3), min_size=2, max_size=4, unique=True),
    alpha=st.floats(1e-3, 10),
)
def test_wolfes_conditions_hold(roots, alpha):
    """Along the line −f'(0) of ∫ Π (x − root) + x⁶."""
    polynomial = np.polynomial.Polynomial.fromroots(roots).integ()
    f = polynomial + np.polynomial.Polynomial([0] * 6 + [1])
    slope = f.deriv()
    direction = np.array([-slope(0.0)])
    if abs(direction[0]) < 1e-3:
        return
    seen = []

    def evaluate(alpha):
        seen.append(alpha)
        x = alpha * direction
        return float(f(x)[0]), slope(x)

    end = strong_wolfe(evaluate, direction, float(f(0.0)), np.array([slope(0.0)]), alpha)
    start = -float(direction[0] ** 2)
    assert end.alpha in seen
    assert end.value <= f(0.0) + DECREASE * end.alpha * start
    assert abs(end.slope) <= FLATTEN * -start


def test_a_line_search_gets_back_from_where_there_are_no_numbers():
    x = Tensor([1e-3], requires_grad=True)
    with np.errstate(invalid="ignore"):  # the first step goes to below 0
        optim.LBFGS([x], lr=100.0, max_iter=50).minimize(lambda: (x - np.log(x)).sum())
    assert x.item() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("line_search", [True, False])
def test_stopped_and_resumed_is_bit_identical(line_search):
    def make(start, **settings):
        x = Tensor(start, requires_grad=True)
        return x, optim.LBFGS([x], max_iter=3, line_search=line_search, **settings)

    x, lbfgs = make([-1.2, 1.0, 0.7, 2.0], lr=0.1, history_size=4)
    for _ in range(3):
        lbfgs.minimize(lambda: rosenbrock(x))
    y, resumed = make(x.data)
    resumed.load_state_dict(lbfgs.state_dict())
    for _ in range(3):
        lbfgs.minimize(lambda: rosenbrock(x))
        resumed.minimize(lambda: rosenbrock(y))
    assert x.data.tobytes() == y.data.tobytes()
    assert len(lbfgs.shared["steps"]) == 4


def test_negative_curvature_is_not_remembered():
    """Over the top of a cosine, where Newton's method would go up."""
    x = Tensor([0.1], requires_grad=True)
    lbfgs = optim.LBFGS([x], lr=0.3, max_iter=1, line_search=False)
    losses = []
    for _ in range(12):
        losses.append(np.cos(x.item()))
        lbfgs.minimize(lambda: np.cos(x).sum())
    assert (np.diff(losses) < 0).all()
    assert x.item() > 0.5


def test_several_short_steps_are_one_long():
    ends = []
    for calls, iterations in ((1, 12), (4, 3)):
        x = Tensor([-1.2, 1.0], requires_grad=True)
        lbfgs = optim.LBFGS([x], max_iter=iterations)
        for _ in range(calls):
            lbfgs.minimize(lambda x=x: rosenbrock(x))
        ends.append(x.data)
    np.testing.assert_allclose(*ends, rtol=1e-12)


def test_parameters_frozen_on_the_way():
    x, y = (Tensor([v], requires_grad=True) for v in (3.0, 4.0))
    lbfgs = optim.LBFGS([x, y], max_iter=2)
    lbfgs.minimize(lambda: (x**2 + x * y + y**2 + x**4).sum())
    y.requires_grad = False
    held = y.item()
    lbfgs.max_iter = 50
    lbfgs.minimize(lambda: (x**2 + x * y + y**2 + x**4).sum())
    assert y.item() == held
    assert 2 * x.item() + held + 4 * x.item() ** 3 == pytest.approx(0, abs=1e-5)


def test_float32_stays_float32():
    x = Tensor(np.float32([-1.2, 1.0]), requires_grad=True)
    lbfgs = optim.LBFGS([x], max_iter=60)
    lbfgs.minimize(lambda: rosenbrock(x))
    assert x.dtype == np.float32
    assert {v.dtype for v in lbfgs.shared.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(x.data, 1, atol=1e-2)


def test_it_needs_the_loss_as_a_function():
    x = Tensor([1.0], requires_grad=True)
    lbfgs = optim.LBFGS([x])
    with pytest.raises(TypeError, match=r"step\(closure\).*minimize\(lambda"):
        lbfgs.step()
    with pytest.raises(TypeError, match="minimize needs the loss as a function"):
        lbfgs.minimize((x**2).sum())
    with pytest.raises(TypeError, match="two dicts do not have"):
        lbfgs.update({"x": np.ones(1)}, {"x": np.ones(1)})


@pytest.mark.parametrize("settings", [{"history_size": 0}, {"max_iter": 2.5}, {"max_iter": 0}])
def test_counts_are_counts(settings):
    x = Tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="a count, at least 1"):
        optim.LBFGS([x], **settings).minimize(lambda: (x * x).sum())
    assert x.item() == 1


def test_what_it_cannot_do_is_refused():
    x, y = (Tensor([1.0], requires_grad=True) for _ in range(2))
    groups = optim.LBFGS([{"params": [x]}, {"params": [y], "lr": 0.0}])
    with pytest.raises(ValueError, match="settings of their own"):
        groups.minimize(lambda: (x * x + y * y).sum())
    waiting = optim.LBFGS([x])
    waiting.accumulate = 4
    with pytest.raises(ValueError, match="accumulate = 4"):
        waiting.minimize(lambda: (x * x).sum())
    assert x.item() == y.item() == 1


@pytest.mark.parametrize("line_search", [True, False])
@pytest.mark.parametrize("fails_at", [2, 3, 5])
def test_a_loss_that_fails_leaves_the_last_point_that_was_accepted(line_search, fails_at):
    x = Tensor([1.0, 1.0], requires_grad=True)
    seen = []

    def loss():
        seen.append(x.data.copy())
        if len(seen) == fails_at:
            raise RuntimeError("mine")
        return (x[0] - 3) ** 4 + 10 * (x[1] + 1) ** 2

    with pytest.raises(RuntimeError, match="mine"):
        optim.LBFGS([x], line_search=line_search).minimize(loss)
    assert any((x.data == point).all() for point in seen[: fails_at - 1])
    assert not (x.data == seen[-1]).all()

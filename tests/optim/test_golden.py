"""The study notes' optimizers, to the digits that the notes' own formulas give.

Rows E1–E6 and E9 (gradient descent), F1–F14 (the family), by their number.
"""

import inspect

import numpy as np
import pytest

import optim
from autograd import Tensor
from optim import schedule


def bowl(x):
    return x[0] ** 2 + x[1] ** 2


def valley_gradient(x, y):
    """Of x²/20 + y², on which gradient descent zigzags."""
    return x / 10, 2 * y


def after(optimizer, steps, number=np.array):
    params = {"x": number(-7.0), "y": number(2.0)}
    for _ in range(steps):
        gx, gy = valley_gradient(params["x"], params["y"])
        optimizer.update(params, {"x": gx, "y": gy})
    return [float(params["x"]), float(params["y"])]


THREE_STEPS = {
    "F2": (optim.SGD(lr=0.01, momentum=0.9), [-6.960763593, 1.779424]),
    "F3": (optim.SGD(lr=0.01, momentum=0.9, nesterov=True), [-6.943754307987, 1.689056656]),
    "F3 NAG": (optim.NAG(lr=0.01), [-6.943754307987, 1.689056656]),
    "F4": (optim.Adagrad(lr=0.01, epsilon=1e-6), [-6.977167157890225, 1.9771965153986673]),
    "F5": (
        optim.Adadelta(lr=1.0, rho=0.95, epsilon=None, decay=0.0),
        [-6.995709623345078, 1.9957108012187816],
    ),
    "F6": (
        optim.RMSprop(lr=0.001, rho=0.9, epsilon=None, decay=0.0),
        [-6.992623768861239, 1.9926266408514335],
    ),
    "F7": (
        optim.Adam(lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0, amsgrad=False),
        [-6.997000023977916, 1.9970000496964717],
    ),
    "F8": (optim.Adam(amsgrad=True), [-6.997000023977916, 1.9970000496964717]),
    "F9": (
        optim.Adamax(lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0),
        [-6.993999198385581, 1.9939971906844005],
    ),
    "F10": (
        optim.Nadam(lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, schedule_decay=0.004),
        [-6.994855810626695, 1.9948571023419381],
    ),
}


@pytest.mark.parametrize("row", THREE_STEPS)
def test_three_steps(row):
    optimizer, expected = THREE_STEPS[row]
    np.testing.assert_allclose(after(optimizer, 3), expected, rtol=3e-16)


@pytest.mark.parametrize("number", [np.array, float], ids=["arrays", "numbers"])
@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (lambda: optim.SGD(lr=0.95), [-0.3503929957523197, 0.0847823165504322]),
        (lambda: optim.Momentum(lr=0.1), [0.896413858493733, 0.08808560171506971]),
        (
            lambda: optim.Adagrad(lr=1.5, epsilon=1e-7),
            [-0.12016232231416045, 2.486389893984459e-17],
        ),
        (lambda: optim.Adam(lr=0.3), [0.13600685239498186, 0.31824537553721943]),
    ],
    ids=["SGD", "Momentum", "Adagrad", "Adam"],
)
def test_e9_thirty_steps_down_the_valley(optimizer, expected, number):
    np.testing.assert_allclose(after(optimizer(), 30, number), expected, rtol=1e-14)


def test_f1_sgd_updates_the_arrays_of_a_dict_in_place():
    w = np.array([1.0, 2.0])
    params, grads = {"W": w}, {"W": np.array([1.0, -1.0])}
    optim.SGD(lr=0.01).update(params, grads)
    assert params["W"] is w
    np.testing.assert_array_equal(w, np.array([1.0, 2.0]) - 0.01 * np.array([1.0, -1.0]))


SIGNATURES = {
    "SGD": "(params=None, lr=0.01, momentum=0.0, nesterov=False, weight_decay=0.0)",
    "Momentum": "(params=None, lr=0.01, momentum=0.9, nesterov=False, weight_decay=0.0)",
    "Adagrad": "(params=None, lr=0.01, epsilon=1e-06, decay=0.0)",
    "Adadelta": "(params=None, lr=1.0, rho=0.95, epsilon=1e-07, decay=0.0)",
    "RMSprop": "(params=None, lr=0.001, rho=0.9, epsilon=1e-07, decay=0.0, centered=False)",
    "Adam": "(params=None, lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07, decay=0.0, "
    "amsgrad=False)",
    "Adamax": "(params=None, lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=1e-07, decay=0.0)",
    "Nadam": "(params=None, lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=1e-07, "
    "schedule_decay=0.004)",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_f15_signatures_and_defaults_are_the_notes_own(name):
    assert str(inspect.signature(getattr(optim, name))) == SIGNATURES[name]


def test_f11_decay_counts_from_0():
    x = Tensor([0.0], requires_grad=True)
    optimizer = optim.Adagrad([x], lr=1.0, epsilon=0.0, decay=0.5)
    rates = []
    for _ in range(4):
        rates.append(optimizer.rate)
        x.grad = [1.0]
        optimizer.step()
    assert rates == [1.0, 1 / 1.5, 1 / 2, 1 / 2.5]
    expected = -sum(rate / np.sqrt(t) for t, rate in enumerate(rates, 1))
    np.testing.assert_allclose(x.data, [expected], rtol=1e-15)


def test_f11_decay_is_a_schedule_too():
    decayed = optim.Adam(lr=0.1, decay=0.3)
    scheduled = optim.Adam(lr=schedule.InverseTime(0.1, decay=0.3))
    assert after(decayed, 5) == after(scheduled, 5)


def test_f12_epsilon_none_is_keras_fuzz_factor(family):
    if "epsilon" in family.settings:
        assert family(epsilon=None).epsilon == 1e-7


def test_f13_minimize_without_parameters_takes_the_leaves_of_the_loss():
    w = Tensor([-3.0, 4.0], requires_grad=True)
    b = Tensor(1.0, requires_grad=True)
    data = Tensor([1.0, 2.0])
    train = optim.Adam(lr=0.01)
    train.minimize(((w * data + b) ** 2).sum())
    assert train.parameters() == [w, b]
    np.testing.assert_allclose(w.data, [-2.99, 3.99], atol=1e-8)
    np.testing.assert_allclose(b.data, 0.99, atol=1e-8)
    train.minimize(((w * data + b) ** 2).sum())
    assert train.iterations == 2


def test_f14_adam_first_then_sgd_on_live_parameters():
    w = Tensor([-3.0, 4.0], requires_grad=True)
    adam = optim.Adam([w], lr=0.3)
    for _ in range(10):
        adam.minimize((w**2).sum())
    sgd = optim.SGD(adam, lr=0.1)
    assert sgd.parameters()[0] is w
    before = w.data.copy()
    sgd.minimize((w**2).sum())
    np.testing.assert_allclose(w.data, 0.8 * before)


def test_f16_the_learning_rate_stands_inside_the_velocity():
    """Keras's form; with the rate outside, the second step would be 0.9·0.01 + 0.01 = 0.019."""
    w = {"w": np.array([0.0])}
    sgd = optim.SGD(lr=0.1, momentum=0.9)
    sgd.update(w, {"w": np.array([1.0])})
    sgd.lr = 0.01
    sgd.update(w, {"w": np.array([1.0])})
    np.testing.assert_allclose(w["w"], -0.1 - (0.9 * 0.1 + 0.01), rtol=1e-15)


# -- F17: what the notes say of the family, shown ------------------------------------------------


def test_f17_momentum_rolls_out_of_a_dip_that_holds_sgd():
    """f = x²/2 − cos(8x)/8 from 1.9: a bowl with dips."""

    def slope(x):
        return x + np.sin(8 * x)

    def end(optimizer):
        params = {"x": np.array([1.9])}
        for _ in range(400):
            optimizer.update(params, {"x": slope(params["x"])})
        return abs(params["x"][0])

    assert end(optim.SGD(lr=0.01)) > 0.5
    assert end(optim.Momentum(lr=0.01, momentum=0.95)) < 0.01


def test_f17_adagrad_tires_and_its_heirs_do_not():
    def last_step(optimizer):
        params, before = {"x": np.array([0.0])}, 0.0
        for _ in range(1000):
            before = params["x"][0]
            optimizer.update(params, {"x": np.array([1.0])})
        return before - params["x"][0]

    first = 0.01
    assert last_step(optim.Adagrad(lr=first)) == pytest.approx(first / np.sqrt(1000), rel=1e-3)
    assert last_step(optim.RMSprop(lr=first)) == pytest.approx(first, rel=1e-3)
    adadelta = optim.Adadelta()
    params = {"x": np.array([0.0])}
    sizes = []
    for _ in range(1000):
        before = params["x"][0]
        adadelta.update(params, {"x": np.array([1.0])})
        sizes.append(before - params["x"][0])
    assert sizes[-1] > sizes[500] > sizes[0]


# -- E: gradient descent -------------------------------------------------------------------------


def test_e1_twenty_steps():
    x, _ = optim.gradient_descent(bowl, np.array([-3.0, 4.0]), lr=0.1, step_num=20)
    np.testing.assert_allclose(x, [-0.03458764513817675, 0.04611686018418694], rtol=1e-15)
    exact, _ = optim.gradient_descent(
        bowl, np.array([-3.0, 4.0]), 0.1, 20, gradient=lambda x: 2 * x
    )
    np.testing.assert_allclose(exact, [-0.03458764513820545, 0.04611686018427393], rtol=1e-14)


def test_e2_history_has_the_state_before_each_step():
    x, history = optim.gradient_descent(bowl, np.array([-3.0, 4.0]), 0.1, 20)
    assert history.shape == (20, 2)
    np.testing.assert_array_equal(history[0], [-3, 4])
    np.testing.assert_allclose(
        history[-1], [-0.04323455642272084, 0.05764607523023402], rtol=1e-15
    )
    end, longer = optim.gradient_descent(bowl, np.array([-3.0, 4.0]), 0.1, 20, endpoint=True)
    assert longer.shape == (21, 2)
    np.testing.assert_array_equal(longer[:-1], history)
    np.testing.assert_array_equal(longer[-1], x)
    np.testing.assert_array_equal(end, x)


def test_e3_the_callers_array_is_left_alone():
    start = np.array([-3.0, 4.0])
    x, history = optim.gradient_descent(bowl, start)
    assert start.tolist() == [-3.0, 4.0]
    assert not np.shares_memory(x, history)


def test_e4_defaults():
    signature = inspect.signature(optim.gradient_descent)
    assert str(signature).startswith("(f: 'Function', init_x: 'Any', lr: 'float' = 0.01, step_num")
    x, history = optim.gradient_descent(bowl, np.array([-3.0, 4.0]))
    np.testing.assert_allclose(x, [-0.39785866768397027, 0.5304782235783754], rtol=1e-15)
    assert len(history) == 100


def test_e5_a_hundred_larger_steps():
    x, _ = optim.gradient_descent(bowl, np.array([-3.0, 4.0]), lr=0.1, step_num=100)
    np.testing.assert_allclose(x, [-6.111e-10, 8.148e-10], rtol=1e-4)


def test_e6_too_large_and_too_small():
    far, _ = optim.gradient_descent(bowl, np.array([-3.0, 4.0]), lr=10.0)
    np.testing.assert_allclose(far, [-2.589837e13, -1.295249e12], rtol=1e-6)
    near, _ = optim.gradient_descent(bowl, np.array([-3.0, 4.0]), lr=1e-10)
    np.testing.assert_allclose(near, [-2.99999994, 3.99999992], rtol=1e-10)

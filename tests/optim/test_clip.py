"""Gradient clipping and the moving average of weights."""

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import optim
from autograd import Tensor

numbers = st.floats(-1e3, 1e3, allow_subnormal=False)


def parameters(arrays):
    params = [Tensor(np.zeros(a.shape, a.dtype), requires_grad=True) for a in arrays]
    for p, a in zip(params, arrays):
        p.grad = a.copy()
    return params


gradients = st.lists(
    hnp.arrays(st.sampled_from([np.float32, np.float64]), hnp.array_shapes(min_dims=0, max_side=4),
               elements=st.floats(-1000, 1000, width=32, allow_subnormal=False)),
    min_size=1, max_size=3,
)  # fmt: skip


@given(gradients, st.floats(0.01, 1e4))
def test_by_value(arrays, limit):
    params = parameters(arrays)
    optim.clip_grad_value(params, limit)
    for p, a in zip(params, arrays):
        np.testing.assert_array_equal(p.grad.data, np.clip(a, -limit, limit).astype(a.dtype))
        assert p.grad.dtype == a.dtype


@given(gradients, st.floats(0.01, 1e4))
def test_by_norm(arrays, limit):
    params = parameters(arrays)
    length = optim.clip_grad_norm(params, limit)
    everything = np.concatenate([a.ravel().astype(float) for a in arrays])
    assert length == pytest.approx(math.sqrt(sum(everything**2)), rel=1e-5)
    clipped = np.concatenate([p.grad.data.ravel().astype(float) for p in params])
    if length <= limit:
        np.testing.assert_array_equal(clipped, everything)
    else:
        assert math.sqrt(sum(clipped**2)) == pytest.approx(limit, rel=1e-5)
        np.testing.assert_allclose(clipped * length, everything * limit, rtol=1e-5, atol=1e-30)


@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_the_norm_of_what_has_no_square(size):
    params = parameters([np.full(4, size, np.float32)])
    assert optim.clip_grad_norm(params, 1e32) == pytest.approx(2 * size)
    assert optim.clip_grad_norm(params, size) == pytest.approx(2 * size)
    np.testing.assert_allclose(params[0].grad.data, size / 2, rtol=1e-6)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_length_that_is_not_finite_clips_nothing(value):
    params = parameters([np.array([1.0, value]), np.array([5.0])])
    assert not math.isfinite(optim.clip_grad_norm(params, 1.0))
    np.testing.assert_array_equal(params[0].grad.data, [1.0, value])
    assert params[1].grad.item() == 5.0


def test_takes_models_optimizers_and_the_notes_dicts():
    (p,) = parameters([np.array([3.0])])
    frozen = Tensor([1.0])
    assert optim.clip_grad_norm(optim.SGD([p, frozen]), 1.0) == 3.0
    assert p.grad.item() == 1.0
    assert optim.clip_grad_norm({"p": p}, 1.0) == 1.0
    assert optim.clip_grad_norm({"p": np.array([3.0]), "q": None}, 1.0) == 3.0
    assert optim.clip_grad_norm({}, 1.0) == 0.0


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_errors(clip):
    with pytest.raises(ValueError, match="must be positive, not 0"):
        clip({}, 0)
    with pytest.raises(TypeError, match=r"gradient 'W'.*not int64"):
        clip({"W": np.array([3])}, 1.0)
    with pytest.raises(ValueError, match="empty"):
        clip([], 1.0)


# -- EMA -----------------------------------------------------------------------------------------


@given(values=st.lists(numbers, min_size=2, max_size=6), decay=st.floats(0, 0.99))
def test_ema_is_the_weighted_mean(values, decay):
    p = Tensor([values[0]], requires_grad=True)
    ema = optim.EMA([p], decay)
    for value in values[1:]:
        p.data[:] = value
        ema.update()
    n = len(values) - 1
    expected = decay**n * values[0] + (1 - decay) * sum(
        decay ** (n - i) * value for i, value in enumerate(values[1:], 1)
    )
    with ema.swapped():
        assert p.item() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert p.item() == values[-1]


def test_ema_puts_the_weights_back_after_an_error_and_tells_the_engine():
    p = Tensor([1.0], requires_grad=True)
    memory, ema = p.array, optim.EMA([p], 0.5)
    p.data[:] = 3.0
    with suppress(ZeroDivisionError), ema.swapped():
        assert p.item() == 1.0
        loss = (p**2).sum()
        raise ZeroDivisionError
    assert p.item() == 3.0
    assert p.array is memory
    with pytest.raises(RuntimeError, match="overwritten"):
        loss.backward()


def test_ema_resumes_bit_for_bit():
    p = Tensor(np.float32([0.1, 0.2]), requires_grad=True)
    ema = optim.EMA([p], 0.9)
    p.data[:] = [0.7, 0.9]
    ema.update()
    other = optim.EMA([p], 0.5)
    other.load_state_dict(ema.state_dict())
    for average in (ema, other):
        average.update()
    assert ema.averages[0].tobytes() == other.averages[0].tobytes()
    assert ema.averages[0].dtype == np.float32


def test_ema_refuses_anothers_state_and_changes_nothing():
    p, q = (Tensor(np.zeros(n), requires_grad=True, name=f"p{n}") for n in (2, 3))
    ema = optim.EMA([p, q])
    saved = ema.state_dict()
    with pytest.raises(ValueError, match=r"1 averages saved, 2 .* here.*'p2'.*\(3,\) saved"):
        ema.load_state_dict({"decay": 0.5, "averages": saved["averages"][1:]})
    assert ema.decay == 0.999
    with pytest.raises(ValueError, match="decay=1"):
        optim.EMA([p], 1)


def test_one_array_that_is_two_gradients_is_scaled_once():
    g = np.array([3.0, 4.0])
    optim.clip_grad_norm({"a": g, "b": g}, 1.0)
    np.testing.assert_allclose(np.linalg.norm(g), 1)


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_a_read_only_gradient_is_refused_before_any_is_clipped(clip):
    first, second = np.array([3.0]), np.array([4.0])
    second.flags.writeable = False
    with pytest.raises(ValueError, match="the gradient 'b' is read-only"):
        clip({"a": first, "b": second}, 1.0)
    assert first == 3

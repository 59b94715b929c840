"""Bias and ReLU, compiled, give NumPy's bits, forward and backward; what they cannot take, NumPy
does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd import Tensor
from nn.functional import fast
from optim import fast as numbas

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 3e38, -1.0]


@pytest.fixture(scope="module", autouse=True)
def numba():
    pytest.importorskip("numba")


def both(compute):
    """What it gives without and with compiled loops."""
    before = numbas.loaded
    try:
        results = []
        for numbas.loaded in (False, True):
            with np.errstate(all="ignore"):
                results.append(compute())
        return results
    finally:
        numbas.loaded = before


@st.composite
def batches(draw):
    """A batch with all kinds of numbers in it, sometimes too small or laid out otherwise."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    rows, units = draw(st.sampled_from([(1, 3), (40, 64), (33, 77), (1, 2000), (2000, 1)]))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    x = rng.normal(size=(rows, units)).astype(dtype)
    with np.errstate(all="ignore"):
        for value in draw(st.lists(st.sampled_from(SPECIAL))):
            x.reshape(-1)[rng.integers(x.size)] = value
    return {"C": x, "F": np.asfortranarray(x), "strided": np.repeat(x, 2, axis=0)[::2]}[
        draw(st.sampled_from(["C", "F", "strided"]))
    ]


@given(batches(), st.randoms())
def test_relu_and_its_slope(x, random):
    plain, compiled = both(lambda: nn.relu(x))
    np.testing.assert_array_equal(plain, compiled)
    assert plain.dtype == compiled.dtype
    g = x.copy()
    random.shuffle(g.reshape(-1))
    slopes = both(lambda: nn.relu.op.rules[0][1](g, plain))
    np.testing.assert_array_equal(*slopes)
    assert slopes[0].dtype == slopes[1].dtype


@given(batches(), st.integers(1, 80))
def test_affine(x, units):
    rng = np.random.default_rng(0)
    w = rng.normal(size=(x.shape[1], units)).astype(x.dtype)
    b = rng.normal(size=units).astype(x.dtype)
    np.testing.assert_array_equal(*both(lambda: nn.affine(x, w, b)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_of_a_layer(dtype):
    layer = nn.Dense(64, "relu", in_features=32, dtype=dtype, rng=0)
    x = Tensor(np.random.default_rng(0).normal(size=(50, 32)).astype(dtype), requires_grad=True)

    weights = np.random.default_rng(1).normal(size=(50, 64)).astype(dtype)

    def gradients(**how):
        for t in (x, *layer.parameters()):
            t.zero_grad()
        (layer(x) * weights).sum().backward(**how)
        return [t.grad.array.copy() for t in (x, *layer.parameters())]

    plain, compiled = both(gradients)
    recorded = gradients(create_graph=True)
    for a, b, c in zip(plain, compiled, recorded):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-5)


def test_second_order_is_the_same():
    x = np.random.default_rng(0).normal(size=(40, 64))
    w, b = np.random.default_rng(1).normal(size=(64, 32)), np.ones(32)

    def curvature():
        return ag.hvp(lambda w: (nn.relu(nn.affine(x, w, b)) ** 3 + w.sum()).sum(), w, w)

    np.testing.assert_array_equal(*both(curvature))


def test_what_it_takes():
    numbas_loaded, numbas.loaded = numbas.loaded, True
    try:
        x = np.ones((40, 64), np.float32)
        assert fast.takes(x, x)
        assert fast.takes(x.T, x.T)
        assert not fast.takes(x[:, :32], x[:, :32])
        assert not fast.takes(x, x.astype(float))
        assert not fast.takes(x, np.asfortranarray(x))
        assert not fast.takes(x.T, x)
        assert not fast.takes(x.astype(np.float16))
        assert not fast.takes(x[:2])
        assert not fast.takes(np.ma.array(x))
    finally:
        numbas.loaded = numbas_loaded


@given(st.integers(0, 2**16), st.sampled_from([(3,), (2, 3), (2, 2, 3)]))
def test_derivatives_of_affine_relu(seed, shape):
    rng = np.random.default_rng(seed)
    x, w, b = (rng.normal(size=s) for s in (shape, (3, 4), (4,)))
    ag.check_gradients(nn.affine_relu, x, w, b, order=2)


@pytest.mark.parametrize("rows", [1, 20, 48, 49])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_relu_in_the_same_op(rows, dtype):
    """The same bits as in two ops, forward and backward, with and without compiled loops."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s).astype(dtype) for s in ((rows, 128), (128, 130), (130,))]
    weights = rng.normal(size=(rows, 130)).astype(dtype)

    def gradients(layer):
        tensors = [Tensor(a, requires_grad=True) for a in arrays]
        out = layer(*tensors)
        (out * weights).sum().backward()
        return [out.array, *(t.grad.array for t in tensors)]

    for results in zip(
        *both(lambda: gradients(lambda x, w, b: nn.relu(nn.affine(x, w, b)))),
        *both(lambda: gradients(nn.affine_relu)),
    ):
        for other in results[1:]:
            np.testing.assert_array_equal(results[0], other)


@pytest.mark.parametrize("rows", [1, 2, 48, 49])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_few_rows_and_a_large_weight(rows, dtype):
    """Which of the ways to a product is the fastest is no matter of its value."""
    rng = np.random.default_rng(0)
    x, w, g = (rng.normal(size=shape) for shape in ((rows, 128), (128, 128), (rows, 128)))
    tensors = [Tensor(a.astype(dtype), requires_grad=True) for a in (x, w, np.zeros(128))]
    nn.affine(*tensors).backward(g.astype(dtype))
    for t, expected in zip(tensors, (g @ w.T, x.T @ g, g.sum(axis=0))):
        assert t.grad.dtype == dtype
        np.testing.assert_allclose(t.grad.array, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layer", [nn.functional.affine, nn.functional.affine_relu])
@pytest.mark.parametrize("shape", [(10,), (1,), (64, 64), (1, 64), ()])
def test_a_bias_of_another_shape_is_refused(layer, shape):
    """Compiled loops would read what lies behind it in memory."""

    def asked():
        with pytest.raises(ValueError, match=r"a bias of shape \(.*its shape is \(64,\)"):
            layer(np.ones((64, 32)), np.ones((32, 64)), np.ones(shape))

    both(asked)


def test_loops_take_no_arrays_of_different_shapes():
    g, out = np.ones((3, 40, 64)), np.ones((40, 64))
    plain, compiled = both(lambda: nn.relu.op.rules[0][1](g, out))
    np.testing.assert_array_equal(plain, compiled)
    assert both(lambda: fast.add_row(out, np.ones(10), 0)) == [None, None]


def test_a_jacobian_through_a_layer():
    layer = nn.Dense(64, "relu", in_features=20, dtype=float)
    x = np.random.default_rng(0).normal(size=(20, 20))
    plain, compiled = both(lambda: ag.jacobian(layer)(x))
    np.testing.assert_array_equal(plain, compiled)

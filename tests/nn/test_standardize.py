"""Standardize: mean 0, deviation 1, and back; constant columns; any dtype and scale."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograd import Tensor, check_gradients
from nn.data import Standardize

numbers = st.floats(-1e6, 1e6, width=32)
tables = arrays(float, st.tuples(st.integers(2, 20), st.integers(1, 5)), elements=numbers)


@given(tables)
def test_mean_0_deviation_1_or_constant(x):
    z = Standardize(x)(x)
    constant = np.ptp(x, axis=0) == 0
    assert np.all(z[:, constant] == 0)
    assume(np.all(constant | (x.std(axis=0) > 1e-6 * np.abs(x).max())))  # beyond rounding
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose(z.std(axis=0)[~constant], 1, rtol=1e-7)


@given(tables, tables)
def test_inverse_is_the_way_back(x, other):
    assume(x.shape[1] == other.shape[1])
    scale = Standardize(x)
    tolerance = 1e-12 * (np.abs(x).max() + np.abs(other).max() + 1)
    np.testing.assert_allclose(scale.inverse(scale(other)), other, atol=tolerance, rtol=1e-9)


@given(arrays(np.float32, 7, elements=numbers))
def test_a_constant_is_0_in_every_float(column):
    """0.1 is no float: its mean over seven samples must not differ from it by a rounding."""
    for value in column:
        for dtype in (np.float32, np.float64):
            x = np.full((7, 1), value, dtype)
            assert not Standardize(x)(x).any()
    x = np.full((7, 1), 0.1)
    assert not Standardize(x)(x).any()
    assert Standardize(x).std.item() == 1


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e150])
def test_no_square_overflows_or_vanishes(size):
    x = size * np.array([[1.0], [3.0]])
    np.testing.assert_allclose(Standardize(x)(x).ravel(), [-1, 1], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_keep_their_dtype(dtype):
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(dtype)
    scale = Standardize(x)
    assert scale(x).dtype == scale.inverse(x).dtype == dtype
    assert scale.mean.dtype == scale.std.dtype == np.float64


def test_whole_numbers_become_float32():
    images = np.random.default_rng(0).integers(256, size=(20, 9), dtype=np.uint8)
    z = Standardize(images)(images)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-6)


def test_each_channel_of_images_for_itself():
    x = np.random.default_rng(0).normal([[[1.0]], [[5.0]]], [[[2.0]], [[0.1]]], (30, 2, 4, 4))
    scale = Standardize(x, axis=(0, 2, 3))
    assert scale.mean.shape == (1, 2, 1, 1)
    np.testing.assert_allclose(scale(x).mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(scale(x).std(axis=(0, 2, 3)), 1)
    assert Standardize(x, axis=None).mean.shape == (1, 1, 1, 1)


def test_tensors_go_through_with_their_gradient():
    scale = Standardize([[1.0, 5.0], [3.0, 5.0]])
    assert scale(Tensor([[5.0, 6.0]], requires_grad=True)).data.tolist() == [[3, 1]]
    check_gradients(lambda x: scale.inverse(scale(x) ** 2).sum(), np.array([[4.0, 2.0]]))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Standardize(np.empty((0, 3))), "no sample"),
        (lambda: Standardize([[1.0, np.nan], [np.inf, 2.0]]), "2 of 4 numbers are not finite"),
        (lambda: Standardize(np.eye(3))(np.eye(4)), r"shape \(1, 3\).*shape \(4, 4\)"),
        (lambda: Standardize(np.eye(3))(np.ones(3)), "np.newaxis"),
    ],
)
def test_errors(call, said):
    with pytest.raises(ValueError, match=said):
        call()

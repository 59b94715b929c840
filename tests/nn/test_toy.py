"""The toy sets: their formulas, their seeds, and that they are what they are for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn.data import circles, moons, spirals, xor

SETS = [moons, circles, spirals, xor]
every_set = pytest.mark.parametrize("make", SETS)


@given(st.sampled_from(SETS), st.integers(1, 60), st.floats(0, 3), st.integers(0, 9))
def test_form_dtype_and_seed(make, n, noise, seed):
    x, t = make(n, noise, rng=seed)
    assert (x.shape, x.dtype) == ((n, 2), np.float32)
    assert t.dtype == np.int64
    assert t.tolist() == [i % 2 for i in range(n)]
    again, _ = make(n, noise, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(x, again)


@every_set
def test_the_same_unless_another_seed_is_given(make):
    np.testing.assert_array_equal(make(20)[0], make(20)[0])
    assert not np.array_equal(make(20, 0.1)[0], make(20, 0.1, rng=1)[0])


@every_set
def test_noise_is_normal(make):
    clean, noisy = make(5000, 0.0)[0], make(5000, 0.25)[0]
    assert (noisy - clean).std() == pytest.approx(0.25, rel=0.05)
    assert (noisy - clean).mean() == pytest.approx(0, abs=0.02)


def test_moons_are_two_half_circles():
    x, t = moons(400, noise=0)
    upper, lower = x[t == 0], x[t == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, atol=1e-6)
    np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1, atol=1e-6)
    assert upper[:, 1].min() > -1e-6
    assert lower[:, 1].max() < 0.5 + 1e-6
    assert upper[:, 0].max() > lower[:, 0].min(), "they reach into each other"


@pytest.mark.parametrize("factor", [0.5, 0.8])
def test_circles_have_their_radii_all_around(factor):
    x, t = circles(400, noise=0, factor=factor)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(t == 0, 1, factor), atol=1e-6)
    assert set(np.sign(x[t == 1]).astype(int).ravel()) == {-1, 1}


@pytest.mark.parametrize(("classes", "turns"), [(1, 1), (2, 1.5), (5, 0.25)])
def test_spirals_have_an_arm_for_each_class(classes, turns):
    x, t = spirals(300, 0, classes, turns)
    assert set(t.tolist()) == set(range(classes))
    r = np.hypot(*x.T.astype(float))
    angle = 2 * math.pi * (turns * r + t / classes)
    np.testing.assert_allclose(x, np.stack([r * np.cos(angle), r * np.sin(angle)], 1), atol=1e-5)


def test_xor_without_noise_is_the_gate_s_truth_table():
    x, t = xor(8, noise=0)
    assert len({tuple(row) for row in x}) == 4
    assert nn.XOR(*x.astype(int).T).tolist() == t.tolist()


@every_set
def test_no_straight_line_parts_them(make):
    """Least squares finds the best line there is, near enough; a curved thing does far better."""
    x, t = make(400, 0.01)
    inputs = np.column_stack([x, np.ones(len(x))])
    line = inputs @ np.linalg.lstsq(inputs, 2.0 * t - 1, rcond=None)[0]
    assert np.mean((line > 0) == t) < 0.95
    distance = np.hypot(*(x[:, None] - x[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    assert np.mean(t[distance.argmin(axis=1)] == t) > 0.97, "the nearest neighbour knows"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: moons(0), "moons: n=0"),
        (lambda: xor(4, noise=-1), "xor: .*noise=-1"),
        (lambda: circles(noise=math.nan), "noise=nan"),
        (lambda: circles(factor=1), "factor=1"),
        (lambda: spirals(classes=0), "classes=0"),
    ],
)
def test_errors(call, said):
    with pytest.raises(ValueError, match=said):
        call()

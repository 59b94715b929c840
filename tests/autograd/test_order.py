"""Sorting and its kin where elements tie, or are NaN: each gradient goes to one element, the first
in order going first; and what only searches gives plain places."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from autograd import Tensor

TIED = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=5),
    elements=st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf]),
)


def gradient(f: Any, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    t = Tensor(x, requires_grad=True)
    f(t).backward(w)
    assert t.grad is not None
    return np.asarray(t.grad.array)


@given(TIED, st.data())
def test_sorted_ties_keep_their_order(x: np.ndarray, data: st.DataObject) -> None:
    axis = data.draw(st.sampled_from([None, *range(x.ndim)]))
    expected = np.sort(x, axis)
    np.testing.assert_array_equal(np.sort(Tensor(x, requires_grad=True), axis).array, expected)
    w = np.arange(1.0, x.size + 1).reshape(expected.shape)
    g = gradient(lambda t: np.sort(t, axis), x, w)
    order = np.argsort(x, axis, kind="stable")
    moved = np.take_along_axis(g if axis is not None else g.ravel(), order, axis or 0)
    np.testing.assert_array_equal(moved, w)


@given(TIED, st.data())
def test_partition_gives_each_gradient_to_an_element_of_that_value(
    x: np.ndarray, data: st.DataObject
) -> None:
    x = x.ravel()
    k = data.draw(st.integers(0, x.size - 1))
    expected = np.partition(x, k)
    np.testing.assert_array_equal(np.partition(Tensor(x, requires_grad=True), k).array, expected)
    w = np.arange(1.0, x.size + 1)
    g = gradient(lambda t: np.partition(t, k), x, w)
    for value in np.unique(x):
        there = (lambda a: np.isnan(a)) if np.isnan(value) else (lambda a, v=value: a == v)
        np.testing.assert_array_equal(g[there(x)], w[there(expected)])


@given(TIED, st.data())
def test_the_first_to_reach_an_extreme_has_its_gradient(x: np.ndarray, data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, x.ndim - 1))
    for extreme in (np.maximum, np.minimum):
        expected = extreme.accumulate(x, axis)
        found = extreme.accumulate(Tensor(x, requires_grad=True), axis)
        np.testing.assert_array_equal(found.array, expected)
        g = gradient(lambda t, f=extreme: f.accumulate(t, axis), x, np.ones(x.shape))
        assert g.sum() == x.size
        line, got = (np.moveaxis(a, axis, 0).reshape(a.shape[axis], -1)[:, 0] for a in (x, g))
        so_far = extreme.accumulate(line)
        kept = np.equal(so_far[1:], so_far[:-1]) | np.isnan(so_far[:-1])
        assert not got[1:][kept].any()


@pytest.mark.parametrize(
    "search",
    [
        lambda x: np.argsort(x),
        lambda x: np.argpartition(x, 1),
        lambda x: np.lexsort((x, x)),
        lambda x: np.searchsorted(np.sort(x), x),
        lambda x: np.digitize(x, [0.0, 1.5]),
    ],
)
def test_places_are_plain(search: Any) -> None:
    x = np.array([2.0, 1.0, 3.0])
    found = search(Tensor(x, requires_grad=True))
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, search(x))


def test_interp_outside_its_points_is_flat_even_at_infinity() -> None:
    x = Tensor([-np.inf, 0.5, np.inf, 7.0], requires_grad=True)
    fp = Tensor([1.0, 3.0], requires_grad=True)
    y = np.interp(x, [0.0, 1.0], fp)
    assert y.array.tolist() == [1, 2, 3, 3]
    y.sum().backward()
    assert x.grad is not None
    assert fp.grad is not None
    assert x.grad.array.tolist() == [0, 2, 0, 0]
    assert fp.grad.array.tolist() == [1.5, 2.5]

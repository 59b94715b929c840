"""Indexing and assignment as a function: NumPy's values for every kind of index, and gradients that
are the transposes (these ops are linear, so ⟨w, f(a)⟩ = ⟨fᵀ(w), a⟩ says it all)."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

import autograd as ag
from autograd import Tensor

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)


@st.composite
def arrays_and_indices(draw: Any) -> tuple[np.ndarray, Any]:
    """An array of whole numbers (sums of them are exact) and an index into it of any kind."""
    shape = draw(SHAPES)
    a = draw(hnp.arrays(np.float64, shape, elements=st.integers(-9, 9)))
    places = hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=4))
    mixed = st.tuples(*[
        st.integers(-n, n - 1)
        | st.slices(n)
        | st.lists(st.integers(-n, n - 1), min_size=3, max_size=3).map(np.array)
        for n in shape
    ])
    index = draw(
        hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
        | places
        | places.map(lambda found: found[0])
        | hnp.arrays(bool, shape)
        | hnp.arrays(bool, shape[:1])
        | mixed
    )
    return a, index


def whole(draw: Any, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(draw(hnp.arrays(np.float64, shape, elements=st.integers(-9, 9))))


def transposed(f: Any, inputs: list[np.ndarray], w: np.ndarray) -> list[np.ndarray]:
    tensors = [Tensor(x, requires_grad=True) for x in inputs]
    f(*tensors).backward(w)
    return [t.grad.array if t.grad is not None else np.zeros(t.shape) for t in tensors]


@given(arrays_and_indices(), st.data())
def test_getitem(case: Any, data: st.DataObject) -> None:
    a, index = case
    expected = a[index]
    found = Tensor(a, requires_grad=True)[index]
    np.testing.assert_array_equal(found.array, expected)
    w = whole(data.draw, np.shape(expected))
    (g,) = transposed(lambda a: a[index], [a], w)
    assert np.sum(w * expected) == np.sum(g * a)


@given(arrays_and_indices(), st.data())
def test_index_set(case: Any, data: st.DataObject) -> None:
    """Also where the index names a place twice: the last value stays, and gets the gradient."""
    a, index = case
    region = np.shape(a[index])
    values = whole(data.draw, data.draw(st.sampled_from([region, (), (1, *region)])))
    expected = a.copy()
    try:
        expected[index] = values
    except (TypeError, ValueError) as error:  # NumPy drops leading axes in some cases only
        with pytest.raises(type(error)):
            ag.index_set(a, index, values)
        return
    np.testing.assert_array_equal(ag.index_set(a, index, values), expected)
    w = whole(data.draw, a.shape)
    g, g_values = transposed(lambda a, v: ag.index_set(a, index, v), [a, values], w)
    assert np.sum(w * expected) == np.sum(g * a) + np.sum(g_values * values)
    (g,) = transposed(lambda a: ag.index_set(a, index, values), [a], w)
    untouched = np.ones(a.shape)
    untouched[index] = 0
    np.testing.assert_array_equal(g, w * untouched)


@given(arrays_and_indices(), st.data())
def test_index_add_and_scatter(case: Any, data: st.DataObject) -> None:
    a, index = case
    region = np.shape(a[index])
    values = whole(data.draw, data.draw(st.sampled_from([region, ()])))
    expected = a.copy()
    np.add.at(expected, index, values)
    np.testing.assert_array_equal(ag.index_add(a, index, values), expected)
    np.testing.assert_array_equal(ag.scatter(values, index, a.shape), expected - a)
    w = whole(data.draw, a.shape)
    g, g_values = transposed(lambda a, v: ag.index_add(a, index, v), [a, values], w)
    assert np.sum(w * expected) == np.sum(g * a) + np.sum(g_values * values)


@pytest.mark.parametrize("function", [ag.index_set, ag.index_add])
def test_the_array_itself_is_left_alone(function: Any) -> None:
    a = np.zeros(3)
    function(a, [0, 0], 1.0)
    assert not a.any()
    x = Tensor(a, requires_grad=True)
    function(x, slice(None), 1.0)
    assert not x.array.any()


def test_at_reads_as_assignment() -> None:
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    v = Tensor(10.0, requires_grad=True)
    y = ag.at(x)[:, 0].set(v)
    np.testing.assert_array_equal(y.array, [[10, 2], [10, 4]])
    z = ag.at(y)[0].add(v)
    np.testing.assert_array_equal(z.array, [[20, 12], [10, 4]])
    z.sum().backward()
    np.testing.assert_array_equal(x.grad.array, [[0, 1], [0, 1]])
    assert v.grad.array == 4


@pytest.mark.parametrize("function", [ag.index_set, ag.index_add])
def test_values_are_never_cut_to_fit(function: Any) -> None:
    with pytest.raises(TypeError, match=r"astype\(float\)"):
        function(np.zeros(3, int), 0, Tensor(0.5, requires_grad=True))
    with pytest.raises(TypeError, match="int64"):
        function(np.zeros(3, int), 0, 0.5)
    assert function(np.zeros(3, np.float32), 0, 1).dtype == np.float32
    assert function(Tensor(np.zeros(3, np.float32)), 0, 0.5).dtype == np.float32
    assert function(np.zeros(3, np.float32), 0, np.float64(0.5)).dtype == np.float32


@pytest.mark.parametrize("index", [3, [0, 3], np.array([0, -4]), (slice(None), 2)])
def test_a_place_that_is_not_there_is_an_error(index: Any) -> None:
    a = np.zeros((3, 2))
    for call in (
        lambda: Tensor(a, requires_grad=True)[index],
        lambda: ag.index_set(a, index, 1.0),
        lambda: ag.index_add(a, index, 1.0),
        lambda: ag.scatter(1.0, index, a.shape),
    ):
        with pytest.raises(IndexError):
            call()


def test_an_index_may_be_a_tensor() -> None:
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    i = Tensor([2, 0, 2])
    assert x[i].array.tolist() == [3, 1, 3]
    assert x[x > 1.5].array.tolist() == [2, 3]
    x[i,].sum().backward()
    assert x.grad.array.tolist() == [1, 0, 2]
    assert ag.index_set(x, i, 7.0).array.tolist() == [7, 2, 7]
    assert np.take(x, i).array.tolist() == [3, 1, 3]


def test_positions_along_an_axis_need_as_many_axes() -> None:
    with pytest.raises(ValueError, match="as many axes"):
        np.take_along_axis(Tensor([[1.0, 2.0]], requires_grad=True), np.array([0]), axis=1)

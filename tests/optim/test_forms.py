"""One formula, many forms: Tensors and dicts of arrays give the same bits, whatever the shape,
the dtype and the memory layout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import optim
import optim.optimizer
from autograd import Tensor

DTYPES = [np.float16, np.float32, np.float64, np.longdouble]


@st.composite
def laid_out(draw, shape, dtype, seed):
    """Random numbers of this shape in some memory layout: C, Fortran, reversed, strided, ..."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape).astype(dtype)
    layout = draw(st.sampled_from(["C", "F", "reversed", "strided", "moved"]))
    if layout == "F":
        return np.asarray(values, order="F")
    if layout == "reversed" and values.ndim:
        return values[::-1].copy()[::-1]
    if layout == "strided" and values.ndim:
        wide = np.zeros((*shape[:-1], 2 * shape[-1]), dtype)
        wide[..., ::2] = values
        return wide[..., ::2]
    if layout == "moved" and values.ndim > 1:
        return np.moveaxis(np.moveaxis(values, 0, -1).copy(), -1, 0)
    return values


@st.composite
def parameters(draw):
    shapes = draw(st.lists(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
                           min_size=1, max_size=3))  # fmt: skip
    dtype = draw(st.sampled_from(DTYPES))
    seeds = st.integers(0, 2**16)
    return [
        (
            draw(laid_out(shape, dtype, draw(seeds))),
            [draw(laid_out(shape, dtype, draw(seeds))) for _ in range(3)],
        )
        for shape in shapes
    ]


def tensor(array):
    """A parameter on this very memory."""
    from autograd import asarray

    p = asarray(array)
    p.requires_grad = True
    return p


def bits(array):
    return array.tobytes()


@given(given_=parameters(), block=st.sampled_from([1, 4, 2**18]))
def test_tensors_and_dicts_give_the_same_bits_in_place(make, given_, block):
    on_tensors, on_dicts = make(), make()
    originals = [p.copy(order="K") for p, _ in given_]
    tensors = [tensor(p) for p, _ in given_]
    arrays = {i: p.copy() for i, p in enumerate(originals)}
    before = optim.optimizer.BLOCK
    optim.optimizer.BLOCK = block  # so that small arrays go block by block, too
    try:
        on_tensors.bind(tensors)
        for t in range(3):
            for p, (_, grads) in zip(tensors, given_):
                p.grad = grads[t]
            on_tensors.step()
    finally:
        optim.optimizer.BLOCK = before
    for t in range(3):
        on_dicts.update(arrays, {i: np.array(grads[t]) for i, (_, grads) in enumerate(given_)})
    for i, (p, (memory, _)) in enumerate(zip(tensors, given_)):
        assert p.array is memory, "the step is made in place"
        assert p.dtype == originals[i].dtype
        assert p.shape == originals[i].shape
        np.testing.assert_array_equal(memory, arrays[i])
        if memory.size and memory.dtype != np.float16:  # a small step may vanish in float16
            assert bits(memory) != bits(originals[i])


def test_float32_stays_float32_in_all_that_is_remembered(make):
    p = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    optimizer = make([p], lr=np.float64(0.1))
    p.grad = np.ones((2, 3), np.float32)
    optimizer.step()
    arrays = [v for v in optimizer.state[0].values() if isinstance(v, np.ndarray)]
    assert {a.dtype for a in [p.array, *arrays]} == {np.dtype(np.float32)}
    assert all(a.shape == p.shape for a in arrays)


def test_a_step_writes_no_gradient(make):
    p = Tensor([1.0, 2.0], requires_grad=True)
    g = np.array([0.5, -0.25])
    optimizer = make([p])
    for _ in range(3):
        p.grad = g
        optimizer.step()
    assert g.tolist() == [0.5, -0.25]


def test_large_arrays_go_block_by_block(make):
    """More than one block, of sizes that do not divide, Fortran against C order."""
    rng = np.random.default_rng(0)
    values, g = rng.normal(size=(700, 401)), np.asfortranarray(rng.normal(size=(700, 401)))
    assert values.size > optim.optimizer.BLOCK
    p = tensor(values.copy())
    optimizer, expected = make([p]), {"p": values[300:310].copy()}
    rows = make()
    for _ in range(2):
        p.grad = g
        optimizer.step()
        rows.update(expected, {"p": g[300:310]})
    np.testing.assert_array_equal(p.data[300:310], expected["p"])


def test_numbers_in_a_dict_are_replaced_and_keep_their_type(make):
    params = {"a": 1.0, "b": np.float32(2), "c": np.array(3.0)}
    optimizer = make()
    for _ in range(2):
        optimizer.update(params, {"a": 0.5, "b": 0.5, "c": 0.5})
    assert [type(v) for v in params.values()] == [float, np.float32, np.ndarray]
    assert params["a"] < 1
    assert params["b"] < 2
    assert params["c"] < 3


def test_tensors_may_stand_in_the_dicts(make):
    p, q = Tensor([1.0], requires_grad=True), np.array([1.0])
    on_tensor, on_array = make(), make()
    on_tensor.update({"p": p}, {"p": Tensor([0.5])})
    on_array.update({"p": q}, {"p": np.array([0.5])})
    assert p.data == q


def test_gradients_of_another_dtype_are_cast_first(make):
    g = np.random.default_rng(0).normal(size=5)  # float64, of a float32 parameter
    p, params = Tensor(np.ones(5, np.float32), requires_grad=True), {"p": np.ones(5, np.float32)}
    on_tensor, on_dict = make([p]), make()
    for _ in range(3):
        p.grad = g
        on_tensor.step()
        on_dict.update(params, {"p": g})
    assert bits(p.data) == bits(params["p"])


def test_update_with_changing_keys_remembers_each():
    """A key that comes later begins at t = 1, as a parameter that is thawed does."""
    together, alone = optim.Adam(), optim.Adam()
    a, b, c = ({"p": np.array([1.0])} for _ in range(3))
    for _ in range(5):
        together.update({"a": a["p"]}, {"a": np.array([1.0])})
    together.update({"b": b["p"]}, {"b": np.array([1.0])})
    alone.update({"c": c["p"]}, {"c": np.array([1.0])})
    assert b["p"] == c["p"] != a["p"]


@pytest.mark.parametrize(
    ("params", "grads", "error", "words"),
    [
        ({"W": np.zeros(2)}, {}, KeyError, r"no gradient for 'W'.*None for those"),
        ({}, {}, ValueError, "params is empty"),
        ({"W": np.zeros(2)}, {"W": np.zeros(3)}, ValueError, r"shape \(3,\).*\(2,\)"),
        ({"W": np.zeros(2)}, {"W": 1.0}, ValueError, r"shape \(\).*Broadcasting is not meant"),
        ({"W": np.zeros(2, int)}, {"W": np.zeros(2)}, TypeError, r"int64.*astype\(float\)"),
        ({"W": [0.0]}, {"W": np.zeros(1)}, TypeError, "list.*array of floats"),
        ({"W": 1}, {"W": 1.0}, TypeError, "int.*array of floats"),
        ({"W": np.zeros(2)}, {"W": np.zeros(2, complex)}, TypeError, "complex128"),
        ({"W": np.broadcast_to(0.0, 2)}, {"W": np.zeros(2)}, ValueError, "read-only"),
    ],
)
def test_update_refuses_before_anything_changes(params, grads, error, words):
    first = np.zeros(2)
    optimizer = optim.Momentum()
    params, grads = ({"first": first} | params, {"first": np.ones(2)} | grads) if params else (
        params, grads
    )  # fmt: skip
    with pytest.raises(error, match=words):
        optimizer.update(params, grads)
    assert not first.any()
    assert optimizer.iterations == 0
    assert not optimizer.named_state


def test_update_refuses_a_parameter_that_changed_its_shape():
    optimizer = optim.Momentum()
    optimizer.update({"W": np.zeros(2)}, {"W": np.ones(2)})
    with pytest.raises(ValueError, match=r"'W' of shape|parameter 'W'.*'v' is \(2,\)"):
        optimizer.update({"W": np.zeros(3)}, {"W": np.ones(3)})


def test_a_gradient_of_none_leaves_its_parameter_alone():
    params = {"a": np.zeros(1), "b": np.zeros(1)}
    optim.SGD().update(params, {"a": np.ones(1), "b": None})
    assert params["a"] != 0
    assert params["b"] == 0

"""ndarray's operators, methods and attributes on Tensor."""

import ast
import copy
import math
import operator
import pickle
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, methods

ABSENT = {
    # ndarray's own, and why a Tensor has none
    "base", "ctypes", "device", "to_device",  # of the memory: see .data
    "byteswap", "getfield", "setfield", "setflags",  # of the bytes: see .data
    "dump", "dumps", "tofile",  # write .data, or np.save(path, x.detach())
    "itemset", "newbyteorder", "ptp", "tostring",  # gone from NumPy 2; names until 2.1 or so
}  # fmt: skip

X = np.array([[1.5, -2.0, 0.5], [3.0, 0.25, -1.0]])

CALLS = {
    "all": (), "any": (), "argmax": (1,), "argmin": (), "argpartition": (1,), "argsort": (0,),
    "astype": ("float32",), "choose": None, "clip": (-1, 1), "compress": ([True, False],),
    "conj": (), "conjugate": (), "copy": (), "cumprod": (0,), "cumsum": (1,), "diagonal": (),
    "dot": (X.T,), "fill": None, "flatten": (), "item": (1, 2), "max": (0,), "mean": (1,),
    "min": (), "nonzero": (), "partition": None, "prod": (0,), "put": None, "ravel": (),
    "repeat": (2, 1), "reshape": (3, 2), "resize": None, "round": (1,), "searchsorted": None,
    "sort": None, "squeeze": (), "std": (0,), "sum": (0,), "swapaxes": (0, 1), "take": ([0, 2], 1),
    "tobytes": (), "tolist": (), "trace": (), "transpose": (1, 0), "var": (1,), "view": (),
}  # fmt: skip


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


def test_every_public_name_of_ndarray_is_there_or_absent_on_purpose():
    missing = public(np.ndarray) - public(Tensor)
    assert missing == ABSENT & public(np.ndarray)


@pytest.mark.parametrize("name", [n for n, args in CALLS.items() if args is not None])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_methods_give_what_ndarray_gives(name, requires_grad):
    args = CALLS[name]
    expected = getattr(X, name)(*args)
    got = getattr(Tensor(X, requires_grad=requires_grad), name)(*args)
    if isinstance(got, Tensor):
        assert got.requires_grad == requires_grad
        assert got.dtype == expected.dtype
        got = got.detach().numpy()
    np.testing.assert_array_equal(got, expected)


def test_every_method_of_the_table_is_tested_here():
    assert set(CALLS) >= set(methods.METHODS) | set(methods.IN_PLACE)


def test_choose_and_searchsorted():
    which = Tensor(np.array([0, 1, 0]))
    np.testing.assert_array_equal(which.choose([[1, 2, 3], [4, 5, 6]]), [1, 5, 3])
    np.testing.assert_array_equal(Tensor([1.0, 2.0]).searchsorted([1.5]), [1])


@pytest.mark.parametrize(
    "name", ["nbytes", "itemsize", "strides", "shape", "ndim", "size", "dtype"]
)
def test_attributes(name):
    assert getattr(Tensor(X), name) == getattr(X, name)


def test_views_transposed():
    t = Tensor(np.arange(24.0).reshape(2, 3, 4), requires_grad=True)
    assert t.T.shape == (4, 3, 2)
    assert t.mT.shape == (2, 4, 3)
    assert t.transpose().shape == t.transpose(2, 1, 0).shape == t.transpose((2, 1, 0)).shape
    assert t.real is t
    assert not t.imag.requires_grad


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"])
@pytest.mark.parametrize("left", [Tensor(np.abs(X), requires_grad=True), np.abs(X), 2.5, 3])
@pytest.mark.parametrize(
    "right", [Tensor(np.abs(X) + 1, requires_grad=True), Tensor(np.abs(X) + 1)]
)
def test_operators_from_both_sides(name, left, right):
    function = getattr(operator, name)
    values = [v.detach().numpy() if isinstance(v, Tensor) else v for v in (left, right)]
    out = function(left, right)
    np.testing.assert_array_equal(out.detach().numpy(), function(*values))
    out = function(right, left)
    np.testing.assert_array_equal(out.detach().numpy(), function(*values[::-1]))
    assert out.requires_grad == (right.requires_grad or isinstance(left, Tensor))


def test_matmul_from_both_sides_and_numpy_scalars():
    t = Tensor(X, requires_grad=True)
    for out in (X.T @ t, t @ X.T, np.float64(2) * t, t * np.float32(2), X * t):
        assert isinstance(out, Tensor)
        assert out.requires_grad


def test_comparisons_and_bits_are_plain_arrays():
    t = Tensor(X, requires_grad=True)
    for name in methods.COMPARISONS:
        out = getattr(operator, name)(t, 0.5)
        assert type(out) is np.ndarray
        np.testing.assert_array_equal(out, getattr(operator, name)(X, 0.5))
    assert (t > t).sum() == 0
    np.testing.assert_array_equal(Tensor([True, False]) & np.array([True, True]), [True, False])
    np.testing.assert_array_equal(~Tensor([True, False]), [False, True])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_python_numbers_are_weak(dtype):
    t = Tensor(np.ones(3, dtype), requires_grad=True)
    y = (2.0 * t + 1 - t / 3) ** 2 / (1.5 + t)
    assert y.dtype == dtype
    s = Tensor(np.ones((), dtype), requires_grad=True)
    assert (s * 2.0 + 1).dtype == dtype
    (y.sum() + s * 2.0).backward()
    assert t.grad.dtype == s.grad.dtype == dtype


def test_python_protocols():
    s = Tensor(2.5, requires_grad=True)
    assert (float(s), int(s), bool(s), complex(s)) == (2.5, 2, True, 2.5 + 0j)
    assert math.exp(s) == math.exp(2.5)
    assert f"{s:.2f}" == "2.50"
    assert [10, 20, 30][Tensor(1)] == 20
    t = Tensor(X, requires_grad=True)
    assert len(t) == 2
    assert [row.shape for row in t] == [(3,), (3,)]
    assert sum(row.sum() for row in t).requires_grad
    assert 0.25 in t
    assert 7 not in t
    assert round(t, 1).shape == t.shape
    quotient, rest = divmod(t, 2)
    np.testing.assert_array_equal(quotient.detach().numpy(), X // 2)
    np.testing.assert_array_equal(rest.detach().numpy(), X % 2)
    assert hash(t) == id(t) >> 4 or isinstance(hash(t), int)
    assert {t: 1}[t] == 1
    for bad in (float, int, bool):
        with pytest.raises((TypeError, ValueError), match=r"single number"):
            bad(t)
    with pytest.raises(TypeError, match="0-d"):
        iter(s)


def test_repr_shows_values_as_numpy_does():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    x = Tensor([1.0], requires_grad=True, name="x")
    assert repr(x) == "Tensor([1.], requires_grad=True, name='x')"
    assert repr(x * 2) == "Tensor([2.], requires_grad=True, op=multiply)"
    assert repr(Tensor(np.float32(1))) == "Tensor(1., dtype=float32)"


def test_copies():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    y = x * 3
    for again in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert again.requires_grad
        assert again.name == "x"
        assert again.array is not x.array
        np.testing.assert_array_equal(again.data, x.data)
    for again in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert again.is_leaf
        assert again.requires_grad
    y.copy().sum().backward()  # .copy() is recorded
    np.testing.assert_array_equal(x.grad.data, [3.0, 3.0])


def test_the_constructor_copies_and_asarray_shares():
    a = np.zeros(2)
    copied, shared = Tensor(a), ag.asarray(a)
    a[0] = 1
    np.testing.assert_array_equal(copied.data, [0, 0])
    np.testing.assert_array_equal(shared.data, [1, 0])
    assert ag.asarray(shared) is shared


def test_results_are_read_only_and_leaves_are_not():
    x = Tensor([1.0], requires_grad=True)
    y = x * 2
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 5
    with pytest.raises(RuntimeError, match="result of an op"):
        y.data = np.zeros(1)
    x.data[0] = 5
    x.detach().data  # noqa: B018 - a read-only twin must not make the leaf read-only
    x.data[0] = 6
    assert x.array[0] == 6


def test_numpy_conversion_is_refused_only_with_gradient():
    np.testing.assert_array_equal(np.asarray(Tensor([1.0])), [1.0])
    with pytest.raises(TypeError, match=r"\.detach\(\)"):
        np.asarray(Tensor([1.0], requires_grad=True))
    with pytest.raises(TypeError, match=r"ag\.stack"):
        Tensor([Tensor(1.0, requires_grad=True)])


@pytest.mark.parametrize("bad", [[1, 2], [True], [1j]])
def test_no_gradient_for_integers_booleans_complex(bad):
    with pytest.raises(TypeError, match="no gradient for"):
        Tensor(bad, requires_grad=True)


def test_in_place_on_a_leaf_outside_recording():
    w = Tensor([1.0, 2.0], requires_grad=True)
    array = w.array
    with ag.no_grad():
        w -= 0.5 * Tensor([1.0, 1.0])
        w[0] = 7
    assert w.array is array
    assert w.is_leaf
    np.testing.assert_array_equal(w.data, [7.0, 1.5])
    w.data -= 0.5 * Tensor([1.0, 1.0])
    np.testing.assert_array_equal(array, [6.5, 1.0])


def test_in_place_where_it_would_be_wrong_is_refused_before_anything_changes():
    w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    with pytest.raises(RuntimeError, match=r"'w'.*no_grad"):
        w += 1
    with pytest.raises(RuntimeError, match=r"index_set"):
        w[0] = 1
    buffer = Tensor([0.0, 0.0])
    with pytest.raises(RuntimeError, match=r"index_set"):
        buffer[0] = w[0]
    with pytest.raises(RuntimeError, match=r"np\.sort"):
        w.sort()
    np.testing.assert_array_equal(w.data, [1, 2])
    np.testing.assert_array_equal(buffer.data, [0, 0])


def test_in_place_on_results_makes_a_new_tensor():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = z = x * 1
    y += 1
    assert y is not z
    np.testing.assert_array_equal(z.detach().numpy(), [1.0, 2.0])
    total = Tensor(0.0)
    total += x.sum()  # keeps the gradient
    (total + y.sum()).backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 2.0])


def test_a_write_between_forward_and_backward_is_found():
    w = Tensor([1.0, 2.0], requires_grad=True)
    for write in (
        lambda: w.__setitem__(0, 5.0),
        lambda: w.__imul__(2),
        lambda: w.fill(3.0),
        lambda: setattr(w, "data", w.data * 2) or None,
    ):
        loss = (w * w).sum()
        before = w.array
        with ag.no_grad():
            write()
        if w.array is before:
            with pytest.raises(RuntimeError, match="overwritten after multiply"):
                loss.backward()


def test_type_checkers_see_what_is_attached():
    stub = Path(methods.__file__).with_name("methods_typed.pyi")
    (cls,) = [n for n in ast.parse(stub.read_text()).body if isinstance(n, ast.ClassDef)]
    typed = {node.name for node in cls.body if isinstance(node, ast.FunctionDef)}
    assert typed - set(vars(Tensor)) == set(), "in the stub, but not on Tensor"
    attached = set(methods.METHODS) | set(methods.IN_PLACE)
    attached |= {f"__{n}__" for n in [*methods.OPERATORS, *methods.UNARY, *methods.COMPARISONS]}
    assert attached - typed == set(), "on Tensor, but not in the stub"

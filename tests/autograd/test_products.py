"""Products: what test_ops.py does not try, against NumPy's values and exact differences.

A product is linear in each factor, so its gradient needs no small step: for F = Σ w · f(x, y) and
any v of x's shape, F(v, y) = Σ gradient · v, up to rounding.
"""

from __future__ import annotations

import itertools
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd import Tensor
from autograd.declare import constants
from autograd.tensor import claims, refusals

rng = np.random.default_rng(0)


def assert_gradients_of_multilinear(f: Any, *arrays: Any) -> None:
    """Values, and all first and mixed second derivatives of Σ w · f, for f linear in each array."""
    expected = f(*arrays)
    w = rng.normal(size=np.shape(expected))

    def total(*xs: Any) -> float:
        return float(np.sum(w * f(*xs)))

    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    out = f(*tensors)
    assert isinstance(out, Tensor)
    np.testing.assert_allclose(out.array, expected, rtol=1e-12, atol=1e-12)
    (out * w).sum().backward(create_graph=True)
    directions = [rng.normal(size=a.shape) for a in arrays]
    for i, (x, v) in enumerate(zip(tensors, directions, strict=True)):
        moved = [v if k == i else a for k, a in enumerate(arrays)]
        first = (x.grad * v).sum()
        np.testing.assert_allclose(first.array, total(*moved), rtol=1e-9, atol=1e-9)
        if not first.requires_grad:
            continue
        others = [t for k, t in enumerate(tensors) if k != i]
        gradients = gradients_of(first, others)
        for j, g in zip([k for k in range(len(arrays)) if k != i], gradients, strict=True):
            both = [directions[k] if k in (i, j) else a for k, a in enumerate(arrays)]
            second = float((g * directions[j]).sum())
            np.testing.assert_allclose(second, total(*both), rtol=1e-9, atol=1e-9)


def gradients_of(out: Tensor, inputs: list[Tensor]) -> list[np.ndarray]:
    kept = [t.grad for t in inputs]
    for t in inputs:
        t.zero_grad()
    out.backward(retain_graph=True)
    found = [np.zeros(t.shape) if t.grad is None else t.grad.array for t in inputs]
    for t, g in zip(inputs, kept, strict=True):
        t.grad = g
    return found


def arrays_of(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [rng.normal(size=shape) for shape in shapes]


# -- shapes ---------------------------------------------------------------------------------------

UFUNCS = [getattr(np, f) for f in ("matmul", "vecdot", "matvec", "vecmat") if hasattr(np, f)]


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
@given(data=st.data())
def test_ufuncs_over_all_shapes_that_fit(ufunc: Any, data: Any) -> None:
    shapes = hnp.mutually_broadcastable_shapes(signature=ufunc.signature, max_dims=2, max_side=3)
    found = data.draw(shapes)
    assert_gradients_of_multilinear(ufunc, *arrays_of(*found.input_shapes))


RANKS = [(), (3,), (2, 3), (4, 2, 3)]


@pytest.mark.parametrize(("s", "t"), list(itertools.product(RANKS, repeat=2)), ids=str)
def test_dot_and_inner_in_all_ranks(s: tuple[int, ...], t: tuple[int, ...]) -> None:
    a, b = arrays_of(s, t)
    assert_gradients_of_multilinear(np.inner, a, b)
    b = b.mT if b.ndim > 1 else b
    assert_gradients_of_multilinear(np.dot, a, b)
    assert_gradients_of_multilinear(lambda a, b: a.dot(b), a, b)
    assert_gradients_of_multilinear(np.outer, a, b)
    assert_gradients_of_multilinear(np.kron, a, b)


@pytest.mark.parametrize(
    ("f", "x", "other"),
    [
        (np.matmul, (2, 3), (3, 2)),
        (np.dot, (2, 3), (3, 2)),
        (np.inner, (2, 3), (4, 3)),
        (np.outer, (2,), (3,)),
        (np.vdot, (2, 3), (2, 3)),
        (np.kron, (2,), (3, 2)),
        (np.cross, (3,), (2, 3)),
        (lambda a, b: np.tensordot(a, b, 1), (2, 3), (3, 4)),
        (np.vecdot, (2, 3), (3,)),
        (np.convolve, (4,), (3,)),
        (np.correlate, (4,), (3,)),
        (lambda a, b: np.einsum("ij,jk", a, b), (2, 3), (3, 2)),
        (lambda a, b: np.linalg.multi_dot([a, b]), (2, 3), (3, 2)),
    ],
)
def test_the_other_factor_may_be_a_list(f: Any, x: Any, other: Any) -> None:
    a, b = arrays_of(x, other)
    assert_gradients_of_multilinear(lambda a: f(a, b.tolist()), a)


@given(st.data())
def test_tensordot_over_any_axes(data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, max_side=3))
    of_a = data.draw(st.permutations(range(len(shape))))
    of_a = of_a[: data.draw(st.integers(0, len(of_a)))]
    other = [*[shape[i] for i in of_a], *data.draw(hnp.array_shapes(max_dims=2, max_side=3))]
    order = data.draw(st.permutations(range(len(other))))
    of_b = [order.index(k) for k in range(len(of_a))]
    a, b = arrays_of(shape, tuple(other[k] for k in order))
    assert_gradients_of_multilinear(lambda a, b: np.tensordot(a, b, (of_a, of_b)), a, b)
    signed = [i - a.ndim for i in of_a], [j - b.ndim for j in of_b]
    assert_gradients_of_multilinear(lambda a, b: np.tensordot(a, b, signed), a, b)


@pytest.mark.parametrize("axisa", [0, -1])
@pytest.mark.parametrize("axisb", [1, -2])
@pytest.mark.parametrize("axisc", [0, 1, 2, -1])
def test_cross_along_any_axes_of_what_broadcasts(axisa: int, axisb: int, axisc: int) -> None:
    a = np.moveaxis(rng.normal(size=(2, 3)), -1, axisa)
    b = rng.normal(size=(4, 3, 2))
    assert_gradients_of_multilinear(lambda a, b: np.cross(a, b, axisa, axisb, axisc), a, b)
    assert_gradients_of_multilinear(lambda b, a: np.cross(b, a, axisb, axisa, axisc), b, a)


def test_float32_stays_float32() -> None:
    x = Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    for out in (x @ x, np.dot(x, x), np.einsum("ij,ij", x, x), np.linalg.matrix_power(x, 2)):
        assert out.dtype == np.float32
        out.sum().backward()
        assert x.grad is not None
        assert x.grad.dtype == np.float32


# -- einsum -------------------------------------------------------------------------------------


@st.composite
def einsums(draw: Any) -> tuple[str, list[tuple[int, ...]]]:
    """Subscripts with repeated letters, `...` and with or without `->`, and shapes that fit."""
    sizes = {letter: draw(st.integers(1, 3)) for letter in "ijkB"}
    hidden = draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3))
    terms, shapes = [], []
    for _ in range(draw(st.integers(1, 3))):
        letters = draw(st.lists(st.sampled_from(sorted(sizes)), max_size=3))
        before = [sizes[x] for x in letters]
        cut = draw(st.integers(0, len(letters)) | st.none())
        if cut is None:
            terms.append("".join(letters))
            shapes.append(tuple(before))
            continue
        under = hidden[draw(st.integers(0, len(hidden))) :]
        under = [draw(st.sampled_from([1, n])) for n in under]
        terms.append("".join(letters[:cut]) + "..." + "".join(letters[cut:]))
        shapes.append((*before[:cut], *under, *before[cut:]))
    subscripts = ",".join(terms)
    if draw(st.booleans()):
        used = sorted({x for term in terms for x in term if x != "."})
        kept = draw(st.lists(st.sampled_from(used), unique=True)) if used else []
        subscripts += "->" + ("..." if "." in subscripts else "") + "".join(kept)
    return subscripts, shapes


@given(einsums(), st.booleans())
def test_einsum_of_any_subscripts(spec: Any, optimize: bool) -> None:
    subscripts, shapes = spec
    assert_gradients_of_multilinear(
        lambda *xs: np.einsum(subscripts, *xs, optimize=optimize), *arrays_of(*shapes)
    )


@given(einsums())
def test_einsum_by_places_is_the_same(spec: Any) -> None:
    """`einsum(a, [0, 1], b, [1, 2])`, NumPy's other spelling."""
    subscripts, shapes = spec
    left, arrow, right = subscripts.partition("->")

    def places(term: str) -> list[Any]:
        before, dots, after = term.partition("...")
        number = {letter: i for i, letter in enumerate("Bijk")}  # capitals come first
        return [number[x] for x in before] + [...] * bool(dots) + [number[x] for x in after]

    def by_places(*xs: Any) -> Any:
        pairs = zip(xs, map(places, left.split(",")), strict=True)
        last = [places(right)] if arrow else []
        return np.einsum(*[part for pair in pairs for part in pair], *last)

    arrays = arrays_of(*shapes)
    np.testing.assert_allclose(by_places(*arrays), np.einsum(subscripts, *arrays))
    assert_gradients_of_multilinear(by_places, *arrays)


def test_einsum_by_large_places_orders_as_numpy() -> None:
    for places in ([30, 2], [2, 30], [51, 0]):
        f = lambda x: np.einsum(x, places)  # noqa: B023
        assert_gradients_of_multilinear(f, *arrays_of((2, 3)))


def test_einsum_large_enough_for_blas() -> None:
    assert_gradients_of_multilinear(
        lambda a, b, c: np.einsum("bij,jk,bkl->bil", a, b, c),
        *arrays_of((2, 40, 40), (40, 30), (2, 30, 20)),
    )


# -- powers and chains --------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(-3, 6))
def test_matrix_power_is_the_repeated_product(n: int) -> None:
    a = Tensor(rng.normal(size=(2, 3, 3)) + 4 * np.eye(3), requires_grad=True)
    b = Tensor(a.array, requires_grad=True)
    w = rng.normal(size=(2, 3, 3))
    product = np.broadcast_to(np.eye(3), (2, 3, 3)) + 0 * b
    for _ in range(abs(n)):
        product = product @ (b if n > 0 else np.linalg.inv(b))
    power = np.linalg.matrix_power(a, n)
    np.testing.assert_allclose(power.array, product.array)
    (power * w).sum().backward(create_graph=True)
    (product * w).sum().backward(create_graph=True)
    np.testing.assert_allclose(a.grad.array, b.grad.array, atol=1e-12)
    second = [gradients_of((t.grad * w).sum(), [t])[0] for t in (a, b) if t.grad.requires_grad]
    if n not in (0, 1):
        np.testing.assert_allclose(second[0], second[1], atol=1e-11)


@pytest.mark.parametrize("first", [(2,), (3, 2)])
@pytest.mark.parametrize("last", [(5,), (5, 3)])
def test_multi_dot(first: Any, last: Any) -> None:
    arrays = arrays_of(first, (2, 4), (4, 5), last)
    assert_gradients_of_multilinear(lambda *xs: np.linalg.multi_dot(xs), *arrays)


def test_linalgs_own_spellings() -> None:
    a, b = arrays_of((2, 3), (2, 3))
    for f in (
        lambda a, b: np.linalg.matmul(a, np.linalg.matrix_transpose(b)),
        np.linalg.cross,
        lambda a, b: np.linalg.tensordot(a, b, axes=2),
        lambda a, b: np.linalg.vecdot(a, b, axis=0),
        lambda a, b: np.linalg.outer(a[0], b[1]),
    ):
        assert_gradients_of_multilinear(f, a, b)


# -- windows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("m", "n"), list(itertools.product(range(1, 6), repeat=2)), ids=str)
def test_convolve_and_correlate(m: int, n: int, mode: Any) -> None:
    a, v = arrays_of((m,), (n,))
    assert_gradients_of_multilinear(lambda a, v: np.convolve(a, v, mode), a, v)
    assert_gradients_of_multilinear(lambda a, v: np.correlate(a, v, mode), a, v)


@given(st.data())
def test_sliding_windows(data: Any) -> None:
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=6))
    axes = data.draw(st.lists(st.integers(-len(shape), len(shape) - 1), max_size=3))
    left, window = list(shape), []
    for axis in axes:  # one may stand twice: windows of windows
        window.append(data.draw(st.integers(1, left[axis])))
        left[axis] -= window[-1] - 1
    view = np.lib.stride_tricks.sliding_window_view
    assert_gradients_of_multilinear(lambda x: view(x, window, axes), *arrays_of(shape))


# -- errors -------------------------------------------------------------------------------------

X = Tensor(np.ones((2, 3)), requires_grad=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: X @ np.ones((4, 5)),
            "matmul: (2, 3) @ (4, 5): inner sizes 3 and 4 differ. "
            "Transpose the second? Its .mT is (5, 4).",
        ),
        (lambda: X @ np.ones((2, 3)), "Transpose the second? Its .mT is (3, 2)."),
        (lambda: X @ np.ones((2, 4)), "Transpose the first? Its .mT is (3, 2)."),
        (lambda: X @ np.ones(2), "Transpose the first? Its .mT is (3, 2)."),
        (lambda: X @ 2.0, "Write x * y."),
        (lambda: np.ones((4, 2, 2)) @ np.stack([X, X, X]), "(4,) and (3,) do not broadcast"),
        (lambda: np.dot(X, np.ones((2, 3))), "inner sizes 3 and 2 differ"),
        (lambda: np.dot(X, np.ones((5, 2, 3))), "the sizes 3 and 2 differ"),
        (lambda: np.inner(X, np.ones((2, 4))), "last axes of (2, 3) and (2, 4) differ, 3 and 4"),
        (lambda: np.vdot(X, np.ones(4)), "6 and 4 elements"),
        (lambda: np.vecdot(X, np.ones(2)), "n of (n),(n)->() is 3 and 2"),
        (lambda: np.cross(np.ones(4), X), "those of (4,) have length 4"),
        (lambda: np.cross(X[:, :2], X), "Append a zero"),
        (lambda: np.tensordot(X, np.ones((2, 4))), "the sizes 3 and 4 differ"),
        (lambda: np.tensordot(X, X, ([0], [0, 1])), "as many axes of one as of the other"),
        (lambda: np.einsum("ij,jk", X, np.ones((4, 2))), "j is 3 in (2, 3), but 4 in (4, 2)."),
        (lambda: np.einsum("ij,jk", X), "2 terms for 1 operands"),
        (lambda: np.einsum("ijk", X), "'ijk' names 3 axes, but its operand has shape (2, 3)."),
        (lambda: np.linalg.multi_dot([X, np.ones((3, 2)), X.T]), "multi_dot: (3, 2) @ (3, 2)"),
        (lambda: np.linalg.outer(X, X), "vectors are needed"),
    ],
)
def test_errors_teach(call: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (its text is looked at)
        call()
    assert message in str(caught.value)


def test_out_is_refused_where_recorded() -> None:
    for call in (
        lambda: np.dot(X, X.T, out=np.ones((2, 2))),
        lambda: np.matmul(X, X.T, out=np.ones((2, 2))),
        lambda: np.einsum("ij->i", X, out=np.ones(2)),
        lambda: np.outer(X, X, out=np.ones((6, 6))),
        lambda: np.linalg.multi_dot([X, X.T], out=np.ones((2, 2))),
    ):
        with pytest.raises(TypeError, match=r"out=…"):
            call()


# -- completeness -------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", [np.linalg, np.lib.stride_tricks], ids=lambda n: n.__name__)
def test_every_function_is_sorted(namespace: Any) -> None:
    """Claimed, constant, or refused on purpose: each that NumPy's protocol hands on."""
    functions = [getattr(namespace, name) for name in dir(namespace) if name[0] != "_"]
    reached = [f for f in functions if hasattr(f, "_implementation")]
    assert reached
    unsorted = [f.__name__ for f in reached if not (f in claims or f in constants or f in refusals)]
    assert not unsorted


def test_ag_has_them_all() -> None:
    names = [
        "matmul", "dot", "vecdot", "inner", "vdot", "outer", "kron", "cross", "tensordot", "einsum",
        "multi_dot", "matrix_power", "convolve", "correlate", "sliding_window_view",
    ]  # fmt: skip
    assert all(callable(getattr(ag, name)) for name in names)


@pytest.mark.parametrize("shapes", [[(0, 3), (3, 2)], [(2, 0), (0, 4)], [(3,), (3, 0)]])
def test_multi_dot_of_empty_matrices(shapes: Any) -> None:
    tensors = [Tensor(np.ones(shape), requires_grad=True) for shape in shapes]
    ag.multi_dot(tensors).sum().backward(create_graph=True)
    for t in tensors:
        assert t.grad is not None
        np.testing.assert_array_equal(t.grad.array, np.zeros(t.shape))

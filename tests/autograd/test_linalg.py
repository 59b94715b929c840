"""Linear algebra: what test_ops.py does not try. Corner cases, errors, and PyTorch as an oracle."""

from __future__ import annotations

import itertools
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd import GradientWarning, Tensor
from autograd.tensor import claims, refusals

rng = np.random.default_rng(0)


def slopes(f: Any, x: np.ndarray, direction: np.ndarray) -> tuple[float, float]:
    """First and second derivative of t ↦ f(x + t · direction) at 0, by central differences."""

    def along(t: float) -> float:
        return float(f(x + t * direction))

    h, k = 1e-6, 1e-4
    return (along(h) - along(-h)) / (2 * h), (along(k) - 2 * along(0) + along(-k)) / k**2


def assert_orders(f: Any, x: np.ndarray, symmetric: bool = False, orders: int = 2) -> None:
    """f's first two derivatives along random directions, against differences."""
    for _ in range(3):
        v = rng.normal(size=x.shape)
        v = v + v.mT if symmetric else v
        first, second = slopes(f, x, v)
        np.testing.assert_allclose(np.sum(ag.grad(f)(x) * v), first, rtol=1e-5, atol=1e-6)
        if orders > 1:
            found = np.sum(ag.hvp(f, x, v) * v)
            np.testing.assert_allclose(found, second, rtol=1e-3, atol=1e-4)


def well(*shape: int) -> np.ndarray:
    return rng.normal(size=shape) + 3 * np.eye(*shape[-2:])


def positive(*shape: int) -> np.ndarray:
    a = rng.normal(size=shape)
    return a @ a.mT + np.eye(shape[-1])


# -- PyTorch ------------------------------------------------------------------------------------

L = np.linalg

# name, f in NumPy's words, f in PyTorch's, inputs. What comes out does not depend on the signs of
# eigenvectors, which are anybody's choice.
ORACLE: list[tuple[str, Any, Any, list[np.ndarray]]] = [
    ("solve", L.solve, lambda t: t.linalg.solve, [well(2, 3, 3), rng.normal(size=(3, 2))]),
    ("solve a vector", L.solve, lambda t: t.linalg.solve, [well(3, 3), rng.normal(size=3)]),
    ("inv", L.inv, lambda t: t.linalg.inv, [well(2, 3, 3)]),
    ("det", L.det, lambda t: t.linalg.det, [well(2, 3, 3)]),
    ("slogdet", lambda a: L.slogdet(a)[1], lambda t: lambda a: t.slogdet(a)[1], [well(2, 3, 3)]),
    ("cholesky", L.cholesky, lambda t: t.linalg.cholesky, [positive(2, 3, 3)]),
    (
        "cholesky, upper",
        lambda a: L.cholesky(a, upper=True),
        lambda t: lambda a: t.linalg.cholesky(a, upper=True),
        [positive(3, 3)],
    ),
    ("qr tall", lambda a: L.qr(a).Q ** 2, lambda t: lambda a: t.linalg.qr(a)[0] ** 2, [well(4, 3)]),
    ("qr wide", lambda a: L.qr(a).R ** 2, lambda t: lambda a: t.linalg.qr(a)[1] ** 2, [well(2, 4)]),
    ("r", lambda a: L.qr(a, "r") ** 2, lambda t: lambda a: t.linalg.qr(a)[1] ** 2, [well(3, 2)]),
    ("eigvalsh", L.eigvalsh, lambda t: t.linalg.eigvalsh, [positive(2, 3, 3)]),
    (
        "eigh",
        lambda a: L.eigh(a).eigenvectors ** 2,
        lambda t: lambda a: t.linalg.eigh((a + a.mT) / 2)[1] ** 2,
        [positive(2, 3, 3)],
    ),
    ("svdvals", L.svdvals, lambda t: t.linalg.svdvals, [rng.normal(size=(2, 4, 3))]),
    *[
        (
            f"svd {k} {shape}",
            lambda a, k=k: L.svd(a, full_matrices=False)[k] ** 2,
            lambda t, k=k: lambda a: t.linalg.svd(a, full_matrices=False)[k] ** 2,
            [rng.normal(size=shape)],
        )
        for k in (0, 1, 2)
        for shape in ((3, 3), (4, 2), (2, 3, 4))
    ],
    ("pinv tall", L.pinv, lambda t: t.linalg.pinv, [well(4, 3)]),
    ("pinv wide", L.pinv, lambda t: t.linalg.pinv, [well(2, 3, 4)]),
    (
        "lstsq tall",
        lambda a, b: L.lstsq(a, b)[0],
        lambda t: lambda a, b: t.linalg.lstsq(a, b)[0],
        [well(4, 3), rng.normal(size=(4, 2))],
    ),
    *[
        (
            f"matrix_power {n}",
            lambda a, n=n: L.matrix_power(a, n),
            lambda t, n=n: lambda a: t.linalg.matrix_power(a, n),
            [well(2, 3, 3)],
        )
        for n in (-3, 2, 5)
    ],
    ("cond", L.cond, lambda t: t.linalg.cond, [well(2, 3, 3)]),
    *[
        (
            f"cond {p}",
            lambda a, p=p: L.cond(a, p),
            lambda t, p=p: lambda a: t.linalg.norm(a, p) * t.linalg.norm(t.linalg.inv(a), p),
            [well(3, 3)],
        )
        for p in (2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc")
    ],
    *[
        (
            f"matrix_norm {p}",
            lambda a, p=p: L.matrix_norm(a, ord=p),
            lambda t, p=p: lambda a: t.linalg.matrix_norm(a, p),
            [rng.normal(size=(2, 3, 4))],
        )
        for p in (2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc")
    ],
    ("tensorinv", L.tensorinv, lambda t: t.linalg.tensorinv, [well(6, 6).reshape(2, 3, 3, 2)]),
    (
        "tensorsolve",
        L.tensorsolve,
        lambda t: t.linalg.tensorsolve,
        [well(6, 6).reshape(2, 3, 6), rng.normal(size=(2, 3))],
    ),
    (
        "multi_dot",
        lambda *a: L.multi_dot(a),
        lambda t: lambda *a: t.linalg.multi_dot(a),
        [well(2, 3), well(3, 4), well(4, 2)],
    ),
    ("kron", np.kron, lambda t: t.kron, [well(2, 3), well(3, 2)]),
    ("cross", np.cross, lambda t: t.linalg.cross, [well(2, 3), well(2, 3)]),
    (
        "einsum",
        lambda a, b: np.einsum("bij,jkk->bi", a, b),
        lambda t: lambda a, b: t.einsum("bij,jkk->bi", a, b),
        [rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 3, 3))],
    ),
]


@pytest.mark.parametrize(
    ("ours", "theirs", "inputs"), [case[1:] for case in ORACLE], ids=[case[0] for case in ORACLE]
)
def test_as_pytorch(ours: Any, theirs: Any, inputs: list[np.ndarray]) -> None:
    """Values, gradients, and the gradients of Σ v · gradient, in float64."""
    torch = pytest.importorskip("torch")
    theirs = theirs(torch)
    t = [torch.tensor(a, requires_grad=True) for a in inputs]
    x = [Tensor(a, requires_grad=True) for a in inputs]
    out, expected = ours(*x), theirs(*t)
    np.testing.assert_allclose(out.array, expected.numpy(force=True), atol=1e-12)
    w = rng.normal(size=out.shape)
    (out * w).sum().backward(create_graph=True)
    gradients = torch.autograd.grad((expected * torch.tensor(w)).sum(), t, create_graph=True)
    total, torch_total = 0, 0
    for a, g in zip(x, gradients, strict=True):
        np.testing.assert_allclose(a.grad.array, g.numpy(force=True), rtol=1e-8, atol=1e-9)
        v = rng.normal(size=a.shape)
        total, torch_total = total + (a.grad * v).sum(), torch_total + (g * torch.tensor(v)).sum()
    for a in x:
        a.zero_grad()
    total.backward()
    for a, g in zip(x, torch.autograd.grad(torch_total, t), strict=True):
        np.testing.assert_allclose(a.grad.array, g.numpy(force=True), rtol=1e-7, atol=1e-8)


# -- determinants of singular matrices ------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("rank", [0, 1, 2, 3, 4])
def test_det_of_any_rank(n: int, rank: int) -> None:
    """det is linear in each row: its derivatives are determinants with rows replaced."""
    a = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, n))
    rows = rng.normal(size=(n, n))

    def with_rows(*places: int) -> float:
        return float(np.linalg.det(np.where(np.isin(np.arange(n), places)[:, None], rows, a)))

    gradient = ag.grad(np.linalg.det)(a)
    for i in range(n):
        np.testing.assert_allclose(gradient[i] @ rows[i], with_rows(i), atol=1e-10)
    for i, j in itertools.product(range(n), repeat=2):
        first, second = np.zeros((2, n, n))
        first[i], second[j] = rows[i], rows[j]
        found = np.sum(ag.hvp(np.linalg.det, a, first) * second)
        np.testing.assert_allclose(found, with_rows(i, j) if i != j else 0, atol=1e-10)


def test_det_third_order() -> None:
    def third(a: Any) -> Any:
        return ag.grad(lambda a: ag.grad(lambda a: ag.grad(np.linalg.det)(a)[0, 0])(a)[1, 1])(a)

    np.testing.assert_allclose(third(well(3, 3)), np.diag([0, 0, 1]), atol=1e-10)
    with pytest.raises(NotImplementedError, match="third derivative of det"):
        third(np.diag([1.0, 1.0, 0.0]))


def test_det_keeps_batches_apart() -> None:
    a = np.stack([np.diag([1.0, 2.0, 0.0]), well(3, 3)])
    gradient = ag.grad(lambda a: np.sum(np.linalg.det(a)))(a)
    for one, g in zip(a, gradient, strict=True):
        np.testing.assert_allclose(g, ag.grad(np.linalg.det)(one), atol=1e-12)


# -- values that coincide -------------------------------------------------------------------------


def test_functions_of_eigenvalues_alone_are_right_where_they_coincide() -> None:
    eye = np.eye(3)
    for values in (np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[0]):
        np.testing.assert_array_equal(ag.grad(lambda a: np.sum(values(a)))(eye), eye)  # noqa: B023
        squares = ag.grad(lambda a: np.sum(values(a) ** 2))(eye)  # noqa: B023
        np.testing.assert_allclose(squares, 2 * eye, atol=1e-14)
    for s in (np.linalg.svdvals, lambda a: np.linalg.svd(a)[1]):
        gradient = ag.grad(lambda a: np.sum(s(a) ** 2))(eye)  # noqa: B023
        np.testing.assert_allclose(gradient, 2 * eye, atol=1e-14)


def test_an_eigenvector_beside_others_that_coincide() -> None:
    """Values 1, 1, 5: the last vector is unique, so nothing is left out and nobody warned."""
    basis, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    a = basis @ np.diag([1.0, 1.0, 5.0]) @ basis.T
    w = rng.normal(size=3)
    f = lambda a: np.sum(w * np.linalg.eigh(a).eigenvectors[:, 2] ** 2)
    assert_orders(f, a, symmetric=True, orders=1)


def test_planes_of_vectors_are_right_and_say_what_they_leave_out() -> None:
    basis, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    a = basis @ np.diag([1.0, 1.0, 5.0]) @ basis.T
    c = positive(3, 3)

    def projected(a: Any) -> Any:
        v = np.linalg.eigh(a).eigenvectors[:, :2]
        return np.sum(c * (v @ v.mT))

    v = positive(3, 3)
    with pytest.warns(GradientWarning, match="any basis of a plane"):
        gradient = ag.grad(projected)(a)
    np.testing.assert_allclose(np.sum(gradient * v), slopes(projected, a, v)[0], rtol=1e-6)


def test_polar_factor_where_singular_values_coincide() -> None:
    """u @ vh of a rotation: each vector is arbitrary, their product is not."""
    a, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    w, v = rng.normal(size=(2, 3, 3))

    def polar(a: Any) -> Any:
        u, _, vh = np.linalg.svd(a)
        return np.sum(w * (u @ vh))

    with pytest.warns(GradientWarning, match="singular values coincide"):
        gradient = ag.grad(polar)(a)
    np.testing.assert_allclose(np.sum(gradient * v), slopes(polar, a, v)[0], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 2, 1, np.inf])
@pytest.mark.parametrize("shape", [(3, 3), (3, 2)])
def test_norms_of_zero_have_no_slope(ord: Any, shape: tuple[int, ...]) -> None:
    x = np.zeros(shape)
    f = lambda x: np.linalg.norm(x, ord)
    np.testing.assert_array_equal(ag.grad(f)(x), 0)
    np.testing.assert_array_equal(ag.hvp(f, x, rng.normal(size=shape)), 0)


def test_nuclear_norm_of_low_rank_ignores_values_that_are_rounding() -> None:
    a = np.outer([1.0, 2.0, 2.0], [2.0, 3.0, 6.0])
    gradient = ag.grad(lambda a: np.linalg.norm(a, "nuc"))(a)
    np.testing.assert_allclose(gradient, a / 21, atol=1e-12)
    gradient = ag.grad(lambda a: np.sum(np.linalg.svd(a).S))(a)
    np.testing.assert_allclose(gradient, a / 21, atol=1e-12)


# -- symmetric matrices -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.cholesky,
        lambda a: np.linalg.cholesky(a, upper=True),
        lambda a: np.linalg.eigh(a)[1] ** 2,
        lambda a: np.linalg.eigh(a, "U")[1] ** 2,
        np.linalg.eigvalsh,
        lambda a: np.linalg.svd(a, hermitian=True)[0] ** 2,
        lambda a: np.linalg.svd(a, hermitian=True)[2] ** 2,
        lambda a: np.linalg.svd(a, hermitian=True, compute_uv=False),
        lambda a: np.linalg.pinv(a, hermitian=True),
    ],
)
def test_gradients_of_symmetric_matrices_are_symmetric(f: Any) -> None:
    a = positive(3, 3) - 0.9 * np.eye(3)
    w = rng.normal(size=np.shape(f(a)))
    gradient = ag.grad(lambda a: np.sum(w * f(a)))(a)
    np.testing.assert_allclose(gradient, gradient.T, atol=1e-14)
    assert_orders(lambda a: np.sum(w * f(a)), a, symmetric=True)


# -- what is not unique is refused --------------------------------------------------------------


def test_full_matrices_as_far_as_they_are_unique() -> None:
    a = rng.normal(size=(4, 2))
    w = rng.normal(size=(4, 2))
    full = ag.grad(lambda a: np.sum(w * np.linalg.svd(a)[0][:, :2] ** 2))(a)
    reduced = ag.grad(lambda a: np.sum(w * np.linalg.svd(a, full_matrices=False)[0] ** 2))(a)
    np.testing.assert_allclose(full, reduced, atol=1e-12)
    for f, place in (
        (lambda a: np.sum(np.linalg.svd(a)[0] ** 3), "columns 2… of u"),
        (lambda a: np.sum(np.linalg.svd(a.T)[2] ** 3), "rows 2… of vh"),
    ):
        with pytest.raises(ValueError, match=place):
            ag.grad(f)(a)


def test_qr_modes() -> None:
    a = rng.normal(size=(4, 2))
    for mode in ("complete", "raw"):
        with pytest.raises(TypeError, match='Write mode="reduced"'):
            ag.grad(lambda a: np.sum(np.linalg.qr(a, mode)[0] ** 2))(a)  # noqa: B023
        for ours, numpys in zip(np.linalg.qr(Tensor(a), mode), np.linalg.qr(a, mode), strict=True):
            np.testing.assert_array_equal(ours.array, numpys)
    w = rng.normal(size=(2, 4))
    for mode in ("complete", "reduced", "r"):
        r = lambda a: np.linalg.qr(a, mode)[1] if mode != "r" else np.linalg.qr(a, "r")  # noqa: B023
        assert_orders(lambda a: np.sum(w * r(a) ** 2), well(2, 4))  # noqa: B023


def test_eig_is_refused_with_a_way_out() -> None:
    x = Tensor(well(3, 3), requires_grad=True)
    for f in (np.linalg.eig, np.linalg.eigvals):
        with pytest.raises(TypeError, match="eigh"):
            f(x)
        f(x.detach())


# -- least squares --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3)])
@pytest.mark.parametrize("columns", [(), (2,)])
def test_lstsq_is_that_of_the_normal_equations(shape: Any, columns: Any) -> None:
    a, b = well(*shape), rng.normal(size=(shape[0], *columns))
    w = rng.normal(size=(shape[1], *columns))

    def normal(a: Any, b: Any) -> Any:
        if shape[0] >= shape[1]:
            return np.linalg.solve(a.mT @ a, a.mT @ b)
        return a.mT @ np.linalg.solve(a @ a.mT, b)

    def through(f: Any) -> list[Any]:
        value = lambda a, b: np.sum(w * f(a, b))
        first = ag.grad(value, argnums=(0, 1))(a, b)
        size = lambda a, b: sum(np.sum(g**2) for g in ag.grad(value, argnums=(0, 1))(a, b))
        return [*first, *ag.grad(size, argnums=(0, 1))(a, b)]

    for ours, expected in zip(
        through(lambda a, b: np.linalg.lstsq(a, b)[0]), through(normal), strict=True
    ):
        np.testing.assert_allclose(ours, expected, rtol=1e-8, atol=1e-8)


def test_lstsq_of_low_rank() -> None:
    """Along changes that keep the rank."""
    left, right, b = rng.normal(size=(4, 2)), rng.normal(size=(2, 3)), rng.normal(size=4)
    w = rng.normal(size=3)
    for f in (lambda a: np.linalg.lstsq(a, b, 1e-10)[0], lambda a: np.linalg.pinv(a) @ b):
        assert_orders(lambda right: np.sum(w * f(left @ right)), right)  # noqa: B023


def test_lstsq_gives_the_rest_as_plain_arrays() -> None:
    a, b = well(4, 2), rng.normal(size=4)
    x, *rest = np.linalg.lstsq(Tensor(a, requires_grad=True), b)
    expected = np.linalg.lstsq(a, b)
    np.testing.assert_array_equal(x.array, expected[0])
    for ours, numpys in zip(rest, expected[1:], strict=True):
        assert not isinstance(ours, Tensor)
        np.testing.assert_array_equal(ours, numpys)
    assert not isinstance(ag.lstsq(a, b)[0], Tensor)


# -- forms ----------------------------------------------------------------------------------------


def test_results_keep_numpys_names() -> None:
    x = Tensor(positive(3, 3), requires_grad=True)
    for f, fields in (
        (np.linalg.eigh, ("eigenvalues", "eigenvectors")),
        (np.linalg.svd, ("U", "S", "Vh")),
        (np.linalg.qr, ("Q", "R")),
        (np.linalg.slogdet, ("sign", "logabsdet")),
    ):
        for tensor in (x, x.detach()):
            out = f(tensor)
            assert type(out) is type(f(x.array))
            assert all(isinstance(getattr(out, name), Tensor) for name in fields)


@given(st.data())
def test_solve_in_all_shapes(data: Any) -> None:
    """b as a vector, as columns, with leading axes on either side, and either as a list."""
    n = data.draw(st.integers(1, 3))
    leading = st.sampled_from([(), (2,), (1,), (3, 2), (3, 1)])
    a = rng.normal(size=(*data.draw(leading), n, n)) + 4 * np.eye(n)
    b = rng.normal(size=data.draw(st.just((n,)) | leading.map(lambda s: (*s, n, 2))))
    out = np.linalg.solve(a, b)
    w = rng.normal(size=out.shape)
    whole = np.broadcast_to(a, (*out.shape[: out.ndim - (1 if b.ndim == 1 else 2)], n, n))
    sides = w[..., None] if b.ndim == 1 else w
    back = np.linalg.solve(whole.mT, sides)
    grad_a = -back @ (out[..., None] if b.ndim == 1 else out).mT
    while grad_a.ndim > a.ndim:
        grad_a = grad_a.sum(0)
    grad_a = grad_a.sum(tuple(i for i, size in enumerate(a.shape[:-2]) if size == 1), keepdims=True)
    tensor = Tensor(a, requires_grad=True)
    (np.linalg.solve(tensor, b.tolist()) * w).sum().backward()
    np.testing.assert_allclose(tensor.grad.array, grad_a, atol=1e-12)
    tensor = Tensor(b, requires_grad=True)
    (np.linalg.solve(a.tolist(), tensor) * w).sum().backward()
    grad_b = back[..., 0] if b.ndim == 1 else back
    while grad_b.ndim > b.ndim:
        grad_b = grad_b.sum(0)
    leading_axes = range(b.ndim - 2 if b.ndim > 1 else 0)
    grad_b = grad_b.sum(tuple(i for i in leading_axes if b.shape[i] == 1), keepdims=True)
    np.testing.assert_allclose(tensor.grad.array, grad_b, atol=1e-12)


def test_every_public_name_is_claimed_or_refused() -> None:
    for name in dir(np.linalg):
        function = getattr(np.linalg, name)
        if hasattr(function, "_implementation"):
            assert function in claims or function in refusals, name


# -- errors ---------------------------------------------------------------------------------------

X = Tensor(rng.normal(size=(2, 3)), requires_grad=True)
LOW = Tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: np.linalg.inv(X), r"inv: matrices of shape \(2, 3\) are not square.*pinv"),
        (lambda: np.linalg.inv(LOW), r"inv: a of shape \(2, 2\) holds a singular matrix"),
        (lambda: np.linalg.solve(LOW, [1.0, 2.0]), r"solve: .* singular .* lstsq"),
        (lambda: np.linalg.solve(well(3, 3), X), r"solve: a .* 3 rows, b of shape \(2, 3\) has 2"),
        (lambda: np.linalg.solve(well(3, 3), X[0, :2]), "has 3 rows, b .* has 2"),
        (lambda: np.linalg.lstsq(X, np.ones(3)), "lstsq: a .* has 2 rows, b .* has 3"),
        (lambda: np.linalg.det(X), "det: .* not square"),
        (lambda: np.linalg.slogdet(X[0]), "slogdet: a matrix is needed"),
        (lambda: np.linalg.eigh(X), "eigh: .* not square"),
        (lambda: np.linalg.eigvalsh(X), "eigvalsh: .* not square"),
        (lambda: np.linalg.cholesky(LOW - 1), "smallest eigenvalue is -.* np.eye"),
        (lambda: np.linalg.svd(X[0]), "svd: a matrix is needed"),
        (lambda: np.linalg.qr(X[0]), "qr: a matrix is needed"),
        (lambda: np.linalg.tensorinv(X, 0), "ind must be at least 1"),
        (lambda: np.linalg.tensorsolve(X, np.ones(2)), "2 equations for the 3 unknowns"),
        (lambda: ag.grad(lambda a: np.linalg.slogdet(a)[1])(LOW.array), "inv: .* singular"),
        (lambda: ag.grad(lambda a: np.sum(np.linalg.qr(a).R))(LOW.array), "columns depend on each"),
    ],
)
def test_errors_teach(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()

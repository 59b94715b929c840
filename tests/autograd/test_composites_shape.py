"""NumPy's functions of shape, joining, padding, differences and statistics that are built from
ops: NumPy's values and containers, and gradients that are the slopes, at orders 1 and 2.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import A, Sample, Tensor
from autograd.tree import leaves

MODULES = [
    importlib.import_module(f"autograd.ops.{name}")
    for name in (
        "axes", "diagonals", "differences", "joining", "nans", "norms", "padding", "quantiles",
        "rearrange", "reduce", "scan", "shape", "splitting", "spread", "statistics",
    )
]  # fmt: skip
NAMES = [name for module in MODULES for name in module.__all__]
NAMESPACES = {"norm": np.linalg, "vector_norm": np.linalg, "matrix_norm": np.linalg}


def of_numpy(name: str) -> Any:
    return getattr(NAMESPACES.get(name, np), name)


def distinct(a: np.ndarray) -> np.ndarray:
    """Values far from each other, so that a step does not change their order."""
    return a + 10.0 * np.argsort(np.argsort(a, axis=None)).reshape(a.shape)


def positive(a: np.ndarray) -> np.ndarray:
    return np.abs(a) + 0.5


def rising(a: np.ndarray) -> np.ndarray:
    return np.cumsum(positive(a))


def d(*shape: int) -> A:
    return A(*shape, make=distinct)


MODES = [
    Sample(A(3), 2, mode)
    for mode in ("constant", "edge", "linear_ramp", "mean", "reflect", "symmetric", "wrap")
] + [
    Sample(d(3), 2, "maximum"),
    Sample(d(3), 2, "minimum"),
    Sample(d(5), 2, "median"),
    Sample(d(4), (2, 3), "maximum", stat_length=2),
    Sample(d(2, 4), ((1, 1), (2, 0)), "minimum", stat_length=((1, 2), (3, 4))),
    Sample(d(5), 1, "median", stat_length=3),
    Sample(A(2, 4), ((1, 0), (2, 1)), "mean", stat_length=(1, 2)),
    Sample(A(2, 3), ((1, 2), (0, 1))),
    Sample(A(2, 3), [[1], [2]], constant_values=((1.0, 2.0), (3.0, 4.0))),
    Sample(A(2, 3), 1, constant_values=A()),
    Sample(A(2, 3), (1, 2), constant_values=(A(), 2.0)),
    Sample(A(2, 3), 1, constant_values=((A(), 2.0), (A(), A()))),
    Sample(A(0, 2), 1),
    Sample(A(2, 3), ((1, 2), (0, 1)), "edge"),
    Sample(A(2, 3), ((1, 2), (0, 3)), "linear_ramp", end_values=((1.0, 2.0), (3.0, 4.0))),
    Sample(A(3), (2, 3), "linear_ramp", end_values=(A(), 5.0)),
    Sample(A(2, 3), ((1, 1), (2, 2)), "reflect"),
    Sample(A(3), (5, 8), "reflect"),
    Sample(A(3), (5, 8), "symmetric"),
    Sample(A(3), (5, 8), "wrap"),
    Sample(A(3), (5, 8), "reflect", reflect_type="odd"),
    Sample(A(3), (5, 8), "symmetric", reflect_type="odd"),
    Sample(A(3, 2), ((1, 2), (3, 0)), "reflect", reflect_type="odd"),
    Sample(A(3), (1, 20), "reflect", reflect_type="odd"),
    Sample(A(3), (20, 1), "symmetric", reflect_type="odd"),
    Sample(A(1, 3), 2, "reflect"),
    Sample(A(1, 3), 2, "symmetric", reflect_type="odd"),
    Sample(A(2, 3), 0, "wrap"),
]

CALLS: dict[str, list[Sample]] = {
    "append": [
        Sample(A(3), A()),
        Sample(A(2, 3), [[1.0, 2.0, 3.0]], axis=0),
        Sample([1.0], A(2, 2)),
    ],
    "atleast_1d": [Sample(A()), Sample(A(2)), Sample(A(), A(2, 3), 1.0)],
    "atleast_2d": [Sample(A()), Sample(A(2)), Sample(A(0)), Sample(A(), A(2, 3), A(1, 2, 3))],
    "atleast_3d": [Sample(A()), Sample(A(2)), Sample(A(2, 3)), Sample(A(1, 2, 3, 4), A(0))],
    "average": [
        Sample(A(3)),
        Sample(A(2, 3), axis=1, keepdims=True),
        Sample(A(2, 3), axis=-1, weights=A(3, make=positive)),
        Sample(A(2, 3), weights=A(2, 3, make=positive), returned=True),
        Sample(A(2, 3), 0, returned=True),
        Sample(A(2, 3, 4), axis=(2, 0), weights=A(4, 2, make=positive), keepdims=True),
        Sample(A(2, 3, 4), axis=(2, 0), weights=A(4, 2, make=positive), returned=True),
        Sample(A(3), weights=[1, 2, 3]),
    ],
    "block": [
        Sample([A(2), A(3)]),
        Sample([[A(1, 2), A(1, 1)], [A(2, 3)]]),
        Sample([[A(), 2.0], [3.0, A()]]),
        Sample(A(2)),
        Sample([A(1, 2, 1), A(2, 1)]),
    ],
    "broadcast_arrays": [Sample(A(3), A(2, 1), 1.0), Sample(A(2))],
    "column_stack": [Sample([A(3), A(3, 2), [1.0, 2.0, 3.0]]), Sample((A(2),))],
    "corrcoef": [Sample(A(3, 5)), Sample(A(5), A(5)), Sample(A(5, 2), rowvar=False), Sample(A(4))],
    "cov": [
        Sample(A(2, 4)),
        Sample(A(4)),
        Sample(A(4), A(4), bias=True),
        Sample(A(4, 2), A(4, 3), rowvar=False, ddof=0),
        Sample(A(2, 4), fweights=[1, 2, 0, 3]),
        Sample(A(2, 4), aweights=A(4, make=positive)),
        Sample(A(2, 4), fweights=np.array([1, 2, 1, 3]), aweights=A(4, make=positive), ddof=2),
        Sample(A(2, 3), rowvar=False, bias=True),
    ],
    "cumulative_prod": [Sample(A(3)), Sample(A(2, 3), axis=-1, include_initial=True), Sample(A(0))],
    "cumulative_sum": [Sample(A(3)), Sample(A(2, 3), axis=0, include_initial=True)],
    "delete": [
        Sample(A(4), 1),
        Sample(A(2, 3), [0, 2], axis=1),
        Sample(A(2, 3), 4),
        Sample(A(4), slice(None, None, 2)),
        Sample(A(4), np.array([True, False, False, True])),
        Sample(A(4), []),
    ],
    "diag": [Sample(A(3)), Sample(A(3), -1), Sample(A(2, 3)), Sample(A(2, 3), k=1), Sample(A(0))],
    "diagflat": [Sample(A(2, 2)), Sample(A(), 1)],
    "diff": [
        Sample(A(4)),
        Sample(A(4), 0),
        Sample(A(4), 2),
        Sample(A(2, 3), axis=0),
        Sample(A(2, 3), 2, prepend=A(), append=A(2, 2)),
        Sample(A(2, 3), 7),
        Sample(A(0)),
    ],
    "dsplit": [Sample(A(1, 2, 4), 2), Sample(A(1, 2, 4), [1, 1])],
    "dstack": [Sample([A(2), A(2)]), Sample([A(2, 3), A(2, 3, 2)])],
    "ediff1d": [Sample(A(2, 2)), Sample(A(3), to_end=A(2), to_begin=1.0), Sample(A(0), A())],
    "gradient": [
        Sample(A(5)),
        Sample(A(5), 2.0),
        Sample(A(5), A(make=positive)),
        Sample(A(5), [0.0, 1.0, 1.5, 3.0, 5.0]),
        Sample(A(5), [0, 1, 2, 3, 4]),
        Sample(A(5), A(5, make=rising)),
        Sample(A(5), A(5, make=rising), edge_order=2),
        Sample(A(3, 4), edge_order=2),
        Sample(A(3, 4), 2.0, [0.0, 1.0, 3.0, 4.0]),
        Sample(A(3, 4), 0.5, axis=0),
        Sample(A(3, 4, 2), axis=(2, 0)),
        Sample(A(2)),
    ],
    "hsplit": [Sample(A(4), 2), Sample(A(2, 4), [1, 3])],
    "hstack": [Sample([A(2), A(), 1.0]), Sample((A(2, 1), A(2, 2)))],
    "matrix_norm": [
        Sample(A(2, 3)),
        Sample(A(2, 3, 2), ord=1, keepdims=True),
        Sample(A(3, 2), ord="nuc"),
    ],
    "meshgrid": [
        Sample(A(2), A(3)),
        Sample(A(2), [1.0, 2.0, 3.0], A(4), indexing="ij"),
        Sample(A(2), A(3), A(), sparse=True),
        Sample(A(2)),
    ],
    "norm": [
        *[Sample(A(3), p) for p in (None, 1, 2, 3, 4, 0.5, -1, 0)],
        Sample(d(3), np.inf),
        Sample(d(3), -np.inf),
        Sample(A(2, 3, 2)),
        Sample(A(2, 3, 2), keepdims=True),
        Sample(A(2, 3), axis=-1, keepdims=True),
        *[Sample(A(2, 3), p) for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)],
        Sample(A(2, 3, 2), "nuc", axis=(2, 0), keepdims=True),
        Sample(A(2, 3, 2), 1, axis=(2, 0)),
        Sample(A(2, 3, 2), axis=(0, 1)),
        Sample(A()),
    ],
    "pad": MODES,
    "ptp": [Sample(d(4)), Sample(d(2, 3), axis=-1, keepdims=True), Sample(A())],
    "resize": [Sample(A(3), (2, 4)), Sample(A(2, 3), 4), Sample(A(3), (0,)), Sample(A(0), (2, 2))],
    "rollaxis": [Sample(A(2, 3, 4), 2), Sample(A(2, 3, 4), 0, 3), Sample(A(2, 3, 4), -1, 1)],
    "split": [
        Sample(A(4), 2),
        Sample(A(2, 4), [1, 3], axis=1),
        Sample(A(4), [3, 1]),
        Sample(A(3), [5]),
    ],
    "array_split": [Sample(A(5), 3), Sample(A(2, 5), 2, axis=-1), Sample(A(2), 3)],
    "trace": [Sample(A(2, 3)), Sample(A(2, 3, 4), 1, 2, 0)],
    "trapezoid": [
        Sample(A(4)),
        Sample(A(2, 4), dx=0.5),
        Sample(A(2, 4), A(4)),
        Sample(A(3, 2), A(3), axis=0),
        Sample(A(2, 3), A(2, 3), axis=-2),
        Sample(A(3), dx=A()),
    ],
    "trim_zeros": [
        Sample(A(5, make=lambda a: a * [0, 1, 0, 1, 0])),
        Sample(A(5, make=lambda a: a * [0, 1, 0, 1, 0]), "f"),
        Sample(A(3, make=lambda a: a * 0)),
    ],
    "unstack": [Sample(A(2, 3)), Sample(A(2, 3), axis=-1), Sample(A(0, 2))],
    "vector_norm": [
        Sample(A(2, 3)),
        Sample(A(2, 3), axis=0, keepdims=True, ord=1),
        Sample(A(3), ord=0),
    ],
    "vsplit": [Sample(A(4, 2), 2), Sample(A(4, 2), [1])],
    "vstack": [Sample([A(2), A(3, 2), [1.0, 2.0]])],
}  # fmt: skip
EXAMPLES = [
    (name, sample) for name, samples in CALLS.items() if name in NAMES for sample in samples
]  # NumPy 2.0 lacks some of the names
every_call = pytest.mark.parametrize(
    ("name", "sample"), EXAMPLES, ids=[f"{name}{sample}" for name, sample in EXAMPLES]
)


class Call:
    """A sample's call with random arrays in the places of its A's."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.arrays: list[np.ndarray] = []
        rng = np.random.default_rng(0)

        def draw(a: A) -> None:
            array = rng.uniform(-3, 3, a.shape)
            self.arrays.append(np.asarray(a.make(array) if a.make else array))

        self._replaced(draw)

    def _replaced(self, function: Any) -> tuple[list[Any], dict[str, Any]]:
        def replaced(tree: Any) -> Any:
            if isinstance(tree, A):
                return function(tree)
            if isinstance(tree, (list, tuple)):
                return type(tree)([replaced(item) for item in tree])
            return tree

        return replaced(list(self.sample.args)), {
            key: replaced(value) for key, value in self.sample.kwargs.items()
        }

    def with_(self, arrays: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        given = iter(arrays)
        return self._replaced(lambda _: next(given))


def containers(value: Any) -> Any:
    return [type(value), *map(containers, value)] if isinstance(value, (list, tuple)) else None


def of_tensors(leaf: Any) -> np.ndarray:
    return leaf.array if isinstance(leaf, Tensor) else np.asarray(leaf)


@every_call
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_dtypes_and_containers_are_numpys(name: str, sample: Sample, dtype: Any) -> None:
    call = Call(sample)
    arrays = [a.astype(dtype) for a in call.arrays]
    exact = 1e-12 if dtype == np.float64 else 1e-5
    args, kwargs = call.with_(arrays)
    expected = of_numpy(name)(*args, **kwargs)
    plain = getattr(ag, name)(*args, **kwargs)
    assert not any(isinstance(x, Tensor) for x in leaves(plain))
    for requires_grad in (False, True):
        for function in (getattr(ag, name), of_numpy(name)):
            args, kwargs = call.with_([Tensor(a, requires_grad) for a in arrays])
            out = function(*args, **kwargs)
            assert containers(out) == containers(expected)
            for mine, numpys in zip(leaves(out), leaves(expected), strict=True):
                a, e = of_tensors(mine), np.asarray(numpys)
                assert (a.shape, a.dtype) == (e.shape, e.dtype)
                np.testing.assert_allclose(a, e, rtol=exact, atol=1e-6)


@every_call
def test_gradients_are_the_slopes(name: str, sample: Sample) -> None:
    if name == "trim_zeros":
        pytest.skip("a step away from 0 changes what is trimmed")
    call = Call(sample)

    def function(*tensors: Any) -> list[Tensor]:
        args, kwargs = call.with_(list(tensors))
        return [t for t in leaves(getattr(ag, name)(*args, **kwargs)) if isinstance(t, Tensor)]

    if function(*map(Tensor, call.arrays)):  # unstacking nothing gives no outputs at all
        ag.check_gradients(function, *call.arrays, kinks="error")


@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_pad_width_by_axis(mode: str) -> None:
    by_axis: Any = {0: (1, 2), -1: 1}
    try:
        np.pad(np.zeros((2, 3)), by_axis)
    except TypeError:
        pytest.skip("this NumPy takes no dict")
    x = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    padded = ag.pad(x, by_axis, mode)
    np.testing.assert_array_equal(padded.data, np.pad(x.data, ((1, 2), (1, 1)), mode))
    padded[0, 1].backward()
    np.testing.assert_array_equal(x.grad.data, [[mode == "edge", 0, 0], [0, 0, 0]])


def test_constants_around_a_plain_array() -> None:
    """np.pad asks only the array itself for its protocol, so this goes by our name alone."""
    border = Tensor(5.0, requires_grad=True)
    ag.pad([1.0, 2.0], (1, 2), constant_values=border).sum().backward()
    assert border.grad.item() == 3


def test_trimmed_zeros_get_no_gradient() -> None:
    x = Tensor([0.0, 1.0, 0.0, 2.0, 0.0], requires_grad=True)
    (ag.trim_zeros(x) * [1.0, 2.0, 3.0]).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0, 1, 2, 3, 0])


def test_every_composite_has_calls() -> None:
    composites = {name for name in NAMES if not hasattr(getattr(ag, name), "op")}
    assert composites - CALLS.keys() <= {"row_stack"}  # deprecated: it warns
    assert CALLS.keys() - NAMES <= {"cumulative_prod", "cumulative_sum", "unstack"}


@pytest.mark.skipif(
    not "2.4" <= np.__version__ < "2.5", reason="parameters are those of NumPy 2.4"
)
@pytest.mark.parametrize("name", [name for name in NAMES if name != "logsumexp"])
def test_parameters_are_numpys(name: str) -> None:
    ours, theirs = (
        [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
        for f in (getattr(ag, name), of_numpy(name))
    )
    assert ours == theirs

"""NumPy's public namespace, walked: everything in it is sorted, on purpose.

What NumPy hands on to Tensors (ufuncs, their methods, the functions of `__array_function__`) is
claimed by an op, constant, or refused with a reason. What it does not hand on can meet a Tensor
only through `np.asarray`, which turns away one that requires a gradient; it is named here, with
what it is instead of a function of arrays.
"""

from __future__ import annotations

import inspect
import re
import types
import warnings
from typing import Any

import numpy as np
import pytest

from autograd import Tensor
from autograd.declare import constants
from autograd.ops.refused import is_reached
from autograd.ops.ufunc_methods import METHODS, methods_of
from autograd.support import Support, supported
from autograd.tensor import claims, refusals

KNOWN = (2, 4)  # the newest NumPy of which every function was looked at

CONVERTING = (  # functions of arrays, but not handed on: they ask a Tensor for its array
    "array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray asmatrix require "
    "from_dlpack nested_iters bartlett blackman hamming hanning kaiser"
)
NOT_OF_ARRAYS = {
    CONVERTING: "converts",
    "arange bmat diag_indices empty eye frombuffer fromfunction fromiter full identity indices "
    "mask_indices ones tri tril_indices triu_indices zeros "
    "fft.fftfreq fft.rfftfreq": "makes arrays",
    "row_stack trapz": "another name",
    "fromfile fromregex fromstring genfromtxt load loadtxt": "reads files and texts",
    "base_repr binary_repr format_float_positional format_float_scientific": "writes numbers",
    "isdtype issubdtype mintypecode promote_types typename datetime_data": "is about dtypes",
    "broadcast_shapes isfortran isscalar iterable": "asks about shapes and kinds",
    "geterr geterrcall seterr seterrcall getbufsize setbufsize "
    "get_printoptions set_printoptions printoptions": "sets something",
    "get_include info show_config show_runtime test fft.test linalg.test": "is about NumPy",
    "frompyfunc": "makes functions",
}
SORTED_ASIDE = {name: what for names, what in NOT_OF_ARRAYS.items() for name in names.split()}


def everything() -> dict[str, Any]:
    """NumPy's public names, and what stands behind them."""
    found = {}
    for prefix, module in (("", np), ("linalg.", np.linalg), ("fft.", np.fft)):
        for name in dir(module):
            if not name.startswith("_"):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)
                    found[prefix + name] = getattr(module, name)
    return found


NUMPYS = everything()
UFUNCS = list(dict.fromkeys(f for f in NUMPYS.values() if isinstance(f, np.ufunc)))


def is_function(value: Any) -> bool:
    """By rule no functions: types, modules, numbers, and objects such as np.r_ and np.errstate."""
    return callable(value) and not isinstance(value, (type, types.ModuleType))


def nothing_unsorted(unsorted: list[str]) -> None:
    version = tuple(map(int, np.__version__.split(".")[:2]))
    if unsorted and version > KNOWN:
        pytest.xfail(f"NumPy {np.__version__} has beyond {KNOWN}: {', '.join(unsorted)}")
    assert not unsorted


def test_every_public_name_is_sorted() -> None:
    nothing_unsorted([
        name
        for name, value in NUMPYS.items()
        if is_function(value)
        and (
            not (value in claims or value in refusals)
            if is_reached(value)
            else name not in SORTED_ASIDE
        )
    ])  # fmt: skip


def test_every_method_of_every_ufunc_is_sorted() -> None:
    nothing_unsorted([
        f"{ufunc.__name__}.{name}"
        for ufunc in UFUNCS
        for name in methods_of(ufunc)
        if not (getattr(ufunc, name) in claims or getattr(ufunc, name) in refusals)
    ])  # fmt: skip


def test_the_methods_left_out_are_those_that_ufuncs_do_not_have() -> None:
    x = np.ones(2)
    arguments = {"reduce": (x,), "accumulate": (x,), "outer": (x, x), "reduceat": (x, [0])}
    for ufunc in UFUNCS:
        for name in set(METHODS) - set(methods_of(ufunc)) - {"at"}:
            with pytest.raises((ValueError, TypeError, RuntimeError)):
                getattr(ufunc, name)(*arguments[name])


def test_each_is_one_of_three() -> None:
    assert not refusals.keys() & constants
    assert constants <= claims.keys()
    both = {function.__name__ for function in refusals.keys() & claims.keys()}
    # claimed only to see to it that nothing is written into a Tensor's memory unseen
    assert both == {"at", "copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}


@pytest.mark.parametrize("names", NOT_OF_ARRAYS, ids=NOT_OF_ARRAYS.values())
def test_what_is_sorted_aside_is_there_and_is_not_handed_on(names: str) -> None:
    for name in names.split():
        if name in NUMPYS:  # NumPy retires names, too
            assert not is_reached(NUMPYS[name]), name


@pytest.mark.parametrize("name", CONVERTING.split())
@pytest.mark.parametrize("data", [2.0, [2.0, 3.0]])
def test_what_converts_turns_away_a_tensor_that_requires_a_gradient(name: str, data: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # np.matrix
        with pytest.raises((TypeError, ValueError, AttributeError)):
            NUMPYS[name](Tensor(data, requires_grad=True))


# -- refused: with the reason, and a way out ------------------------------------------------------

REFUSED = [f for f in refusals if f not in claims]


@pytest.mark.parametrize("function", REFUSED, ids=lambda f: f.__name__)
def test_the_refused_are_refused_with_their_reason(function: Any) -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError) as error:
        function(*[x] * number_of_arguments(function))
    assert refusals[function] in str(error.value)


@pytest.mark.parametrize("reason", sorted(set(refusals.values())))
def test_every_reason_shows_a_way_out(reason: str) -> None:
    out = r"\b([Ww]rite|[Cc]ompute|[Uu]se|[Kk]eep|[Cc]ollect|[Mm]ultiply|[Ff]ind|[Rr]educe)\b"
    assert re.search(out, reason)
    assert len(reason) > 20


def number_of_arguments(function: Any) -> int:
    if isinstance(function, np.ufunc):
        return function.nin
    method, ufunc = function.__name__, getattr(function, "__self__", None)
    if isinstance(ufunc, np.ufunc):
        return {"outer": 2, "reduceat": 2}.get(method, 1)
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # NumPy 2.0 does not know the signatures of what is written in C
        return 2 if function in (np.busday_count, np.busday_offset) else 1
    return sum(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in parameters
    ) + any(p.kind is p.VAR_POSITIONAL for p in parameters)


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize(
    "write",
    [
        lambda x: np.put(x, 0, 5.0),
        lambda x: np.put_along_axis(x, np.array([0]), 5.0, 0),
        lambda x: np.place(x, [True, False], 5.0),
        lambda x: np.putmask(x, [True, False], 5.0),
        lambda x: np.copyto(x, 5.0),
        lambda x: np.fill_diagonal(x, 5.0),
        lambda x: np.add.at(x, 0, 5.0),
        lambda x: np.negative.at(x, 0),
    ],
)
def test_nothing_writes_into_a_tensor_unseen(write: Any, requires_grad: bool) -> None:
    x = Tensor([1.0, 2.0], requires_grad=requires_grad)
    with pytest.raises(TypeError, match="writes into its first argument"):
        write(x)
    assert x.array.tolist() == [1.0, 2.0]


def test_writing_a_tensor_into_an_array() -> None:
    out = np.zeros(2)
    np.copyto(out, Tensor([1.0, 2.0]))
    assert out.tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="index_set"):
        np.copyto(out, Tensor([3.0, 4.0], requires_grad=True))
    assert out.tolist() == [1.0, 2.0]


def test_a_refused_ufunc_writes_into_arrays_but_not_into_tensors() -> None:
    x, out = Tensor([4, 6]), np.zeros(2, int)
    np.gcd(x, 8, out=out)
    assert out.tolist() == [4, 2]
    with pytest.raises(TypeError, match="out="):
        np.gcd(x, 8, out=x)


# -- constant: plain results -----------------------------------------------------------------------


@pytest.mark.parametrize("function", [np.isnan, np.argsort, np.zeros_like, np.nonzero, np.less])
def test_constants_are_plain(function: Any) -> None:
    x = np.array([3.0, 1.0])
    args = (x, x[::-1]) if function is np.less else (x,)
    expected = function(*args)
    found = function(*[Tensor(a, requires_grad=True) for a in args])
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)


def test_methods_of_comparisons_are_plain() -> None:
    x = Tensor([1.0, 0.0], requires_grad=True)
    assert np.logical_or.reduce(x) is np.True_
    assert np.logical_and.accumulate(x).tolist() == [True, False]
    assert np.less.outer(x, x).tolist() == [[False, False], [True, False]]


# -- the table -------------------------------------------------------------------------------------


def test_the_table_holds_every_function_once_and_says_what_it_is() -> None:
    table = supported()
    assert isinstance(table, Support)
    names = [f"{entry.namespace}.{entry.name}" for entry in table]
    assert len(set(names)) == len(names)
    found = {entry.name: entry.status for entry in table if entry.namespace == "np"}
    assert found["sin"] == "claimed"
    assert found["argmax"] == "constant"
    assert found["unique"] == "refused"
    text = repr(table)
    assert all(re.search(rf"\b{name}\b", text) for name in ("sin", "argmax", "unique", "fft"))
    assert max(map(len, text.splitlines())) <= 100


def test_the_table_admits_what_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(claims, np.sin)
    assert "unsorted  np" in repr(supported("sin"))

"""Operators and ndarray's own methods on Tensor, as one table: each is an op under another name.

`methods_typed.pyi` says the same to type checkers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import memory, ops
from .graph import is_recording, observer
from .tensor import Tensor, claims, requires_grad, result, unwrap

# -- operators ----------------------------------------------------------------------------------

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "divmod": np.divmod,
    "pow": np.power,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
UNARY: dict[str, Callable[..., Any]] = {
    "neg": np.negative,
    "pos": np.positive,
    "abs": np.absolute,
    "invert": np.invert,
}
COMPARISONS: dict[str, np.ufunc] = {
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}

# -- ndarray's methods that are NumPy's functions with the array first ----------------------------


def compress(a: Tensor, condition: Any, axis: int | None = None, out: None = None) -> Any:
    """ndarray.compress: the slices along an axis for which the condition is true."""
    return np.compress(condition, a, axis, out)


METHODS: dict[str, Callable[..., Any]] = {
    # reductions
    "sum": np.sum,
    "prod": np.prod,
    "mean": np.mean,
    "var": np.var,
    "std": np.std,
    "max": np.max,
    "min": np.min,
    "cumsum": np.cumsum,
    "cumprod": np.cumprod,
    "trace": np.trace,
    # shape
    "ravel": np.ravel,
    "squeeze": np.squeeze,
    "swapaxes": np.swapaxes,
    "repeat": np.repeat,
    "diagonal": np.diagonal,
    # choosing
    "take": np.take,
    "choose": np.choose,
    "compress": compress,
    "clip": np.clip,
    "round": np.round,
    "dot": np.dot,
    "conj": np.conjugate,
    "conjugate": np.conjugate,
    # answers without a derivative: plain arrays
    "all": np.all,
    "any": np.any,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "argsort": np.argsort,
    "argpartition": np.argpartition,
    "nonzero": np.nonzero,
    "searchsorted": np.searchsorted,
}

IN_PLACE = {
    # ndarray's methods that change the array: what to write instead when a graph is recorded
    "fill": "ag.full_like(x, value)",
    "sort": "np.sort(x)",
    "partition": "np.partition(x, kth)",
    "put": "ag.index_set(x, index, values)",
    "resize": "np.resize(x, shape)",
}


def _attach() -> None:
    for name, function in OPERATORS.items():
        ours = claims.get(function) or _through_numpy(function)
        ours = getattr(ours, "operator", ours)
        setattr(Tensor, f"__{name}__", ours)
        setattr(Tensor, f"__r{name}__", _reflected(ours, name))
        if name != "divmod":
            setattr(Tensor, f"__i{name}__", _in_place_operator(function, ours, name))
    for name, function in UNARY.items():
        setattr(Tensor, f"__{name}__", claims.get(function) or _through_numpy(function))
    for name, ufunc in COMPARISONS.items():
        setattr(Tensor, f"__{name}__", _comparison(ufunc, name))
    for name, function in METHODS.items():
        setattr(Tensor, name, claims.get(function, function))
    for name, instead in IN_PLACE.items():
        setattr(Tensor, name, _in_place_method(name, instead))
    Tensor.__hash__ = object.__hash__  # type: ignore[assignment, method-assign]
    for written_out in (
        reshape, transpose, flatten, astype, copy, item, tolist, tobytes, view, __getitem__,
        __setitem__, __len__, __iter__, __contains__, __float__, __int__, __bool__, __complex__,
        __index__, __round__, __format__,
    ):  # fmt: skip
        setattr(Tensor, written_out.__name__, written_out)
    for attribute in ("nbytes", "itemsize", "strides", "flags"):
        told = property(operator.attrgetter(f"array.{attribute}"), doc=f"ndarray.{attribute}.")
        setattr(Tensor, attribute, told)
    Tensor.T = property(claims[np.transpose])  # type: ignore[assignment]
    Tensor.mT = property(_transposed_matrices)  # type: ignore[assignment]
    Tensor.real = property(_real)  # type: ignore[assignment]
    Tensor.imag = property(_imag)  # type: ignore[assignment]
    Tensor.flat = property(_flat)  # type: ignore[assignment]


def _through_numpy(function: Callable[..., Any]) -> Callable[..., Any]:
    """What no op claims (`&` of booleans): NumPy asks the Tensor, which refuses with a reason if it
    requires a gradient."""
    return lambda *args: function(*args)


def _reflected(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def reflected(self: Tensor, other: Any) -> Any:
        return function(other, self)

    reflected.__name__ = f"__r{name}__"
    return reflected


def _comparison(ufunc: np.ufunc, name: str) -> Callable[..., Any]:
    def compare(self: Tensor, other: Any) -> Any:
        """A plain array of booleans: which elements compare so is not a matter of degrees."""
        return ufunc(self.array, unwrap(other))

    compare.__name__ = f"__{name}__"
    return compare


# -- changing in place ----------------------------------------------------------------------------


def _changes_in_place(self: Tensor, value: Any = None) -> bool:
    """Whether writing into this Tensor's own memory is meant and harmless: nothing that is being
    recorded goes in, and it is not a value in a graph. (A stamp on the memory tells older graphs.)
    """
    if is_recording() and requires_grad(value):
        return False
    return self.node is None or (self.node.op is None and not is_recording())


def _in_place_operator(
    ufunc: Callable[..., Any], function: Callable[..., Any], name: str
) -> Callable[..., Any]:
    def in_place(self: Tensor, other: Any) -> Any:
        """On your own Tensor (inside `no_grad`, if it requires a gradient): in place, as ndarray
        does. On a result of an op: `x = x + y`, a new Tensor; other names keep the old value."""
        if self._is_source and _changes_in_place(self, other):
            ufunc(self.array, unwrap(other), out=self.array)
            memory.changed(self.array)
            return self
        if self._is_source and self.node is not None:
            raise RuntimeError(
                f"{self._describe()} is a leaf that requires a gradient: changed in place, what it "
                "was would be lost to the graph. To compute with it, write y = x … without "
                "“=” after the operator; to update it, wrap the line in `with ag.no_grad():`."
            )
        return function(self, other)

    in_place.__name__ = f"__i{name}__"
    return in_place


def _in_place_method(name: str, instead: str) -> Callable[..., Any]:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> None:
        if not _changes_in_place(self, args):
            raise _cannot_assign(self, f".{name}(…)", instead)
        getattr(self.array, name)(*unwrap(args), **kwargs)
        memory.changed(self.array)

    method.__name__ = name
    method.__doc__ = f"ndarray.{name}, in place; where a graph is recorded, write {instead}."
    return method


def __setitem__(self: Tensor, index: Any, value: Any) -> None:
    if not _changes_in_place(self, value):
        raise _cannot_assign(self, "[…] = …", "x = ag.index_set(x, index, value)")
    self.array[unwrap(index)] = unwrap(value)
    memory.changed(self.array)


def _cannot_assign(self: Tensor, what: str, instead: str) -> RuntimeError:
    return RuntimeError(
        f"{self._describe()}{what} would overwrite what the graph still needs, or lose the "
        f"gradient of what is written. Write {instead}, which gives a new Tensor with the right "
        "gradients; or, to change values for good, do it inside `with ag.no_grad():` on a leaf."
    )


# -- methods that differ from NumPy's functions ---------------------------------------------------


def reshape(self: Tensor, *shape: Any, **keywords: Any) -> Any:
    """ndarray.reshape: `x.reshape(2, 3)` or `x.reshape((2, 3))`; keywords are `order`, `copy`."""
    return ops.reshape(self, shape[0] if len(shape) == 1 else shape, **keywords)


def transpose(self: Tensor, *axes: Any) -> Any:
    """ndarray.transpose: `x.transpose(1, 0, 2)`, `x.transpose((1, 0, 2))` or `x.transpose()`."""
    if len(axes) == 1 and not isinstance(axes[0], (int, np.integer)):
        axes = axes[0]
    return ops.transpose(self, axes or None)


def flatten(self: Tensor, order: str = "C") -> Any:
    """ndarray.flatten: all elements along one axis."""
    return ops.reshape(self, -1, order=order)


def astype(
    self: Tensor,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Any:
    """ndarray.astype; the gradient is cast back. To integers or booleans, no gradient flows."""
    dtype = np.dtype(dtype)
    if dtype == self.dtype and not copy:
        return self
    if dtype.kind not in "fc":  # complex numbers are refused there, if a gradient is wanted
        return result(self.array.astype(dtype, order=order, casting=casting))  # type: ignore[call-overload]
    return ops.cast(self, dtype, order=order, casting=casting)


def copy(self: Tensor, order: str = "C") -> Any:
    """ndarray.copy: the same values in new memory; recorded, so gradients flow back."""
    return ops.cast(self, self.dtype, order=order)


def item(self: Tensor, *args: Any) -> Any:
    """ndarray.item: one element as a Python number, outside the graph."""
    return self.array.item(*args)


def tolist(self: Tensor) -> Any:
    """ndarray.tolist: nested lists of Python numbers, outside the graph."""
    return self.array.tolist()


def tobytes(self: Tensor, order: str = "C") -> bytes:
    """ndarray.tobytes: the elements' bytes, outside the graph."""
    return self.array.tobytes(order)  # type: ignore[arg-type]


def view(self: Tensor, *args: Any, **kwargs: Any) -> Any:
    """ndarray.view without arguments: another Tensor of the same values, in the same place of the
    graph. Reinterpreting bytes as another dtype has no derivative."""
    if (args or kwargs) and self.node is not None and is_recording():
        raise TypeError(
            "view(dtype) reinterprets bytes and has no derivative: write astype(dtype)."
        )
    if args or kwargs:
        return result(self.data.view(*args, **kwargs))
    return ops.reshape(self, self.shape)


def _transposed_matrices(self: Tensor) -> Any:
    """ndarray.mT: each matrix in the last two axes, transposed."""
    return claims[np.swapaxes](self, -1, -2)


def _real(self: Tensor) -> Tensor:
    """ndarray.real: of real numbers, the Tensor itself."""
    return self


def _imag(self: Tensor) -> Tensor:
    """ndarray.imag: of real numbers, zeros."""
    return result(np.zeros_like(self.array))


def _flat(self: Tensor) -> Any:
    """ndarray.flat. Of a Tensor that requires a gradient: write x.ravel()."""
    if self.node is not None and is_recording():
        raise TypeError("x.flat cannot be recorded: write x.ravel(), which can.")
    return self.data.flat


# -- as a Python object ---------------------------------------------------------------------------


def __getitem__(self: Tensor, index: Any) -> Any:
    return ops.getitem(self, index)


def __len__(self: Tensor) -> int:
    return len(self.array)


def __iter__(self: Tensor) -> Iterator[Any]:
    if self.array.ndim == 0:
        raise TypeError("iteration over a 0-d Tensor: it has no axis to go along.")
    return (self[i] for i in range(len(self.array)))


def __contains__(self: Tensor, value: Any) -> bool:
    return unwrap(value) in self.array


def __float__(self: Tensor) -> float:
    return float(_single(self, "float"))


def __int__(self: Tensor) -> int:
    return int(_single(self, "int"))


def __complex__(self: Tensor) -> complex:
    return complex(_single(self, "complex"))


def __bool__(self: Tensor) -> bool:
    return bool(_single(self, "bool"))


def __index__(self: Tensor) -> int:
    return operator.index(_single(self, "index"))


def _single(self: Tensor, what: str) -> Any:
    if self.array.size != 1:
        raise TypeError(
            f"{what}() of {self._describe()}: only a single number becomes one. Reduce it "
            "(.sum(), .any(), .all()), or take one element."
        )
    if self.node is not None and (watching := observer()):
        watching.leaving(self, what)
    return self.array.reshape(())[()]


def __round__(self: Tensor, ndigits: int | None = None) -> Any:
    return claims[np.round](self, ndigits or 0)


def __format__(self: Tensor, spec: str) -> str:
    return format(self.array, spec) if spec else repr(self)


_attach()

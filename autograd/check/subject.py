"""The function under test, as the comparison wants it: a list of arrays in, a list of arrays out.

Inputs may be nested in dicts, lists and tuples. What f reads without being given it (a Module's
parameters, Tensors in a closure) is found by walking the graph that f makes, and checked too.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..graph import Array, Node, enable_grad, leaf, walk
from ..op import Op
from ..tensor import Tensor, source
from ..tree import leaves, rebuild
from .levels import Level, quietly, recording


class Subject:
    """f, its inputs of a floating-point dtype, and the leaves that it reads by itself."""

    def __init__(self, f: Callable[..., Any], inputs: Sequence[Any], *, promote: bool) -> None:
        self.f = f
        self.promote = promote
        self.inputs = list(inputs)
        self.name = getattr(f, "__name__", type(f).__name__)
        self.given: list[Array] = []  # the arrays of the inputs that can change by a little
        self.names: list[str] = []
        for path, value in _paths(arguments(f, inputs)):
            array = _array(value)
            if array is not None:
                self.given.append(array.copy())  # nobody's array is at risk
                self.names.append(path)
        self.captured: list[Tensor] = []
        self._kept: list[tuple[Tensor, Array, Node | None]] = []

    def __enter__(self) -> Subject:
        """Finds the captured leaves, and lends them arrays that may be moved about."""
        if not self.given and _captures_nothing(self.f):
            raise nothing_to_check("check_gradients", self.name, self.inputs)
        tensors = [recording(source(self.widened(array).copy())) for array in self.given]
        with enable_grad(), quietly():
            nodes = walk([t.node for t in self._first_call(tensors) if t.node is not None])
        own = {t.node for t in tensors}
        owners = [n.owner() for n in reversed(nodes) if n.op is None and n.owner and n not in own]
        self.captured = [owner for owner in owners if owner is not None]
        known = _parameter_names(self.f)
        for i, p in enumerate(self.captured):
            self._kept.append((p, p.array, p.node))
            self.names.append(known.get(id(p)) or p.name or f"captured Tensor {i + 1}")
            p.array = self.widened(p.array).copy()
            p.node = leaf(p.array, p.name, p)
        return self

    def _first_call(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        try:
            return self.call(tensors)
        except _NoFloats:
            if self.given:
                raise
            raise nothing_to_check("check_gradients", self.name, self.inputs) from None
        except Exception as error:
            lists = [x for x in self.inputs if isinstance(x, (list, tuple)) and _are_numbers(x)]
            if not lists:
                raise
            raise TypeError(
                f"{self.name} failed on {lists[0]!r:.60}: a list is several inputs; for one array "
                f"write np.array([...]). ({type(error).__name__}: {error})"
            ) from error

    def __exit__(self, *exc_info: object) -> None:
        for p, array, node in self._kept:
            p.array, p.node = array, node

    def widened(self, array: Array) -> Array:
        return array.astype(np.float64) if self.promote and array.dtype.itemsize < 8 else array

    @property
    def arrays(self) -> list[Array]:
        return [self.widened(a) for a in self.given] + [p.array for p in self.captured]

    @property
    def level(self) -> Level:
        return Level(lambda tensors, record: self.call(tensors[: len(self.given)]), self.hold)

    def hold(self, i: int, array: Array) -> Tensor:
        if i < len(self.given):
            return source(array)
        p = self.captured[i - len(self.given)]
        p.array = array
        return p

    @staticmethod
    def is_input(value: Any) -> bool:
        """Whether it can change by a little; integers, flags, strings, … cannot."""
        return _array(value) is not None

    def call(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """f with these Tensors in the places of its arrays; its floating-point outputs."""
        remaining = iter(tensors)
        args = rebuild(self.inputs, lambda v: next(remaining) if self.is_input(v) else v)
        return float_outputs(self.f(*args), self.name)


def nothing_to_check(asked: str, name: str, inputs: Sequence[Any]) -> TypeError:
    """The error for inputs that cannot change by a little."""
    kinds = [getattr(x, "dtype", type(x).__name__) for x in leaves(list(inputs))]
    given = f" ({', '.join(map(str, kinds))})" if kinds else ""
    captured = "" if asked == "check_vjp" else ", and it reads no Tensor that requires a gradient"
    return TypeError(
        f"{asked}: no floating-point array among the inputs of {name}{given}{captured}. "
        "Pass 1.0 instead of 1, x.astype(float) instead of x."
    )


def _captures_nothing(f: Any) -> bool:
    """Whether it is an op or NumPy's: then it reads no Tensor that it is not given."""
    is_numpys = isinstance(f, np.ufunc) or str(getattr(f, "__module__", "")).startswith("numpy")
    return is_numpys or isinstance(getattr(f, "op", None), Op)


def _are_numbers(items: Sequence[Any]) -> bool:
    """Whether it is what np.array would make one array of, and no nested inputs."""
    flat = leaves(list(items))
    return len(flat) > 0 and all(isinstance(x, (int, float)) for x in flat)


class _NoFloats(TypeError):
    """A function gave nothing that could have a gradient."""


def float_outputs(out: Any, name: str) -> list[Tensor]:
    found = [
        x if isinstance(x, Tensor) else source(np.asarray(x))
        for x in leaves(out)
        if isinstance(x, (Tensor, np.ndarray, np.generic, float))
    ]
    found = [x for x in found if x.dtype.kind in "fc"]
    if not found:
        raise _NoFloats(
            f"{name} returned {type(out).__name__} without any floating-point array: there is "
            "nothing whose gradient could be checked. Return the Tensors that it computes."
        )
    return found


def _array(value: Any) -> Array | None:
    """The array of a value that can change by a little; None for integers, flags, strings, …"""
    if isinstance(value, Tensor):
        value = value.array
    if isinstance(value, float):
        value = np.asarray(value)
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f":
        return np.asarray(value)
    return None


def arguments(f: Callable[..., Any], inputs: Sequence[Any]) -> list[tuple[str, Any]]:
    """Each positional argument with the name that f's own signature gives it."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # some functions written in C have none
        parameters = []
    fixed = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "inputs")
    names = [*fixed, *(f"{rest}[{i}]" for i in range(len(inputs)))]
    return list(zip(names, inputs, strict=False))


def _paths(named: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    for path, value in named:
        if isinstance(value, dict):
            yield from _paths((f"{path}[{key!r}]", branch) for key, branch in value.items())
        elif isinstance(value, (list, tuple)):
            yield from _paths((f"{path}[{i}]", branch) for i, branch in enumerate(value))
        else:
            yield path, value


def _parameter_names(f: Any) -> dict[int, str]:
    """id of a Tensor -> its name in a Module that f is, is a method of, or closes over."""
    near = [f, getattr(f, "__self__", None)]
    if code := getattr(f, "__code__", None):
        near += [f.__globals__.get(name) for name in code.co_names]
        near += [cell.cell_contents for cell in f.__closure__ or () if _is_filled(cell)]
    found: dict[int, str] = {}
    for module in near:
        if not isinstance(module, type) and callable(getattr(module, "named_parameters", None)):
            with contextlib.suppress(Exception):  # names are a courtesy: an unbuilt module has none
                found.update((id(p), name) for name, p in module.named_parameters())
    return found


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True

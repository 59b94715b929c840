"""Tensor: an array and a place in the graph."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import memory
from .graph import Array, Constant, Node, is_recording, leaf

if TYPE_CHECKING:
    from .methods_typed import TensorMethods as _Methods  # what methods.py attaches
else:
    _Methods = object

claims: dict[Callable[..., Any], Callable[..., Any]] = {}
"""NumPy's function -> ours: what `np.sin(tensor)` reaches through NumPy's two protocols."""

refusals: dict[Callable[..., Any], str] = {}
"""NumPy's function -> why it has no place in a graph, and what to write instead."""

later: list[Callable[[], None]] = []
"""Refusals of what NumPy itself loads only when it is asked for: they are declared when the first
function comes that is not known otherwise."""


def declare_all() -> None:
    """Declares the refusals that have waited."""
    while later:
        later.pop()()


class Tensor(_Methods):
    """An array, and (if it requires a gradient) a node of the graph that made it.

    Operators, ndarray's methods and NumPy's own functions all record on it what they do;
    `backward()` then walks the record and fills `.grad` of the leaves.

    Parameters
    ----------
    data : array_like
        Copied (`ag.asarray` shares). Python numbers and lists become what NumPy makes of them.
    requires_grad : bool
        Whether to record what happens to it. Needs a real floating-point dtype.
    dtype : dtype, optional
    name : str, optional
        Shown in pictures and errors.

    Raises
    ------
    TypeError
        If a gradient is asked for integers, booleans, complex numbers or objects.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import Tensor
    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True, name="x")
    >>> y = (np.sin(x) * x).sum()
    >>> y.backward()
    >>> x.grad
    Tensor([ 1.38177329,  0.07700375, -2.82885748])
    """

    __slots__ = ("__weakref__", "_constant", "_grad", "array", "node")

    array: Array  # the value itself, without the guards of `.data`: for the engine's own use
    node: Node | None  # the place in the graph; None if no gradient is wanted
    # `_grad` and `_constant` stay unset on the results of ops: two stores less per op.

    def __init__(
        self,
        data: Any,
        requires_grad: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        if isinstance(data, Tensor):
            data = data.array
        self._set_up(_as_array(data, dtype, copy=True), requires_grad, name)

    def _set_up(self, array: Array, requires_grad: bool, name: str | None) -> None:
        self.array = array
        self.node = None
        self._grad: Tensor | None = None
        self._constant: Constant | None = Constant(array, name) if name is not None else None
        if requires_grad:
            self.requires_grad = True

    # -- the value --------------------------------------------------------------------------

    @property
    def data(self) -> Array:
        """The array. Results of ops are read-only: the graph may still need them.

        Raw writes into a leaf's array are seen only by `ag.debug()`; `x.data = …` and
        `x.data -= …` are seen always.

        Raises RuntimeError if set on a result of an op, ValueError for another shape.

        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> x.data -= 0.5
        >>> x.data
        array([0.5, 1.5])
        """
        if self._is_source:
            return self.array
        view = self.array.view()  # not the array itself: it may be a leaf's, under another name
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, value: Any) -> None:
        if not self._is_source:
            raise RuntimeError(
                f"the data of {self._describe()} cannot be replaced: it is the result of an op, "
                "and the graph may still need it. Make a new Tensor, or assign to a leaf."
            )
        if isinstance(value, Tensor):
            value = value.array
        array = value if value is self.array else np.array(value, self.array.dtype, order="C")
        if array.shape != self.array.shape:
            raise ValueError(
                f"{self._describe()}: new data has shape {array.shape}. Make a new Tensor for a "
                "new shape."
            )
        if array is not self.array:
            self.array = array
            if self.node is not None:
                self.node.value = self.array
        memory.changed(self.array)

    def numpy(self) -> Array:
        """The array, as `.data`. Nothing done to it is recorded.

        >>> Tensor([1.0, 2.0], requires_grad=True).numpy()
        array([1., 2.])
        """
        return self.data

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.array.shape

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return self.array.ndim

    @property
    def size(self) -> int:
        """How many elements there are."""
        return self.array.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of number that the elements are. Only floats can require a gradient."""
        return self.array.dtype

    # -- the place in the graph -------------------------------------------------------------

    @property
    def _is_source(self) -> bool:
        """Made by the user, not by an op."""
        return self.node.op is None if self.node is not None else hasattr(self, "_constant")

    @property
    def is_leaf(self) -> bool:
        """Whether the graph begins here: made by the user, or computed without recording.

        >>> x = Tensor([1.0], requires_grad=True)
        >>> x.is_leaf, (x * 2).is_leaf
        (True, False)
        """
        return self.node is None or self.node.op is None

    @property
    def requires_grad(self) -> bool:
        """Whether what happens to this Tensor is recorded. Settable on leaves (freezing).

        Raises TypeError for integers, RuntimeError on results of ops (write `.detach()`).

        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> w.requires_grad = False
        >>> (w * 3).requires_grad
        False
        """
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if bool(value) == (self.node is not None):
            return
        if not self.is_leaf:
            raise RuntimeError(
                f"requires_grad of {self._describe()} cannot be switched off: it is the result of "
                "an op that is recorded. Write .detach() for the same values outside the graph."
            )
        if value:
            if self.array.dtype.kind != "f":
                raise TypeError(_no_gradient_for(self.array))
            if not hasattr(self, "_constant"):  # a result computed without recording
                self._set_up(self.array.copy(), False, None)
            self.node = leaf(self.array, self.name, self)
        else:
            self._constant = Constant(self.array, self.name)
            self.node = None

    def as_constant(self) -> Constant:
        """This Tensor as an input that needs no gradient: one box in a picture, however often it
        is used."""
        constant = getattr(self, "_constant", None)
        if constant is None:
            constant = Constant(self.array)
            if self._is_source:
                self._constant = constant
        return constant

    @property
    def name(self) -> str | None:
        """What pictures and errors call it.

        >>> Tensor([1.0], name="w")
        Tensor([1.], name='w')
        """
        if self.node is not None:
            return self.node.name
        constant = getattr(self, "_constant", None)
        return constant.name if constant is not None else None

    @name.setter
    def name(self, value: str | None) -> None:
        if self.node is not None:
            self.node.name = value
        else:
            if not self._is_source:  # a named result is a source from now on, of values that stay
                self.array = self.array.copy()
            self._constant = Constant(self.array, value)

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward()` left here; None before, and on results of ops.

        Accumulates over calls of `backward()`, as in PyTorch. A result of an op has one only if
        `retain_grad()` was called on it before `backward()`.

        Raises ValueError if set to a gradient of another shape.

        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> (x * x).sum().backward()
        >>> x.grad
        Tensor([4., 8.])
        """
        try:
            return self._grad
        except AttributeError:
            return None

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is None:
            self._grad = None
            return
        value = value if isinstance(value, Tensor) else asarray(value)
        if value.shape != self.shape:
            raise ValueError(
                f"the gradient of {self._describe()} must have the same shape, not {value.shape}."
            )
        self._grad = value if value.dtype == self.dtype else value.astype(self.dtype)
        if self.node is not None and self.node.extra is not None:
            self.node.extra.backwards = 1  # what came before is replaced

    def zero_grad(self) -> None:
        """Forgets the gradient: sets `.grad` to None.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> (x * x).backward()
        >>> x.zero_grad()
        >>> x.grad is None
        True
        """
        self._grad = None

    def retain_grad(self) -> None:
        """Asks `backward()` to leave a gradient on this result of an op, too.

        Raises RuntimeError if nothing was recorded.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> y = x * x
        >>> y.retain_grad()
        >>> (2 * y).backward()
        >>> y.grad
        Tensor(2.)
        """
        if self.node is None:
            raise RuntimeError(f"{self._describe()} does not require a gradient, so none arrives.")
        self.node.owner = weakref.ref(self)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Callable[[], None]:
        """Calls `hook(gradient)` when this Tensor's gradient is complete; returns the way out.

        What the hook returns (unless None) replaces the gradient. Calling the returned function
        removes the hook.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> remove = x.register_hook(lambda g: g * 10)
        >>> (x * x).backward()
        >>> x.grad
        Tensor(60.)
        >>> remove()
        """
        node = self.node
        if node is None:
            raise RuntimeError(f"{self._describe()} does not require a gradient, so none arrives.")
        node.hooks = [*(node.hooks or ()), hook]  # a new list: a walk may be reading the old one

        def remove() -> None:
            node.hooks = [h for h in node.hooks or () if h is not hook] or None

        return remove

    def detach(self) -> Tensor:
        """The same values outside the graph; shares memory.

        >>> Tensor([1.0], requires_grad=True).detach().requires_grad
        False
        """
        return result(self.array)

    def backward(
        self, grad: Any = None, *, retain_graph: bool = False, create_graph: bool = False
    ) -> None:
        """Fills `.grad` of every leaf that led here: ∂self/∂leaf, summed over `self`'s elements
        with the weights `grad`.

        Parameters
        ----------
        grad : array_like, optional
            The gradient that arrives here, of this Tensor's shape. Needed unless size is 1.
        retain_graph : bool
            Keep what the rules need, so that backward can be called once more.
        create_graph : bool
            Record the backward pass too, so that its gradients can be differentiated again.

        Raises
        ------
        RuntimeError
            If nothing was recorded, the graph was used up, a saved array was overwritten, or
            `self` has several elements and no `grad` is given.

        Examples
        --------
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> (x**3).sum().backward()
        >>> x.grad
        Tensor([ 3., 12.])

        Reverse-mode differentiation: Goodfellow et al., Deep Learning, 2016, section 6.5.
        """
        from .backward import backward

        backward(self, grad, retain_graph=retain_graph, create_graph=create_graph)

    # -- NumPy's protocols ------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.node is not None:
            raise TypeError(
                f"{self._describe()} would lose its graph if it became a NumPy array. Write "
                ".detach() (or .numpy()) to say that this is meant; to keep the gradient, call "
                "NumPy's function on the Tensor itself, or ag.* instead of np.array / np.asarray."
            )
        return np.array(self.data, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        function = ufunc
        if method != "__call__":
            function = getattr(ufunc, method)  # np.add.reduce: bound anew each time, but equal
        ours = claims.get(function)
        if ours is not None:
            return ours(*inputs, **kwargs)
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        if any(isinstance(out, Tensor) for out in kwargs.get("out", ())):
            raise TypeError(f"np.{name} cannot write into a Tensor with out=.")
        return _without_op(function, name, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        ours = claims.get(function)
        if ours is not None:
            return ours(*args, **kwargs)
        module = function.__module__.removeprefix("numpy.").removeprefix("numpy")
        name = f"{module}.{function.__name__}".lstrip(".")
        return _without_op(function, name, args, kwargs)

    # -- as a Python object -----------------------------------------------------------------

    def __repr__(self) -> str:
        body = np.array2string(self.array, separator=", ", prefix="Tensor(")
        if self.dtype not in (np.float64, np.int64, np.bool_):
            body += f", dtype={self.dtype}"
        if self.node is not None:
            body += ", requires_grad=True"
            if self.node.op is not None:
                body += f", op={self.node.op.name}"
        if self.name is not None:
            body += f", name={self.name!r}"
        return f"Tensor({body})"

    def _describe(self) -> str:
        """`Tensor 'w' of shape (2, 3)`: how errors speak of it."""
        name = f"Tensor {self.name!r}" if self.name else "a Tensor"
        made_by = f", result of {self.node.op.name}," if self.node and self.node.op else ""
        return f"{name}{made_by} of shape {self.shape}"

    __hash__ = object.__hash__  # by identity: == compares elements

    def __copy__(self) -> Tensor:
        """`copy.copy`: a result of an op stays at its place in the graph."""
        if self.node is not None and self.node.op is not None:
            return result(self.array, self.node)
        return Tensor(self.array, self.requires_grad, None, self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        """`copy.deepcopy` and `pickle` keep array, requires_grad and name; the result of an op
        comes back as a leaf, outside the graph that made it."""
        return Tensor, (self.array, self.requires_grad, None, self.name)


def result(array: Any, node: Node | None = None) -> Tensor:
    """A Tensor that an op made: around this very array, at this place in the graph."""
    tensor = _new(Tensor)
    tensor.array = array if type(array) is np.ndarray else np.asarray(array)
    tensor.node = node
    return tensor


_new = object.__new__


def source(array: Array) -> Tensor:
    """A Tensor around this very array, as the user's own: its `.data` can be written to."""
    tensor = _new(Tensor)
    tensor.array = array
    tensor.node = tensor._grad = tensor._constant = None
    return tensor


def asarray(data: Any, dtype: Any = None) -> Tensor:
    """A Tensor that shares the memory of `data`, if that is an array of the right dtype.

    >>> import numpy as np, autograd as ag
    >>> a = np.zeros(2)
    >>> t = ag.asarray(a)
    >>> a[0] = 1
    >>> t
    Tensor([1., 0.])
    """
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == dtype else data.astype(dtype)
    return source(_as_array(data, dtype, copy=None))


def unwrap(value: Any) -> Any:
    """The array of a Tensor; anything else as it is; also inside lists and tuples."""
    if isinstance(value, Tensor):
        return value.array
    if isinstance(value, (list, tuple)) and holds_tensor(value):
        items = [unwrap(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    return value


def holds_tensor(value: Any) -> bool:
    """Whether there is a Tensor in it: itself, or inside lists and tuples."""
    if isinstance(value, (list, tuple)):
        return any(map(holds_tensor, value))
    return isinstance(value, Tensor)


def requires_grad(value: Any) -> bool:
    """Whether a gradient is wanted for it, or for something in it."""
    if isinstance(value, (list, tuple)):
        return any(map(requires_grad, value))
    return isinstance(value, Tensor) and value.node is not None


def _as_array(data: Any, dtype: Any, copy: bool | None) -> Array:
    if isinstance(data, (list, tuple)) and requires_grad(data):
        raise TypeError(
            "a Tensor made from a list of Tensors that require gradients would lose their graph. "
            "Write ag.stack([...]) to keep it, or .detach() each."
        )
    array = np.array(unwrap(data), dtype=dtype, copy=copy)
    if array.dtype.kind not in "fiubc":
        raise TypeError(
            f"a Tensor holds numbers, not {array.dtype} (made from {type(data).__name__})."
        )
    return array


def _no_gradient_for(array: Array) -> str:
    kind = {"i": "integers", "u": "integers", "b": "booleans", "c": "complex numbers"}
    what = kind.get(array.dtype.kind, str(array.dtype))
    cure = (
        "Split it into a real and an imaginary part."
        if array.dtype.kind == "c"
        else "Write 1.0 instead of 1, or pass dtype=float."
    )
    return f"no gradient for {what} (dtype {array.dtype}): they cannot change by a little. {cure}"


def _without_op(function: Any, name: str, args: Any, kwargs: Any) -> Any:
    """A NumPy function that no op claims: fine on Tensors without gradient, else refused."""
    if (requires_grad(args) or requires_grad(list(kwargs.values()))) and is_recording():
        declare_all()
        if reason := refusals.get(function):
            raise TypeError(f"np.{name} cannot be recorded: {reason}")
        raise TypeError(
            f"np.{name} has no derivative rule here, so it would lose the graph. Build it from "
            "functions that have one (ag.supported() lists them), declare your own with ag.op, "
            "or call it on .detach() if no gradient is meant to flow."
        )
    return function(*unwrap(args), **{key: unwrap(value) for key, value in kwargs.items()})

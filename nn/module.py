"""Module: something with parameters, which finds them by looking at its own attributes.

Nothing is registered. A Tensor that requires a gradient is a parameter, one that does not is a
buffer (a running mean, a frozen weight); both are saved. They are found in the order in which the
attributes were made, in lists, tuples and dicts too, and what is shared is found once. Results of
ops that forward keeps as attributes are neither.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor, memory
from autograd.graph import next_order

from .names import METHODS, spelling
from .parameter import LazyParameter, fits, spelt
from .training import Trainable

Array = np.ndarray[Any, np.dtype[Any]]

Watcher = Callable[["Module", tuple[Any, ...], Any], None]
_watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("nn_watchers", default=())


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Calls `watcher(module, inputs, output)` after each call of a Module in the block.

    >>> import nn
    >>> model = nn.Sequential(nn.Dense(2), nn.ReLU())
    >>> with watching(lambda module, inputs, output: print(module, output.shape)):
    ...     y = model.layers[1](np.zeros((3, 2)))
    ReLU() (3, 2)
    """
    token = _watchers.set((*_watchers.get(), watcher))
    try:
        yield
    finally:
        _watchers.reset(token)


class Module(Trainable):
    """The base of layers and models. A subclass makes its parameters and says `forward(x)`.

    >>> import nn
    >>> class TwoLayers(nn.Module):
    ...     def __init__(self):
    ...         self.hidden = nn.Dense(5, activation="relu", in_features=3)
    ...         self.scale = nn.Parameter([1.0, 2.0])
    ...         self.out = nn.Dense(2, in_features=5)
    ...
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x)) * self.scale
    >>> model = TwoLayers()
    >>> [name for name, parameter in model.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'scale', 'out.weight', 'out.bias']
    >>> model(np.ones((4, 3))).shape
    (4, 2)
    """

    training: bool = True  # dropout and the like look at it; train() and eval() set it
    _output_shape: tuple[int, ...] | None = None  # of the latest call, for summary()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = spelling(cls.__init__)  # type: ignore[method-assign]

    if not TYPE_CHECKING:  # to which it would mean that every attribute is there

        def __getattr__(self, name):
            kind = type(self)
            if name in METHODS and not hasattr(kind, name):
                here = f"{kind.__name__} has no {name}. Here it is {METHODS[name]}."
                raise AttributeError(here, name=name, obj=self)
            return self.__getattribute__(name)  # fails again, as it did

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; a subclass says it, and a call of the module calls it."""
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, x).")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        start = next_order()
        try:
            out = self.forward(*args, **kwargs)
        except Exception as error:
            given = ", ".join(map(_shape_of, args))
            error.add_note(f"in {type(self).__name__}({self.describe()}), given {given}")
            raise
        finally:
            # The nodes made in between are this call's: so pictures draw a frame around them.
            spans = self.__dict__.get("call_spans")
            if spans is None:
                spans = self.__dict__["call_spans"] = deque(maxlen=64)
            spans.append((start, next_order()))
        first = out[0] if type(out) is tuple and out else out  # an RNN's outputs, not its state
        self._output_shape = getattr(first, "shape", None)
        for watcher in _watchers.get():
            watcher(self, args, out)
        return out

    # -- what it holds ----------------------------------------------------------------------

    def parameters(self) -> list[Tensor]:
        """What is learned: every Tensor that requires a gradient, in the order of definition.

        Raises RuntimeError, naming the layers, if some do not know their input size yet.

        >>> import nn
        >>> [p.shape for p in nn.Dense(2, in_features=3).parameters()]
        [(3, 2), (2,)]
        """
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """The parameters with their names, such as `layers.0.weight`.

        >>> import nn
        >>> model = nn.Sequential(nn.Dense(2, in_features=3), nn.ReLU())
        >>> [name for name, _ in model.named_parameters()]
        ['layers.0.weight', 'layers.0.bias']
        """
        return [(name, t) for name, t in self._tensors().items() if t.requires_grad]

    def buffers(self) -> list[Tensor]:
        """What is saved but not learned: every Tensor that does not require a gradient.

        >>> import nn
        >>> layer = nn.Dense(2, in_features=3)
        >>> layer.bias.requires_grad = False   # frozen
        >>> [b.shape for b in layer.buffers()]
        [(2,)]
        """
        return [t for t in self._tensors().values() if not t.requires_grad]

    def modules(self) -> list[tuple[str, Module]]:
        """Every Module inside, itself first, with the path that leads to it.

        >>> import nn
        >>> [path for path, module in nn.Sequential(nn.Dense(2), nn.ReLU()).modules()]
        ['', 'layers.0', 'layers.1']
        """
        inside = [(name, m) for name, _, m in walk(self) if isinstance(m, Module)]
        return [("", self), *inside]

    def unbuilt(self) -> list[str]:
        """The layers that do not know their input size yet: path and description.

        >>> import nn
        >>> model = nn.Sequential(nn.Dense(2), nn.ReLU())
        >>> len(model.unbuilt())
        1
        >>> _ = model(np.zeros((1, 3)))
        >>> model.unbuilt()
        []
        """
        waiting = {id(owner) for _, owner, held in walk(self) if isinstance(held, LazyParameter)}
        return [
            f"{path or 'itself'} ({module!r})"
            for path, module in self.modules()
            if id(module) in waiting
        ]

    def _tensors(self) -> dict[str, Tensor]:
        if waiting := self.unbuilt():
            raise RuntimeError(
                f"{type(self).__name__} has layers that do not know their input size yet: "
                f"{', '.join(waiting)}. Call the model on a batch first, model(x), or give "
                "in_features=."
            )
        found = [(name, held) for name, _, held in walk(self) if isinstance(held, Tensor)]
        if len(dict(found)) != len(found):
            names = [name for name, _ in found]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"two Tensors would be saved as {', '.join(twice)}: rename a key.")
        return dict(found)

    # -- its state --------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Sets training mode, here and in all Modules inside: dropout drops.

        >>> import nn
        >>> model = nn.Sequential(nn.Dense(2), nn.Dropout(0.5)).eval()
        >>> model.train().layers[1].training
        True
        """
        for _, module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Sets evaluation mode, here and in all Modules inside: dropout passes all.

        >>> import nn
        >>> np.array_equal(nn.Dropout(0.5).eval()(np.ones(3)), np.ones(3))
        True
        """
        return self.train(False)

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        for _, _, held in walk(self):
            if isinstance(held, Tensor):
                held.zero_grad()

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers, by name.

        Raises RuntimeError, naming the layers, if some do not know their input size yet.

        >>> import nn
        >>> {n: a.shape for n, a in nn.Dense(2, in_features=3).state_dict().items()}
        {'weight': (3, 2), 'bias': (2,)}
        """
        return {name: tensor.array.copy() for name, tensor in self._tensors().items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> list[str]:
        """Takes over the values of `state`, into the very Tensors that are there.

        Layers that do not know their input size learn it from the shapes. With strict=False,
        names that are missing or unexpected are left alone, and returned.

        Raises ValueError that lists all that does not fit: names missing or unexpected, shapes and
        dtypes that differ, read-only arrays here. Nothing has changed then.

        >>> import nn
        >>> trained, fresh = nn.Dense(2, in_features=3), nn.Dense(2)
        >>> fresh.load_state_dict(trained.state_dict())
        []
        >>> np.array_equal(fresh.weight, trained.weight)
        True
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"load_state_dict takes a dict of arrays by name, not a {type(state).__name__}. "
                "Of a model: model.state_dict(). From a file: load(path)."
            )
        places = {name: held for name, _, held in walk(self) if not isinstance(held, Module)}
        strangers = [f"missing: {name}" for name in places if name not in state]
        strangers += [f"unexpected: {name}" for name in state if name not in places]
        both = [name for name in places if name in state]
        misfits = [_misfit(name, places[name], _shaped(state[name])) for name in both]
        problems = (strangers if strict else []) + [text for text in misfits if text]
        if problems:
            raise ValueError(
                f"this state is not one of {type(self).__name__}:\n  " + "\n  ".join(problems)
            )
        values = [np.array(_shaped(state[name])) for name in both]  # all of it, before any change
        made: dict[int, Tensor] = {}
        for name, value in zip(both, values, strict=True):
            held = places[name]
            if isinstance(held, LazyParameter):
                made[id(held)] = held.holding(value)
            else:
                held.array[...] = value
                memory.changed(held.array)
        for _, module in self.modules() if made else ():
            for name, value in list(vars(module).items()):
                if (built := _built(value, made, set())) is not value:
                    setattr(module, name, built)
        return strangers

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes parameters and buffers to a file that ends in `.npz` or `.safetensors`.

        The file is there whole or not at all; the folder is made if need be.

        >>> import nn, tempfile
        >>> model, same = nn.Dense(2, in_features=3), nn.Dense(2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model.npz")
        ...     _ = same.load(f"{folder}/model.npz")
        >>> np.array_equal(same.weight, model.weight)
        True
        """
        from . import storage

        storage.write(path, self.state_dict())

    def load(self, path: str | os.PathLike[str], strict: bool = True) -> list[str]:
        """Takes over what `save` wrote, or the weights of a checkpoint; see `load_state_dict`.

        Raises ValueError, naming the file, if it is damaged or of another model. Nothing has
        changed then.
        """
        from . import storage

        with storage.opened(path) as found:
            state = {n: held for n, held in found.items() if not n.startswith(storage.TRAINING)}
            try:
                return self.load_state_dict(state, strict)
            except ValueError as error:
                if str(path) in str(error):
                    raise
                raise ValueError(f"{path}: {error}") from None

    # -- as text ----------------------------------------------------------------------------

    def describe(self) -> str:
        """What stands between the brackets of its repr."""
        return ""

    @recursive_repr("…")  # where a Module refers to one that it is in
    def __repr__(self) -> str:
        inside = [(name, held) for name, held in _held(self) if isinstance(held, Module)]
        kind, description = type(self).__name__, self.describe()
        if not inside:
            return f"{kind}({description})"
        lines = "".join(f"\n{name}: {module!r}".replace("\n", "\n  ") for name, module in inside)
        return f"{kind}({description}{lines}\n)"


def walk(module: Module) -> Iterator[tuple[str, Module, Any]]:
    """Every Module, Tensor and LazyParameter inside, once: its name, whose it is, and itself."""
    seen = {id(module)}

    def inside(owner: Module, prefix: str) -> Iterator[tuple[str, Module, Any]]:
        for name, held in _held(owner):
            if id(held) not in seen:
                seen.add(id(held))
                yield prefix + name, owner, held
                if isinstance(held, Module):
                    yield from inside(held, f"{prefix}{name}.")

    return inside(module, "")


def _held(module: Module) -> Iterator[tuple[str, Any]]:
    """What the Module's own attributes hold, by name; what other Modules hold is theirs."""
    for name, value in vars(module).items():
        for path, held in _in(value, name):
            if not (isinstance(held, Tensor) and _left_by_a_call(module, held)):
                yield path, held


def _left_by_a_call(module: Module, held: Tensor) -> bool:
    """Whether it is what an op of the module's forward gave, kept to be looked at: nothing to learn
    or to save. What was computed before, in __init__, is not passed over: optimizers refuse it."""
    node = held.node
    if node is None or node.op is None or hasattr(held, "_constant"):
        return False  # the last is a parameter for which a result stands in: see stateless.py
    spans: Any = vars(module).get("call_spans")
    return bool(spans) and node.order >= spans[0][0]


def _built(value: Any, made: Mapping[int, Tensor], seen: set[int]) -> Any:
    """The value with what was made in the place of its LazyParameters; lists and dicts stay the
    same ones."""
    if id(value) in made:
        return made[id(value)]
    if isinstance(value, tuple):
        parts = [_built(item, made, seen) for item in value]
        if all(part is item for part, item in zip(parts, value)):
            return value
        return value._make(parts) if hasattr(value, "_make") else tuple(parts)
    if isinstance(value, (list, dict)) and id(value) not in seen:
        seen.add(id(value))
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            if (built := _built(item, made, seen)) is not item:
                value[key] = built
    return value


def _in(value: Any, name: str, around: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    if isinstance(value, (Tensor, Module, LazyParameter)):
        yield name, value
    elif isinstance(value, (list, tuple, dict)):
        if id(value) in around:
            return  # it contains itself, and what it holds has its names
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _in(item, f"{name}.{key}", (*around, id(value)))
    elif isinstance(value, (set, frozenset)):
        for item in value:
            if isinstance(item, (Tensor, Module, LazyParameter)):
                raise TypeError(
                    f"{name} is a set, which has no order to name its {type(item).__name__}s by. "
                    "Make it a list, or a dict."
                )


def _shaped(value: Any) -> Any:
    """Something with a shape and a dtype: an array, or one that still lies in a file."""
    if isinstance(value, Tensor):
        return value.array
    return value if hasattr(value, "shape") and hasattr(value, "dtype") else np.asarray(value)


def _shape_of(value: Any) -> str:
    """What an input is, for an error: its shape, or those of what it holds."""
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_shape_of, value[:4]))}{', …' * (len(value) > 4)}]"
    return str(getattr(value, "shape", type(value).__name__))


def _misfit(name: str, held: Tensor | LazyParameter, value: Any) -> str | None:
    if not fits(held.shape, value.shape):
        text = f"{name}: has shape {spelt(held.shape)}, not {spelt(value.shape)}"
        if len(value.shape) == 2 and fits(held.shape, value.shape[::-1]):
            text += " (transpose it? weights are (in, out) here, (out, in) in PyTorch)"
        return text
    if not np.can_cast(value.dtype, held.dtype, "same_kind"):
        return f"{name}: is {held.dtype}, not {value.dtype}"
    if isinstance(held, Tensor) and not held.array.flags.writeable:
        return f"{name}: is read-only here; p.data = p.data.copy() gives it an array of its own"
    return None

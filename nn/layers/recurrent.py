"""Recurrent layers: a state goes along the sequence, and remembers what it has seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor

from .. import init as initialisers
from ..functional.affine import affine
from ..functional.recurrent import gru_step, lstm_step, rnn_step
from ..module import Module
from ..parameter import LazyParameter, Parameter
from ..random import Rng
from .activation import get
from .casting import cast
from .dense import Init

State = Any
"""The state of a cell, (n, units); of an LSTM's, the pair (h, c) of these."""


class _Cell(Module):
    """What all cells are: gates, side by side in one weight for the input and one for the state.

    A subclass says how many `gates` there are, and its formula: `step(x, state)`, where x has been
    multiplied with the weight.
    """

    gates: int
    parts = 1  # how many arrays the state is
    weight: Tensor | LazyParameter
    recurrent: Tensor
    bias: Tensor | None

    def __init__(
        self,
        units: int,
        in_features: int | None = None,
        bias: bool = True,
        init: Init = "xavier_uniform",
        recurrent_init: Init = "orthogonal",
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        _require_count(type(self).__name__, units=units, in_features=in_features)
        rng = np.random.default_rng(rng) if isinstance(rng, int) else rng
        width = self.gates * units
        weight = LazyParameter((None, width), initialisers.get(init), "weight", dtype, rng)
        self.weight = weight if in_features is None else weight.build(in_features)
        drawn = initialisers.get(recurrent_init)((units, width), rng=rng, dtype=dtype)
        self.recurrent = Parameter(drawn, "recurrent")
        self.bias = Parameter(np.zeros(width, dtype), "bias") if bias else None

    @property
    def units(self) -> int:
        return self.recurrent.shape[0]

    def forward(self, x: Any, state: State = None) -> State:
        state = self.initial(np.shape(x)[:-1]) if state is None else self.checked(state, len(x))
        return self.step(self.project(x), state)

    def project(self, x: Any) -> Any:
        """x @ weight + bias, for any number of leading axes: all time steps at once."""
        x = x if isinstance(x, Tensor) else np.asarray(x)
        x = cast(self, x, self.weight.dtype)
        if isinstance(self.weight, LazyParameter):
            self.weight = self.weight.build(x.shape[-1])
        size = self.weight.shape[0]
        if x.shape[-1] != size:
            raise ValueError(
                f"{self!r} takes {size} features, in the last axis; the input has shape {x.shape}."
            )
        return x @ self.weight if self.bias is None else affine(x, self.weight, self.bias)

    def step(self, x: Any, state: State) -> State:
        raise NotImplementedError

    def initial(self, leading: tuple[int, ...]) -> State:
        """The state before anything was seen: zeros."""
        zeros = np.zeros((*leading, self.units), self.recurrent.dtype)
        return zeros if self.parts == 1 else (zeros,) * self.parts

    def checked(self, state: State, count: int) -> State:
        """The state, if it is one of `count` sequences."""
        parts = (state,) if self.parts == 1 else state
        if len(parts) != self.parts or any(np.shape(s) != (count, self.units) for s in parts):
            kind = "an array" if self.parts == 1 else f"a tuple of {self.parts} arrays"
            raise ValueError(
                f"{self!r}: the state of {count} sequences is {kind} of shape "
                f"({count}, {self.units})."
            )
        return state

    def output(self, state: State) -> Any:
        """What of the state others see."""
        return state if self.parts == 1 else state[0]

    def describe(self) -> str:
        size = self.weight.shape[0]
        return f"{'?' if size is None else size} -> {self.units}"


class RNNCell(_Cell):
    """One step of a plain recurrent network: h ← tanh(x @ weight + h @ recurrent + bias).

    Shapes: x (n, in), h (n, units) -> (n, units); weight (in, units), recurrent (units, units).
    Without a state, it begins with zeros. The input size is found at the first call if not given.

    Parameters
    ----------
    units : int
        The size of the state, which is the output, too.
    in_features : int, optional
    bias : bool
    init, recurrent_init : str, float or callable
        How the two weights begin; see `nn.init`.
    dtype : dtype
    rng : int or Generator, optional
    activation : str or callable
        tanh, or another function.

    Raises ValueError for inputs and states of another size.

    >>> import numpy as np, nn
    >>> cell = nn.RNNCell(5)
    >>> cell(np.zeros((2, 3))).shape
    (2, 5)
    >>> cell
    RNNCell(3 -> 5)
    """

    gates = 1

    def __init__(
        self, units: int, *args: Any, activation: str | Callable[..., Any] = "tanh", **kwargs: Any
    ) -> None:
        super().__init__(units, *args, **kwargs)
        self.activation = get(activation)

    def step(self, x: Any, state: State) -> State:
        return rnn_step(x, state, self.recurrent, self.activation)


class LSTMCell(_Cell):
    """One step of an LSTM, whose state is the pair (h, c); see `nn.functional.lstm_step`.

    Shapes: x (n, in), (h, c) each (n, units) -> (h, c); weight (in, 4 · units) and recurrent
    (units, 4 · units) hold the gates i, f, g, o. The forget gate's bias begins with 1: remember.

    Parameters and errors are those of `RNNCell`, without `activation`.

    >>> import numpy as np, nn
    >>> h, c = nn.LSTMCell(5)(np.zeros((2, 3)))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))

    Source: as `lstm_step`; the bias: R. Jozefowicz et al., ICML 2015, section 2.2.
    """

    gates = 4
    parts = 2

    def __init__(self, units: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(units, *args, **kwargs)
        if self.bias is not None:
            self.bias.array[units : 2 * units] = 1

    def step(self, x: Any, state: State) -> State:
        h, c = state
        return lstm_step(x, h, c, self.recurrent)


class GRUCell(_Cell):
    """One step of a GRU; see `nn.functional.gru_step`.

    Shapes: x (n, in), h (n, units) -> (n, units); weight (in, 3 · units), recurrent
    (units, 3 · units), bias and recurrent_bias (3 · units) hold the gates r, z, n.

    Parameters and errors are those of `RNNCell`, without `activation`.

    >>> import numpy as np, nn
    >>> nn.GRUCell(5)(np.zeros((2, 3))).shape
    (2, 5)
    """

    gates = 3

    def __init__(self, units: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(units, *args, **kwargs)
        self.recurrent_bias = None
        if self.bias is not None:  # apart from the other: the reset gate acts on it
            self.recurrent_bias = Parameter(np.zeros_like(self.bias.array), "recurrent_bias")

    def step(self, x: Any, state: State) -> State:
        b = 0.0 if self.recurrent_bias is None else self.recurrent_bias
        return gru_step(x, state, self.recurrent, b)


# -- along a sequence -----------------------------------------------------------------------------


class _Recurrent(Module):
    """Cells along a sequence, in layers: each sees the outputs of the one below."""

    cell: type[_Cell]

    def __init__(
        self,
        units: int,
        in_features: int | None = None,
        layers: int = 1,
        bidirectional: bool = False,
        returns: str = "both",
        rng: Rng = None,
        **settings: Any,
    ) -> None:
        _require_count(type(self).__name__, layers=layers)
        if returns not in RETURNS:
            raise ValueError(
                f"{type(self).__name__}: returns={returns!r}; choose one of {', '.join(RETURNS)}."
            )
        rng = np.random.default_rng(rng) if isinstance(rng, int) else rng
        self.returns = returns
        self.directions = 2 if bidirectional else 1
        self.cells = []
        for layer in range(layers):
            size = in_features if layer == 0 else units * self.directions
            for _ in range(self.directions):
                self.cells.append(self.cell(units, size, rng=rng, **settings))

    def forward(self, x: Any, state: State = None) -> Any:
        if np.ndim(x) != 3:
            raise ValueError(
                f"{self!r} takes sequences (batch, time, feature); the input has shape "
                f"{np.shape(x)}. One sequence is a batch of one: x[None]."
            )
        before, after = self._of_cells(state, len(x)), []
        for layer in range(0, len(self.cells), self.directions):
            outputs = []
            for i in range(layer, layer + self.directions):
                out, last = _along(self.cells[i], x, before[i], backwards=i > layer)
                outputs.append(out)
                after.append(last)
            x = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=-1)
        if self.returns == "outputs":
            return x
        if self.returns == "last":
            top = [self.cells[0].output(state) for state in after[-self.directions :]]
            return top[0] if len(top) == 1 else np.concatenate(top, axis=-1)
        if self.cells[0].parts == 1:
            return x, np.stack(after)
        return x, tuple([np.stack(part) for part in zip(*after, strict=True)])

    def _of_cells(self, state: State, count: int) -> list[State]:
        """The initial state of each cell."""
        cell, cells = self.cells[0], len(self.cells)
        if state is None:
            return [cell.initial((count,))] * cells
        parts = (state,) if cell.parts == 1 else state
        shape = (cells, count, cell.units)
        if len(parts) != cell.parts or any(np.shape(part) != shape for part in parts):
            kind = "an array" if cell.parts == 1 else f"a tuple of {cell.parts} arrays"
            raise ValueError(
                f"{self!r}: the initial state of {count} sequences is {kind} of shape {shape}, "
                "(layers · directions, batch, units)."
            )
        if cell.parts == 1:
            return [state[i] for i in range(cells)]
        return [tuple([part[i] for part in parts]) for i in range(cells)]

    def describe(self) -> str:
        layers = len(self.cells) // self.directions
        more = [f"layers={layers}"] * (layers > 1) + ["bidirectional"] * (self.directions > 1)
        return ", ".join([self.cells[0].describe(), *more])


RETURNS = ("both", "outputs", "last")


def _along(cell: _Cell, x: Any, state: State, backwards: bool) -> tuple[Any, State]:
    """The outputs (batch, time, units) of a cell that goes along x, and its last state."""
    batch, time, _ = np.shape(x)
    projected = cell.project(x)
    steps = [np.reshape(p, (batch, -1)) for p in np.split(projected, time, axis=1)]
    outputs = []
    for step in reversed(steps) if backwards else steps:
        state = cell.step(step, state)
        outputs.append(cell.output(state))
    return np.stack(outputs[::-1] if backwards else outputs, axis=1), state


class RNN(_Recurrent):
    """`RNNCell` along a sequence.

    Shapes: x (batch, time, in) -> outputs (batch, time, units), and the final state
    (layers, batch, units), from which `layer(more, state)` goes on. Of two directions, outputs are
    side by side, (batch, time, 2 · units), and states are (layers · 2, batch, units): forwards and
    backwards of the first layer, then of the next.

    Parameters
    ----------
    units : int
        The size of the state.
    in_features : int, optional
        Found at the first call if not given.
    layers : int
        Each of the others sees the outputs of the one below.
    bidirectional : bool
        Whether in each layer a second cell goes from the end to the beginning.
    returns : str
        "both" outputs and state; "outputs", or the "last" (batch, units), as in a Sequential.
    settings
        Of the cells: `activation`, `bias`, `init`, `recurrent_init`, `dtype`, `rng`.

    Raises ValueError for inputs and states of other shapes.

    >>> import numpy as np, nn
    >>> outputs, state = nn.RNN(5, layers=2)(np.zeros((4, 7, 3)))
    >>> outputs.shape, state.shape
    ((4, 7, 5), (2, 4, 5))
    >>> nn.Sequential(nn.RNN(5, returns="last"), nn.Dense(2))(np.zeros((4, 7, 3))).shape
    (4, 2)

    Source: Goodfellow et al., Deep Learning, 2016, section 10.2.
    """

    cell = RNNCell


class LSTM(_Recurrent):
    """`LSTMCell` along a sequence. As `RNN`; its state is a pair (h, c).

    >>> import numpy as np, nn
    >>> outputs, (h, c) = nn.LSTM(5, bidirectional=True)(np.zeros((4, 7, 3)))
    >>> outputs.shape, h.shape, c.shape
    ((4, 7, 10), (2, 4, 5), (2, 4, 5))

    Source: as `LSTMCell`; two directions: A. Graves, J. Schmidhuber, Neural Networks 18 (2005) 602.
    """

    cell = LSTMCell


class GRU(_Recurrent):
    """`GRUCell` along a sequence. As `RNN`.

    >>> import numpy as np, nn
    >>> outputs, state = nn.GRU(5)(np.zeros((4, 7, 3)))
    >>> outputs.shape, state.shape
    ((4, 7, 5), (1, 4, 5))
    """

    cell = GRUCell


def _require_count(name: str, **sizes: int | None) -> None:
    for what, size in sizes.items():
        if size is not None and (not isinstance(size, (int, np.integer)) or size < 1):
            raise ValueError(f"{name}: {what}={size!r}; it counts from 1.")

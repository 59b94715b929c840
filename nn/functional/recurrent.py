"""One step of a recurrent cell: from what the input says and the state, the next state.

Each takes `x`, the input times its weights plus bias, so that a layer can multiply all time steps
at once, and `h`, the state. All gates of a cell stand side by side in x: one product serves them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, op, tanh

from .activation import sigmoid


class LSTMState(NamedTuple):
    """What an LSTM shows, h, and what it remembers, c."""

    h: Any
    c: Any


def rnn_step(x: Any, h: Any, w: Any, activation: Any = tanh) -> Any:
    """activation(x + h @ w).

    Shapes: x (n, u), h (n, u), w (u, u) -> (n, u).

    >>> rnn_step(np.zeros((1, 2)), np.ones((1, 2)), np.eye(2)).round(4)
    array([[0.7616, 0.7616]])

    Source: J. Elman, "Finding Structure in Time", Cognitive Science 14 (1990) 179.
    """
    return activation(x + h @ w)


# -- LSTM -----------------------------------------------------------------------------------------


def lstm_step(x: Any, h: Any, c: Any, w: Any) -> LSTMState:
    """The memory c forgets and takes in, and the output h shows a part of it.

    i, f, g, o = σ, σ, tanh, σ of x + h @ w;  c ← f·c + i·g;  h ← o·tanh(c).

    Shapes: x (n, 4u), h (n, u), c (n, u), w (u, 4u) -> h (n, u), c (n, u).

    >>> lstm_step(np.zeros((1, 4)), np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 4)))
    LSTMState(h=array([[0.2311]]), c=array([[0.5]]))

    Source: S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997)
    1735; with the forget gate of F. Gers, J. Schmidhuber, F. Cummins, 2000.
    """
    state: LSTMState = _lstm(x + h @ w, c, [])
    return state


@op(name="lstm", formula="c' = σ(f)·c + σ(i)·tanh(g), h' = σ(o)·tanh(c')")
def _lstm(gates, c, forward):
    """Going forward leaves in the list `forward` what going back needs again."""
    forward[:] = [_lstm_parts(gates, c)]
    (_, _, _, o, c, shown) = forward[0]
    return LSTMState(o * shown, c)


@_lstm.wrt("gates", "c")
def _(g, gates, c, forward):
    g_h, g_c = g
    recorded = isinstance(gates, Tensor) or isinstance(c, Tensor)
    i, f, new, o, _, shown = _lstm_parts(gates, c) if recorded else forward[0]
    g_c = g_c + g_h * o * (1 - shown * shown)
    slopes = [
        g_c * new * i * (1 - i),
        g_c * c * f * (1 - f),
        g_c * i * (1 - new * new),
        g_h * shown * o * (1 - o),
    ]
    return np.concatenate(slopes, axis=-1), g_c * f


def _lstm_parts(gates, c):
    i, f, new, o = _cut(gates, 4)
    i, f, new, o = sigmoid(i), sigmoid(f), tanh(new), sigmoid(o)
    c = f * c + i * new
    return i, f, new, o, c, tanh(c)


# -- GRU ------------------------------------------------------------------------------------------


def gru_step(x: Any, h: Any, w: Any, b: Any = 0.0) -> Any:
    """r and z say how much of the state is read and kept: h ← (1 − z)·n + z·h.

    r, z = σ(x + h @ w + b);  n = tanh(x + r·(h @ w + b)), each of its own third of x, w and b.

    Shapes: x (n, 3u), h (n, u), w (u, 3u), b (3u) -> (n, u).

    The reset gate acts after the product, as in PyTorch and in Keras (reset_after=True).

    >>> gru_step(np.zeros((1, 3)), np.ones((1, 1)), np.zeros((1, 3)))
    array([[0.5]])

    Source: K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014.
    """
    return _gru(x, h @ w + b, h, [])


@op(name="gru", formula="(1 − z)·n + z·h")
def _gru(x, read, h, forward):
    """Going forward leaves in the list `forward` what going back needs again."""
    forward[:] = [_gru_parts(x, read)]
    (_, z, n, _) = forward[0]
    return n + z * (h - n)


@_gru.wrt("x", "read", "h")
def _(g, x, read, h, forward):
    recorded = isinstance(x, Tensor) or isinstance(read, Tensor)
    r, z, n, last = _gru_parts(x, read) if recorded else forward[0]
    to_n = g * (1 - z) * (1 - n * n)
    to_z = g * (h - n) * z * (1 - z)
    to_r = to_n * last * r * (1 - r)
    slopes = np.concatenate([to_r, to_z, to_n], axis=-1)
    return slopes, np.concatenate([to_r, to_z, to_n * r], axis=-1), g * z


def _gru_parts(x, read):
    (x_r, x_z, x_n), (h_r, h_z, h_n) = _cut(x, 3), _cut(read, 3)
    r = sigmoid(x_r + h_r)
    return r, sigmoid(x_z + h_z), tanh(x_n + r * h_n), h_n


def _cut(a, parts):
    u = a.shape[-1] // parts
    return [a[..., i * u : (i + 1) * u] for i in range(parts)]

"""One step of a recurrent cell: from what the input says and the state, the next state.

Each takes `x`, the input times its weights plus bias, so that a layer can multiply all time steps
at once, and `h`, the state. All gates of a cell stand side by side in x: one product serves them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .activation import sigmoid, tanh


def rnn_step(x: Any, h: Any, w: Any, activation: Any = tanh) -> Any:
    """activation(x + h @ w).

    Shapes: x (n, u), h (n, u), w (u, u) -> (n, u).

    Source: J. Elman, "Finding Structure in Time", Cognitive Science 14 (1990) 179.
    """
    return activation(x + h @ w)


def lstm_step(x: Any, h: Any, c: Any, w: Any) -> tuple[Any, Any]:
    """The memory c forgets and takes in, and the output h shows a part of it.

    i, f, g, o = σ, σ, tanh, σ of x + h @ w;  c ← f·c + i·g;  h ← o·tanh(c).

    Shapes: x (n, 4u), h (n, u), c (n, u), w (u, 4u) -> h (n, u), c (n, u).

    Source: S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997)
    1735; with the forget gate of F. Gers, J. Schmidhuber, F. Cummins, 2000.
    """
    i, f, g, o = np.split(x + h @ w, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def gru_step(x: Any, h: Any, w: Any, b: Any = 0.0) -> Any:
    """r and z say how much of the state is read and kept: h ← (1 − z)·n + z·h.

    r, z = σ(x + h @ w + b);  n = tanh(x + r·(h @ w + b)), each of its own third of x, w and b.

    Shapes: x (n, 3u), h (n, u), w (u, 3u), b (3u) -> (n, u).

    The reset gate acts after the product, as in PyTorch and in Keras (reset_after=True).

    Source: K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014.
    """
    x_r, x_z, x_n = np.split(x, 3, axis=-1)
    h_r, h_z, h_n = np.split(h @ w + b, 3, axis=-1)
    z = sigmoid(x_z + h_z)
    n = tanh(x_n + sigmoid(x_r + h_r) * h_n)
    return n + z * (h - n)

r"""
03 · A three-layer network, forward
===================================

A network is a chain: multiply by weights, add a bias, apply an activation, and again. Here you
push one input through three layers with fixed numbers, first by hand, then with ``nn.Sequential``,
and you see every number on the way.

.. math::

    a^{(1)} = x W^{(1)} + b^{(1)}, \quad z^{(1)} = h(a^{(1)}), \quad
    a^{(2)} = z^{(1)} W^{(2)} + b^{(2)}, \quad \dots
"""

import os
from pathlib import Path

import numpy as np

import autograd as ag
import nn

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)

# %%
# The numbers
# -----------
# Two inputs, three hidden units, two hidden units, two outputs. A weight matrix has a row for each
# input and a column for each output, so the shapes must chain: (2, 3), (3, 2), (2, 2).

network = {
    "W1": np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]),
    "b1": np.array([0.1, 0.2, 0.3]),
    "W2": np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]),
    "b2": np.array([0.1, 0.2]),
    "W3": np.array([[0.1, 0.3], [0.2, 0.4]]),
    "b3": np.array([0.1, 0.2]),
}
x = np.array([1.0, 0.5])

# %%
# By hand
# -------


def forward(network, x):
    a1 = np.dot(x, network["W1"]) + network["b1"]
    z1 = nn.sigmoid(a1)
    a2 = np.dot(z1, network["W2"]) + network["b2"]
    z2 = nn.sigmoid(a2)
    a3 = np.dot(z2, network["W3"]) + network["b3"]
    y = nn.identity(a3)  # regression: the sum as it is
    for name, value in [("a1", a1), ("z1", z1), ("a2", a2), ("z2", z2)]:
        print(f"{name} = {value}")
    return y


print("y  =", forward(network, x))

# %%
# Check the first number yourself: :math:`1.0 \cdot 0.1 + 0.5 \cdot 0.2 + 0.1 = 0.3`.
#
# **Trap.** The notes call ``sigmoid`` and ``identity_function`` here without defining them. The
# library has both.
#
# With layers
# -----------
# A ``Dense`` layer (also: fully connected) holds one weight matrix and one bias. Its number of
# outputs is its number of *units*. The same network, and the same y:

model = nn.Sequential(
    nn.Dense(3, activation="sigmoid", in_features=2, dtype=float),
    nn.Dense(2, activation="sigmoid", in_features=3, dtype=float),
    nn.Dense(2, in_features=2, dtype=float),
)
for i, layer in enumerate(model.layers, start=1):
    layer.weight.data = network[f"W{i}"]
    layer.bias.data = network[f"b{i}"]
print("y  =", model(x).data)

# %%
# How many numbers are in it? Between 8 inputs and 9 units there are 8·9 = 72 weights, and 9
# biases. ``summary`` counts the two apart.

nn.Sequential(nn.Dense(9, in_features=8)).summary()
model.summary()

# %%
# The picture
# -----------
# What the library saw: each box is one step, with its value. Read it from top to bottom. This is
# the *forward* pass; lesson 10 walks the same picture backward.

picture = ag.draw(model, x, rankdir="TB")
picture.save(OUT / "03_network.svg")
picture

# %%
# A batch is many rows
# --------------------
# Nothing above says that x is one sample. Three rows in, three rows out; the matrix product does
# it.

print(model(np.array([[1.0, 0.5], [0.0, 0.0], [2.0, 1.0]])).data)

# %%
# Try
# ---
# * Replace ``"sigmoid"`` by ``"relu"``. Can you get y with pen and paper now?
# * Give W2 the shape (2, 3) and read the error message.
# * Add a fourth layer with 5 units in the middle. Which shapes have to change?

r"""
10 · Backpropagation, walked through
====================================

Differences need two evaluations for every weight. Backpropagation gets all slopes from one walk
backward through the steps that were taken. Here you take the walk on a graph small enough to check
with a pencil, then on the network of lesson 03.

.. math::

    \frac{\partial L}{\partial a} = \sum_{c \,\text{ made from }\, a}
    \frac{\partial L}{\partial c} \cdot \frac{\partial c}{\partial a}
"""

import os
from pathlib import Path

import numpy as np

import autograd as ag
import nn
import optim
from autograd import Tensor

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)

# %%
# One neuron
# ----------
# Two inputs, two weights, a bias, tanh; then how far the output is from 1.

x1, x2 = Tensor(2.0, name="x1"), Tensor(0.5, name="x2")
w1 = Tensor(-0.5, requires_grad=True, name="w1")
w2 = Tensor(1.0, requires_grad=True, name="w2")
b = Tensor(0.3, requires_grad=True, name="b")

y = np.tanh(x1 * w1 + x2 * w2 + b)  # 1. predict
loss = (y - 1) ** 2  # 2. measure the error
loss.backward()  # 3. walk back
print("loss", loss.item())
for w in (w1, w2, b):
    print(f"∂loss/∂{w.name} = {w.grad.item():.6f}")

# %%
# Every box below is one step. The upper number is its value, computed from left to right. The
# number with ∂ is the slope of the loss with respect to it, computed from right to left: each box
# multiplies what arrives by its own small derivative, and hands it on.

picture = ag.draw(loss)
picture.save(OUT / "10_neuron.svg")
picture

# %%
# With a pencil: :math:`\partial L/\partial y = 2(y-1)`. Through tanh, times :math:`1 - y^2`. A sum
# passes it on as it is. A product passes it on times *the other factor*.

value = y.item()
dy = 2 * (value - 1)
da = dy * (1 - value**2)
print(f"by hand: w1 {da * 2.0:.6f}, w2 {da * 0.5:.6f}, b {da:.6f}")

# %%
# The fourth step is to adjust: each weight moves against its slope, and the loss is lower.

optim.SGD([w1, w2, b], lr=0.1).step()  # 4. adjust
print("loss after one step:", ((np.tanh(x1 * w1 + x2 * w2 + b) - 1) ** 2).item())

# %%
# The walk
# --------
# The same four steps as a page that you can step through with the arrow keys: predict, measure the
# error, walk back, adjust.

walk = ag.walk((np.tanh(x1 * w1 + x2 * w2 + b) - 1) ** 2, optimizer=optim.SGD([w1, w2, b], lr=0.1))
walk.save(OUT / "10_walk.html")
walk

# %%
# A value that is used twice
# --------------------------
# gets a part of its slope from each use, and the parts are added. In :math:`a \cdot a + a` that
# makes :math:`a + a + 1`.

a = Tensor(3.0, requires_grad=True, name="a")
(a * a + a).backward()
print("∂/∂a =", a.grad.item())

# %%
# For the same reason gradients *accumulate* from one ``backward`` to the next. A training loop
# clears them before each step.

(a * a + a).backward()
print("after a second backward:", a.grad.item(), "· cleared:", a.zero_grad() or a.grad)

# %%
# The three-layer network, backward
# ---------------------------------
# The network of lesson 03, and the slope of the sum of its outputs with respect to all 23 numbers.

network = {
    "W1": [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]],
    "b1": [0.1, 0.2, 0.3],
    "W2": [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]],
    "b2": [0.1, 0.2],
    "W3": [[0.1, 0.3], [0.2, 0.4]],
    "b3": [0.1, 0.2],
}
p = {name: Tensor(value, requires_grad=True, name=name) for name, value in network.items()}
x = np.array([1.0, 0.5])
z1 = nn.sigmoid(x @ p["W1"] + p["b1"])
z2 = nn.sigmoid(z1 @ p["W2"] + p["b2"])
y = z2 @ p["W3"] + p["b3"]
y.sum().backward()
for name in ("b3", "W3", "b2", "W2", "b1", "W1"):
    print(f"d{name} =", p[name].grad.data.round(8).tolist())

# %%
# Compare b3, b2 and b1: each layer of sigmoids makes the slope smaller. Lesson 13 follows that to
# the bitter end. And are the numbers right? Differences agree:

arrays = {name: np.array(value) for name, value in network.items()}


def total(_):
    z1 = nn.sigmoid(x @ arrays["W1"] + arrays["b1"])
    z2 = nn.sigmoid(z1 @ arrays["W2"] + arrays["b2"])
    return np.sum(z2 @ arrays["W3"] + arrays["b3"])


worst = max(
    np.abs(ag.numerical_gradient(total, arrays[name]) - p[name].grad.data).max() for name in arrays
)
print(f"largest difference: {worst:.0e}")

# %%
# Try
# ---
# * Replace tanh by ``nn.relu`` and start with b = −1. Which slopes are 0, and why?
# * Make a graph of your own with ``np.exp`` and ``/``; predict each ∂ before you draw it.
# * ``ag.draw(y.sum(), backward=True)`` draws the backward pass itself. Find the step for W3.

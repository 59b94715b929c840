r"""
02 · Activation functions and their slopes
==========================================

An activation function decides what a neuron passes on. Here you see the five from the notes, each
with its derivative, because learning needs the derivative. You also see why a network without
activations is only one layer.

.. math::

    h(x) = \frac{1}{1 + e^{-x}}, \qquad h'(x) = h(x)\,(1 - h(x)) \le \tfrac14
"""

import os
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import nn

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
x = np.linspace(-5, 5, 201)

# %%
# From a step to a curve
# ----------------------
# The perceptron's step jumps from 0 to 1. Its slope is 0 everywhere else, so nothing can be
# learned through it. The sigmoid is a step with the edges taken off.

print("step   ", nn.step(np.array([-1.0, 0.0, 2.0])))
print("slope  ", ag.elementwise_grad(nn.step)(np.array([-1.0, 0.0, 2.0])))
print("sigmoid", nn.sigmoid(np.array([-1.0, 1.0, 2.0])).tolist())

# %%
# **Trap: the name np.int.** The notes write ``np.array(x > 0, dtype=np.int)``. NumPy removed that
# name; Python's own ``int`` is meant.

print("np.int still there?", hasattr(np, "int"), "→", np.array(np.array([-1, 2]) > 0, dtype=int))

# %%
# **Trap: the missing brackets.** Written as ``1/1+exp(-x)``, the formula is not a sigmoid.
# Division comes before addition.

print("1/1+exp(-0)   =", 1 / 1 + np.exp(-0.0))
print("1/(1+exp(-0)) =", 1 / (1 + np.exp(-0.0)))

# %%
# **Trap: overflow.** Even with brackets, :math:`e^{1000}` is too large for a float. The result
# happens to be right, but NumPy warns. ``nn.sigmoid`` never takes e to a positive power.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    naive = 1 / (1 + np.exp(1000.0))
print("naive :", naive, "with the warning:", caught[0].message)
print("nn    :", nn.sigmoid(-1000.0))

# %%
# The family, with slopes
# -----------------------
# Left the functions, right their derivatives. Look at three things. The sigmoid's slope is never
# above ¼. tanh is centred on 0, and its slope reaches 1. ReLU's slope is 1 for every positive
# input, however large.

nn.plot.activation(nn.step, nn.sigmoid, nn.tanh, nn.relu, nn.leaky_relu)
plt.savefig(OUT / "02_activations.png")

print("largest slope of sigmoid:", ag.elementwise_grad(nn.sigmoid)(x).max())
print("largest slope of tanh   :", ag.elementwise_grad(nn.tanh)(x).max())
print("mean of tanh and of sigmoid over −5…5:", nn.tanh(x).mean().round(12), nn.sigmoid(x).mean())

# %%
# ReLU has a corner at 0, where no slope is right. Somebody has to choose; here it is 0, as in
# PyTorch. Leaky ReLU keeps a small slope below 0, so that the neuron can come back.

corner = np.array([-1.0, 0.0, 2.0])
print("relu       ", nn.relu(corner), " slope", ag.elementwise_grad(nn.relu)(corner))
print("leaky_relu ", nn.leaky_relu(corner), " slope", ag.elementwise_grad(nn.leaky_relu)(corner))

# %%
# **Trap.** "Leaky ReLU gives a small number such as 0.0001 for negative inputs": no. It gives
# :math:`0.01\,x`, which grows with x.

print("leaky_relu(−1), (−100):", nn.leaky_relu(np.array([-1.0, -100.0])))

# %%
# Without activations, depth is nothing
# -------------------------------------
# Two layers that only multiply are one layer: :math:`(xW_1)W_2 = x(W_1W_2)`. Put one tanh between
# them, and no single matrix does the same.

rng = np.random.default_rng(0)
W1, W2, inputs = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=(50, 3))
deep, flat = inputs @ W1 @ W2, inputs @ (W1 @ W2)
bent = np.tanh(inputs @ W1) @ W2
best = inputs @ np.linalg.lstsq(inputs, bent, rcond=None)[0]  # the nearest single matrix
print("two linear layers against one :", np.abs(deep - flat).max().round(12))
print("with tanh against the best one:", np.abs(bent - best).max().round(2))

# %%
# Which one at the output?
# ------------------------
# ============================  ===========================================
# the question                  the last activation
# ============================  ===========================================
# a number (regression)         ``identity``: the sum as it is
# yes or no                     ``sigmoid``: one probability
# one of many classes           ``softmax``: a probability each (lesson 04)
# ============================  ===========================================

scores = np.array([0.3, 2.9, 4.0])
print("identity", nn.identity(scores))
print("softmax ", nn.softmax(scores).round(8))

# %%
# Try
# ---
# * Where is the slope of tanh below 0.01? Compare with the sigmoid.
# * Draw ``nn.gelu`` and ``nn.silu`` beside ``nn.relu``. What is different just below 0?
# * Replace tanh in the collapse experiment by ``nn.relu``, then by ``nn.identity``.

r"""
06 · Losses, and why accuracy is not one
========================================

To learn, a network needs one number that says how wrong it is, and that number must have a slope.
Here you compute the two classic losses, squared error and cross-entropy, on the same two
predictions, find the gradient of the second by hand, and see why you cannot train on accuracy.

.. math::

    E_{\text{squares}} = \tfrac12 \sum_k (y_k - t_k)^2, \qquad
    E_{\text{entropy}} = -\sum_k t_k \log y_k
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import nn
from autograd import Tensor

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)

# %%
# Two predictions for the digit 2
# -------------------------------
# The first says "2, with 60 %". The second says "7, with 60 %". The target t is *one-hot*: 1 at
# the right class.

good = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
bad = np.array([0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0])
t = np.eye(10)[2]

# %%
# Squared error has three scalings in the literature: half the sum, the sum by the number of
# samples, the mean. They differ by a factor, and so does the learning rate that suits them. Say
# which one you mean.

print("½ Σ (y−t)²      good, bad:", nn.sum_squared_error(good, t), nn.sum_squared_error(bad, t))
print("mean of (y−t)²  good, bad:", nn.mean_squared_error(good, t), nn.mean_squared_error(bad, t))

# %%
# **Trap.** The notes' function has the default ``t=list()``. A list has no ``.size``, so calling
# it without a target fails with a message about lists. A target has no sensible default: give
# none.

try:
    np.sum((good - good) ** 2) / list().size
except AttributeError as error:
    print("AttributeError:", error)

# %%
# Cross-entropy
# -------------
# With a one-hot target only one term is left: minus the logarithm of the probability for the right
# class. The tiny 1e-7 keeps ``log(0)`` away.


def cross_entropy_error(y, t):
    return -np.sum(t * np.log(y + 1e-7))


print(cross_entropy_error(good, t), cross_entropy_error(bad, t))
print(nn.cross_entropy_error(good, 2), nn.cross_entropy_error(bad, 2), "from the label 2")

# %%
# For a batch it is the mean over the samples. Labels pick one number from each row:
# ``y[np.arange(batch_size), t]``.

both = np.stack([good, bad])
print(nn.cross_entropy_error(both, [2, 2]), "=", -np.log(both[np.arange(2), [2, 2]] + 1e-7).mean())

# %%
# **Trap.** For one sample the notes' version does ``t.reshape(1, t.size)``. That works for an
# array, and fails for the plain number 2. ``nn.cross_entropy_error`` takes both, as you saw.
#
# Cross-entropy punishes confident mistakes without limit; squared error never gives more than 1
# here.

p = np.linspace(0.001, 1, 300)
fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.plot(p, -np.log(p), label="cross-entropy: −log p")
ax.plot(p, (1 - p) ** 2, "--", label="squared error: (1 − p)²")
ax.set(xlabel="probability p given to the right class", ylabel="loss", ylim=(0, 6))
ax.legend()
fig.savefig(OUT / "06_losses.png")

# %%
# Two classes or many
# -------------------
# One sigmoid output: ``binary_cross_entropy``. A softmax: ``categorical_cross_entropy``. Each has
# a twin that takes the scores *before* the activation, the *logits*. The twin is the better one:
# it never takes the log of a probability that was rounded to 0.

scores, label = np.array([[2.0, -800.0]]), [1]
print("from probabilities:", nn.categorical_cross_entropy(nn.softmax(scores), label))
print("from logits       :", nn.cross_entropy(scores, label))
print(
    "binary, both ways :",
    nn.binary_cross_entropy(nn.sigmoid(np.array([1.5])), [1]),
    nn.binary_cross_entropy_with_logits(np.array([1.5]), [1]),
)

# %%
# The gradient of softmax and cross-entropy
# -----------------------------------------
# Together they have the simplest slope there is: *prediction minus target*. For a layer ``x @ W``
# that makes :math:`\partial L / \partial W = x^\top (p - t)`.

W = Tensor(
    [[0.47355232, 0.9977393, 0.84668094], [0.85557411, 0.03563661, 0.69422093]],
    requires_grad=True,
    name="W",
)
x, target = np.array([0.6, 0.9]), np.array([0, 0, 1])
scores = x @ W
print("scores", scores.data)
print("loss, with the 1e-7:", nn.cross_entropy_error(nn.softmax(scores), target).item())
loss = nn.cross_entropy(scores, target)
print("loss, from logits  :", loss.item())
loss.backward()
print("by backprop:", *W.grad.data.round(8).tolist(), sep="\n  ")
by_hand = np.outer(x, nn.softmax(scores.data) - target)
print("x (p − t)  :", *by_hand.round(8).tolist(), sep="\n  ")

# %%
# Why not accuracy?
# -----------------
# We want a high accuracy. So why not train on it? Move one weight of a tiny classifier and watch.
# The loss changes smoothly. The accuracy is a staircase: it stays the same until one sample flips.
# On a stair the slope is 0, and 0 says nothing about where to go.

rng = np.random.default_rng(0)
points = rng.normal(size=40)
labels = (points + rng.normal(scale=0.7, size=40) > 0.3).astype(float)


def loss_of(w):
    return nn.binary_cross_entropy_with_logits(3 * (points - w), labels)


def accuracy_of(w):
    return np.mean((points - w > 0) == (labels == 1))


ws = np.linspace(-2, 2, 400)
fig, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for ax, f, name in zip(axes, (loss_of, accuracy_of), ("loss", "accuracy")):
    ax.plot(ws, [f(w) for w in ws])
    ax.set(title=name, xlabel="the weight")
fig.savefig(OUT / "06_why_not_accuracy.png")

slopes = [ag.numerical_diff(accuracy_of, w) for w in np.linspace(-2, 2, 41)]
print(f"the slope of accuracy is 0 at {np.sum(np.array(slopes) == 0)} of 41 places")

# %%
# The library knows, and says so:

model = nn.Sequential(nn.Dense(2))
try:
    model.compile(optimizer="sgd", loss="accuracy")
except ValueError as error:
    print(error)

# %%
# The sign tells the direction
# ----------------------------
# Where the slope is negative, a larger weight lowers the loss. Where it is positive, a smaller one
# does. Where it is 0, the update stops.

for w in (-1.0, 1.5):
    slope = ag.grad(loss_of)(w)
    print(f"w = {w:4}: slope {slope:6.3f} → {'increase' if slope < 0 else 'decrease'} the weight")

# %%
# Try
# ---
# * What is the largest loss that the form with 1e-7 can give? (About 16.1: why?)
# * Pass ``[2.0, 2.0]`` as labels, or labels of shape (2, 1). Read the messages.
# * Replace the sigmoid by a step in ``loss_of``. What happens to the slope?

r"""
22 · A sinusoid, in HIPS autograd's style
=========================================

HIPS autograd made a habit popular: write plain NumPy, loops and all, and ask for ``grad(f)``. Here
its two classics: the slope of a sine that is summed up in a while loop, and a small network that
is one function of its parameters, fitted to a noisy sinusoid.

.. math::

    \sin x = x - \frac{x^3}{3!} + \frac{x^5}{5!} - \dots
"""

import itertools
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import autograd as ag
import optim

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it

# %%
# Through a while loop
# --------------------
# The loop stops when the terms get small, so how often it runs depends on x. That does not matter:
# what was done is what is differentiated.


def taylor_sine(x):
    total = term = x
    i = 0
    while abs(float(term)) > 1e-10:
        term = -term * x * x / ((2 * i + 3) * (2 * i + 2))
        total = total + term
        i += 1
    return total


slope = ag.grad(taylor_sine)
print("slope at 1:", slope(1.0), " cos(1):", np.cos(1.0))
print("second    :", ag.grad(slope)(1.0), " −sin(1):", -np.sin(1.0))

xs = np.linspace(-7, 7, 29)
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
f, marker = taylor_sine, iter("o^sD")
for order in range(3):
    ax.plot(xs, [f(x) for x in xs], next(marker) + "-", markersize=3, label=f"derivative {order}")
    f = ag.grad(f)
ax.legend(loc="lower right")
fig.savefig(OUT / "22_taylor.png")

# %%
# A network is a function of its parameters
# -----------------------------------------
# No classes: parameters are a list of arrays, the prediction is a function, the loss is a
# function, and its gradient is a list of the same form.

rng = np.random.default_rng(0)
inputs = np.concatenate([rng.uniform(-6, -2, 40), rng.uniform(0, 6, 40)])[:, None]
targets = np.sin(inputs) + rng.normal(scale=0.1, size=inputs.shape)
sizes = [1, 20, 20, 1]
params = [
    (rng.normal(size=(m, n)) * np.sqrt(1 / m), np.zeros(n)) for m, n in itertools.pairwise(sizes)
]


def predict(params, x):
    for W, b in params[:-1]:
        x = np.tanh(x @ W + b)
    W, b = params[-1]
    return x @ W + b


def loss(params):
    return np.mean((predict(params, inputs) - targets) ** 2)


gradients = ag.grad(loss)(params)
print("gradients have the form of the parameters:", [(W.shape, b.shape) for W, b in gradients])

# %%
# ``ag.flatten`` makes one long vector of them, and gives the way back: so any optimizer of vectors
# will do, SciPy's too. Here it is Adam.

vector, unflatten = ag.flatten(params)
value_and_grad = ag.value_and_grad(lambda v: loss(unflatten(v)))
adam, losses = optim.Adam(lr=0.01), []
for _ in range(100 if QUICK else 2000):
    value, g = value_and_grad(vector)
    adam.update({"v": vector}, {"v": g})
    losses.append(value)
print(f"loss {losses[0]:.3f} → {losses[-1]:.4f}, noise has {0.1**2:.4f}")

x = np.linspace(-8, 8, 200)[:, None]
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.plot(inputs, targets, ".", color="0.5", label="data")
ax.plot(x, predict(unflatten(vector), x), label="network")
ax.plot(x, np.sin(x), ":", label="sin")
ax.set(ylim=(-2.5, 2.5))
ax.legend()
fig.savefig(OUT / "22_fit.png")

# %%
# Between the data it guesses smoothly; outside it knows nothing.
#
# Try
# ---
# * Which step of the loop in ``taylor_sine`` would fail if you wrote ``math.sin``?
# * Give ``value_and_grad`` to ``scipy.optimize.minimize(..., jac=True)``.
# * The data have a gap between −2 and 0. Make it wider. Draw ten networks with other seeds.

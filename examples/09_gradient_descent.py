r"""
09 · Gradient descent
=====================

To make a function small, go against its gradient, a little at a time. That is all there is to
learning. Here you do it on a bowl, look at the path, and see what the size of the step decides.
Then you see the same with data: the whole set, one sample, or a mini-batch for each step.

.. math::

    x_{i+1} = x_i - \gamma \, \nabla f(x_i)
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import nn
import optim

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it


def f(x):
    return x[0] ** 2 + x[1] ** 2


# %%
# Twenty steps
# ------------
# From (−3, 4), with a learning rate of 0.1. Every step takes 0.2 of what is left, because the
# slope is 2x; so the exact end is :math:`(-3, 4) \cdot 0.8^{20}`.

start = np.array([-3.0, 4.0])
x, history = optim.gradient_descent(f, start, lr=0.1, step_num=20)
print("arrived ", x.tolist())
print("by hand ", (start * 0.8**20).tolist())
print("history ", history.shape, "first", history[0].tolist(), "last", history[-1].tolist())

# %%
# The history holds each point *before* its step, so where we arrived is not in it. Ask for it with
# ``endpoint=True``.

_, history = optim.gradient_descent(f, start, lr=0.1, step_num=20, endpoint=True)
fig, ax = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
ax.plot([-5, 5], [0, 0], "--b", linewidth=0.8)
ax.plot([0, 0], [-5, 5], "--b", linewidth=0.8)
ax.plot(history[:, 0], history[:, 1], "o")
ax.set(xlim=(-3.5, 3.5), ylim=(-4.5, 4.5), xlabel="x0", ylabel="x1")
fig.savefig(OUT / "09_path.png")

# %%
# **Trap.** The notes begin with ``x = init_x`` and go on with ``x -= …``. That does not copy: it
# changes the caller's array. A second run would start at the end of the first.


def notes_descent(init_x, lr, step_num):
    x = init_x
    for _ in range(step_num):
        x -= lr * 2 * x
    return x


mine = np.array([-3.0, 4.0])
notes_descent(mine, 0.1, 20)
print("the notes' code left my start at", mine.round(4), "· the library leaves it at", start)

# %%
# The learning rate
# -----------------
# Too small, and nothing happens. Too large, and each step jumps over the valley to a higher place
# on the other side. The default here is 0.01.

for lr, steps in [(0.01, 100), (0.1, 100), (10.0, 100), (1e-10, 100)]:
    x, _ = optim.gradient_descent(f, start, lr=lr, step_num=steps)
    print(f"lr {lr:<6}: {x}")

# %%
# **Look closely at lr = 10.** With exact slopes each step multiplies x by −19, and a hundred of
# them would reach :math:`10^{128}`. The printed numbers are smaller: at such heights the
# differences :math:`f(x+h) - f(x-h)` are rounded away, and the walk gets stuck. Two wrongs.

fig, axes = plt.subplots(1, 4, figsize=(12, 3.2), layout="constrained")
for ax, lr in zip(axes, [0.01, 0.1, 0.9, 1.02]):
    _, path = optim.gradient_descent(f, start, lr=lr, step_num=20, endpoint=True)
    angles = np.linspace(0, 2 * np.pi, 100)
    for radius in (1, 2, 3, 4, 5, 6, 7):
        ax.plot(radius * np.cos(angles), radius * np.sin(angles), color="0.85", linewidth=0.8)
    ax.plot(*path.T, "o-", markersize=3)
    ax.set(title=f"lr = {lr}", xlim=(-7, 7), ylim=(-7, 7), aspect="equal")
fig.savefig(OUT / "09_learning_rates.png")

# %%
# With data: how much for each step?
# ----------------------------------
# The loss is an average over samples. You may average over all of them (*batch*), over one
# (*stochastic*), or over a few (*mini-batch*). An *epoch* is once through the data: the smaller
# the batch, the more updates in it.

rng = np.random.default_rng(0)
x_line = rng.uniform(-1, 1, size=(200, 1))
t_line = 2 * x_line - 0.5 + rng.normal(scale=0.3, size=(200, 1))

fig, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
for batch_size, marker in [(len(x_line), "o-"), (1, "-"), (32, "s-")]:
    model = nn.Sequential(nn.Dense(1, init=0.0, in_features=1))
    model.compile(optimizer=optim.SGD(lr=0.1), loss="mse")
    path = []

    class Remember(nn.Callback):
        def on_batch_end(self, batch, logs, path=path):
            layer = self.model.layers[0]
            path.append((layer.weight.item(), layer.bias.item()))

    epochs = 1 if QUICK else 5
    model.fit(
        x_line,
        t_line,
        epochs=epochs,
        batch_size=batch_size,
        verbose=0,
        rng=0,
        callbacks=[Remember()],
    )
    updates = model.optimizer.iterations // epochs
    print(f"batch_size={batch_size:<3}: {updates:3} updates per epoch = ⌈200 / {batch_size}⌉")
    ax.plot(
        *np.array(path).T, marker, markersize=4, linewidth=0.8, label=f"batch_size={batch_size}"
    )
ax.plot(2, -0.5, "k*", markersize=12, label="the truth")
ax.set(xlabel="weight", ylabel="bias")
ax.legend()
fig.savefig(OUT / "09_batches.png")

# %%
# One sample at a time gets far in one epoch, and then trembles around the goal. The whole set
# walks straight, but has taken few steps. Mini-batches are the usual compromise.
#
# Try
# ---
# * From which lr on does it not arrive any more? Why is it 1 for this bowl?
# * Start on a saddle, ``x[0]**2 - x[1]**2``, at (1, 0) and at (1, 1e-6).
# * Give ``gradient=ag.grad(f)`` to ``gradient_descent``. What does lr = 10 give now?

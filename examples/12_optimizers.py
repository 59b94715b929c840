r"""
12 · The optimizer family
=========================

Plain gradient descent zig-zags in a narrow valley. Its relatives remember: a velocity, the size of
past gradients, or both. Here you send them all down the same valley, check their first three steps
against the formulas, and then let them learn digits.

.. math::

    \begin{array}{ll}
    \text{SGD} & p \leftarrow p - \eta\, g \\
    \text{Momentum} & v \leftarrow \mu v - \eta\, g, \quad p \leftarrow p + v \\
    \text{Adagrad} & a \leftarrow a + g^2, \quad p \leftarrow p - \eta\, g / (\sqrt a + \epsilon) \\
    \text{Adam} & m, v: \text{running means of } g, g^2, \quad
        p \leftarrow p - \eta\, \hat m / (\sqrt{\hat v} + \epsilon)
    \end{array}
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

import nn
import optim

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it

# %%
# The notes' SGD is four lines
# ----------------------------
# Two dictionaries, parameters and gradients; each parameter changes in place. Every optimizer here
# has the same ``update``.


class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for key in params:
            params[key] -= self.lr * grads[key]


mine, theirs = {"W": np.array([1.0, 2.0])}, {"W": np.array([1.0, 2.0])}
grads = {"W": np.array([0.5, -1.0])}
SGD(lr=0.1).update(mine, grads)
optim.SGD(lr=0.1).update(theirs, grads)
print(mine["W"], theirs["W"], "default lr:", optim.SGD().lr)

# %%
# A narrow valley
# ---------------
# :math:`f = x^2/20 + y^2` is twenty times steeper across than along. From (−7, 2), 30 steps each.


def f(x):
    return x[0] ** 2 / 20 + x[1] ** 2


family = {
    "SGD": optim.SGD(lr=0.95),
    "Momentum": optim.Momentum(lr=0.1),
    "Adagrad": optim.Adagrad(lr=1.5, epsilon=1e-7),
    "Adam": optim.Adam(lr=0.3),
}
start = [-7.0, 2.0]
gradient = lambda x: np.array([x[0] / 10, 2 * x[1]])
paths = optim.descent_paths(f, start, family, 30, gradient=gradient)
for name, path in paths.items():
    print(f"{name:9} {path[-1]}")

fig, axes = plt.subplots(2, 2, figsize=(10, 5), layout="constrained", sharex=True, sharey=True)
for ax, (name, optimizer) in zip(axes.flat, family.items()):
    optim.plot.paths(
        f, start, {name: optimizer}, 30, gradient=gradient, ax=ax, xlim=(-8, 8), ylim=(-3, 3)
    )
fig.savefig(OUT / "12_valley.png")

# %%
# SGD jumps from wall to wall and creeps along the floor. Momentum runs like a ball and overshoots.
# Adagrad divides by what it has seen: the steep direction gets small steps from the start. Adam
# does both.
#
# Three steps, to the last digit
# ------------------------------
# The defaults are those of the notes, which are those of Keras 2. If you know other defaults, from
# Keras 3 or PyTorch, look at the signature before you compare. ``epsilon=None`` means 1e-7, and it
# stands beside the square root.

everyone = [
    optim.SGD(lr=0.01, momentum=0.9),
    optim.NAG(lr=0.01, momentum=0.9),
    optim.Adagrad(lr=0.01, epsilon=1e-6),
    optim.Adadelta(lr=1.0, rho=0.95, epsilon=None, decay=0.0),
    optim.RMSprop(lr=0.001, rho=0.9, epsilon=None, decay=0.0),
    optim.Adam(lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0, amsgrad=False),
    optim.Adamax(lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0),
    optim.Nadam(lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, schedule_decay=0.004),
]
for name, path in optim.descent_paths(f, start, everyone, 3, gradient=gradient).items():
    print(f"{name:9} {path[-1][0]:.12f} {path[-1][1]:.12f}")
amsgrad = optim.descent_paths(f, start, [optim.Adam(amsgrad=True)], 3, gradient=gradient)["Adam"]
print(f"amsgrad   {amsgrad[-1][0]:.12f} {amsgrad[-1][1]:.12f}")

# %%
# **Trap.** "The default learning rate is 0.1", says one of the notes. Another says 0.01, and so
# does Keras: it is 0.01. And Keras's older spellings differ from PyTorch's; wrong ones are named.

try:
    optim.Adam(lr=0.001, betas=(0.9, 0.999))
except TypeError as error:
    print("TypeError:", error)

# %%
# Decay
# -----
# ``decay`` shrinks the rate with every step: :math:`\eta_t = \eta / (1 + \text{decay} \cdot t)`.
# It counts from 0, so the first step has the full rate. ``optim.Adam(lr=1.0, decay=0.5)`` says it
# in Keras's words; for SGD you name the schedule.

params = {"x": np.array([0.0])}
decaying = optim.SGD(lr=optim.schedule.InverseTime(1.0, decay=0.5))
for _ in range(4):
    before = params["x"].copy()
    decaying.update(params, {"x": np.array([-1.0])})
    print("step of", (params["x"] - before)[0].round(4))

# %%
# Two ways to write momentum
# --------------------------
# Keras multiplies the learning rate into the velocity: :math:`v = \mu v - \eta g`. PyTorch keeps
# it out: :math:`v = \mu v + g,\ p = p - \eta v`. With a constant rate they are the same. With a
# rate that falls they are not: Keras's ball is still rolling at the old rate.


def run(lr_inside):
    p, v = 0.0, 0.0
    for lr in (0.1, 0.1, 0.01, 0.01):
        v = 0.9 * v - lr * 1.0 if lr_inside else 0.9 * v + 1.0
        p = p + v if lr_inside else p - lr * v
    return p


print(f"a rate that drops: Keras's form {run(True):.4f}, PyTorch's form {run(False):.4f}")

# %%
# What memory is good for
# -----------------------
# A small dip before the deep valley: SGD stops in the dip, a ball with momentum rolls through.

landscape = lambda x: np.sum(0.05 * x**2 - 0.5 * np.cos(2 * x))
slope = lambda x: 0.1 * x + np.sin(2 * x)
dip = optim.descent_paths(
    landscape,
    [-7.5],
    {"SGD": optim.SGD(lr=0.1), "Momentum": optim.Momentum(lr=0.1)},
    150,
    gradient=slope,
)
xs = np.linspace(-8, 4, 300)
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.plot(xs, [landscape(np.array([x])) for x in xs], color="0.7")
for (name, path), marker in zip(dip.items(), "os"):
    ax.plot(path[:, 0], [landscape(p) for p in path], marker, markersize=4, label=name)
    print(f"{name:9} ends at x = {path[-1][0]:.2f}")
ax.legend()
fig.savefig(OUT / "12_dip.png")

# %%
# Adagrad never forgets a gradient, so its steps only get smaller. RMSprop and Adadelta forget
# slowly, so they do not starve. Here the gradient is always 1; the last of 1000 steps is:

for optimizer in (optim.Adagrad(lr=0.01), optim.RMSprop(lr=0.01), optim.Adadelta()):
    params = {"x": np.array([0.0])}
    for _ in range(1000):
        before = params["x"].item()
        optimizer.update(params, {"x": np.array([1.0])})
    print(f"{type(optimizer).__name__:9} {before - params['x'].item():.5f}")

# %%
# On digits
# ---------
# The same network, the same start, the same order of samples.

(x_train, t_train), (x_test, t_test) = nn.load_digits()
learners = {
    "SGD": optim.SGD(lr=0.1),
    "Momentum": optim.Momentum(lr=0.1),
    "NAG": optim.NAG(lr=0.1),
    "Adagrad": optim.Adagrad(lr=0.03),
    "Adadelta": optim.Adadelta(),
    "RMSprop": optim.RMSprop(),
    "Adam": optim.Adam(lr=0.003),
    "Adamax": optim.Adamax(),
    "Nadam": optim.Nadam(),
}
fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for i, (name, optimizer) in enumerate(tqdm(learners.items(), desc="optimizers", disable=None)):
    nn.seed(0)
    model = nn.Sequential(nn.Dense(32, activation="relu"), nn.Dense(10))
    model.compile(optimizer=optimizer, loss="cross_entropy", metrics=["accuracy"])
    history = model.fit(x_train, t_train, epochs=1 if QUICK else 10, batch_size=64, verbose=0)
    ax.plot(
        history.history["loss"],
        "-" if i < 5 else "--",
        marker="os^Dv*XPd"[i],
        markersize=4,
        label=name,
    )
    print(f"{name:9} test accuracy {model.evaluate(x_test, t_test, verbose=0)[1]:.3f}")
ax.set(xlabel="epoch", ylabel="loss", yscale="log")
fig.legend(loc="outside right upper")  # the curves fill the plot
fig.savefig(OUT / "12_digits.png")

# %%
# Which one is best depends on the problem and on the learning rate. Each curve above is one choice
# of it.
#
# Try
# ---
# * Give SGD in the valley lr = 1.0 and 1.01. What happens at 1?
# * Write your own optimizer in ten lines (``optim/README.md`` shows Adagrad) and add it to the
#   picture.
# * Make the valley a thousand times steeper. Who still arrives?

r"""
01 · Perceptron and gates
=========================

A perceptron is the smallest neuron there is: it adds up weighted inputs, and says 1 if the sum is
above a threshold, else 0. Here you make the gates AND, OR and NAND from it, see why no single
perceptron is XOR, and see that two layers are.

.. math::

    \begin{array}{ll}
    y = 0 & \text{if } w_1 x_1 + w_2 x_2 + b \le 0 \\
    y = 1 & \text{if } w_1 x_1 + w_2 x_2 + b > 0
    \end{array}
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import nn
import optim

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
TABLE = [(0, 0), (1, 0), (0, 1), (1, 1)]  # all inputs that a gate can have

# %%
# A gate is a sum and a threshold
# -------------------------------
# AND fires when both inputs are 1. The sum of one input is 0.5, of both 1.0; so a threshold of 0.7
# lies between them.


def and_with_threshold(x1, x2):
    w1, w2, theta = 0.5, 0.5, 0.7
    total = w1 * x1 + w2 * x2
    return 0 if total <= theta else 1


print("AND", [and_with_threshold(*x) for x in TABLE])

# %%
# The threshold can move to the other side of the comparison. It is then called the bias, :math:`b
# = -\theta`, and we ask whether the sum is above 0. OR and NAND have the same form; only the
# numbers differ.


def gate(w1, w2, b):
    return lambda x1, x2: 0 if np.sum(np.array([w1, w2]) * np.array([x1, x2])) + b <= 0 else 1


AND = gate(0.5, 0.5, -0.7)
OR = gate(0.6, 0.6, -0.5)
NAND = gate(-0.5, -0.5, 0.7)
for name, g in [("AND", AND), ("OR", OR), ("NAND", NAND)]:
    print(f"{name:4}", [g(*x) for x in TABLE])

# %%
# **Trap.** What happens exactly at the threshold? The formula in many notes says ``< θ`` and ``>
# θ`` and forgets the case between. The code decides: ``<=`` means 0. So does ``nn.step``.

at_the_threshold = nn.Perceptron([1.0, 1.0], bias=-1.0)
print("exactly at the threshold:", at_the_threshold(1, 0), " step(0) =", nn.step(0.0))

# %%
# XOR needs two layers
# --------------------
# XOR is 1 when the inputs differ. Each perceptron cuts the plane with one straight line. The ones
# of XOR lie across from each other: no line has both on its one side. Two lines do it: NAND and OR
# first, then AND of the two.
#
# **Trap.** XOR is often written with a NAND that nobody has defined. Ours stands above.


def XOR(x1, x2):
    return AND(NAND(x1, x2), OR(x1, x2))


print("XOR ", [XOR(*x) for x in TABLE])

grid = np.linspace(-0.5, 1.5, 161)
x1, x2 = np.meshgrid(grid, grid)
fig, axes = plt.subplots(1, 4, figsize=(11, 3.2), layout="constrained", sharey=True)
gates = {"AND": nn.AND, "OR": nn.OR, "NAND": nn.NAND, "XOR": nn.XOR}
for ax, (name, g) in zip(axes, gates.items()):
    ax.contourf(x1, x2, g(x1, x2), levels=[-0.5, 0.5, 1.5], colors=["#dbe7f3", "#fbe3cc"])
    for point in TABLE:
        ax.plot(*point, "sC1" if g(*point) else "oC0", markersize=10)
    ax.set(title=name, xlabel="x1", xticks=[0, 1], yticks=[0, 1])
axes[0].set_ylabel("x2")
fig.suptitle("where a gate says 1 (orange, squares) and 0 (blue, dots)")
fig.savefig(OUT / "01_gates.png")

# %%
# Weights can be learned
# ----------------------
# Until now a human chose the weights. Rosenblatt's rule finds them: for each wrong answer, add
# :math:`(t - y)\,x` to the weights. ``learn`` returns how many rounds that took, the last one
# without a mistake; or None.

x, t_or, t_xor = np.array(TABLE), np.array([0, 1, 1, 1]), np.array([0, 1, 1, 0])
learner = nn.Perceptron([0.0, 0.0])
print("OR :", learner.learn(x, t_or), "rounds,", learner)
print("XOR:", nn.Perceptron([0.0, 0.0]).learn(x, t_xor, epochs=1000), "after 1000 rounds")

# %%
# Two layers learn XOR. Steps have no slope to follow, so the hidden units here are smooth (lesson
# 02); how the weights are found is the subject of lessons 06 to 11.

nn.seed(0)
model = nn.Sequential(nn.Dense(8, activation="tanh"), nn.Dense(1, activation="sigmoid"))
model.compile(optimizer=optim.Adam(lr=0.05), loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, t_xor[:, None], epochs=200, batch_size=4, verbose=0)
print("two layers:", (model.predict(x)[:, 0] > 0.5).astype(int))

# %%
# Words
# -----
# A unit that does what you saw is a *threshold logic unit* (TLU). A *perceptron* is one layer of
# them. The bias is the weight of a *bias neuron*, whose value is always 1; every layer has one but
# the output. Input, hidden layer and output together are a *multilayer perceptron* (MLP). With two
# hidden layers or more it is *deep*.
#
# Try
# ---
# * Change AND's bias to −0.3. Which gate is it now?
# * Find weights for NOR by hand. Then let ``nn.Perceptron`` find them.
# * Give the last model 2 hidden units instead of 8, and other seeds. Does it always learn XOR?

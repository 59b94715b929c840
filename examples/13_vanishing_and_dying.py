r"""
13 · Vanishing gradients and dying ReLUs
========================================

A slope that passes ten layers is a product of ten numbers. If each is at most ¼, little arrives.
And a ReLU that is pushed below 0 for every input gets no slope at all, and stays there. Here you
measure both, and let the library find them in a network.

.. math::

    \frac{\partial y}{\partial x} = \prod_{l=1}^{10} h'(a_l), \qquad
    0 < h'(a) \le \tfrac14 \text{ for the sigmoid}
"""

import os
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import nn
import optim
from autograd import Tensor

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it

# %%
# Ten sigmoids
# ------------

x = y = Tensor(0.0, requires_grad=True)
slopes = []
for _ in range(10):
    y = nn.sigmoid(y)
    x.zero_grad()
    y.backward(retain_graph=True)
    slopes.append(x.grad.item())
print("slope after 1 sigmoid  :", slopes[0])
print("slope after 10 sigmoids:", slopes[-1])

# %%
# In a network
# ------------
# Ten hidden layers, one batch of digits, one backward pass. For each layer: the average size of
# the weights' gradients.

(x_train, t_train), _ = nn.load_digits()
depth = 10
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for activation, init, marker in [
    ("sigmoid", "xavier_uniform", "o-"),
    ("tanh", "xavier_uniform", "s--"),
    ("relu", "he_normal", "^-."),
]:
    nn.seed(0)
    hidden = [nn.Dense(64, activation=activation, init=init) for _ in range(depth)]
    model = nn.Sequential(*hidden, nn.Dense(10))
    nn.cross_entropy(model(x_train[:256]), t_train[:256]).backward()
    sizes = [np.abs(layer.weight.grad.data).mean() for layer in hidden]
    ax.semilogy(range(1, depth + 1), sizes, marker, label=activation)
    print(f"{activation:8} last layer / first layer = {sizes[-1] / sizes[0]:.0f}")
ax.set(xlabel="layer (1 is next to the input)", ylabel="mean |gradient|")
ax.legend()
fig.savefig(OUT / "13_vanishing.png")

# %%
# With sigmoids the first layers get almost nothing, and they are the ones that see the image. tanh
# is better: its slope reaches 1, and its values are centred on 0. ReLU's slope is 1 wherever it is
# active.
#
# Dying ReLUs
# -----------
# A few updates with a far too large learning rate can push the biases so low that no input ever
# gets above 0. From then on every slope is 0: no later update can repair it.

nn.seed(0)
dying = nn.Sequential(
    nn.Dense(64, activation="relu"), nn.Dense(64, activation="relu"), nn.Dense(10)
)
dying.compile(optimizer=optim.SGD(lr=4.0), loss="cross_entropy")
dying.fit(x_train[:256], t_train[:256], epochs=1, batch_size=64, verbose=0)


def dead_share(model, layer):
    h = x_train
    for l in model.layers[: layer + 1]:
        h = l(h)
    return np.mean((h.data == 0).all(axis=0))


print(f"dead after a few large steps: {dead_share(dying, 0):.0%}, {dead_share(dying, 1):.0%}")

dying.compile(optimizer=optim.SGD(lr=0.1), loss="cross_entropy")
history = dying.fit(x_train, t_train, epochs=1 if QUICK else 5, verbose=0)
print(f"after training on gently    : {dead_share(dying, 0):.0%}, {dead_share(dying, 1):.0%}")

# %%
# Ask for a diagnosis
# -------------------
# ``nn.diagnose`` runs one batch forward and backward and says what looks wrong in which layer.

print(nn.diagnose(dying, x_train[:256], t_train[:256]))

# %%
# What helps
# ----------
# A smaller learning rate; weights drawn for ReLU (``he_normal``); or a ReLU that leaks. A leaky
# unit has a slope below 0, too, so it finds its way back. Here both networks begin with all units
# dead.

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for activation, style in [("relu", "o-"), ("leaky_relu", "s--")]:
    nn.seed(0)
    low = partial(nn.init.constant, value=-5.0)
    dead = [nn.Dense(64, activation=activation, bias_init=low) for _ in range(2)]
    model = nn.Sequential(*dead, nn.Dense(10))
    model.compile(optimizer=optim.Adam(lr=0.003), loss="cross_entropy", metrics=["accuracy"])
    history = model.fit(x_train, t_train, epochs=3 if QUICK else 40, verbose=0)
    ax.plot(history.history["accuracy"], style, markersize=3, label=activation)
    print(f"{activation:10} accuracy {history.history['accuracy'][-1]:.2f}")
ax.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1))
ax.legend()
fig.savefig(OUT / "13_dying.png")

# %%
# Try
# ---
# * Draw the sigmoid network's weights from a wider distribution: ``init=1.0``, then 4.0. Does it
#   help?
# * How many sigmoids until the slope is below float32's smallest number, 1e-45?
# * Put ``nn.BatchNorm()`` between the layers of the dead ReLU network.

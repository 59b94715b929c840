r"""
15 · The TensorFlow way
=======================

Before ``fit`` there was the written-out loop: make the weights yourself, define the output, the
cost and the accuracy, take a batch, do a step, and again. Here you write the notes' TensorFlow
program with this library. It starts with weights a hundred times too large; you see why it learns
all the same.

.. math::

    \text{cost} = \frac1N \sum_n -\log \text{softmax}(\text{logits}_n)_{t_n}
"""

import itertools
import os
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd import Tensor, no_grad

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it
DATA = Path(os.environ.get("GLASSGRAD_DATA", "data"))  # where mnist/ is, if you have it
MNIST = not QUICK and (DATA / "mnist").is_dir()

# %%
# Data, and an endless supply of batches
# --------------------------------------
# TensorFlow's tutorial held 5,000 of MNIST's 60,000 images back for validation and learned from
# 55,000; other programs learn from 50,000 or from all. ``next_batch`` walks through them; when it
# comes to the end, it shuffles and begins again.

if MNIST:
    (x_train, t_train), (x_test, t_test) = nn.load_mnist(one_hot_label=True, path=DATA / "mnist")
    x_train, t_train = x_train[:55_000], t_train[:55_000]
else:
    (x_train, t_train), (x_test, t_test) = nn.load_digits(one_hot_label=True)
batch_size = 128
shuffle = np.random.default_rng(0)
endless = itertools.chain.from_iterable(
    nn.data.batches(x_train, t_train, batch_size, rng=shuffle) for _ in itertools.count()
)
images, labels = next(endless)
print(images.shape, labels.shape)

# %%
# Weights
# -------
# ``tf.random_normal`` has standard deviation 1. Sensible weights for 256 inputs are near 0.1.

nH1 = nH2 = nH3 = 32 if QUICK else 256
rng = np.random.default_rng(0)


def random_normal(shape, name):
    return Tensor(rng.standard_normal(shape), requires_grad=True, dtype=np.float32, name=name)


pixels = x_train.shape[1]
W = {
    "HL1": random_normal([pixels, nH1], "W1"),
    "HL2": random_normal([nH1, nH2], "W2"),
    "HL3": random_normal([nH2, nH3], "W3"),
    "Out": random_normal([nH3, 10], "W4"),
}
b = {
    "HL1": random_normal([nH1], "b1"),
    "HL2": random_normal([nH2], "b2"),
    "HL3": random_normal([nH3], "b3"),
    "Out": random_normal([10], "b4"),
}

# %%
# The network gives *logits*, scores without a softmax.


def mlp(img):
    HL1 = nn.relu(img @ W["HL1"] + b["HL1"])
    HL2 = nn.relu(HL1 @ W["HL2"] + b["HL2"])
    HL3 = nn.relu(HL2 @ W["HL3"] + b["HL3"])
    return HL3 @ W["Out"] + b["Out"]


def cost(img, t):
    return nn.cross_entropy(mlp(img), t)  # softmax_cross_entropy_with_logits, and the mean


def accuracy(img, t):
    with no_grad():
        return nn.accuracy(nn.softmax(mlp(img)), t)


# %%
# The first loss is enormous
# --------------------------
# Each layer multiplies the values by about ten. Scores of thousands make a softmax of exactly 0
# and 1. From those *probabilities*, the form with 1e-7 sees at most 16.1, and its slope is lost.
# From the *logits* the loss says how wrong it really is, and the slope is there.

logits = mlp(images)
print("largest score:", round(float(np.abs(logits.data).max())))
print("loss from logits           :", round(nn.cross_entropy(logits, labels).item(), 1))
print(
    "loss from probabilities    :",
    round(nn.cross_entropy_error(nn.softmax(logits), labels).item(), 2),
)


def slope_of_w1(loss):
    W["HL1"].zero_grad()
    loss.backward()
    size = np.abs(W["HL1"].grad.data).mean()
    for w in (*W.values(), *b.values()):
        w.zero_grad()
    return size


from_logits = slope_of_w1(cost(images, labels))
from_probabilities = slope_of_w1(nn.cross_entropy_error(nn.softmax(mlp(images)), labels))
print(f"slope that reaches W1: {from_logits:.2g} against {from_probabilities:.2g}")

# %%
# The loop
# --------
# ``minimize`` is backward, step and clearing the gradients, in one line; without a list of
# parameters it takes all leaves of the loss. TensorFlow's ``AdamOptimizer(0.01)`` is
# ``Adam(lr=0.01)`` here, because PyTorch's and our first argument are the parameters.
#
# **Trap.** In the notes the lines for time and test accuracy are indented one level too deep: the
# whole test set is classified after *every* step. Look at the indentation of the last two lines
# here.

num_steps = 20 if QUICK else 5000 if MNIST else 1500
optimizer = optim.Adam(lr=0.01)
losses = []
t1 = time.time()
for step in tqdm(range(1, num_steps + 1), desc="steps", disable=None):
    train_images, train_labels = next(endless)
    loss = cost(train_images, train_labels)
    optimizer.minimize(loss)
    losses.append(loss.item())
    if step % 500 == 0:
        print(f"step {step}: loss {losses[-1]:.3f}")
t2 = time.time()
print(f"Training Time (seconds): {t2 - t1:.1f}")
print("Testing Accuracy: ", round(accuracy(x_test, t_test), 4))

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.semilogy(np.maximum(losses, 1e-3), linewidth=0.8)
ax.set(xlabel="step", ylabel="loss")
fig.savefig(OUT / "15_loss.png")

# %%
# Try
# ---
# * Draw the weights with standard deviation 0.1 instead. Where does the loss start, how good does
#   it get?
# * Replace ``cost`` by the form from probabilities and watch the loss stand still.
# * Store the best weights on the way (``{k: w.numpy().copy() for …}``) and test those.

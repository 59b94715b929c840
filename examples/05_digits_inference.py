r"""
05 · Reading digits with trained weights
========================================

Somebody has trained a network on handwritten digits and left the weights in a file. Here you read
the file, push images through the network one by one, then in batches of 100, and count how often
it is right. Nothing is learned yet: this is *inference*.

.. math::

    \text{accuracy} = \frac{1}{N} \sum_{n=1}^{N} \big[\, \arg\max_k y_{nk} = t_n \,\big]
"""

import os
import pickle
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import nn
import optim

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it
DATA = Path(os.environ.get("GLASSGRAD_DATA", "data"))  # where mnist/ is, if you have it
MNIST = not QUICK and (DATA / "mnist").is_dir() and (DATA / "sample_weight.pkl").is_file()

# %%
# The images
# ----------
# If MNIST's files and the book's ``sample_weight.pkl`` are in the folder ``GLASSGRAD_DATA``, they
# are taken: 28×28 pixels. If not, 1,797 digits of 8×8 pixels come with the library. The call has
# the same form; what comes back, too.
#
# (No files yet? ``nn.load_mnist()`` fetches them once, from mirrors, and checks that they are the
# true ones. Older programs ask yann.lecun.com, where the answer today is 403: forbidden.)

if MNIST:
    (x_train, t_train), (x_test, t_test) = nn.load_mnist(
        normalize=True, flatten=True, one_hot_label=False, path=DATA / "mnist"
    )
else:
    (x_train, t_train), (x_test, t_test) = nn.load_digits(
        normalize=True, flatten=True, one_hot_label=False
    )
print(x_train.shape, t_train.shape, x_test.shape, t_test.shape)

# %%
# An image is one long row, because a fully connected layer knows nothing of neighbours. For the
# eye we fold it back. The first one:

side = int(x_train.shape[1] ** 0.5)
print("label", t_train[0], "shape", x_train[0].shape, "→", x_train[0].reshape(side, side).shape)
print(
    "pixels from",
    x_train.min(),
    "to",
    x_train.max(),
    " labels from",
    t_train.min(),
    "to",
    t_train.max(),
)

nn.plot.images(x_train[:16], t_train[:16])
plt.savefig(OUT / "05_digits.png")

# %%
# **Trap.** The notes say "0 to 244" for the pixels and "0 to 8" for the labels. Not scaled,
# MNIST's pixels are 0…255, and there are ten digits, 0…9. Look at your data instead of believing a
# text.
#
# To see a whole image as numbers, let NumPy write long lines:

with np.printoptions(linewidth=200):
    print((x_train[0].reshape(side, side)[:8] * 9).astype(int))

# %%
# The weights
# -----------
# **Trap: pickle.** The weights come as a pickle, and the notes open it with ``pickle.load``. A
# pickle is a *program*: loading a stranger's file can run anything. Here is one that would, and
# what ``load_pickled_arrays`` says to it. It reads arrays and runs nothing.


class Evil:
    def __reduce__(self):
        return print, ("your files are mine",)


(OUT / "evil.pkl").write_bytes(pickle.dumps({"W1": Evil()}))
try:
    nn.data.load_pickled_arrays(OUT / "evil.pkl")
except ValueError as error:
    print("refused:", str(error).split(": ", 1)[1])

# %%
# Without MNIST there is no such file for the small digits. So we make one first: these lines train
# a network of the same kind (how they do it is lesson 14).

weights = DATA / "sample_weight.pkl"
if not MNIST:
    nn.seed(0)
    teacher = nn.Sequential(
        nn.Dense(50, "sigmoid"), nn.Dense(100, "sigmoid"), nn.Dense(10, "softmax")
    )
    teacher.compile(optim.Adam(lr=0.01), "categorical_crossentropy")
    teacher.fit(x_train, t_train, epochs=8 if QUICK else 30, verbose=0)
    arrays = {}
    for i, layer in enumerate(teacher.layers, start=1):
        arrays |= {f"W{i}": layer.weight.numpy(), f"b{i}": layer.bias.numpy()}
    weights = OUT / "sample_weight.pkl"
    weights.write_bytes(pickle.dumps(arrays))

network = nn.data.load_pickled_arrays(weights)
for name in sorted(network):
    print(name, network[name].shape, network[name].dtype)

# %%
# One by one
# ----------


def predict(network, x):
    z1 = nn.sigmoid(np.dot(x, network["W1"]) + network["b1"])
    z2 = nn.sigmoid(np.dot(z1, network["W2"]) + network["b2"])
    return nn.softmax(np.dot(z2, network["W3"]) + network["b3"])


start = time.perf_counter()
right = 0
for i in range(len(x_test)):
    y = predict(network, x_test[i])
    right += np.argmax(y) == t_test[i]
one_by_one = time.perf_counter() - start
print(f"accuracy {right / len(x_test):.4f}")

# %%
# In batches
# ----------
# A batch of 100 images is a matrix with 100 rows. The network is the same code: one matrix product
# does the work of a hundred. ``axis=1`` asks for the largest in each *row*.

start = time.perf_counter()
right = 0
for i in range(0, len(x_test), 100):
    y = predict(network, x_test[i : i + 100])
    right += np.sum(np.argmax(y, axis=1) == t_test[i : i + 100])
in_batches = time.perf_counter() - start
print(f"accuracy {right / len(x_test):.4f}")
print(f"one by one {one_by_one:.3f} s, in batches {in_batches:.3f} s")

# %%
# The same weights, but pixels as they were stored. The network has never seen such large numbers.
# It still guesses well, but not as well as before: scale at test time as you scaled at training
# time.

unscaled = x_test * (255 if MNIST else 16)
print(f"accuracy on unscaled pixels {nn.accuracy(predict(network, unscaled), t_test):.4f}")

# %%
# Where is it wrong?
# ------------------

guesses = predict(network, x_test).argmax(axis=1)
wrong = np.flatnonzero(guesses != t_test)[:8]
nn.plot.images(x_test[wrong], t_test[wrong], guesses[wrong])
plt.savefig(OUT / "05_mistakes.png")

# %%
# Try
# ---
# * Leave ``axis=1`` out in the batch loop. What do you count then?
# * Time batches of 1, 10, 100 and 1,000. When does it stop getting faster?
# * Set the smallest half of W1's weights to 0. How much accuracy is lost?

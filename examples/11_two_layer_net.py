r"""
11 · A two-layer network: differences against backprop
======================================================

The same gradient twice, of the same network: once by differences, with two evaluations for each of
39,760 parameters; once by backpropagation. The values agree. The times do not. Then you train.

.. math::

    2 \cdot (784 \cdot 50 + 50 + 50 \cdot 10 + 10) = 79{,}520 \text{ evaluations}
"""

import os
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

import autograd as ag
import nn
from autograd import Tensor

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it
DATA = Path(os.environ.get("GLASSGRAD_DATA", "data"))  # where mnist/ is, if you have it
rng = np.random.default_rng(0)

# %%
# Digits of 28×28 pixels
# ----------------------
# From MNIST if you have it. If not, the small digits that come with the library, enlarged: each
# pixel becomes 3×3, with a margin around.


def enlarged(x):
    images = x.reshape(-1, 8, 8).repeat(3, axis=1).repeat(3, axis=2)
    return np.pad(images, ((0, 0), (2, 2), (2, 2))).reshape(-1, 784)


if not QUICK and (DATA / "mnist").is_dir():
    (x_train, t_train), (x_test, t_test) = nn.load_mnist(one_hot_label=True, path=DATA / "mnist")
else:
    (x_train, t_train), (x_test, t_test) = nn.load_digits(one_hot_label=True)
    x_train, x_test = enlarged(x_train), enlarged(x_test)
print(x_train.shape, t_train.shape)

# %%
# The network of the notes
# ------------------------
# It has one ``loss``, and two ways to its gradient. ``numerical_gradient`` changes each parameter
# in place and evaluates the loss. ``gradient`` marks the parameters, evaluates the loss once, and
# walks back.


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01):
        self.params = {
            "W1": weight_init_std * rng.standard_normal((input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": weight_init_std * rng.standard_normal((hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }

    def predict(self, x):
        z1 = nn.sigmoid(x @ self.params["W1"] + self.params["b1"])
        return nn.softmax(z1 @ self.params["W2"] + self.params["b2"])

    def loss(self, x, t):
        return nn.cross_entropy_error(self.predict(x), t)

    def accuracy(self, x, t):
        return nn.accuracy(self.predict(x), t)

    def numerical_gradient(self, x, t):
        evaluations = 2 * sum(array.size for array in self.params.values())
        with tqdm(total=evaluations, desc="evaluations", disable=None) as bar:

            def loss_W(W):
                bar.update()
                return self.loss(x, t)

            return {
                name: ag.numerical_gradient(loss_W, array) for name, array in self.params.items()
            }

    def gradient(self, x, t):
        arrays = self.params
        self.params = {name: Tensor(array, requires_grad=True) for name, array in arrays.items()}
        self.loss(x, t).backward()
        grads = {name: tensor.grad.data for name, tensor in self.params.items()}
        self.params = arrays
        return grads


# %%
# **Trap.** The notes' ``accuracy`` takes the largest of each row of t. That is right for one-hot
# targets and fails for labels. ``nn.accuracy`` takes both. And with a softmax that has no axis
# (lesson 04), the loss of a batch would be wrong without any error.

net = TwoLayerNet(784, 50, 10)
size = sum(array.size for array in net.params.values())
print(f"{size:,} parameters, {2 * size:,} evaluations")
print(net.accuracy(x_test, t_test) == net.accuracy(x_test, t_test.argmax(axis=1)))

# %%
# Values and times
# ----------------
# On a batch of ten images. (In the quick version only the 10 biases of the last layer go by
# differences, and the time for all is an estimate.)

x, t = x_train[:10].astype(float), t_train[:10].astype(float)

start = time.perf_counter()
exact = net.gradient(x, t)
seconds_exact = time.perf_counter() - start

start = time.perf_counter()
if QUICK:
    numeric = {"b2": ag.numerical_gradient(lambda W: net.loss(x, t), net.params["b2"])}
    seconds_numeric = (time.perf_counter() - start) * size / 10
else:
    numeric = net.numerical_gradient(x, t)
    seconds_numeric = time.perf_counter() - start

for name in numeric:
    print(f"d{name}: largest difference {np.abs(exact[name] - numeric[name]).max():.0e}")
print(f"backprop {seconds_exact:.4f} s, differences {seconds_numeric:.1f} s")

fig, ax = plt.subplots(figsize=(6, 1.8), layout="constrained")
bars = ax.barh(["backprop", "differences"], [seconds_exact, seconds_numeric], color="#4477aa")
ax.bar_label(bars, [f" {seconds_exact:.4f} s", f" {seconds_numeric:.1f} s"])
ax.set(xscale="log", xlabel="seconds for one gradient", xlim=(1e-4, 1e3))
fig.savefig(OUT / "11_times.png")

# %%
# Training
# --------
# A batch is drawn at random, *with* replacement, as ``choice`` does it. Before anything is learned
# all ten digits are equally likely: the loss begins near :math:`\ln 10 = 2.303`.

batch_size, learning_rate = 100, 0.1 if len(x_train) > 2000 else 0.5
train_loss_list = []
for _ in tqdm(range(20 if QUICK else 1000), desc="steps", disable=None):
    batch_mask = rng.choice(len(x_train), batch_size)
    x_batch, t_batch = x_train[batch_mask], t_train[batch_mask]
    grads = net.gradient(x_batch, t_batch)
    for name in ("W1", "b1", "W2", "b2"):
        net.params[name] -= learning_rate * grads[name]
    train_loss_list.append(net.loss(x_batch, t_batch))

print("the first five losses:", np.round(train_loss_list[:5], 3))
print("the last            :", round(train_loss_list[-1], 3))
print(f"test accuracy {net.accuracy(x_test, t_test):.3f}")

fig, ax = plt.subplots(figsize=(5.5, 3), layout="constrained")
ax.plot(train_loss_list, linewidth=0.8)
ax.axhline(np.log(10), color="0.6", linestyle="--", linewidth=0.8)
ax.set(xlabel="step", ylabel="loss")
fig.savefig(OUT / "11_loss.png")

# %%
# By differences, with batches of 100, these thousand steps would take half a day.
#
# Try
# ---
# * Begin with ``weight_init_std=1``. Where does the loss start, and why?
# * Compare the two gradients in float32. How many digits agree?
# * Time ``numerical_gradient`` for hidden sizes 10, 20 and 40. What is the law?

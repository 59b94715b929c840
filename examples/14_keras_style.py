r"""
14 · The Keras way
==================

A network that reads digits, in the fewest lines: stack layers, say how to train, train, test. Here
you write the notes' Keras program almost word for word, and look at what each line does.

.. math::

    \text{updates} = \text{epochs} \cdot \left\lceil \frac{N}{\text{batch size}} \right\rceil
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt

import nn

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it
DATA = Path(os.environ.get("GLASSGRAD_DATA", "data"))  # where mnist/ is, if you have it
MNIST = not QUICK and (DATA / "mnist").is_dir()
nn.seed(0)

# %%
# Data
# ----
# Images as they are stored: small integers, in two dimensions. (MNIST if you have it, else the
# digits of 8×8 pixels that come with the library.)

if MNIST:
    (train_images, train_labels), (test_images, test_labels) = nn.load_mnist(
        normalize=False, flatten=False, path=DATA / "mnist"
    )
else:
    (train_images, train_labels), (test_images, test_labels) = nn.load_digits(
        normalize=False, flatten=False
    )
train_images, test_images = (
    train_images[:, 0],
    test_images[:, 0],
)  # Keras has no axis of channels here
print(train_images.shape, train_labels.shape, test_images.shape, test_labels.shape)
print(train_images.dtype, "from", train_images.min(), "to", train_images.max())

# %%
# A fully connected layer wants rows, and small numbers.

pixels = train_images[0].size
largest = float(train_images.max())
train_images = train_images.reshape(train_images.shape[0], pixels).astype("float32") / largest
test_images = test_images.reshape(test_images.shape[0], pixels).astype("float32") / largest

# %%
# Labels become one-hot rows: a 1 at the class, else 0.

train_labels = nn.to_categorical(train_labels)
test_labels = nn.to_categorical(test_labels)
print(train_labels[0], train_labels.dtype)

# %%
# Model
# -----
# Nobody says how large the input is. The first layer finds out when it sees one.

model = nn.Sequential()
model.add(nn.Dense(256, activation="relu"))
model.add(nn.Dense(256, activation="relu"))
model.add(nn.Dense(256, activation="relu"))
model.add(nn.Dense(10, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
print(model)

# %%
# Training
# --------
# An *epoch* is once through all samples, a *batch* is what one update sees. ``fit`` shows a
# progress bar on a terminal, and a line for each epoch elsewhere. Ctrl-C ends it and keeps what
# was learned.

epochs = 5 if MNIST else 3 if QUICK else 40
history = model.fit(
    train_images, train_labels, epochs=epochs, batch_size=32, verbose=1 if MNIST else 0
)
print(history)
print("updates:", model.optimizer.iterations, "=", epochs, "·", -(-len(train_images) // 32))

nn.plot.curves(history)
plt.savefig(OUT / "14_curves.png")

# %%
# Testing
# -------
# ``evaluate`` returns the loss, and then each metric. On images that were never learned from.

_, accuracy = model.evaluate(test_images, test_labels)
print("Accuracy: ", round(accuracy, 4))

# %%
# How many parameters?
# --------------------
# A layer has inputs·units weights and a bias for each unit. With MNIST's 784 pixels the first
# layer has 784·256 + 256 = 200,960, the second 256·256 + 256 = 65,792. All together: 335,114.

model.summary()
for inputs, units in [(784, 256), (256, 256), (256, 256), (256, 10)]:
    print(f"{inputs} → {units}: {inputs * units + units:,}")

# %%
# Under the hood
# --------------
# The model ends in a softmax, and the loss takes its logarithm. Done one after the other, a
# probability that was rounded to 0 would lose its slope. ``fit`` notices, and computes the loss
# from the scores before the softmax (lesson 06). You need not do anything.
#
# What it gets wrong
# ------------------

nn.plot.confusion(model.predict(test_images), test_labels)
plt.savefig(OUT / "14_confusion.png")

# %%
# Try
# ---
# * Use ``optimizer="adam"``. How many epochs do you need now?
# * Use ``batch_size=len(train_images)``, then 1 (lesson 09). What changes in time and in the
#   result?
# * Add ``validation_split=0.2`` and ``callbacks=[nn.EarlyStopping(patience=3)]``.

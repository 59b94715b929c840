r"""
26 · A character transformer
============================

A transformer reads a text letter by letter and guesses the next one. To guess, each position may
look back at all positions before it, and learns where to look: that is *attention*. Here a small
one learns a nursery rhyme, recites it, and shows where it looked.

.. math::

    \text{attention}(Q, K, V) = \text{softmax}\Big( \frac{Q K^\top}{\sqrt d} \Big) V
"""

# sphinx_gallery_thumbnail_number = 2
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd import no_grad

OUT = Path(os.environ.get("GLASSGRAD_OUT", "runs/lessons"))  # where the pictures go
OUT.mkdir(parents=True, exist_ok=True)
QUICK = os.environ.get("QUICK") == "1"  # small, as the tests run it
nn.seed(0)

# %%
# The text
# --------
# "This is the house that Jack built": every verse repeats the one before. So what comes next
# depends on what stood further back.

PARTS = [
    ("the house", "Jack built"),
    ("the malt", "lay in"),
    ("the rat", "ate"),
    ("the cat", "killed"),
    ("the dog", "worried"),
    ("the cow", "tossed"),
    ("the maid", "milked"),
    ("the man", "kissed"),
]
verses = []
for last in range(len(PARTS)):
    chain = [f"{PARTS[i][0]} that {PARTS[i][1]}" for i in range(last, -1, -1)]
    verses.append("this is " + " ".join(chain) + ".\n")
text = "".join(verses)
letters = sorted(set(text))
number = {letter: i for i, letter in enumerate(letters)}
data = np.array([number[letter] for letter in text])
print(verses[2], end="")
print(len(text), "letters,", len(letters), "different ones")

# %%
# The model
# ---------
# Each letter becomes a vector, its place is added, two blocks of attention follow, and a score for
# each possible next letter comes out. *Causal* means: no looking ahead.

LENGTH = 48
model = nn.Sequential(
    nn.Embedding(len(letters), 48),
    nn.PositionalEmbedding(LENGTH),
    nn.TransformerBlock(48, heads=4, causal=True),
    nn.TransformerBlock(48, heads=4, causal=True),
    nn.LayerNorm(),
    nn.Dense(len(letters)),
)

# %%
# Training
# --------
# Cut pieces of 48 letters out of the text; the target is the same piece, one letter later. One
# pass gives 48 guesses for each piece.

rng = np.random.default_rng(0)


def batch(size):
    starts = rng.integers(len(data) - LENGTH, size=size)
    pieces = data[starts[:, None] + np.arange(LENGTH + 1)]
    return pieces[:, :-1], pieces[:, 1:]


with no_grad():
    model(batch(1)[0])  # layers find their sizes
steps = 10 if QUICK else 400
optimizer = optim.AdamW(model, lr=optim.schedule.Warmup(optim.schedule.Cosine(0.004, steps), 20))
losses = []
for _ in tqdm(range(steps), desc="steps", disable=None):
    x, t = batch(16)
    loss = nn.cross_entropy(model(x), t)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"loss {losses[0]:.2f} → {losses[-1]:.3f}; guessing blindly has {np.log(len(letters)):.2f}")

fig, ax = plt.subplots(figsize=(5, 2.6), layout="constrained")
ax.semilogy(losses)
ax.set(xlabel="step", ylabel="loss")
fig.savefig(OUT / "26_loss.png")

# %%
# Reciting
# --------
# Give it the beginning, take its most likely next letter, append it, ask again.


def recite(beginning, count):
    said = beginning
    for _ in range(count):
        window = [number[letter] for letter in said[-LENGTH:]]
        with no_grad():
            scores = model(np.array([window])).data[0, -1]
        said += letters[int(scores.argmax())]
    return said


print(recite("this is the cat", 20 if QUICK else 150))

# %%
# Where it looked
# ---------------
# The queries and keys of the second block, for the end of a piece. Bright: this letter (row)
# looked there (column). Each of the four heads looks for something else.

sample = "at ate the malt that lay in the house that Jack"[-40:]
window = np.array([[number[letter] for letter in sample]])
with no_grad():
    seen = nn.capture(model, window)
    heads = [seen[f"layers.3.attention.{part}"][0] for part in ("query", "key")]
q, k = (part.reshape(len(sample), 4, 12).transpose(1, 0, 2) for part in heads)
scores = q @ k.transpose(0, 2, 1) / np.sqrt(12)
scores[:, np.triu(np.ones(scores.shape[1:], bool), 1)] = -np.inf
looked = nn.softmax(scores)

fig, axes = plt.subplots(1, 4, figsize=(13, 3.8), layout="constrained")
for i, ax in enumerate(axes):
    ax.imshow(np.sqrt(looked[i]), cmap="viridis")
    ax.set_xticks(range(len(sample)), list(sample), fontsize=5)
    ax.set_yticks(range(len(sample)), list(sample), fontsize=5)
    ax.set_title(f"head {i + 1}")
fig.savefig(OUT / "26_attention.png")

# %%
# Try
# ---
# * Set ``causal=False``. The loss gets wonderful and the reciting terrible: why?
# * Leave ``nn.PositionalEmbedding`` out.
# * Give it a text of your own, a few thousand letters, and more steps.

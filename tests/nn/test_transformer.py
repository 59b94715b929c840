"""The transformer's block against PyTorch's, and a text learned by heart, letter by letter."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import autograd as ag
import nn
import optim

# -- the block ------------------------------------------------------------------------------------


def in_pytorch(torch, block, units, heads, hidden):
    theirs = torch.nn.TransformerEncoderLayer(
        units, heads, hidden, 0.0, "gelu", norm_first=True, batch_first=True, dtype=torch.float64
    )
    ours = {name: torch.tensor(p.data.T.copy()) for name, p in block.named_parameters()}
    parts = [f"attention.{name}" for name in ("query", "key", "value")]
    state = {f"self_attn.in_proj_{what}": torch.cat([ours[f"{part}.{what}"] for part in parts])
             for what in ("weight", "bias")}  # fmt: skip
    names = {"self_attn.out_proj": "attention.out", "linear1": "expand", "linear2": "contract",
             "norm1": "norm_1", "norm2": "norm_2"}  # fmt: skip
    for theirs_name, name in names.items():
        for what in ("weight", "bias"):
            state[f"{theirs_name}.{what}"] = ours[f"{name}.{what}"]
    theirs.load_state_dict(state)
    return theirs


def as_pytorchs(values):
    """Values for each of our parameters, by PyTorch's names."""
    parts = [f"attention.{name}" for name in ("query", "key", "value")]
    found = {}
    for what in ("weight", "bias"):
        found[f"self_attn.in_proj_{what}"] = np.concatenate(
            [values[f"{part}.{what}"].T for part in parts]
        )
        found[f"self_attn.out_proj.{what}"] = values[f"attention.out.{what}"].T
        for theirs, ours in (("linear1", "expand"), ("linear2", "contract")):
            found[f"{theirs}.{what}"] = values[f"{ours}.{what}"].T
        for i in (1, 2):
            found[f"norm{i}.{what}"] = values[f"norm_{i}.{what}"]
    return found


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@settings(max_examples=5)
@given(seed=st.integers(0, 2**32))
def test_is_pytorchs(causal, padded, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    block = nn.TransformerBlock(8, 2, hidden=12, causal=causal, dtype=np.float64, rng=seed)
    for parameter in block.parameters():
        parameter.array[...] = rng.normal(size=parameter.shape) / 2
    theirs = in_pytorch(torch, block, 8, 2, 12)
    x, weights, others = rng.normal(size=(3, 2, 5, 8))
    known = np.array([[True] * 5, [True, True, False, True, False]])
    call, their_call = {}, {}
    if padded:
        call = {"mask": known[:, None, :]}
        their_call["src_key_padding_mask"] = torch.tensor(~known)
    if causal:
        their_call |= {"src_mask": torch.tensor(~np.tri(5, dtype=bool)), "is_causal": True}

    leaf = ag.Tensor(x, requires_grad=True)
    out = block(leaf, **call)
    (out * weights).sum().backward(create_graph=True)
    their_leaf = torch.tensor(x, requires_grad=True)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        their_out = theirs(their_leaf, **their_call)
    along = (their_out * torch.tensor(weights)).sum()
    first = torch.autograd.grad(along, [their_leaf, *theirs.parameters()], create_graph=True)
    (second,) = torch.autograd.grad((first[0] * torch.tensor(others)).sum(), their_leaf)

    close = dict(rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), **close)
    np.testing.assert_allclose(leaf.grad.data, first[0].detach().numpy(), **close)
    mine = as_pytorchs({name: p.grad.data for name, p in block.named_parameters()})
    for (name, _), gradient in zip(theirs.named_parameters(), first[1:], strict=True):
        np.testing.assert_allclose(
            mine.pop(name), gradient.detach().numpy(), **close, err_msg=name
        )
    assert not mine
    gradient = leaf.grad
    leaf.zero_grad()
    (gradient * others).sum().backward()
    np.testing.assert_allclose(leaf.grad.data, second.numpy(), **close)


def test_dropout_is_for_training_only():
    block = nn.TransformerBlock(8, 2, dropout=0.5, rng=0)
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype(np.float32)
    assert not np.array_equal(block(x).data, block(x).data)
    block.eval()
    np.testing.assert_array_equal(block(x).data, block(x).data)
    same = nn.TransformerBlock(8, 2, rng=0)
    np.testing.assert_array_equal(block(x).data, same(x).data)


def test_state_is_saved_and_loaded(tmp_path):
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype(np.float32)
    block = nn.TransformerBlock(8, 2, activation="relu")
    block.save(tmp_path / "block.safetensors")
    other = nn.TransformerBlock(8, 2, activation="relu")
    other.load(tmp_path / "block.safetensors")
    np.testing.assert_array_equal(other(x).data, block(x).data)
    assert block(x).dtype == np.float32
    with pytest.raises(ValueError, match="do not split into 3"):
        nn.TransformerBlock(8, 3)


# -- a text learned by heart ----------------------------------------------------------------------

VERSE = "the small graph grew a leaf, and every leaf a grad. "

TEXT = """\
A tensor walked along a wire
and asked each node that it came by:
what will you give me, should I tire,
what do you keep, and tell me why?

I keep my output, said the tanh,
for one minus its square is all
that anyone who comes from behind
will ever need from me to call.

I keep my factors, said the times,
and hand to each the other one;
I keep no thing, the plus replied,
what comes to me goes on undone.

The sum said: what was spread I joined,
so what I get I spread again;
the max had only marked the one
that won, and sends it all the rain.

And so the tensor, step by step,
went down the way that it had come,
and every leaf that it had left
received the part that makes the sum.

Then down the slope, by little, all
the weights were moved, and less was wrong;
a thousand times the tensor walked,
and in the end it knew this song.
"""


class Reader:
    """A text as numbers, its windows as batches, and how a model goes on from a beginning."""

    def __init__(self, text, window):
        self.letters = sorted(set(text))
        self.text = text
        self.codes = np.array([self.letters.index(letter) for letter in text])
        self.window = window

    def batch(self, size, rng):
        starts = rng.integers(len(self.codes) - self.window, size=(size, 1))
        places = starts + np.arange(self.window + 1)
        return self.codes[places[:, :-1]], self.codes[places[:, 1:]]

    def recite(self, model, known):
        """The text, each letter the likeliest after those before it."""
        codes = list(self.codes[:known])
        with ag.no_grad():
            while len(codes) < len(self.codes):
                scores = model(np.array([codes[-self.window :]])).data
                codes.append(int(scores[0, -1].argmax()))
        return "".join(self.letters[code] for code in codes)


def transformer(reader, width, heads, layers=2):
    return nn.Sequential(
        nn.Embedding(len(reader.letters), width, init=0.02),
        nn.PositionalEmbedding(reader.window, width),
        *[nn.TransformerBlock(width, heads, causal=True) for _ in range(layers)],
        nn.LayerNorm(width),
        nn.Dense(len(reader.letters), in_features=width),
    )


def learn(model, reader, batch, steps, lr):
    rng = np.random.default_rng(0)
    rate = lambda step: lr * min(1, (step + 1) / 20, 2 * (1 - step / steps))  # warm up, cool down
    optimizer = optim.AdamW(model.parameters(), lr=rate)
    losses = []
    for _ in range(steps):
        x, t = reader.batch(batch, rng)
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_a_small_transformer_learns_a_line_by_heart():
    nn.seed(0)
    reader = Reader(VERSE, window=16)
    model = transformer(reader, width=32, heads=2)
    losses = learn(model, reader, batch=16, steps=120, lr=0.01)
    assert losses[0] == pytest.approx(np.log(len(reader.letters)), rel=0.2)
    assert losses[-1] < 0.5  # the first letters of a window cannot be known
    assert reader.recite(model, known=8) == VERSE


def test_nothing_is_learned_from_what_comes_later():
    nn.seed(0)
    reader = Reader(VERSE, window=16)
    model = transformer(reader, width=16, heads=2)
    x, _ = reader.batch(4, np.random.default_rng(0))
    before = model(x).data
    x[:, 9:] = 0
    np.testing.assert_allclose(model(x).data[:, :9], before[:, :9], atol=1e-5)


@pytest.mark.slow
def test_a_transformer_learns_a_poem_by_heart():
    """2 layers, width 128, 4 heads, 64 letters, batch 32, AdamW."""
    nn.seed(0)
    reader = Reader(TEXT, window=64)
    model = transformer(reader, width=128, heads=4)
    losses = learn(model, reader, batch=32, steps=400, lr=2e-3)
    assert losses[-1] < 0.2
    assert reader.recite(model, known=16) == TEXT

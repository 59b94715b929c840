"""Embedding: a table that is looked up, and learns only what was looked up."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd import Tensor

words = hnp.arrays(
    np.int64, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    elements=st.integers(0, 6),
)  # fmt: skip


@given(x=words, units=st.integers(1, 3), seed=st.integers(0, 1000))
def test_embedding_is_one_hot_vectors_times_the_weight(x, units, seed):
    weight = np.random.default_rng(seed).normal(size=(7, units))
    one_hot = (x[..., None] == np.arange(7)).astype(float)
    leaf, other = (Tensor(weight, requires_grad=True) for _ in range(2))
    out = nn.embedding(x, leaf)
    assert out.shape == (*x.shape, units)
    np.testing.assert_array_equal(out.data, one_hot @ weight)
    np.testing.assert_array_equal(nn.embedding(x, weight), out.data)
    g = np.cos(np.arange(out.size, dtype=float)).reshape(out.shape)
    out.backward(g)
    (one_hot @ other).backward(g)
    np.testing.assert_allclose(leaf.grad.data, other.grad.data, atol=1e-12)


def test_embedding_agrees_with_pytorch_at_two_orders():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, values = rng.integers(0, 9, (4, 5)), rng.normal(size=(9, 3))
    weight = Tensor(values, requires_grad=True)
    (nn.embedding(x, weight) ** 3).sum().backward(create_graph=True)
    first = weight.grad
    weight.zero_grad()
    (first**2).sum().backward()
    other = torch.tensor(values, requires_grad=True)
    out = torch.nn.functional.embedding(torch.tensor(x), other)
    (expected,) = torch.autograd.grad((out**3).sum(), other, create_graph=True)
    (second,) = torch.autograd.grad((expected**2).sum(), other)
    np.testing.assert_allclose(first.data, expected.detach().numpy(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(weight.grad.data, second.numpy(), rtol=1e-9, atol=1e-9)


def test_gradients_are_slopes():
    x = np.array([[0, 2, 2], [1, 0, 2]])
    weight = np.random.default_rng(0).normal(size=(4, 2))
    report = ag.check_gradients(lambda w: nn.embedding(x, w) ** 2, weight)
    assert report


def test_the_layer():
    layer = nn.Embedding(10, 4, rng=0)
    assert repr(layer) == "Embedding(10 -> 4)"
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    assert layer.weight.dtype == np.float32
    same = nn.Embedding(10, 4, rng=0, init="normal", dtype=float)
    assert same.weight.data.std() == pytest.approx(0.01, rel=0.3)
    for x in ([[1, 9]], np.array([[1, 9]], np.uint8), Tensor(np.array([[1, 9]]))):
        np.testing.assert_array_equal(layer(x).data, layer.weight.data[[[1, 9]]])
    layer([3, 3]).sum().backward()
    assert layer.weight.grad.data.sum(axis=1).tolist() == [0, 0, 0, 8, 0, 0, 0, 0, 0, 0]
    assert layer.weight.grad.dtype == np.float32


def test_words_are_classified_by_the_mean_of_their_embeddings():
    x = np.array([[0, 1, 2], [1, 1, 0], [3, 4, 5], [5, 4, 4]])
    t = np.array([0, 0, 1, 1])
    model = nn.Sequential(nn.Embedding(6, 3, rng=0), lambda x: x.mean(axis=1), nn.Dense(2, rng=0))
    model.compile("adam", "cross_entropy", ["accuracy"])
    model.fit(x, t, epochs=200, batch_size=4, verbose=0)
    assert model.evaluate(x, t, verbose=0)[1] == 1


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        ([0.0, 1.0], TypeError, r"it is float64\. .* write x\.astype\(int\)"),
        ([True], TypeError, "it is bool"),
        ([0, 10], IndexError, "10 is in x, but the table has the rows 0 to 9.* 11 rows at least"),
        ([0, -1], IndexError, r"-1 is in x, but the table has the rows 0 to 9\.\n"),
    ],
)
def test_what_is_not_in_the_table_is_explained(x, error, words):
    with pytest.raises(error, match=words):
        nn.Embedding(10, 4)(np.array(x))


def test_sizes_count():
    with pytest.raises(ValueError, match="Embedding: vocabulary=0"):
        nn.Embedding(0, 4)
    with pytest.raises(TypeError, match=r"Embedding: units=2\.5"):
        nn.Embedding(3, 2.5)

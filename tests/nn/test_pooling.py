"""Pooling, against its definition written as loops, and against PyTorch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd import Tensor

MAX = {1: nn.max_pool1d, 2: nn.max_pool2d}
MEAN = {1: nn.avg_pool1d, 2: nn.avg_pool2d}


def windows_by_loops(x, size, stride, padding, dilation, outside):
    """For each window: its place, the places of its elements in the padded image, their values."""
    padded = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in padding]], constant_values=outside)
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilation)]
    places = [(n - r) // s + 1 for n, r, s in zip(padded.shape[2:], reach, stride)]
    for n, c, *place in np.ndindex(*x.shape[:2], *places):
        cells = [
            (n, c, *[s * i + d * k for i, k, s, d in zip(place, within, stride, dilation)])
            for within in itertools.product(*map(range, size))
        ]
        yield (n, c, *place), cells, [padded[cell] for cell in cells]


def by_loops(kind, x, size, stride, padding, dilation, g=None):
    """The pooled image, or (given what arrives there) the gradient of x."""
    outside = -np.inf if kind == "max" else 0.0
    values, grad = {}, np.zeros([n + 2 * p for n, p in zip(x.shape, (0, 0, *padding))])
    for place, cells, inside in windows_by_loops(x, size, stride, padding, dilation, outside):
        values[place] = max(inside) if kind == "max" else sum(inside) / len(inside)
        if g is not None and kind == "max":
            grad[cells[inside.index(max(inside))]] += g[place]  # index: the first
        elif g is not None:
            for cell in cells:
                grad[cell] += g[place] / len(cells)
    if g is not None:
        return grad[tuple(slice(p, p + n) for n, p in zip(x.shape, (0, 0, *padding)))]
    out = np.zeros(tuple(np.max(list(values), axis=0) + 1) if values else (0,))
    for place, value in values.items():
        out[place] = value
    return out


@st.composite
def problems(draw):
    """kind, x and settings of a pooling that fits; values of which many are equal, or none."""
    kind = draw(st.sampled_from(["max", "mean"]))
    ndim = draw(st.integers(1, 2))
    number = lambda low, high: draw(st.integers(low, high))
    numbers = lambda low, high: tuple(number(low, high) for _ in range(ndim))
    image, size, stride = numbers(1, 7), numbers(1, 3), numbers(1, 4)
    padding = tuple(number(0, (k - 1) // 2 + (k - 1) % 2) for k in size)
    dilation = numbers(1, 2) if kind == "max" else (1,) * ndim
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilation)]
    assume(all(n + 2 * p >= r for n, p, r in zip(image, padding, reach)))
    rng = np.random.default_rng(number(0, 10**6))
    shape = (number(1, 3), number(1, 2), *image)
    x = rng.integers(-2, 3, shape).astype(float) if draw(st.booleans()) else rng.normal(size=shape)
    return kind, x, size, stride, padding, dilation


def pooled(kind, x, size, stride, padding, dilation):
    if kind == "max":
        return MAX[x.ndim - 2](x, size, stride, padding, dilation)
    return MEAN[x.ndim - 2](x, size, stride, padding)


@given(problem=problems(), batch_last=st.booleans())
def test_pooling_is_its_definition_and_so_is_its_gradient(problem, batch_last):
    kind, x, *how = problem
    if batch_last:  # as a convolution leaves it
        x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    ones = windows_by_loops(np.ones_like(x[:1, :1]), *how, 0.0)
    if any(not any(inside) for _, _, inside in ones):
        with pytest.raises(ValueError, match="nothing but padding"):
            pooled(kind, x, *how)
        return
    out = pooled(kind, x, *how)
    np.testing.assert_allclose(out, by_loops(kind, x, *how), atol=1e-14)
    assert type(out) is np.ndarray
    leaf = Tensor(x, requires_grad=True)
    result = pooled(kind, leaf, *how)
    np.testing.assert_array_equal(result.data, out)
    g = np.cos(np.arange(out.size, dtype=float)).reshape(out.shape)
    result.backward(g)
    np.testing.assert_allclose(leaf.grad.data, by_loops(kind, x, *how, g=g), atol=1e-14)


@settings(max_examples=15)
@given(problem=problems(), seed=st.integers(0, 1000))
def test_gradients_of_second_order_are_slopes(problem, seed):
    kind, x, *how = problem
    x = np.random.default_rng(seed).permutation(x.size).reshape(x.shape) / 4  # no two alike
    try:
        pooled(kind, x, *how)
    except ValueError:
        assume(False)
    ag.check_gradients(lambda x: pooled(kind, x, *how) ** 2, x)


@pytest.mark.parametrize("size", [2, 3, (3, 2)])
@pytest.mark.parametrize("stride", [None, 1, (3, 2)])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("kind", ["max", "mean"])
def test_pooling_agrees_with_pytorch_at_two_orders(kind, size, stride, padding, dilation):
    torch = pytest.importorskip("torch")
    if kind == "mean" and dilation != 1:
        return
    values = np.random.default_rng(0).normal(size=(3, 2, 9, 8))
    theirs = {
        "max": lambda x: torch.nn.functional.max_pool2d(x, size, stride, padding, dilation),
        "mean": lambda x: torch.nn.functional.avg_pool2d(x, size, stride, padding),
    }[kind]
    x = Tensor(values, requires_grad=True)
    out = pooled(kind, x, size, stride, padding, dilation)
    (out**3).sum().backward(create_graph=True)
    first = x.grad
    x.zero_grad()
    (first**2).sum().backward()
    other = torch.tensor(values, requires_grad=True)
    (expected,) = torch.autograd.grad((theirs(other) ** 3).sum(), other, create_graph=True)
    (second,) = torch.autograd.grad((expected**2).sum(), other)
    np.testing.assert_allclose(out.data, theirs(other).detach().numpy(), atol=1e-9)
    np.testing.assert_allclose(first.data, expected.detach().numpy(), atol=1e-9)
    np.testing.assert_allclose(x.grad.data, second.numpy(), rtol=1e-9, atol=1e-9)


# -- corners ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["batch first", "batch last"])
def test_among_equals_the_first_gets_all_of_the_gradient(layout):
    torch = pytest.importorskip("torch")
    values = np.array([[[[1.0, 1.0, 0.0, 2.0], [1.0, 0.0, 2.0, 2.0]]]])
    values = np.concatenate([values, -values, 0 * values])
    if layout == "batch last":
        values = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 0, -1)), -1, 0)
    for stride in (2, 1):
        x, other = Tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
        nn.max_pool2d(x, 2, stride).sum().backward()
        torch.nn.functional.max_pool2d(other, 2, stride).sum().backward()
        np.testing.assert_array_equal(x.grad.data, other.grad.numpy())
        if stride == 2:
            assert x.grad.data[0, 0].tolist() == [[1, 0, 0, 1], [0, 0, 0, 0]]


def test_nan_is_the_largest_and_gets_the_gradient():
    x = Tensor([[[1.0, np.nan, 5.0, 6.0]]], requires_grad=True)
    out = nn.max_pool1d(x)
    assert np.isnan(out.data[0, 0, 0])
    out.sum().backward()
    assert x.grad.data.tolist() in ([[[0, 1, 0, 1]]], [[[1, 0, 0, 1]]])  # not lost


def test_padding_never_wins_and_counts_in_the_mean():
    x = Tensor([[[-3.0, -2.0]]], requires_grad=True)
    assert nn.max_pool1d(x, 2, padding=1).data.tolist() == [[[-3, -2]]]
    assert nn.avg_pool1d(x, 2, padding=1).data.tolist() == [[[-1.5, -1]]]


def test_what_is_left_over_at_the_end_is_not_seen():
    x = Tensor(np.arange(7.0).reshape(1, 1, 7), requires_grad=True)
    out = nn.max_pool1d(x, 3)
    assert out.data.tolist() == [[[2, 5]]]
    out.sum().backward()
    assert x.grad.data.tolist() == [[[0, 0, 1, 0, 0, 1, 0]]]


def test_same_is_the_size_divided_by_the_stride():
    x = np.arange(5.0).reshape(1, 1, 5)
    assert nn.max_pool1d(x, 3, 1, "same").tolist() == [[[1, 2, 3, 4, 4]]]
    assert nn.max_pool1d(x, 2, 2, "same").tolist() == [[[1, 3, 4]]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [nn.max_pool2d, nn.avg_pool2d, nn.global_avg_pool])
def test_the_dtype_stays_in_both_directions(function, dtype):
    x = Tensor(np.ones((2, 1, 4, 4), dtype), requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append(g.dtype))
    out = function(x)
    assert out.dtype == dtype
    out.sum().backward()
    assert seen == [dtype]


def test_lists_and_integers_are_as_good_as_arrays():
    assert nn.max_pool1d([[[1, 3, 2, 0]]], padding=1).tolist() == [[[1, 3, 0]]]
    assert nn.avg_pool1d(np.array([[[1, 3]]], np.uint8)).tolist() == [[[2.0]]]


def test_the_mean_keeps_no_image():
    """Only its shape is needed to go back."""
    node = nn.avg_pool2d(Tensor(np.ones((1, 1, 4, 4)), requires_grad=True)).node
    assert "x" not in node.plan.names


def test_a_gradient_from_rows_takes_the_images_layout():
    """Flatten's gradient lies in memory as rows do, a convolution's output otherwise."""
    rng = np.random.default_rng(0)
    images = np.moveaxis(rng.normal(size=(2, 6, 6, 5)), -1, 0)
    for function in (nn.max_pool2d, nn.avg_pool2d):
        grads = []
        for values in (images, np.ascontiguousarray(images)):
            x = Tensor(values, requires_grad=True)
            out = function(x, 2)
            (np.reshape(out, (5, -1)) * np.arange(90).reshape(5, 18)).sum().backward()
            grads.append(x.grad.data)
        np.testing.assert_array_equal(*grads)


def test_global_average():
    x = Tensor(np.arange(12.0).reshape(1, 2, 2, 3), requires_grad=True)
    assert nn.global_avg_pool(x).data.tolist() == [[2.5, 8.5]]
    ag.check_gradients(nn.global_avg_pool, x)
    assert nn.GlobalAvgPool()([[[1, 3]]]).tolist() == [[2.0]]
    with pytest.raises(ValueError, match=r"\(batch, channel, …places\); .* \(2, 3\)"):
        nn.global_avg_pool(np.ones((2, 3)))


# -- errors, layers --------------------------------------------------------------------------------

IMAGE = np.ones((2, 3, 8, 9))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.max_pool2d(IMAGE[0]), r"\(batch, channel, height, width\).*x\[None\]"),
        (lambda: nn.max_pool1d(IMAGE), r"max_pool1d takes \(batch, channel, length\)"),
        (lambda: nn.max_pool2d(IMAGE, 9), "window of 9×9 does not fit into 8×9"),
        (lambda: nn.avg_pool2d(IMAGE, (0, 1)), r"size=\(0, 1\)"),
        (lambda: nn.avg_pool2d(IMAGE, 2, 0), r"stride=0"),
        (lambda: nn.max_pool2d(IMAGE, 2, padding=2), "windows of 2×2 see nothing but padding"),
        (lambda: nn.avg_pool2d(IMAGE, 2, padding=((0, 0), (0, 2))), None),
        (lambda: nn.avg_pool2d(IMAGE, 2, padding=((0, 0), (0, 3))), "nothing but padding"),
        (lambda: nn.MaxPool2d((1, 2, 3)), r"MaxPool2d: kernel_size=\(1, 2, 3\)"),
        (lambda: nn.MaxPool2d(2, stride=0), "MaxPool2d: stride=0"),
        (lambda: nn.MaxPool2d(2, dilation=0), "MaxPool2d: dilation=0"),
    ],
)
def test_what_does_not_fit_is_explained(call, words):
    if words is None:  # 9 + 2 columns: the last window of 2 ends before the last one of padding
        call()
        return
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    ("layer", "text", "shape"),
    [
        (nn.MaxPool2d(), "MaxPool2d(2×2)", (2, 3, 4, 4)),
        (nn.MaxPool2d(3, 2, 1), "MaxPool2d(3×3, stride 2×2, padding=1)", (2, 3, 4, 5)),
        (nn.MaxPool2d(2, 1, dilation=2), "MaxPool2d(2×2, stride 1×1, dilation 2×2)", (2, 3, 6, 7)),
        (nn.AvgPool2d((2, 3)), "AvgPool2d(2×3)", (2, 3, 4, 3)),
        (nn.AvgPool2d(2, padding="same"), "AvgPool2d(2×2, padding='same')", (2, 3, 4, 5)),
    ],
)
def test_layers_are_their_functions(layer, text, shape):
    assert repr(layer) == text
    x = np.random.default_rng(0).normal(size=IMAGE.shape)
    assert layer(x).shape == shape
    assert layer.parameters() == []


def test_layers_of_one_axis():
    x = np.arange(8.0).reshape(1, 1, 8)
    assert nn.MaxPool1d(4)(x).tolist() == [[[3, 7]]]
    assert nn.AvgPool1d(4, 2)(x).tolist() == [[[1.5, 3.5, 5.5]]]
    assert repr(nn.Sequential(nn.MaxPool1d(4))) == "Sequential(\n  layers.0: MaxPool1d(4)\n)"

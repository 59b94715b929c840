"""Class weights, label smoothing, ignored labels, reductions: PyTorch is the second source."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import autograd as ag
import nn
from nn.functional import loss as functions

CLASSES = 4
INTO = {  # what turns scores into that which the loss takes
    "cross_entropy": nn.identity,
    "categorical_cross_entropy": nn.softmax,
    "nll": nn.log_softmax,
}
of_classes = pytest.mark.parametrize("name", INTO)
reductions = st.sampled_from(["mean", "sum", "none"])
seeds = st.integers(0, 2**32)


def derivatives(function, y, others):
    """Value, gradient, and the gradient of the gradient's product with `others`."""
    x = ag.Tensor(y, requires_grad=True)
    out = function(x)
    (out * np.cos(np.arange(out.size)).reshape(out.shape)).sum().backward(create_graph=True)
    first = x.grad
    x.zero_grad()
    (first * others).sum().backward()
    return out.data, first.data, x.grad.data


def theirs(torch, function, y, others):
    x = torch.tensor(y, requires_grad=True)
    out = function(x)
    weights = torch.tensor(np.cos(np.arange(out.numel())).reshape(out.shape))
    (first,) = torch.autograd.grad((out * weights).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad((first * torch.tensor(others)).sum(), x)
    return out.detach().numpy(), first.detach().numpy(), second.numpy()


def assert_same(ours, others):
    for mine, other in zip(ours, others, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)


@of_classes
@given(
    seed=seeds,
    shape=st.sampled_from([(5,), (2, 3), (1,)]),
    reduction=reductions,
    weighted=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    kind=st.sampled_from(["labels", "shares", "ignore -100", "ignore 1"]),
)
def test_settings_agree_with_pytorch(name, seed, shape, reduction, weighted, smoothing, kind):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    scores, others = rng.normal(size=(2, *shape, CLASSES)) * 3
    weight = rng.uniform(0.1, 3, CLASSES) if weighted else None
    target, ignored = rng.integers(CLASSES, size=shape), {}
    if kind == "shares":
        target = rng.dirichlet(np.ones(CLASSES), shape)
    elif kind != "labels":
        ignored = {"ignore_index": int(kind.split()[1])}
        target[rng.random(shape) < 0.3] = ignored["ignore_index"]
        target.ravel()[0] = 0  # one at least counts
    common = {"label_smoothing": smoothing, "reduction": reduction, **ignored}

    def ours(x):
        return getattr(nn, name)(INTO[name](x), target, class_weight=weight, **common)

    def pytorchs(x):
        x, t = x.reshape(-1, CLASSES), target.reshape((-1, *target.shape[len(shape) :]))
        w = None if weight is None else torch.tensor(weight)
        out = torch.nn.functional.cross_entropy(x, torch.tensor(t), w, **common)
        if kind == "shares" and weighted and reduction == "mean":  # see our docstring
            out = out * (len(t) / (t @ weight).sum())
        return out.reshape(shape) if reduction == "none" else out

    assert_same(derivatives(ours, scores, others), theirs(torch, pytorchs, scores, others))


@of_classes
@given(seed=seeds, reduction=reductions, smoothing=st.sampled_from([0.0, 0.2]))
def test_labels_and_their_one_hot_targets_are_the_same_under_all_settings(
    name, seed, reduction, smoothing
):
    rng = np.random.default_rng(seed)
    y = INTO[name](rng.normal(size=(5, CLASSES)))
    labels = rng.integers(CLASSES, size=5)
    settings = {"class_weight": rng.uniform(0.1, 2, CLASSES), "label_smoothing": smoothing}
    loss = lambda t: getattr(nn, name)(y, t, reduction, **settings)
    np.testing.assert_allclose(loss(labels), loss(np.eye(CLASSES)[labels]), rtol=1e-14)


@of_classes
@given(seed=seeds)
def test_ignored_samples_are_as_if_they_were_not_there(name, seed):
    rng = np.random.default_rng(seed)
    y = INTO[name](rng.normal(size=(6, CLASSES)))
    labels = rng.integers(CLASSES, size=6)
    there = np.arange(6) % 3 > 0
    loss = getattr(nn, name)
    marked = np.where(there, labels, -1)
    for settings in ({}, {"label_smoothing": 0.1}, {"class_weight": [1.0, 2.0, 3.0, 4.0]}):
        expected = pytest.approx(loss(y[there], labels[there], **settings), rel=1e-14)
        assert loss(y, marked, ignore_index=-1, **settings) == expected
        each = loss(y, marked, "none", ignore_index=-1, **settings)
        assert (each[~there] == 0).all()
        x = ag.Tensor(y, requires_grad=True)
        loss(x, marked, ignore_index=-1, **settings).backward()
        assert (x.grad.data[~there] == 0).all()


@of_classes
def test_a_class_of_weight_0_is_an_ignored_class(name):
    y = INTO[name](np.random.default_rng(0).normal(size=(6, CLASSES)))
    labels = [0, 1, 2, 3, 2, 1]
    loss = getattr(nn, name)
    expected = loss(y, labels, ignore_index=2)
    assert loss(y, labels, class_weight=[1, 1, 0, 1]) == pytest.approx(expected)
    assert loss(y, np.eye(4)[labels], class_weight=[1, 1, 0, 1]) == pytest.approx(expected)


@of_classes
def test_settings_keep_float32(name):
    y = ag.Tensor(INTO[name](np.ones((3, 4), np.float32) * [1, 2, 3, 4]), dtype=np.float32)
    settings = {"class_weight": [1.0, 2, 3, 4], "label_smoothing": 0.1, "ignore_index": 0}
    for reduction in ("mean", "sum", "none"):
        assert getattr(nn, name)(y, [0, 1, 2], reduction, **settings).dtype == np.float32


@of_classes
def test_what_settings_refuse(name):
    y = INTO[name](np.random.default_rng(0).normal(size=(3, CLASSES)))
    loss = getattr(nn, name)
    with pytest.raises(ValueError, match=rf"{name}: class_weight needs a number ≥ 0 for each of"):
        loss(y, [0, 1, 2], class_weight=[1, 2])
    with pytest.raises(ValueError, match="4 classes, in one axis"):
        loss(y, [0, 1, 2], class_weight=[1, 2, 3, -1])
    with pytest.raises(ValueError, match=r"label_smoothing=10 .* from 0 to 1"):
        loss(y, [0, 1, 2], label_smoothing=10)
    with pytest.raises(ValueError, match=r"goes with integer labels.*class_weight.*row of zeros"):
        loss(y, np.eye(4)[:3], ignore_index=1)
    with pytest.raises(ValueError, match=r"labels from -100 to 2.*: ignore_index=-100\."):
        loss(y, [0, -100, 2])
    with pytest.raises(ValueError, match="no target counts"):
        loss(y, [7, 7, 7], ignore_index=7)
    assert loss(y, [7, 7, 7], "sum", ignore_index=7) == 0


def test_ignored_samples_may_have_classes_ruled_out():
    """0 · ∞ is 0 here: a padded row whose every class but one has the logit −∞."""
    logits = ag.Tensor([[0.0, 1.0], [0.0, -np.inf]], requires_grad=True)
    nn.cross_entropy(logits, [0, -1], ignore_index=-1).backward()
    assert np.isfinite(logits.grad.data).all()
    assert (logits.grad.data[1] == 0).all()


# -- two classes ----------------------------------------------------------------------------------


@given(
    seed=seeds,
    reduction=reductions,
    pos_weight=st.sampled_from([None, 3.0, (0.5, 2.0, 1.0)]),
    soft=st.booleans(),
)
def test_pos_weight_agrees_with_pytorch(seed, reduction, pos_weight, soft):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    x, others = rng.normal(size=(2, 4, 3)) * 3
    t = rng.random((4, 3))
    t = t if soft else t.round()
    w = None if pos_weight is None else torch.tensor(pos_weight, dtype=torch.float64)
    function = torch.nn.functional.binary_cross_entropy_with_logits
    assert_same(
        derivatives(
            lambda x: nn.binary_cross_entropy_with_logits(x, t, reduction, pos_weight=pos_weight),
            x,
            others,
        ),
        theirs(
            torch,
            lambda x: function(x, torch.tensor(t), pos_weight=w, reduction=reduction),
            x,
            others,
        ),
    )


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
@given(seed=seeds)
def test_smoothing_and_ignoring_of_two_classes(name, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(4, 3))
    y = nn.sigmoid(x) if name == "binary_cross_entropy" else x
    t = rng.integers(2, size=(4, 3))
    loss = getattr(nn, name)
    assert loss(y, t, label_smoothing=0.2) == pytest.approx(loss(y, t * 0.8 + 0.1))
    as_two = np.stack([0 * x, x], axis=-1)  # a sigmoid is a softmax of two
    expected = nn.cross_entropy(as_two, t, label_smoothing=0.2)
    assert loss(y, t, label_smoothing=0.2) == pytest.approx(expected)

    marked = np.where(np.arange(12).reshape(4, 3) % 5 > 1, t, -1)
    expected = pytest.approx(loss(y[marked >= 0], t[marked >= 0], label_smoothing=0.1))
    assert loss(y, marked, ignore_index=-1, label_smoothing=0.1) == expected
    leaf = ag.Tensor(y, requires_grad=True)
    loss(leaf, marked, ignore_index=-1).backward()
    np.testing.assert_array_equal(leaf.grad.data == 0, marked < 0)


def test_what_settings_of_two_classes_refuse():
    x, t = np.zeros((2, 3)), np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"pos_weight is one number, or one for each .*\(2, 3\)"):
        nn.binary_cross_entropy_with_logits(x, t, pos_weight=np.ones((4, 2, 3)))
    with pytest.raises(ValueError, match="label_smoothing=-1"):
        nn.binary_cross_entropy_with_logits(x, t, label_smoothing=-1)
    with pytest.raises(ValueError, match=r"targets .* reach from -1 to -1"):
        nn.binary_cross_entropy(x, t - 1)
    with pytest.raises(ValueError, match="delta=0"):
        nn.huber(x, t, delta=0)


# -- a loss for each, times weights ---------------------------------------------------------------


@pytest.mark.parametrize("name", functions.__all__)
def test_losses_of_none_times_weights_are_a_loss_with_sample_weights(name):
    """What `fit(sample_weight=…)` does: weights 2 and 0 are a sample twice, and not at all."""
    rng = np.random.default_rng(0)
    t = np.eye(4)[[0, 1, 3]]
    y = rng.normal(size=(3, 4))
    y = y if name == "cross_entropy" else nn.softmax(y)
    if name == "hinge":
        t = 2 * t - 1
    loss = getattr(nn, name)
    each = loss(y, t, reduction="none")
    assert len(each) == 3
    weights = np.array([2, 0, 1]).reshape(-1, *[1] * (each.ndim - 1))
    expected = pytest.approx(loss(y[[0, 0, 2]], t[[0, 0, 2]], reduction="sum"))
    assert np.sum(each * weights) == expected


def test_cross_entropy_can_go_back_twice_from_one_forward():
    x = ag.Tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    loss = nn.cross_entropy(x, [0])
    loss.backward(retain_graph=True)
    first = x.grad.data.copy()
    loss.backward()
    np.testing.assert_array_equal(x.grad.data, 2 * first)

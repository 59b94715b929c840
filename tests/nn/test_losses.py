"""Every loss, found by looking: values, gradients, dtypes, and what each refuses."""

from __future__ import annotations

import warnings

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import autograd as ag
import nn
from nn.functional import loss as functions

ALL = {name: getattr(functions, name) for name in functions.__all__}
everyone = pytest.mark.parametrize("name", ALL)

ELEMENTWISE = {"mean_squared_error", "sum_squared_error", "mean_absolute_error", "huber", "hinge"}
BINARY = {"binary_cross_entropy", "binary_cross_entropy_with_logits"}
OF_PROBABILITIES = {
    "binary_cross_entropy", "categorical_cross_entropy", "cross_entropy_error", "kl_divergence",
}  # fmt: skip


def example(name: str, seed: int = 0, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and targets that the loss takes: 3 samples, 4 columns; no corner nearby."""
    rng = np.random.default_rng(seed)
    y = rng.uniform(0.1, 3.0, (3, 4)) * rng.choice([-1, 1], (3, 4))
    t = np.zeros((3, 4))
    if name == "hinge":
        t = rng.choice([-1.0, 1.0], (3, 4))
    elif name in BINARY:
        t = rng.choice([0.0, 1.0], (3, 4))
    elif name == "kl_divergence":
        t = rng.dirichlet(np.ones(4), 3)
    elif name not in ELEMENTWISE:
        t = np.eye(4)[rng.integers(4, size=3)]
    if name in OF_PROBABILITIES:
        y = np.exp(y / 2)
        y = y / (1 + y) if name in BINARY else y / y.sum(axis=-1, keepdims=True)
    return y.astype(dtype), t.astype(dtype)


FORMULAS = {
    # a second way to the same values, element by element or sample by sample
    "mean_squared_error": lambda y, t: ((y - t) ** 2).mean(),
    "sum_squared_error": lambda y, t: ((y - t) ** 2).sum() / 2,
    "mean_absolute_error": lambda y, t: abs(y - t).mean(),
    "huber": lambda y, t: np.mean(
        [e * e / 2 if abs(e) < 1 else abs(e) - 1 / 2 for e in (y - t).ravel()]
    ),
    "hinge": lambda y, t: np.mean([max(0, 1 - m) for m in (t * y).ravel()]),
    "binary_cross_entropy": lambda y, t: -np.log(np.where(t == 1, y, 1 - y)).mean(),
    "binary_cross_entropy_with_logits": lambda x, t: np.log1p(
        np.exp(np.where(t == 1, -x, x))
    ).mean(),
    "categorical_cross_entropy": lambda y, t: -np.log(y[t == 1]).mean(),
    "cross_entropy": lambda x, t: (np.log(np.exp(x).sum(axis=1)) - x[t == 1]).mean(),
    "cross_entropy_error": lambda y, t: -np.log(y[t == 1] + 1e-7).mean(),
    "nll": lambda y, t: -y[t == 1].mean(),
    "kl_divergence": lambda y, t: (t * np.log(t / y)).sum(axis=1).mean(),
}

# -- the same promises for all --------------------------------------------------------------------


@everyone
@given(seed=st.integers(0, 2**32))
def test_values(name, seed):
    y, t = example(name, seed)
    assert ALL[name](y, t) == pytest.approx(FORMULAS[name](y, t), rel=1e-12)


@everyone
def test_arrays_in_number_out_and_tensors_in_tensor_out(name):
    y, t = example(name)
    value = ALL[name](y, t)
    assert isinstance(value, np.floating)
    same = ALL[name](ag.Tensor(y, requires_grad=True), t)
    assert isinstance(same, ag.Tensor)
    assert same.shape == ()
    assert same.item() == value
    assert ALL[name](y.tolist(), t.tolist()) == pytest.approx(value)


@everyone
def test_float32_stays_whatever_the_targets_are(name):
    y, t = example(name, dtype=np.float32)
    for targets in (t, t.astype(np.float64), t if name == "kl_divergence" else t.astype(int)):
        x = ag.Tensor(y, requires_grad=True)
        seen = []
        x.register_hook(lambda g, seen=seen: seen.append(g.dtype))
        out = ALL[name](x, targets)
        assert out.dtype == np.float32
        assert ALL[name](y, targets).dtype == np.float32
        out.backward()
        assert seen == [np.float32]


@everyone
@given(seed=st.integers(0, 2**32))
def test_gradients_of_first_and_second_order_are_those_of_finite_differences(name, seed):
    y, t = example(name, seed)
    others = np.sin(np.arange(y.size, dtype=float)).reshape(y.shape) + 1.5

    @ag.enable_grad()
    def slope(values, create_graph=False):
        x = ag.Tensor(values, requires_grad=True)
        ALL[name](x, t).backward(create_graph=create_graph)
        return x, x.grad

    _, plain = slope(y)
    x, recorded = slope(y, create_graph=True)
    np.testing.assert_allclose(recorded.data, plain.data, rtol=1e-12)
    numeric = ag.numerical_gradient(lambda v: float(ALL[name](v, t)), y.copy(), h=1e-5)
    np.testing.assert_allclose(plain.data, numeric, rtol=1e-5, atol=1e-6)

    x.zero_grad()
    second = np.zeros_like(y)
    if recorded.requires_grad:
        (recorded * others).sum().backward()
        second = x.grad.data
    along = lambda v: float((slope(v)[1].data * others).sum())
    numeric = ag.numerical_gradient(along, y.copy(), h=1e-5)
    np.testing.assert_allclose(second, numeric, rtol=1e-5, atol=1e-5)


@everyone
def test_large_predictions_neither_warn_nor_overflow(name):
    x = np.array([[1e4, -1e4, 0.0, 50.0], [-1e4, 1e4, 1.0, -50.0]], np.float32)
    _, t = example(name, dtype=np.float32)
    t = t[:2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for targets in (t, np.roll(t, 1, axis=-1)):
            leaf = ag.Tensor(x, requires_grad=True)
            y = leaf
            if name in OF_PROBABILITIES:
                y = nn.sigmoid(leaf) if name in BINARY else nn.softmax(leaf)
            out = ALL[name](y, targets)
            assert np.isfinite(out.data)
            out.backward()
            assert np.isfinite(leaf.grad.data).all()


@everyone
def test_reductions(name):
    y, t = example(name)
    each = ALL[name](y, t, reduction="none")
    assert each.shape == ((3, 4) if name in ELEMENTWISE | BINARY else (3,))
    assert ALL[name](y, t, reduction="sum") == pytest.approx(each.sum())
    assert ALL[name](y, t, reduction="mean") == pytest.approx(each.mean())
    usual = "sum" if name == "sum_squared_error" else "mean"
    assert ALL[name](y, t) == ALL[name](y, t, reduction=usual)
    with pytest.raises(ValueError, match='"mean", "sum" or "none"'):
        ALL[name](y, t, reduction="average")


@everyone
def test_shapes_that_would_broadcast_are_an_error(name):
    y, t = example(name)
    for other in (t[:1], t[:, :1], t[np.newaxis], t[..., np.newaxis], t[0]):
        with pytest.raises(ValueError, match=r"shape"):
            ALL[name](y, other)


def test_the_error_says_how_a_column_becomes_a_row():
    with pytest.raises(ValueError, match=r"\(3, 1\).*\(3,\).*y\[\.\.\., 0\]"):
        nn.mean_squared_error(np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(ValueError, match=r"t\[\.\.\., 0\]"):
        nn.mean_squared_error(np.zeros(3), np.zeros((3, 1)))


@everyone
def test_no_samples_have_no_loss(name):
    y, t = example(name)
    for empty in (y[:0], ag.Tensor(y[:0])):
        assert float(ALL[name](empty, t[:0], reduction="sum")) == 0
        assert ALL[name](empty, t[:0], reduction="none").size == 0
        with pytest.raises(ValueError, match="no mean of these losses: there are none"):
            ALL[name](empty, t[:0], reduction="mean")


# -- classes --------------------------------------------------------------------------------------

OF_CLASSES = ["cross_entropy", "categorical_cross_entropy", "cross_entropy_error", "nll"]
of_classes = pytest.mark.parametrize("name", OF_CLASSES)


@of_classes
def test_labels_and_one_hot_are_the_same(name):
    y, t = example(name)
    labels = t.argmax(axis=-1)
    for integers in (labels, labels.astype(np.uint8), labels.astype(np.uint64), labels.tolist()):
        assert ALL[name](y, integers) == ALL[name](y, t)
    assert ALL[name](y, t.astype(int)) == ALL[name](y, t)
    assert ALL[name](y[0], int(labels[0])) == ALL[name](y[0], t[0]) == ALL[name](y[:1], t[:1])
    gradients = []
    for targets in (labels, t):
        x = ag.Tensor(y, requires_grad=True)
        ALL[name](x, targets).backward()
        gradients.append(x.grad.data)
    np.testing.assert_array_equal(*gradients)


@of_classes
def test_wrong_labels_are_named(name):
    y, _ = example(name)
    with pytest.raises(ValueError, match=r"labels from 0 to 4, .* classes 0 to 3"):
        ALL[name](y, [0, 4, 1])
    with pytest.raises(ValueError, match="labels from -1 to 2"):
        ALL[name](y, [0, -1, 2])
    with pytest.raises(TypeError, match=r"float64.*labels.astype\(int\)"):
        ALL[name](y, [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match=r"target\[\.\.\., 0\]"):
        ALL[name](y, [[0], [1], [2]])
    with pytest.raises(ValueError, match="axis of classes"):
        ALL[name](1.0, 0)


@given(
    x=hnp.arrays(np.float64, (4, 3), elements=st.floats(-1e4, 1e4)),
    labels=hnp.arrays(np.int64, 4, elements=st.integers(0, 2)),
)
def test_the_gradient_of_cross_entropy_is_p_minus_t_over_the_batch(x, labels):
    logits = ag.Tensor(x, requires_grad=True)
    nn.cross_entropy(logits, labels).backward()
    p_minus_t = nn.softmax(x) - np.eye(3)[labels]
    np.testing.assert_allclose(logits.grad.data, p_minus_t / 4, atol=1e-15)


def test_cross_entropy_is_exact_for_huge_logits():
    logits = np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32)
    losses = nn.cross_entropy(logits, [0, 0], reduction="none")
    assert losses.tolist() == [0.0, 2e4]
    assert not np.signbit(losses).any()  # shown as 0, not as -0
    x = ag.Tensor(logits, requires_grad=True)
    nn.cross_entropy(x, [1, 1]).backward()
    assert x.grad.data.tolist() == [[0.5, -0.5], [0.0, 0.0]]


def test_cross_entropy_of_classes_that_are_ruled_out():
    """A logit of −∞ is a probability of 0; a target of 0 there costs nothing."""
    logits = np.array([[0.0, 0.0, -np.inf]])
    expected = pytest.approx(np.log(2))
    assert nn.cross_entropy(logits, [0]) == expected
    assert nn.cross_entropy(logits, [[1, 0, 0]]) == expected
    x = ag.Tensor(logits, requires_grad=True)
    nn.cross_entropy(x, [[1, 0, 0]]).backward()
    np.testing.assert_allclose(x.grad.data, [[-0.5, 0.5, 0.0]])


def test_cross_entropy_over_sequences():
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    t = np.array([[0, 1, 2, 0, 1], [2, 2, 1, 0, 0]])
    flat = nn.cross_entropy(x.reshape(10, 3), t.ravel())
    assert nn.cross_entropy(x, t) == pytest.approx(flat)
    assert nn.cross_entropy(x, np.eye(3)[t]) == pytest.approx(flat)


def test_targets_that_are_learned_get_gradients():
    y, _ = example("cross_entropy")
    t = ag.Tensor(np.full((3, 4), 0.25), requires_grad=True)
    nn.cross_entropy(y, t).backward()
    np.testing.assert_allclose(t.grad.data, -nn.log_softmax(y) / 3)


# -- two classes ----------------------------------------------------------------------------------


@given(x=hnp.arrays(np.float64, 5, elements=st.floats(-1e4, 1e4)), t=hnp.arrays(bool, 5))
def test_the_gradient_of_binary_cross_entropy_with_logits_is_p_minus_t(x, t):
    logits = ag.Tensor(x, requires_grad=True)
    nn.binary_cross_entropy_with_logits(logits, t).backward()
    np.testing.assert_allclose(logits.grad.data, (nn.sigmoid(x) - t) / 5, atol=1e-15)


def test_binary_cross_entropy_of_logits_and_of_probabilities_agree():
    x, t = example("binary_cross_entropy_with_logits")
    expected = nn.binary_cross_entropy_with_logits(x, t)
    assert nn.binary_cross_entropy(nn.sigmoid(x), t) == pytest.approx(expected)


def test_binary_cross_entropy_keeps_small_losses():
    """log(1 + e⁻⁴⁰), which 1 − sigmoid has rounded away."""
    assert nn.binary_cross_entropy_with_logits([40.0], [1]) == pytest.approx(np.exp(-40))


# -- what is probably not meant -------------------------------------------------------------------


def test_probabilities_for_a_loss_of_logits_are_a_warning():
    logits, t = example("cross_entropy")
    with pytest.warns(nn.LossWarning, match="softmax itself: twice") as caught:
        nn.cross_entropy(nn.softmax(logits), t)
    assert caught[0].filename == __file__
    with pytest.warns(nn.LossWarning, match="categorical_cross_entropy"):
        nn.cross_entropy(nn.softmax(ag.Tensor(logits.astype(np.float32), requires_grad=True)), t)
    with pytest.warns(nn.LossWarning, match="sigmoid itself: twice"):
        nn.binary_cross_entropy_with_logits(nn.sigmoid(ag.Tensor(logits, requires_grad=True)), t)


@given(
    x=hnp.arrays(np.float32, (2, 3), elements=st.floats(-5, 5, width=32)),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
)
def test_logits_are_no_warning(x, scale):
    x *= np.float32(scale)
    if not (np.abs(x.sum(axis=-1) - 1) < 1e-3).all():
        nn.cross_entropy(x, [0, 1])
    nn.cross_entropy(np.array([[2.0, -1.0]]), [0])  # sums to 1


def test_scores_for_a_loss_of_probabilities_are_an_error():
    for name in OF_PROBABILITIES:
        y, t = example(name)
        with pytest.raises(ValueError, match=rf"{name} takes probabilities.*use .*cross_entropy"):
            ALL[name](y * 3 - 1, t)


def test_targets_beyond_0_and_1_are_an_error():
    for name in [*BINARY, "kl_divergence"]:
        y, t = example(name)
        with pytest.raises(ValueError, match="targets are 0 and 1"):
            ALL[name](y, 2 * t - 1)
    y, t = example("hinge")
    with pytest.raises(ValueError, match="2 \\* t - 1"):
        nn.hinge(y, (t + 1) / 2)


# -- a second source ------------------------------------------------------------------------------


def test_losses_agree_with_pytorch():
    torch = pytest.importorskip("torch")
    other = torch.nn.functional
    theirs = {
        "mean_squared_error": other.mse_loss,
        "sum_squared_error": lambda y, t: 0.5 * other.mse_loss(y, t, reduction="sum"),
        "mean_absolute_error": other.l1_loss,
        "huber": other.huber_loss,
        "hinge": lambda y, t: torch.clamp(1 - t * y, min=0).mean(),
        "binary_cross_entropy": other.binary_cross_entropy,
        "binary_cross_entropy_with_logits": other.binary_cross_entropy_with_logits,
        "categorical_cross_entropy": lambda y, t: other.nll_loss(y.log(), t.argmax(-1)),
        "cross_entropy": other.cross_entropy,
        "cross_entropy_error": lambda y, t: other.nll_loss((y + 1e-7).log(), t.argmax(-1)),
        "nll": lambda y, t: other.nll_loss(y, t.argmax(-1)),
        "kl_divergence": lambda y, t: other.kl_div(y.log(), t, reduction="batchmean"),
    }
    assert set(theirs) == set(ALL)
    for name, function in theirs.items():
        y, t = example(name)
        x = ag.Tensor(y, requires_grad=True)
        ours = ALL[name](x, t)
        ours.backward()
        x_theirs = torch.tensor(y, requires_grad=True)
        value = function(x_theirs, torch.tensor(t))
        value.backward()
        assert ours.item() == pytest.approx(value.item(), rel=1e-12), name
        np.testing.assert_allclose(x.grad.data, x_theirs.grad.numpy(), atol=1e-9, err_msg=name)


# -- none, too many, and not real ------------------------------------------------------------------

@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("cross_entropy", {}),
        ("cross_entropy", {"ignore_index": -1}),
        ("mean_squared_error", {}),
        ("binary_cross_entropy_with_logits", {"ignore_index": -1}),
    ],
)
def test_float16_may_count_beyond_its_numbers(name, how):
    """70,000 samples, and float16 ends at 65504."""
    x, t = np.zeros((70_000, 2)), np.zeros(70_000, int)
    t = t if name == "cross_entropy" else np.zeros((70_000, 2))
    values, slopes = [], []
    for dtype in (np.float16, np.float64):
        y = ag.Tensor(x + 1, requires_grad=True, dtype=dtype)
        loss = getattr(nn, name)(y, t, **how)
        loss.backward()
        assert loss.dtype == y.grad.dtype == dtype
        values.append(loss.item())
        slopes.append(y.grad.data)
    assert values[0] == pytest.approx(values[1], rel=1e-3)
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=0.02)


def test_losses_are_of_real_numbers():
    z = np.array([[1 + 2j, 0]])
    for name in ("mean_squared_error", "cross_entropy"):
        for pair in ((z, [[1.0, 0.0]]), ([[1.0, 0.0]], z)):
            with pytest.raises(TypeError, match=r"real numbers.*complex128, of shape \(1, 2\)"):
                getattr(nn, name)(*pair)

"""Normalization: functions against PyTorch and slopes; layers, what they remember and save."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd import Tensor
from nn.functional.normalization import standardize

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(3, 4, 5, 2)) * 2 + 1
ROWS = RNG.normal(size=(6, 4)) * 2 + 1
WEIGHT, BIAS = RNG.normal(size=4) + 1, RNG.normal(size=4)

# -- functions ------------------------------------------------------------------------------------


@st.composite
def arrays_and_axes(draw):
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    axes = draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    return rng.normal(size=shape) * 3 + 1, tuple(sorted(axes))


@given(problem=arrays_and_axes(), epsilon=st.sampled_from([1e-5, 0.1]))
def test_standardize_is_its_formula(problem, epsilon):
    x, axes = problem
    out, mean, var = standardize(x, axes, epsilon)
    np.testing.assert_allclose(mean, x.mean(axis=axes, keepdims=True), atol=1e-14)
    np.testing.assert_allclose(var, x.var(axis=axes, keepdims=True), atol=1e-14)
    np.testing.assert_allclose(out, (x - mean) / np.sqrt(var + epsilon), atol=1e-12)


@settings(max_examples=15)
@given(problem=arrays_and_axes())
def test_gradients_through_all_that_standardize_gives_are_slopes(problem):
    x, axes = problem
    assume(x.size > 1)
    ag.check_gradients(lambda x: standardize(x, axes, 0.1), x)


def theirs(torch, name):
    functions = torch.nn.functional
    return {
        "batch_norm": lambda x, w, b: functions.batch_norm(x, None, None, w, b, True, eps=1e-3),
        "layer_norm": lambda x, w, b: functions.layer_norm(x, (4,), w, b, 1e-3),
        "group_norm": lambda x, w, b: functions.group_norm(x, 2, w, b, 1e-3),
        "rms_norm": lambda x, w, b: functions.rms_norm(x, (4,), w, 1e-3) + 0 * b,
    }[name]


OURS = {
    "batch_norm": lambda x, w, b: nn.batch_norm(x, None, None, w, b, 1e-3),
    "layer_norm": lambda x, w, b: nn.layer_norm(x, w, b, epsilon=1e-3),
    "group_norm": lambda x, w, b: nn.group_norm(x, 2, w, b, 1e-3),
    "rms_norm": lambda x, w, b: nn.rms_norm(x, w, epsilon=1e-3) + 0 * b,
}


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("x", [IMAGES, ROWS, IMAGES[..., 0]], ids=["images", "rows", "signals"])
def test_normalization_agrees_with_pytorch_at_two_orders(name, x):
    torch = pytest.importorskip("torch")
    if name in ("layer_norm", "rms_norm"):
        x = np.moveaxis(x, 1, -1)
    arrays = [x, WEIGHT, BIAS]
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    out = OURS[name](*leaves)
    (out**3).sum().backward(create_graph=True)
    firsts = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.zero_grad()
    sum((g * g).sum() for g in firsts).backward()

    others = [torch.tensor(a, requires_grad=True) for a in arrays]
    other = theirs(torch, name)(*others)
    expected = torch.autograd.grad((other**3).sum(), others, create_graph=True)
    seconds = torch.autograd.grad(sum((g * g).sum() for g in expected), others)
    close = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(out.data, other.detach().numpy(), **close)
    for leaf, first, e, s in zip(leaves, firsts, expected, seconds, strict=True):
        np.testing.assert_allclose(first.data, e.detach().numpy(), **close)
        np.testing.assert_allclose(leaf.grad.data, s.numpy(), **close)


@pytest.mark.parametrize("name", OURS)
def test_gradients_are_slopes_at_two_orders(name):
    x = ROWS if name != "batch_norm" else IMAGES[:2, :, :2]
    ag.check_gradients(OURS[name], x, WEIGHT, BIAS)


def test_given_statistics_are_constants_or_inputs():
    mean, var = RNG.normal(size=4), RNG.uniform(0.5, 2, size=4)
    x = (IMAGES - mean[:, None, None]) / np.sqrt(var + 1e-5)[:, None, None]
    expected = x * WEIGHT[:, None, None] + BIAS[:, None, None]
    np.testing.assert_allclose(nn.batch_norm(IMAGES, mean, var, WEIGHT, BIAS), expected)
    np.testing.assert_allclose(nn.batch_norm(IMAGES, mean, var), x)
    ag.check_gradients(nn.batch_norm, IMAGES[:1, :, :2], mean, var, WEIGHT, BIAS)


@pytest.mark.parametrize("name", ["layer_norm", "batch_norm"])
def test_weight_and_bias_may_be_missing(name):
    function = getattr(nn, name)
    plain = function(ROWS)
    np.testing.assert_allclose(function(ROWS, weight=WEIGHT), plain * WEIGHT)
    np.testing.assert_allclose(function(ROWS, bias=BIAS), plain + BIAS)
    np.testing.assert_allclose(function(ROWS.tolist(), weight=WEIGHT), plain * WEIGHT)
    ag.check_gradients(lambda x, b: function(x, bias=b), ROWS, BIAS)


def test_over_several_axes():
    x = RNG.normal(size=(2, 3, 4))
    w = RNG.normal(size=(3, 4))
    out = nn.layer_norm(x, w, axes=2)
    flat = nn.layer_norm(x.reshape(2, 12), w.reshape(12))
    np.testing.assert_allclose(out, flat.reshape(2, 3, 4), atol=1e-14)
    np.testing.assert_allclose(
        nn.rms_norm(x, w, axes=2).reshape(2, 12), nn.rms_norm(x.reshape(2, 12), w.reshape(12))
    )


@pytest.mark.parametrize("name", OURS)
def test_the_dtype_stays_in_both_directions(name):
    arrays = [a.astype(np.float32) for a in (ROWS, WEIGHT, BIAS)]
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    seen = []
    for leaf in leaves:
        leaf.register_hook(lambda g: seen.append(g.dtype))
    out = OURS[name](*leaves)
    assert out.dtype == np.float32
    out.sum().backward()
    assert seen == [np.float32] * 3
    assert OURS[name](*arrays).dtype == np.float32
    assert type(OURS[name](*arrays)) is np.ndarray


def test_a_constant_input_has_no_spread_and_finite_gradients():
    x = Tensor(np.full((7, 100), 1e4, np.float32), requires_grad=True)
    for function in (nn.layer_norm, nn.batch_norm):
        x.zero_grad()
        out = function(x)
        assert not out.data.any()
        (out * np.arange(700.0).reshape(7, 100)).sum().backward()
        assert np.isfinite(x.grad.data).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.batch_norm(np.ones(3)), r"\(batch, channel, …\); .* \(3,\)"),
        (lambda: nn.batch_norm(np.ones((1, 3))), r"\(1, 3\) has one number for each .*eval\(\)"),
        (lambda: nn.layer_norm(np.ones(3), axes=2), r"layer_norm: axes=2 .* \(3,\)"),
        (lambda: nn.rms_norm(np.ones(3), axes=0), r"rms_norm: axes=0"),
        (lambda: nn.group_norm(np.ones((2, 3)), 2), r"2 groups do not divide .* \(2, 3\)"),
    ],
)
def test_what_does_not_fit_is_explained(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# -- BatchNorm ------------------------------------------------------------------------------------


@pytest.mark.parametrize("momentum", [0.1, 0.7])
def test_batch_norm_is_pytorchs_step_by_step(momentum):
    torch = pytest.importorskip("torch")
    other = torch.nn.BatchNorm2d(4, momentum=momentum, dtype=torch.float64)
    layer = nn.BatchNorm2d(momentum=momentum, dtype=float)
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(3, 4, 2, 5)) * 3 + seed
        expected = other(torch.tensor(x))
        np.testing.assert_allclose(layer(x).data, expected.detach().numpy(), atol=1e-9)
    for name in ("running_mean", "running_var"):
        ours = getattr(layer, name)
        np.testing.assert_allclose(ours.data, getattr(other, name).numpy(), rtol=1e-9)
    expected = other.eval()(torch.tensor(IMAGES)).detach().numpy()
    np.testing.assert_allclose(layer.eval()(IMAGES).data, expected, atol=1e-9)


def test_evaluation_uses_and_keeps_the_running_statistics():
    layer = nn.BatchNorm(dtype=float)
    for _ in range(200):
        layer(IMAGES)
    n = IMAGES[:, 0].size
    np.testing.assert_allclose(layer.running_mean.data, IMAGES.mean((0, 2, 3)))
    np.testing.assert_allclose(layer.running_var.data, IMAGES.var((0, 2, 3)) * n / (n - 1))
    before = layer.state_dict()
    one = layer.eval()(IMAGES[:1])
    np.testing.assert_allclose(one.data, layer(IMAGES).data[:1])  # whatever else is in the batch
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_what_is_learned_and_what_is_remembered():
    layer = nn.BatchNorm(4)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert [t.name for t in layer.buffers()] == ["running_mean", "running_var"]
    assert layer.state_dict().keys() == {"weight", "bias", "running_mean", "running_var"}
    plain = nn.BatchNorm(4, affine=False)
    assert plain.parameters() == []
    np.testing.assert_allclose(plain(ROWS).mean(axis=0), 0, atol=1e-6)


def test_state_goes_to_a_file_and_into_a_layer_that_has_seen_no_data(tmp_path):
    layer = nn.Sequential(nn.BatchNorm(), nn.LayerNorm(), nn.GroupNorm(2), nn.RMSNorm())
    for x in (ROWS, 2 * ROWS):
        layer(x)
    layer.save(tmp_path / "norms.safetensors")
    other = nn.Sequential(nn.BatchNorm(), nn.LayerNorm(), nn.GroupNorm(2), nn.RMSNorm())
    with pytest.raises(RuntimeError, match=r"layers\.0 \(BatchNorm\(\?\)\)"):
        other.parameters()
    other.load(tmp_path / "norms.safetensors")
    np.testing.assert_array_equal(other.eval()(ROWS).data, layer.eval()(ROWS).data)
    assert not other[0].running_mean.requires_grad
    assert repr(other) == repr(layer)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], value)


def test_training_under_no_grad_remembers_too():
    layer = nn.BatchNorm(momentum=1.0)
    with ag.no_grad():
        layer(ROWS)
    np.testing.assert_allclose(layer.running_mean.data, ROWS.mean(axis=0), rtol=1e-6)


def test_a_graph_made_in_evaluation_does_not_mind_that_training_goes_on():
    layer = nn.BatchNorm(4)
    x = Tensor(ROWS, requires_grad=True)
    loss = layer.eval()(x).sum()
    layer.train()(ROWS)
    loss.backward()  # the scale was computed then, nothing that it reads has been overwritten
    np.testing.assert_allclose(x.grad.data, 1, rtol=1e-4)


def test_a_graph_that_reads_the_statistics_is_stale_after_a_step_of_training():
    layer = nn.BatchNorm(4)
    factor = Tensor(np.ones(4, np.float32), requires_grad=True)
    loss = (factor * layer.running_mean).sum()
    layer(ROWS)
    with pytest.raises(RuntimeError, match="overwritten"):
        loss.backward()


def test_layout_follows_the_input():
    """What a convolution leaves, with the batch last in memory, stays so."""
    x = np.moveaxis(np.ascontiguousarray(np.moveaxis(IMAGES, 0, -1)), -1, 0)
    assert standardize(x, (0, 2, 3)).out.strides == x.strides
    np.testing.assert_allclose(nn.batch_norm(x), nn.batch_norm(IMAGES), atol=1e-12)


# -- sizes, dtypes, errors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "before", "x", "after"),
    [
        (nn.BatchNorm(), "BatchNorm(?)", ROWS, "BatchNorm(4)"),
        (nn.BatchNorm1d(momentum=0.5), "BatchNorm1d(?, momentum=0.5)", IMAGES[..., 0], None),
        (nn.BatchNorm2d(epsilon=0.1), "BatchNorm2d(?, epsilon=0.1)", IMAGES, None),
        (nn.LayerNorm(), "LayerNorm(?)", ROWS, "LayerNorm(4)"),
        (nn.LayerNorm((5, 2)), "LayerNorm(5×2)", IMAGES, "LayerNorm(5×2)"),
        (nn.LayerNorm(bias=False), "LayerNorm(?, bias=False)", ROWS, "LayerNorm(4, bias=False)"),
        (nn.LayerNorm(affine=False), "LayerNorm(?, affine=False)", ROWS, None),
        (nn.RMSNorm(epsilon=0.1), "RMSNorm(?, epsilon=0.1)", ROWS, "RMSNorm(4, epsilon=0.1)"),
        (nn.RMSNorm(affine=False), "RMSNorm(?, affine=False)", ROWS, None),
        (nn.GroupNorm(2), "GroupNorm(2 groups of ?)", IMAGES, "GroupNorm(2 groups of 4)"),
        (nn.GroupNorm(4, affine=False), "GroupNorm(4 groups of ?, affine=False)", IMAGES, None),
    ],
)
def test_sizes_are_found_at_the_first_call(layer, before, x, after):
    assert repr(layer) == before
    y = layer(x)
    assert y.shape == x.shape
    assert y.dtype == np.float32
    assert after is None or repr(layer) == after
    layer.parameters()
    assert np.asarray(y.data if isinstance(y, Tensor) else y).std() == pytest.approx(1, rel=0.2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.BatchNorm(3)(ROWS), r"BatchNorm\(3\) takes 3 channels, in axis 1; .*\(6, 4\)"),
        (lambda: nn.BatchNorm(5)(np.ones((2, 3, 5))), r"last\? Write np\.moveaxis\(x, -1, 1\)"),
        (lambda: nn.BatchNorm()(np.ones(3)), r"takes \(batch, channel, …\); .* \(3,\)"),
        (lambda: nn.BatchNorm()(np.ones((1, 3))), r"one number for each channel.*model\.eval\(\)"),
        (lambda: nn.BatchNorm2d()(ROWS), r"\(batch, channel, height, width\); .*\(6, 4\)"),
        (lambda: nn.BatchNorm1d()(IMAGES), r"\(batch, channel, length\); .*\(3, 4, 5, 2\)"),
        (lambda: nn.BatchNorm(0), "channels=0"),
        (lambda: nn.BatchNorm(momentum=1.5), "momentum=1.5 is a share"),
        (lambda: nn.LayerNorm(3)(ROWS), r"LayerNorm\(3\) takes 3 features, in the last axis; "),
        (lambda: nn.LayerNorm((4, 5))(ROWS), r"4×5 features, in the last 2 axes; .* \(6, 4\)"),
        (lambda: nn.LayerNorm()(np.ones(())), r"shape \(\)"),
        (lambda: nn.LayerNorm(0), "shape=0"),
        (lambda: nn.RMSNorm(3)(ROWS), r"RMSNorm\(3\) takes 3 features"),
        (lambda: nn.GroupNorm(2, 3), "2 groups do not divide 3 channels"),
        (lambda: nn.GroupNorm(3)(ROWS), r"3 groups do not divide .* \(6, 4\)"),
        (lambda: nn.GroupNorm(2, 6)(ROWS), r"takes 6 channels, in axis 1; .* \(6, 4\)"),
        (lambda: nn.GroupNorm(0), "groups=0"),
    ],
)
def test_a_layer_explains_what_does_not_fit(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_failed_first_call_leaves_no_trace():
    layer = nn.BatchNorm2d()
    with pytest.raises(ValueError, match="height"):
        layer(ROWS)
    with pytest.raises(ValueError, match="no variance"):
        layer(IMAGES[:1, :, :1, :1])
    assert repr(layer) == "BatchNorm2d(?)"


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize(
    "make", [nn.BatchNorm, nn.LayerNorm, nn.RMSNorm, lambda **how: nn.GroupNorm(2, **how)]
)
def test_a_layer_casts_what_it_is_given(make, dtype):
    x = np.arange(12).reshape(3, 4).astype(dtype)
    assert make()(x).dtype == np.float32
    assert make(dtype=float)(x).dtype == np.float64
    assert make().train(False)(x).dtype == np.float32


def test_a_group_of_all_is_a_layer_norm_and_groups_of_one_are_an_instance_norm():
    flat = nn.layer_norm(IMAGES.reshape(3, -1)).reshape(IMAGES.shape)
    np.testing.assert_allclose(nn.group_norm(IMAGES, 1), flat, atol=1e-12)
    each = nn.layer_norm(IMAGES.reshape(3, 4, -1)).reshape(IMAGES.shape)
    np.testing.assert_allclose(nn.group_norm(IMAGES, 4), each, atol=1e-12)

"""Attention: against its formula in float64, and PyTorch's layer."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import autograd as ag
import nn
from nn import attention

seeds = st.integers(0, 2**32)


def by_the_formula(q, k, v, mask):
    """One head, from ops; a query that may look nowhere gets 0."""
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True)) * mask
    total = weights.sum(axis=-1, keepdims=True)
    return weights / np.where(total == 0, 1, total) @ v


def draw(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


# -- the function ---------------------------------------------------------------------------------


@given(
    seed=seeds,
    leading=st.sampled_from([(), (2,), (2, 3)]),
    sizes=st.tuples(*[st.integers(1, 5)] * 4),
    heads=st.integers(1, 3),
    masked=st.booleans(),
)
def test_is_its_formula_head_by_head(seed, leading, sizes, heads, masked):
    t, s, d, e = sizes
    q, k, v = draw(
        seed, (*leading, t, heads * d), (*leading, s, heads * d), (*leading, s, heads * e)
    )
    mask = np.random.default_rng(seed).random((*leading, t, s)) < 0.6 if masked else None
    out = attention(q, k, v, mask, heads=heads)
    assert out.shape == (*leading, t, heads * e)
    for h in range(heads):
        qs, vs = slice(h * d, (h + 1) * d), slice(h * e, (h + 1) * e)
        expected = by_the_formula(
            q[..., qs], k[..., qs], v[..., vs], np.ones((t, s)) if mask is None else mask
        )
        np.testing.assert_allclose(out[..., vs], expected, rtol=1e-10, atol=1e-12)


@settings(max_examples=10)
@given(
    seed=seeds,
    heads=st.sampled_from([1, 2]),
    kind=st.sampled_from(["plain", "causal", "mask", "both"]),
)
def test_gradients_of_first_and_second_order(seed, heads, kind):
    q, k, v = draw(seed, (2, 3, 4), (2, 3, 4), (2, 3, 2))
    mask = np.random.default_rng(seed).random((2, 3, 3)) < 0.6
    mask[0, 1] = False  # a query that may look nowhere
    call = {"heads": heads, "causal": kind in ("causal", "both")}
    if kind in ("mask", "both"):
        call["mask"] = mask
    ag.check_gradients(lambda q, k, v: attention(q, k, v, **call), q, k, v, order=2)


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2), (1, 2)])
def test_gradients_of_some_inputs_only(wanted):
    arrays = draw(0, (3, 4), (5, 4), (5, 2))

    def loss(*some):
        given = list(arrays)
        for i, tensor in zip(wanted, some):
            given[i] = tensor
        return attention(*given, heads=2)

    ag.check_gradients(loss, *[arrays[i] for i in wanted], order=2)


@given(seed=seeds, causal=st.booleans(), heads=st.sampled_from([1, 2, 4]))
def test_agrees_with_pytorchs_function(seed, causal, heads):
    torch = pytest.importorskip("torch")
    q, k, v, others = draw(seed, *[(2, 5, 8)] * 4)
    ours = [ag.Tensor(a, requires_grad=True) for a in (q, k, v)]
    out = attention(*ours, causal=causal, heads=heads)
    (out * others).sum().backward()
    theirs = [torch.tensor(a, requires_grad=True) for a in (q, k, v)]
    split = [a.view(2, 5, heads, 8 // heads).transpose(1, 2) for a in theirs]
    their_out = torch.nn.functional.scaled_dot_product_attention(*split, is_causal=causal)
    their_out = their_out.transpose(1, 2).reshape(2, 5, 8)
    (their_out * torch.tensor(others)).sum().backward()
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), atol=1e-9)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.grad.data, other.grad.numpy(), atol=1e-9)


def test_leading_axes_broadcast_and_gradients_come_back_in_shape():
    q, k, v = draw(0, (3, 4), (2, 5, 4), (2, 5, 6))
    expected = np.stack([attention(q, k[i], v[i], heads=2) for i in range(2)])
    np.testing.assert_allclose(attention(q, k, v, heads=2), expected)
    ag.check_gradients(lambda q, k, v: attention(q, k, v, heads=2), q, k, v)


@given(seed=seeds)
def test_no_position_sees_what_comes_after_it(seed):
    q, k, v, other = draw(seed, *[(6, 4)] * 4)
    out = attention(q, k, v, causal=True, heads=2)
    for t in range(6):
        k2, v2 = k.copy(), v.copy()
        k2[t + 1 :] = v2[t + 1 :] = other[t + 1 :]
        changed = attention(q, k2, v2, causal=True, heads=2)
        np.testing.assert_allclose(changed[: t + 1], out[: t + 1])
    np.testing.assert_allclose(attention(q, k, v, np.tri(6, dtype=bool), heads=2), out)
    mask = np.random.default_rng(seed).random((6, 6)) < 0.6
    both = attention(q, k, v, mask, causal=True, heads=2)
    np.testing.assert_allclose(both, attention(q, k, v, mask & np.tri(6, dtype=bool), heads=2))


@given(seed=seeds, shift=st.integers(1, 5))
def test_keys_are_a_set(seed, shift):
    q, k, v = draw(seed, (3, 4), (5, 4), (5, 2))
    turned = attention(q, np.roll(k, shift, axis=0), np.roll(v, shift, axis=0))
    np.testing.assert_allclose(turned, attention(q, k, v), rtol=1e-12)


def test_hidden_keys_are_as_if_they_were_not_there():
    q, k, v = draw(0, (2, 3, 4), (2, 5, 4), (2, 5, 4))
    known = np.array([[True, True, False, True, False], [False, False, True, True, True]])
    out = attention(q, k, v, mask=known[:, None, :], heads=2)
    for i in range(2):
        expected = attention(q[i], k[i, known[i]], v[i, known[i]], heads=2)
        np.testing.assert_allclose(out[i], expected)


def test_who_may_look_nowhere_gets_0_and_gives_no_gradient():
    leaves = [ag.Tensor(a, requires_grad=True) for a in draw(0, *[(2, 3, 4)] * 3)]
    mask = np.ones((2, 3, 3), bool)
    mask[0] = mask[1, 2] = False
    out = attention(*leaves, mask=mask, heads=2)
    assert (out.data[0] == 0).all()
    assert (out.data[1, 2] == 0).all()
    assert (out.data[1, :2] != 0).all()
    out.sum().backward(create_graph=True)
    for leaf in leaves:
        assert np.isfinite(leaf.grad.data).all()
        assert (leaf.grad.data[0] == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_far_apart_are_each_exact(dtype):
    """Scores from −10⁴ to 10⁴ in one batch: nobody's exponentials may be lost."""
    q = np.array([[100.0], [-100.0], [0.0], [1e-3]], dtype)
    k = np.array([[100.0], [99.9], [-100.0]], dtype)
    v = np.eye(3, dtype=dtype)
    expected = by_the_formula(q.astype(float), k.astype(float), v.astype(float), np.ones((4, 3)))
    out = attention(q, k, v)
    assert out.dtype == dtype
    np.testing.assert_allclose(out, expected, rtol=2e-4 if dtype is np.float32 else 1e-10)


def test_float32_and_the_layout_stay():
    leaves = [ag.Tensor(a, requires_grad=True, dtype=np.float32) for a in draw(0, *[(2, 3, 4)] * 3)]
    out = attention(*leaves, causal=True, heads=2)
    assert out.dtype == np.float32
    out.sum().backward()
    assert all(leaf.grad.dtype == np.float32 for leaf in leaves)
    assert attention([[1, 0]], [[1, 0]], [[5, 6]]).tolist() == [[5.0, 6.0]]  # lists of integers


def test_can_go_back_twice_from_one_forward():
    q = ag.Tensor(draw(0, (3, 4))[0], requires_grad=True)
    out = attention(q, q, q, causal=True).sum()
    out.backward(retain_graph=True)
    first = q.grad.data.copy()
    out.backward()
    np.testing.assert_allclose(q.grad.data, 2 * first)


def test_what_it_refuses():
    q, k, v = draw(0, (2, 3, 4), (2, 5, 4), (2, 5, 6))
    with pytest.raises(TypeError, match=r"mask is float64; it says True where .*astype\(bool\)"):
        attention(q, k, v, mask=np.zeros((3, 5)))
    with pytest.raises(ValueError, match=r"mask of shape \(3, 3\) does not say for \(2, 3, 5\)"):
        attention(q, k, v, mask=np.ones((3, 3), bool))
    with pytest.raises(ValueError, match=r"mask\[\.\.\., None, :\].*each of the 5 keys"):
        attention(q, k, v, mask=np.ones((2, 5), bool))
    with pytest.raises(ValueError, match=r"3 queries and 5 keys.*np\.tri\(3, 5, 2, dtype=bool\)"):
        attention(q, k, v, causal=True)
    with pytest.raises(ValueError, match="4 features, but keys 6"):
        attention(q, v, v)
    with pytest.raises(ValueError, match="5 keys, but 4 values"):
        attention(q, k, v[:, :4])
    with pytest.raises(ValueError, match="3 equal heads"):
        attention(q, k, v, heads=3)
    with pytest.raises(ValueError, match="two axes"):
        attention(q[0, 0], k, v)
    with pytest.raises(ValueError, match="leading axes do not broadcast"):
        attention(q, k[[0, 1, 1]], v[[0, 1, 1]])


# -- the layer ------------------------------------------------------------------------------------


def in_pytorch(torch, layer, size, context):
    """Our layer in PyTorch's layout: (out, in), and three weights in one or apart."""
    units = layer.query.weight.shape[1]
    theirs = torch.nn.MultiheadAttention(
        units, layer.heads, kdim=context, vdim=context, batch_first=True, dtype=torch.float64
    )
    ours = {name: torch.tensor(p.data.T.copy()) for name, p in layer.named_parameters()}
    parts = ("query", "key", "value")
    state = {
        "in_proj_bias": torch.cat([ours[f"{name}.bias"] for name in parts]),
        "out_proj.weight": ours["out.weight"],
        "out_proj.bias": ours["out.bias"],
    }
    weights = [ours[f"{name}.weight"] for name in parts]
    if size == context:
        state["in_proj_weight"] = torch.cat(weights)
    else:
        state |= {f"{n}_proj_weight": w for n, w in zip("qkv", weights)}
    theirs.load_state_dict(state)
    return theirs


@pytest.mark.parametrize("kind", ["self", "causal", "padded", "cross"])
@settings(max_examples=5)
@given(seed=seeds)
def test_the_layer_is_pytorchs(kind, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    units, size = 8, 8 if kind != "cross" else 6
    layer = nn.MultiHeadAttention(units, 2, kind == "causal", dtype=np.float64, rng=seed)
    arrays = draw(seed, (2, 5, units), (2, 7, size))[: 2 if kind == "cross" else 1]
    layer(*arrays)
    for parameter in layer.parameters():
        parameter.array[...] = rng.normal(size=parameter.shape) / 2
    theirs = in_pytorch(torch, layer, units, size)

    call, their_call = {}, {"need_weights": True}  # PyTorch has no second order without
    if kind == "padded":
        known = np.array([[True] * 5, [True, True, False, True, False]])
        call["mask"] = known[:, None, :]
        their_call["key_padding_mask"] = torch.tensor(~known)
    if kind == "causal":
        their_call["attn_mask"] = torch.tensor(~np.tri(5, dtype=bool))
    leaves = [ag.Tensor(a, requires_grad=True) for a in arrays]
    their_leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    x, context = their_leaves[0], their_leaves[-1]
    out = layer(*leaves, **call)
    their_out, _ = theirs(x, context, context, **their_call)
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), rtol=1e-9, atol=1e-9)

    weights, *others = draw(seed, out.shape, *[a.shape for a in arrays])
    (out * weights).sum().backward(create_graph=True)
    along = (their_out * torch.tensor(weights)).sum()
    first = torch.autograd.grad(
        along, [*their_leaves, *theirs.parameters()], create_graph=True
    )
    for leaf, other in zip(leaves, first):
        np.testing.assert_allclose(leaf.grad.data, other.detach().numpy(), rtol=1e-9, atol=1e-9)
    names = [name for name, _ in theirs.named_parameters()]
    found = dict(zip(names, first[len(leaves) :], strict=True))
    mine = {name: p.grad.data.T for name, p in layer.named_parameters()}
    parts = ("query", "key", "value")
    expected = {"in_proj_bias": np.concatenate([mine[f"{part}.bias"] for part in parts])}
    if kind == "cross":
        expected |= {f"{n}_proj_weight": mine[f"{part}.weight"] for n, part in zip("qkv", parts)}
    else:
        expected["in_proj_weight"] = np.concatenate([mine[f"{part}.weight"] for part in parts])
    expected |= {f"out_proj.{what}": mine[f"out.{what}"] for what in ("weight", "bias")}
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(value, found[name].detach().numpy(), rtol=1e-9, atol=1e-9)

    gradients = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.zero_grad()
    sum((g * o).sum() for g, o in zip(gradients, others)).backward()
    total = sum((g * torch.tensor(o)).sum() for g, o in zip(first, others))
    for leaf, other in zip(leaves, torch.autograd.grad(total, their_leaves), strict=True):
        np.testing.assert_allclose(leaf.grad.data, other.numpy(), rtol=1e-9, atol=1e-9)


def test_sizes_are_found_and_state_is_saved_and_loaded(tmp_path):
    layer = nn.MultiHeadAttention(8, heads=2)
    x, context = draw(0, (2, 5, 3), (2, 7, 4))
    with pytest.raises(RuntimeError, match=r"Dense\(\? -> 8\)"):
        layer.parameters()
    expected = layer(x, context)
    assert expected.shape == (2, 5, 8)
    assert expected.dtype == np.float32
    assert layer.key.weight.shape == (4, 8)
    assert repr(layer).startswith("MultiHeadAttention(heads=2\n")
    layer.save(tmp_path / "layer.safetensors")
    other = nn.MultiHeadAttention(8, heads=2)
    other.load(tmp_path / "layer.safetensors")
    np.testing.assert_array_equal(other(x, context).data, expected.data)
    again = [nn.MultiHeadAttention(8, heads=2, in_features=3, rng=1)(x).data for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_what_the_layer_refuses():
    for heads in (3, 0, 2.0):
        with pytest.raises(ValueError, match=f"8 units do not split into {heads} equal heads"):
            nn.MultiHeadAttention(8, heads=heads)


# -- places ---------------------------------------------------------------------------------------


@given(length=st.integers(1, 40), units=st.integers(1, 9))
def test_sinusoidal_positions(length, units):
    places = nn.sinusoidal_positions(length, units, np.float64)
    assert places.shape == (length, units)
    for p in (0, length // 2, length - 1):
        for i in range(units):
            angle = p / 10000 ** ((i - i % 2) / units)
            expected = np.cos(angle) if i % 2 else np.sin(angle)
            assert places[p, i] == pytest.approx(expected, abs=1e-12)
    assert nn.sinusoidal_positions(3, 4).dtype == np.float32


def test_positional_embedding():
    layer = nn.PositionalEmbedding(6, dtype=np.float64, rng=0)
    assert repr(layer) == "PositionalEmbedding(6, ?)"
    x = ag.Tensor(draw(0, (2, 4, 3))[0], requires_grad=True)
    out = layer(x)
    np.testing.assert_array_equal(out.data, x.data + layer.weight.data[:4])
    out.sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.data[:, 0], [2, 2, 2, 2, 0, 0])
    assert layer(np.zeros((6, 3))).shape == (6, 3)
    assert nn.PositionalEmbedding(6)(np.zeros((6, 3))).dtype == np.float32  # the layer's, as all
    with pytest.raises(ValueError, match=r"knows 6 places of 3 features.*length of 7"):
        layer(np.zeros((2, 7, 3)))
    with pytest.raises(ValueError, match=r"knows 6 places.*and 4 units"):
        layer(np.zeros((2, 4, 4)))
    with pytest.raises(ValueError, match=r"position, feature"):
        layer(np.zeros(3))

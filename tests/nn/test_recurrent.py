"""Recurrent cells and layers: PyTorch's are the second source."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import autograd as ag
import nn

CELLS = {"RNNCell": 1, "LSTMCell": 4, "GRUCell": 3}
LAYERS = {"RNN": 1, "LSTM": 4, "GRU": 3}
every_cell = pytest.mark.parametrize("name", CELLS)
every_layer = pytest.mark.parametrize("name", LAYERS)
seeds = st.integers(0, 2**32)


def draw(rng, *shape):
    return rng.normal(size=shape)


def flat(value):
    """The arrays of outputs and states in a row."""
    if isinstance(value, (tuple, list)):
        return [array for part in value for array in flat(part)]
    return [value]


def as_state(parts):
    """What a cell takes: nothing, one array, or a pair."""
    return None if not parts else parts[0] if len(parts) == 1 else tuple(parts)


def scattered(cells, rng):
    """Parameters at places where nothing is special; biases too."""
    for parameter in cells.parameters():
        parameter.array[...] = rng.normal(size=parameter.shape) / 2


def derivatives(outputs, leaves, rng, library):
    """First and second order by all leaves, of a sum over all outputs with fixed weights."""
    weights = [draw(rng, *out.shape) for out in outputs]
    others = [draw(rng, *leaf.shape) for leaf in leaves]
    if library is ag:
        sum((out * w).sum() for out, w in zip(outputs, weights)).backward(create_graph=True)
        first = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.zero_grad()
        sum((g * o).sum() for g, o in zip(first, others)).backward()
        return [g.data for g in first], [leaf.grad.data for leaf in leaves]
    tensor = library.tensor
    total = sum((out * tensor(w)).sum() for out, w in zip(outputs, weights))
    first = library.autograd.grad(total, leaves, create_graph=True)
    along = sum((g * tensor(o)).sum() for g, o in zip(first, others))
    second = library.autograd.grad(along, leaves)
    return [g.detach().numpy() for g in first], [g.numpy() for g in second]


def pytorchs_parameters(cell):
    """One of our cells in PyTorch's layout: transposed, and with two biases."""
    bias = np.zeros(cell.weight.shape[1]) if cell.bias is None else cell.bias.data
    second = getattr(cell, "recurrent_bias", None)
    second = np.zeros_like(bias) if second is None else second.data
    return [cell.weight.data.T, cell.recurrent.data.T, bias, second]


def assert_close(ours, theirs):
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)


def ours_as_pytorchs(cells, values):
    """Values for each parameter of our cells, in PyTorch's layout, for what is in both."""
    values, found = iter(values), []
    for cell in cells:
        weight, recurrent, bias = next(values), next(values), next(values)
        second = next(values) if isinstance(cell, nn.GRUCell) else bias
        found += [weight.T, recurrent.T, bias, second]
    return found


@every_cell
@settings(max_examples=20)
@given(seed=seeds)
def test_cells_are_pytorchs(name, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    cell = getattr(nn, name)(3, in_features=2, dtype=np.float64, rng=seed)
    scattered(cell, rng)
    theirs = getattr(torch.nn, name)(2, 3, dtype=torch.float64)
    names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    theirs.load_state_dict(
        {n: torch.tensor(v) for n, v in zip(names, pytorchs_parameters(cell))}
    )
    x, h, c = draw(rng, 4, 2), draw(rng, 4, 3), draw(rng, 4, 3)
    state = (h, c) if name == "LSTMCell" else h
    for begin in ([], flat(state)):
        leaves = [ag.Tensor(v, requires_grad=True) for v in (x, *begin)]
        their_leaves = [torch.tensor(v, requires_grad=True) for v in (x, *begin)]
        out = flat(cell(leaves[0], as_state(leaves[1:])))
        their_out = flat(theirs(their_leaves[0], as_state(their_leaves[1:])))
        assert_close([o.data for o in out], [o.detach().numpy() for o in their_out])
        for mine, other in zip(
            derivatives(out, leaves, np.random.default_rng(1), ag),
            derivatives(their_out, their_leaves, np.random.default_rng(1), torch),
            strict=True,
        ):
            assert_close(mine, other)


@every_layer
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@settings(max_examples=5)
@given(seed=seeds, begun=st.booleans())
def test_layers_are_pytorchs(name, layers, bidirectional, seed, begun):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    common = dict(bidirectional=bidirectional)
    layer = getattr(nn, name)(3, 2, layers, **common, dtype=np.float64, rng=seed)
    scattered(layer, rng)
    theirs = getattr(torch.nn, name)(
        2, 3, layers, batch_first=True, dtype=torch.float64, **common
    )
    values = [v for cell in layer.cells for v in pytorchs_parameters(cell)]
    with torch.no_grad():
        for parameter, value in zip(theirs.parameters(), values, strict=True):
            parameter.copy_(torch.tensor(value))

    x = draw(rng, 4, 5, 2)
    parts = 2 if name == "LSTM" else 1
    begin = [draw(rng, len(layer.cells), 4, 3) for _ in range(parts)] if begun else []
    leaves = [ag.Tensor(v, requires_grad=True) for v in (x, *begin)]
    their_leaves = [torch.tensor(v, requires_grad=True) for v in (x, *begin)]
    out = flat(layer(leaves[0], as_state(leaves[1:])))
    their_out = flat(theirs(their_leaves[0], as_state(their_leaves[1:])))
    assert_close([o.data for o in out], [o.detach().numpy() for o in their_out])

    weights = [draw(rng, *o.shape) for o in out]  # gradients of parameters, in their layout
    sum((o * w).sum() for o, w in zip(out, weights)).backward(retain_graph=True)
    sum((o * torch.tensor(w)).sum() for o, w in zip(their_out, weights)).backward(
        retain_graph=True
    )
    mine = ours_as_pytorchs(layer.cells, [p.grad.data for p in layer.parameters()])
    assert_close(mine, [p.grad.numpy() for p in theirs.parameters()])
    for leaf in leaves:
        leaf.zero_grad()

    for mine, other in zip(
        derivatives(out, leaves, np.random.default_rng(1), ag),
        derivatives(their_out, their_leaves, np.random.default_rng(1), torch),
        strict=True,
    ):
        assert_close(mine, other)


@every_cell
@given(seed=seeds)
@settings(max_examples=5)
def test_second_order_by_the_parameters(name, seed):
    cell = getattr(nn, name)(2, in_features=2, dtype=np.float64, rng=seed)
    scattered(cell, np.random.default_rng(seed))
    x, h = draw(np.random.default_rng(seed), 2, 3, 2)
    names = [n for n, _ in cell.named_parameters()]

    def out(*parameters):
        state = (h[:, :2], h[:, :2]) if name == "LSTMCell" else h[:, :2]
        return flat(nn.functional_call(cell, dict(zip(names, parameters)), x[:, :2], state))[0]

    ag.check_gradients(out, *[p.data.copy() for p in cell.parameters()], order=2)


# -- what they promise ----------------------------------------------------------------------------


@every_layer
def test_a_layer_goes_on_where_it_stopped(name):
    layer = getattr(nn, name)(4, layers=2, rng=0)
    x = draw(np.random.default_rng(0), 3, 7, 2).astype(np.float32)
    whole, last = layer(x)
    begun, state = layer(x[:, :4])
    ended, state = layer(x[:, 4:], state)
    np.testing.assert_allclose(np.concatenate([begun, ended], axis=1).data, whole.data, atol=1e-6)
    for mine, other in zip(flat(state), flat(last), strict=True):
        np.testing.assert_allclose(mine.data, other.data, atol=1e-6)


@every_layer
def test_a_layer_is_its_cell_step_by_step(name):
    layer = getattr(nn, name)(4, rng=0)
    x = draw(np.random.default_rng(0), 3, 5, 2).astype(np.float32)
    outputs, _ = layer(x)
    state, (cell,) = None, layer.cells
    for t in range(5):
        state = cell(x[:, t], state)
        np.testing.assert_allclose(outputs.data[:, t], flat(state)[0].data, atol=1e-6)


@every_layer
def test_what_it_returns(name):
    x = draw(np.random.default_rng(0), 3, 5, 2)
    for kind in ({}, {"bidirectional": True}, {"layers": 2, "bidirectional": True}):
        make = lambda returns, kind=kind: getattr(nn, name)(
            4, **kind, returns=returns, rng=0
        )(x)
        outputs, state = make("both")
        np.testing.assert_array_equal(make("outputs").data, outputs.data)
        last = make("last").data
        np.testing.assert_array_equal(last[:, :4], outputs.data[:, -1, :4])
        np.testing.assert_array_equal(last[:, 4:], outputs.data[:, 0, 4:])
        assert flat(state)[0].shape == (len(last[0]) // 4 * kind.get("layers", 1), 3, 4)
    with pytest.raises(ValueError, match=r"returns='all'.*both, outputs, last"):
        make("all")


@pytest.mark.parametrize("name", [*CELLS, *LAYERS])
def test_sizes_are_found_and_state_is_saved_and_loaded(name, tmp_path):
    x = draw(np.random.default_rng(0), 3, 5, 2)
    x = x[:, 0] if name in CELLS else x
    layer = getattr(nn, name)(4)
    assert "? -> 4" in repr(layer)
    with pytest.raises(RuntimeError, match="do not know their input size"):
        layer.parameters()
    expected = flat(layer(x))[0].data
    assert "2 -> 4" in repr(layer)
    assert flat(layer(x))[0].dtype == np.float32
    layer.save(tmp_path / "layer.npz")
    other = getattr(nn, name)(4)
    other.load(tmp_path / "layer.npz")  # finds the size, too
    np.testing.assert_array_equal(flat(other(x))[0].data, expected)
    assert {n.rpartition(".")[2] for n, _ in layer.named_parameters()} >= {"weight", "recurrent"}


@pytest.mark.parametrize("name", [*CELLS, *LAYERS])
def test_settings(name):
    make = getattr(nn, name)
    layer = make(4, 2, bias=False, dtype=np.float64, init="zeros", recurrent_init="eye", rng=0)
    cell = layer if name in CELLS else layer.cells[0]
    assert cell.bias is None
    assert len(layer.parameters()) == 2
    assert (cell.weight.data == 0).all()
    np.testing.assert_array_equal(cell.recurrent.data[:, :4], np.eye(4))
    first, second = make(4, 2, rng=3), make(4, 2, rng=3)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def test_the_activation_of_a_plain_network():
    layer = nn.RNN(4, 2, activation="relu", rng=0)
    out, _ = layer(draw(np.random.default_rng(0), 3, 5, 2))
    assert out.data.min() == 0


def test_the_forget_gate_remembers_at_first():
    bias = nn.LSTMCell(3, 2).bias.data
    np.testing.assert_array_equal(bias, np.repeat([0, 1, 0, 0], 3))


@every_layer
def test_learns_to_remember_the_first_of_a_sequence(name):
    import optim

    rng = np.random.default_rng(0)
    x = rng.choice([-1.0, 1.0], (64, 6, 1))
    t = x[:, 0, 0] > 0
    nn.seed(0)
    model = nn.Sequential(getattr(nn, name)(8, returns="last"), nn.Dense(1), lambda y: y[:, 0])
    model(x)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        loss = nn.binary_cross_entropy_with_logits(model(x), t)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


# -- errors ---------------------------------------------------------------------------------------


@every_layer
def test_wrong_inputs_and_states_are_named(name):
    layer = getattr(nn, name)(4, layers=2)
    with pytest.raises(ValueError, match=r"\(batch, time, feature\).*\(5, 2\).*x\[None\]"):
        layer(np.zeros((5, 2)))
    layer(np.zeros((3, 5, 2)))
    with pytest.raises(ValueError, match=r"takes 2 features.*\(3, 5, 4\)"):
        layer(np.zeros((3, 5, 4)))
    with pytest.raises(ValueError, match=r"initial state of 3 sequences is .* shape \(2, 3, 4\)"):
        layer(np.zeros((3, 5, 2)), np.zeros((1, 3, 4)))
    with pytest.raises(ValueError, match="layers=0"):
        getattr(nn, name)(4, layers=0)


@every_cell
def test_wrong_states_of_cells_are_named(name):
    cell = getattr(nn, name)(4)
    with pytest.raises(ValueError, match=r"state of 3 sequences is .* of shape \(3, 4\)"):
        cell(np.zeros((3, 2)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="units=0"):
        getattr(nn, name)(0)

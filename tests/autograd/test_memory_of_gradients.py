"""Who owns what: gradients that are handed out share memory with nobody, and what a graph needs is
either its own, or watched."""

import copy

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor
from autograd.backward import GradientWarning


def leaf(values):
    return Tensor(values, requires_grad=True)


WEIGHTS = np.array([3.0, 4.0])


def test_gradients_of_functions_are_each_ones_own():
    found = ag.grad(lambda p: ((p["a"] + p["b"]) * WEIGHTS).sum())
    g = found({"a": np.ones(2), "b": np.ones(2)})
    g["a"] *= 10
    np.testing.assert_array_equal(g["b"], WEIGHTS)
    found = ag.grad(lambda a, b: ((a + b) * WEIGHTS).sum(), (0, 1))
    first, second = found(Tensor([1.0, 1.0]), Tensor([1.0, 1.0]))
    first[0] = 7
    assert second.tolist() == [3, 4]
    given = np.ones(2)
    _, pullback = ag.vjp(lambda a, b: a + b, np.ones(2), np.ones(2))
    first, second = pullback(given)
    first[0] = 7
    assert (given.tolist(), second.tolist()) == ([1, 1], [1, 1])


def test_gradients_that_are_recorded_are_each_ones_own():
    a, b, given = leaf([1.0, 2.0]), leaf([3.0, 4.0]), np.ones(2)
    (a + b).backward(given, create_graph=True)
    a.grad.array[0] = 7
    assert (b.grad.tolist(), given.tolist()) == ([1, 1], [1, 1])
    given[:] = 5
    assert b.grad.tolist() == [1, 1]


def test_what_a_vjp_gave_and_was_given_may_be_changed():
    x = np.array([0.0, 1.0])
    out, pullback = ag.vjp(np.exp, x)
    out *= 0
    x += 5
    np.testing.assert_allclose(pullback(np.ones(2))[0], [1, np.e])
    out, _ = ag.vjp(lambda x: x, x)
    assert not np.shares_memory(out, x)


@pytest.mark.parametrize("x", [Tensor([1.0, 2.0]), leaf([1.0, 2.0])])
def test_a_value_beside_a_gradient_has_no_used_up_graph(x):
    with ag.no_grad():
        value, _ = ag.value_and_grad(lambda x: (x * x).sum())(x)
    w = leaf(2.0)
    (value * w).backward()
    assert w.grad.item() == 5


def test_a_hook_looks_and_does_not_write():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    a.register_hook(lambda g: g.__setitem__(0, 100.0))
    with pytest.raises(ValueError, match="read-only"):
        ((a + b) * WEIGHTS).sum().backward()


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("given", [2, 2.0, np.float64(2), np.array(2), Tensor(2.0)])
def test_what_a_hook_returns_is_cast(given, create_graph):
    x = Tensor(np.float32(3), requires_grad=True)
    x.register_hook(lambda g: given)
    (x * x).backward(create_graph=create_graph)
    assert (x.grad.item(), x.grad.dtype) == (2, np.float32)


# -- writes that a graph has to notice ------------------------------------------------------------

INDICES = {
    "x[:, i]": lambda x, i: x[:, i],
    "x[i, 0]": lambda x, i: x[i, 0],
    "x[(i,)]": lambda x, i: x[(i,)],
    "take": lambda x, i: np.take(x, i, 0),
    "take_along_axis": lambda x, i: np.take_along_axis(x, np.reshape(i, (2, 1)), 0),
    "index_set": lambda x, i: ag.index_set(x, (0, i), 5.0),
}


@pytest.mark.parametrize("name", INDICES)
def test_an_index_that_changed(name):
    x, i = leaf(np.ones((3, 3))), Tensor([0, 1])
    y = INDICES[name](x, i).sum()
    i[0] = 2
    with pytest.raises(RuntimeError, match="overwritten"):
        y.backward()


def test_an_index_whose_data_was_replaced_is_still_the_old_one():
    x, i = leaf(np.ones((3, 2))), Tensor([0, 1])
    y = x[i, 0].sum()
    i.data = [2, 2]
    y.backward()
    assert x.grad.tolist() == [[1, 0], [1, 0], [0, 0]]


@pytest.mark.parametrize("constant", [False, True])
def test_a_write_behind_a_sliding_window(constant):
    x = Tensor(np.arange(1.0, 5), requires_grad=not constant)
    windows = np.lib.stride_tricks.sliding_window_view(x, 2)
    y = (windows * leaf(1.0) if constant else windows * windows).sum()
    with ag.no_grad():
        x += 100.0
    with pytest.raises(RuntimeError, match="overwritten"):
        y.backward()


# -- graphs that would be lost ---------------------------------------------------------------------


LISTS = {
    "convolve(v=)": lambda x, t: np.convolve(x, v=t),
    "stack": lambda x, t: np.stack([x, t]),
    "concatenate": lambda x, t: np.concatenate([x, t]),
    "einsum": lambda x, t: np.einsum("i,i", x, t),
    "solve(b=)": lambda x, t: np.linalg.solve(np.eye(3) * x, b=t),
    "lstsq": lambda x, t: np.linalg.lstsq(np.eye(3) * x, t, rcond=None)[0],
    "multi_dot": lambda x, t: np.linalg.multi_dot([np.eye(3) * x, t]),
    "index_set": lambda x, t: ag.index_set(x, slice(3), values=t),
    "insert": lambda x, t: np.insert(x, 0, values=t),
    "cross": lambda x, t: np.cross(x, b=t),
    "outer": lambda x, t: np.outer(x, b=t),
    "var(mean=)": lambda x, t: np.var(x, mean=t[:1]),
    "beside a constant": lambda x, t: np.convolve(x.detach(), v=t),
    "multiply": lambda x, t: x * t,
    "matmul": lambda x, t: x @ t,
    "where": lambda x, t: np.where([True, False, True], x, t),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_tensors_is_no_array(name):
    x, tensors = leaf([1.0, 2.0, 3.0]), [leaf(1.0), leaf(2.0), leaf(3.0)]
    with pytest.raises(TypeError, match=r"lose (their|its) graph"):
        LISTS[name](x, tensors)
    assert np.isfinite(LISTS[name](x, [1.0, 2.0, 3.0]).array).all()


def test_a_list_of_tensors_may_be_one_where_nothing_is_recorded():
    x, tensors = leaf([1.0, 2.0]), [leaf(1.0), leaf(2.0)]
    with ag.no_grad():
        assert np.stack([x, tensors]).tolist() == [[1, 2], [1, 2]]
        assert np.outer(x, b=tensors).tolist() == [[1, 2], [2, 4]]


def test_a_list_beside_a_tensor_is_the_array_it_means():
    y = leaf([1.0, 2.0])
    np.heaviside([0.0, 1.0], y).sum().backward()
    assert y.grad.tolist() == [1, 0]
    y = leaf([1.0, 2.0])
    (np.power([0.0, 2.0], y).sum() + np.power(y, [2, 3]).sum()).backward()
    np.testing.assert_allclose(y.grad, [2, 12 + 4 * np.log(2)])
    numbers, x = [1.0, 2.0], leaf([1.0, 1.0])
    y = (x * numbers).sum()
    numbers[0] = 100.0
    y.backward()
    assert x.grad.tolist() == [1, 2]


def test_a_shallow_copy_of_a_result_stays_in_the_graph():
    x = leaf([1.0])
    (copy.copy(x * 2).sum() + copy.copy(x).sum()).backward()
    assert x.grad.tolist() == [2]


def test_integers_by_dtype():
    with pytest.raises(TypeError, match=r"np\.multiply\(dtype=int64\) would lose the graph"):
        np.multiply(leaf([1.5]), 2, dtype=np.int64)


def test_an_async_generator_is_refused():
    with pytest.raises(TypeError, match="async generator"):

        @ag.no_grad()
        async def numbers():
            yield 1


def test_argnums_of_numpys_and_twice_the_same():
    assert ag.grad(lambda a, b: a * b, np.int64(1))(2.0, 3.0) == 2
    with pytest.raises(ValueError, match="twice"):
        ag.grad(lambda a, b: a * b, (0, -2))(2.0, 3.0)


def test_accumulate_does_not_write_into_a_graph():
    with pytest.raises(TypeError, match=r"accumulate\(out=…\) cannot be recorded"):
        np.maximum.accumulate(leaf([1.0, 2.0]), out=np.zeros(2))


def test_many_parts_take_no_time_each():
    """A part that held what it needs to know of all others took 2 GB for 4,000 of them."""
    parts = np.split(leaf(np.ones(2000)), 2000)
    assert parts[0].node.plan.pull.__closure__
    likes = [
        cell.cell_contents
        for part in parts[:2]
        for cell in part.node.plan.pull.__closure__
        if isinstance(cell.cell_contents, list)
    ]
    assert likes[0] is likes[1]


# -- NaN that is made in a sum ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "lose",
    [
        lambda x: (np.sqrt(x) - np.sqrt(x) * 1.0).sum(),
        lambda x: (np.sqrt(x + np.zeros(2)) * np.array([1.0, -1.0])).sum(),
    ],
)
def test_infinities_that_meet_in_a_sum_are_named(lose):
    with pytest.warns(GradientWarning, match="∞ − ∞"):
        lose(leaf([0.0])).backward()
    with pytest.warns(GradientWarning, match="∞ − ∞"):
        ag.grad(lose)(np.zeros(1))
    with pytest.warns(GradientWarning, match="∞ − ∞"):
        ag.jacobian(lose)(np.zeros(1))


def test_what_comes_in_is_not_made_here():
    """ag.debug() blames no op for a NaN or an infinity that it was given, in whatever form."""
    x = leaf([1.0, 2.0])
    with ag.debug():
        np.stack([x, np.array([np.inf, 1])])
        np.concatenate([x, [np.nan]])
        np.where([True, False], x, -np.inf)
        np.pad(x, 1, constant_values=-np.inf)
        ag.index_set(x, 0, -np.inf)
        np.multiply(x, np.inf)
        with pytest.raises(FloatingPointError, match="log made"), np.errstate(divide="ignore"):
            np.log(x - 1)


# -- numbers at the edges --------------------------------------------------------------------------


@pytest.mark.parametrize("large", [1e8, 1e17, 1e300])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_shares_add_up_to_1(large, dtype):
    values = np.full(2, min(large, float(np.finfo(dtype).max) / 4), dtype)
    for f in (ag.logsumexp, lambda x: np.logaddexp(*x), lambda x: np.logaddexp2(*x)):
        assert ag.grad(f)(values).tolist() == [0.5, 0.5]


def test_a_small_share_keeps_its_digits():
    g = ag.grad(lambda x: np.logaddexp(x[0], x[1]))(np.array([0.0, 40.0]))
    np.testing.assert_allclose(g, [np.exp(-40), 1])


@pytest.mark.parametrize("mean", [np.mean, np.nanmean, np.average])
def test_means_of_more_than_float16_can_count(mean):
    x = Tensor(np.ones(100_000, np.float16), requires_grad=True)
    with np.errstate(over="ignore"):  # nanmean's own sum
        y = mean(x)
    y.backward()
    np.testing.assert_allclose(x.grad, 1e-5, rtol=1e-2)


@pytest.mark.parametrize("f", [np.linalg.svdvals, lambda a: np.linalg.eigvalsh((a + a.T) / 2)])
def test_second_derivatives_at_values_that_coincide_are_warned_of(f):
    penalty = lambda a: np.sum((f(a) - 1) ** 2)
    assert not ag.grad(penalty)(np.eye(2)).any()
    with pytest.warns(GradientWarning, match="coincide"):
        ag.hessian(penalty)(np.eye(2))
    ag.hessian(penalty)(np.diag([1.0, 2.0]))


def test_more_axes_of_values_than_of_places():
    """NumPy's own add.at crashes there."""
    a = np.zeros((3, 4))
    found = ag.index_add(a, (None, [0, 0]), np.ones((1, 1, 1, 2, 4)))
    assert found[0].tolist() == [2] * 4
    with pytest.raises(ValueError, match="do not fit"):
        ag.index_add(a, (None, [0, 0]), np.ones((2, 1, 1, 2, 4)))

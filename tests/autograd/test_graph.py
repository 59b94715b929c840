"""The engine's promises about the graph: its walk, its memory, its state, and its threads."""

import asyncio
import gc
import inspect
import platform
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor, memory
from autograd.declare import registry
from autograd.graph import Node, is_recording, walk


def leaf(values, name=None):
    return Tensor(values, requires_grad=True, name=name)


# -- depth, width, memory -------------------------------------------------------------------------


def test_a_chain_of_100_000_ops_goes_forward_backward_and_away():
    x = y = leaf([1.0, 2.0])
    for _ in range(50_000):
        y = y * 1.0
        y = y + 1e-5
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data, [1.0, 1.0])
    del y  # tears 100,000 nodes down without recursion


def test_a_chain_of_100_000_ops_to_second_order():
    x = leaf(0.5)
    y = x
    for _ in range(50_000):
        y = y * 1.00001 + 0.0
    y.backward(create_graph=True)
    slope = x.grad
    x.grad = None
    np.testing.assert_allclose(slope.item(), 1.00001**50_000)
    (slope * x).backward()
    np.testing.assert_allclose(x.grad.item(), 1.00001**50_000)


def test_a_wide_graph_is_no_harder_than_a_deep_one():
    x = leaf(np.ones(3))
    total = sum(x * k for k in range(20_000))
    total.sum().backward()
    np.testing.assert_array_equal(x.grad.data, sum(range(20_000)))


@pytest.mark.slow
def test_a_chain_of_a_million_ops():
    x = y = leaf(1.0)
    for _ in range(1_000_000):
        y = y + 1.0
    y.backward()
    assert (y.item(), x.grad.item()) == (1_000_001.0, 1.0)


def test_a_diamond_of_60_doublings_is_linear():
    y = x = leaf(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_nothing_is_left_to_the_cycle_collector():
    def work():
        x, w = leaf([1.0, 2.0]), leaf([[1.0, 2.0], [3.0, 4.0]])
        loss = (np.tanh(x @ w) ** 2).sum()
        loss.backward(create_graph=True)
        g = x.grad
        x.zero_grad()
        (g * g).sum().backward()
        parts = np.split(np.concatenate([x, x * 2]), 2)
        (parts[0] * parts[1]).sum().backward()
        values, _ = np.linalg.eigh(w + w.T)
        values.sum().backward()

    work()
    gc.collect()
    gc.disable()
    try:
        work()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_about_one_large_array_is_kept_for_tanh_of_an_affine_map():
    n = 1_000_000
    x, w, b = np.ones(n), leaf(2.0), leaf(3.0)
    tracemalloc.start()
    y = np.tanh(x * w + b)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1.1 * y.data.nbytes  # tanh's own output, which its rule asks for


def test_saved_arrays_are_let_go_as_they_are_used_and_small_values_stay():
    x = leaf(np.ones(1000))
    y = np.exp(np.exp(x))
    loss = y.sum()
    inner = loss.node.inputs[0].inputs[0]
    assert inner.saved
    loss.backward()
    assert inner.saved is None
    assert inner.value is None  # large: never kept for pictures
    small = (leaf([1.0, 2.0]) * 3.0).sum()
    small.backward()
    (product,) = small.node.inputs
    np.testing.assert_array_equal(product.value, [3.0, 6.0])
    np.testing.assert_array_equal(product.grad, [1.0, 1.0])


def test_a_small_view_does_not_keep_a_large_array_alive():
    big = np.ones((1000, 1000))
    y = leaf(big)[0, :3]
    assert y.node.value.base is None


def test_rules_of_inputs_that_need_no_gradient_do_not_run_and_save_nothing():
    ran = []
    product = ag.op(lambda a, b: a * b, name="product")
    product.wrt("a")(lambda g, b: ran.append("a") or g * b)
    product.wrt("b")(lambda g, a: ran.append("b") or g * a)
    w = leaf([1.0, 2.0])
    y = product(np.array([3.0, 4.0]), w)
    assert y.node.plan.names == ("a",)
    y.sum().backward()
    assert ran == ["b"]


def test_only_the_way_to_the_targets_is_walked():
    ran = []
    noisy = ag.elementwise(lambda x: x * 1.0, lambda g: ran.append(1) or g, name="noisy")
    outer = leaf(2.0)
    assert ag.grad(lambda x: x * noisy(outer))(3.0) == 2.0
    assert ran == []


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's malloc")
def test_the_next_step_finds_the_memory_of_the_last_one():
    program = """if True:
        import resource, numpy as np, autograd as ag
        x = ag.Tensor(np.ones(1_000_000, np.float32), requires_grad=True)
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            y = x
            for _ in range(5):
                y = np.tanh(y * 1.1 + 0.1)
            y.sum().backward()
            del y
            x.grad = None
        print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    """
    here = Path(ag.__file__).parents[1]
    said = subprocess.check_output([sys.executable, "-c", program], cwd=here)
    assert int(said) < 500  # pages fetched in the last step; 6,800 without heap.py


# -- gradients ------------------------------------------------------------------------------------


def test_gradients_accumulate_and_leaves_own_theirs():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    given = np.ones(2)
    (a + b).backward(given)
    assert a.grad.array is not b.grad.array
    a.grad.data[:] = 7
    np.testing.assert_array_equal(b.grad.data, [1.0, 1.0])
    np.testing.assert_array_equal(given, [1.0, 1.0])
    (a + b).sum().backward()
    np.testing.assert_array_equal(b.grad.data, [2.0, 2.0])
    b.zero_grad()
    assert b.grad is None


def test_gradients_that_add_up_in_place_change_nobody_elses():
    x = leaf(np.ones(100))
    terms = [x * 5, x * 7, x * 11]
    y = x + 0  # newer than the terms, and it hands its own gradient on to x, where they come on top
    y.retain_grad()
    seen = []
    y.register_hook(lambda g: seen.append(g))
    sum(terms, y).sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.full(100, 24.0))
    np.testing.assert_array_equal(y.grad.data, np.ones(100))
    np.testing.assert_array_equal(seen[0].data, np.ones(100))


@pytest.mark.parametrize("shape", [(), (3,), (100,)])
@pytest.mark.parametrize("create_graph", [False, True])
def test_one_input_used_many_times(shape, create_graph):
    x = leaf(np.full(shape, 2.0))
    y = sum((x**k for k in range(1, 6)), x)
    y.backward(np.ones(shape), create_graph=create_graph)
    expected = 1 + sum(k * 2.0 ** (k - 1) for k in range(1, 6))
    np.testing.assert_array_equal(x.grad.data, np.full(shape, expected))


def test_recorded_gradients_come_on_top_of_plain_ones():
    constant = ag.elementwise(lambda x: x * 0, lambda g: np.zeros(3), name="constant")
    x = leaf(np.ones(3))
    square = x * x  # older than the constants: its gradient, a Tensor, comes third
    (constant(x) + constant(x) + square).sum().backward(create_graph=True)
    g, x.grad = x.grad, None
    g.sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.full(3, 2.0))


def test_a_rule_that_comes_after_a_call_counts():
    area = ag.op(lambda a, b: a * b, name="area")
    x = leaf(3.0)
    with pytest.raises(TypeError, match="no derivative with respect to 'a'"):
        area(x, 2.0)
    area.wrt("a")(lambda g, b: g * b)
    area(x, 2.0).backward()
    assert x.grad.item() == 2.0
    area.wrt("b")(lambda g, a: g * a)
    w = leaf(2.0)
    area(x, w).backward()
    assert (x.grad.item(), w.grad.item()) == (4.0, 3.0)


def test_backward_twice_is_an_error_with_the_way_out():
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [4.0, 8.0])
    with pytest.raises(RuntimeError, match=r"second time.*retain_graph=True.*add the losses"):
        y.backward()
    np.testing.assert_array_equal(x.grad.data, [4.0, 8.0])


def test_a_failing_rule_changes_no_gradient_and_names_the_op():
    def fails(g):
        raise KeyError("mine")

    bad = ag.elementwise(lambda x: x * 1.0, fails, name="bad")
    x, y = leaf(1.0), leaf(2.0)
    with pytest.raises(KeyError) as caught:
        (bad(x) + y).backward()
    (note,) = caught.value.__notes__
    assert note == (
        "in the derivative rule of bad for x: g = an array of shape (); x = <leaf node () float64>"
    )
    assert x.grad is None
    assert y.grad is None
    assert is_recording()


def test_a_rule_that_gives_a_wrong_shape_is_named():
    bad = ag.elementwise(lambda x: x * 1.0, lambda g: np.ones(5), name="bad")
    with pytest.raises(ValueError, match=r"rule of bad for x gave .*shape \(5,\).*shape \(2,\)"):
        bad(leaf([1.0, 2.0])).sum().backward()


def my_linear(rule_for_w, function=np.matmul):
    f = ag.op(lambda x, w: function(x, w), name="my_linear")
    f.wrt("x")(lambda g, w: g @ w.T)
    f.wrt("w")(rule_for_w)
    return f


def test_an_error_in_a_rule_names_the_input_wherever_it_runs():
    f = my_linear(lambda g, x: x.T @ g.missing)
    ways = [
        lambda: f(leaf(np.ones((2, 3))), leaf(np.ones((3, 4)))).sum().backward(),
        lambda: ag.jacobian(f, (0, 1))(np.ones((2, 3)), np.ones((3, 4))),
    ]
    for way in ways:
        with pytest.raises(AttributeError) as caught:
            way()
        assert "rule of my_linear for w: g = an array of shape (2, 4)" in caught.value.__notes__[0]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("rule", "returned"),
    [
        (lambda g: 0.0, "returned 0.0"),
        (lambda g, x: (x.T @ g,), "returned a tuple of 1; a rule returns one gradient"),
        (lambda g, x: [x.T @ g], "returned a list of 1; a rule returns one gradient"),
        (lambda g: "g", "returned a str"),
    ],
)
def test_a_rule_that_gives_no_array_is_named(rule, returned, create_graph):
    f = my_linear(rule)
    x, w = leaf(np.ones((2, 3))), leaf(np.ones((3, 4)))
    with pytest.raises(TypeError, match=f"the rule of my_linear for w {returned}"):
        f(x, w).sum().backward(create_graph=create_graph)
    with pytest.raises(TypeError, match=f"the rule of my_linear for w {returned}"):
        ag.jacobian(f, 1)(x.data, w.data)


def test_a_rule_may_give_numbers_and_lists_of_them():
    product = ag.op(lambda v: v[0] * v[1], name="product")
    product.wrt("v")(lambda g, v: [g * v[1], g * v[0]])
    ag.check_gradients(product, np.array([2.0, 3.0]))
    np.testing.assert_array_equal(ag.jacobian(product)(np.array([2.0, 3.0])), [3.0, 2.0])
    double = ag.elementwise(lambda x: 2 * x, lambda g: 2.0, name="double")
    assert ag.grad(double)(1.0) == 2.0


def test_an_op_may_return_a_number_and_is_named_if_it_returns_no_array():
    x, w = leaf(np.ones((2, 3))), leaf(np.ones((3, 4)))
    total = ag.op(lambda x: float(x.sum()), name="total")
    total.wrt("x")(lambda g, x: g * np.ones(x.shape))
    assert total(x).shape == ()
    ag.check_gradients(total, x.data)
    for out, what in [
        (None, "None: is a return missing"),
        ([1.0, 2.0], "a list of float"),
        ((w.data, 2.0), "a tuple of float, ndarray"),
        ({}, "a dict"),
    ]:
        with pytest.raises(TypeError, match=f"op my_linear returned {what}"):
            my_linear(lambda g: g, lambda x, w, out=out: out)(x, w)


def test_nodes_are_written_with_one_space():
    y = leaf([1.0]) * np.ones(1)
    assert repr(y.node.inputs) == "(<leaf node (1,) float64>, <constant (1,) float64>)"
    named = Tensor([1.0], requires_grad=True, name="w")
    assert repr(named.node) == "<leaf node w (1,) float64>"


def test_what_all_rules_begin_with_is_done_once():
    calls = []

    @ag.op(formula="tanh(x · y)")
    def tanh_product(x, y):
        return np.tanh(x * y)

    @tanh_product.first
    def _(g, out):
        calls.append(1)
        return g * (1 - out * out)

    tanh_product.wrt("x")(lambda g, y: g * y)
    tanh_product.wrt("y")(lambda g, x: g * x)

    x, y = leaf([0.5, -1.0]), leaf([2.0, 0.3])
    tanh_product(x, y).sum().backward()
    assert calls == [1]
    assert set(tanh_product(x, 2.0).node.plan.names) == {"y", "out"}
    ag.check_gradients(tanh_product, x.data, y.data, order=2)


def test_misspelt_rules_fail_at_declaration():
    with pytest.raises(TypeError, match=r"asks for 'z'.*not g, out"):
        ag.elementwise(np.sin, lambda g, z: g, name="f")
    f = ag.op(lambda a, axis=0: a, name="f")
    with pytest.raises(TypeError, match=r"no parameter 'b'"):
        f.wrt("b")(lambda g: g)
    with pytest.raises(TypeError, match=r"what comes first asks for 'b'.*not g, out"):
        f.first(lambda g, b: g)
    with pytest.raises(TypeError, match=r"f\(a, axis=0\): there is no 'axes'\. Do you mean axis=…"):
        f(leaf(1.0), axes=1)
    with pytest.raises(TypeError, match=r"there is no 'weights'\. Do you mean w=…"):
        my_linear(lambda g: g)(leaf(1.0), weights=2.0)
    before = registry["sin"]
    with pytest.raises(ValueError, match="already claimed"):
        ag.elementwise(np.sin, lambda g, x: g, register=True)
    assert registry["sin"] is before


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda x: np.cos(x), "begins with 'x'.*write lambda g, x: …"),
        (lambda x, g: g * np.cos(x), "begins with 'x'.*write lambda g, x: …"),
        (lambda out, x: out, "begins with 'out'.*write lambda g, out, x: …"),
        (lambda x_shape: 1, "begins with 'x_shape'.*write lambda g, x_shape: …"),
        (lambda dy, g, x: g, "begins with 'dy'.*write lambda g, x: …"),
        (lambda: 1, "has no parameter.*write lambda g: …"),
    ],
)
def test_a_rule_that_forgets_g_is_refused(rule, said):
    with pytest.raises(TypeError, match=f"op f: the rule for x {said}"):
        ag.elementwise(lambda x: np.sin(x), rule, name="f")


def test_g_may_be_called_otherwise():
    sine = ag.elementwise(lambda x: np.sin(x), lambda dy, x: dy * np.cos(x), name="sine")
    assert ag.grad(sine)(0.0) == 1.0
    scaled = ag.op(lambda x, g: g * x, name="scaled")  # an op with a parameter of that name
    scaled.wrt("x")(lambda dy, g: dy * g)
    assert ag.grad(scaled)(1.0, 3.0) == 3.0


@pytest.mark.parametrize(
    ("function", "count", "said"),
    [
        (np.sin, 0, r"no rules came for 1 input; .*elementwise\(sin, lambda g, x: …\)"),
        (np.sin, 2, r"2 rules came for 1 input; "),
        (np.multiply, 1, r"1 rule came for 2 inputs; .*lambda g, y: …, lambda g, x: …\)"),
        (lambda x, y: x * y, 1, r"1 rule came for 2 inputs"),
        (lambda x, y, z: x * y * z, 3, r"3 rules came for 3 inputs.*Write f = ag\.op\(…\)"),
        (np.clip, 3, r"3 rules came, and elementwise is for functions of one or two"),
    ],
)
def test_elementwise_wants_a_rule_for_each_input(function, count, said):
    with pytest.raises(TypeError, match=said):
        ag.elementwise(function, *[lambda g: g] * count)
    assert ag.elementwise(lambda x, slope=2.0: slope * x, lambda g: 2 * g)(1.0) == 2.0


def test_hooks_see_and_replace_gradients_and_can_be_removed():
    seen = []
    x = leaf(3.0)
    y = x * x
    y.register_hook(lambda g: seen.append(g.item()))
    remove = x.register_hook(lambda g: g * 10)
    (y * 2).backward()
    assert seen == [2.0]
    assert x.grad.item() == 120.0
    remove()
    x.zero_grad()
    (x * x).backward()
    assert x.grad.item() == 6.0
    x.register_hook(lambda g: np.ones(7))
    with pytest.raises(ValueError, match="hook returned"):
        (x * x).backward()


def test_non_leaves_keep_a_gradient_only_if_asked():
    x = leaf([1.0, 2.0])
    y, z = x * 2, x * 3
    y.retain_grad()
    (y * z).sum().backward()
    np.testing.assert_array_equal(y.grad.data, z.data)
    assert z.grad is None
    for plain in (Tensor(1.0), y.detach()):
        with pytest.raises(RuntimeError, match="does not require a gradient"):
            plain.retain_grad()


def test_freezing_and_thawing():
    w = leaf([1.0, 2.0], "w")
    w.requires_grad = False
    assert not (w * 2).requires_grad
    assert w.name == "w"
    w.requires_grad = True
    (w * 2).sum().backward()
    np.testing.assert_array_equal(w.grad.data, [2.0, 2.0])
    with pytest.raises(RuntimeError, match=r"\.detach\(\)"):
        (w * 2).requires_grad = False


def test_order_of_leaves_is_the_order_of_creation():
    tensors = [leaf(float(i), f"t{i}") for i in range(20)]
    total = sum(reversed(tensors), Tensor(0.0))
    names = [node.name for node in reversed(walk([total.node])) if node.op is None]
    assert names == [f"t{i}" for i in range(20)]


# -- memory that was written to --------------------------------------------------------------------


@pytest.mark.parametrize(
    "seen_as",
    [
        lambda w: w,
        lambda w: w.T,
        lambda w: w[::-1],
        lambda w: w.detach(),
        lambda w: ag.asarray(w.data),
        lambda w: w.reshape(-1)[:4].reshape(2, 2),
    ],
    ids=["itself", "transposed", "reversed", "detached", "shared", "viewed twice"],
)
def test_a_step_between_forward_and_backward_is_found_however_the_memory_is_seen(seen_as):
    w, x = leaf([[1.0, 2.0], [3.0, 4.0]]), leaf([1.0, 1.0])
    y = (seen_as(w) @ x).sum()
    w.array -= 0.1  # what an optimizer does
    memory.changed(w.array)
    with pytest.raises(RuntimeError, match=r"matmul.*overwritten"):
        y.backward()
    assert x.grad is None


def test_a_step_is_found_in_sequences_of_arrays_too():
    w, x = leaf([[1.0, 2.0], [3.0, 4.0]]), leaf([1.0, 1.0])
    y = np.einsum("ij,j->", w, x)
    w.array -= 0.1
    memory.changed(w.array)
    with pytest.raises(RuntimeError, match=r"einsum.*'operands'.*overwritten"):
        y.backward()


def test_a_write_elsewhere_disturbs_nobody():
    buffer = np.ones(10)
    a, b = ag.asarray(buffer[:5]), ag.asarray(buffer[5:])
    x = leaf(np.ones(5))
    y = (a * x).sum()
    b[0] = 3.0
    y.backward()
    before = leaf([1.0])
    z = before * before
    memory.changed(np.zeros(3))
    z.backward()
    assert before.grad.item() == 2.0


def test_a_graph_made_after_the_write_is_fine():
    w = leaf([1.0, 2.0])
    for _ in range(3):
        w.zero_grad()
        (w * w).sum().backward()
        with ag.no_grad():
            w -= 0.1 * w.grad
    np.testing.assert_allclose(w.data, np.array([1.0, 2.0]) * 0.8**3)


# -- the recording switch -------------------------------------------------------------------------


def test_recording_comes_back_after_exceptions_and_nests():
    with pytest.raises(KeyError), ag.no_grad():
        raise KeyError
    assert is_recording()
    with ag.no_grad():
        with ag.enable_grad():
            assert is_recording()
        assert not is_recording()


def test_decorated_functions_generators_and_coroutines():
    @ag.no_grad()
    def plain():
        return is_recording()

    @ag.no_grad()
    def generator():
        received = yield is_recording()
        try:
            yield is_recording(), received
        except KeyError:
            yield "caught", is_recording()

    @ag.no_grad()
    async def coroutine():
        await asyncio.sleep(0)
        return is_recording()

    assert plain() is False
    steps = generator()
    assert next(steps) is False
    assert is_recording()  # between the steps it is the caller's own setting
    assert steps.send(5) == (False, 5)
    assert steps.throw(KeyError()) == ("caught", False)
    assert is_recording()
    steps.close()
    assert asyncio.run(coroutine()) is False
    assert inspect.iscoroutinefunction(coroutine)
    assert plain.__name__ == "plain"


def test_tasks_and_threads_have_settings_of_their_own():
    async def main():
        async def quiet(started, go_on):
            with ag.no_grad():
                started.set()
                await go_on.wait()

        started, go_on = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(quiet(started, go_on))
        await started.wait()
        inside = is_recording()
        go_on.set()
        await task
        return inside

    assert asyncio.run(main()) is True
    found = []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: found.append(is_recording()))
        thread.start()
        thread.join()
    assert found == [True]


def test_one_switch_object_serves_many_threads_at_once():
    switch, wrong = ag.no_grad(), []

    def work():
        for _ in range(200):
            with switch:
                if is_recording():
                    wrong.append("inside")
            if not is_recording():
                wrong.append("outside")

    _in_threads(work)
    assert wrong == []


def test_eight_threads_differentiate_one_graph_at_once():
    shared = leaf(np.linspace(0.1, 1, 50))
    wrong = []

    def work():
        for _ in range(30):
            x = leaf(np.linspace(0.1, 1, 50))
            (np.sin(x) * shared).sum().backward(create_graph=True)
            g = x.grad
            x.zero_grad()
            g.sum().backward()
            expected = -np.sin(x.data) * shared.data
            if not np.allclose(x.grad.data, expected):
                wrong.append(1)

    _in_threads(work)
    assert wrong == []


def test_gradients_that_arrive_from_many_threads_add_up():
    w = leaf(1.0)
    _in_threads(lambda: [(w * 1.0).backward() for _ in range(100)])
    assert w.grad.item() == 800.0


def _in_threads(work, count=8):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- several outputs, sequences, joint rules -------------------------------------------------------


def test_an_unused_output_gets_zeros_and_order_two_works():
    halves = ag.op(lambda a: (a[:2] ** 2, a[2:] ** 3), name="halves")

    @halves.wrt("a")
    def _(g, a):
        first, second = g
        return np.concatenate([first * 2 * a[:2], second * 3 * a[2:] ** 2])

    x = leaf([1.0, 2.0, 3.0, 4.0])
    left, _ = halves(x)
    left.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0, 0.0, 0.0])
    f = lambda x: sum(part.sum() for part in halves(x))
    np.testing.assert_allclose(np.diag(ag.hessian(f)(x.data)), [2.0, 2.0, 18.0, 24.0])


def test_joint_rules_run_once_for_all_their_inputs():
    ran = []
    product = ag.op(lambda a, b: a * b, name="product")

    @product.wrt("a", "b")
    def _(g, a, b):
        ran.append(1)
        return g * b, g * a

    a, b = leaf(2.0), leaf(3.0)
    product(a, b).backward()
    assert (a.grad.item(), b.grad.item(), len(ran)) == (3.0, 2.0, 1)


@pytest.mark.parametrize(
    ("given", "gave"),
    [((1, 2, 3), "3 gradients"), ([1], "1 gradient"), (None, "a NoneType"), (1.0, "a float")],
)
def test_a_joint_rule_gives_one_gradient_for_each(given, gave):
    product = ag.op(lambda a, b: a * b, name="product")
    product.wrt("a", "b")(lambda g: given)
    with pytest.raises(TypeError, match=f"the rule for a, b gave {gave} for 2 inputs"):
        product(leaf(2.0), leaf(3.0)).backward()


def test_sequences_run_their_rule_for_those_that_want_it():
    ran = []
    total = ag.op(lambda arrays, scale: sum(arrays) * scale, name="total", sequences=("arrays",))
    total.wrt("arrays")(lambda g, i, scale: ran.append(i) or g * scale)
    total.wrt("scale")(lambda g, arrays: g * sum(arrays))
    a, c, scale = leaf(1.0), leaf(3.0), leaf(2.0)
    total([a, 5.0, c], scale).backward(create_graph=True)
    assert ran == [0, 2]
    assert (a.grad.item(), c.grad.item(), scale.grad.item()) == (2.0, 2.0, 9.0)
    assert ag.hessian(lambda x: total([x, x * x], x))(3.0) == pytest.approx(2 + 18)


def test_a_tensor_where_no_rule_is_declared_is_refused():
    f = ag.op(lambda a, b: a * b, name="f")
    f.wrt("a")(lambda g, b: g * b)
    with pytest.raises(TypeError, match=r"f has no derivative with respect to 'b'.*b\.detach\(\)"):
        f(leaf(1.0), leaf(2.0))


def test_nodes_are_small():
    # slots only: a node has no dict, and a chain's node costs a few hundred bytes with its arrays
    assert not hasattr(leaf(1.0).node, "__dict__")
    assert isinstance((leaf(1.0) * 2).node, Node)
    tracemalloc.start()
    y = leaf(np.ones(8))
    start, _ = tracemalloc.get_traced_memory()
    for _ in range(1000):
        y = y * 1.0
    end, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (end - start) / 1000 < 700


# -- dtypes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scalar", [2, 2.5, True])
def test_python_numbers_never_widen(dtype, scalar):
    x = Tensor(np.array([1.0, 2.0], dtype), requires_grad=True)
    for f in (
        lambda x: x + scalar, lambda x: scalar - x, lambda x: x * scalar, lambda x: scalar / x,
        lambda x: x**scalar, lambda x: np.maximum(x, scalar),
        lambda x: np.where([True, False], x, scalar),
        lambda x: np.clip(x, -scalar, scalar), lambda x: (x * x).mean() * scalar,
    ):  # fmt: skip
        x.grad = None
        y = f(x)
        assert y.dtype == dtype
        y.sum().backward(create_graph=True)
        assert x.grad.dtype == dtype


@pytest.mark.parametrize("bad", [3, [1, 2], np.arange(3), [True], 1j])
def test_what_cannot_change_by_a_little_is_refused(bad):
    with pytest.raises(TypeError, match="no gradient for"):
        Tensor(bad, requires_grad=True)

"""The promises of test_graph.py, kept by random programs: there each in its smallest form, here all
ops at once."""

from __future__ import annotations

import copy
import gc
import pickle
import random
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Tensor, memory
from autograd.graph import walk
from autograd.testing import Program, graphs
from autograd.testing.programs import build

MANY = 60
programs = pytest.mark.parametrize("start", range(0, 3 * MANY, MANY))


def some(start: int, ops: int = 12) -> list[Program]:
    return [build(random.Random(f"engine {n}").randint, ops) for n in range(start, start + MANY)]


def leaves_of(program: Program) -> list[Tensor]:
    return [Tensor(x, requires_grad=True, name=f"v{n}") for n, x in enumerate(program.inputs)]


def loss_of(program: Program, inputs: list[Tensor]) -> Any:
    """One number from all outputs, with a slope that differs from output to output."""
    return sum(((k + 1) * y).sum() for k, y in enumerate(program(*inputs)))


def gradients_of(inputs: list[Tensor]) -> list[Any]:
    return [x.grad.data.copy() if x.grad is not None else np.zeros(x.shape) for x in inputs]


def first_order(program: Program) -> list[Any]:
    inputs = leaves_of(program)
    loss_of(program, inputs).backward()
    return gradients_of(inputs)


def second_order(program: Program) -> None:
    """Differentiates the sum of the squared gradients."""
    inputs = leaves_of(program)
    loss_of(program, inputs).backward(create_graph=True)
    slopes = [x.grad for x in inputs if x.grad is not None and x.grad.requires_grad]
    for x in inputs:
        x.grad = None
    if slopes:
        sum((g * g).sum() for g in slopes).backward()


def assert_all_close(actual: Any, expected: Any) -> None:
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-10, atol=1e-10 * (1 + np.abs(e).max(initial=0)))


# -- memory ---------------------------------------------------------------------------------------


@programs
def test_nothing_is_left_for_the_cycle_collector(start: int) -> None:
    """After first and second order, everything goes with its last reference."""
    cases = some(start)
    for program in cases:
        second_order(program)  # fills caches
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for program in cases:
            first_order(program)
            second_order(program)
        gc.collect()
        left = [type(x).__name__ for x in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert left == []


@programs
def test_backward_lets_go_of_what_it_has_used(start: int) -> None:
    for program in some(start):
        inputs = leaves_of(program)
        loss = loss_of(program, inputs)
        nodes = walk([loss.node])
        loss.backward()
        assert all(node.saved is None for node in nodes if node.op is not None)
        with pytest.raises(RuntimeError, match="second time"):
            loss.backward()


@programs
def test_forward_and_backward_write_into_nobodys_memory(start: int) -> None:
    for program in some(start):
        inputs = leaves_of(program)
        before = [x.data.copy() for x in inputs]
        outputs = program(*inputs)
        values = [y.data.copy() for y in outputs]
        sum(y.sum() for y in outputs).backward()
        for x, copied in zip([*inputs, *outputs], [*before, *values], strict=True):
            np.testing.assert_array_equal(x.data, copied)


@programs
def test_leaves_own_their_gradients(start: int) -> None:
    """No gradient shares memory with another, with an input, or with an output."""
    for program in some(start):
        inputs = leaves_of(program)
        outputs = program(*inputs)
        sum(y.sum() for y in outputs).backward()
        grads = [x.grad.array for x in inputs if x.grad is not None]
        others = [x.array for x in [*inputs, *outputs]]
        for n, g in enumerate(grads):
            assert g.flags.writeable
            assert not any(np.shares_memory(g, other) for other in [*grads[:n], *others])


# -- arithmetic of backward ------------------------------------------------------------------------


@programs
def test_gradients_add_up_and_scale(start: int) -> None:
    """Twice backward is twice the gradient; a gradient of 3 that arrives is three times it."""
    for program in some(start):
        once = first_order(program)
        inputs = leaves_of(program)
        loss = loss_of(program, inputs)
        loss.backward(retain_graph=True)
        loss.backward(retain_graph=True)
        assert_all_close(gradients_of(inputs), [2 * g for g in once])
        for x in inputs:
            x.zero_grad()
        loss.backward(3.0)
        assert_all_close(gradients_of(inputs), [3 * g for g in once])


@programs
def test_hooks_see_every_gradient_once(start: int) -> None:
    for program in some(start):
        inputs = leaves_of(program)
        seen: list[list[Any]] = [[] for _ in inputs]
        for x, gradients in zip(inputs, seen, strict=True):
            x.register_hook(lambda g, to=gradients: to.append(g.data.copy()))
        loss_of(program, inputs).backward()
        for x, gradients in zip(inputs, seen, strict=True):
            assert len(gradients) == (x.grad is not None)
            for g in gradients:
                np.testing.assert_array_equal(g, x.grad.data)


@programs
def test_a_frozen_input_changes_nothing_for_the_others(start: int) -> None:
    for program in some(start):
        expected = first_order(program)
        for n in range(len(program.inputs)):
            inputs = leaves_of(program)
            inputs[n].requires_grad = False
            loss = loss_of(program, inputs)
            if loss.requires_grad:
                loss.backward()
            assert inputs[n].grad is None
            others = [g for k, g in enumerate(gradients_of(inputs)) if k != n]
            assert_all_close(others, [g for k, g in enumerate(expected) if k != n])


@programs
def test_transforms_give_what_backward_gives(start: int) -> None:
    for program in some(start):
        numbers = tuple(range(len(program.inputs)))
        found = ag.grad(lambda *xs, p=program: loss_of(p, list(xs)), numbers)(*program.inputs)
        assert_all_close(found, first_order(program))


# -- stale memory ----------------------------------------------------------------------------------


def written(array: Any) -> None:
    """What optimizers do: write in place, and say so."""
    array[...] = array * 2 + 1
    memory.changed(array)


WRITES: dict[str, Any] = {
    "an optimizer's step": lambda x: written(x.array),
    "a detached twin": lambda x: written(x.detach().array),
    "ag.asarray": lambda x: written(ag.asarray(x.array).array),
    "a part of it": lambda x: written(x.array[..., :1] if x.ndim else x.array),
    "x.data =": lambda x: setattr(x, "data", x.data * 2 + 1),
}


@pytest.mark.parametrize("how", WRITES)
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_write_before_backward_is_an_error_or_harmless(how: str, create_graph: bool) -> None:
    """Never a gradient of values that are gone: the right one, or RuntimeError."""
    refusals = 0
    for program in some(0):
        expected = first_order(program)
        for n in range(len(program.inputs)):
            inputs = leaves_of(program)
            loss = loss_of(program, inputs)
            WRITES[how](inputs[n])
            try:
                loss.backward(create_graph=create_graph)
            except RuntimeError as error:
                refused = str(error)
            else:
                assert_all_close(gradients_of(inputs), expected)
                continue
            assert "overwritten" in refused
            assert all(x.grad is None for x in inputs)
            refusals += 1
    assert (refusals == 0) == (how == "x.data =")  # which gives the leaf new memory


# -- state -----------------------------------------------------------------------------------------


@given(graphs(max_ops=6), st.integers(0, 5))
@settings(max_examples=20)
def test_recording_comes_back_after_an_exception_anywhere(program: Program, at: int) -> None:
    """An op that raises, in forward or in backward, leaves recording as it was, and no gradient."""

    class Stop(Exception):
        pass

    def raising(*_: Any) -> Any:
        raise Stop

    bomb = ag.elementwise(lambda x: x + 0, raising, name="bomb")
    inputs = leaves_of(program)
    loss = loss_of(program, [bomb(x) if n == at % len(inputs) else x for n, x in enumerate(inputs)])
    with pytest.raises(Stop):
        loss.backward(create_graph=bool(at % 2))
    assert all(x.grad is None for x in inputs)
    assert (inputs[0] * 2).requires_grad
    with pytest.raises(Stop), ag.no_grad():
        raise Stop
    assert (inputs[0] * 2).requires_grad


def test_eight_threads_each_with_programs_of_their_own() -> None:
    cases = some(0)[:24]
    expected = [first_order(program) for program in cases]
    found: dict[int, Any] = {}
    ready = threading.Barrier(8)

    def work(first: int) -> None:
        ready.wait()
        for n in range(first, len(cases), 8):
            with ag.no_grad():
                program_without = loss_of(cases[n], leaves_of(cases[n]))
            assert not program_without.requires_grad
            found[n] = first_order(cases[n])

    threads = [threading.Thread(target=work, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, gradients in enumerate(expected):
        assert_all_close(found[n], gradients)


# -- copies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_leaves_and_results(copied: Any) -> None:
    for program in some(0)[:20]:
        inputs = leaves_of(program)
        outputs = program(*inputs)
        for x in (*inputs, *outputs):
            twin = copied(x)
            np.testing.assert_array_equal(twin.data, x.data)
            assert twin.dtype == x.dtype
            assert (twin.name, twin.requires_grad) == (x.name, x.requires_grad)
            assert twin.is_leaf
            assert not np.shares_memory(twin.array, x.array)

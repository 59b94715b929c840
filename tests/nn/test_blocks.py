"""Work in blocks: the same result as at once, whoever does it."""

from __future__ import annotations

import os
import threading

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import autograd as ag
import nn
from nn.functional import blocks


@pytest.fixture(params=[1, 2, 5])
def threads(request, monkeypatch):
    """Small blocks, and so many threads."""
    monkeypatch.setattr(blocks, "BLOCK", 64)
    monkeypatch.setattr(blocks, "_threads", lambda: request.param)
    blocks._pool.cache_clear()
    yield request.param
    blocks._pool().shutdown() if request.param > 1 else None
    blocks._pool.cache_clear()


@given(rows=st.integers(0, 300), width=st.integers(1, 200), cores=st.integers(1, 9))
def test_every_row_is_worked_on_once(rows, width, cores):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", 64)
        patch.setattr(blocks, "_threads", lambda: cores)
        patch.setattr(blocks, "_pool", lambda: AtOnce())
        seen = np.zeros(rows, int)

        def work(block):
            seen[block] += 1

        blocks.in_blocks(work, rows, width)
    assert (seen == 1).all()


class AtOnce:
    def submit(self, call, *args):
        call(*args)
        return self

    def result(self):
        return None


def test_threads_share_the_blocks(threads):
    names = set()
    meet = threading.Barrier(threads, timeout=10)  # nobody goes on before all have begun

    def work(block):
        if threading.get_ident() not in names:
            names.add(threading.get_ident())
            meet.wait()

    blocks.in_blocks(work, 10_000, 1)
    assert len(names) == threads


def test_what_is_raised_in_a_block_is_raised(threads):
    def work(block):
        if block.start > 9_000:
            raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match="here"):
        blocks.in_blocks(work, 10_000, 1)


def test_errors_of_floats_are_handled_as_outside(threads):
    x = np.zeros(10_000)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        blocks.elementwise(lambda x: 1 / x, x)
    with np.errstate(all="ignore"):
        assert np.isinf(blocks.elementwise(lambda x: 1 / x, x)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_and_attention_are_the_same_in_blocks(threads, dtype):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 9, 8)).astype(dtype)
    mask = rng.random((40, 9, 9)) < 0.7

    whole = results(x, mask)
    pieces = [results(x[i : i + 1], mask[i : i + 1]) for i in range(40)]
    for i, value in enumerate(whole):
        np.testing.assert_allclose(
            value, np.concatenate([piece[i] for piece in pieces]), rtol=1e-4 if dtype is np.float32
            else 1e-12, atol=1e-5 if dtype is np.float32 else 1e-12,
        )  # fmt: skip


def results(x, mask):
    leaf = ag.Tensor(x, requires_grad=True)
    out = nn.attention(nn.gelu(leaf), leaf, leaf, mask, heads=2)
    out.sum().backward()
    return out.data, leaf.grad.data


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_process_starts_threads_of_its_own(threads):
    x = np.arange(10_000.0)
    blocks.elementwise(np.sqrt, x)
    if threads > 1:
        pool = blocks._pool()
        assert blocks._pool() is pool
        blocks._forget_pool()  # what a child does first
        assert blocks._pool() is not pool
        pool.shutdown()
    np.testing.assert_array_equal(blocks.elementwise(np.sqrt, x), np.sqrt(x))


def test_how_many_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert blocks._threads.__wrapped__() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert blocks._threads.__wrapped__() >= 1

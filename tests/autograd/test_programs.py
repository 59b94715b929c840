"""Random programs over the whole registry: what single ops promise, they keep together.

A hundred thousand of them: `python tests/fuzz.py` (see tests/README.md).
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from autograd.declare import registry
from autograd.testing import Program, graphs
from autograd.testing.programs import build, check_program, usable

SMALL, LARGE = 4, 30  # ops


@pytest.mark.parametrize("start", range(0, 2_000, 50))
def test_programs_of_up_to_thirty_ops(start: int) -> None:
    for seed in range(start, start + 50):
        check_program(build(random.Random(seed).randint, LARGE))


@given(graphs(max_ops=SMALL))
def test_second_order_through_small_programs(program: Program) -> None:
    check_program(program, order=2)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(2_000, 8_000, 100))
def test_thousands_of_programs(start: int) -> None:
    for seed in range(start, start + 100):
        check_program(build(random.Random(seed).randint, LARGE))


def test_programs_use_nearly_every_op() -> None:
    used = {
        step.op.name
        for seed in range(400)
        for step in build(random.Random(seed).randint, LARGE).steps
    }
    able = {op.name for op in usable()}
    assert used <= able
    assert len(able) > 0.8 * len(registry)
    assert len(used) > 0.9 * len(able)

"""Every op's rules can be differentiated twice more: order 3 against differences."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd.declare import registry
from autograd.testing.calls import calls
from autograd.testing.properties import check_call


@pytest.mark.parametrize("name", sorted(registry))
@settings(max_examples=2)
@given(data=st.data())
def test_order_three(name, data):
    op = registry[name]
    check_call(data.draw(calls(op, *op.samples[:1])), order=3)

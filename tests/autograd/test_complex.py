"""Complex numbers live in Tensors without a gradient; where one is wanted, they are refused."""

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor

MIXES = {
    "w * 1j": lambda w: w * 1j,
    "1j * w": lambda w: 1j * w,
    "w + np.complex64": lambda w: w + np.complex64(1j),
    "w ** 1j": lambda w: w**1j,
    "2j ** w": lambda w: 2j**w,
    "abs(w * …)": lambda w: np.abs(w * (3 + 4j)),
    "array * w": lambda w: np.array([1j, 2]) * w,
    "a list": lambda w: w @ [1j, 2],
    "a Tensor": lambda w: w + Tensor([1j, 2]),
    "dot": lambda w: np.dot([1j, 1], w),
    "where": lambda w: np.where([True, False], w, 1j),
    "stack": lambda w: np.stack([w, [1j, 1]]),
    "append": lambda w: np.append(w, 1j),
    "einsum": lambda w: np.einsum("i,i", w, [1j, 1]),
    "solve": lambda w: np.linalg.solve(np.eye(2) * 1j, w),
    "index_set": lambda w: ag.index_set(np.zeros(3, complex), 0, w[0]),
    "sum(dtype=)": lambda w: np.sum(w, dtype=complex),
    "multiply(dtype=)": lambda w: np.multiply(w, 2, dtype=complex),
    "astype": lambda w: w.astype(complex),
    "np.astype": lambda w: ag.astype(w, complex),
    "asarray": lambda w: ag.asarray(w, dtype=complex),
}


@pytest.mark.parametrize("name", MIXES)
def test_refused_beside_a_tensor_that_wants_a_gradient(name):
    w = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="complex") as error:
        MIXES[name](w)
    assert "real and the imaginary part" in str(error.value)


@pytest.mark.parametrize("name", MIXES)
def test_as_numpys_without_a_gradient(name):
    w = np.array([1.0, 2.0])
    found, expected = MIXES[name](Tensor(w)), MIXES[name](w)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
    with ag.no_grad():
        found = MIXES[name](Tensor(w, requires_grad=True))
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))

"""Arrays cut into parts along an axis. Going back, the parts' gradients are joined again."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from operator import index

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample

__all__ = ["array_split", "split", "hsplit", "vsplit", "dsplit"]

op = partial(_op, register=True)


@op(samples=[Sample(A(5), [0, 2, 2, 5], 0), Sample(A(2, 3), [0, 1, 3], 1)])
def parts(a, bounds, axis):
    """The slices between neighbouring bounds, which begin at 0 and never step back."""
    before = (slice(None),) * axis
    return [a[(*before, slice(i, j))] for i, j in pairwise(bounds)]


@parts.wrt("a")
def _(g, axis):
    return np.concatenate(list(g), axis=axis)


@composite(claims=np.array_split)
def array_split(ary, indices_or_sections, axis=0):
    """The array in so many parts, as equal as can be; or cut before each of the given indices.

    >>> import autograd as ag
    >>> a, b = ag.array_split(ag.Tensor([1.0, 2.0, 3.0]), 2)
    >>> a, b
    (Tensor([1., 2.]), Tensor([3.]))
    """
    axis = normalize_axis_index(axis, ary.ndim)
    places = np.arange(ary.shape[axis])
    cut = np.array_split(places, indices_or_sections)
    ends = np.cumsum([0, *map(len, cut)]).tolist()
    if ends[-1] == len(places):
        return parts(ary, ends, axis)
    return [ary[(*[slice(None)] * axis, piece)] for piece in cut]  # indices that step back


@composite(claims=np.split)
def split(ary, indices_or_sections, axis=0):
    """The array in so many equal parts, or cut before each of the given indices.

    Raises ValueError if it cannot be cut into equal parts; `array_split` can.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    >>> a, b = ag.split(x, 2)
    >>> (a * b).sum().backward()
    >>> x.grad
    Tensor([3., 4., 1., 2.])
    """
    if np.ndim(indices_or_sections) == 0:
        size, sections = ary.shape[axis], index(indices_or_sections)
        if size % sections:
            raise ValueError(
                f"split: {size} elements along axis {axis} make no {sections} equal parts. "
                "array_split allows parts that differ by one."
            )
    return array_split(ary, indices_or_sections, axis)


@composite(claims=np.hsplit)
def hsplit(ary, indices_or_sections):
    """`split` along the columns, or for a vector along its only axis.

    >>> import numpy as np, autograd as ag
    >>> [part.shape for part in ag.hsplit(ag.Tensor(np.ones((2, 4))), 2)]
    [(2, 2), (2, 2)]
    """
    _needs(1, ary, "hsplit")
    return split(ary, indices_or_sections, axis=1 if ary.ndim > 1 else 0)


@composite(claims=np.vsplit)
def vsplit(ary, indices_or_sections):
    """`split` along the rows.

    >>> import numpy as np, autograd as ag
    >>> [part.shape for part in ag.vsplit(ag.Tensor(np.ones((4, 2))), [1])]
    [(1, 2), (3, 2)]
    """
    _needs(2, ary, "vsplit")
    return split(ary, indices_or_sections, axis=0)


@composite(claims=np.dsplit)
def dsplit(ary, indices_or_sections):
    """`split` along the third axis.

    >>> import numpy as np, autograd as ag
    >>> [part.shape for part in ag.dsplit(ag.Tensor(np.ones((1, 2, 4))), 2)]
    [(1, 2, 2), (1, 2, 2)]
    """
    _needs(3, ary, "dsplit")
    return split(ary, indices_or_sections, axis=2)


def _needs(ndim, ary, name):
    if ary.ndim < ndim:
        raise ValueError(f"{name}: {ndim} or more axes are needed, the shape is {ary.shape}.")


if hasattr(np, "unstack"):  # NumPy ≥ 2.1
    __all__ += ["unstack"]

    @composite(claims=np.unstack)
    def unstack(x, /, *, axis=0):
        """What stands at each place of an axis, as a tuple: the way back from `stack`.

        >>> import autograd as ag
        >>> ag.unstack(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
        (Tensor([1., 2.]), Tensor([3., 4.]))
        """
        _needs(1, x, "unstack")
        size = x.shape[axis]
        slices = array_split(x, size, axis) if size else ()
        return tuple(np.squeeze(part, axis) for part in slices)

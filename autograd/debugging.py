"""`ag.debug()`: what is too dear for every step, for the minutes in which something is wrong.

Inside it every recorded op keeps the line that made it and a checksum of what it saved, and is
checked for NaN and infinity, forward and backward; and a Tensor that leaves the graph through
`float()` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import user_line, warn
from .graph import Node, Observer, _Recording
from .tensor import Tensor


class DetachWarning(UserWarning):
    """Under `ag.debug()`: a Tensor that requires a gradient became a Python number."""


class Origin:
    """What `ag.debug()` remembers about a node: its line in the user's code, and what it saved."""

    def __init__(self, node: Node) -> None:
        self.line = user_line()
        self.checksums = [_checksum(value) for value in node.saved or ()]

    def __repr__(self) -> str:
        return self.line

    def pull(self, node: Node, g: Any, saved: Sequence[Any]) -> Any:
        """The node's gradients, if what the rules read is unchanged and what they give finite."""
        assert node.op is not None
        for name, value, then in zip(node.plan.names, saved, self.checksums, strict=True):
            if _checksum(value) != then:
                raise RuntimeError(
                    f"backward through {node.op.name}: its saved {name!r} was overwritten since "
                    "the forward pass, by a write that no Tensor saw (x.data[…] = …, or into the "
                    f"caller's own array). Made at {self.line}"
                )
        arriving = node.plan.pull(g, saved)
        if _is_finite(g) and not all(map(_is_finite, arriving)):
            inputs = "; ".join(
                f"saved {name}: {_range(value)}"
                for name, value in zip(node.plan.names, saved, strict=True)
            )
            raise FloatingPointError(
                f"the gradient of {node.op.name} is not finite, though the gradient that arrived "
                f"({_range(g)}) is. {inputs}. Made at {self.line}"
            )
        return arriving


class Debugger(Observer):
    """What `ag.debug()` sees and says."""

    def made(self, node: Node, called: dict[str, Any], out: Any) -> None:
        node.origin = Origin(node)
        outs = out if isinstance(out, (tuple, list)) else [out]
        if all(map(_is_finite, outs)):
            return
        if all(map(_is_finite, called.values())):
            given = {n: v for n, v in called.items() if isinstance(v, (Tensor, np.ndarray))}
            assert node.op is not None
            ranges = "; ".join(f"{name}: {_range(value)}" for name, value in given.items())
            raise FloatingPointError(
                f"{node.op.name} made the first NaN or infinity: out: {_range(outs[0])}. "
                f"Inputs: {ranges}. At {node.origin.line}"
            )

    def leaving(self, tensor: Tensor, how: str) -> None:
        warn(
            f"{how}() of {tensor._describe()} leaves the graph: no gradient flows through the "
            f"number. (math.* functions and arr[i] = x do this.) At {user_line()}",
            DetachWarning,
        )


def debug() -> _Recording:
    """Finds what is wrong: a context manager and a decorator, per thread and per async task.

    * The first NaN or infinity raises FloatingPointError at the op that made it, with its inputs'
      ranges and your line; in forward and in backward.
    * A raw write into an array that a rule will read (through `.data`, an older view, or your own
      array) raises RuntimeError in backward.
    * `float(x)`, `int(x)`, `bool(x)` of a recorded Tensor warn (`DetachWarning`).

    Costs: forward and backward take 3 to 4 times as long on tiny arrays, 7 times on arrays of a
    million elements (AMD EPYC, NumPy 2.4.6, 2026-11).

    Examples
    --------
    >>> import numpy as np, autograd as ag
    >>> x = ag.Tensor([1.0, -1.0], requires_grad=True, name="x")
    >>> with ag.debug(), np.errstate(invalid="ignore"):
    ...     np.sqrt(x)
    Traceback (most recent call last):
    ...
    FloatingPointError: sqrt made the first NaN or infinity: out: from 1 to 1, and 1 NaN. ...
    """
    return _Recording(Debugger())


def _checksum(value: Any) -> int:
    value = value.array if isinstance(value, Tensor) else value
    if isinstance(value, np.ndarray):
        from zlib import crc32

        return crc32(value.tobytes())
    if isinstance(value, (list, tuple)):
        return hash(tuple(map(_checksum, value)))
    return 0


def _is_finite(value: Any) -> bool:
    array = value.array if isinstance(value, Tensor) else value
    if isinstance(array, (float, np.ndarray, np.generic)) and np.asarray(array).dtype.kind == "f":
        return bool(np.isfinite(array).all())
    if isinstance(array, dict):
        array = list(array.values())
    return all(map(_is_finite, array)) if isinstance(array, (list, tuple)) else True


def _range(value: Any) -> str:
    """`from -1 to 3, and 2 NaN`: what an error says of an array's values."""
    array = value.array if isinstance(value, Tensor) else value
    if not isinstance(array, (np.ndarray, np.generic)):
        return repr(array)
    if array.dtype.kind not in "fiu" or array.size == 0:
        return f"{array.dtype} of shape {array.shape}"
    array = np.asarray(array)
    finite = array[np.isfinite(array)]
    text = f"from {finite.min():.4g} to {finite.max():.4g}" if finite.size else "nothing finite"
    for what, count in (("NaN", np.isnan(array).sum()), ("infinite", np.isinf(array).sum())):
        if count:
            text += f", and {count} {what}"
    return text

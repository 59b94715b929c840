"""Refused on purpose: what has no place in a graph, each with its reason and a way out.

(On Tensors that do not require a gradient NumPy's own function computes, and gives plain arrays;
but what writes into its first argument never writes into a Tensor's memory unseen.)
"""

from __future__ import annotations

import functools

import numpy as np

from ..declare import claim, refuse
from ..graph import is_recording
from ..tensor import Tensor, later, requires_grad, unwrap

__all__ = ()

_Dispatched: type = type(np.sum)


def is_reached(value):
    """Whether NumPy hands it on to a Tensor, through one of its two protocols."""
    return isinstance(value, (np.ufunc, _Dispatched))


def reached(namespace):
    """Every public function of a namespace that NumPy hands on to Tensors."""
    public = [value for name, value in vars(namespace).items() if name[0] != "_"]
    return dict.fromkeys(filter(is_reached, public))  # (dir() would load np.testing and np.f2py)


def refuse_writing(reason, *functions):
    """Refuses functions that write into their first argument, whether or not a graph is recorded:
    older graphs may still need what was there."""
    refuse(reason, *functions)
    for function in functions:
        claim(function, _into_plain_arrays_only(function, reason))


def _into_plain_arrays_only(function, reason):
    @functools.wraps(function)
    def call(target, *args, **kwargs):
        recorded = is_recording() and (requires_grad(args) or requires_grad(list(kwargs.values())))
        if isinstance(target, Tensor) or recorded:
            raise TypeError(f"np.{function.__name__} cannot be recorded: {reason}")
        return function(target, *unwrap(args), **{k: unwrap(value) for k, value in kwargs.items()})

    return call


# -- not numbers that change by a little ----------------------------------------------------------

refuse(
    "it works on integers, which have no gradient. For conditions write np.logical_and, "
    "np.logical_or, np.logical_not or np.logical_xor; for numbers, use x.detach().astype(int).",
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_count, np.invert,
    np.left_shift, np.right_shift, np.packbits, np.unpackbits, np.gcd, np.lcm,
)  # fmt: skip
refuse(
    "neighbouring floating-point numbers are no smooth function of anything. Write "
    "x + (np.nextafter(x.detach(), y) - x.detach()), or compute on x.detach().",
    np.nextafter, np.spacing,
)  # fmt: skip
refuse(
    "dates have no gradient. Keep them in plain arrays of datetime64.",
    np.isnat, np.is_busday, np.busday_count, np.busday_offset, np.datetime_as_string,
)  # fmt: skip


@later.append
def _texts():
    of_numbers = reached(np)
    refuse(
        "texts have no gradient. Keep them in plain arrays.",
        *[f for f in reached(np.strings) if f not in of_numbers],  # some are of numbers too
    )


# -- complex numbers ------------------------------------------------------------------------------

_COMPLEX = (
    "its results are complex numbers, which are not differentiated here yet. Compute with the real "
    "and the imaginary part as two arrays"
)


@later.append
def _fourier():
    shifts = np.fft.fftshift, np.fft.ifftshift
    refuse(
        f"{_COMPLEX}: a Fourier transform is x @ np.cos(angles) and x @ -np.sin(angles), with "
        "angles 2π·np.outer(k, n)/N.",
        *[f for f in reached(np.fft) if f not in shifts],
    )
    refuse("it is a roll. Write np.roll(x, n // 2, axis), or -(n // 2) to go back.", *shifts)


refuse(
    f"{_COMPLEX}; for real results write np.sqrt, np.log, … in place of np.emath's.",
    *reached(np.emath),
)
refuse(
    f"{_COMPLEX}, or find real roots by Newton's method on np.polyval.",
    np.roots, np.sort_complex,
)  # fmt: skip

# -- polynomials by their coefficients ------------------------------------------------------------

refuse("write p + q, after padding the shorter with zeros in front (np.pad).", np.polyadd)
refuse("write p - q, after padding the shorter with zeros in front (np.pad).", np.polysub)
refuse("write np.convolve(p, q).", np.polymul)
refuse("write p[:-1] * np.arange(len(p) - 1, 0, -1).", np.polyder)
refuse("write np.append(p / np.arange(len(p), 0, -1), constant).", np.polyint)
refuse("it has no derivative rule here. Compute on x.detach() if none is meant.", np.polydiv)
refuse("multiply out the factors (1, -root) with np.convolve.", np.poly)
refuse("write np.linalg.lstsq(np.vander(x, degree + 1), y)[0].", np.polyfit)

# -- which, and how many: they jump ---------------------------------------------------------------

refuse(
    "which elements are equal does not change by a little. Find the places on plain arrays, and "
    "take them from the Tensor: x[np.unique(x.detach(), return_index=True)[1]].",
    np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values,
    np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d,
)  # fmt: skip
refuse(
    "counts go up in steps and have no slope. Write np.histogram(x.detach()); for sums that do "
    "have one, np.bincount(bin_of_each, weights=x).",
    np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges,
)  # fmt: skip

# -- calls of your function, files, writing in place ----------------------------------------------

refuse(
    "it takes the array apart itself. Most functions have axis=; else write "
    "np.stack([f(row) for row in x]).",
    np.apply_along_axis, np.apply_over_axes,
)  # fmt: skip
refuse(
    "a file keeps numbers, not a graph. Write np.save(file, x.detach()), or nn's model.save(path).",
    np.save, np.savez, np.savez_compressed, np.savetxt,
)  # fmt: skip
refuse_writing(
    "it writes into its first argument. Write ag.index_set(x, index, values), ag.where or "
    "ag.put_along_axis, which give a new Tensor with the right gradients; or, to change it for "
    "good, x[index] = values inside `with ag.no_grad():`.",
    np.put, np.put_along_axis, np.place, np.putmask, np.copyto, np.fill_diagonal,
)  # fmt: skip

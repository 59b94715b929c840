"""What most formulas are made of. Each makes one new array at most, and goes on in place."""

from __future__ import annotations

import numpy as np


def running_mean(m, g, share):
    """m ← share·m + (1 − share)·g"""
    m *= share
    m += (1 - share) * g


def running_mean_square(v, g, share):
    """v ← share·v + (1 − share)·g²"""
    square = g * g
    square *= 1 - share
    v *= share
    v += square


def over_root(g, v, epsilon):
    """g / (√v + epsilon), a new array."""
    ratio = np.sqrt(v)
    ratio += epsilon
    return np.divide(g, ratio, out=ratio)

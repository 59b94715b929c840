"""What most formulas are made of."""

from __future__ import annotations


def running_mean(m, g, share):
    """m ← share·m + (1 − share)·g"""
    m *= share
    m += (1 - share) * g


def running_mean_square(v, g, share):
    """v ← share·v + (1 − share)·g²"""
    v *= share
    v += (1 - share) * (g * g)

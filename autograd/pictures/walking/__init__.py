"""`walk`: the forward pass and backpropagation through the user's own code, step by step."""

from .entry import Walk, walk

__all__ = ["Walk", "walk"]

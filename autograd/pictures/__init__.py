"""Pictures of the graph: `draw` gives a `Picture`. README.md tells what is in which room."""

from .drawing import draw
from .picture import Picture

__all__ = ["Picture", "draw"]

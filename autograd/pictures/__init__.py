"""Pictures of the graph: `draw` gives a `Picture`, `walk` a `Walk`.

README.md tells what is in which room.
"""

from .drawing import draw
from .picture import Picture
from .walking import Walk, walk

__all__ = ["Picture", "Walk", "draw", "walk"]

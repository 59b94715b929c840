"""Picture: what `draw` gives. Shown in a notebook, printed in a terminal, saved to a file."""

from __future__ import annotations

import functools
import html
import os
from pathlib import Path

from .dot import dot
from .engines import BUILT_IN, INSTALL, Missing, drawn, expected
from .layout import effort
from .svg import summary, svg
from .text import text
from .view import View

LINES_IN_REPR = 60
MOST_EFFORT = 1_000
"""Graphviz 14 takes 2 s for 1,000, 9 s for 2,000 and 43 s for 6,000 (2026-11)."""


class Picture:
    """A graph, drawn when it is asked for. It holds words only: no array, no part of the graph.

    In a notebook it shows itself. Elsewhere: `print(picture)`, `picture.save("graph.svg")`.

    >>> import autograd as ag
    >>> from autograd.pictures import draw
    >>> x = ag.Tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> y.backward()
    >>> print(draw(y).text())
    x            leaf scalar      3.0  ∂ 6.0
    ▸ y = x · x  multiply scalar  9.0  ∂ 1.0
    """

    def __init__(self, view: View, rankdir: str = "LR", engine: str | None = None) -> None:
        self._view = view
        self._rankdir = rankdir
        self._engine = engine

    @functools.cached_property
    def source(self) -> str:
        """The picture in DOT, Graphviz's language."""
        return dot(self._view, self._rankdir)

    def svg(self) -> str:
        """The picture as an SVG document, by the best engine that is there."""
        return self._drawn[0]

    @property
    def engine(self) -> str:
        """One line: who drew it, and how to get a better one."""
        return self._drawn[1]

    @functools.cached_property
    def _drawn(self) -> tuple[str, str]:
        if (
            self._engine is None
            and effort(len(self._view.boxes), list(self._view.arrows)) > MOST_EFFORT
        ):
            said = "Graphviz would take too long over a graph of so many long arrows"
            return svg(self._view, self._rankdir), f"drawn by the built-in layout: {said}"
        if self._engine != BUILT_IN:
            try:
                found = drawn(lambda: self.source, "svg", self._engine)
            except Missing as missing:
                said = f"drawn by the built-in layout: {missing}. A better one by {INSTALL}"
                return svg(self._view, self._rankdir), said
            document = found.data.decode()
            return document[document.index("<svg") :], found.said
        return svg(self._view, self._rankdir), "drawn by the built-in layout, as asked"

    def text(self) -> str:
        """The graph in lines of text: a line for each value."""
        return text(self._view)

    def html(self) -> str:
        """The picture as a page of its own, which loads nothing and runs nothing."""
        title = html.escape(self._view.title or summary(self._view))
        return (
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
            '<meta name="viewport" content="width=device-width">\n'
            f"<title>{title}</title>\n"
            "<style>body{margin:1rem;background:#fff;color:#475569;font:13px sans-serif}"
            "main{overflow:auto}</style>\n"
            f'<main tabindex="0" aria-label="{title}">\n{self.svg()}</main>\n'
            f"<p>{html.escape(self.engine)}</p>\n</html>\n"
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file, in the format that its name ends with.

        Always: svg, dot, html, txt. With Graphviz: png, pdf.

        Raises
        ------
        ValueError
            If the name ends with anything else.
        ImportError
            For png and pdf, if neither the program `dot` nor pygraphviz is there.

        Examples
        --------
        >>> import autograd as ag, tempfile
        >>> x = ag.Tensor(3.0, requires_grad=True)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(ag.draw(x * x).save(f"{folder}/graph.dot").read_text()[:7])
        digraph
        """
        path = Path(path)
        format = path.suffix.lower().lstrip(".")
        if format in ("png", "pdf"):
            engine = None if self._engine == BUILT_IN else self._engine
            try:
                data = drawn(lambda: self.source, format, engine).data
            except Missing as missing:
                raise ImportError(
                    f"a {format} needs Graphviz: {missing}. Install {INSTALL}, or save as .svg or "
                    ".html, which need nothing."
                ) from missing
            path.write_bytes(data)
            return path
        writers = {
            "svg": self.svg, "html": self.html,
            "dot": lambda: self.source, "gv": lambda: self.source,
            "txt": lambda: self.text() + "\n",
        }  # fmt: skip
        if format not in writers:
            raise ValueError(
                f"a picture cannot be saved as {path.name!r}: the name should end with .svg, "
                ".html, .dot, .txt, .png or .pdf."
            )
        path.write_text(writers[format](), encoding="utf-8")
        return path

    def _repr_svg_(self) -> str:
        """What a notebook shows; where the built-in layout drew it, with a line that says so."""
        document, said = self._drawn
        if said.startswith("drawn by the built-in") and self._engine is None:
            return svg(self._view, self._rankdir, caption=said)
        return document

    def __repr__(self) -> str:
        shown = self.text().split("\n")
        if len(shown) > LINES_IN_REPR:
            cut = len(shown) - LINES_IN_REPR
            shown = [*shown[:LINES_IN_REPR], f"… {cut} more lines: print(picture.text())"]
        who = self.engine if "_drawn" in self.__dict__ else expected(self._engine)
        return "\n".join([*shown, f'[.save("graph.svg") writes the picture, {who}]'])

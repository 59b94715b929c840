"""A picture in DOT, for Graphviz and all that reads its language."""

from __future__ import annotations

import html

from .svg import INK, LOOKS
from .view import Box, View, head, lines

SANS, MONO = "Helvetica,Arial,sans-serif", "Courier New,Courier,monospace"
TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">%s</TABLE>'


def dot(view: View, rankdir: str = "LR") -> str:
    """The DOT source, through the package `graphviz`; labels are HTML-like, all text escaped."""
    import graphviz

    graph = graphviz.Digraph(
        graph_attr=dict(
            rankdir=rankdir,
            nodesep="0.25",
            ranksep="0.55",
            fontname=SANS,
            fontsize="12",
            bgcolor="white",
            labeljust="l",
            labelloc="t",
        ),
        node_attr=dict(shape="box", fontname=SANS, fontsize="12", margin="0.06,0.04"),
        edge_attr=dict(
            color="#475569", arrowsize="0.7", fontname=SANS, fontsize="10", fontcolor="#475569"
        ),
    )
    said = [f"<B>{_safe(view.title)}</B>"] if view.title else []
    said += [_safe(remark) for remark in view.remarks]
    if said:
        graph.attr(label=f"<{'<BR/>'.join(said)}>")
    _fill(graph, view, (), list(range(len(view.boxes))))
    for (start, end), count in view.arrows.items():
        graph.edge(f"n{start}", f"n{end}", **({"label": f"×{count}"} if count > 1 else {}))
    return str(graph.source)


def _fill(graph: object, view: View, path: tuple[int, ...], members: list[int]) -> None:
    """The boxes directly in this frame, and its inner frames. Frames are at most a few deep."""
    inner: dict[int, list[int]] = {}
    for i in members:
        frames = view.boxes[i].frames
        if len(frames) > len(path):
            inner.setdefault(frames[len(path)], []).append(i)
        else:
            graph.node(f"n{i}", **_card(view.boxes[i]))  # type: ignore[attr-defined]
    for frame, its in inner.items():
        with graph.subgraph(name=f"cluster_{frame}") as cluster:  # type: ignore[attr-defined]
            cluster.attr(
                label=f"<<B>{_safe(view.frames[frame].label)}</B>>",
                color="#64748b",
                fontcolor="#334155",
                bgcolor="#f1f5f9",
                style="dashed" if view.frames[frame].kind == "repeat" else "rounded",
            )
            _fill(cluster, view, (*path, frame), its)


def _card(box: Box) -> dict[str, str]:
    look = LOOKS[box.kind]
    style = ["filled"]
    style += ["rounded"] if look.round else []
    style += ["dashed"] if look.dash else []
    left, right = head(box)
    words = f'<TD ALIGN="LEFT">{_font(look.head_text, f"<B>{_safe(left)}</B>")}</TD>'
    words += f'<TD ALIGN="RIGHT">{_font(look.head_text, "&#160; " + _safe(right))}</TD>'
    rows = [f'<TR><TD BGCOLOR="{look.head}">{TABLE % f"<TR>{words}</TR>"}</TD></TR>']
    for role, mark, bars, text in lines(box):
        said = _safe(" ".join(filter(None, [mark, bars, text])))
        said = f"<B>{said}</B>" if role == "expression" else said
        rows.append(f'<TR><TD ALIGN="LEFT">{_font(INK[role], said, MONO)}</TD></TR>')
    return dict(
        label=f"<{TABLE % ''.join(rows)}>",
        color=look.edge,
        fillcolor=look.ground,
        style=",".join(style),
        penwidth=str(look.thick),
        peripheries="2" if box.is_result else "1",
        tooltip=_plain(f"{left} {right}"),
    )


def _font(ink: str, text: str, face: str = "", size: int = 0) -> str:
    more = (f' FACE="{face}"' if face else "") + (f' POINT-SIZE="{size}"' if size else "")
    return f'<FONT COLOR="{ink}"{more}>{text}</FONT>'


def _safe(text: str) -> str:
    """Escaped for an HTML-like label: markup, and the backslash (\\N is Graphviz's own)."""
    return html.escape(text).replace("\\", "\\\\").replace("  ", "&#160; ")


def _plain(text: str) -> str:
    """Escaped for an attribute."""
    import graphviz

    return str(graphviz.escape(text))

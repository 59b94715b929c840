"""The built-in layout: nothing overlaps, everything flows one way, frames hold what is theirs."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.pictures.layout import _crossings, _Net, _ranks, effort, layout
from autograd.pictures.svg import INK, LOOKS, MUTED, PAPER, text_width, twigs

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 25))
    size = st.tuples(st.integers(40, 300), st.integers(20, 120))
    sizes = draw(st.lists(size, min_size=n, max_size=n))
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1])
    arrows = draw(st.lists(pair, unique=True, max_size=2 * n)) if n > 1 else []
    paths = st.sampled_from([(), (0,), (0, 1), (0, 2), (3,), (3, 4), (5,)])
    return sizes, arrows, draw(st.lists(paths, min_size=n, max_size=n))


def inside(inner, outer):
    return (
        outer[0] <= inner[0] and outer[1] <= inner[1]
        and inner[2] <= outer[2] and inner[3] <= outer[3]
    )  # fmt: skip


def apart(a, b, by=0.0):
    return a[2] + by <= b[0] or b[2] + by <= a[0] or a[3] + by <= b[1] or b[3] + by <= a[1]


@given(graphs(), st.sampled_from(["LR", "TB"]))
def test_boxes_stand_apart_inside_the_picture_and_inside_their_frames(graph, rankdir):
    sizes, arrows, frames = graph
    placed = layout(sizes, arrows, frames, rankdir)
    paper = (-1e-6, -1e-6, placed.width + 1e-6, placed.height + 1e-6)
    for i, box in enumerate(placed.boxes):
        assert (box[2] - box[0], box[3] - box[1]) == pytest.approx(sizes[i])
        assert inside(box, paper)
        assert all(apart(box, other, by=10) for other in placed.boxes[:i])
        for frame, area in placed.frames.items():
            assert inside(box, area) if frame in frames[i] else apart(box, area)
    assert placed.frames.keys() == {frame for path in frames for frame in path}


@given(graphs(), st.sampled_from(["LR", "TB"]))
def test_arrows_go_from_edge_to_edge_with_the_flow(graph, rankdir):
    sizes, arrows, frames = graph
    placed = layout(sizes, arrows, frames, rankdir)
    along = 0 if rankdir == "LR" else 1
    assert placed.routes.keys() == set(arrows)
    for (start, end), route in placed.routes.items():
        assert route[0][along] == pytest.approx(placed.boxes[start][2 + along])
        assert route[-1][along] == pytest.approx(placed.boxes[end][along])
        across = 1 - along
        low, high = placed.boxes[end][across], placed.boxes[end][2 + across]
        assert low <= route[-1][across] <= high
        steps = [point[along] for point in route]
        assert steps == sorted(steps)


@given(graphs())
def test_twigs_draw_every_piece_of_every_arrow_once(graph):
    routes = layout(*graph).routes
    found = twigs(routes)
    for arrow, twig in found.items():
        assert twig == routes[arrow][-len(twig) :]
    for start in {start for start, _ in routes}:
        own = [arrow for arrow in routes if arrow[0] == start]
        drawn = [piece for arrow in own for piece in pairwise(found[arrow])]
        assert len(drawn) == len(set(drawn))
        assert set(drawn) == {piece for arrow in own for piece in pairwise(routes[arrow])}


def test_a_box_with_many_users_is_one_line_with_twigs():
    arrows = [(0, 1)] + [(i, i + 1) for i in range(1, 300)] + [(0, i) for i in range(2, 301)]
    found = twigs(layout([(50, 30)] * 301, arrows).routes)
    assert sum(map(len, found.values())) < 5 * len(arrows)


def test_the_main_line_is_straight():
    sizes = [(100, 50)] * 7  # 0 and 1 make 2, 2 and 3 make 4, 4 and 5 make 6
    arrows = [(0, 2), (1, 2), (2, 4), (3, 4), (4, 6), (5, 6)]
    placed = layout(sizes, arrows)
    middles = [(placed.boxes[i][1] + placed.boxes[i][3]) / 2 for i in (2, 4, 6)]
    assert max(middles) - min(middles) < 10


def test_a_chain_of_blocks_with_an_arrow_past_each_runs_level():
    sizes, arrows, frames, end = [(100, 40)], [], [()], 0
    for block in range(30):  # an op and its weight in a frame, one more op, then both ways meet
        start, weight = end, len(sizes)
        inner, last, end = weight + 1, weight + 2, weight + 3
        sizes += [(100, 80), (100, 40), (100, 40), (100, 40)]
        frames += [(2 * block, 2 * block + 1)] * 2 + [(2 * block,)] * 2
        arrows += [(start, inner), (weight, inner), (inner, last), (start, end), (last, end)]
    height = layout(sizes[:5], arrows[:5], frames[:5]).height
    assert layout(sizes, arrows, frames).height < height + 60


def test_a_tree_has_no_crossings():
    arrows = [(i, 16 + i // 2) for i in range(16)] + [(16 + i, 24 + i // 2) for i in range(8)]
    placed = layout([(50, 30)] * 28, arrows)
    for level in (range(16), range(16, 24)):
        ends = dict(arrows)
        order = sorted(level, key=lambda i: placed.boxes[i][1])
        heights = [placed.boxes[ends[i]][1] for i in order]
        assert heights == sorted(heights)


@given(graphs())
def test_crossings_are_counted(graph):
    sizes, arrows, frames = graph
    net = _Net(sizes, arrows, frames, _ranks(len(sizes), arrows, ()))
    place = [float(i) for i in range(len(net.sizes))]
    naive = 0
    for layer in net.layers:
        pairs = [(place[i], place[j]) for i in layer for j in net.after[i]]
        naive += sum(a < c and d < b for a, b in pairs for c, d in pairs)
    assert _crossings(net, place) == naive


def test_effort_counts_the_ranks_that_arrows_pass():
    assert effort(4, [(0, 1), (1, 2), (2, 3)]) == 0
    assert effort(4, [(0, 1), (1, 2), (2, 3), (1, 3)]) == 1


def test_nothing_to_lay_out():
    assert layout([], []).boxes == []


# -- colours --------------------------------------------------------------------------------------


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    light, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("kind", LOOKS)
def test_every_text_stands_out(kind):
    look = LOOKS[kind]
    assert contrast(look.head, look.head_text) >= 4.5
    for ink in INK.values():
        assert contrast(look.ground, ink) >= 4.5
    assert contrast(PAPER, MUTED) >= 4.5
    assert contrast(PAPER, look.edge) >= 3.0  # WCAG 1.4.11, for what is not text


def test_kinds_differ_by_shape_and_not_only_by_colour():
    shapes = {
        kind: (look.round > 0, look.dash, look.thick, luminance(look.head) < 0.3)
        for kind, look in LOOKS.items()
    }
    told_by_shape = ["op", "leaf", "constant", "failed", "earlier"]
    assert len({shapes[kind] for kind in told_by_shape}) == len(told_by_shape)


@given(graphs(), st.sampled_from(["LR", "TB"]))
def test_frames_lie_in_each_other_or_apart(graph, rankdir):
    sizes, arrows, paths = graph
    placed = layout(sizes, arrows, paths, rankdir)
    around = {frame: path[: path.index(frame)] for path in paths for frame in path}
    for frame, area in placed.frames.items():
        for other, theirs in placed.frames.items():
            if other in around[frame]:
                assert inside(area, theirs)
            elif other != frame and frame not in around[other]:
                assert apart(area, theirs)


def test_no_arrow_crosses_the_title_of_a_frame():
    layers = [nn.Dense(4, "relu"), nn.Flatten(), nn.Dense(2)]
    model = nn.Sequential(*layers)
    picture = ag.draw(model(np.ones((2, 3))).sum(), rankdir="TB", engine="built-in")
    drawn = ElementTree.fromstring(picture.svg())
    ways = [path.get("d") for path in drawn.iter(f"{SVG}path") if path.get("fill") == "none"]
    straight = [re.fullmatch(r"M(\d+) (\d+)V(\d+)", way) for way in ways]
    straight = [tuple(map(int, way.groups())) for way in straight if way]
    titles = [g[0] for g in drawn.iter(f"{SVG}g") if g.get("paint-order")]
    assert len(titles) == 1 + len(layers)
    crossed = 0
    for title in titles:
        x, y = float(title.get("x")), float(title.get("y")) - 4
        width = text_width(title.text, 12.5, bold=True)
        there = [at for at, top, bottom in straight if top < y < bottom]
        assert not [at for at in there if x - 4 < at < x + width + 2], title.text
        crossed += len(there)
    assert crossed >= 3  # by arrows that pass beside them

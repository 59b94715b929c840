"""A layered layout (Sugiyama, Tagawa & Toda 1981), small: no engine, no recursion.

Four steps, each of which can be read alone: ranks (how far along the flow), order (who is above
whom within a rank, so that few arrows cross), places (straight where it can be, frames as bands),
routes.

Everything is worked out for a flow from left to right; from top to bottom is the same, transposed.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Area = tuple[float, float, float, float]  # left, top, right, bottom

BETWEEN_RANKS = 46.0
BETWEEN_BOXES = 18.0
AROUND_FRAME = 12.0
FRAME_LABEL = 22.0
MOST_BENDS = 20_000  # beyond it long arrows go straight


@dataclass
class Placed:
    boxes: list[Area]
    routes: dict[tuple[int, int], list[Point]]
    frames: dict[int, Area]  # outer ones first
    width: float
    height: float


def layout(
    sizes: Sequence[tuple[float, float]],
    arrows: Sequence[tuple[int, int]],
    frames: Sequence[tuple[int, ...]] = (),
    rankdir: str = "LR",
) -> Placed:
    """Places for boxes of these sizes. Arrows go from a box to a later one; `frames` are, for each
    box, the frames that it is in, outermost first."""
    if rankdir == "TB":
        placed = _layout([(h, w) for w, h in sizes], arrows, frames, label_first=True)
        return Placed(
            [(t, l, b, r) for l, t, r, b in placed.boxes],
            {arrow: [(y, x) for x, y in route] for arrow, route in placed.routes.items()},
            {f: (t, l, b, r) for f, (l, t, r, b) in placed.frames.items()},
            placed.height,
            placed.width,
        )
    return _layout(sizes, arrows, frames, label_first=False)


def effort(n: int, arrows: Sequence[tuple[int, int]]) -> int:
    """How many ranks the arrows pass between their ends, in all: what makes a layout slow."""
    ranks = _ranks(n, arrows, ())
    return sum(ranks[end] - ranks[start] - 1 for start, end in arrows)


def _layout(
    sizes: Sequence[tuple[float, float]],
    arrows: Sequence[tuple[int, int]],
    frames: Sequence[tuple[int, ...]],
    label_first: bool,
) -> Placed:
    frames = list(frames) or [()] * len(sizes)
    ranks = _ranks(len(sizes), arrows, _into_frames(arrows, frames))
    net = _Net(sizes, arrows, frames, ranks)
    _order(net)
    above = AROUND_FRAME + (0 if label_first else FRAME_LABEL)
    _place(net, above)
    if not _set_apart(net, above):
        _agree(net)
        _place(net, above)
        _set_apart(net, above)
    return _routed(net, arrows, above, label_first)


# -- ranks --------------------------------------------------------------------------------------


def _ranks(
    n: int, arrows: Sequence[tuple[int, int]], undrawn: Collection[tuple[int, int]]
) -> list[int]:
    """The longest way from a source; sources themselves stand right before their first user."""
    ranks = [0] * n
    every = sorted([*arrows, *undrawn], key=lambda arrow: arrow[1])
    for start, end in every:
        ranks[end] = max(ranks[end], ranks[start] + 1)
    first_user: dict[int, int] = {}
    for start, end in every:
        first_user[start] = min(first_user.get(start, ranks[end]), ranks[end])
    has_input = {end for _, end in arrows}
    return [
        rank if i in has_input or i not in first_user else first_user[i] - 1
        for i, rank in enumerate(ranks)
    ]


def _into_frames(
    arrows: Sequence[tuple[int, int]], frames: Sequence[tuple[int, ...]]
) -> set[tuple[int, int]]:
    """What leads into a frame comes before all of it: from each such box, an arrow that is not
    drawn to each box where the frame begins."""
    fed = {(f, end) for start, end in arrows for f in _shared(frames[start], frames[end])}
    beginnings: dict[int, list[int]] = {}
    for i, path in enumerate(frames):
        for frame in path:
            if (frame, i) not in fed:
                beginnings.setdefault(frame, []).append(i)
    into = {(start, f) for start, end in arrows for f in frames[end] if f not in frames[start]}
    return {(start, i) for start, frame in into for i in beginnings[frame] if start < i}


class _Net:
    """Boxes and bends: where an arrow passes a rank it bends there, so that all arrows join
    neighbouring ranks. Arrows from one box share their bends."""

    def __init__(
        self,
        sizes: Sequence[tuple[float, float]],
        arrows: Sequence[tuple[int, int]],
        frames: Sequence[tuple[int, ...]],
        ranks: list[int],
    ) -> None:
        self.boxes = len(sizes)
        self.sizes = list(sizes)
        self.frames = list(frames)
        self.ranks = list(ranks)
        self.y: list[float] = []
        self.ports: dict[
            tuple[int, int], float
        ] = {}  # first arguments arrive higher than last ones
        self.before: list[list[int]] = [[] for _ in sizes]
        self.after: list[list[int]] = [[] for _ in sizes]
        self.ways: dict[tuple[int, int], list[int]] = {}
        bends: dict[tuple[int, int], int] = {}
        arriving = _arriving(arrows)
        passed = _extents(frames, ranks)
        for start, end in sorted(arrows, key=lambda a: ranks[a[1]] - ranks[a[0]]):
            way = [start]
            for rank in range(ranks[start] + 1, ranks[end]):
                if (start, rank) not in bends:
                    if len(bends) >= MOST_BENDS:
                        break
                    bends[start, rank] = len(self.sizes)
                    self.sizes.append((0.0, 0.0))
                    self.frames.append(_passing(rank, frames[start], frames[end], passed))
                    self.ranks.append(rank)
                    self.before.append([])
                    self.after.append([])
                    self._join(way[-1], bends[start, rank])
                way.append(bends[start, rank])
            way.append(end)
            if self.ranks[way[-2]] == ranks[end] - 1:
                self._join(way[-2], end)
                coming = arriving[end]
                self.ports[way[-2], end] = (coming.index((start, end)) + 0.5) / len(coming) - 0.5
            self.ways[start, end] = way
        self._fill_frames()
        self.layers: list[list[int]] = [[] for _ in range(max(self.ranks, default=-1) + 1)]
        for item, rank in enumerate(self.ranks):
            self.layers[rank].append(item)

    def _fill_frames(self) -> None:
        """Where a frame passes a rank that has nothing of it, an empty item holds its place."""
        held: dict[tuple[int, ...], set[int]] = {}
        for path, rank in zip(self.frames, self.ranks, strict=True):
            for depth in range(len(path)):
                held.setdefault(path[: depth + 1], set()).add(rank)
        for path, ranks in held.items():
            for rank in set(range(min(ranks), max(ranks) + 1)) - ranks:
                self.sizes.append((0.0, 0.0))
                self.frames.append(path)
                self.ranks.append(rank)
                self.before.append([])
                self.after.append([])

    def pull(self, a: int, b: int) -> float:
        """How much b, after a, wants to be level with it: bends most, the main line more than its
        sources. Where arrows part, none is preferred: they meet again midway, so that a chain of
        such places runs level."""
        if a >= self.boxes and b >= self.boxes and len(self.after[a]) == 1:
            return 8.0
        return 1.0 if self.before[a] and self.before[b] else 0.05

    def sweeps(self) -> int:
        """How often to go there and back: a picture too large for beauty gets less of it."""
        return 8 if len(self.sizes) < 3_000 else 4

    def _join(self, start: int, end: int) -> None:
        self.after[start].append(end)
        self.before[end].append(start)


def _extents(
    frames: Sequence[tuple[int, ...]], ranks: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """The first and the last rank of each frame."""
    extents: dict[int, tuple[int, int]] = {}
    for path, rank in zip(frames, ranks, strict=True):
        for frame in path:
            first, last = extents.get(frame, (rank, rank))
            extents[frame] = min(first, rank), max(last, rank)
    return extents


def _passing(
    rank: int,
    start: tuple[int, ...],
    end: tuple[int, ...],
    extents: dict[int, tuple[int, int]],
) -> tuple[int, ...]:
    """The frames in which an arrow bends at this rank: it enters those of its end as soon as they
    begin, and leaves those of its start when they end, rather than going around them."""
    shared = _shared(start, end)
    inner = [[f for f in path[len(shared) :] if _within(rank, extents[f])] for path in (start, end)]
    leaving, entering = inner
    return shared if leaving and entering else (*shared, *leaving, *entering)


def _within(rank: int, extent: tuple[int, int]) -> bool:
    return extent[0] <= rank <= extent[1]


def _arriving(arrows: Sequence[tuple[int, int]]) -> dict[int, list[tuple[int, int]]]:
    """The arrows to each box, in the order of its arguments."""
    arriving: dict[int, list[tuple[int, int]]] = {}
    for arrow in arrows:
        arriving.setdefault(arrow[1], []).append(arrow)
    return arriving


def _shared(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return a[:n]


# -- order --------------------------------------------------------------------------------------


def _order(net: _Net) -> None:
    """Barycenters, there and back; the order with the fewest crossings is kept."""
    place = [0.0] * len(net.sizes)
    for layer in net.layers:
        _number(layer, place)
    best, fewest = net.layers, -1
    for sweep in range(net.sweeps() + 1):
        forward = sweep % 2 == 1
        neighbours = net.before if forward else net.after
        for layer in net.layers if forward else reversed(net.layers):
            wish = {
                item: _mean(
                    [place[n] + net.ports.get((item, n), 0.0) for n in neighbours[item]],
                    place[item],
                )
                for item in layer
            }
            layer.sort(key=_together(layer, net.frames, wish).__getitem__)
            _number(layer, place)
        crossings = _crossings(net, place)
        if fewest < 0 or crossings < fewest:
            best, fewest = [list(layer) for layer in net.layers], crossings
        if crossings == 0:
            break
    net.layers = best


def _agree(net: _Net) -> None:
    """Which of two frames is the upper one, the same in all ranks: by the mean of all its items."""
    place = [0.0] * len(net.sizes)
    members: dict[int, list[int]] = {}
    for layer in net.layers:
        _number(layer, place)
        for item in layer:
            for frame in net.frames[item]:
                members.setdefault(frame, []).append(item)
    mean = {frame: _mean([place[i] for i in items], 0.0) for frame, items in members.items()}
    for layer in net.layers:
        layer.sort(
            key=lambda i: (*(x for f in net.frames[i] for x in (mean[f], float(f))), place[i])
        )


def _number(layer: list[int], place: list[float]) -> None:
    for i, item in enumerate(layer):
        place[item] = i - (len(layer) - 1) / 2


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _together(
    layer: list[int], frames: Sequence[tuple[int, ...]], wish: dict[int, float]
) -> dict[int, tuple[float, ...]]:
    """Sort keys that keep a frame's items together: the mean wish of each frame, then one's own."""
    members: dict[int, list[float]] = {}
    for item in layer:
        for frame in frames[item]:
            members.setdefault(frame, []).append(wish[item])
    return {
        item: (*(x for f in frames[item] for x in (_mean(members[f], 0.0), float(f))), wish[item])
        for item in layer
    }


def _crossings(net: _Net, place: list[float]) -> int:
    """How many pairs of arrows between neighbouring ranks cross: inversions, by insertion."""
    crossings = 0
    for layer in net.layers:
        passed: list[float] = []
        for item in layer:
            ends = sorted(place[n] for n in net.after[item])
            for end in ends:
                crossings += len(passed) - bisect_right(passed, end)
            for end in ends:
                insort(passed, end)
    return crossings


# -- places -------------------------------------------------------------------------------------


def _place(net: _Net, above: float) -> None:
    """Heights: each rank as near to its neighbours' as the distances allow (least squares)."""
    gaps = [_gaps(layer, net, above) for layer in net.layers]
    net.y = [0.0] * len(net.sizes)
    for layer, gap in zip(net.layers, gaps, strict=True):
        y = 0.0
        middle = sum(gap) / 2
        for item, distance in zip(layer, [0.0, *gap], strict=False):
            y += distance
            net.y[item] = y - middle
    before = [[(n, net.pull(n, item)) for n in near] for item, near in enumerate(net.before)]
    after = [[(n, net.pull(item, n)) for n in near] for item, near in enumerate(net.after)]
    both = [[*b, *a] for b, a in zip(before, after, strict=True)]
    sweeps = net.sweeps()
    for sweep in range(sweeps + 2):
        forward = sweep % 2 == 0
        near = both if sweep >= sweeps else before if forward else after
        for rank in range(len(net.layers)) if forward else reversed(range(len(net.layers))):
            layer = net.layers[rank]
            wishes, weights = [], []
            for item in layer:
                pulls = near[item] or both[item]
                weight = sum([w for _, w in pulls])
                wishes.append(
                    sum([net.y[n] * w for n, w in pulls]) / weight if pulls else net.y[item]
                )
                weights.append(weight or 0.1)
            for item, y in zip(layer, _spread(wishes, weights, gaps[rank]), strict=True):
                net.y[item] = y
    _level(net, max(map(sum, gaps), default=0.0))


def _level(net: _Net, tallest: float) -> None:
    """Takes out the slope (the line of best fit) on which a long chain with something beside it
    runs downhill, where that matters. A rank moves as a whole, so all distances in it stay."""
    main = [i for i in range(net.boxes) if net.before[i]]
    middle = _mean([net.ranks[i] for i in main], 0.0)
    ranks = [net.ranks[i] - middle for i in main]
    spread = sum([r * r for r in ranks])
    slope = sum([r * net.y[i] for r, i in zip(ranks, main, strict=True)]) / (spread or 1.0)
    if abs(slope) * len(net.layers) > tallest:
        for item, rank in enumerate(net.ranks):
            net.y[item] -= slope * (rank - middle)


def _set_apart(net: _Net, above: float) -> bool:
    """Moves things down until each frame is a band, straight through all ranks that it passes, with
    nothing in it that is not its own. False, and nothing moved, if ranks disagree which of two
    frames is the upper one.

    A frame's upper and lower edge are two more things to place, the same in all its ranks; what
    stands above what is then an order, in which each goes as high as it may, but not higher than
    `_place` has put it.
    """
    if not any(net.frames):
        return True
    below: dict[Edge, list[tuple[Edge, float]]] = {}
    waiting: dict[Edge, int] = {}
    for layer in net.layers:
        for a, b in pairwise(_stack(layer, net)):
            below.setdefault(a, []).append((b, _distance(a, b, net, above)))
            waiting[b] = waiting.get(b, 0) + 1
            waiting.setdefault(a, 0)
    least = min(net.y)
    y = {edge: net.y[edge[1]] if edge[0] == "item" else least - 1e6 for edge in waiting}
    ready = [edge for edge, count in waiting.items() if not count]
    done = 0
    while ready:
        a = ready.pop()
        done += 1
        for b, distance in below.get(a, ()):
            y[b] = max(y[b], y[a] + distance)
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    if done < len(waiting):
        return False
    for (kind, number), height in y.items():
        if kind == "item":
            net.y[number] = height
    return True


Edge = tuple[str, int]  # ("item" | "top" | "bottom", its number or its frame's)


def _stack(layer: list[int], net: _Net) -> list[Edge]:
    """What stands in a rank, from the top, with the edges of frames."""
    stack: list[Edge] = []
    inside: tuple[int, ...] = ()
    for path, item in [*((net.frames[item], item) for item in layer), ((), None)]:
        shared = len(_shared(inside, path))
        stack += [("bottom", frame) for frame in inside[shared:][::-1]]
        stack += [("top", frame) for frame in path[shared:]]
        stack += [("item", item)] if item is not None else []
        inside = path
    return stack


def _distance(a: Edge, b: Edge, net: _Net, above: float) -> float:
    half = sum(net.sizes[number][1] / 2 for kind, number in (a, b) if kind == "item")
    if a[0] == "top":
        return half + above
    if b[0] == "bottom":
        return half + AROUND_FRAME
    if a[0] == b[0] == "item" and a[1] >= net.boxes and b[1] >= net.boxes:
        return BETWEEN_BOXES / 2
    return half + BETWEEN_BOXES


def _gaps(layer: list[int], net: _Net, above: float) -> list[float]:
    """The least distance from each item's middle to the next one's, with frames between them."""
    gaps = []
    for a, b in pairwise(layer):
        shared = len(_shared(net.frames[a], net.frames[b]))
        closed, opened = len(net.frames[a]) - shared, len(net.frames[b]) - shared
        apart = BETWEEN_BOXES if a < net.boxes or b < net.boxes else BETWEEN_BOXES / 2
        gaps.append(
            (net.sizes[a][1] + net.sizes[b][1]) / 2 + apart + closed * AROUND_FRAME + opened * above
        )
    return gaps


def _spread(
    wishes: list[float],
    weights: list[float],
    gaps: list[float],
    within: tuple[float, float] = (-math.inf, math.inf),
) -> list[float]:
    """The places nearest to the wishes that keep order and distances: isotonic regression, by
    pooling adjacent violators."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for wish, weight, offset in zip(wishes, weights, offsets, strict=True):
        mean, total, count = wish - offset, weight, 1
        while pools and pools[-1][0] > mean:
            m, w, c = pools.pop()
            mean, total, count = (mean * total + m * w) / (total + w), total + w, count + c
        pools.append((mean, total, count))
    low, high = within[0], within[1] - offsets[-1]
    means = [min(max(mean, low), high) for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


# -- routes -------------------------------------------------------------------------------------


def _routed(
    net: _Net, arrows: Sequence[tuple[int, int]], above: float, label_first: bool
) -> Placed:
    widths = [max([net.sizes[i][0] for i in layer], default=0.0) for layer in net.layers]
    depth = max([len(f) for f in net.frames], default=0)
    between = (
        BETWEEN_RANKS
        + max(0, depth - 1) * 2 * AROUND_FRAME
        + (FRAME_LABEL * depth if label_first else 0)
    )
    lefts = [0.0]
    for width in widths:
        lefts.append(lefts[-1] + width + between)
    boxes = []
    for i in range(net.boxes):
        w, h = net.sizes[i]
        left = lefts[net.ranks[i]] + (widths[net.ranks[i]] - w) / 2
        boxes.append((left, net.y[i] - h / 2, left + w, net.y[i] + h / 2))

    areas = _frame_areas(net, boxes, above, label_first)
    bends = [i for i in range(net.boxes, len(net.sizes)) if net.before[i]]
    every = [
        *boxes,
        *areas.values(),
        *((lefts[net.ranks[i]], net.y[i], lefts[net.ranks[i] + 1], net.y[i]) for i in bends),
    ]
    if not every:
        return Placed([], {}, {}, 0.0, 0.0)
    dx, dy = -min(a[0] for a in every), -min(a[1] for a in every)
    width, height = max(a[2] for a in every) + dx, max(a[3] for a in every) + dy

    def moved(area: Area) -> Area:
        return area[0] + dx, area[1] + dy, area[2] + dx, area[3] + dy

    boxes = list(map(moved, boxes))
    lefts, ys = [x + dx for x in lefts], [y + dy for y in net.y]
    routes = {}
    for end, coming in _arriving(arrows).items():
        coming.sort(key=lambda arrow: ys[net.ways[arrow][-2]])
        left, top, _, bottom = boxes[end]
        edge = min(10.0, (bottom - top) / 4)
        ports = _spread(
            [ys[net.ways[arrow][-2]] for arrow in coming],
            [1.0] * len(coming),
            [min(16.0, (bottom - top - 2 * edge) / len(coming))] * (len(coming) - 1),
            within=(top + edge, bottom - edge),
        )
        for arrow, port in zip(coming, ports, strict=True):
            start = boxes[arrow[0]]
            route = [(start[2], (start[1] + start[3]) / 2)]
            for bend in net.ways[arrow][1:-1]:
                rank, y = net.ranks[bend], ys[bend]
                route += [(lefts[rank], y), (lefts[rank] + widths[rank], y)]
            route.append((left, port))
            routes[arrow] = route
    return Placed(boxes, routes, {f: moved(area) for f, area in areas.items()}, width, height)


def _frame_areas(
    net: _Net, boxes: list[Area], above: float, label_first: bool
) -> dict[int, Area]:
    """Around what is in each frame, with padding, outer frames first."""
    ahead = AROUND_FRAME + (FRAME_LABEL if label_first else 0)
    areas: dict[int, Area] = {}
    depths: dict[int, int] = {}
    for i, (left, top, right, bottom) in enumerate(boxes):
        for depth, frame in enumerate(net.frames[i]):
            depths[frame] = depth
            layers = len(net.frames[i]) - depth  # of padding: one for each frame from here inwards
            padded = (
                left - layers * ahead,
                top - layers * above,
                right + layers * AROUND_FRAME,
                bottom + layers * AROUND_FRAME,
            )
            areas[frame] = _hull(areas.get(frame, padded), padded)
    return {frame: areas[frame] for frame in sorted(areas, key=depths.__getitem__)}


def _hull(a: Area, b: Area) -> Area:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])

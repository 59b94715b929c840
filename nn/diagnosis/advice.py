"""What the numbers mean: the cause, and what helps against it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .report import Diagnosis, Layer

VANISHED = 1e-3  # of the output's gradient
EXPLODED = 1e2
GROWN = 1e3  # outputs, against the input or against 1
LARGE = 30.0  # inputs, in standard deviations of what initial weights are made for
MOSTLY = 0.5  # of units or outputs: then it is worth a word
SAMPLES = 8  # with fewer, a unit that is off for all of them says little


class Advice(NamedTuple):
    """One problem: its name, the layer where it is worst, and cause and cure in words."""

    problem: str
    where: str
    text: str


def think(found: Diagnosis) -> list[Advice]:
    """All that is wrong, the worst first."""
    broken = _broken(found)
    if broken:
        return broken  # no other number means anything then
    return [*_exploding(found), *_vanishing(found), *_sick(found), *_unreached(found)]


def _broken(found: Diagnosis) -> list[Advice]:
    for layer in found.layers:
        if not math.isfinite(layer.size):
            cause = (
                "Look at the data: np.isfinite(x).all()."
                if layer is found.layers[0]
                else "Everything before it is finite, so it overflows there, or its weights are "
                "not finite. Load or make the weights anew, with a smaller learning rate or "
                "smaller initial weights; nn.StopOnNaN() stops before weights are spoilt."
            )
            return [Advice("not finite", layer.name, f"what it gives is not finite. {cause}")]
    for layer in reversed(found.layers):
        if layer.gradient is not None and not math.isfinite(layer.gradient):
            return [
                Advice(
                    "not finite", layer.name,
                    "all outputs are finite, but the gradient that arrives here is not. The "
                    "backward pass under ag.debug() names the op. Take the loss from logits, not "
                    "from probabilities; look for √0 and 0/0.",
                )
            ]  # fmt: skip
    return []


def _exploding(found: Diagnosis) -> list[Advice]:
    first, *layers = found.layers
    if first.size > LARGE:
        return [
            Advice(
                "large inputs", first.name,
                f"they are about {first.size:.3g} in size, and initial weights are made for about "
                "1. Scale them: x / 255 for pixels, nn.data's standardisation for measurements.",
            )
        ]  # fmt: skip
    top = max(layers, key=lambda layer: layer.size, default=None)
    flow = [(g, layer) for g, layer in zip(found.flow[1:], layers) if g is not None]
    steepest, where = max(flow, key=lambda pair: pair[0], default=(0.0, None))
    grown = top is not None and top.size > GROWN * max(first.size, 1e-3)
    if steepest <= EXPLODED and not grown:
        return []
    told = []
    if grown and top is not None:
        told.append(f"outputs grow from {first.size:.2g} to {top.size:.2g}")
        where = where if steepest > EXPLODED else top
    if steepest > EXPLODED:
        told.append(f"the gradient grows {steepest:.2g} times on its way back from the output")
    assert where is not None
    return [
        Advice(
            "exploding", where.name,
            f"{', and '.join(told)}. The weights are too large for so many inputs: each layer "
            'multiplies. Begin with init="he_normal" for ReLUs or "xavier_uniform" for the others '
            "instead of a standard deviation of your own; normalise between layers; while "
            "training, optim.clip_grad_norm and a smaller learning rate.",
        )
    ]  # fmt: skip


def _vanishing(found: Diagnosis) -> list[Advice]:
    pairs = list(zip(found.flow, found.layers))
    flow = [(g, layer) for g, layer in pairs if g is not None]
    if not flow or max(g for g, _ in flow) > EXPLODED:
        return []
    weakest, where = min(flow, key=lambda pair: pair[0])
    if weakest >= VANISHED:
        return []
    kinds = [layer.activation for layer in found.layers]
    squashing = sum(kind in ("sigmoid", "tanh") for kind in kinds)
    dead = any(layer.sick == 1 for layer in found.layers if layer.activation == "relu")
    if dead:
        cause = "A layer of ReLUs is dead, and nothing comes through it; see there."
    elif squashing > 1:
        cause = (
            f"There are {squashing} sigmoids and tanhs on the way; a sigmoid's slope is at most "
            "1/4, so ten of them leave less than a millionth. Use relu between layers, with "
            'init="he_normal"; fewer layers; normalisation, or residual connections around them.'
        )
    else:
        cause = (
            "The weights are too small for so many layers: each divides. Begin with "
            'init="he_normal" for ReLUs or "xavier_uniform" for the others; normalise between '
            "layers, or let residual connections go around them."
        )
    return [
        Advice(
            "vanishing gradient", where.name,
            f"of the output's gradient {weakest:.2g} arrives: the first layers hardly learn. "
            f"{cause}",
        )
    ]  # fmt: skip


def _sick(found: Diagnosis) -> list[Advice]:
    told = []
    for layer in found.layers[:-1]:  # an output may well be certain
        if layer.sick is None or layer.sick <= MOSTLY:
            continue
        share = f"{layer.sick:.0%}"
        if layer.activation == "relu":
            if found.samples >= SAMPLES or layer.sick == 1:
                told.append(Advice("dead ReLUs", layer.name, _dead(share, found.samples)))
        else:
            told.append(Advice("saturated", layer.name, _saturated(share, layer)))
    return told


def _dead(share: str, samples: int) -> str:
    return (
        f"{share} of the units are 0 for all {samples} samples; no gradient passes, so they never "
        "learn. A step that was too large has pushed them there, or biases that are far below 0. "
        'Use a smaller learning rate, biases that begin at 0, init="he_normal"; leaky_relu and elu '
        "do not die."
    )


def _saturated(share: str, layer: Layer) -> str:
    return (
        f"{share} of the outputs of {layer.activation} lie where it is flat, and little gradient "
        'passes. What comes in is too large: standardise the inputs, begin with "xavier_uniform" '
        "and not with a larger deviation, normalise before it; or use relu."
    )


def _unreached(found: Diagnosis) -> list[Advice]:
    return [
        Advice(
            "no gradient", layer.name,
            "its parameters do not take part in the loss: forward() does not use it, or what "
            "comes after cuts the graph (detach, .numpy(), argmax, step).",
        )
        for layer in found.layers
        if layer.weight is not None and layer.weight_gradient is None
    ]  # fmt: skip

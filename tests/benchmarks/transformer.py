"""A character transformer: 2 layers of width 128, 4 heads, 64 tokens of 65 kinds, batch 32; AdamW.

Both sides have the same form: embeddings of characters and places, two blocks that normalize first
(causal attention, then 128-512-128 with GELU), one more LayerNorm, scores for the next character.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness import Engine, Row, main, race

VOCABULARY, WIDTH, HEADS, LAYERS = 65, 128, 4, 2


def text(batch: int, length: int) -> tuple[Any, Any]:
    """Characters, and for each the next."""
    import numpy as np

    characters = np.random.default_rng(0).integers(VOCABULARY, size=(batch, length + 1))
    return characters[:, :-1], characters[:, 1:]


def glassgrad(batch: int, length: int) -> Callable[[], Any]:
    import nn
    import optim

    x, target = text(batch, length)
    model = nn.Sequential(
        nn.Embedding(VOCABULARY, WIDTH),
        nn.PositionalEmbedding(length, WIDTH),
        *(nn.TransformerBlock(WIDTH, HEADS, 4 * WIDTH, causal=True) for _ in range(LAYERS)),
        nn.LayerNorm(WIDTH),
        nn.Dense(VOCABULARY, in_features=WIDTH),
    )
    model(x)  # the first input tells the sizes
    optimizer = optim.AdamW(model.parameters())

    def step():
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()

    return step


def pytorch(batch: int, length: int, fused: bool) -> Callable[[], Any]:
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
            self.out = nn.Linear(WIDTH, WIDTH)

        def forward(self, x):
            n, t, _ = x.shape
            parts = self.qkv(x).view(n, t, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(*parts, is_causal=True)
            return self.out(y.transpose(1, 2).reshape(n, t, WIDTH))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.Sequential(nn.LayerNorm(WIDTH), Attention())
            self.feed_forward = nn.Sequential(
                nn.LayerNorm(WIDTH),
                nn.Linear(WIDTH, 4 * WIDTH),
                nn.GELU(),
                nn.Linear(4 * WIDTH, WIDTH),
            )

        def forward(self, x):
            x = x + self.attention(x)
            return x + self.feed_forward(x)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.characters = nn.Embedding(VOCABULARY, WIDTH)
            self.places = nn.Parameter(0.02 * torch.randn(length, WIDTH))
            self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
            self.scores = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY))

        def forward(self, x):
            return self.scores(self.blocks(self.characters(x) + self.places))

    x, target = (torch.from_numpy(a.copy()) for a in text(batch, length))
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), **({"fused": True} if fused else {}))

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x).flatten(0, 1), target.flatten())
        loss.backward()
        optimizer.step()

    return step


def rows(quick: bool) -> Iterator[Row]:
    size = (2, 8) if quick else (32, 64)
    times = race(
        {
            "glassgrad": Engine(glassgrad, *size),
            "NumPy alone": Engine(glassgrad, *size, env={"GLASSGRAD_FAST": "0"}),
            "PyTorch": Engine(pytorch, *size, False),
            "fused": Engine(pytorch, *size, True),
        },
        quick,
    )
    peers = ("PyTorch", "fused")
    yield Row("character transformer, AdamW: / PyTorch", times.ratio("glassgrad", *peers), 1.1, 0.9)
    yield Row("the same on NumPy alone: / PyTorch", times.ratio("NumPy alone", *peers), 1.1, 0.9)


if __name__ == "__main__":
    main(rows)

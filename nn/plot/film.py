"""The decision boundary as it moves in training."""

from __future__ import annotations

import base64
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd.plot import style

from ..callbacks import Callback
from .classes import Names, Plane

if TYPE_CHECKING:
    from ..progress import Logs


class BoundaryAnimation(Callback):
    """A callback that films how a model's decision boundary moves while `fit` trains it.

    A notebook shows the film with buttons; `save` writes it to a file.

    Parameters
    ----------
    x, t : array_like
        Samples (n, 2) and their classes (n), or one-hot.
    every : int
        A frame after so many epochs; the first is taken before training.
    threshold, names, resolution
        As for `decision_boundary`.

    Raises ValueError for samples that are not in the plane, or an `every` below 1.

    >>> import nn
    >>> x, t = nn.data.moons(50)
    >>> model = nn.Sequential(nn.Dense(8, activation="tanh"), nn.Dense(2))
    >>> model.compile("adam", "cross_entropy")
    >>> film = BoundaryAnimation(x, t, every=2)
    >>> history = model.fit(x, t, epochs=4, verbose=0, callbacks=[film])
    >>> film
    <BoundaryAnimation of 3 frames>
    """

    def __init__(
        self,
        x: Any,
        t: Any,
        every: int = 1,
        *,
        threshold: float | None = None,
        names: Names = None,
        resolution: int = 120,
    ) -> None:
        if every < 1:
            raise ValueError(f"BoundaryAnimation(every={every}): a frame every 1 epoch or more.")
        self.every = every
        self.names = names
        self.plane = Plane(x, t, resolution, threshold)
        self.frames: list[tuple[str, NDArray[Any], NDArray[Any]]] = []
        """For each, its title, and what the model says of the grid and of the samples."""

    def on_train_begin(self) -> None:
        if not self.frames:  # training may go on, and the film with it
            self._epochs = 0
            self._take("before training")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self._epochs += 1
        if self._epochs % self.every == 0:
            self._take(f"epoch {self._epochs}, loss {logs['loss']:.3g}")

    def _take(self, title: str) -> None:
        self.frames.append((title, *self.plane.ask(self.model)))

    def save(self, path: str | os.PathLike[str], fps: float = 6) -> Path:
        """Writes the film: to .gif, or to .html with a button and a slider, which loads nothing.

        Raises ImportError without Matplotlib; ValueError for another ending, or before there are
        frames.
        """
        path = Path(path)
        if path.suffix not in (".gif", ".html"):
            raise ValueError(f"{path}: a film is written to a .gif or an .html file.")
        if path.suffix == ".html":
            content = (HEAD + self.html(fps)).encode()
        else:
            first, *rest = self._pictures()
            file = io.BytesIO()
            first.save(
                file, "gif", save_all=True, append_images=rest, duration=round(1000 / fps), loop=0
            )
            content = file.getvalue()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def html(self, fps: float = 6) -> str:
        """The film as a piece of HTML, for a page or a notebook."""
        pictures = []
        for picture in self._pictures():
            file = io.BytesIO()
            picture.save(file, "png", optimize=True)
            pictures.append(f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}")
        width, height = SIZE[0] * DPI, SIZE[1] * DPI
        film = {"pictures": pictures, "titles": [title for title, *_ in self.frames]}
        return PAGE % {
            "id": f"film-{os.urandom(8).hex()}", "last": len(pictures) - 1, "wait": 1000 / fps,
            "width": round(width), "height": round(height),
            "film": json.dumps(film).replace("<", "\\u003c"),
        }  # fmt: skip

    def _repr_html_(self) -> str:
        return self.html() if self.frames else repr(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.frames)} frames>"

    def _pictures(self) -> list[Any]:
        """Each frame as a Pillow image of few colours: a fifth of the bytes."""
        if not self.frames:
            raise ValueError("this film has no frames yet: pass it to fit(…, callbacks=[film]).")
        with style.bare(SIZE, "nn.plot.BoundaryAnimation") as figure:
            from PIL import Image

            figure.set_dpi(DPI)
            figure.set_layout_engine(None)  # or the axes would move as the legend grows
            figure.subplots_adjust(left=0.13, right=0.97, bottom=0.12, top=0.86)
            whole = figure.add_subplot()
            pictures = []
            for title, region, said in self.frames:
                whole.clear()
                with style.one(whole, "nn.plot.BoundaryAnimation") as ax:
                    self.plane.draw(ax, region, said, self.names)
                figure.suptitle(title)
                figure.canvas.draw()
                rgb = np.asarray(figure.canvas.buffer_rgba())[..., :3]
                pictures.append(Image.fromarray(rgb).quantize(64, dither=Image.Dither.NONE))
        return pictures


SIZE, DPI = (6.4, 5.2), 80

HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>decision boundary</title>"""

PAGE = """
<figure id="%(id)s" style="margin:0;max-width:%(width)spx;font-family:sans-serif">
<img width="%(width)s" height="%(height)s" style="max-width:100%%;height:auto" alt="">
<div style="display:flex;gap:1em">
<button type="button" style="font-size:1em;min-width:5em">Play</button>
<input type="range" min="0" max="%(last)s" value="0" aria-label="frame" style="flex:1">
</div></figure>
<script>
(() => {
  const film = %(film)s;
  const figure = document.getElementById("%(id)s");
  const [image, button, slider] = ["img", "button", "input"].map(n => figure.querySelector(n));
  let timer = null;
  const show = i => {
    slider.value = i;
    image.src = film.pictures[i];
    image.alt = film.titles[i];
    slider.setAttribute("aria-valuetext", film.titles[i]);
  };
  const pause = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
  const next = () => +slider.value < +slider.max ? show(+slider.value + 1) : pause();
  button.onclick = () => {
    if (timer) return pause();
    if (slider.value === slider.max) show(0);
    timer = setInterval(next, %(wait)s);
    button.textContent = "Pause";
  };
  slider.oninput = () => { pause(); show(+slider.value); };
  show(0);
})();
</script>
"""

"""Only an answer for those who are used to HIPS autograd's `import autograd.numpy as np`."""

if __name__ == "numpy":
    raise ImportError(
        f"`import numpy` found {__file__}: Python was started inside the folder of the package "
        "autograd. Start it one folder up.",
        name=__name__,
        path=__file__,
    )

raise ImportError(
    "glassgrad has no autograd.numpy and needs none: write `import numpy as np`. NumPy's own "
    "functions record when they are given a Tensor. (HIPS autograd is another package.)",
    name=__name__,
    path=__file__,
)

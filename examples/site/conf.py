"""How Sphinx builds the pages: `python examples/make_gallery.py` calls it.

Nothing on the pages comes from the network: formulas are MathML, written when the pages are built.
"""

import inspect
import os
import re
import sys
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx_gallery.scrapers import figure_rst

EXAMPLES = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(EXAMPLES.parent))

import numpy as np  # noqa: E402

import autograd as ag  # noqa: E402

project = "glassgrad"
version = release = ag.__version__
copyright = "glassgrad contributors"
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
html_theme = "furo"
html_title = "glassgrad"
html_static_path = [str(EXAMPLES / "site" / "static")]
html_css_files = ["site.css"]
html_copy_source = False
html_math_renderer = "mathml"
nitpicky = False

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autosummary_generate = False
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False
napoleon_use_ivar = True
suppress_warnings = [
    "config.cache",  # functions in the configuration of the lessons
    "ref.python",  # "Step" is a layer and a schedule: words in a sentence are not links
]


# -- lessons -------------------------------------------------------------------------------------


def pictures(block, block_vars, gallery_conf):
    """What `ag.draw` gave, as a picture of the page; `picture` is its name in the lessons."""
    found = block_vars["example_globals"].pop("picture", None)
    if not isinstance(found, ag.Picture):
        return ""
    path = Path(next(block_vars["image_path_iterator"])).with_suffix(".svg")
    found.save(path)
    return figure_rst([str(path)], gallery_conf["src_dir"])


FIRST_CELL = """\
# This lesson needs glassgrad. In a checkout of it:  pip install -e ".[plots,test]"
%matplotlib inline"""

sphinx_gallery_conf = {
    "examples_dirs": str(EXAMPLES),
    "gallery_dirs": "lessons",
    "filename_pattern": r"/\d\d_",
    "ignore_pattern": r"(train_digits|make_gallery|conf)\.py|/runs/",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("matplotlib", pictures),
    "capture_repr": ("_repr_html_",),
    "ignore_repr_types": r"matplotlib|Picture|History|Axes",
    "first_notebook_cell": FIRST_CELL,
    "doc_module": ("autograd", "nn", "optim"),
    "reference_url": {"autograd": None, "nn": None, "optim": None},
    "backreferences_dir": "backreferences",
    "download_all_examples": True,
    "remove_config_comments": True,
    "abort_on_example_error": False,
    "plot_gallery": "True",
    "show_memory": False,
    "write_computation_times": False,
    "min_reported_time": 60,
    "matplotlib_animations": False,
    "reset_argv": lambda *_: [],
}


# -- docstrings ----------------------------------------------------------------------------------
# Docstrings here are plain text with formulas in it, to be read in a terminal. reStructuredText
# would take |x| for a substitution, a * b * c for emphasis and x_ for a link. So they are escaped.


def plain_text(app, what, name, obj, options, lines):
    numpys = getattr(np, getattr(obj, "__name__", ""), None)
    if numpys and "\n".join(lines).strip() == inspect.getdoc(numpys):  # as some methods of Tensor
        lines[:] = [f"NumPy's ``{obj.__name__}``."]
        return
    if what in ("property", "attribute", "data"):
        lines.insert(0, "")  # what stands before a colon in the first line is not a type
    doctest = fields = False
    found, lines[:] = lines[:], []
    for i, line in enumerate(found):
        stripped = line.strip()
        underline = bool(re.fullmatch(r"-{3,}|={3,}", stripped))
        doctest = stripped.startswith(">>>") or (doctest and bool(stripped))
        if underline:
            fields = True
        elif fields and i and not found[i - 1].strip() and line[:1].strip():
            if not (i + 1 < len(found) and re.fullmatch(r"-{3,}", found[i + 1].strip())):
                lines.append("")  # a paragraph after the parameters is not one of them
            fields = False
        lines.append(line if doctest or underline else escaped(line))


def escaped(line):
    indent, bullet, text = re.fullmatch(r"(\s*)([*-] )?(.*)", line).groups()
    if bullet is None and re.match(r"\*{1,2}\w+( :|$)", text):  # a parameter: *args
        return line
    out = indent + (bullet or "")
    for words, _, code in re.findall(r"(.*?)(?:(`{1,2})(.+?)\2|$)", text):
        if out.endswith("``") and re.match(r"\w", words):  # markup stands apart from letters
            out += "\\ "
        out += re.sub(r"([\\*|`]|_(?=\W|$))", r"\\\1", words)
        if code:
            out += ("\\ " if re.search(r"[\w`]$", out) else "") + f"``{code}``"
    return out


# -- formulas ------------------------------------------------------------------------------------


def formula(display):
    def visit(self, node):
        mathml = convert(node.astext(), display="block" if display else "inline")
        self.body.append(f'<div class="math">{mathml}</div>' if display else mathml)
        raise nodes.SkipNode

    return visit, None


def setup(app):
    app.add_html_math_renderer("mathml", formula(display=False), formula(display=True))
    app.connect("autodoc-process-docstring", plain_text, priority=400)
    os.environ.setdefault("MPLBACKEND", "Agg")

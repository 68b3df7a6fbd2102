"""What is printed is written in templates: plain text, each in the room that fills it in."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import jinja2


@cache
def template(room: str, name: str) -> jinja2.Template:
    """The template of that file name in a package's folder `templates`."""
    source = files(room).joinpath("templates", name).read_text(encoding="utf-8")
    return jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False,
                              undefined=jinja2.StrictUndefined).from_string(source)

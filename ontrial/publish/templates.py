"""The templates of this package, and the style sheet and script beside them."""

from functools import cache
from pathlib import Path

import jinja2

from ontrial.stats.verdicts import number

_FOLDER = Path(__file__).with_name("templates")


@cache
def environment() -> jinja2.Environment:
    """The templates: everything that is filled in is escaped, and nothing may be missing."""
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters["number"] = number
    return jinja


def source(name: str) -> str:
    """The text of a file beside the templates, such as a style sheet."""
    return (_FOLDER / name).read_text(encoding="utf-8")

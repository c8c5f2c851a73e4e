"""The files that are generated: templates filled, and written only where something has changed."""

from functools import cache
from pathlib import Path

import jinja2

from evidence.verdicts import number

_TEMPLATES = Path(__file__).with_name("templates")


@cache
def environment() -> jinja2.Environment:
    """The templates of this package: everything that is filled in is escaped, and nothing may be missing."""
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
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
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def write_if_changed(path: Path, content: bytes) -> None:
    """Put a file there in one move, unless it is there already. Raises OSError where it cannot be written."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)

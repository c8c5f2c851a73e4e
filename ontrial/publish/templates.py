"""The templates of this package, and the style sheet and script beside them."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from ontrial.publish import panels
from ontrial.publish.frozen import FrozenClaim, n_in_words
from ontrial.publish.summary import counts
from ontrial.stats.verdicts import Verdict, number

_FOLDER = Path(__file__).with_name("templates")


@cache
def environment() -> jinja2.Environment:
    """The templates: values are escaped in HTML and SVG, and a name that is missing is an error."""
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER, encoding="utf-8"),
        autoescape=jinja2.select_autoescape(("html", "svg"), default_for_string=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters = (number, cell, tally, n_in_words, hours, csv, axis_data)
    of_panels = (panels.numbers, panels.seeds, panels.with_seeds, panels.as_range)
    jinja.filters |= {each.__name__: each for each in (*filters, *of_panels)}
    return jinja


def render(name: str, **values: Any) -> str:
    """A template of this package, filled in."""
    return environment().get_template(name).render(values)


def source(name: str) -> str:
    """The text of a file beside the templates, such as a style sheet."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def cell(text: object) -> str:
    """A text that stays in its cell of a Markdown table, and stays text."""
    words = str(text)
    for character, replacement in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("\n", " ")):
        words = words.replace(character, replacement)
    return words


def tally(claims: Iterable[FrozenClaim]) -> str:
    """How many hold, are refuted, are inconclusive; those not run, or that crashed, where there are any."""
    found = counts(claims)
    words = [f"{found[Verdict.HOLDS]} hold", f"{found[Verdict.REFUTED]} refuted"]
    words.append(f"{found[Verdict.INCONCLUSIVE]} inconclusive")
    words += [f"{found[verdict]} {verdict}" for verdict in (Verdict.NOT_RUN, Verdict.ERROR) if found[verdict]]
    return " · ".join(words)


def csv(values: Iterable[float]) -> str:
    """Numbers as the record has them, with commas between: `0.25,3,inf`."""
    return ",".join(f"{each:.7g}" for each in values)


def axis_data(axis: panels.Axis) -> str:
    """An axis for the page's script, as JSON."""
    return json.dumps([axis.scale, axis.low, axis.high, axis.linear_width, axis.left, axis.right])


def hours(seconds: float) -> str:
    """Hours with two digits: `0.025`, `8.2`, `11`; a dash for none."""
    return "–" if not seconds else f"{seconds / 3600:.2g}" if seconds < 36_000 else f"{seconds / 3600:.0f}"

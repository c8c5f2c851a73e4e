"""Text for a terminal, or a pipe, that cannot show every character."""

# What a reader still understands where a character cannot be shown.
_INSTEAD = {
    "≤": "<=", "≥": ">=", "…": "..", "−": "-", "–": "-", "∞": "inf", "×": "x", "·": "|", "√": "sqrt ", "→": "->",
    "“": '"', "”": '"', "’": "'", "\u00a0": " ", "⁻": "-", **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)),
}  # fmt: skip


def plain(text: str, encoding: str | None) -> str:
    """A text as an encoding can show it: as it is, or with ≤, −, … and the like written in ASCII.

    encoding: of the terminal, such as "ascii"; None is ASCII.
    """
    encoding = encoding or "ascii"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "".join(_shown(character, encoding) for character in text)
    return text


def _shown(character: str, encoding: str) -> str:
    try:
        character.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _INSTEAD.get(character, "?")
    return character

"""The contents of string and bytes literals: escapes to characters."""

from __future__ import annotations

from typing import Final

_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "?": "?",
    '"': '"',
    "'": "'",
    "`": "`",
}
_HEX_DIGITS: Final = {"x": 2, "X": 2, "u": 4, "U": 8}


class EscapeError(Exception):
    """An escape that is not one; `offset` is its place within the literal's contents."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def unescape_string(text: str) -> str:
    """The characters that the contents of a string literal stand for."""
    return "".join(chr(code) if coded else plain for plain, code, coded in _pieces(text, False))


def unescape_bytes(text: str) -> bytes:
    """The octets that the contents of a bytes literal stand for; plain text counts as UTF-8."""
    return b"".join(
        bytes([code]) if coded else plain.encode("utf-8", "surrogatepass")
        for plain, code, coded in _pieces(text, True)
    )


def _pieces(text: str, octets: bool) -> list[tuple[str, int, bool]]:
    """Stretches of plain text (text, 0, False) and escaped code points ("", code, True)."""
    pieces: list[tuple[str, int, bool]] = []
    start = 0
    while (at := text.find("\\", start)) >= 0:
        if at > start:
            pieces.append((text[start:at], 0, False))
        letter = text[at + 1 : at + 2]
        if letter in _SIMPLE:
            pieces.append((_SIMPLE[letter], 0, False))
            start = at + 2
        else:
            code, start = _numeric_escape(text, at, octets)
            pieces.append(("", code, True))
    if start < len(text):
        pieces.append((text[start:], 0, False))
    return pieces


def _numeric_escape(text: str, at: int, octets: bool) -> tuple[int, int]:
    letter = text[at + 1 : at + 2]
    if letter and letter in "0123":
        digits, base, end = text[at + 1 : at + 4], 8, at + 4
        valid = len(digits) == 3 and all(c in "01234567" for c in digits)
    else:
        width = _HEX_DIGITS.get(letter, 0)
        if octets and letter in ("u", "U"):
            width = 0
        digits, base, end = text[at + 2 : at + 2 + width], 16, at + 2 + width
        valid = width > 0 and len(digits) == width
        valid = valid and all(c in "0123456789abcdefABCDEF" for c in digits)
    if not valid:
        shown = text[at : at + 2] if not octets or letter not in ("u", "U") else f"\\{letter}"
        raise EscapeError(f"invalid escape `{shown}` in a {'bytes' if octets else 'string'}", at)
    code = int(digits, base)
    if not octets and (code > 0x10FFFF or 0xD800 <= code <= 0xDFFF):
        raise EscapeError(f"`{text[at:end]}` is not a character", at)
    return code, end

"""One sheet of typst in, one PDF/A-3b out: what a worker of the press does.

Knows typst, the templates (templates/*.typ) and the one font, Open Sans (Apache 2.0). Content is
JSON, read by the template as data: no text in it is ever markup or code. The same sheet is the same
bytes: no clock, no font of the machine. Letters that the font has not become question marks.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
import typst
from reportlab.pdfbase.ttfonts import TTFontFile
from ttf_opensans import opensans

from clearing.documents.hybrid import embed
from clearing.errors import ClearingError

_STANDARD: Final = "a-3b"
_ESCAPED: Final = re.compile(r'\\(?:(["\\/])|u[0-9a-fA-F]{4}|.)')


class Sheet(msgspec.Struct, frozen=True):
    """name: what errors call it, the document's number. content: JSON, the document's day in it.
    invoice: the XML that a hybrid invoice carries; b'' for none."""

    name: str
    template: str
    content: str
    invoice: bytes = b""
    tagged: bool = False


def typeset(sheet: Sheet) -> bytes:
    """The PDF. ClearingError names the document, and says what the typesetter says."""
    try:
        made = _compiler(sheet.template).compile(
            format="pdf", pdf_standards=_STANDARD, pdf_tags=sheet.tagged,
            sys_inputs={"content": _printable(sheet.content)})
    except typst.TypstError as error:
        raise ClearingError(f"{sheet.name} cannot be typeset: {error}") from None
    assert isinstance(made, bytes), sheet.name  # one document, not a list of pages
    return embed(made, sheet.invoice) if sheet.invoice else made


def _printable(content: str) -> str:
    """Only letters that the font has; a control character, escaped in JSON, is a space."""
    content = _ESCAPED.sub(lambda found: found[0] if found[1] else " ", content)
    unknown = set(content) - _letters()
    return content.translate(dict.fromkeys(map(ord, unknown), "?")) if unknown else content


@cache
def _letters() -> frozenset[str]:
    return frozenset(map(chr, TTFontFile(str(opensans().path)).charToGlyph))


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False,
                       font_paths=[str(Path(opensans().path).parent)])


@cache
def _compiler(template: str) -> typst.Compiler:
    root = Path(str(files(__package__).joinpath("templates")))
    return typst.Compiler(root / f"{template}.typ", root=root, font_paths=_fonts(),
                          ignore_system_fonts=True)

"""A receipt as PDF: A4, A6, or a strip of 80 mm as long as it has to be.

Knows reportlab and the font of package ttf-opensans (Apache 2.0), which has the letters of Latin,
Greek and Cyrillic and is embedded, so that č đ ß € print the same anywhere. Text is drawn as it is:
nothing in it is markup. A letter that the font lacks is printed as `?`. The same receipt is the
same bytes. A document takes about 20 ms of a processor: do not make one on an event loop.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Final, Literal

import msgspec
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from ttf_opensans import opensans

from authhost.receipts.document import Receipt
from authhost.receipts.language import Language
from authhost.receipts.sheet import RIGHT, Code, Field, Mark, Note, Part, Rule, Table, Title, sheet

Paper = Literal["a4", "a6", "80mm"]
_PLAIN: Final = "authhost-receipt"
_BOLD: Final = "authhost-receipt-bold"
_LEADING: Final = 1.32  # of the size of the letters
_LABEL: Final = 0.36  # of the width
_COLUMNS: Final = (0.26, 0.28, 0.16, 0.30)
_TOGETHER: Final = 12  # lines of a field that stay on one page
_SQUARE: Final = 9  # sizes of a letter


class Format(msgspec.Struct, frozen=True):
    """A paper, in points. height 0: as much as it takes."""

    width: float
    height: float
    margin: float
    size: float  # of the letters


FORMATS: Final[dict[Paper, Format]] = {
    "a4": Format(210 * mm, 297 * mm, 20 * mm, 9.5),
    "a6": Format(105 * mm, 148 * mm, 7 * mm, 6.5),
    "80mm": Format(80 * mm, 0, 4 * mm, 7.5),
}


class Words(msgspec.Struct, frozen=True):
    """Letters. x: from the left margin, or the right end where `right`; down: from the top."""

    x: float
    text: str
    font: str
    size: float
    right: bool = False
    down: float = 0


class Line(msgspec.Struct, frozen=True):
    """What is not torn apart by the end of a page. code: a square at the right, as high as it."""

    height: float
    words: tuple[Words, ...] = ()
    rule: bool = False
    code: str = ""


def pdf(receipt: Receipt, words: Language, paper: Paper) -> bytes:
    """The file."""
    _fonts()
    form = FORMATS[paper]
    lines = [line for part in sheet(receipt, words) for line in _Setter(form).lines(part)]
    pages = list(_pages(lines, form))
    sink = io.BytesIO()
    height = form.height or sum(line.height for line in lines) + 2 * form.margin
    canvas = Canvas(sink, pagesize=(form.width, height), invariant=1, pageCompression=1)
    canvas.setTitle(f"{words[f'title_{receipt.kind}']} {receipt.number}")
    canvas.setAuthor(receipt.parties.operator.name)
    canvas.setSubject(receipt.code)
    for number, page in enumerate(pages, 1):
        _draw(canvas, form, height, page)
        if form.height:
            foot = f"{receipt.number}   {words['page']} {number}/{len(pages)}"
            canvas.setFont(_PLAIN, form.size * 0.8)
            canvas.drawRightString(form.width - form.margin, form.margin * 0.55, _known(foot))
        canvas.showPage()
    canvas.save()
    return sink.getvalue()


class _Setter:
    """Sets parts in the width of a paper."""

    def __init__(self, form: Format) -> None:
        self._size = form.size
        self._width = form.width - 2 * form.margin

    def lines(self, part: Part) -> list[Line]:
        """The lines of a part."""
        match part:
            case Title():
                return self._text(part.text, _BOLD, 1.5)
            case Mark():
                return self._text(part.text, _BOLD, 2.0)
            case Field():
                return self._field(part)
            case Table():
                return [self._row(row, _PLAIN if at else _BOLD)
                        for at, row in enumerate(part.rows)]
            case Rule():
                return [Line(self._size * 0.9, rule=True)]
            case Note():
                return self._text(part.text, _PLAIN, 0.85)
            case Code():
                return [self._code(part)]

    def _text(self, text: str, font: str, scale: float) -> list[Line]:
        size = self._size * scale
        return [Line(size * _LEADING, (Words(0, line, font, size),))
                for line in _wrapped(text, font, size, self._width)]

    def _field(self, field: Field) -> list[Line]:
        font = _BOLD if field.strong else _PLAIN
        size = self._size * (1.2 if field.strong else 1)
        start = self._width * _LABEL
        labels = _wrapped(field.label, _PLAIN, size, start - size * 0.5)
        values = _wrapped(field.value, font, size, self._width - start)
        lines = [Line(size * _LEADING,
                      (*((Words(0, labels[at], _PLAIN, size),) if at < len(labels) else ()),
                       *((Words(start, values[at], font, size),) if at < len(values) else ())))
                 for at in range(max(len(labels), len(values)))]
        return [_together(lines)] if len(lines) <= _TOGETHER else lines

    def _code(self, part: Code) -> Line:
        """The square at the right, the letters beside it."""
        square = self._size * _SQUARE
        width = self._width - square
        lines = [Line(size * _LEADING, (Words(0, text, font, size),))
                 for given, font, size in (
                     (part.label, _PLAIN, self._size * 0.85), (part.code, _BOLD, self._size),
                     (part.digest_label, _PLAIN, self._size * 0.7),
                     (part.digest, _PLAIN, self._size * 0.7))
                 for text in _wrapped(given, font, size, width)]
        beside = _together(lines)
        return Line(max(square, beside.height), beside.words, code=part.code)

    def _row(self, row: tuple[str, ...], font: str) -> Line:
        words = []
        left = 0.0
        for at, (cell, share) in enumerate(zip(row, _COLUMNS, strict=True)):
            room = self._width * share
            size = self._size
            text = _known(cell)
            wide = pdfmetrics.stringWidth(text, font, size)
            if wide > room - size * 0.4:  # a sum of many noughts: smaller letters, never fewer
                size *= (room - size * 0.4) / wide
            right = at in RIGHT
            words.append(Words(left + (room - self._size * 0.4 if right else 0), text, font, size,
                               right))
            left += room
        return Line(self._size * _LEADING, tuple(words))


def _pages(lines: list[Line], form: Format) -> Iterator[list[Line]]:
    """Lines by page; a strip is one."""
    if not form.height:
        yield lines
        return
    page: list[Line] = []
    left = form.height - 2 * form.margin
    for line in lines:
        if line.height > left and page:
            yield page
            page, left = [], form.height - 2 * form.margin
        page.append(line)
        left -= line.height
    yield page


def _together(lines: list[Line]) -> Line:
    """Lines as one that is not torn."""
    words = []
    down = 0.0
    for line in lines:
        words += [msgspec.structs.replace(one, down=down + one.down) for one in line.words]
        down += line.height
    return Line(down, tuple(words))


def _draw(canvas: Canvas, form: Format, height: float, lines: list[Line]) -> None:
    top = height - form.margin
    for line in lines:
        if line.rule:
            canvas.setLineWidth(0.4)
            canvas.line(form.margin, top - line.height / 2, form.width - form.margin,
                        top - line.height / 2)
        if line.code:
            side = form.size * _SQUARE
            drawing = Drawing(side, side)
            drawing.add(QrCodeWidget(line.code, barLevel="M", barBorder=2, barWidth=side,
                                     barHeight=side))
            renderPDF.draw(drawing, canvas, form.width - form.margin - side, top - side)
        for words in line.words:
            canvas.setFont(words.font, words.size)
            draw = canvas.drawRightString if words.right else canvas.drawString
            draw(form.margin + words.x, top - words.down - words.size, words.text)
        top -= line.height


def _wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    """Lines that fit; a word that is too long for one is torn."""
    lines = []
    for given in text.split("\n"):
        line = ""
        for word in _known(given).split(" "):
            longer = f"{line} {word}" if line else word
            if pdfmetrics.stringWidth(longer, font, size) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
            while pdfmetrics.stringWidth(line, font, size) > width:
                most = next(end for end in range(len(line) - 1, 0, -1) if end == 1
                            or pdfmetrics.stringWidth(line[:end], font, size) <= width)
                lines.append(line[:most])
                line = line[most:]
        lines.append(line)
    return lines


def _known(text: str) -> str:
    glyphs = pdfmetrics.getFont(_PLAIN).face.charToGlyph
    return "".join(letter if ord(letter) in glyphs else "?" for letter in text)


@cache
def _fonts() -> None:
    """Registered once a process: reportlab knows fonts by name alone."""
    for name, weight in ((_PLAIN, 400), (_BOLD, 700)):
        pdfmetrics.registerFont(TTFont(name, str(opensans(font_weight=weight).path)))

"""A hybrid invoice: the XML of an invoice inside the PDF that shows it (Factur-X, ZUGFeRD 2).

PURE: bytes in, bytes out. Sources: Factur-X 1.07 (the file is called factur-x.xml, is an
alternative of the document, and XMP says so in its own schema); ISO 32000-1, 7.5.6 (incremental
update), 7.11.4 (embedded files); ISO 19005-3 (associated files). What typst has written stays as it
is: new objects and a second cross-reference section follow it, as the standard has it for changes.
"""

from __future__ import annotations

import re
import zlib
from typing import Final

from clearing.errors import ClearingError

NAME: Final = "factur-x.xml"
_NAMESPACE: Final = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_TRAILER: Final = re.compile(
    rb"trailer\n<</Size (\d+)/Root (\d+) 0 R(.*?)>>\nstartxref\n(\d+)\n%%EOF\s*\Z", re.DOTALL)
_LEVEL: Final = 9
_PROPERTIES: Final = (
    ("DocumentFileName", "name of the embedded XML invoice file"),
    ("DocumentType", "INVOICE"),
    ("Version", "version of the XML schema of the invoice"),
    ("ConformanceLevel", "conformance level of the embedded invoice data"))


def embed(pdf: bytes, invoice: bytes) -> bytes:
    """The PDF with `invoice` (CII, profile EN 16931) as its alternative."""
    trailer = _TRAILER.search(pdf, max(0, len(pdf) - 2_048))
    if trailer is None:
        raise ClearingError("a PDF without a cross-reference table at its end")
    size, root = int(trailer[1]), int(trailer[2])
    catalog = _object(pdf, root)
    found = re.search(rb"/Metadata (\d+) 0 R", catalog)
    if found is None or b"/Names" in catalog or b"/AF" in catalog:
        raise ClearingError("a PDF without metadata, or with files in it already")
    metadata = int(found[1])
    file, specification = size, size + 1
    day = _day_of(pdf)
    objects = {
        root: _catalog(catalog, specification),
        metadata: _stream(b"/Type/Metadata/Subtype/XML", _described(_xmp(_object(pdf, metadata)))),
        file: _stream(
            b"/Type/EmbeddedFile/Subtype/text#2Fxml/Filter/FlateDecode"
            b"/Params<</Size %d/ModDate(%s)>>" % (len(invoice), day),
            zlib.compress(invoice, _LEVEL)),
        specification:
            b"<</Type/Filespec/F(%(name)s)/UF(%(name)s)/EF<</F %(file)d 0 R/UF %(file)d 0 R>>"
            b"/AFRelationship/Alternative/Desc(The same invoice for machines)>>"
            % {b"name": NAME.encode(), b"file": file}}
    return _updated(pdf, objects, trailer)


def _catalog(catalog: bytes, specification: int) -> bytes:
    name = NAME.encode()
    return catalog.rstrip().removesuffix(b">>") + (
        b"/Names<</EmbeddedFiles<</Names[(%s)%d 0 R]>>>>/AF[%d 0 R]>>"
        % (name, specification, specification))


def _updated(pdf: bytes, objects: dict[int, bytes], trailer: re.Match[bytes]) -> bytes:
    """An incremental update: the objects, a section of the table for them, a trailer."""
    parts = [pdf if pdf.endswith(b"\n") else pdf + b"\n"]
    at = len(parts[0])
    table = [b"0 1\n0000000000 65535 f \n"]  # the head of the free list, which nothing changes
    for number, content in sorted(objects.items()):
        written = b"%d 0 obj\n%s\nendobj\n" % (number, content)
        table.append(b"%d 1\n%010d 00000 n \n" % (number, at))
        parts.append(written)
        at += len(written)
    parts.append(b"xref\n" + b"".join(table))
    parts.append(b"trailer\n<</Size %d/Root %d 0 R%s/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        max(objects) + 1, int(trailer[2]), trailer[3], int(trailer[4]), at))
    return b"".join(parts)


def _object(pdf: bytes, number: int) -> bytes:
    """The content of an object that typst has written: each begins a line."""
    begin = pdf.rfind(b"\n%d 0 obj\n" % number)
    end = pdf.find(b"\nendobj", begin)
    if begin < 0 or end < 0:
        raise ClearingError(f"a PDF without object {number}")
    return pdf[pdf.index(b"obj\n", begin) + 4:end]


def _stream(head: bytes, content: bytes) -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (head, len(content), content)


def _xmp(stream: bytes) -> bytes:
    return stream[stream.index(b"stream\n") + 7:stream.rindex(b"\nendstream")]


def _day_of(pdf: bytes) -> bytes:
    found = re.search(rb"/CreationDate\(([^)]+)\)", pdf)
    if found is None:
        raise ClearingError("a PDF without a date")
    return found[1]


def _described(xmp: bytes) -> bytes:
    """XMP that says what is embedded, and what those words mean (ISO 19005-3, 6.6.2.3)."""
    values = (NAME, "INVOICE", "1.0", "EN 16931")
    said = "".join(f"<fx:{name}>{value}</fx:{name}>"
                   for (name, _), value in zip(_PROPERTIES, values, strict=True))
    known = "".join(
        '<rdf:li rdf:parseType="Resource"><pdfaProperty:category>external</pdfaProperty:category>'
        f"<pdfaProperty:description>{text}</pdfaProperty:description>"
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType></rdf:li>"
        for name, text in _PROPERTIES)
    schema = (
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema'
        f"</pdfaSchema:schema><pdfaSchema:namespaceURI>{_NAMESPACE}</pdfaSchema:namespaceURI>"
        f"<pdfaSchema:prefix>fx</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>{known}</rdf:Seq>"
        "</pdfaSchema:property></rdf:li>")
    for mark, before in ((b"<pdfaExtension:schemas><rdf:Bag>", False),
                         (b"</rdf:Description></rdf:RDF>", True)):
        if xmp.count(mark) != 1:
            raise ClearingError("XMP of another form than expected")
        more = (f'</rdf:Description><rdf:Description rdf:about="" xmlns:fx="{_NAMESPACE}">{said}'
                if before else schema).encode()
        xmp = xmp.replace(mark, more + mark if before else mark + more)
    return xmp

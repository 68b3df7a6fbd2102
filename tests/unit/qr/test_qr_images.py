"""Images of codes, read back by another library; check digits against known ones."""

from __future__ import annotations

import io
import re

import pytest
import zxingcpp
from PIL import Image

from authhost.qr import digits, epc, images, nbs
from authhost.qr.errors import QrError
from tests.unit.qr.test_qr_epc import BILL
from tests.unit.qr.test_qr_nbs import PUBLISHED


@pytest.mark.parametrize("content", [
    epc.encoded(epc.generate(BILL)), PUBLISHED.encode(), "Ž".encode("iso8859-2"), b"1234567890",
    b"x" * 331])
def test_an_image_reads_back(content: bytes) -> None:
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(images.png(content))).convert("L"))
    assert found is not None
    assert found.bytes == content
    assert str(found.ec_level) == "M"


def test_an_image_that_is_turned_and_spotted_reads_back() -> None:
    image = Image.open(io.BytesIO(images.png(PUBLISHED.encode()))).convert("L").rotate(
        17, expand=True, fillcolor=255)
    image.paste(0, (image.width // 2, image.height // 2, image.width // 2 + 9,
                    image.height // 2 + 9))
    found = zxingcpp.read_barcode(image)
    assert found is not None
    assert nbs.read(found.bytes).amount_minor == 359_613


def test_the_vector_image() -> None:
    image = images.svg(PUBLISHED.encode()).decode()
    side = images.symbol(PUBLISHED.encode()).symbol_size(images.SCALE, images.QUIET)[0]
    assert re.search(rf'<svg [^>]*width="{side}" height="{side}"', image)
    assert "<script" not in image


def test_the_same_bytes_give_the_same_image() -> None:
    assert images.png(b"x") == images.png(b"x")


def test_what_does_not_fit() -> None:
    with pytest.raises(QrError, match="version 14"):
        images.png(b"x" * 332)
    with pytest.raises(QrError, match="too many"):
        images.png(b"x" * 3_000)


def test_check_digits() -> None:
    assert digits.creditor_reference("539007547034") == "RF18539007547034"
    assert digits.is_creditor_reference("RF18539007547034")
    for wrong in ("RF19539007547034", "RF18539007547043", "RF18", "rf18539007547034",
                  "RF18" + "1" * 22, ""):
        assert not digits.is_creditor_reference(wrong)
    for name in ("", "1" * 22, "a", "1 2"):
        with pytest.raises(ValueError, match=r"characters|capital letters"):
            digits.creditor_reference(name)

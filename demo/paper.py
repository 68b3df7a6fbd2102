"""One client's receipt as his safe gets it from the host: text for its own printer, and a PDF.

Knows the safe's route and who runs the safes; what stands on a receipt is the host's.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

# Whose name stands above; a host is started with it.
_OPERATOR: Final = {
    "name": "Bargeldbetrieb GmbH", "registration": "FN 123456a", "tax_number": "ATU12345678",
    "contact": "kassa@bargeldbetrieb.example", "address": {
        "street": "Hafenstraße", "number": "1", "postcode": "1020", "town": "Wien",
        "country": "AT"}}
_TIMEOUT_S: Final = 20.0


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt. code: by which anybody with the right verifies it."""

    safe: str
    code: str
    text: str
    pdf: bytes

    def put(self, folder: Path) -> Path:
        """The PDF into a folder of its own; where it lies."""
        path = folder / "receipts" / f"{self.code}.pdf"
        path.parent.mkdir()
        path.write_bytes(self.pdf)
        return path


def operator_file(folder: Path) -> Path:
    """For `authhost serve --operator`."""
    path = folder / "operator.json"
    path.write_bytes(msgspec.json.encode(_OPERATOR))
    return path


async def printed(url: str, safe: str, tls: ssl.SSLContext, sequence: int) -> Paper:
    """One printing, in both forms: under one Idempotency-Key both are the original."""
    async def form(name: str, **more: Any) -> httpx.Response:
        answer = await client.post(
            f"/v1/safes/{safe}/receipts/{sequence}/prints", json={"form": name, **more},
            headers={"Idempotency-Key": f"{safe}-{sequence}-print"})
        return answer.raise_for_status()

    async with httpx.AsyncClient(base_url=url, verify=tls, timeout=_TIMEOUT_S,
                                 trust_env=False) as client:
        text, pdf = await form("text"), await form("pdf", paper="a4")
    return Paper(safe=safe, code=text.headers["Receipt-Code"], text=text.text, pdf=pdf.content)

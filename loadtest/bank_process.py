"""The bank to test against as a process of its own, and what a host is told of it.

Knows its command line and the shape of a bank's rails; knows no payment.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from demo.numbers import iban
from terminals import pki

RAILS: Final[tuple[dict[str, Any], ...]] = ({
    "currency": "EUR", "rail": "instant", "debtor": {
        "name": "Operator", "iban": iban("AT", "2011100000099999"), "bic": "GIBAATWWXXX",
        "address": {"street": "Ring", "number": "1", "postcode": "1010", "town": "Wien",
                    "country": "AT"}}},)


class BankProcess(msgspec.Struct, frozen=True):
    """Where it listens, its process, and its rails as table bank has them."""

    url: str
    pid: int
    rails: tuple[dict[str, Any], ...] = RAILS


@contextmanager
def bank_process(folder: Path, authority: pki.Authority, *, tls: bool) -> Iterator[BankProcess]:
    """A bank that answers at once, for as long as the block runs."""
    command = [sys.executable, "-m", "terminals.bank", "serve",
               "--books", str(folder / "bank.sqlite"), "--listen", "127.0.0.1:0"]
    if tls:
        identity = authority.server()
        command += ["--tls", str(authority.certificate_path), str(identity.certificate),
                    str(identity.key)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield BankProcess(json.loads(process.stdout.readline())["url"], process.pid)
    finally:
        process.terminate()
        process.wait(20)

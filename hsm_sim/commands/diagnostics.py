"""NC, B2 and NO: is the HSM there, does the line carry, how is it configured."""

from __future__ import annotations

from typing import Final

from hsm_sim.commands import command
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.settings import CONNECTIONS
from hsm_sim.unit import Unit

FIRMWARE: Final = b"0001-0100"
_BUFFER_32_KB: Final = b"3"
_TCP: Final = b"1"


@command(b"NC")
def diagnose(unit: Unit, fields: Fields) -> bytes:
    """NC: [%nn] -> check value of the LMK 16H, firmware 9A."""
    fields.end()
    return unit.lmk(fields.lmk_id).check_value.hex().upper().encode("ascii") + FIRMWARE


@command(b"B2")
def echo(unit: Unit, fields: Fields) -> bytes:
    """B2: length 4H, so many bytes -> the bytes."""
    data = fields.take(fields.hexa_number(4), short="80")
    fields.end()
    return data


@command(b"NO")
def status(unit: Unit, fields: Fields) -> bytes:
    """NO: mode 2N (00) -> buffer size 1N, Ethernet type 1N, TCP sockets 2N, firmware 9A, 0, 0000.

    A number of sockets beyond two digits is told as 99.
    """
    if fields.digits(2) != "00":
        raise HsmError("15")
    fields.end()
    return (_BUFFER_32_KB + _TCP + f"{min(CONNECTIONS, 99):02d}".encode("ascii") + FIRMWARE
            + b"0" + b"0000")

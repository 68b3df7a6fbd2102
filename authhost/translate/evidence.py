"""What a message brings as proof of card and holder: track, PIN block, chip data, as it came.

PURE. Takes apart and checks the form; whether a proof is good only the HSM can say. Nothing from
here is ever kept (invariant 15).
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost.model import Evidence, PinBlock
from authhost.translate.incoming import Refusal
from iso import DecodeError, tlv
from iso import elements as e
from iso.security import PIN_FORMAT_16, KeyControl, Security, read_control

Fields = dict[int, str | bytes]
_PIN_BYTES_16: Final = 16
_PAN: Final = "5A"
_TRACK_2: Final = "57"  # track 2 equivalent data
# The fields that may prove something; a message with none of them brings no evidence.
PROVING: Final = frozenset({e.TRACK_2, e.PIN, e.CHIP, e.PIN_16})


class Track(msgspec.Struct, frozen=True):
    """Track 2 (ISO/IEC 7813), taken apart. cvv: '' where it is not where the profile says."""

    pan: str
    expiry: str  # YYMM
    service_code: str = ""
    cvv: str = ""

    def __repr__(self) -> str:
        return "Track(hidden)"


def track_of(security: Security, raw: str | bytes | None,
             where: str = f"field {e.TRACK_2}") -> Track | None:
    """The track of a field; None where there is none. Refusal where it is no track 2."""
    if not isinstance(raw, str) or not raw:
        return None
    pan, _, rest = raw.replace("D", "=").partition("=")
    if not pan.isdecimal() or len(pan) > 19 or not (rest[:4].isdecimal() and len(rest) >= 4):
        raise Refusal(where, "is no track 2")
    layout = security.track
    behind = 4 + layout.service_code
    service_code = rest[4:behind]
    if len(service_code) < layout.service_code or not service_code.isdecimal():
        return Track(pan, rest[:4])
    at = behind + layout.cvv_at
    cvv = rest[at:at + layout.cvv]
    if len(cvv) < layout.cvv or not rest[behind:at + layout.cvv].isdecimal():
        cvv = ""
    return Track(pan, rest[:4], service_code, cvv)


def number_of(security: Security, fields: Fields) -> tuple[str, str] | None:
    """(PAN, expiry YYMM or '') of fields 2 and 14, or of track 2; None where there is no card.

    Refusal where both are there and name two cards.
    """
    pan, expiry = fields.get(e.PAN), fields.get(e.EXPIRY, "")
    assert isinstance(expiry, str)
    track = track_of(security, fields[e.TRACK_2]) if e.TRACK_2 in fields else None
    if track is None:
        return (pan, expiry) if isinstance(pan, str) and pan else None
    if not pan:
        pan = track.pan
    if pan != track.pan:
        raise Refusal(f"field {e.TRACK_2}", "the track's number is not field 2's")
    if expiry and expiry != track.expiry:
        raise Refusal(f"field {e.TRACK_2}", "the track's expiry is not field 14's")
    return track.pan, track.expiry


def evidence_of(security: Security, fields: Fields, pan: str, expiry: str) -> Evidence:
    """All that a request proves with. Refusal names the field and the part that is wrong."""
    psn = fields.get(e.CARD_SEQUENCE)
    service_code = cvv = ""
    if e.TRACK_2 in fields:
        track = track_of(security, fields[e.TRACK_2])
        if track is not None:
            service_code, cvv = track.service_code, track.cvv
    chip = fields.get(e.CHIP, b"")
    assert isinstance(chip, bytes)
    if chip:
        _check_chip(chip, pan)
    pin = None
    if e.PIN in fields or security.pin_field_16 in fields:
        pin = _pin(security, fields)
    return Evidence(pan, expiry, pin, service_code, cvv, chip,
                    psn[-2:] if isinstance(psn, str) else "00")


def chip_of(fields: Fields, pan: str, expiry: str) -> Evidence:
    """What a chip said of a sale that has happened: as it came, for an advice is not refused."""
    psn, chip = fields.get(e.CARD_SEQUENCE), fields.get(e.CHIP)
    return Evidence(pan, expiry, chip=chip if isinstance(chip, bytes) else b"",
                    psn=psn[-2:] if isinstance(psn, str) else "00")


def control_of(security: Security, fields: Fields) -> KeyControl:
    """Field 53 and the KSN. Refusal names the part that is wrong."""
    try:
        return read_control(security, fields)
    except DecodeError as error:
        raise Refusal(f"field {error.field}", error.reason) from None


def _pin(security: Security, fields: Fields) -> PinBlock:
    control = control_of(security, fields)
    wide = control.pin_format == PIN_FORMAT_16
    field = security.pin_field_16 if wide else e.PIN
    other = e.PIN if wide else security.pin_field_16
    if other in fields:
        raise Refusal(f"field {other}", f"a block of format {control.pin_format} is in {field}")
    raw = fields[field]
    if isinstance(raw, str):
        try:
            raw = bytes.fromhex(raw)
        except ValueError:
            raise Refusal(f"field {field}", "the PIN block is not hexadecimal") from None
        if len(raw) != _PIN_BYTES_16:
            raise Refusal(f"field {field}", "the PIN block has 16 bytes")
    if control.pin_scheme == "dukpt":
        if not control.ksn:
            raise Refusal(f"field {security.ksn_field}.ksn",
                          "is missing, and the PIN is under DUKPT")
        return PinBlock(raw, control.pin_format, "dukpt", ksn=control.ksn)
    return PinBlock(raw, control.pin_format, control.pin_scheme or security.scheme,
                    control.pin_generation)


def _check_chip(chip: bytes, pan: str) -> None:
    """The objects can be told apart, and speak of the same card; what they prove is not read."""
    try:
        objects = tlv.read(chip)
    except tlv.TlvError as error:
        raise Refusal(f"field {e.CHIP}", f"tag {error.field}: {error.reason}") from None
    if _PAN in objects and objects[_PAN].hex().rstrip("f") != pan:
        raise Refusal(f"field {e.CHIP}", f"tag {_PAN}: is another card's number")
    if _TRACK_2 in objects and objects[_TRACK_2].hex().partition("d")[0] != pan:
        raise Refusal(f"field {e.CHIP}", f"tag {_TRACK_2}: is another card's track")

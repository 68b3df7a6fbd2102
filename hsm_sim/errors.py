"""What an HSM says instead of an answer: two characters, one table of their meaning.

Codes and meanings are the public list of the payShield family. A failed check is an error code on
this wire ('01'), so it is one here; `hsm_sim/dispatch.py` alone turns it into bytes. PURE.
"""

from __future__ import annotations

from typing import Final

MEANINGS: Final = {
    "00": "no error",
    "01": "verification failed",
    # 02 to 09 mean what the command's own list says; the general meaning stands first.
    "02": "key length does not suit the algorithm; MAC: mode",
    "03": "MAC: input format",
    "04": "unknown key type code; MAC: algorithm; HMAC: length; cryptogram: mode",
    "05": "unknown key length flag; MAC: key type; HMAC: hash; cryptogram: scheme",
    "06": "MAC: message length",
    "07": "HMAC: key format",
    "09": "MAC: padding",
    "10": "source key: parity",
    "11": "destination key: parity, or all zeros",
    "12": "user storage is empty",
    "13": "no LMK of that identifier",
    "14": "the PIN under the LMK is not valid",
    "15": "input: format, characters, or too little of it",
    "16": "printer not ready",
    "17": "not authorised, or prohibited by the security settings",
    "18": "document format not loaded",
    "20": "the PIN block does not hold a PIN",
    "21": "index out of range",
    "22": "account number",
    "23": "PIN block format",
    "24": "PIN shorter than 4 or longer than 12 digits",
    "25": "decimalization table",
    "26": "key scheme",
    "27": "key length not compatible",
    "28": "key type",
    "29": "key function not permitted",
    "40": "checksum",
    "41": "internal error",
    "47": "algorithm not available",
    "51": "message header",
    "67": "command not available",
    "68": "command disabled",
    "69": "PIN block format disabled",
    "75": "a single length key in the guise of a longer one",
    "80": "length of the data",
    "81": "no data",
    "A1": "LMK schemes not compatible",
    "A2": "LMK identifiers not compatible",
    "A3": "LMK identifiers of key blocks not compatible",
    "A4": "key block: authentication",
    "A5": "key block: key length",
    "A6": "key block: key usage",
    "A7": "key block: algorithm",
    "A8": "key block: mode of use",
    "A9": "key block: key version number",
    "AA": "key block: exportability",
    "AB": "key block: number of optional blocks",
    "AC": "key block: optional block",
    "B2": "key block: other",
    "B4": "key block: data of an optional block",
    "BB": "key block: wrapping key",
    "BC": "key block: repeated optional block",
    "BD": "key types not compatible",
    "BE": "key block: version",
}


class HsmError(Exception):
    """The command is refused; `code` is what the answer says."""

    def __init__(self, code: str) -> None:
        assert code in MEANINGS, code
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return f"{self.code}: {MEANINGS[self.code]}"


# What a TR-31 or other key block is refused for, by the reason that `hsm_sim.crypto.tr31` gives.
_KEY_BLOCK_REASONS: Final = {
    "version": "BE", "length": "15", "character": "15", "usage": "A6", "algorithm": "A7",
    "mode": "A8", "version_number": "A9", "exportability": "AA", "optional": "AC", "mac": "A4",
    "key_length": "A5", "protection_key": "BB",
}


def key_block_code(reason: str) -> str:
    """The error code of a key block's fault."""
    return _KEY_BLOCK_REASONS.get(reason, "B2")

"""The issuer's key pair for certificates: FY makes one, EW signs with it. P-256 and SHA-256 alone.

The two letters and the fields of EW are those of the public payShield commands (hash 06 SHA-256, 04
none, signature 02 ECDSA, key flag 99 with the key in the command, key length FFFF for a key block);
their elliptic curve variants are not published in full, so the layout of FY and the form of a
signature are ours. The private key never leaves: it is a key block S0, algorithm E, mode S, not
exportable.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsm_sim.commands import command
from hsm_sim.errors import HsmError
from hsm_sim.fields import Fields
from hsm_sim.keys import Key
from hsm_sim.unit import Unit

USAGE: Final = "S0"
ALGORITHM: Final = "E"
_P256: Final = "00"
_HEADER: Final = b"#S0S00N00"
_SHA_256: Final = "06"
_NO_HASH: Final = "04"  # the data is a digest already, for what is too long for a command
_ECDSA: Final = "02"
_KEY_IN_COMMAND: Final = "99"
_KEY_BLOCK_LENGTH: Final = b"FFFF"
_BYTES: Final = 32
# The order of P-256 (FIPS 186-4, D.1.2.3): a private key is 1 to one less.
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@command(b"FY")
def generate_pair(unit: Unit, fields: Fields) -> bytes:
    """FY: curve 2N (00 P-256), `#S0S00N00` -> public point uncompressed 130H, private key block."""
    curve = fields.digits(2)
    header = fields.take(len(_HEADER))
    fields.end()
    if curve != _P256:
        raise HsmError("47")
    if header != _HEADER:
        raise HsmError("A6")
    number = 0
    while not 0 < number < _ORDER:
        number = int.from_bytes(unit.random(_BYTES), "big")
    public = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    key = Key(USAGE, ALGORITHM, "S", "N", number.to_bytes(_BYTES, "big"))
    unit.audit("key generated", usage=key.usage, algorithm=key.algorithm, mode=key.mode,
               exportability=key.exportability)
    return point.hex().upper().encode("ascii") + unit.seal(key, b"S")


@command(b"EW")
def sign(unit: Unit, fields: Fields) -> bytes:
    """EW: hash 2N (06; 04: the data is a digest of SHA-256, 32 bytes), signature 2N (02), data
    length 4N, data, `;`, key flag 2N (99), key length 4A (FFFF), private key block -> length 4N
    (0064), r and s, 32 bytes each.
    """
    hashed, signature = fields.digits(2), fields.digits(2)
    data = fields.take(fields.number(4), short="80")
    if fields.take(1) != b";":
        raise HsmError("15")
    if fields.digits(2) != _KEY_IN_COMMAND or fields.take(4) != _KEY_BLOCK_LENGTH:
        raise HsmError("15")
    token = fields.key()
    fields.end()
    if hashed not in {_SHA_256, _NO_HASH} or signature != _ECDSA:
        raise HsmError("47")
    if hashed == _NO_HASH and len(data) != _BYTES:
        raise HsmError("80")
    key = unit.open(token, (USAGE,), "S")
    if key.algorithm != ALGORITHM:
        raise HsmError("A7")
    private = ec.derive_private_key(int.from_bytes(key.value, "big"), ec.SECP256R1())
    algorithm: Prehashed | hashes.SHA256 = \
        hashes.SHA256() if hashed == _SHA_256 else Prehashed(hashes.SHA256())
    r, s = decode_dss_signature(private.sign(data, ec.ECDSA(algorithm)))
    return b"%04d" % (2 * _BYTES) + r.to_bytes(_BYTES, "big") + s.to_bytes(_BYTES, "big")

"""What lies beside a run's files: the manifest, the list that sha256sum checks, its signature.

    manifest.json    what every file carries, and the totals at every hop
    SHA256SUMS       digest and path of each file and of the manifest: `sha256sum -c SHA256SUMS`
    SHA256SUMS.sig   the list's Ed25519 signature (RFC 8032), 64 bytes, where there is a key:
                     `openssl pkeyutl -verify -rawin -pubin -inkey KEY.pub -in SHA256SUMS
                     -sigfile SHA256SUMS.sig`

All three depend on what they list and on the key alone: Ed25519 has no chance in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clearing.errors import ClearingError
from clearing.folder import MANIFEST, DayFolder
from clearing.release.hops import Hop
from clearing.summary import FileRecord, Summary

SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = "SHA256SUMS.sig"
SCHEMA: Final = "authhost/manifest/2"
ADDENDUM_SCHEMA: Final = "authhost/manifest-addendum/1"

# What differs between two runs that make the same files, or is a file of its own.
_LEFT_OUT: Final = ("seconds", "digest", "cases", "released")


class Addendum(msgspec.Struct, frozen=True):
    """What is made of a run after its night. manifest_digest: the SHA-256 of the night's
    manifest.json, which this one adds to."""

    run_id: str
    part: str
    manifest_digest: str
    files: tuple[FileRecord, ...]
    hops: tuple[Hop, ...]


class _Form(msgspec.Struct, frozen=True):
    schema: str = ""  # earlier versions named none beside pages


def write_manifest(folder: DayFolder, summary: Summary, hops: Sequence[Hop],
                   signing_key: str) -> str:
    """Write all that lies beside the files; the SHA-256 of manifest.json."""
    return _write(folder, encode_manifest(summary, hops), summary.files, signing_key)


def write_addendum(folder: DayFolder, addendum: Addendum, signing_key: str) -> str:
    """The same beside files that were made after the night."""
    return _write(folder, _encoded({"schema": ADDENDUM_SCHEMA, **msgspec.to_builtins(addendum)}),
                  addendum.files, signing_key)


def is_addendum(manifest: bytes) -> bool:
    """Whether it is of the form that write_addendum writes."""
    try:
        return msgspec.json.decode(manifest, type=_Form).schema == ADDENDUM_SCHEMA
    except msgspec.MsgspecError:
        return False


def _write(folder: DayFolder, manifest: bytes, files: Iterable[FileRecord],
           signing_key: str) -> str:
    digest = hashlib.sha256(manifest).hexdigest()
    folder.write(MANIFEST, manifest)
    sums = encode_sums([*files, FileRecord(MANIFEST, "manifest", 0, 0, "", digest)])
    folder.write(SUMS, sums)
    if signing_key:
        folder.write(SIGNATURE, load_key(signing_key).sign(sums))
    return digest


def encode_manifest(summary: Summary, hops: Sequence[Hop]) -> bytes:
    """manifest.json: the summary without its times, with the totals at every hop."""
    values = msgspec.to_builtins(summary)
    for name in _LEFT_OUT:
        del values[name]
    return _encoded({"schema": SCHEMA, **values, "hops": msgspec.to_builtins(hops)})


def _encoded(values: Mapping[str, object]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(values)) + b"\n"


def encode_sums(files: Iterable[FileRecord]) -> bytes:
    """SHA256SUMS, as GNU coreutils write and check it."""
    lines = [f"{file.sha256}  {file.path}\n" for file in files]
    # A name with either would be written escaped; ours are made from numbers and quoted names.
    assert not any("\\" in line or "\n" in line[:-1] for line in lines)
    return "".join(sorted(lines, key=lambda line: line[66:])).encode()


def load_key(path: str) -> Ed25519PrivateKey:
    """The key that signs. ClearingError says what is wrong with the file."""
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ClearingError(f"the signing key {path} cannot be used: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ClearingError(f"the signing key {path} is not an Ed25519 key")
    return key

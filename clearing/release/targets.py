"""Where a route goes to: a folder, an SFTP server, an EBICS bank; and what a file is called there.

PURE. Addresses and the names of key files only: no key and no password is kept in a route.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import msgspec

from clearing.errors import ClearingError
from clearing.run_id import RunId

LONGEST_NAME: Final = 200
_FIELDS: Final = frozenset({"date", "stream", "sequence", "path", "file"})
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


class _Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """name: what a file is called there. {date} 2026-07-23, {stream}, {sequence}; {path}: below
    the run's folder, its slashes as dashes; {file}: the last part of it."""

    name: str = "{date}-{stream}-{sequence}-{path}"


class FolderTarget(_Named, tag="folder", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A folder that this machine has: of its own disk, or mounted."""

    folder: str


class SftpTarget(_Named, tag="sftp", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An SFTP server. host_keys: its public keys, as `ssh-keyscan` prints them without the name;
    another one is refused. key_file: the private key that we sign on with."""

    host: str
    user: str
    key_file: str
    host_keys: tuple[str, ...]
    port: int = 22
    folder: str = "."


class EbicsTarget(_Named, tag="ebics", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bank's EBICS server (EBICS 3.0). order_type: BTU, with its business transaction format:
    service SCT, SDD ...; scope: a country or BIL; message: pain.001; container: '' or XML, ZIP."""

    url: str
    host_id: str
    partner_id: str
    user_id: str
    order_type: str = "BTU"
    service: str
    scope: str = ""
    option: str = ""
    message: str
    container: str = ""


Target: TypeAlias = FolderTarget | SftpTarget | EbicsTarget


def read_target(text: str | bytes) -> Target:
    """A route's target from its JSON. ClearingError names the field that is wrong."""
    try:
        target = msgspec.json.decode(text, type=Target)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ClearingError(f"target: {error}") from None
    return check_target(target)


def check_target(target: Target) -> Target:
    """The same target; ClearingError where it cannot be one."""
    unknown = sorted(set(_FIELD.findall(target.name)) - _FIELDS)
    if unknown or set("{}") & set(_FIELD.sub("", target.name)):
        raise ClearingError(f"target.name: {{{'}, {'.join(unknown)}}} is none of "
                            f"{', '.join(sorted(_FIELDS))}")
    if not {"path", "file"} & set(_FIELD.findall(target.name)):
        raise ClearingError("target.name: without {path} or {file} all files have one name")
    parts = target.name.split("/")
    if ".." in parts or "" in parts or "\0" in target.name or target.name.endswith(".part"):
        raise ClearingError("target.name: is no name below the folder")
    if isinstance(target, FolderTarget) and not target.folder.startswith("/"):
        raise ClearingError("target.folder: begins with /, for nobody knows where we are started")
    if isinstance(target, SftpTarget):
        if not target.host_keys:
            raise ClearingError("target.host_keys: none, and nobody else would be noticed")
        if not 0 < target.port < 65_536:
            raise ClearingError("target.port: 1 to 65535")
    return target


def name_there(target: Target, run_id: RunId, path: str) -> str:
    """What the file at `path` of a run is called at the target. ClearingError: too long."""
    values = {"date": run_id.business_date.isoformat(), "stream": run_id.stream,
              "sequence": str(run_id.sequence), "path": path.replace("/", "-"),
              "file": path.rpartition("/")[2]}
    name = _FIELD.sub(lambda found: values[found[1]], target.name)
    if len(name.encode()) > LONGEST_NAME:
        raise ClearingError(f"{path} would be called {name}: more than {LONGEST_NAME} bytes")
    return name

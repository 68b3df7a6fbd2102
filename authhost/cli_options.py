"""What commands share: where database and HSMs are, which files TLS takes, how one fails.

Knows argparse and the file that a running `authhost up` leaves; calls no room.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from authhost.hsm.address import HsmAddress
from authhost.operator import Operator
from authhost.settings import SettingsError, TlsFiles, hsm_addresses
from clearing.bankfiles.screening import read_list
from clearing.errors import ClearingError

DATA = Path("authhost-data")
QUIET = "critical"  # of a command that ends: what it has to say, it says in words
Command = Callable[[argparse.Namespace], int]


class Failed(Exception):  # it is said to a person, not caught by code
    """A command that cannot be done, and why."""


class Misused(Failed):
    """Arguments that do not go together: what argparse would say, could it."""


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str,
                command: Command, text: str) -> argparse.ArgumentParser:
    """A sub-command that runs `command`."""
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def add_hsm(parser: argparse.ArgumentParser) -> None:
    """The options that name HSMs."""
    parser.add_argument("--hsm", action="append", default=None,
                        help="hsm://host:port or hsms://host:port (TLS), one an HSM; "
                        "a tool's default: that of a running `authhost up`")
    parser.add_argument("--hsm-ca", type=Path, help="who signs the HSMs' certificates (PEM)")
    parser.add_argument("--hsm-cert", type=Path, help="the host's own, for the HSMs")
    parser.add_argument("--hsm-key", type=Path)


def add_database(parser: argparse.ArgumentParser) -> None:
    """The options that name the database."""
    parser.add_argument("--data-dir", type=Path, default=DATA, metavar="DIR",
                        help=f"where a running `authhost up` has its data (default ./{DATA})")
    parser.add_argument("--database-url", metavar="URL",
                        help="postgresql://...; default: that of the running `authhost up`")


def add_cash(parser: argparse.ArgumentParser) -> None:
    """The options of the cash cycle: banks, receipts, devices' certificates."""
    parser.add_argument("--bank-ca", type=Path, help="who signs the banks' certificates (PEM)")
    parser.add_argument("--bank-cert", type=Path, help="the host's own, for the banks")
    parser.add_argument("--bank-key", type=Path)
    parser.add_argument("--screening", type=Path, metavar="FILE", help="a list of sanctions (id, "
                        "name, program): who is like an entry is credited by night, where people "
                        "decide (docs/bank-files.md)")
    parser.add_argument("--operator", type=Path,
                        help="who runs the safes, as receipts name them (JSON: docs/receipts.md)")
    parser.add_argument("--authority", type=Path,
                        help="directory of the devices' certification authority")
    parser.add_argument("--authority-passphrase", type=Path, help="the file that opens it")


def add_paying(parser: argparse.ArgumentParser) -> None:
    """The options of pay by phone."""
    parser.add_argument("--public", help="host:port of the door for merchants and phones: TLS with "
                        "--tls-cert, certificates of --payer-ca or --tls-ca are optional")
    parser.add_argument("--payer-ca", type=Path, action="append", default=None,
                        help="who signs the certificates of payers' phones (PEM), repeatable; "
                        "default: the authority")
    parser.add_argument("--phone-region", default="", metavar="SI",
                        help="of telephone numbers without a country code (ISO 3166)")
    parser.add_argument("--plain-phones", action="store_true",
                        help="tell phones what waits for them without TLS too: where a proxy in "
                        "front has looked at their certificates")
    parser.add_argument("--private-callbacks", action="store_true",
                        help="merchants may be called back at private addresses: for developers")
    parser.add_argument("--public-url", default="", help="where phones reach the public door: "
                        "https://host:port; without it there are no links")
    parser.add_argument("--push-key", type=Path, help="of web push (PEM: authhost push-key)")
    parser.add_argument("--push-subject", default="mailto:nobody@example.invalid",
                        help="who push services may ask about us: mailto:... or https://...")


def public_url_of(text: str) -> str:
    """The address that links begin with. SettingsError."""
    if text and not text.startswith("https://"):
        raise SettingsError(f"--public-url {text}: expected https://host[:port]")
    return text.rstrip("/")


def push_subject_of(text: str) -> str:
    """Who may be asked about our messages (RFC 8292, 2.1). SettingsError."""
    if not text.startswith(("mailto:", "https://")):
        raise SettingsError(f"--push-subject {text}: expected mailto:... or https://...")
    return text


def operator_of(path: Path | None) -> Operator:
    """Who runs the safes. SettingsError says what is wrong with the file."""
    if path is None:
        return Operator()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Operator)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SettingsError(f"--operator {path}: {error}") from None


def screening_of(path: Path | None) -> Path | None:
    """The list of sanctions, which is read by whoever sends. SettingsError: it cannot be."""
    if path is not None:
        try:
            read_list(str(path))
        except ClearingError as error:
            raise SettingsError(f"--screening: {error}") from None
    return path


def authority_of(arguments: argparse.Namespace) -> tuple[Path, Path] | None:
    """The authority's directory and passphrase file: both or none, else SettingsError."""
    directory, passphrase = arguments.authority, arguments.authority_passphrase
    if (directory is None) != (passphrase is None):
        raise SettingsError("--authority and --authority-passphrase go together")
    return None if directory is None else (directory, passphrase)


def tls_files(arguments: argparse.Namespace, prefix: str) -> TlsFiles | None:
    """--PREFIX-ca, -cert and -key: all of them or none, else SettingsError."""
    names = [f"{prefix}_{part}" for part in ("ca", "cert", "key")]
    files: list[Path] = [path for name in names if (path := getattr(arguments, name, None))]
    if not files:
        return None
    if len(files) < len(names):
        raise SettingsError(f"--{prefix}-ca, --{prefix}-cert and --{prefix}-key go together")
    return TlsFiles(*files)


def hsms(arguments: argparse.Namespace) -> tuple[tuple[HsmAddress, ...], TlsFiles | None]:
    """The HSMs that are named, or the one of a running `authhost up`. Failed, SettingsError."""
    tls = tls_files(arguments, "hsm")
    texts = arguments.hsm or [up_url(arguments, "hsm_url", "--hsm")]
    return hsm_addresses(texts, tls), tls


def day_of(text: str) -> date:
    """A day as it is typed, for argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-07-23") from None


def database_url(arguments: argparse.Namespace) -> str:
    """The database that is named, or that of a running `authhost up`. Failed."""
    named: str | None = arguments.database_url
    if named and (wrong := _url_defect(named)) is not None:
        raise Misused(f"--database-url: {wrong}expected postgresql://user@host/database")
    return named or up_url(arguments, "database_url", "--database-url")


def _url_defect(url: str) -> str | None:
    """What is wrong, None where nothing is. Never the address: a password may be in any part."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        return ""
    if scheme not in {"postgresql", "postgres"}:
        return f"its scheme is {scheme}: "
    try:
        return "its port is none: " if urlsplit(url).port == 0 else None
    except ValueError:  # no number; or a bracket that is not closed
        return "its port is none: "


def up_url(arguments: argparse.Namespace, name: str, option: str) -> str:
    """What a running `authhost up` has left in --data-dir. Failed names the option instead."""
    urls = getattr(arguments, "data_dir", DATA) / "urls.json"
    with contextlib.suppress(OSError, ValueError, KeyError):
        return str(json.loads(urls.read_text())[name])
    raise Failed(f"no {option}, and no `authhost up` has left {urls}")

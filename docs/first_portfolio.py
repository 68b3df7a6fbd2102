"""Put docs/first-portfolio.sql into the database of a running `authhost up`.

    python docs/first_portfolio.py DATA_DIR EXPIRY PAYER_KEY.pem      card number: standard input

Knows the host's data directory: the card number is stored as its keyed hash and its mask alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from authhost.secrets import load_secrets
from iso.masking import mask_account_number


def main(data_dir: Path, expiry: str, payer_key: Path) -> None:
    """One statement, all or nothing."""
    number = sys.stdin.readline().strip()
    key = load_pem_private_key(payer_key.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey), "openssl genpkey -algorithm ed25519"
    url = json.loads((data_dir / "urls.json").read_text())["database_url"]
    statement = Path(__file__).with_name("first-portfolio.sql").read_text()
    asyncio.run(_execute(
        url, statement, load_secrets(data_dir).pan_index(number), mask_account_number(number),
        expiry, key.public_key().public_bytes_raw()))


async def _execute(url: str, statement: str, *values: object) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))

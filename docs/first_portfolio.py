"""Put docs/first-portfolio.sql into the database of a running `authhost up`.

    python docs/first_portfolio.py DATA_DIR EXPIRY      card number: standard input

Knows the host's data directory, which says where its HSM is: the card number is stored as the HSM's
keyed hash and its mask alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import asyncpg

from authhost.hsm.address import HsmAddress
from authhost.hsm_session import hsm_session
from iso.masking import mask_account_number


def main(data_dir: Path, expiry: str) -> None:
    """One statement, all or nothing."""
    number = sys.stdin.readline().strip()
    urls = json.loads((data_dir / "urls.json").read_text())
    asyncio.run(_insert(urls, number, expiry))


async def _insert(urls: dict[str, str], number: str, expiry: str) -> None:
    async with hsm_session(urls["database_url"], [HsmAddress.parse(urls["hsm_url"])]) as session:
        pan_hmac = await (await session.pan_index()).of(number)
    connection = await asyncpg.connect(urls["database_url"])
    try:
        await connection.execute(
            Path(__file__).with_name("first-portfolio.sql").read_text(), pan_hmac,
            mask_account_number(number), expiry)
    finally:
        await connection.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""Puts the load portfolio into the database of a running host: cards, terminals, safes.

    authhost up --data-dir /tmp/load &
    python -m loadtest.seed --data-dir /tmp/load

Knows the host's data directory, which says where its HSM is: the PAN index is keyed. A portfolio is
put in once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from authhost.hsm.address import HsmAddress
from authhost.hsm_session import hsm_session
from loadtest import portfolio


def main() -> int:
    """Seed; say what there is now."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.seed", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="the host's")
    parser.add_argument("--database-url", help="default: that of `authhost up` in --data-dir")
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--terminals", type=int, default=1_000)
    parser.add_argument("--devices", type=int, default=500, help="safes")
    arguments = parser.parse_args()
    urls = json.loads((arguments.data_dir / "urls.json").read_text(encoding="utf-8"))
    asyncio.run(_seed(arguments.database_url or urls["database_url"],
                      HsmAddress.parse(urls["hsm_url"]), arguments))
    print(f"{arguments.accounts} cards, {arguments.terminals} terminals, "
          f"{arguments.devices} safes")
    return 0


async def _seed(url: str, hsm: HsmAddress, arguments: argparse.Namespace) -> None:
    async with hsm_session(url, [hsm]) as session:
        await portfolio.seed(url, await session.pan_index(), arguments.accounts,
                             arguments.terminals, datetime.now(UTC).date())
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(portfolio.statement("channels"), arguments.devices)
    finally:
        await connection.close()


if __name__ == "__main__":
    raise SystemExit(main())

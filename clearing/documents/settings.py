"""What the operator decides about documents. PURE values; a run stores them with its settings."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Documents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """made: whether the night typesets PDFs; without, `authhost documents` does, apart.

    language: of whoever lives in no country that a language names (languages/*.json). tagged:
    structure for screen readers, at five times the size. accent: the colour of heads, as #rrggbb.
    """

    made: bool = True
    language: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}$")] = "en"
    tagged: bool = False
    accent: Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-f]{6}$")] = "#0b5563"

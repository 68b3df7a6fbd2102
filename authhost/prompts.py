"""The prompts of a fleet or a card: which there are, and what is wrong with their answers.

PURE. Knows what needs no state: missing, unreadable, of another form. Steps of odometer and engine
hours are the state's to compare, for they need the last reading.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec

from authhost.model import Prompted

Name = Literal["odometer", "engine_hours", "driver_number", "vehicle_number", "trailer", "job",
               "order_number"]
NAMES: Final[tuple[Name, ...]] = (
    "odometer", "engine_hours", "driver_number", "vehicle_number", "trailer", "job",
    "order_number")
METERS: Final[frozenset[str]] = frozenset({"odometer", "engine_hours"})
MISSING: Final = "prompt_missing:"
WRONG: Final = "prompt_wrong:"

# A pattern is matched on the way of a message: without groups and with few open repetitions no
# answer can make it slow.
_OPEN: Final = re.compile(r"[*+?]|\{[0-9]*,[0-9]*\}")
_MOST_OPEN: Final = 3
_ESCAPED: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]")

Step = Annotated[int, msgspec.Meta(ge=0, le=10**8)]


class Prompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One prompt. min_step, max_step: of a meter since the last reading, in its own unit.

    pattern: a regular expression that the whole answer has to match; no groups, at most three
    repetitions of open length.
    """

    prompt: Name
    required: bool = False
    min_step: Step | None = None
    max_step: Step | None = None
    pattern: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None

    def __post_init__(self) -> None:
        least, most = self.min_step, self.max_step
        if self.prompt not in METERS and (least is not None or most is not None):
            raise ValueError(f"{self.prompt} is no meter: it has no steps")
        if least is not None and most is not None and least > most:
            raise ValueError(f"{self.prompt}: min_step is more than max_step")
        if self.pattern is not None:
            _compiled(self.pattern)


_decoder: Final = msgspec.json.Decoder(tuple[Prompt, ...])


@lru_cache(maxsize=4_096)
def decode_prompts(text: str) -> tuple[Prompt, ...]:
    """The prompts of columns `prompts`. ValueError (msgspec.ValidationError) says what is wrong."""
    prompts = _decoder.decode(text)
    names = [prompt.prompt for prompt in prompts]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is there twice")
    return prompts


def faults(prompts: tuple[Prompt, ...], prompted: Prompted) -> tuple[str, ...]:
    """What speaks against the answers, a reason a prompt, in the order of the prompts."""
    found = []
    for prompt in prompts:
        name = prompt.prompt
        answer: str = getattr(prompted, name)
        if name in prompted.unreadable:
            found.append(WRONG + name)
        elif not answer:
            if prompt.required:
                found.append(MISSING + name)
        elif prompt.pattern is not None and _compiled(prompt.pattern).fullmatch(answer) is None:
            found.append(WRONG + name)
    return tuple(found)


def wrong(prompts: tuple[Prompt, ...], prompted: Prompted) -> str:
    """The first of them; '' where the answers are right as far as can be told without state."""
    found = faults(prompts, prompted)
    return found[0] if found else ""


def named(reason: str) -> str:
    """The prompt that a reason is about; '' where it is about none."""
    kind, _, name = reason.partition(":")
    return name if f"{kind}:" in {MISSING, WRONG} else ""


@lru_cache(maxsize=1_024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """The expression. ValueError where it is none, or could take long."""
    bare = _ESCAPED.sub("x", pattern)
    if "(" in bare:
        raise ValueError("pattern: groups are not taken")
    if len(_OPEN.findall(bare)) > _MOST_OPEN:
        raise ValueError(f"pattern: more than {_MOST_OPEN} repetitions of open length")
    try:
        return re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"pattern: {error}") from None

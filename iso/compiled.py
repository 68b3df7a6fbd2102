"""A bounded cache of functions that are compiled on demand, and that an attacker cannot exhaust.

Knows: how often a shape was asked for, and when that earns a compilation. Must not know: what is
compiled. Compiling takes about a millisecond and running the careful path some ten microseconds,
so a peer that sends a new shape each time must never be able to ask for a compilation each time.

The rules:
    1. A shape is counted only after the careful path has accepted it.
    2. While there is room, a shape is compiled the FIRST_USES-th time it is seen.
    3. Without room, only the CONTESTED_USES-th time, and the oldest shape leaves.
    4. The counts themselves are bounded: at MAX_COUNTED shapes they start again from nothing.

`define` is the one place where written code becomes a function.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

MAX_COMPILED = 512
MAX_COUNTED = 4096
FIRST_USES = 3
CONTESTED_USES = 64

Shape = TypeVar("Shape", bound=Hashable)
Function = TypeVar("Function")


class Compiled(Generic[Shape, Function]):
    """Compiled functions by shape. `functions` is read directly by the hot path: one lookup."""

    __slots__ = ("_capacity", "_compile", "_counts", "functions")

    def __init__(
        self, compile_shape: Callable[[Shape], Function], capacity: int = MAX_COMPILED
    ) -> None:
        self.functions: dict[Shape, Function] = {}
        self._compile = compile_shape
        self._capacity = capacity
        self._counts: dict[Shape, int] = {}

    def accepted(self, shape: Shape) -> None:
        """The careful path has accepted this shape once more; compile it if it has earned it."""
        if shape in self.functions:
            return
        uses = self._counts.get(shape, 0) + 1
        full = len(self.functions) >= self._capacity
        if uses < (CONTESTED_USES if full else FIRST_USES):
            if len(self._counts) >= MAX_COUNTED:
                self._counts.clear()
            self._counts[shape] = uses
            return
        self._counts.pop(shape, None)
        if full:
            del self.functions[next(iter(self.functions))]
        self.functions[shape] = self._compile(shape)
        assert len(self.functions) <= self._capacity


def define(parameters: str, lines: Sequence[str], tables: Mapping[str, Any]) -> Any:
    """The function of these lines. It finds the tables as locals, which is faster than globals.

    Only ever for lines made of a specification's or a layout's names and numbers: nothing that a
    peer sends may be among them.
    """
    scope = dict(tables)
    defaults = "".join(f", {name}={name}" for name in tables)
    body = "\n    ".join(lines)
    exec(f"def compiled({parameters}{defaults}):\n    {body}\n", scope)
    return scope["compiled"]

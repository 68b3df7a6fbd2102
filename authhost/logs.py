"""Structured logs: one JSON object a line on standard error, without a single PAN.

Every text that could carry one is masked on its way out, whoever wrote it (invariant 15), Python
itself included. Tracebacks have no local values.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

import structlog

from iso.masking import mask_text

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_stray = logging.getLogger("stray")


def configure(level: str) -> None:
    """Set up structlog; `level` is debug, info, warning or error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            _masked,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Masked("%(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    _catch_strays()


def _catch_strays() -> None:
    """What Python itself would write to standard error goes the same way: warnings, and errors
    that nobody has caught. A hook that somebody else has set, as a test runner does, stays."""
    logging.captureWarnings(True)
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _uncaught_in_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraisable


def _uncaught(kind: type[BaseException], error: BaseException,
              traceback: TracebackType | None) -> None:
    _stray.critical("uncaught", exc_info=(kind, error, traceback))


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def _unraisable(told: UnraisableHookArgs) -> None:
    if told.exc_value is not None:
        _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


class _Masked(logging.Formatter):
    """What a library logs, its tracebacks too, masked as our own is; one line each."""

    def format(self, record: logging.LogRecord) -> str:
        return mask_text(super().format(record))


def _masked(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _mask(value) for name, value in event.items()}


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {name: _mask(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_mask(part) for part in value]
    return value

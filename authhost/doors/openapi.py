"""The OpenAPI 3.1 description of the JSON door, made from the same types that check the bodies."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from authhost.translate import bodies

_TYPES: Final = (
    bodies.Sale, bodies.Preauthorization, bodies.Return, bodies.Completion, bodies.Reversal,
    bodies.Deposit, bodies.Decision, bodies.Problem,
)
_KEY: Final = {"name": "Idempotency-Key", "in": "header", "required": True,
               "schema": {"type": "string", "minLength": 1, "maxLength": 64}}
# path, summary, body
_POSTS: Final[tuple[tuple[str, str, type], ...]] = (
    ("/v1/sales", "A sale with a fleet card", bodies.Sale),
    ("/v1/preauthorizations", "Hold an amount before fuelling, or raise a hold",
     bodies.Preauthorization),
    ("/v1/returns", "Take goods back, with the purchase that they were in", bodies.Return),
    ("/v1/offline-sales", "Tell a sale that was made off-line", bodies.Sale),
    ("/v1/completions", "The real amount after a pre-authorization", bodies.Completion),
    ("/v1/reversals", "Take a message back, wholly or in part", bodies.Reversal),
    ("/v1/deposits", "Cash that a safe has counted", bodies.Deposit),
)
_PROBLEMS: Final = {
    "400": "Not JSON, or no Idempotency-Key", "403": "The certificate is another's",
    "413": "The body is too large",
    "422": "The body is wrong: `where` says which part; or the key stands for other content",
    "503": "Busy: nothing was reserved",
    "504": "The outcome is not known: repeat with the same key",
}


def document() -> dict[str, Any]:
    """The description, ready to be served as JSON."""
    _, components = msgspec.json.schema_components(
        _TYPES, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {
        path: {"post": _operation(summary, [_KEY], _reference(bodies.Decision),
                                  body)}
        for path, summary, body in _POSTS}
    return {
        "openapi": "3.1.0",
        "info": {"title": "authhost", "version": "1",
                 "description": "Payment authorization: fleet cards and safes."},
        "paths": paths,
        "components": {"schemas": components},
    }


def _reference(kind: type) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _operation(summary: str, parameters: list[Any], answer: dict[str, Any],
               body: type | None = None) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": _reference(bodies.Problem)}}
    operation: dict[str, Any] = {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Decided", "content": {"application/json": {"schema": answer}}},
            **{status: {"description": text, "content": problem}
               for status, text in _PROBLEMS.items()},
        },
    }
    if body is not None:
        operation["requestBody"] = {
            "required": True, "content": {"application/json": {"schema": _reference(body)}}}
    return operation

"""A route as OpenAPI 3.1 describes it, and the document that a table of them makes.

Knows types and their schemas; which routes there are, say the tables.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from authhost.translate import bodies

PAGE: Final = {"type": "object", "properties": {
    "data": {"type": "array", "items": {"type": "object"}},
    "next": {"type": ["string", "null"], "description": "?after= of the next page"}}}
_ROW: Final = {"type": "object"}


class Described(msgspec.Struct, frozen=True):
    """One route. answer: None is a row; query: its parameters; file: the media type of a body that
    is a file."""

    method: str
    path: str
    summary: str
    body: type | None = None
    answer: type | dict[str, Any] | None = None
    query: tuple[str, ...] = ()
    status: str = "200"
    file: str = ""


def document_of(title: str, routes: tuple[Described, ...], *, keyed: bool) -> dict[str, Any]:
    """The description of these routes. keyed: a POST names an Idempotency-Key."""
    types = [bodies.Problem, *(one.body for one in routes if one.body is not None),
             *(one.answer for one in routes if isinstance(one.answer, type))]
    types = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}")
    known = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, known, keyed=keyed and route.method == "POST" and not route.file)
    return {"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "paths": paths,
            "components": {"schemas": components}}


def _operation(route: Described, known: dict[type, Any], *, keyed: bool) -> dict[str, Any]:
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                  for name in re.findall(r"\{(\w+)\}", route.path)]
    parameters += [{"name": name, "in": "query", "schema": {"type": "string"}}
                   for name in route.query]
    headers = ("Idempotency-Key",) if keyed else ("If-Match",) if route.method == "PATCH" else ()
    parameters += [{"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
                   for name in headers]
    answer = known[route.answer] if isinstance(route.answer, type) else route.answer or _ROW
    done: dict[str, Any] = {"description": "Done"}
    if route.status != "204":
        done["content"] = {"application/json": {"schema": answer}}
    operation: dict[str, Any] = {
        "summary": route.summary, "parameters": parameters,
        "responses": {route.status: done, "default": {
            "description": "A problem (RFC 9457)",
            "content": {"application/problem+json": {"schema": known[bodies.Problem]}}}}}
    if route.body is not None:
        operation["requestBody"] = {
            "required": True, "content": {"application/json": {"schema": known[route.body]}}}
    elif route.file:
        operation["requestBody"] = {"required": True,
                                    "content": {route.file: {"schema": {"type": "string"}}}}
    return operation

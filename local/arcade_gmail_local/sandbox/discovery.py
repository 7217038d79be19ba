"""Read Google's discovery documents, which google-api-python-client ships."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from googleapiclient.discovery_cache import get_static_doc


@cache
def load_document(service: str = "gmail") -> dict[str, Any]:
    """Return a service's whole document. It is shared: read it, do not change it."""
    document: dict[str, Any] = json.loads(get_static_doc(service, "v1"))
    return document


@cache
def described_methods() -> Mapping[str, Mapping[str, Any]]:
    """Return every method's description by a name such as "users.messages.get"."""
    return dict(_methods(load_document()["resources"], ""))


def _methods(resources: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in resources.items():
        for method, description in resource.get("methods", {}).items():
            yield f"{prefix}{name}.{method}", description
        yield from _methods(resource.get("resources", {}), f"{prefix}{name}.")

"""Put the environment's values where a document says `${env:NAME}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from arcade_gmail_multiuser.security.config.findings import Findings, Location

__all__ = ["resolve_references"]

_REFERENCE = re.compile(r"\$\{env:([A-Z_][A-Z0-9_]{0,63})\}")


def resolve_references(
    document: dict[str, Any], env: Mapping[str, str], findings: Findings
) -> tuple[dict[str, Any], frozenset[Location]]:
    """Resolve every reference in every text; what cannot be resolved becomes an error and "".

    A value that comes from the environment is never looked through for references again.

    Returns:
        The document, and the locations whose text came from the environment, wholly or in part.
    """
    referring: set[Location] = set()

    def walk(value: Any, location: Location) -> Any:
        if isinstance(value, dict):
            return {key: walk(inner, (*location, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, (*location, index)) for index, inner in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return resolve(value, location)
        return value

    def resolve(text: str, location: Location) -> str:
        if "${" in _REFERENCE.sub("", text):
            findings.error(
                location,
                "holds ${…} that is no reference.",
                "Write ${env:NAME}, the name in capitals, digits and underscores.",
            )
            findings.close(location)
            return ""
        missing = [name for name in _REFERENCE.findall(text) if not env.get(name, "").strip()]
        if missing:
            names = ", ".join(dict.fromkeys(missing))
            findings.error(
                location,
                f"needs {names}, which the environment does not hold.",
                "Set it before starting.",
            )
            findings.close(location)
            return ""
        referring.add(location)
        return _REFERENCE.sub(lambda match: env[match.group(1)].strip(), text)

    return walk(document, ()), frozenset(referring)

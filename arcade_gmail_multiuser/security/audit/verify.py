"""Check a whole audit log against its head."""

from __future__ import annotations

from dataclasses import dataclass

from arcade_gmail_multiuser.security.audit.chain import AuditKeys, Break, ChainReader, Head
from arcade_gmail_multiuser.security.audit.store import AuditStore

__all__ = ["Anchor", "Verdict", "verify_audit"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a log at an earlier time, kept elsewhere.

    Only this reveals that records and head were both replaced by an older copy.
    """

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result. `broken` is the first break, None if the log is intact."""

    count: int
    """How many records from the start are in order."""
    broken: Break | None
    anchor: Anchor | None
    """Where the log ends; keep it elsewhere for the next check."""


async def verify_audit(
    store: AuditStore, keys: AuditKeys, *, expect: Anchor | None = None
) -> Verdict:
    """Find the first edit, deletion, insertion, reordering, cut tail or replaced head.

    Others may keep writing: the log is checked as it was at the start.

    Raises:
        StorageError: the log cannot be read.
    """
    snapshot = await store.snapshot()
    head = snapshot.head
    if head is None:
        return Verdict(0, Break(0, "There is no readable head."), None)
    genuine = head.is_genuine(keys)
    reader = ChainReader(keys, log=head.log)
    async for record in store.read(snapshot):
        broken = (
            reader.feed(record)
            or _against_anchor(reader, expect)
            or _against_head(reader, head if genuine else None)
        )
        if broken is not None:
            return Verdict(max(0, min(reader.count, broken.position - 1)), broken, None)
    broken = _at_the_end(reader, head, genuine) or _short_of_anchor(reader, expect)
    return Verdict(reader.count, broken, None if broken else Anchor(reader.count, reader.digest))


def _against_anchor(reader: ChainReader, expect: Anchor | None) -> Break | None:
    if expect is None or reader.count != expect.count or reader.digest == expect.digest:
        return None
    return Break(reader.count, "It is not the record expected here: the log was rewritten.")


def _against_head(reader: ChainReader, head: Head | None) -> Break | None:
    if head is None or reader.count != head.count or reader.digest == head.digest:
        return None
    return Break(reader.count, "It is not the record that the head signs: replaced.")


def _at_the_end(reader: ChainReader, head: Head, genuine: bool) -> Break | None:
    if not genuine:
        return Break(0, "The head is not signed with a key that is known here.")
    if reader.count < head.count:
        why = f"The tail is cut: the head counts {head.count} records."
        return Break(reader.count + 1, why)
    if reader.count > head.count:
        why = "The head does not count it: the head was replaced by an older one."
        return Break(head.count + 1, why)
    if reader.digest != head.digest:
        return Break(0, "The head does not belong to this log.")
    return None


def _short_of_anchor(reader: ChainReader, expect: Anchor | None) -> Break | None:
    if expect is None or reader.count >= expect.count:
        return None
    return Break(reader.count + 1, f"The tail is cut: {expect.count} records are expected.")

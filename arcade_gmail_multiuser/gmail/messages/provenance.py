"""Where a mail says it comes from, and what speaks against that."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from arcade_gmail_multiuser.gmail.addresses import Address

__all__ = ["provenance_warnings"]

_RESULT = re.compile(r"(?:^|[;\s])(spf|dkim|dmarc)\s*=\s*([a-z]+)", re.I)
_COMMENT = re.compile(r"\([^()]*\)")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_BAD = frozenset({"fail", "softfail", "hardfail", "permerror", "policy"})
_MAX_HEADER = 8_000

# Letters of other scripts that look like a Latin one in an address line.
_CYRILLIC = "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u04cf\u051b"
_MORE_CYRILLIC = "\u051d\u0432\u043a\u043c\u043d\u0442\u0433\u044c\u0475\u04bd"
_GREEK = "\u03b1\u03b2\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03c9"
_ARMENIAN = "\u0585\u057d\u0578\u0581\u0570\u0575\u0566\u056c"
_PHONETIC = "\u0261\u0251\u029f\u0274\u0280"
_LOOKS_LIKE = str.maketrans(
    _CYRILLIC + _MORE_CYRILLIC + _GREEK + _ARMENIAN + _PHONETIC,
    "aeopcyxijsdhlqwbkmhtrbveabeikvoptuxwounghjqlgalnr",
)
# Latin letters and digits that pass for one another at a glance; only ever compared with a name
# the reader knows.
_AT_A_GLANCE = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"))


def provenance_warnings(
    sender: Address | None,
    *,
    reply_to: Iterable[Address] = (),
    known: Iterable[Address] = (),
    headers: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Say in sentences what speaks against the sender being who the mail says it is.

    `headers` has lower-case names and the topmost value of each: only the topmost
    Authentication-Results was written by the reader's own server. `known` are addresses the
    reader trusts, such as their own; a look-alike of their domains is reported. The sentences hold
    no more of the mail than addresses and domains.
    """
    said = list(_authentication((headers or {}).get("authentication-results", "")))
    if sender is not None and sender.email:
        said += _reply_elsewhere(sender, reply_to)
        said += _misleading_name(sender)
        said += _lookalike(sender, known)
    return tuple(said)


def _authentication(header: str) -> list[str]:
    text = header[:_MAX_HEADER]
    while "(" in text and (shorter := _COMMENT.sub(" ", text)) != text:
        text = shorter
    results: dict[str, list[str]] = {}
    for method, result in _RESULT.findall(text):
        results.setdefault(method.lower(), []).append(result.lower())
    said = []
    for method, outcomes in results.items():
        # A mail may be signed twice; one good signature is enough.
        if outcomes and "pass" not in outcomes and _BAD.intersection(outcomes):
            bad = next(outcome for outcome in outcomes if outcome in _BAD)
            said.append(
                f"{method.upper()} failed ({bad}): the mail may not come from its stated sender."
            )
    return said


def _reply_elsewhere(sender: Address, reply_to: Iterable[Address]) -> list[str]:
    own = _domain(sender.email)
    other = sorted({_domain(address.email) for address in reply_to if address.email} - {""})
    foreign = [domain for domain in other if not _related(domain, own)]
    if not foreign or not own:
        return []
    return [f"Replies go to {', '.join(foreign[:3])}, but the mail is from {own}."]


def _misleading_name(sender: Address) -> list[str]:
    for shown in _ADDRESS.findall(unicodedata.normalize("NFKC", sender.name)[:500]):
        if shown.lower() != sender.email.lower():
            return [f"The sender's name shows {shown}, but the mail is from {sender.email}."]
    return []


def _lookalike(sender: Address, known: Iterable[Address]) -> list[str]:
    domain = _domain(sender.email)
    shown = _readable(domain)
    latin = shown.translate(_LOOKS_LIKE)
    imitates = latin != shown and latin.isascii()
    if imitates or any(_is_mixed(label) for label in shown.split(".")):
        reads = f" and reads like {latin}" if imitates else ""
        return [f"The sender's domain {_encoded(domain)} mixes or imitates letters{reads}."]
    for address in known:
        trusted = _domain(address.email)
        if trusted and not _related(trusted, domain) and _glance(trusted) == _glance(domain):
            return [f"The sender's domain {domain} looks like {trusted} but is another."]
    return []


def _domain(email: str) -> str:
    return email.rpartition("@")[2].strip().rstrip(".").lower()[:253]


def _related(first: str, second: str) -> bool:
    return first == second or first.endswith(f".{second}") or second.endswith(f".{first}")


def _readable(domain: str) -> str:
    labels = []
    for label in domain.split("."):
        if label.startswith("xn--") and len(label) <= 63:
            try:
                labels.append(label[4:].encode("ascii").decode("punycode"))
                continue
            except (UnicodeError, ValueError):
                pass
        labels.append(label)
    return unicodedata.normalize("NFC", ".".join(labels))


def _encoded(domain: str) -> str:
    """Write a domain so that it imitates nothing."""
    labels = (
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
        for label in domain.split(".")
    )
    return ".".join(labels)


def _is_mixed(label: str) -> bool:
    scripts = {_script(letter) for letter in label if letter.isalpha()}
    # Japanese and Korean are written in several scripts at once, and with Latin letters.
    return len(scripts) > 1 and not scripts <= {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL"}


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]


def _glance(domain: str) -> str:
    for shape, taken_for in _AT_A_GLANCE:
        domain = domain.replace(shape, taken_for)
    return domain

"""Fold the part of a mail that only quotes the mail it answers."""

from __future__ import annotations

import re

__all__ = ["fold_quotes"]

_MAX_LINE = 400  # no line that introduces a quote is longer
_MAX_WRAPPED = 4  # lines an introduction may be wrapped over
_MAX_HEADERS = 5
_MAX_LINES = 20_000  # quotes that begin further down stay; no one wrote so much above them

# "On … wrote:" in the languages mail programs come in; the words, not who or when.
_WROTE = re.compile(
    r"(?:"
    r"\b(?:wrote|writes|said)"  # en
    r"|\bschrieb(?:\s.{1,200})?|\bgeschrieben"  # de
    r"|\ba\s+écrit|\ba\s+ecrit"  # fr
    r"|\bescribió|\bescribio"  # es
    r"|\bescreveu"  # pt
    r"|\bha\s+scritto"  # it
    r"|\bschreef(?:\s.{1,200})?|\bheeft\b.{1,200}\bgeschreven"  # nl
    r"|\bskrev(?:\s.{1,200})?"  # da, no, sv
    r"|\bkirjoitti"  # fi
    r"|\bnapisał\(?a?\)?|\bnapsal\(?a?\)?"  # pl, cs
    r"|\bпише[т]?|\bнаписал\(?а?\)?|\bписал\(?а?\)?"  # ru, uk
    r"|\byazdı|\bşunları\s+yazdı"  # tr
    r"|のメール|さんは書きました|さんが書きました|の書き込み"  # ja
    r"|写道|寫道|님이\s*작성|님께서\s*작성"  # zh, ko
    r")\s*[:：]?\s*\Z",
    re.I,
)
_ENDINGS = (":", "：", "のメール", "書きました", "の書き込み", "写道", "寫道", "작성")
_OPENS_WITH = re.compile(
    r"\s*(?:on|am|le|el|em|il|op|den|dne|w\s+dniu|\d{1,4}[-./年]|\w{2,9}[,.]?\s+\d|"
    r"\d{1,2}\s+\w|在|于|\"|[^\s<>]{1,40}\s[^<>]{0,60}<)",
    re.I,
)
_HAS_WHEN_OR_WHO = re.compile(r"\d{1,4}[-./:年月]\s?\d|\b(?:19|20)\d\d\b|@")
_SEPARATOR = re.compile(r"\s*(?:_{10,}|-{3,}|\*{3,})\s*\Z")
_ORIGINAL = re.compile(
    r"\s*-{2,}\s*(?:original\s+message|ursprüngliche\s+nachricht|message\s+d['’]origine"
    r"|mensaje\s+original|mensagem\s+original|messaggio\s+originale|oorspronkelijk\s+bericht"
    r"|oprindelig\s+meddelelse|opprinnelig\s+melding|ursprungligt\s+meddelande"
    r"|alkuperäinen\s+viesti|исходное\s+сообщение|original-nachricht|reply\s+message"
    r"|元のメッセージ|原始邮件|原始郵件|원본\s*메일)\s*-{2,}\s*\Z",
    re.I,
)
_FORWARDED = re.compile(
    r"\s*(?:-{2,}\s*(?:forwarded|weitergeleitet|message\s+transféré|mensaje\s+reenviado"
    r"|mensagem\s+encaminhada|messaggio\s+inoltrato|doorgestuurd|videresendt|転送)"
    r"|begin\s+forwarded\s+message|anfang\s+der\s+weitergeleiteten)",
    re.I,
)
_FROM = "from|von|de|da|van|fra|från|lähettäjä|od|от|від|kimden|差出人|发件人|寄件者|보낸\\s*사람"
_WHEN = (
    "sent|date|gesendet|datum|envoyé|enviado(?:\\s+el)?|fecha|data|inviato|verzonden|sendt|dato"
    "|skickat|lähetetty|wysłano|odesláno|отправлено|дата|надіслано|gönderilme|tarih|送信日時"
    "|日付|发送时间|發送時間|日期|傳送日期|보낸\\s*날짜|날짜"
)
_OTHER = (
    "to|an|à|para|a|aan|til|till|vastaanottaja|do|komu|кому|kime|宛先|收件人|받는\\s*사람"
    "|cc|kopie|kopi|копия|抄送|参照|참조|subject|betreff|objet|asunto|assunto|oggetto|onderwerp"
    "|emne|ämne|aihe|temat|předmět|тема|konu|件名|主题|主旨|제목|reply-to|importance"
)
_KINDS = tuple(
    re.compile(rf"\s*\*{{0,2}}(?:{words})\s{{0,2}}[:：]", re.I) for words in (_FROM, _WHEN, _OTHER)
)


def fold_quotes(text: str) -> tuple[str, int]:
    """Replace quoted earlier mail by a marker, and say how many characters were folded.

    Blocks of `>` lines are folded one by one, so that answers between them stay; below a line such
    as "On … wrote:" or a block of From/Sent/To lines everything is folded. A forwarded mail is
    what its sender wants read and stays, as does a mail that would have nothing left.
    """
    lines = text.split("\n")
    kept: list[str] = []
    folded = 0
    place = 0
    shown = False
    while place < min(len(lines), _MAX_LINES):
        if _FORWARDED.match(lines[place][:_MAX_LINE]):
            shown = True
            break
        end = _end_of_quote(lines, place)
        if end == place:
            kept.append(lines[place])
            shown = shown or bool(lines[place].strip())
            place += 1
            continue
        hidden = "\n".join(lines[place:end])
        folded += len(hidden)
        kept.append(f"[… {len(hidden)} characters of quoted text folded …]")
        place = end
    kept += lines[place:]
    return ("\n".join(kept), folded) if folded and shown else (text, 0)


def _end_of_quote(lines: list[str], place: int) -> int:
    """The line after the quote that begins at a place; the place itself if none does."""
    line = lines[place][:_MAX_LINE]
    if _is_quoted(line):
        return _end_of_block(lines, place)
    if not line.strip():
        return place
    if _ORIGINAL.match(line) or _is_header_block(lines, place):
        return len(lines)
    after = _after_introduction(lines, place)
    if after is None:
        return place
    following = _next_written(lines, after)
    if following < len(lines) and _is_quoted(lines[following]):
        return _end_of_block(lines, following)
    # Outlook on a phone introduces a quote and then marks no line of it.
    said = " ".join(lines[place:after])
    return len(lines) if _is_certain(said) else place


def _is_quoted(line: str) -> bool:
    return line.lstrip(" \t")[:1] == ">"


def _end_of_block(lines: list[str], place: int) -> int:
    """Step over `>` lines and the empty ones between them."""
    end = place
    while place < len(lines):
        if _is_quoted(lines[place]):
            end = place + 1
        elif lines[place].strip():
            break
        place += 1
    return end


def _next_written(lines: list[str], place: int) -> int:
    for ahead in range(place, min(place + _MAX_WRAPPED, len(lines))):
        if lines[ahead].strip():
            return ahead
    return len(lines)


def _after_introduction(lines: list[str], place: int) -> int | None:
    """The line after "On … wrote:", which may be wrapped over several."""
    if not _OPENS_WITH.match(lines[place][:_MAX_LINE]):
        return None
    said = ""
    for ahead in range(place, min(place + _MAX_WRAPPED, len(lines))):
        line = lines[ahead]
        if not line.strip() or len(line) > _MAX_LINE:
            return None
        said = f"{said} {line.strip()}".strip()
        if said.endswith(_ENDINGS):
            return ahead + 1 if _introduces(said, lines, ahead + 1) else None
    return None


def _introduces(said: str, lines: list[str], after: int) -> bool:
    """Whether words that end in a colon introduce a quote: they say so, or `>` lines follow."""
    if not _HAS_WHEN_OR_WHO.search(said):
        return False
    if _WROTE.search(said[-_MAX_LINE:]):
        return True
    following = _next_written(lines, after)
    return following < len(lines) and _is_quoted(lines[following])


def _is_certain(said: str) -> bool:
    return bool(_WROTE.search(said[-_MAX_LINE:]) and _HAS_WHEN_OR_WHO.search(said))


def _is_header_block(lines: list[str], place: int) -> bool:
    """Whether From:, Sent: and To: or Subject: lines begin here, a rule perhaps above them."""
    first = place
    if _SEPARATOR.match(lines[place][:_MAX_LINE]):
        first = _next_written(lines, place + 1)
    seen: set[int] = set()
    for line in lines[first : first + _MAX_HEADERS]:
        kind = next((k for k, words in enumerate(_KINDS) if words.match(line[:_MAX_LINE])), None)
        if kind is None:
            break
        seen.add(kind)
    return seen >= {0, 1, 2}

"""What a text holds that does not belong into a review: contact details, web addresses, known words. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.common.words import plain
from feedback.moderation.shingles import bare

READ = 5_000
SHOWN = 40
NUMERALS = "零0〇0○0一1壹1幺1二2贰2三3叁3四4肆4五5伍5六6陆6七7柒7八8捌8九9玖9"
DIGITS = str.maketrans(NUMERALS[::2], NUMERALS[1::2])
SPACE = re.compile(r"\s+")
BETWEEN = r"[\s\-_.,·*~/|]{0,2}"
PHONE = re.compile(rf"(?<!\d)1{BETWEEN}[3-9]{BETWEEN}(?:\d{BETWEEN}){{8}}\d(?!\d)")
LANDLINE = re.compile(r"(?<!\d)(?:400-?\d{3}-?\d{4}|0\d{2,3}-\d{7,8})(?!\d)")
NAME = r"(?:[a-z][a-z0-9_\-]{5,19}|\d{5,15})"
WECHAT = re.compile(
    rf"(?:微信|威信|薇信|徽信|v信|卫星号|wechat|weixin)(?:号|id)?[：:是为=\-]{{0,2}}{NAME}"
    rf"|(?<![a-z])(?:vx|wx)(?:号|[：:是为=\-]|号[：:]){NAME}"
    rf"|(?:加|➕|\+)(?:我|个|一下|下)?(?:微信|威信|薇信|v信|(?:vx|wx|v|薇)(?![a-z领字型]))(?:{NAME})?"
    r"|私(?:我|聊|信)?(?:加|发)(?:微|v(?![a-z]))"
)
QQ = re.compile(r"(?:qq|扣扣|企鹅)(?:群|号|裙)?[：:是为=]{0,2}\d{5,11}")
EMAIL = re.compile(r"[a-z0-9._%+\-]+@[a-z0-9\-]+(?:\.[a-z]{2,})+")
WEB = re.compile(
    r"https?[：:]//|www[.。点]"
    r"|[a-z0-9\-]{2,}[.。点](?:com|cn|net|top|xyz|shop|vip|cc|club|link|site|store)(?![a-z0-9])"
)
SORTS = (
    ("phone", LANDLINE), ("wechat", WECHAT), ("qq", QQ), ("email", EMAIL), ("web", WEB),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """A word or pattern that gives a signal."""

    signal: str
    text: str
    is_pattern: bool = False


def contacts(text: str) -> list[tuple[str, str]]:
    """The contact details in a text as (sort, what was found), spaced out and disguised ones too."""
    folded = plain(text[:READ])
    squeezed = SPACE.sub("", folded)
    found = []
    if number := PHONE.search(folded.translate(DIGITS)):
        found.append(("phone", number.group().strip()))
    for sort, pattern in SORTS:
        if match := pattern.search(squeezed):
            found.append((sort, match.group()))
    return [(sort, words[:SHOWN]) for sort, words in found]


def known(text: str, words: Iterable[Word]) -> dict[str, list[str]]:
    """The known words in a text, by their signal. What stands between the characters does not hide them."""
    folded = plain(text[:READ])
    signs = bare(text)
    found: dict[str, list[str]] = {}
    for word in words:
        if word.is_pattern:
            match = re.search(word.text, folded)
            said = match.group()[:SHOWN] if match else ""
        else:
            said = word.text if (wanted := bare(word.text)) and _said(wanted, signs, folded) else ""
        if said:
            found.setdefault(word.signal, []).append(said)
    return found


def _said(wanted: str, signs: str, folded: str) -> bool:
    """Whether a word is said: a Chinese one anywhere, one of Latin letters as a word of its own."""
    if wanted.isascii():
        return re.search(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])", folded) is not None
    return wanted in signs


def summary(found: Sequence[tuple[str, str]]) -> list[str]:
    """The sorts of contact details that were found, each once."""
    return list(dict.fromkeys(sort for sort, _words in found))

"""What of a letter is said in it: HTML as text, and the text without the letters that it quotes. Pure."""

import re
from html.parser import HTMLParser

import nh3

from feedback.channels.email.taming import tamed

BLOCKS = {
    "p", "div", "br", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "section",
    "article", "header", "footer", "center",
}  # fmt: skip
PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "table"}
DROPPED = {"script", "style", "head", "title", "template", "noscript", "object", "iframe", "svg", "math"}
READ = nh3.ALLOWED_TAGS | {"section", "article", "header", "footer"}
UNREAD = {"script", "style", "title", "template", "noscript"}
QUOTING = re.compile(
    r"gmail_quote|yahoo_quoted|moz-cite-prefix|divRplyFwdMsg|isReplyContent|qmail|mail_quote|protonmail_quote"
    r"|zmail_extra|OLK_SRC_BODY_SECTION|reply-intro",
    re.IGNORECASE,
)
MARK = "\u2063\u2063 quoted \u2063\u2063"
"""Stands where the HTML says that the letters before begin; nobody types it."""

ORIGINAL = re.compile(
    r"^\s*[-_—=]{2,}\s*(original (message|appointment)|原始邮件|原邮件|原始訊息|回复的原邮件)"
    r"\s*[-_—=]{2,}\s*$",
    re.IGNORECASE,
)
HEADS = re.compile(
    r"^[\s>|*]*(from|发件人|寄件者|发送者|sent|发送时间|日期|date|to|收件人|subject|主题|cc|抄送)\**\s*[:：]",
    re.IGNORECASE,
)
STARTS = re.compile(r"^[\s>|*]*(from|发件人|寄件者|发送者)", re.IGNORECASE)
WROTE = re.compile(
    r"^\s*(on\b.{5,200}\bwrote\s*[:：]|(在|于)?.{0,160}(写道|寫道|编写|的来信)\s*[:：]"
    r"|.{3,120}<[^<>@\s]+@[^<>\s]+>\s*(wrote|于.*写道)?\s*[:：])\s*$",
    re.IGNORECASE | re.DOTALL,
)
LINE = re.compile(r"^\s*_{10,}\s*$")
QUOTED = re.compile(r"^\s{0,3}>")
LONGEST = 1_000_000  # signs that are looked at; what is said stands at the beginning
LOOKED_AT = 300  # signs of a line: enough to know one that introduces a quoted letter
WROTE_LINES = 3
FEWEST_HEADS = 2


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.dropped = 0
        self.quotes = 0
        self.marked = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            self.dropped += 1
        if not self.marked and any(
            name in {"class", "id"} and QUOTING.search(value or "") for name, value in attrs
        ):
            self.marked = True
            self.out.append(f"\n{MARK}\n")
        if tag == "blockquote":
            self.quotes += 1
            self.out.append("\n")
        elif tag == "li":
            self.out.append("\n- ")
        elif tag in {"td", "th"}:
            self.out.append(" ")
        elif tag in BLOCKS:
            self.out.append("\n\n" if tag in PARAGRAPHS else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED:
            self.dropped = max(0, self.dropped - 1)
        if tag == "blockquote":
            self.quotes = max(0, self.quotes - 1)
        if tag in BLOCKS and tag not in {"br", "hr"}:
            self.out.append("\n\n" if tag in PARAGRAPHS else "\n")

    def handle_data(self, data: str) -> None:
        if self.dropped:
            return
        text = re.sub(r"[ \t\r\n\f]+", " ", data)
        if self.quotes and text.strip():
            text = "> " + text
        self.out.append(text)


def text_of_html(html: str) -> str:
    """What a reader of the page would read, a line each block; quoted letters begin with ">" or a mark."""
    safe = nh3.clean(
        tamed(html[:LONGEST], tags=READ, gone=UNREAD),
        tags=READ,
        clean_content_tags=UNREAD,
        attributes={"*": {"class", "id"}},
    )
    reader = _Reader()
    reader.feed(safe)
    reader.close()
    lines = [" ".join(line.replace("\xa0", " ").split()) for line in "".join(reader.out).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def whole(text: str) -> str:
    """The text as the letter has it, quoted letters included."""
    return text[:LONGEST].replace(MARK, "").strip()


def visible(text: str) -> str:
    """The text without the letters that it answers; all of it when nothing else would be left.

    Answers between the lines of a quoted letter keep it, since they mean nothing without.
    """
    lines = text[:LONGEST].replace("\r\n", "\n").split("\n")
    own = _without_quotes(_before_the_original(lines))
    said = "\n".join(own).replace(MARK, "").strip()
    return re.sub(r"\n{3,}", "\n\n", said) or whole(text)


def _before_the_original(lines: list[str]) -> list[str]:
    """What stands above a letter that was put below whole."""
    for number, line in enumerate(lines):
        start = line[:LOOKED_AT]
        if MARK in start or ORIGINAL.match(start):
            return _without_attribution(lines[:number])
        if STARTS.match(start) and _heads(lines[number : number + 6]) >= FEWEST_HEADS:
            before = lines[:number]
            while before and (not before[-1].strip() or LINE.match(before[-1][:LOOKED_AT])):
                before.pop()
            return _without_attribution(before)
    return lines


def _heads(lines: list[str]) -> int:
    return sum(bool(HEADS.match(line[:LOOKED_AT])) for line in lines)


def _without_attribution(lines: list[str]) -> list[str]:
    """The lines without a last "… wrote:"."""
    kept = list(lines)
    while kept and not kept[-1].strip():
        kept.pop()
    for length in range(1, WROTE_LINES + 1):
        if len(kept) >= length and WROTE.match(" ".join(one[:LOOKED_AT].strip() for one in kept[-length:])):
            return kept[:-length]
    return kept


def _without_quotes(lines: list[str]) -> list[str]:
    """The lines without one block of quoted ones and who wrote them; with several blocks nothing is cut."""
    blocks: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        if not QUOTED.match(line):
            continue
        if blocks and not any(one.strip() for one in lines[blocks[-1][1] + 1 : number]):
            blocks[-1] = (blocks[-1][0], number)
        else:
            blocks.append((number, number))
    if len(blocks) != 1:
        return lines
    first, last = blocks[0]
    return [*_without_attribution(lines[:first]), *lines[last + 1 :]]

"""HTML of strangers made safe to look at: nothing runs, nothing is fetched. Pure."""

import base64
from collections import Counter
from collections.abc import Mapping

import nh3

from feedback.channels.email.taming import tamed

# fmt: off
TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "div",
    "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p",
    "pre", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "tt", "u", "ul",
}
# fmt: on
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "font": {"color"},
    "*": {"dir", "lang"},
}
LINKS = {"http", "https", "mailto", "tel"}
GONE = {
    "script",
    "style",
    "title",
    "template",
    "noscript",
    "iframe",
    "object",
    "embed",
    "svg",
    "math",
    "form",
}
PAGE = (
    '<!doctype html><html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<base target="_blank"></head><body>{}</body></html>'
)
POLICY = (
    "default-src 'none'; img-src data:; style-src 'none'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""What the page may do: nothing but show itself and open a link in a window of its own."""


SHOWN_AGAIN = 3
"""How often one picture is shown: a letter of a megabyte could name one sixty thousand times."""


def safe_page(html: str, pictures: Mapping[str, tuple[str, bytes]]) -> str:
    """The letter as a page of its own; `pictures` are those that came with it, by their Content-ID.

    Pictures elsewhere are not fetched: to fetch one tells its server who reads the letter, and when. Each
    picture is shown a few times at most, since every time it is written out in full.
    """
    shown: Counter[str] = Counter()

    def allow(_tag: str, name: str, value: str) -> str | None:
        if name == "href":
            return value if value.split(":", maxsplit=1)[0].lower() in LINKS else None
        if name != "src":
            return value
        cid = value.removeprefix("cid:").strip()
        known = pictures.get(cid) if value.startswith("cid:") else None
        shown[cid] += 1
        if known is None or shown[cid] > SHOWN_AGAIN:
            return None
        content_type, data = known
        return f"data:{content_type};base64,{base64.b64encode(data).decode()}"

    cleaned = nh3.clean(
        tamed(html, tags=TAGS, gone=GONE),
        tags=TAGS,
        clean_content_tags=GONE,
        attributes=ATTRIBUTES,
        attribute_filter=allow,
        url_schemes={*LINKS, "cid", "data"},
        link_rel="noopener noreferrer nofollow",
    )
    return PAGE.format(cleaned)

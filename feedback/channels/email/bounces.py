"""Reports that a letter could not be delivered (RFC 3464), and those that say so in their own words. Pure."""

import re
from dataclasses import dataclass

from feedback.channels.email.letters import ID, Letter

FIELD = re.compile(
    r"^(action|status|final-recipient|original-recipient|diagnostic-code)\s*:\s*(.+(?:\n[ \t].+)*)",
    re.IGNORECASE | re.MULTILINE,
)
LETTER = re.compile(r"^message-id\s*:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)
CODE = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
REPLY = re.compile(r"\b([45])\d\d[ -]")
TEMPORARY = {"delayed", "relayed", "expanded", "delivered"}


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report says."""

    recipient: str
    is_final: bool
    """It will not be tried any more."""
    why: str
    letters: tuple[str, ...]
    """The Message-IDs in what came back."""


def read(letter: Letter) -> Bounce:
    """Read a report; what does not follow the standard is taken as final unless it says otherwise."""
    text = "\n".join([*letter.report, letter.text])[:100_000]
    fields = {name.lower(): " ".join(value.split()) for name, value in FIELD.findall(text)}
    status = fields.get("status", "")
    action = fields.get("action", "").lower()
    why = fields.get("diagnostic-code", "").partition(";")[2].strip() or fields.get("diagnostic-code", "")
    recipient = fields.get("final-recipient") or fields.get("original-recipient", "")
    return Bounce(
        recipient=recipient.rpartition(";")[2].strip().lower()[:320],
        is_final=action not in TEMPORARY and not _is_temporary(status, why or text),
        why=(why or status or letter.subject)[:300],
        letters=tuple(
            dict.fromkeys([*(ID.findall(one)[0] for one in LETTER.findall(text)), *letter.answers])
        ),
    )


def _is_temporary(status: str, text: str) -> bool:
    found = CODE.search(status) or CODE.search(text) or REPLY.search(text)
    return found is not None and found[1] != "5"

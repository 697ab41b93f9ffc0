"""What stands at the head of our letters, so that answers find their case and machines keep quiet. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import formataddr

from feedback.channels.email import rules

REFERENCES = 12
"""How many letters back a head names: mailers thread by the last few."""


@dataclass(frozen=True, slots=True)
class Thread:
    """The case that a letter belongs to, and the letters before it, oldest first; `answers` one of them."""

    case_id: int
    number: str
    subject: str
    letter_ids: Sequence[str] = ()
    answers: str = ""


def letter_id(request_id: str, case_id: int, address: str) -> str:
    """A Message-ID that says which case it belongs to, the same at every try; short enough for one line."""
    return f"<{request_id.replace('-', '')[:16]}.{rules.tag(case_id)}@{address.rpartition('@')[2]}>"


def envelope_sender(address: str, case_id: int, *, tagged: bool) -> str:
    """Where a report of a failed delivery goes."""
    return rules.tagged_address(address, rules.tag(case_id)) if tagged else address


def subject_of(thread: Thread) -> str:
    """The member's own subject with the case's number, as one reads it on the telephone."""
    plain = " ".join(thread.subject.split())
    start = "" if plain.lower().startswith(("re:", "回复:", "回复：", "答复:", "答复：")) else "Re: "
    number = "" if thread.number in plain else f" [{thread.number}]"
    return f"{start}{plain}{number}"


def heads(
    thread: Thread, *, name: str, address: str, request_id: str, tagged: bool, automatic: str = ""
) -> dict[str, str]:
    """The headers of a letter in a thread.

    `automatic` is what RFC 3834 calls a letter that no person wrote: "auto-replied" or "auto-generated".
    """
    found = {
        "From": formataddr((name, address)),
        "Message-ID": letter_id(request_id, thread.case_id, address),
        "X-Auto-Response-Suppress": "All" if automatic else "OOF, AutoReply",
    }
    if tagged:
        reply_to = rules.tagged_address(address, rules.tag(thread.case_id))
        found["Reply-To"] = formataddr((name, reply_to))
    if thread.letter_ids:
        found["In-Reply-To"] = thread.answers or thread.letter_ids[-1]
        found["References"] = " ".join(thread.letter_ids[-REFERENCES:])
    if automatic:
        found["Auto-Submitted"] = automatic
    return found


def domain_is_sound(address: str) -> bool:
    """Whether an address is one that a letter can be sent to."""
    try:
        return bool(Address(addr_spec=address).domain)
    except (ValueError, IndexError):
        return False

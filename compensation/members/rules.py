"""How members prove who they are: codes, tokens, contacts. Pure functions and the figures they go by."""

import hashlib
import re
import secrets
import unicodedata
from datetime import timedelta

from django.utils.crypto import constant_time_compare, salted_hmac

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=10)
CODE_ATTEMPTS = 5

SESSION_LIFE = timedelta(days=30)
"""From the sign-in; using a session does not prolong it."""

RESEND_AFTER = timedelta(minutes=1)
CODES_A_CONTACT = 5
CODES_AN_ADDRESS = 60
"""In an hour. One network address may be a whole mobile carrier's."""

GUESSES_AN_ADDRESS = 200
"""Tries to sign in from one network address in an hour."""

JWT_LIFE = timedelta(minutes=10)
"""The longest life of a token of the shop's that we take: it is a ticket for one sign-in."""

CLOCK_SKEW = timedelta(seconds=60)
"""How far the shop's clock may be ahead of ours."""

_PHONE = re.compile(r"\+?[0-9 ().-]{5,24}")
_FIVE_DIGITS = re.compile(r"([0-9][^0-9]*){5}")
_EMAIL = re.compile(r"[^\s@\x00]{1,64}@[^\s@\x00.]+(\.[^\s@\x00.]+)*")
LONGEST_CONTACT = 254
LONGEST_NAME = 120
_NOT_DIGIT = re.compile(r"[^0-9]")
CHINA = "86"
CHINESE_MOBILE = 11


def normal_contact(contact: str) -> str:
    """One way to write a phone number or e-mail address: digits, without +86; or lower case."""
    contact = contact.strip()
    if not _PHONE.fullmatch(contact):
        return contact.lower()
    digits = _NOT_DIGIT.sub("", contact)
    return digits[2:] if digits.startswith(CHINA) and len(digits) == len(CHINA) + CHINESE_MOBILE else digits


def plausible_contact(contact: str) -> bool:
    """Whether something can be sent there: an address with one @, or at least five digits."""
    contact = contact.strip()
    if len(contact) > LONGEST_CONTACT:
        return False
    return bool(_EMAIL.fullmatch(contact) or (_PHONE.fullmatch(contact) and _FIVE_DIGITS.search(contact)))


def spellings(contact: str) -> list[str]:
    """The ways in which a contact may have been imported, the normal one first."""
    normal = normal_contact(contact)
    raw = contact.strip()
    ways = [normal, raw]
    if normal.isdigit():
        ways += [f"+{normal}", f"+{CHINA}{normal}", f"{CHINA}{normal}", f"+{CHINA} {normal}"]
    return list(dict.fromkeys(ways))


def clean_name(name: str) -> str:
    """A name as a stranger gives it, on one line, without control and direction signs."""
    plain = "".join(" " if sign.isspace() else sign for sign in name)
    return " ".join("".join(s for s in plain if unicodedata.category(s)[0] != "C").split())[:LONGEST_NAME]


def new_code() -> str:
    """Six digits nobody can foresee."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def contact_digest(contact: str) -> str:
    """What is kept of a contact where only equality matters."""
    return salted_hmac("huiyin.contact", normal_contact(contact), algorithm="sha256").hexdigest()


def code_digest(contact: str, code: str) -> str:
    """What is kept of a code: useless without the server's key, since six digits are soon tried."""
    return salted_hmac("huiyin.code", f"{normal_contact(contact)}\0{code}", algorithm="sha256").hexdigest()


def same_code(digest: str, contact: str, code: str) -> bool:
    """Whether it is the code behind the digest; takes the same time either way."""
    return constant_time_compare(digest, code_digest(contact, code.strip()))


def new_token() -> str:
    """A session's secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """What is kept of a token; it is long and random, so a plain hash cannot be undone."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def masked(contact: str) -> str:
    """A contact that only its owner recognises: 138****1234, a***@example.com."""
    contact = contact.strip()
    name, at, host = contact.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{contact[:3]}****{contact[-4:]}" if len(contact) > 7 else "****"  # noqa: PLR2004 - 3 + 4 shown

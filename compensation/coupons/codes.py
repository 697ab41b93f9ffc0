"""Coupon codes: 60 random bits that survive being read out on the phone.

The alphabet is Crockford's base 32: no I, L, O or U, so that what is typed for 1 and 0 is known.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12  # of 5 bits each
GROUP = 4
SHOWN = 4
_LETTERS = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))  # 256 is a multiple of 32
_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new() -> str:
    """A fresh code, such as 7KQ2-M9XA-04TF."""
    return many(1)[0]


def many(number: int) -> list[str]:
    """So many fresh codes: five of the bits of each random byte, as fast as a hundred thousand need."""
    letters = secrets.token_bytes(number * LENGTH).translate(_LETTERS).decode("ascii")
    return [grouped(letters[at : at + LENGTH]) for at in range(0, len(letters), LENGTH)]


def grouped(code: str) -> str:
    """The code in groups of four."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def clean(typed: str) -> str | None:
    """The code that somebody meant, whatever the case, spaces and dashes; None when it cannot be one."""
    # A Chinese keyboard may type full-width letters.
    plain = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in typed)
    code = "".join(c for c in plain.upper().translate(_MEANT) if c not in " -　\t")
    return grouped(code) if len(code) == LENGTH and set(code) <= set(ALPHABET) else None


def masked(code: str) -> str:
    """The code with all but its last four characters hidden."""
    return "".join("•" if c != "-" else c for c in code[:-SHOWN]) + code[-SHOWN:]

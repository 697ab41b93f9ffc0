"""Reading what an address or a form asks for, whatever somebody has put there."""

LONGEST = 18  # digits that a bigint always holds


def id_in(text: str | None) -> int | None:
    """The number of a row that a text names; None where it names none, such as one that no row can have."""
    plain = text or ""
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= LONGEST else None

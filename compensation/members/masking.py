"""Contact details as those see them who need not know them in full. Pure."""

SHOWN = 4


def masked_phone(phone: str) -> str:
    """Beginning and end of a number that is long enough: 138****8000."""
    if len(phone) <= SHOWN * 2:
        return "*" * len(phone)
    return f"{phone[:3]}{'*' * (len(phone) - 3 - SHOWN)}{phone[-SHOWN:]}"


def masked_email(email: str) -> str:
    """The first letter and the domain."""
    name, at, domain = email.partition("@")
    return f"{name[:1]}***{at}{domain}" if at else "*" * len(email)

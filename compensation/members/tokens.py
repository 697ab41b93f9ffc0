"""The tickets that the shop signs for members who are signed in there."""

from dataclasses import dataclass
from datetime import datetime

import jwt

from compensation.members.rules import CLOCK_SKEW, JWT_LIFE

LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid ticket says."""

    member: str
    """The member's number in the shop."""
    number: str
    """The ticket's own number: it works once."""


def read(token: str, *, key: str, algorithm: str, audience: str, at: datetime) -> Claims | None:
    """What the shop vouches for, or None when the token is not a valid ticket at that moment.

    The algorithm is ours to say, never the token's. `sub`, `aud`, `iat`, `exp` and `jti` must all be there,
    and a ticket may not live longer than `JWT_LIFE`.
    """
    if not key or len(token) > LONGEST:
        return None
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            options={
                "require": ["sub", "aud", "iat", "exp", "jti"],
                "verify_exp": False,  # judged below, by the caller's clock
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        begins, ends = float(claims["iat"]), float(claims["exp"])
        not_before = float(claims.get("nbf", begins))
    except (jwt.PyJWTError, TypeError, ValueError, UnicodeError):
        return None
    now, skew = at.timestamp(), CLOCK_SKEW.total_seconds()
    in_time = max(begins, not_before) <= now + skew and now < ends <= begins + JWT_LIFE.total_seconds()
    if not in_time or not claims["sub"] or not claims["jti"]:
        return None
    return Claims(member=str(claims["sub"]), number=str(claims["jti"]))

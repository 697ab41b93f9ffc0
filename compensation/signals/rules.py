"""Whether a member's claims are unlike those of others. Pure: it gives reasons, a person judges."""

from dataclasses import dataclass
from typing import Any

from compensation.models import SignalTerms

UNASKED = ("batch:", "care:")
"""How the causes of grants begin that we give by ourselves: no claims of the member."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a member had in the time that counts.

    A claim is a grant that was asked for and not refused; what we gave by ourselves is none.
    """

    orders: int = 0
    claims: int = 0
    fen: int = 0
    shared: int = 0
    """How many other members with claims have the same phone number or e-mail address."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Where the boundary lies among all members with a claim: so many claims, so much money."""

    members: int = 0
    claims: int = 0
    fen: int = 0


def reasons(claims: Claims, peers: Peers, terms: SignalTerms) -> list[dict[str, Any]]:
    """Why a person should look, each with the numbers it rests on; nothing for what is usual.

    `claims` counts the one that is being asked for. Few claims say nothing, whatever their share; the
    comparison with others only holds where there are enough others.
    """
    found: list[dict[str, Any]] = []
    if not terms.is_active:
        return found
    if claims.claims >= terms.claims_from:
        if claims.claims * 100 >= max(claims.orders, 1) * terms.share_percent:
            found.append({"code": "share", "claims": claims.claims, "orders": claims.orders})
        if peers.members >= terms.peers_from and claims.claims > peers.claims:
            found.append({"code": "often", "claims": claims.claims, "peers": peers.claims})
        if peers.members >= terms.peers_from and claims.fen > peers.fen:
            found.append({"code": "much", "fen": claims.fen, "peers": peers.fen})
    if claims.shared >= terms.shared_from:
        found.append({"code": "shared", "members": claims.shared})
    return found

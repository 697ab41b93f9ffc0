"""How long this app keeps what, and by which law."""

from django.utils.translation import gettext_lazy as _

from compensation import personal as ours
from compensation.privacy import ending
from config.common import personal, retention
from config.common.retention import Kind, Part

YEAR = 365
SHORTEST = _("Personal Information Protection Law, article 19: no longer than the purpose needs.")
TRADE = _(
    "E-Commerce Law, article 31: what tells of goods, services and transactions is kept for at least three "
    "years after the transaction."
)

KINDS = [
    Kind(
        code="transactions",
        name=_("carriers' reports on parcels"),
        days=3 * YEAR + 1,
        least=3 * YEAR + 1,  # one of three years has 366 days
        source=TRADE,
        parts=[Part(label="compensation.ShipmentEvent", at="at", columns=("text", "place"))],
    ),
    Kind(
        code="notices",
        name=_("notices to members"),
        days=YEAR,
        source=SHORTEST,
        parts=[Part(label="compensation.Notice", at="created_at")],
    ),
    Kind(
        code="sign-ins",
        name=_("ended sessions and used sign-in codes"),
        days=1,
        source=SHORTEST,
        parts=[
            Part(label="compensation.SignInCode", at="expires_at"),
            Part(label="compensation.MemberSession", at="expires_at"),
        ],
    ),
]


def register() -> None:
    """Say what tables hold of members, what erasing waits for and ends, and how long what is kept."""
    personal.add(
        ours.PERSONAL,
        ours.FREE,
        also=ours.ALSO,
        named=ours.NAMED,
        standing=ending.standing,
        ending=ending.end,
    )
    retention.add(KINDS)

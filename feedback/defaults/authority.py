"""How much each role may give for one problem without asking, and approve for others."""

from datetime import datetime

from django.contrib.auth.models import Group

from compensation.models import Authority
from feedback.defaults.roles import ROLES

LIMITS = ("per_grant_fen", "per_problem_fen", "per_order_fen", "per_member_day_fen")
YUAN = {"agent": 50, "team_lead": 200, "supervisor": 1_000, "finance": 10_000}
BATCH_YUAN = {"finance": 1_000_000}
"""What a whole batch may come to that they approve."""


def seed_authority(_at: datetime) -> None:
    """Give the roles that ship their authority; what people have set stays. The roles were seeded before."""
    for role, yuan in YUAN.items():
        group = Group.objects.filter(name=ROLES[role].name).first()
        if group is not None:  # else people renamed it, and it is theirs
            limits = {**dict.fromkeys(LIMITS, yuan * 100), "per_batch_fen": BATCH_YUAN.get(role, 0) * 100}
            Authority.objects.get_or_create(group=group, defaults=limits)

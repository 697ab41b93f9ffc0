"""Members with an agent of their own: a benefit of their tier, or chosen for them by hand."""

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common import bulk
from config.common.errors import Invalid, NotFound
from config.common.events import Happening, record, record_all
from config.common.models import User
from feedback.models import Agent, DedicatedService, Dedication, Membership
from feedback.shifts.queries import duties
from feedback.shifts.rules import Span, gaps, union

BATCH = 500
WEEK = timedelta(days=7)


@transaction.atomic
def dedicate(*, member_id: int, agent_id: int, actor: User | None, at: datetime) -> Dedication:
    """Make an agent a member's own by hand, whatever the member's tier. The same again changes nothing.

    Raises:
        NotFound: there is no such member or agent.
        Invalid: the agent takes no cases.
    """
    member = Member.objects.select_for_update(no_key=True).filter(pk=member_id).first()
    agent = Agent.objects.select_related("user").filter(pk=agent_id).first()
    if member is None or agent is None:
        raise NotFound
    if not (agent.is_active and agent.user.is_active):
        raise Invalid(_("%(agent)s takes no cases.") % {"agent": agent})
    row = Dedication.objects.filter(member=member).first()
    if row is not None and row.agent_id == agent.pk and row.by_hand:
        return row
    row, _made = Dedication.objects.update_or_create(
        member=member, defaults={"agent": agent, "since": at, "by_hand": True}
    )
    record("member.dedicated", member, actor=actor, at=at, agent=agent.pk)
    return row


@transaction.atomic
def end_dedication(*, member_id: int, actor: User | None, at: datetime) -> None:
    """Take a member's own agent away; the tier may give another one.

    Raises:
        NotFound: the member has none.
    """
    Member.objects.select_for_update(no_key=True).filter(pk=member_id).first()
    row = Dedication.objects.select_related("member").filter(member=member_id).first()
    if row is None:
        raise NotFound
    row.delete()
    record("member.dedication_ended", row.member, actor=actor, at=at, agent=row.agent_id)


def keep_up(*, at: datetime) -> int:
    """Bring a batch of members in line with what their tier gives; gives how many were changed.

    Each gets the agent of the service's department who has the fewest such members. Who lost the tier loses
    the agent; what was chosen by hand stays. An agent who no longer takes cases is replaced.
    """
    return _end(at) + sum(_begin(service, at) for service in _services())


def uncovered(service: DedicatedService, at: datetime) -> list[Span]:
    """When, in the week from a moment on, nobody who looks after these members is on duty."""
    until = at + WEEK
    agents = Membership.objects.filter(department=service.department_id).values_list("agent", flat=True)
    return gaps(union(*duties(list(agents), at, until).values()), at, until)


def _services() -> list[DedicatedService]:
    return list(DedicatedService.objects.filter(is_active=True, department__is_active=True))


@transaction.atomic
def _end(at: datetime) -> int:
    served = [service.tier_id for service in _services()]
    rows = Dedication.objects.filter(by_hand=False).exclude(
        member__tier__in=served, member__erased_at=None, agent__is_active=True, agent__user__is_active=True
    )
    held = list(rows.select_related("member").select_for_update(of=("self",), skip_locked=True)[:BATCH])
    Dedication.objects.filter(pk__in=[row.pk for row in held]).delete()
    record_all(
        Happening("member.dedication_ended", row.member, at, None, {"agent": row.agent_id}) for row in held
    )
    return len(held)


@transaction.atomic
def _begin(service: DedicatedService, at: datetime) -> int:
    agents = Membership.objects.filter(
        department=service.department_id,
        is_lead=False,
        agent__is_active=True,
        agent__user__is_active=True,
        agent__capacity__gt=0,
    )
    ids = sorted(agents.values_list("agent", flat=True))
    if not ids:
        return 0
    rows = Member.objects.filter(tier=service.tier_id, erased_at=None)
    rows = rows.filter(~Exists(Dedication.objects.filter(member=OuterRef("pk")))).order_by("pk")
    members = list(rows.select_for_update(no_key=True, skip_locked=True)[:BATCH])
    counted = Dedication.objects.filter(agent__in=ids).order_by().values_list("agent").annotate(Count("pk"))
    load = Counter(dict(counted))
    new = []
    for member in members:
        agent = min(ids, key=lambda one: (load[one], one))
        load[agent] += 1
        new.append(Dedication(member=member, agent_id=agent, since=at))
    bulk.insert(Dedication, new, skip_known=True)
    record_all(Happening("member.dedicated", row.member, at, None, {"agent": row.agent_id}) for row in new)
    return len(new)

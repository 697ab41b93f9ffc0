"""Who is told of what was found about figures, and in which words: one letter each for all of a day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.common.mail import tell_staff
from config.common.models import User
from feedback.models import Membership
from feedback.org import rules as org
from feedback.org.queries import SEE_ALL, parents
from kpis.alerts.words import Told, said
from kpis.models import ABOUT_GOALS, Dimension, FigureAlert, Grain, MetricCode
from kpis.snapshots.queries import SEE_COMPANY
from kpis.targets.goals import Goals

ACKNOWLEDGE = "kpis.acknowledge_figurealert"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def tell(alerts: Sequence[FigureAlert], *, at: datetime) -> None:
    """Write to everybody whom new alerts concern. Call in the transaction that found them."""
    if not alerts:
        return
    with translation.override(settings.LANGUAGE_CODE):
        words = said(alerts)
        by_user: dict[User, list[Told]] = defaultdict(list)
        for alert, users in zip(alerts, _receivers(alerts), strict=True):
            for user in users:
                by_user[user].append(words[alert.pk])
        for user, found in by_user.items():
            _write(user, sorted(found, key=lambda one: not one.alert.is_worse), at)


def _write(user: User, found: Sequence[Told], at: datetime) -> None:
    if not user.email:
        return
    subject = f"{found[0].title}: {found[0].what}"
    if len(found) > 1:
        subject = ngettext("%(n)s alert of figures", "%(n)s alerts of figures", len(found)) % {
            "n": len(found)
        }
    lines = [f"{one.title}: {one.what}\n{one.sentence}" for one in found]
    lines.append(
        _("What moved it: %(link)s") % {"link": settings.PUBLIC_URL + reverse("admin:figure_alerts")}
    )
    first = min(one.alert.pk for one in found)
    tell_staff(
        user=user, key=f"figurealerts:{first}:{user.pk}", subject=subject, body="\n\n".join(lines), at=at
    )


def _receivers(alerts: Sequence[FigureAlert]) -> list[set[User]]:
    """Who is told of each alert.

    Of a department's who leads it, or else the next above that has a lead, or else who takes note of alerts
    and sees all departments; of everything else who takes note and sees the company; of goals their owners.
    """
    leads = _leads()
    above = parents()
    noting, company, everywhere = (_with(right) for right in (ACKNOWLEDGE, SEE_COMPANY, SEE_ALL))
    goals = Goals()
    found = []
    for alert in alerts:
        users = noting & company
        if alert.dimension == Dimension.DEPARTMENT:
            chain = (int(alert.key), *org.above(above, int(alert.key)))
            users = next((leads[one] for one in chain if leads.get(one)), noting & everywhere)
        found.append(users | _owners(alert, goals))
    return found


def _with(right: str) -> set[User]:
    return set(User.objects.with_perm(right, backend=BACKEND).filter(is_active=True))


def _owners(alert: FigureAlert, goals: Goals) -> set[User]:
    if alert.kind not in ABOUT_GOALS:
        return set()
    place, grain = (alert.dimension, alert.key), Grain(alert.grain)
    target = goals.target(MetricCode(alert.metric), place, grain, alert.first)
    return {target.owner} if target and target.owner and target.owner.is_active else set()


def _leads() -> dict[int, set[User]]:
    leads: dict[int, set[User]] = defaultdict(set)
    rows = Membership.objects.filter(is_lead=True, agent__is_active=True, agent__user__is_active=True)
    for one in rows.select_related("agent__user"):
        leads[one.department_id].add(one.agent.user)
    return leads

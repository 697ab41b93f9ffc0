"""Reply templates: texts with names to be filled in from a closed list. No template engine sees them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from compensation.models import GIVEN, Coupon, Order
from config.common.errors import Invalid
from config.common.models import User
from config.common.money import display
from feedback.clocks.promised import promised
from feedback.knowledge.queries import nearest
from feedback.knowledge.tone import BLANK
from feedback.models import Agent, Case, Language, Template

NAMES: dict[str, Promise] = {
    "member.name": _("the member's name"),
    "member.tier": _("the member's tier"),
    "case.number": _("the case's number"),
    "case.subject": _("the case's subject"),
    "case.department": _("the case's department"),
    "agent.name": _("who writes"),
    "order.number": _("the order's number"),
    "order.product": _("the order's first product"),
    "order.amount": _("what was paid for the order"),
    "order.placed": _("when it was ordered"),
    "order.carrier": _("the carrier"),
    "order.tracking": _("the parcel's number"),
    "promise.ship_by": _("when we promised to ship"),
    "promise.deliver_by": _("when we promised to deliver"),
    "due.answer": _("by when we promise an answer"),
    "due.solution": _("by when we promise a solution"),
    "due.refund": _("by when we promise the refund"),
    "due.call": _("by when we promise to call"),
    "coupon.name": _("the coupon given in this case"),
    "coupon.value": _("what the coupon is worth"),
    "coupon.until": _("until when the coupon is valid"),
    "today": pgettext_lazy("template", "today's date"),
}
"""What a template may name, and what it stands for."""

VARIABLE = re.compile(r"\{\{\s*([\w.]*)\s*\}\}")
STRAY = re.compile(r"\{\{|\}\}|\{%|%\}")
DAY_FORMAT = {Language.CHINESE: "n月j日", Language.ENGLISH: "j F"}
MOMENT_FORMAT = {Language.CHINESE: "n月j日 H:i", Language.ENGLISH: "j F, H:i"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template filled in; what was missing left a blank and is named here, for the writer."""

    text: str
    missing: tuple[str, ...]


def check(body: str, names: Iterable[str] = NAMES, example: str = "member.name") -> None:
    """Refuse a text that could not be filled in from some names.

    Raises:
        Invalid: it names something that is on no list, or has a bracket of its own.
    """
    known = list(names)
    unknown = sorted({name for name in VARIABLE.findall(body) if name not in known})
    if unknown:
        raise Invalid(
            _("There is no “%(names)s” to fill in. There are: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(known)}
        )
    if STRAY.search(VARIABLE.sub("", body)):
        raise Invalid(
            _("A “{{” or “{%%” belongs to nothing: write %(example)s.") % {"example": f"{{{{ {example} }}}}"}
        )


def fill(body: str, values: Mapping[str, str]) -> Rendered:
    """Put values in, once: what a value says is never read as a name again. Missing ones leave a blank."""
    missing: list[str] = []

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if text := values.get(name, ""):
            return text
        if name not in missing:
            missing.append(name)
        return BLANK

    return Rendered(VARIABLE.sub(value, body), tuple(missing))


def render(template: Template, case: Case, *, agent: Agent | User | None, at: datetime) -> Rendered:
    """A template for a case, in the template's language, as of `at`."""
    return fill(template.body, values_of(case, language=template.language, agent=agent, at=at))


def values_of(case: Case, *, language: str, agent: Agent | User | None, at: datetime) -> dict[str, str]:
    """What every name stands for in a case, in words of a language; "" where there is nothing to say."""
    spoken = nearest(language)
    with translation.override(spoken):
        values = {
            "member.name": case.member.name or pgettext("to somebody whose name we do not know", "customer"),
            "member.tier": str(case.member.tier),
            "case.number": case.number,
            "case.subject": case.subject,
            "case.department": str(case.department),
            "agent.name": str(agent) if agent is not None else "",
            "today": _day(at, spoken),
            **_order(case.order, spoken),
            **_coupon(case, spoken),
        }
        for one in promised(case.clocks.all(), at):
            if one.is_open:
                values.setdefault(f"due.{one.what}", _moment(one.by, spoken))
    return values


def _order(order: Order | None, spoken: Language) -> dict[str, str]:
    if order is None:
        return {}
    lines = list(order.lines.select_related("product").order_by("pk"))
    parcel = order.shipments.order_by("-shipped_at", "pk").first()
    ship_by = min((line.ship_by for line in lines if line.ship_by), default=None)
    deliver_by = min((line.deliver_by for line in lines if line.deliver_by), default=None)
    return {
        "order.number": order.external_id,
        "order.product": str(lines[0].product) if lines else "",
        "order.amount": display(order.total_fen),
        "order.placed": _day(order.placed_at, spoken),
        "order.carrier": parcel.carrier if parcel else "",
        "order.tracking": parcel.tracking_number if parcel else "",
        "promise.ship_by": _moment(ship_by, spoken) if ship_by else "",
        "promise.deliver_by": _moment(deliver_by, spoken) if deliver_by else "",
    }


def _coupon(case: Case, spoken: Language) -> dict[str, str]:
    """The last coupon that was given, not merely asked for."""
    given = Coupon.objects.filter(grant__remedy__case=case, grant__status__in=GIVEN)
    coupon = given.select_related("template").order_by("-issued_at", "-pk").first()
    if coupon is None:
        return {}
    return {
        "coupon.name": str(coupon.template),
        "coupon.value": display(coupon.value_fen),
        "coupon.until": _day(coupon.expires_at, spoken),
    }


def _day(moment: datetime, spoken: Language) -> str:
    return date_format(timezone.localtime(moment), DAY_FORMAT[spoken])


def _moment(moment: datetime, spoken: Language) -> str:
    return date_format(timezone.localtime(moment), MOMENT_FORMAT[spoken])

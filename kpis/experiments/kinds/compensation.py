"""How much a rule or playbook gives: points, money, or which coupon."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from compensation.models import CouponTemplate, Grant, GrantKind, Rule, RuleGive
from compensation.rules.changing import set_give
from compensation.rules.queries import in_force
from config.common.errors import Invalid, NotFound
from config.common.models import User
from config.common.money import display, fen_from_yuan, yuan_from_fen
from config.common.variants import Content
from feedback.models import Playbook, PlaybookUse, PlaybookVersion, RemedyKind
from feedback.playbooks.changing import set_remedy
from feedback.playbooks.rules import Giving, read
from kpis.experiments.kinds.setting import Asked, SettingKind
from kpis.experiments.met import Trace
from kpis.models import Tested

MOST = 10_000_000
WHATS = {"points": _("points"), "amount_fen": _("amount (yuan)"), "template_id": _("coupon")}


def _versions() -> Iterator[PlaybookVersion]:
    latest = PlaybookVersion.objects.order_by("playbook_id", "-number").distinct("playbook_id")
    found = PlaybookVersion.objects.filter(pk__in=latest.values("pk"), playbook__is_active=True)
    yield from found.select_related("playbook").order_by("playbook__position", "pk")


def _content(one: RuleGive | Giving) -> Content | None:
    coupon = one.template_id if isinstance(one, RuleGive) else one.coupon_id
    for what, value in (("points", one.points), ("amount_fen", one.amount_fen), ("template_id", coupon)):
        if value is not None:
            return {"what": what, "value": value}
    return None


def _all() -> Iterator[tuple[str, str, Content]]:
    """Every amount that could be tested: its key, its name and what it says."""
    for version in in_force():
        for give in version.gives.all():
            if content := _content(give):
                kind = GrantKind(give.kind)
                name = f"{version.rule} · {kind.label}"
                yield f"rule:{version.code}:{give.position}:{kind.value}", name, content
    for one in _versions():
        for giving in read(one.content).givings:
            if content := _content(giving):
                kind_of = RemedyKind(giving.kind)
                name = f"{one.playbook} · {kind_of.label}"
                yield f"playbook:{one.playbook.code}:{giving.place}:{kind_of.value}", name, content


def _listed() -> list[tuple[str, str]]:
    return [(key, name) for key, name, _content in _all()]


def _now(key: str) -> Content | None:
    return next((content for known, _name, content in _all() if known == key), None)


def _asks(content: Content) -> list[Asked]:
    what, value = content["what"], content["value"]
    if what == "template_id":
        coupons = CouponTemplate.objects.filter(is_active=True).order_by("code")
        choices = [(str(one.pk), f"{one} ({display(one.value_fen)})") for one in coupons]
        return [Asked("value", WHATS[what], str(value), choices=choices)]
    return [Asked("value", WHATS[what], str(yuan_from_fen(value) if what == "amount_fen" else value))]


def _parse(content: Content, given: Mapping[str, Any]) -> Content:
    what, typed = content["what"], str(given.get("value", "")).strip()
    try:
        value = fen_from_yuan(typed) if what == "amount_fen" else int(typed)
    except ValueError as error:
        raise Invalid(_("Write a number."), field="value") from error
    if not 0 < value <= MOST:
        raise Invalid(_("Write a number above nothing, and not beyond all measure."), field="value")
    if what == "template_id" and not CouponTemplate.objects.filter(pk=value, is_active=True).exists():
        raise Invalid(_("Choose a coupon that can be given."), field="value")
    return {"what": what, "value": value}


def _said(content: Content) -> str:
    what, value = content["what"], content["value"]
    if what == "template_id":
        coupon = CouponTemplate.objects.filter(pk=value).first()
        return f"{coupon} ({display(coupon.value_fen)})" if coupon else "—"
    if what == "amount_fen":
        return display(value)
    return str(_("%(n)s points") % {"n": value})


def _trace(key: str) -> Trace:
    of, code, place, kind = key.split(":")
    if of == "rule":
        return Trace(Grant.objects.filter(rule__code=code, kind=kind), "member", "requested_at")
    given = PlaybookUse.objects.filter(playbook__code=code).exclude(refusals__has_key=place)
    return Trace(given, "case__member", "applied_at")


def _hold(key: str) -> None:
    of, code, *_rest = key.split(":")
    rows: Any = Rule.objects if of == "rule" else Playbook.objects
    rows.select_for_update(no_key=True).filter(code=code).first()


def _write(key: str, content: Content, because: str, actor: User | None, at: datetime) -> str:
    parts = key.split(":")
    if len(parts) != 4 or _now(key) is None:  # noqa: PLR2004 - what it is of, code, place, kind
        raise NotFound
    of, code, place, _kind = parts
    change: Any = set_give if of == "rule" else set_remedy
    return str(
        change(
            code=code,
            place=int(place),
            what=content["what"],
            value=content["value"],
            because=because,
            actor=actor,
            at=at,
        )
    )


KIND = SettingKind(Tested.COMPENSATION, _listed, _now, _asks, _parse, _said, _trace, _hold, _write)

"""Keeping the programme: its rules and its cap."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.forms.models import model_to_dict
from django.utils.translation import gettext_lazy as _

from compensation.care import texts
from compensation.models import CareRule, CareTerms, ConsentNeed, Festival, Purpose, Segment, Trigger
from config.common.errors import Invalid, NotFound
from config.common.events import Actor, record

TEXTS = ("title", "title_en", "body", "body_en")
NEEDS_DAYS = (Trigger.POINTS_EXPIRING, Trigger.NO_ORDER)
HAS_DAYS = (*NEEDS_DAYS, Trigger.BIRTHDAY, Trigger.FESTIVAL)
MOST_DAYS = 1_000


@transaction.atomic
def save_rule(*, rule: CareRule, actor: Actor, at: datetime) -> CareRule:
    """Keep a new or changed rule as its next version.

    A rule that comes into force takes up what happens from now on, nothing of before.

    Raises:
        Invalid: it does not hold together, a text names a variable that has no value, or it would be about
            another occasion than what was done by it.
        NotFound: it was deleted meanwhile.
    """
    check(rule)
    known = None
    if rule.pk is not None:
        known = CareRule.objects.select_for_update().filter(pk=rule.pk).first()
        if known is None:
            raise NotFound
        if known.trigger != rule.trigger and known.acts.exists():
            raise Invalid(
                _("Members have had this on another occasion: make another rule for this one."),
                field="trigger",
            )
        rule.version = known.version + (model_to_dict(known) != model_to_dict(rule))
    was_active = known is not None and known.is_active and known.trigger == rule.trigger
    if rule.is_active and not was_active:
        rule.active_since = at
    rule.save()
    record(
        "carerule.saved",
        rule,
        actor=actor,
        at=at,
        version=rule.version,
        is_active=rule.is_active,
        code=rule.code,
    )
    return rule


@transaction.atomic
def save_terms(*, terms: CareTerms, actor: Actor, at: datetime) -> CareTerms:
    """Keep how often a member hears from us at most."""
    terms.save()
    record("careterms.saved", terms, actor=actor, at=at, most=terms.most, days=terms.days)
    return terms


def check(rule: CareRule) -> None:
    """Refuse a rule that does not hold together.

    Raises:
        Invalid: what is wrong, and with which field.
    """
    _check_occasion(rule)
    quiet = (rule.quiet_from, rule.quiet_until)
    if quiet != (None, None) and (None in quiet or quiet[0] == quiet[1]):
        raise Invalid(
            _("Quiet hours have a beginning and another end, or there are none."), field="quiet_until"
        )
    if rule.coupon_id and rule.coupon_of_tier:
        raise Invalid(_("Give either this coupon or that of the tier."), field="coupon")
    if rule.purpose == Purpose.MARKETING and rule.consent == ConsentNeed.NONE:
        raise Invalid(_("Marketing needs the member's consent."), field="consent")
    for name in TEXTS:
        try:
            texts.check(getattr(rule, name), rule.trigger)
        except Invalid as error:
            raise Invalid(str(error), field=name) from error
    if not rule.title.strip():
        raise Invalid(_("Say something: the title is missing."), field="title")


def _check_occasion(rule: CareRule) -> None:
    trigger = rule.trigger
    if trigger not in Trigger.values:
        raise Invalid(_("Choose when this happens."), field="trigger")
    if (trigger == Trigger.FESTIVAL) != (rule.festival in Festival.values):
        raise Invalid(_("A festival is chosen where the occasion is one, and only there."), field="festival")
    if trigger in NEEDS_DAYS and not rule.days:
        raise Invalid(_("Say how many days."), field="days")
    if rule.days and (trigger not in HAS_DAYS or rule.days > MOST_DAYS):
        raise Invalid(_("This occasion takes no number of days, or not so many."), field="days")


def uses_of(segments: Collection[Segment]) -> list[tuple[int, str]]:
    """The rules that go by some segments, for whoever wants to delete one."""
    rules = CareRule.objects.filter(segment__in=segments).order_by("code")
    return [(rule.segment_id, str(rule)) for rule in rules if rule.segment_id]

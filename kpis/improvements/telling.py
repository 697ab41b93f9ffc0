"""Members whose voice led to an improvement are told what became of it, each once: you said, we did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.consents import queries as consents
from compensation.consents import rules as consent_rules
from compensation.models import Member, Purpose
from compensation.notices.commands import Telling, notify_all
from config.common import bulk
from config.common.errors import Invalid, MoveNotAllowed
from config.common.events import record
from config.common.models import User
from kpis.deadlines.given import text_of
from kpis.improvements.held import held
from kpis.improvements.voices import members_of
from kpis.models import Improvement, ImprovementTold
from kpis.models.improvement import DONE, NAMED, WORDS

BATCH = 500
KIND = "improvement"


@dataclass(frozen=True, slots=True)
class Preview:
    """How many would be told, how many were, and how many let us send them nothing of the kind."""

    voices: int
    told: int
    unwilling: int

    @property
    def to_tell(self) -> int:
        """Who is told when it is sent now."""
        return self.voices - self.told - self.unwilling


@transaction.atomic
def word(
    *,
    improvement_id: int,
    title: str,
    text: str,
    title_en: str = "",
    text_en: str = "",
    actor: User | None,
    at: datetime,
) -> Improvement:
    """Write what members are told, in Chinese and, if one wishes, in English.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: they are being told just now.
        Invalid: no text, too long, or half of the English.
    """
    found = held(improvement_id, actor)
    if found.telling_at is not None:
        raise MoveNotAllowed(_("Members are being told just now."))
    if bool(title_en.strip()) != bool(text_en.strip()):
        raise Invalid(_("English needs a heading and a text."), field="text_en")
    found.said_title = text_of(title, NAMED, "title")
    found.said = text_of(text, WORDS, "text")
    found.said_title_en = text_of(title_en, NAMED, "title_en", is_needed=False)
    found.said_en = text_of(text_en, WORDS, "text_en", is_needed=False)
    found.save(update_fields=["said_title", "said", "said_title_en", "said_en"])
    record("improvement.worded", found, actor=actor, at=at)
    return found


def preview(improvement: Improvement) -> Preview:
    """Count who would be told, as it stands."""
    told = set(improvement.told.values_list("member", flat=True))
    voices = list(members_of(improvement).values_list("pk", "consent_marketing"))
    choices = consents.choices_of([pk for pk, _marketing in voices])
    unwilling = sum(
        1
        for pk, marketing in voices
        if pk not in told
        and not consent_rules.channels(Purpose.SERVICE, marketing=marketing, choices=choices[pk])
    )
    return Preview(len(voices), sum(1 for pk, _marketing in voices if pk in told), unwilling)


@transaction.atomic
def tell(*, improvement_id: int, actor: User | None, at: datetime) -> Improvement:
    """Have the members told, in batches; who was told before is left out.

    Raises:
        NotFound, NotPermitted: see `held`.
        MoveNotAllowed: it was not carried out, or they are being told already.
        Invalid: nobody has written what they are told.
    """
    found = held(improvement_id, actor)
    if found.status not in DONE:
        raise MoveNotAllowed(_("Members are told of what was carried out."))
    if found.telling_at is not None:
        raise MoveNotAllowed(_("Members are being told just now."))
    if not (found.said_title and found.said):
        raise Invalid(_("Write what members are told first."), field="text")
    found.telling_at, found.told_upto = at, 0
    found.save(update_fields=["telling_at", "told_upto"])
    record("improvement.telling", found, actor=actor, at=at)
    return found


@transaction.atomic
def go_on(*, at: datetime) -> int:
    """Tell the next members of one improvement; gives how many improvements were worked on: 0 or 1.

    What is told and how far it is are written together: cut off, it goes on where it was.
    """
    found = (
        Improvement.objects.filter(telling_at__isnull=False)
        .order_by("telling_at")
        .select_for_update(skip_locked=True, no_key=True)
        .first()
    )
    if found is None:
        return 0
    members = list(
        members_of(found)
        .filter(pk__gt=found.told_upto)
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",))[:BATCH]
    )
    _tell(found, members, at)
    if len(members) < BATCH:
        found.telling_at = None
        record("improvement.told", found, actor=None, at=at, members=found.told.count())
    else:
        found.told_upto = members[-1].pk
    found.save(update_fields=["telling_at", "told_upto"])
    return 1


def _tell(found: Improvement, members: Sequence[Member], at: datetime) -> None:
    known = set(found.told.filter(member__in=members).values_list("member", flat=True))
    choices = consents.choices_of([one.pk for one in members])
    wanted = [
        one
        for one in members
        if one.pk not in known
        and consent_rules.channels(Purpose.SERVICE, marketing=one.consent_marketing, choices=choices[one.pk])
    ]
    bulk.insert(
        ImprovementTold,
        [ImprovementTold(improvement=found, member=one, at=at) for one in wanted],
        skip_known=True,
    )
    notify_all([_telling(found, one) for one in wanted], at=at)


def _telling(found: Improvement, member: Member) -> Telling:
    is_english = member.language.startswith("en") and found.said_en
    return Telling(
        member=member,
        kind=KIND,
        key=f"{KIND}:{found.pk}:{member.pk}",
        title=found.said_title_en if is_english else found.said_title,
        body=found.said_en if is_english else found.said,
        purpose=Purpose.SERVICE,
    )

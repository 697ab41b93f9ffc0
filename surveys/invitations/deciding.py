"""Deciding on those who wait, at the moment of sending: asked, asked later, or not asked and why.

A pass holds the members of those it decides on, so that what one member was asked is counted by one pass at a
time, whatever the campaign: two at once never ask beyond a cap. Members whom somebody else holds are left for
the next pass.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from compensation.models import Member, Segment, Tier
from compensation.notices.commands import Telling, notify_all
from compensation.segments import queries as segments
from config.common import bulk
from config.common.events import Happening, record_all
from feedback.models import Case
from surveys.campaigns import judging
from surveys.campaigns.placing import written_out
from surveys.campaigns.waves import full
from surveys.invitations import links, sending, wording
from surveys.models import (
    AskChannel,
    Campaign,
    CampaignState,
    Invitation,
    Occasion,
    Skip,
    SurveyVersion,
    Waiting,
    Wave,
    WaveCell,
    Way,
)
from surveys.questionnaires.queries import current

AT_ONCE = 5_000
CHANNELS = frozenset(AskChannel.values)
NOBODY = (None, None)
ASK_AGAIN = timedelta(hours=1)
"""How long to wait before looking again whether a case was closed."""

WAITING = """
SELECT DISTINCT ON (waiting.member_id) waiting.id AS number, waiting.member_id, waiting.stratum_id,
  waiting.case_id, waiting.order_id, waiting.key, waiting.happened_at
FROM surveys_waiting waiting WHERE waiting.id = ANY(%(waiting)s)
ORDER BY waiting.member_id, waiting.due_at, waiting.id
"""
INSIDE = """SELECT %(code{number})s, id FROM ({segment}) AS inside{number}(id) WHERE id = ANY(%(members)s)"""


@dataclass(frozen=True, slots=True)
class Subject:
    """One who waits, and what becomes of them."""

    number: int
    member_id: int
    stratum_id: int | None
    case_id: int | None
    order_id: int | None
    key: str
    happened_at: datetime
    heard: int
    verdict: str


@dataclass(slots=True)
class Decided:
    """What became of those of one pass."""

    asked: int = 0
    skipped: int = 0
    postponed: int = 0

    @property
    def total(self) -> int:
        """How many were decided on."""
        return self.asked + self.skipped + self.postponed

    def add(self, other: "Decided") -> None:
        """Add another pass."""
        self.asked += other.asked
        self.skipped += other.skipped
        self.postponed += other.postponed


def invite_due(
    *, at: datetime, limit: int = AT_ONCE, occasions: Collection[Occasion] | None = None
) -> Decided:
    """Decide on those whose time has come, up to `limit` of each wave, a transaction each."""
    waves = Wave.objects.filter(
        Exists(Waiting.objects.filter(wave=OuterRef("pk"), due_at__lte=at)),
        campaign__state=CampaignState.RUNNING,
        campaign__starts_at__lte=at,
    )
    if occasions is not None:
        waves = waves.filter(campaign__occasion__in=occasions)
    decided = Decided()
    for wave in waves.select_related("campaign__survey", "campaign__segment").order_by("pk"):
        decided.add(_decide(wave, at, limit))
    return decided


@transaction.atomic
def _decide(wave: Wave, at: datetime, limit: int) -> Decided:
    version = current(wave.campaign.survey)
    due = Waiting.objects.filter(wave=wave, due_at__lte=at).order_by("due_at", "pk")
    taken = due.select_for_update(skip_locked=True, of=("self",))[:limit]
    waiting = dict(taken.values_list("pk", "member"))
    members = hold(set(waiting.values()))
    if version is None or not members or not _is_running(wave.campaign_id):
        return Decided()
    _forget_settled(wave, list(waiting))
    using = judging.terms()
    mine = [pk for pk, member in waiting.items() if member in members]
    sql, values = judging.judged(
        wave.campaign, WAITING, at=at, using=using, full=full(WaveCell.objects.filter(wave=wave))
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "waiting": mine})
        found = [Subject(*row) for row in cursor.fetchall()]
    asked = [one for one in found if one.verdict in CHANNELS]
    later = [one for one in found if one.verdict in judging.LATER]
    skipped = [one for one in found if one.verdict not in CHANNELS and one.verdict not in judging.LATER]
    _postpone(later, at=at, morning=judging.morning(at, using=using))
    _skip(wave, skipped, at)
    _invite(wave, version, asked, at)
    Waiting.objects.filter(pk__in=[one.number for one in (*asked, *skipped)]).delete()
    return Decided(len(asked), len(skipped), len(later))


def _forget_settled(wave: Wave, numbers: Sequence[int]) -> None:
    """Let go of what was decided on already: who looked at that very moment wrote it down again."""
    asked = Invitation.objects.filter(wave=wave, key=OuterRef("key"))
    skipped = Skip.objects.filter(wave=wave, key=OuterRef("key"))
    known = Waiting.objects.filter(pk__in=numbers)
    known.filter(Exists(asked) | Exists(skipped)).delete()


def hold(member_ids: Collection[int]) -> set[int]:
    """Hold those members whom nobody else holds, until the transaction ends; gives whom."""
    held = Member.objects.filter(pk__in=list(member_ids)).order_by("pk")
    held = held.select_for_update(no_key=True, of=("self",), skip_locked=True)
    return set(held.values_list("pk", flat=True))


def _is_running(campaign_id: int) -> bool:
    """Whether the campaign still asks; it cannot be paused or ended until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state FROM surveys_campaign WHERE id = %s FOR SHARE", [campaign_id])
        row = cursor.fetchone()
    return row is not None and row[0] == CampaignState.RUNNING


def _postpone(later: Sequence[Subject], *, at: datetime, morning: datetime) -> None:
    for verdict, until in ((judging.LATER_CASE, at + ASK_AGAIN), (judging.LATER_QUIET, morning)):
        numbers = [one.number for one in later if one.verdict == verdict]
        if numbers:
            Waiting.objects.filter(pk__in=numbers).update(due_at=until)


def _skip(wave: Wave, skipped: Sequence[Subject], at: datetime) -> None:
    columns: dict[str, list[Any]] = {
        "member": [one.member_id for one in skipped],
        "key": [one.key for one in skipped],
        "reason": [one.verdict for one in skipped],
    }
    if skipped:
        bulk.insert_columns(Skip, columns, {"wave": wave.pk, "at": at}, skip_known=True)


def _invite(wave: Wave, version: SurveyVersion, asked: Sequence[Subject], at: datetime) -> None:
    if not asked:
        return
    campaign = wave.campaign
    inside = _segments_of({one.member_id for one in asked}, at)
    first = first_reminder(campaign, at)
    held = _had_by({one.case_id for one in asked if one.case_id is not None})
    nonces = [uuid4() for _one in asked]
    digests = [links.digest(links.token(nonce)) for nonce in nonces]
    columns: dict[str, list[Any]] = {
        "member": [one.member_id for one in asked],
        "stratum": [one.stratum_id for one in asked],
        "case": [one.case_id for one in asked],
        "agent": [held.get(one.case_id, NOBODY)[0] for one in asked],
        "department": [held.get(one.case_id, NOBODY)[1] for one in asked],
        "order": [one.order_id for one in asked],
        "segments": [inside[one.member_id] for one in asked],
        "key": [one.key for one in asked],
        "nonce": [str(nonce) for nonce in nonces],
        "digest": digests,
        "channel": [one.verdict for one in asked],
        "remind_at": [first if one.verdict != AskChannel.PORTAL else None for one in asked],
    }
    same = {
        "wave": wave.pk,
        "version": version.pk,
        "way": Way.ASKED.value,
        "is_anonymous": campaign.is_anonymous,
        "invited_at": at,
        "expires_at": at + timedelta(days=campaign.valid_days),
        "reminders": 0,
        "is_answered": False,
    }
    bulk.insert_columns(Invitation, columns, same, skip_known=True)
    known = dict(Invitation.objects.filter(digest__in=digests).values_list("digest", "pk"))
    mine = [(known[digest], one) for digest, one in zip(digests, asked, strict=True) if digest in known]
    _tell(wave, mine, at)


def first_reminder(campaign: Campaign, at: datetime, number: int = 0) -> datetime | None:
    """When whoever is asked at a moment is reminded for the so-and-so-many-th time; None: not any more."""
    days = sorted(campaign.remind_days)[number : number + 1]
    return at + timedelta(days=days[0]) if days and days[0] < campaign.valid_days else None


def _tell(wave: Wave, invited: Sequence[tuple[int, Subject]], at: datetime) -> None:
    """Put it into the portal and, where there is a channel, into the outbox; note it on the case."""
    members = _members([one.member_id for _pk, one in invited])
    words = wording.Words(
        wave.campaign,
        cases={one.case_id for _pk, one in invited if one.case_id},
        orders={one.order_id for _pk, one in invited if one.order_id},
    )

    def said(one: Subject) -> wording.Said:
        member = members[one.member_id]
        alike = words.alike.get((one.verdict, member.language))
        return alike or words.of(
            Invitation(
                wave=wave,
                member=member,
                case_id=one.case_id,
                order_id=one.order_id,
                is_anonymous=wave.campaign.is_anonymous,
                channel=one.verdict,
            )
        )

    tellings = []
    for pk, one in invited:
        text = said(one)
        tellings.append(
            Telling(
                member=members[one.member_id],
                kind=links.NOTICE_KIND,
                key=links.notice_key(pk),
                title=text.title,
                body=text.body,
                path=f"/portal/surveys/{pk}/",
                send=False,
            )
        )
    notify_all(tellings, at=at)
    sent = [(pk, one) for pk, one in invited if one.verdict != AskChannel.PORTAL]
    sending.put([(pk, one.member_id, one.verdict) for pk, one in sent], turn=0, at=at)
    record_all(
        Happening("survey.invited", Case(pk=one.case_id), at, data={"invitation": pk})
        for pk, one in invited
        if one.case_id is not None
    )


def _had_by(case_ids: Collection[int]) -> dict[int | None, tuple[int | None, int | None]]:
    """The agent and the department that have each of some cases now."""
    if not case_ids:
        return {}
    rows = Case.objects.filter(pk__in=case_ids).values_list("pk", "agent", "department")
    return {pk: (agent, department) for pk, agent, department in rows}


def _members(ids: Sequence[int]) -> dict[int, Member]:
    """Members with their tiers, as far as words speak of them."""
    tiers = Tier.objects.in_bulk()
    members = Member.objects.only("external_id", "name", "language", "tier_id", "erased_at").in_bulk(ids)
    for member in members.values():
        member.tier = tiers[member.tier_id]
    return members


def _segments_of(member_ids: Collection[int], at: datetime) -> dict[int, list[str]]:
    """The codes of the segments that each of some members is in. One statement for all segments."""
    asked: list[str] = []
    values: dict[str, Any] = {"members": list(member_ids)}
    for number, segment in enumerate(Segment.objects.order_by("code")):
        if segments.makes_sense(segment):
            inside = written_out(segments.members(segment, at).order_by().values_list("id"))
            asked.append(INSIDE.format(number=number, segment=inside))
            values[f"code{number}"] = segment.code
    found: dict[int, list[str]] = {pk: [] for pk in member_ids}
    if asked:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(asked), values)
            for code, member_id in cursor.fetchall():
                found[member_id].append(code)
    return found

"""The demo shop listens: needs with what speaks for them, a Kano survey, interviews of two months."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tomllib import loads
from typing import Any

from django.db.models import Q
from django.utils.timezone import localtime

from compensation.segments import figures
from config.common.models import User
from feedback.models import Case, CaseKind, Department, Post, Review
from surveys.campaigns import commands as campaigns
from surveys.interviews import commands as interviews
from surveys.interviews import noting, proposing, slots
from surveys.invitations.deciding import invite_due
from surveys.invitations.drawing import draw
from surveys.models import (
    Campaign,
    Interview,
    InterviewGuide,
    Invitation,
    Need,
    Occasion,
    QuestionKind,
    Survey,
    Theme,
)
from surveys.needs import commands as needs
from surveys.questionnaires import commands as questionnaires
from surveys.responses.commands import answer

FILE = Path(__file__).with_name("demo_listening.toml")
EACH = 12
"""Reviews and posts that speak of a need, at most."""
ANSWERING = 70


def seed(at: datetime) -> None:
    """Put needs, a Kano survey and interviews into the demo shop."""
    told: dict[str, Any] = loads(FILE.read_text(encoding="utf-8"))
    figures.catch_up(at=at)  # what members spent counts in whom to talk to
    dice = random.Random(11)  # noqa: S311 - the same shop every time
    found = {row["code"]: _need(row, at) for row in told["need"]}
    _ask_kano(told["need"], found, at, dice)
    _talk(told["passage"], found, at)


def _need(row: dict[str, Any], at: datetime) -> Need:
    department = Department.objects.filter(code=row["department"]).first()
    known = Need.objects.filter(code=row["code"]).first()
    need = known or needs.create(
        code=row["code"], name=row["name"], name_en=row["name_en"], about=row["about"],
        department=department, actor=None, at=at - timedelta(days=60),
    )  # fmt: skip
    words = Q()
    for word in row["words"]:
        words |= Q(text__icontains=word)
    rows = [("review", Review.objects.filter(words)), ("post", Post.objects.filter(words, deleted_at=None))]
    for source, texts in rows:
        for pk in texts.order_by("-written_at", "-pk").values_list("pk", flat=True)[:EACH]:
            needs.link(need_id=need.pk, source=source, row_id=pk, actor=None, at=at)
    subject = Q()
    for word in row["words"]:
        subject |= Q(subject__icontains=word)
    for pk in Case.objects.filter(subject, kind=CaseKind.SUGGESTION).values_list("pk", flat=True)[:EACH]:
        needs.link(need_id=need.pk, source="case", row_id=pk, actor=None, at=at)
    return need


def _ask_kano(rows: list[dict[str, Any]], found: dict[str, Need], at: datetime, dice: random.Random) -> None:
    """Ask how members feel with and without what they need."""
    survey = Survey(code="demo-needs", name="我们该先做什么？", name_en="What should we do first?")
    version = questionnaires.create(
        survey=survey, title="我们该先做什么？", title_en="What should we do first?", actor=None, at=at
    )
    for row in rows:
        questionnaires.add_question(
            version_id=version.pk, code=row["code"], kind=QuestionKind.KANO, text=row["name"],
            text_en=row["name_en"], need=found[row["code"]], actor=None, at=at,
        )  # fmt: skip
    questionnaires.publish(version_id=version.pk, actor=None, at=at)
    noon = localtime(at - timedelta(days=12)).replace(hour=12, minute=0).astimezone(UTC)
    campaign = campaigns.save_campaign(
        campaign=Campaign(
            code="demo-needs", name="需求调研", name_en="Needs of members", survey=survey,
            occasion=Occasion.ONCE, starts_at=noon, is_capped=False, waits_for_cases=False,
        ),
        actor=None,
        at=noon,
    )  # fmt: skip
    campaigns.launch(campaign_id=campaign.pk, actor=None, at=noon)
    while draw(at=noon):
        pass
    invite_due(at=noon, limit=500, occasions=[Occasion.ONCE])
    asked = Invitation.objects.filter(wave__campaign=campaign).select_related("member").order_by("pk")
    for invitation in asked[:ANSWERING]:
        given = {}
        for row in rows:
            so, otherwise = dice.choice(row["answers"])
            given[row["code"]] = {"so": so, "not": otherwise}
        moment = noon + timedelta(minutes=dice.randint(5, 3_000))
        answer(invitation_id=invitation.pk, member=invitation.member, answers=given, at=moment)
    campaigns.end(campaign_id=campaign.pk, actor=None, at=at)


def _talk(passages: list[dict[str, Any]], found: dict[str, Need], at: datetime) -> None:
    """Interviews of the last month were held, those of this one are under way."""
    host = User.objects.get(username="supervisor")
    guide = InterviewGuide.objects.filter(code="experience").first()
    then = _morning(at - timedelta(days=35))
    made = proposing.propose(month=localtime(then).date(), actor=host, at=then, most=8)
    starts = [then + timedelta(days=2, minutes=40 * number) for number in range(len(made))]
    offered = slots.add(interviewer=host, starts=starts, minutes=40, place="电话", at=then) if starts else []
    for number, (interview, slot) in enumerate(zip(made, offered, strict=False)):
        who: dict[str, Any] = {"interview_id": interview.pk, "actor": host}
        interviews.invite(**who, interviewer=host, guide=guide, at=then)
        if number == len(made) - 1:
            interviews.decline(**who, because="最近比较忙", at=then)
            continue
        interviews.choose(**who, slot_id=slot.pk, records=number % 2 == 0, at=then)
        over = slot.ends_at
        if number == len(made) - 2:
            interviews.miss(**who, at=over)
            continue
        interviews.hold(**who, at=over)
        _note(interview, passages[number :: max(len(made) - 2, 1)], found, host, over)
    now = proposing.propose(month=localtime(at).date(), actor=host, at=at, most=10)
    soon = _morning(at)
    ahead = slots.add(
        interviewer=host,
        starts=[soon + timedelta(days=2, minutes=40 * number) for number in range(6)],
        minutes=40,
        place="电话",
        at=at,
    )
    for number, interview in enumerate(now[:3]):
        who = {"interview_id": interview.pk, "actor": host, "at": at}
        interviews.invite(**who, interviewer=host, guide=guide)
        if number == 0:
            interviews.choose(**who, slot_id=ahead[0].pk, records=True)


def _morning(at: datetime) -> datetime:
    """Ten o'clock of a day in the shop."""
    return localtime(at).replace(hour=10, minute=0, second=0, microsecond=0).astimezone(UTC)


def _note(
    interview: Interview, said: list[dict[str, Any]], found: dict[str, Need], host: User, at: datetime
) -> None:
    who: dict[str, Any] = {"interview_id": interview.pk, "actor": host, "at": at}
    noting.write(**who, text="\n".join(one["text"] for one in said), version=0)
    themes = {one.code: one.pk for one in Theme.objects.all()}
    for one in said:
        about = [themes[code] for code in one["themes"] if code in themes]
        speaks = [found[code].pk for code in one["needs"]]
        noting.add_passage(**who, text=one["text"], themes=about, needs_of=speaks)

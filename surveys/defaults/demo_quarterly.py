"""The demo shop asks every quarter: two waves that are over, one under way; and from day to day.

Everything goes through the commands that the shop itself works by, at the moments at which it would have.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tomllib import loads
from typing import Any

from django.utils.timezone import localtime

from compensation.segments import figures
from config.common.models import User
from surveys.campaigns import commands as campaigns
from surveys.campaigns.waves import round_of
from surveys.defaults.demo import make_up
from surveys.invitations import sending
from surveys.invitations.deciding import invite_due
from surveys.invitations.drawing import draw, find
from surveys.models import AskChannel, Campaign, Choice, Invitation, Occasion, Question, QuestionKind, Wave
from surveys.questionnaires import commands as questionnaires
from surveys.questionnaires.queries import questions_of
from surveys.responses import drafts, spent
from surveys.responses.commands import answer
from surveys.responses.places import of_invitation
from surveys.responses.rules import FILED

FILE = Path(__file__).with_name("demo_quarterly.toml")
WAVES = 3
ASKED_ON = timedelta(days=27, hours=11)
"""How far into its quarter a wave asks: so that its answers lie in two months, which can be compared."""
SHARES = {"vip": 100, "new": 100, "established": 25}
ANSWERING, BEGINNING, RETURNING = 0.42, 0.14, 0.07
"""The share that answers, that begins and stops, whose letter comes back."""
DAYS, DAILY_ANSWERING = 6, 0.35
SMALLEST = 5
DAILY = {"post-purchase": Occasion.ORDERED, "post-delivery": Occasion.DELIVERED}
"""What is asked from day to day: after a purchase without names, after a delivery with them."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is told: up to when, in which words, by which dice."""

    at: datetime
    told: dict[str, Any]
    dice: random.Random


def seed(at: datetime) -> None:
    """Ask in the quarters before, and in this one as far as it has come."""
    told: dict[str, Any] = loads(FILE.read_text(encoding="utf-8"))
    story = Story(at, told, random.Random(23))  # noqa: S311 - the same shop every time
    figures.catch_up(at=at)  # strata go by what members have ordered
    campaign = Campaign.objects.filter(code="quarterly").first()
    if campaign is not None:
        ask_quarterly(campaign, story)
    for code, occasion in DAILY.items():
        daily = Campaign.objects.filter(code=code).first()
        if daily is not None:
            ask_daily(daily, occasion, story)


def ask_quarterly(campaign: Campaign, story: Story) -> None:
    """Put two questions more into the questionnaire, launch the campaign, and have members answer."""
    moments = list(_moments(campaign, story.at))[::-1]
    begin = moments[0] - timedelta(days=2)
    _add_questions(campaign, story, begin)
    for stratum in campaign.strata.select_related("segment"):
        if stratum.segment is not None and stratum.segment.code in SHARES:
            stratum.share = SHARES[stratum.segment.code]
            stratum.save(update_fields=["share"])
    campaign.channels = [AskChannel.EMAIL, AskChannel.SMS]
    campaigns.save_campaign(campaign=campaign, actor=None, at=begin)
    campaigns.launch(campaign_id=campaign.pk, actor=None, at=begin)
    for number, moment in enumerate(moments):
        while draw(at=moment):
            pass
        invite_due(at=moment, occasions=[Occasion.RECURRING])
        wave = Wave.objects.get(campaign=campaign, label=round_of(campaign, moment).label)
        _answer_wave(wave, number, moment, story)


def _moments(campaign: Campaign, at: datetime) -> Iterator[datetime]:
    """When the latest waves asked, the newest first."""
    moment = at
    for _wave in range(WAVES):
        opens = round_of(campaign, moment).opens_at
        if opens + ASKED_ON < at - timedelta(days=2):
            yield (opens + ASKED_ON).astimezone(UTC)
        moment = opens - timedelta(days=1)


def _add_questions(campaign: Campaign, story: Story, at: datetime) -> None:
    """A draft of the questionnaire, two questions more, and out."""
    who: dict[str, Any] = {"actor": None, "at": at}
    draft = questionnaires.open_draft(survey_id=campaign.survey_id, **who)
    for row in story.told["question"]:
        questionnaires.add_question(version_id=draft.pk, **row, **who)
    questionnaires.publish(version_id=draft.pk, actor=None, at=at)


def _answer_wave(wave: Wave, number: int, asked: datetime, story: Story) -> None:
    """Some answer within two weeks, some stop on the way, some letters come back."""
    at, dice, lead = story.at, story.dice, User.objects.get(username="lead")
    questions: dict[int, list[Question]] = {}
    rows = Invitation.objects.filter(wave=wave).order_by("pk")
    for invitation in rows.select_related("member__tier", "stratum__segment", "wave__campaign"):
        asks = questions.setdefault(invitation.version_id, list(questions_of(invitation.version_id)))
        when = asked + timedelta(minutes=int(dice.expovariate(1 / (3 * 1440))) + 9)
        luck = dice.random()
        if luck > 1 - RETURNING and invitation.channel == AskChannel.EMAIL:
            why = story.told["returned"]
            sending.pass_on(invitation=invitation, channel=AskChannel.EMAIL, turn=0, at=asked, why=why)
            if luck > 1 - RETURNING / 2:
                sending.pass_on(invitation=invitation, channel=AskChannel.SMS, turn=0, at=asked, why=why)
        if when >= min(at, invitation.expires_at):
            continue
        given = _answers(asks, invitation, number, story)
        if luck < ANSWERING:
            response = answer(invitation_id=invitation.pk, member=invitation.member, answers=given, at=when)
            if response.follow_up:
                make_up(response.follow_up, lead, at)
        elif luck < ANSWERING + BEGINNING:
            last = dice.choice(asks[:-1]).code
            codes = [one.code for one in asks]
            half = {code: given[code] for code in codes[: codes.index(last) + 1] if code in given}
            place = of_invitation(invitation)
            drafts.save(place=place, questions=asks, answers=half, last=last, at=when)


def _answers(asks: list[Question], invitation: Invitation, wave: int, story: Story) -> dict[str, Any]:
    """What somebody says: kinder from wave to wave, the most valuable members most of all."""
    told, dice = story.told, story.dice
    segment = invitation.stratum.segment if invitation.stratum else None
    kind = told["mood"][segment.code if segment and segment.code in told["mood"] else "established"]
    csat = dice.choices(range(1, 6), kind["csat"][min(wave, len(kind["csat"]) - 1)])[0]
    least = dice.choices(list(told["least"]), [weights[min(wave, 2)] for weights in told["least"].values()])[
        0
    ]
    given: dict[str, Any] = {}
    for question in asks:
        if question.kind == QuestionKind.CSAT:
            given[question.code] = csat
        elif question.kind == QuestionKind.NPS:
            given[question.code] = max(0, min(10, 2 * csat + dice.choice((-2, -1, 0, 0, 1))))
        elif question.kind == QuestionKind.KANO:
            so, otherwise = dice.choice(told["kano"])
            given[question.code] = {"so": so, "not": otherwise}
        elif question.kind == QuestionKind.SINGLE:
            given[question.code] = "none" if csat == 5 and dice.random() < 0.6 else least  # noqa: PLR2004
        elif question.kind == QuestionKind.TEXT and dice.random() < told["saying"]:
            given[question.code] = dice.choice(told["words"][least][min(wave, 2)])
    return {code: value for code, value in given.items() if value is not None}


def ask_daily(campaign: Campaign, occasion: Occasion, story: Story) -> None:
    """Ask at noon of each day those to whom it happened; every night the anonymous day is closed."""
    at = story.at
    begin = at - timedelta(days=DAYS)
    campaign.channels = [AskChannel.EMAIL, AskChannel.SMS]
    campaigns.save_campaign(campaign=campaign, actor=None, at=begin)
    campaigns.launch(campaign_id=campaign.pk, actor=None, at=begin)
    for back in range(DAYS - 1, -1, -1):
        noon = localtime(at - timedelta(days=back)).replace(hour=12, minute=0, second=0).astimezone(UTC)
        if noon > at:
            break
        find(at=noon, occasions=[occasion])
        invite_due(at=noon, occasions=[occasion])
        for invitation in Invitation.objects.filter(wave__campaign=campaign, invited_at=noon).order_by("pk"):
            if story.dice.random() < DAILY_ANSWERING:
                _answer_plainly(invitation, noon, story)
        night = noon + timedelta(hours=16)
        if night < at:
            spent.close_the_day(at=night, smallest=SMALLEST)


def _answer_plainly(invitation: Invitation, noon: datetime, story: Story) -> None:
    when = noon + timedelta(minutes=story.dice.randint(5, 600))
    given: dict[str, Any] = {}
    for question in questions_of(invitation.version_id):
        value = _plain(question, story)
        if value is not None:
            given[question.code] = value
    if when < story.at:
        response = answer(invitation_id=invitation.pk, member=invitation.member, answers=given, at=when)
        if response.follow_up:
            make_up(response.follow_up, User.objects.get(username="lead"), story.at)


def _plain(question: Question, story: Story) -> Any:
    """An answer of its kind; None where a question is left out."""
    told, dice = story.told, story.dice
    choices: list[Choice] = list(question.choices.all())
    if question.kind == QuestionKind.NPS:
        return dice.choices(range(11), (1, 0, 1, 1, 1, 3, 4, 9, 14, 12, 10))[0]
    if choices:
        return dice.choice(choices).code
    if question.kind in FILED:
        return None
    if question.kind == QuestionKind.TEXT:
        said = told["daily"][question.version.survey.code]
        return dice.choice(said) if dice.random() < told["saying"] else None
    return dice.choices(range(1, 6), (2, 4, 12, 40, 42))[0]

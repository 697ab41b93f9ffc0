"""The campaigns that ship: the one after a case asks at once, the others are drafts. Edits stay."""

from datetime import datetime
from typing import Any

from django.db import transaction

from compensation.models import Segment
from config.common.seeding import never_given
from surveys.campaigns import commands as campaigns
from surveys.models import AskChannel, Campaign, CampaignWording, Occasion, Rhythm, Stratum
from surveys.questionnaires.commands import install

EVERY_WAY = [AskChannel.PUSH, AskChannel.WECHAT, AskChannel.SMS, AskChannel.EMAIL]
STRATA = [  # segment, 中文, English, drawn (per cent)
    ("vip", "高价值会员", "Most valuable members", 50),
    ("new", "新会员", "New members", 20),
    ("established", "老会员", "Established members", 10),
]
DRAFTS: list[tuple[str, dict[str, Any]]] = [  # questionnaire and code, campaign
    (
        "quarterly",
        {
            "name": "季度满意度调查",
            "name_en": "Quarterly satisfaction",
            "occasion": Occasion.RECURRING,
            "rhythm": Rhythm.QUARTER,
            "holdout": 5,
            "rest_days": 80,
            "remind_days": [3, 7],
        },
    ),
    (
        "post-purchase",
        {
            "name": "购买后回访",
            "name_en": "After a purchase",
            "occasion": Occasion.ORDERED,
            "delay_hours": 1,
            "within_days": 2,
            "valid_days": 7,
            "rest_days": 60,
            "is_anonymous": True,
        },
    ),
    (
        "post-delivery",
        {
            "name": "收货后回访",
            "name_en": "After a delivery",
            "occasion": Occasion.DELIVERED,
            "delay_hours": 24,
            "within_days": 5,
            "rest_days": 60,
            "remind_days": [3],
        },
    ),
]
WORDS: dict[str, dict[str, str]] = {  # what a message asks with, whatever carries it
    "quarterly": {
        "title": "{member|您好}，这个季度我们做得怎么样？",
        "title_en": "How was this quarter with us?",
        "body": "三个问题，约一分钟。您的回答会直接用于改进。",
        "body_en": "Three questions, about a minute. Your answers tell us what to improve.",
        "reminder": "您的意见对我们很重要，调查还开放几天。",
        "reminder_en": "Your view matters to us; the survey is open for some days more.",
    },
}


def seed(at: datetime) -> None:
    """Bring the campaign that asks after a case into the database."""
    if Campaign.objects.filter(code="after-case").exists():
        return
    survey = install("after-case", at=at)
    campaign = campaigns.save_campaign(
        campaign=Campaign(
            code="after-case",
            name="服务回访",
            name_en="After a case",
            survey=survey,
            occasion=Occasion.CASE_CLOSED,
            is_capped=False,
            waits_for_cases=False,
            channels=[AskChannel.EMAIL, AskChannel.SMS],
        ),
        actor=None,
        at=at,
    )
    campaigns.launch(campaign_id=campaign.pk, actor=None, at=at)


@transaction.atomic
def seed_drafts(at: datetime) -> None:
    """Bring the drafts into the database that it was never given."""
    wanted = never_given("survey-campaign", [code for code, _fields in DRAFTS], at=at)
    for code, fields in DRAFTS:
        if code not in wanted or Campaign.objects.filter(code=code).exists():
            continue
        campaign = campaigns.save_campaign(
            campaign=Campaign(code=code, survey=install(code, at=at), channels=EVERY_WAY, **fields),
            actor=None,
            at=at,
        )
        CampaignWording.objects.bulk_create(
            CampaignWording(campaign=campaign, channel=channel, **WORDS[code])
            for channel in (EVERY_WAY if code in WORDS else [])
        )
        if code == "quarterly":
            _strata(campaign)


def _strata(campaign: Campaign) -> None:
    known = {segment.code: segment for segment in Segment.objects.all()}
    Stratum.objects.bulk_create(
        Stratum(
            campaign=campaign, position=place, segment=known[code], name=name, name_en=english, share=share
        )
        for place, (code, name, english, share) in enumerate(STRATA, start=1)
        if code in known
    )

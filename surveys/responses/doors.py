"""Open campaigns: whoever comes through the door gets a pass, and answers with it once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, WrongState
from config.common.events import Actor, record
from surveys.campaigns.waves import wave_at
from surveys.invitations import links
from surveys.models import Campaign, CampaignState, Door, Occasion, SurveyVersion, Way
from surveys.questionnaires.queries import current
from surveys.responses.places import Place

LIFE = timedelta(days=14)
"""How long a pass is good for: so long somebody can come back to what is half answered."""
SALT = "surveys.pass"
MOST_ORIGINS = 20


class NotOpen(WrongState):
    """The campaign asks members by name."""

    code = "not_open"
    default = _("Only a campaign for whoever follows the link has one.")


@dataclass(frozen=True, slots=True)
class Pass:
    """What tells one who answers from another: drawn, and kept by nobody but themselves."""

    nonce: UUID
    began_at: datetime
    version: int
    way: str


def open_door(*, campaign_id: int, actor: Actor, at: datetime) -> Door:
    """The door of a campaign; made where there is none.

    Raises:
        NotOpen: the campaign asks by name.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
        if campaign.occasion != Occasion.OPEN:
            raise NotOpen
        door, is_new = Door.objects.get_or_create(campaign=campaign)
        if is_new:
            record("survey.door_opened", campaign, actor=actor, at=at)
        return door


@transaction.atomic
def arrange(*, door: Door, actor: Actor, at: datetime) -> Door:
    """Keep where, when and for whom the pop-up comes.

    Raises:
        Invalid: a site that is none.
    """
    door.origins = [origin(one) for one in dict.fromkeys(door.origins)]
    if len(door.origins) > MOST_ORIGINS:
        raise Invalid(_("At most %(most)s sites.") % {"most": MOST_ORIGINS})
    door.save()
    record(
        "survey.door_arranged",
        door.campaign,
        actor=actor,
        at=at,
        origins=door.origins,
        after_seconds=door.after_seconds,
        share=door.share,
        again_days=door.again_days,
    )
    return door


@transaction.atomic
def change_key(*, door_id: int, actor: Actor, at: datetime) -> Door:
    """Give the door another address: the old one leads nowhere from now on."""
    door = Door.objects.select_for_update().select_related("campaign").get(pk=door_id)
    door.key = secrets.token_urlsafe(16)
    door.save(update_fields=["key"])
    record("survey.door_changed", door.campaign, actor=actor, at=at)
    return door


def origin(typed: str) -> str:
    """A site as browsers name it: scheme, host, port, and nothing behind.

    Raises:
        Invalid: it is none, or anybody on the way could change it.
    """
    parts = urlsplit(typed.strip())
    local = parts.hostname in {"localhost", "127.0.0.1"}
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = "?"
    host = parts.hostname or ""
    is_plain = host.isascii() and all(sign.isalnum() or sign in ".-" for sign in host)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and local)
    if not (is_safe and host and is_plain) or port == "?":
        raise Invalid(_("Write a site such as https://shop.example.com."))
    return f"{parts.scheme}://{host}{port}"


def find(key: str) -> Door | None:
    """The door with an address."""
    return Door.objects.select_related("campaign__survey").filter(key=key).first()


def latest(door: Door) -> SurveyVersion | None:
    """What is asked there, whether it is open or not."""
    return current(door.campaign.survey)


def open_version(door: Door, at: datetime) -> SurveyVersion | None:
    """What is asked there at a moment; None when it is closed."""
    campaign = door.campaign
    begun = campaign.starts_at is not None and campaign.starts_at <= at
    over = campaign.ends_at is not None and campaign.ends_at <= at
    if campaign.state != CampaignState.RUNNING or not begun or over:
        return None
    return latest(door)


def hand_out(version: SurveyVersion, way: str, at: datetime) -> Pass:
    """A new pass."""
    return Pass(UUID(bytes=secrets.token_bytes(16)), at, version.pk, way)


def write(door: Door, given: Pass) -> str:
    """A pass as it stands in an address, signed for this door."""
    text = f"{given.nonce.hex}.{int(given.began_at.timestamp())}.{given.version}.{given.way}"
    return signing.Signer(salt=f"{SALT}.{door.pk}", sep="~").sign(text)


def read(door: Door, text: str, at: datetime | None = None) -> Pass | None:
    """A pass for this door; None when it is none of ours, or too old."""
    try:
        nonce, began, version, way = signing.Signer(salt=f"{SALT}.{door.pk}", sep="~").unsign(text).split(".")
        given = Pass(UUID(hex=nonce), datetime.fromtimestamp(int(began), UTC), int(version), way)
    except (signing.BadSignature, ValueError):
        return None
    return given if at is None or at - given.began_at < LIFE else None


def version_of(door: Door, given: Pass) -> SurveyVersion | None:
    """The version that somebody began with."""
    return door.campaign.survey.versions.filter(pk=given.version, published_at__isnull=False).first()


def place_of(door: Door, given: Pass, at: datetime) -> Place:
    """Where whoever has a pass answers."""
    with transaction.atomic():
        wave = wave_at(door.campaign, at)
    return Place(
        token=links.token(given.nonce),
        wave=wave,
        version_id=given.version,
        is_anonymous=door.campaign.is_anonymous,
        way=given.way if given.way in {Way.EMBED, Way.LINK} else Way.LINK,
    )


def origins_of(lines: str) -> Sequence[str]:
    """Sites as somebody types them, a line each."""
    return [line.strip() for line in lines.splitlines() if line.strip()]

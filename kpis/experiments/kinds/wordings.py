"""What a campaign's invitation says by a channel."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.common.models import User
from config.common.variants import Content
from kpis.experiments.kinds.setting import Asked, SettingKind
from kpis.experiments.met import Trace
from kpis.models import Tested
from surveys.campaigns.rewording import COLUMNS, check, reword
from surveys.models import AskChannel, CampaignState, CampaignWording, Invitation

LABELS = {
    "title": _("title"),
    "title_en": _("title in English"),
    "body": _("text"),
    "body_en": _("text in English"),
}


def _wordings() -> Any:
    """Of what is sent: in the portal nobody knows who has read it."""
    return (
        CampaignWording.objects.exclude(channel=AskChannel.PORTAL)
        .exclude(campaign__state=CampaignState.ENDED)
        .filter(campaign__is_anonymous=False)
        .select_related("campaign")
        .order_by("campaign__code", "channel")
    )


def _listed() -> list[tuple[str, str]]:
    return [(str(one.pk), f"{one.campaign} · {one.get_channel_display()}") for one in _wordings()]


def _now(key: str) -> Content | None:
    found = _wordings().filter(pk=int(key)).first() if key.isdecimal() else None
    return {name: getattr(found, name) for name in COLUMNS} if found else None


def _asks(content: Content) -> list[Asked]:
    return [
        Asked(
            name,
            LABELS[name],
            content[name],
            is_long=name.startswith("body"),
            is_needed=name == "title",
        )
        for name in COLUMNS
    ]


def _parse(_content: Content, given: Mapping[str, Any]) -> Content:
    said = {name: str(given.get(name, "")).strip() for name in COLUMNS}
    check(said)
    return said


def _said(content: Content) -> str:
    return "\n".join(content[name] for name in COLUMNS if content[name])


def _trace(key: str) -> Trace:
    own = CampaignWording.objects.get(pk=int(key))
    asked = Invitation.objects.filter(wave__campaign=own.campaign_id, channel=own.channel)
    return Trace(asked, "member", "invited_at")


def _hold(key: str) -> None:
    CampaignWording.objects.select_for_update(no_key=True).filter(pk=int(key)).first()


def _write(key: str, content: Content, because: str, actor: User | None, at: datetime) -> str:
    made = reword(wording_id=int(key), said=dict(content), because=because, actor=actor, at=at)
    return f"{made.campaign} · {made}"


KIND = SettingKind(Tested.WORDING, _listed, _now, _asks, _parse, _said, _trace, _hold, _write)

"""What a campaign says by a channel, changed; what was sent stays as it was sent."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User
from surveys.models import CampaignWording
from surveys.questionnaires import piping

CHANGE = "surveys.change_campaign"
COLUMNS = ("title", "title_en", "body", "body_en")
"""What an invitation says; reminders are worded apart."""


def check(said: Mapping[str, str]) -> None:
    """Refuse words that could not be sent.

    Raises:
        Invalid: the title is missing, something is too long, or has a placeholder without a value.
    """
    if set(said) != set(COLUMNS) or not said["title"].strip():
        raise Invalid(_("An invitation needs a title."), field="title")
    for name, text in said.items():
        most = CampaignWording._meta.get_field(name).max_length or 0  # type: ignore[union-attr]  # a column
        if len(text) > most or "\x00" in text:
            raise Invalid(_("This is too long."), field=name)
        for problem in piping.problems(text, before=()):
            raise Invalid(problem, field=name)


@transaction.atomic
def reword(
    *, wording_id: int, said: Mapping[str, str], because: str, actor: User | None, at: datetime
) -> CampaignWording:
    """Have the invitations that are still to be sent say something else.

    `because` names what it was decided by, such as "experiment:3". What was said before is put on record.

    Raises:
        NotFound: there is no such wording.
        NotPermitted: the person may not change campaigns.
        Invalid: see `check`.
    """
    if actor is not None and not actor.has_perm(CHANGE):
        raise NotPermitted
    check(said)
    wording = CampaignWording.objects.select_for_update(no_key=True).filter(pk=wording_id).first()
    if wording is None:
        raise NotFound
    before = {name: getattr(wording, name) for name in COLUMNS}
    for name in COLUMNS:
        setattr(wording, name, said[name])
    wording.save(update_fields=list(COLUMNS))
    record(
        "campaign.reworded",
        wording.campaign,
        actor=actor,
        at=at,
        channel=wording.channel,
        because=because,
        before=before,
        after=dict(said),
    )
    return wording

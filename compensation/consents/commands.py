"""Members choose what we may send them."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from compensation.consents import queries
from compensation.models import OFFERED, ConsentChoice, ConsentSource, Member, Purpose
from config.common.errors import Invalid
from config.common.events import record


@transaction.atomic
def choose(
    *, member: Member, wanted: Mapping[tuple[str, str], bool], source: ConsentSource, at: datetime
) -> Member:
    """Keep what a member chose, by purpose and channel; what is not named stays as it was.

    The shop's record of marketing follows: yes as soon as one channel is allowed, no when none is left.

    Raises:
        Invalid: no such purpose or channel.
    """
    for purpose, channel in wanted:
        if channel not in OFFERED.get(purpose, ()):
            raise Invalid
    known = Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member.pk)
    if known.erased_at is not None:
        return known
    before = queries.settings_of(known)
    after = {purpose: {**kept} for purpose, kept in before.items()}
    for (purpose, channel), is_given in wanted.items():
        after[purpose][channel] = is_given
    if after == before:
        return known
    marketing = any(after[Purpose.MARKETING].values())
    # When the shop's record turns to yes, every channel of marketing needs its own word: silence meant no.
    turned = {(Purpose.MARKETING.value, one): given for one, given in after[Purpose.MARKETING].items()}
    changed = {
        (purpose, channel): is_given
        for (purpose, channel), is_given in {
            **(turned if marketing != known.consent_marketing else {}),
            **wanted,
        }.items()
    }
    ConsentChoice.objects.bulk_create(
        [
            ConsentChoice(
                member=known,
                purpose=purpose,
                channel=channel,
                is_given=is_given,
                source=source,
                changed_at=at,
            )
            for (purpose, channel), is_given in sorted(changed.items())
        ],
        update_conflicts=True,
        unique_fields=["member", "purpose", "channel"],
        update_fields=["is_given", "source", "changed_at"],
    )
    if marketing != known.consent_marketing:
        known.consent_marketing = marketing
        known.save(update_fields=["consent_marketing"])
    record(
        "member.consent_changed",
        known,
        actor=known,
        at=at,
        source=str(source),
        choices={f"{purpose}.{channel}": given for (purpose, channel), given in sorted(changed.items())},
    )
    return known

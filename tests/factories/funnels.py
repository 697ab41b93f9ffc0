"""What happens in the shop, as behaviour events that are there already."""

from itertools import count

from feedback.models import BehaviourEvent

_numbers = count(1)


def happened(*rows):
    """Write events down: each a name, a moment, and a member or a visitor."""
    BehaviourEvent.objects.bulk_create(
        BehaviourEvent(
            source="shop",
            external_id=f"f{next(_numbers)}",
            content="00000000-0000-0000-0000-000000000000",
            name=name,
            at=at,
            received_at=at,
            **{"device": "ios", **who},
        )
        for name, at, who in rows
    )

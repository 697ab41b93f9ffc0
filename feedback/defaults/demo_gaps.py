"""What caused the demo shop's gaps: the supervisor has said it of most, the newest wait."""

from datetime import datetime, timedelta

from config.common.models import User
from feedback.gaps import commands
from feedback.models import Aspect, Gap, GapCause

CAUSES = {
    Aspect.SHIPPING: (GapCause.SUPPLY, GapCause.SUPPLY, GapCause.HUMAN),
    Aspect.DELIVERY: (GapCause.SUPPLY, GapCause.SUPPLY, GapCause.TECHNICAL, GapCause.HUMAN),
    Aspect.PRICE: (GapCause.TECHNICAL, GapCause.TECHNICAL, GapCause.HUMAN),
    Aspect.QUALITY: (GapCause.SUPPLY, GapCause.SUPPLY, GapCause.SUPPLY, GapCause.HUMAN),
    Aspect.SERVICE: (GapCause.HUMAN, GapCause.HUMAN, GapCause.TECHNICAL),
}
UNSAID_EVERY, WAITS = 5, timedelta(days=2)
"""Of one gap in so many nobody knows, and of those so young nobody has said yet."""


def seed(at: datetime) -> None:
    """Say what caused the gaps that are there."""
    supervisor = User.objects.get(username="supervisor")
    known = Gap.objects.filter(withdrawn_at=None, cause="", expected_at__lt=at - WAITS).order_by("pk")
    for number, (pk, aspect, kind) in enumerate(known.values_list("pk", "aspect", "kind")):
        if number % UNSAID_EVERY:
            choice = CAUSES[Aspect(aspect)]
            cause = choice[number % len(choice)]
            commands.correct(gap_id=pk, cause=cause, kind=kind, actor=supervisor, at=at)

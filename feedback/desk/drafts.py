"""What somebody began to write in a case, kept on the server so that it is there on any machine."""

from datetime import datetime

from django.db import transaction

from config.common.models import User
from feedback.cases.rules import BODY_LENGTH, clean_text
from feedback.models import Case, Draft

KINDS = frozenset({"reply", "note", "answer", "transfer", "hand-over", "reopen", "grant", "split"})
"""The fields of the case page whose text is kept."""


@transaction.atomic
def keep(*, case: Case, kind: str, body: str, user: User, at: datetime) -> Draft | None:
    """Keep what was typed; a field that is not known is left alone.

    An older text never replaces a newer one, should two requests overtake each other.
    """
    if kind not in KINDS:
        return None
    text = clean_text(body[:BODY_LENGTH])
    here = Draft.objects.filter(user=user, case=case, kind=kind)
    if not text:
        here.filter(at__lte=at).update(body="", at=at)
        return None
    draft, is_new = Draft.objects.get_or_create(
        user=user, case=case, kind=kind, defaults={"body": text, "at": at}
    )
    if not is_new and here.filter(at__lte=at).update(body=text, at=at):
        draft.body, draft.at = text, at
    return draft


def sent(*, case_id: int, kind: str, user: User, at: datetime) -> None:
    """Forget a text that was sent, for whatever of it is still on its way here as well.

    The row stays, empty: a text typed before is older than it and doesn't come back to be sent twice.
    """
    Draft.objects.bulk_create(
        [Draft(case_id=case_id, kind=kind, user=user, body="", at=at)],
        update_conflicts=True,
        unique_fields=["user", "case", "kind"],
        update_fields=["body", "at"],
    )


def drafts_of(case: Case, user: User) -> dict[str, Draft]:
    """What this person began to write in a case, by field."""
    return {draft.kind: draft for draft in Draft.objects.filter(user=user, case=case).exclude(body="")}

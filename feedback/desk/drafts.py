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
    """Keep what was typed; nothing typed drops it, and a field that is not known is left alone.

    An older text never replaces a newer one, should two requests overtake each other.
    """
    if kind not in KINDS:
        return None
    text = clean_text(body[:BODY_LENGTH])
    if not text:
        drop(case_id=case.pk, kind=kind, user=user)
        return None
    draft, is_new = Draft.objects.get_or_create(
        user=user, case=case, kind=kind, defaults={"body": text, "at": at}
    )
    if not is_new and draft.at <= at:
        Draft.objects.filter(pk=draft.pk, at__lte=at).update(body=text, at=at)
        draft.body, draft.at = text, at
    return draft


def drop(*, case_id: int, kind: str, user: User) -> None:
    """Forget a text that was sent or emptied."""
    Draft.objects.filter(user=user, case=case_id, kind=kind).delete()


def drafts_of(case: Case, user: User) -> dict[str, Draft]:
    """What this person began to write in a case, by field."""
    return {draft.kind: draft for draft in Draft.objects.filter(user=user, case=case)}

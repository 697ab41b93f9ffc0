"""The questionnaires that ship, each in a file of its own. Edits are never overwritten."""

from datetime import datetime

from django.db import transaction

from config.common.seeding import never_given
from surveys.models import Survey
from surveys.questionnaires import shipped
from surveys.questionnaires.commands import install


@transaction.atomic
def seed(at: datetime) -> None:
    """Bring those into the database that this installation never had, published."""
    known = Survey.objects.filter(code__in=shipped.codes()).values_list("code", flat=True)
    for code in never_given("questionnaire", shipped.codes(), before=list(known), at=at):
        install(code, at=at)

"""What ships for interviews: a guide, a code book, shares of segments, a month at a time. Edits stay."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from compensation.models import Segment
from config.common.seeding import never_given
from surveys.models import InterviewGuide, InterviewQuota, InterviewTerms, Theme

FILE = Path(__file__).with_name("interviews.toml")


@transaction.atomic
def seed(at: datetime) -> None:
    """Bring guides, themes and shares into the database that it was never given."""
    shipped: dict[str, list[dict[str, Any]]] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    InterviewTerms.objects.get_or_create(pk=1)
    for kind, model in (("guide", InterviewGuide), ("theme", Theme)):
        rows = {row["code"]: row for row in shipped[kind]}
        for code in never_given(f"interview {kind}", rows, at=at):
            model.objects.get_or_create(code=code, defaults=rows[code])
    shares = {row["segment"]: row for row in shipped["share"]}
    known = {one.code: one for one in Segment.objects.filter(code__in=shares)}
    for code in never_given("interview share", shares, at=at):
        segment = known.get(code)
        if code and segment is None:
            continue
        row = shares[code]
        if not InterviewQuota.objects.filter(position=row["position"]).exists():
            InterviewQuota.objects.get_or_create(
                segment=segment, defaults={"position": row["position"], "most": row["most"]}
            )

"""What ships is given once: what people then took away stays away, and what is new reaches them."""

from collections.abc import Collection, Iterable
from datetime import datetime

from config.common.models import Given


def never_given(kind: str, codes: Iterable[str], *, before: Collection[str] = (), at: datetime) -> list[str]:
    """Give the codes of a kind that this installation was never given, in order, and note all as given.

    `before` is what one without any note of the kind is taken to have had: it is older than the notes. Call
    in the transaction that writes what is new.
    """
    wanted = list(dict.fromkeys(codes))
    known = set(Given.objects.filter(kind=kind).values_list("code", flat=True)) or set(before)
    Given.objects.bulk_create([Given(kind=kind, code=code, at=at) for code in wanted], ignore_conflicts=True)
    return [code for code in wanted if code not in known]

"""What members are told of rungs that changed their cases: the same as when a colleague does it."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from django.utils import translation

from compensation.models import Member
from compensation.notices.commands import Telling, notify_all
from feedback.cases.telling import ASKED, MOVED, WORKING, page
from feedback.ladders import chunk
from feedback.ladders.chunk import News
from feedback.ladders.people import People
from feedback.models.case import number_of


def tell(news: Collection[News], people: People, *, at: datetime) -> None:
    """Tell the members of some cases how rungs left them, in each member's language."""
    if not news:
        return
    members = Member.objects.only("language", "erased_at").in_bulk({one.member for one in news})
    by_language: dict[str, list[News]] = {}
    for one in news:
        by_language.setdefault(members[one.member].language, []).append(one)
    notify_all(
        (
            telling
            for language, some in by_language.items()
            for telling in _render(language, some, members, people)
        ),
        at=at,
    )


def _render(
    language: str, news: Iterable[News], members: dict[int, Member], people: People
) -> Iterator[Telling]:
    """Say it in one language, whose texts are looked up once."""
    with translation.override(language):
        texts = {chunk.WORKING: str(WORKING), chunk.MOVED: str(MOVED), chunk.ASKED: str(ASKED)}
        departments = {pk: str(department) for pk, department in people.departments.items()}
    for one in news:
        name = people.names[one.to] if one.kind == chunk.WORKING else departments[one.to]
        yield Telling(
            member=members[one.member],
            kind=f"case.{one.kind}",
            key=f"rung:{one.clock}:{one.rung}",
            title=texts[one.kind] % {"number": number_of(one.case), "agent": name, "department": name},
            path=page(one.case),
        )

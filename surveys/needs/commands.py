"""Needs: found, told of by evidence, merged, met."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import Happening, record, record_all
from config.common.models import User
from feedback.models import Department
from surveys.models import SOURCES, Answer, Evidence, Need, NeedState
from surveys.needs import seeing

NAME, ABOUT = 80, 2_000


TEXTS = ("name", "name_en", "about")
FIELDS = (*TEXTS, "department")


class Merged(WrongState):
    """It went into another one."""

    code = "merged"
    default = _("This need went into another one. Work there.")


@transaction.atomic
def create(
    *,
    name: str,
    name_en: str = "",
    about: str = "",
    department: Department | None = None,
    code: str = "",
    actor: User | None,
    at: datetime,
) -> Need:
    """Put a need into the register.

    Raises:
        Invalid: no name, too long, or a code that there is.
    """
    need = Need(code=code, department=department, created_at=at, **_texts(name, name_en, about))
    if code and Need.objects.filter(code=code).exists():
        raise Invalid(_("There is a need with this code."), field="code")
    need.code = code or f"new-{at.timestamp():.6f}".replace(".", "-")
    need.save(force_insert=True)
    if not code:
        need.code = f"need-{need.pk}"
        need.save(update_fields=["code"])
    record("need.found", need, actor=actor, at=at)
    return need


@transaction.atomic
def edit(*, need_id: int, actor: User, at: datetime, **fields: Any) -> Need:
    """Say anew what a need is and who looks after it: `fields` are some of FIELDS, the others stay.

    Raises:
        NotFound, Merged: there is none, or it went into another.
        Invalid: no name, or too long.
    """
    if unknown := fields.keys() - set(FIELDS):
        raise TypeError(f"a need has no {sorted(unknown)}")
    need = held(need_id)
    texts = {name: fields.get(name, getattr(need, name)) for name in TEXTS}
    for field, text in _texts(**texts).items():
        setattr(need, field, text)
    was, need.department = need.department_id, fields.get("department", need.department)
    need.save(update_fields=FIELDS)
    record("need.edited", need, actor=actor, at=at, was=was, department=need.department_id)
    return need


@transaction.atomic
def set_state(*, need_id: int, state: str, actor: User, at: datetime) -> Need:
    """Say what has become of a need. The same again changes nothing.

    Raises:
        NotFound, Merged: there is none, or it went into another.
        Invalid: there is no such state.
    """
    need = held(need_id)
    if state not in NeedState.values:
        raise Invalid(_("Choose what has become of it."), field="state")
    if need.state == state:
        return need
    was, need.state = need.state, state
    need.save(update_fields=["state"])
    record("need.moved", need, actor=actor, at=at, was=was, to=state)
    return need


@transaction.atomic
def link(*, need_id: int, source: str, row_id: int, actor: User | None, at: datetime) -> Evidence:
    """Note that something speaks of a need: an answer, passage, review, post or case. Again changes nothing.

    One that went into another need speaks of that one. Without an actor it is ours, such as of the demo.

    Raises:
        NotFound: there is no such need, or no such row that this person may see.
        Invalid: what it is speaks of nothing.
    """
    target = _standing(need_id)
    _add(target, source, [row_id], actor, at)
    return Evidence.objects.get(**{"need": target, f"{source}_id": row_id})


@transaction.atomic
def link_many(
    *, need_id: int, source: str, row_ids: Collection[int], actor: User | None, at: datetime
) -> int:
    """Note that several things of one kind speak of a need, as `link`, all or nothing; how many were new.

    Raises:
        NotFound, Invalid: as `link`.
    """
    return _add(_standing(need_id), source, row_ids, actor, at)


def _standing(need_id: int) -> Need:
    """A need, or the one that it went into, held.

    Raises:
        NotFound: there is none.
    """
    need = Need.objects.filter(pk=need_id).first()
    if need is None:
        raise NotFound
    return held(need.merged_into_id or need.pk)


def _add(target: Need, source: str, row_ids: Collection[int], actor: User | None, at: datetime) -> int:
    """Write the evidence that there is not yet; the need is held, so nobody else does."""
    if source not in SOURCES:
        raise Invalid(_("Such a thing speaks of no need."))
    rows = list(seeing.rows(source, actor).filter(pk__in=row_ids).order_by("pk"))
    if len(rows) != len(set(row_ids)):
        raise NotFound
    known = set(
        Evidence.objects.filter(need=target, **{f"{source}__in": row_ids}).values_list(
            f"{source}_id", flat=True
        )
    )
    new = [row for row in rows if row.pk not in known]
    Evidence.objects.bulk_create(
        Evidence(need=target, said_on=_said_on(row), added_at=at, added_by=actor, **{f"{source}_id": row.pk})
        for row in new
    )
    record_all(
        Happening("need.linked", target, at, actor, data={"source": source, "row": row.pk}) for row in new
    )
    return len(new)


@transaction.atomic
def unlink(*, evidence_id: int, actor: User, at: datetime) -> Need:
    """Take evidence away that was none.

    Raises:
        NotFound: there is none, or none that this person may see.
    """
    found = Evidence.objects.select_for_update(of=("self",)).select_related("need").filter(pk=evidence_id)
    evidence = found.first()
    if evidence is None or not seeing.may_see(evidence, actor):
        raise NotFound
    need, source = evidence.need, seeing.source_of(evidence)
    row = getattr(evidence, f"{source}_id")
    evidence.delete()
    record("need.unlinked", need, actor=actor, at=at, source=source, row=row)
    return need


@transaction.atomic
def merge(*, need_id: int, into_id: int, actor: User, at: datetime) -> Need:
    """Let a need go into another one: its evidence moves, nothing is told twice. Gives the one that goes on.

    Raises:
        NotFound, Merged: one of them is not there, or went into another already.
        Invalid: into itself.
    """
    if need_id == into_id:
        raise Invalid(_("A need cannot go into itself."))
    first, second = (held(pk) for pk in sorted((need_id, into_id)))
    need, into = (first, second) if first.pk == need_id else (second, first)
    for source in SOURCES:
        same = Evidence.objects.filter(need=into, **{source: OuterRef(source)})
        mine = Evidence.objects.filter(need=need, **{f"{source}__isnull": False})
        mine.filter(Exists(same)).delete()
        mine.update(need=into)
    Need.objects.filter(merged_into=need).update(merged_into=into)
    need.merged_into = into
    need.save(update_fields=["merged_into"])
    record("need.merged", need, actor=actor, at=at, into=into.pk)
    record("need.took", into, actor=actor, at=at, need=need.pk)
    return into


def held(need_id: int) -> Need:
    """A need, locked until the transaction ends.

    Raises:
        NotFound, Merged: there is none, or it went into another.
    """
    need = Need.objects.select_for_update(no_key=True).filter(pk=need_id).first()
    if need is None:
        raise NotFound
    if need.merged_into_id is not None:
        raise Merged
    return need


def _texts(name: str, name_en: str, about: str) -> dict[str, str]:
    name, name_en, about = " ".join(name.split()), " ".join(name_en.split()), about.strip()
    if not name:
        raise Invalid(_("A need has a name."), field="name")
    if max(len(name), len(name_en)) > NAME or len(about) > ABOUT:
        raise Invalid(_("This is too long."), field="name")
    if "\x00" in name + name_en + about:
        raise Invalid(_("There is a character in it that no text has."), field="name")
    return {"name": name, "name_en": name_en, "about": about}


def _said_on(row: Any) -> date:
    """On which day it was said; of an anonymous answer the Monday of its week."""
    if isinstance(row, Answer):
        return row.response.at.astimezone(_zone()).date() if row.response.at else row.response.week
    return seeing.moment_of(row).astimezone(_zone()).date()


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)

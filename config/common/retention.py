"""What is not kept for ever: kinds of data, each with a period, and the one way in which they go.

Apps name their kinds in `retaining.py`. A kind is one or more parts, a part some rows of a table: either the
rows go, or the columns that hold words of a person are emptied as erasing empties them, and the rows are
counted on. The event log and the ledger are in no kind: they hold numbers and codes, and stay.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import pgtrigger
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models, transaction
from django.db.models import Min, Q, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common import erasing
from config.common.errors import Invalid, NotFound
from config.common.events import Actor, record
from config.common.models import User
from config.common.personal import PERSONAL, Holds, Personal
from config.common.retention_models import RetentionPeriod, RetentionRun

BATCH = 1_000
MEASURED = 500
"""Of files whose size no column holds so many are measured, and the rest taken to be like them."""
LOCK = 0x7265_7461_696E  # "retain": batches and holds wait for each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some rows of a table."""

    label: str
    at: str
    """The lookup to the moment from which a row's age counts."""
    only: Q = field(default_factory=Q)
    columns: tuple[str, ...] = ()
    """What is emptied; none: the row goes."""
    case: str = ""
    member: str = ""
    """The lookups by which a hold on a case or member is known; of the member, as `personal` says it."""
    files: tuple[str, ...] = ()
    size: str = ""
    """The column that holds the bytes of its file."""
    then: Callable[[Any], None] | None = None
    """What else is done with a row that is let go of, after the commit."""

    @property
    def model(self) -> type[models.Model]:
        """The table."""
        return apps.get_model(self.label)

    @property
    def whose(self) -> str:
        """The lookup to the member; empty where there is none."""
        known = PERSONAL.get(self.label)
        return self.member or (known.whose if known and known.whose != "pk" else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of data with the period that ships."""

    code: str
    name: Promise | str
    days: int
    parts: Sequence[Part]
    least: int = 0
    """The fewest days that the law allows."""
    source: Promise | str = ""
    """The law, or why so long."""


@dataclass(slots=True)
class Told:
    """What is past its period."""

    rows: int = 0
    files: int = 0
    bytes: int = 0
    held: int = 0
    oldest: datetime | None = None


KINDS: dict[str, Kind] = {}
"""By their code; apps add theirs in `ready()`."""
HOLDS: list[Callable[[Part, datetime], Q]] = []
"""Each gives which rows of a part somebody put a hold on; from above."""


class TooShort(Invalid):
    """The law asks for longer."""

    code = "too_short"


def add(kinds: Iterable[Kind]) -> None:
    """Take in the kinds of an app."""
    KINDS.update({kind.code: kind for kind in kinds})


def seed(at: datetime) -> None:  # noqa: ARG001 - one signature for all seeds
    """Give each kind its period, once; what people changed stays, but for what the law has come to ask."""
    known = {period.code: period for period in RetentionPeriod.objects.all()}
    for kind in KINDS.values():
        period = known.get(kind.code)
        if period is None:
            RetentionPeriod.objects.create(code=kind.code, days=kind.days, least_days=kind.least)
        elif period.least_days != kind.least:
            period.least_days, period.days = kind.least, max(period.days, kind.least)
            period.save()


def periods() -> Mapping[str, int]:
    """The days by kind, as they stand; what nobody seeded has what ships."""
    kept = dict(RetentionPeriod.objects.values_list("code", "days"))
    return {code: kept.get(code, kind.days) for code, kind in KINDS.items()}


@transaction.atomic
def set_period(*, code: str, days: int, actor: User, at: datetime) -> RetentionPeriod:
    """Keep a kind longer, or less long, but no shorter than the law asks.

    Raises:
        NotFound: there is no such kind.
        TooShort: the law asks for longer.
        Invalid: no number of days.
    """
    kind = KINDS.get(code)
    if kind is None:
        raise NotFound
    period, _new = RetentionPeriod.objects.select_for_update(no_key=True).get_or_create(
        code=code, defaults={"days": kind.days, "least_days": kind.least}
    )
    if not 1 <= days <= 36_500:  # noqa: PLR2004 - a hundred years
        raise Invalid(_("A period is between one day and a hundred years."))
    if days < period.least_days:
        raise TooShort(
            _("%(kind)s: at least %(days)s days. %(source)s")
            % {"kind": kind.name, "days": period.least_days, "source": kind.source}
        )
    before, period.days = period.days, days
    period.save(update_fields=["days"])
    record("retention.period_set", period, actor=actor, at=at, what=code, before=before, days=days)
    return period


def hold_still() -> None:
    """Wait for the batch that is being let go of just now, in a transaction that puts a hold on something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def tell(kind: Kind, days: int, at: datetime) -> Told:
    """What of a kind is past its period, and what of that a hold keeps."""
    told = Told()
    for part in kind.parts:
        past = _past(part, days, at)
        held = _held(part, at)
        rows = past.exclude(held) if held else past
        n = rows.count()
        told.rows += n
        told.held += past.count() - n if held else 0
        oldest = _moment(rows.order_by().aggregate(least=Min(part.at))["least"]) if n else None
        told.oldest = min((one for one in (told.oldest, oldest) if one), default=None)
        if n and part.files:
            files, size = _files(part, rows, n)
            told.files += files
            told.bytes += size
    return told


def _moment(found: date | None) -> datetime | None:
    """When a day began, where a table knows no more than that."""
    if found is None or isinstance(found, datetime):
        return found
    return timezone.make_aware(datetime.combine(found, time()))


def retain(
    *, code: str, is_dry: bool = False, actor: Actor = None, by: User | None = None, at: datetime
) -> RetentionRun:
    """Let go of what is past its period, in batches that each commit; dry, only count it.

    Killed in between, the next run goes on: what is gone is gone, and the rest is still past its period.

    Raises:
        NotFound: there is no such kind.
    """
    kind = KINDS.get(code)
    if kind is None:
        raise NotFound
    days = periods()[code]
    told = tell(kind, days, at)
    run = RetentionRun.objects.create(
        code=code, days=days, is_dry=is_dry, by=by, started_at=at, held=told.held, oldest=told.oldest
    )
    if is_dry:
        run.rows, run.files, run.bytes = told.rows, told.files, told.bytes
    else:
        for part in kind.parts:
            while done := _batch(part, days, at):
                run.rows += done[0]
                run.files += done[1]
                run.bytes += done[2]
                run.save(update_fields=["rows", "files", "bytes"])
    run.ended_at = at
    with transaction.atomic():
        run.save(update_fields=["rows", "files", "bytes", "ended_at"])
        if not is_dry and run.rows:
            record("retention.ran", run, actor=actor, at=at, what=code, rows=run.rows, files=run.files)
    return run


def retain_all(*, is_dry: bool = False, at: datetime) -> list[RetentionRun]:
    """The same for every kind."""
    return [retain(code=code, is_dry=is_dry, at=at) for code in KINDS]


def _past(part: Part, days: int, at: datetime) -> models.QuerySet[Any]:
    """The rows of a part that are older than so many days and have something to lose."""
    rows = part.model._default_manager.filter(part.only, **{f"{part.at}__lt": at - timedelta(days=days)})
    return rows.filter(erasing.holding(part.model, _fields(part))) if part.columns else rows


def _held(part: Part, at: datetime) -> Q:
    found = Q()
    for ask in HOLDS:
        found |= ask(part, at)
    return found


def _fields(part: Part) -> Personal:
    """The columns of a part that are emptied, with what they hold."""
    known = PERSONAL[part.label].fields if part.label in PERSONAL else {}
    return Personal({name: known.get(name, Holds.MIXED) for name in part.columns})


@transaction.atomic
def _batch(part: Part, days: int, at: datetime) -> tuple[int, int, int] | None:
    """Let go of the next rows that nobody holds or works on just now: rows, files, bytes; None at the end."""
    hold_still()
    rows = _past(part, days, at)
    if held := _held(part, at):
        rows = rows.exclude(held)
    keys = list(rows.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)[:BATCH])
    if not keys:
        return None
    chosen = part.model._default_manager.filter(pk__in=keys)
    files, size = _files(part, chosen, len(keys)) if part.files else (0, 0)
    paths = {path for name in part.files for path in chosen.values_list(name, flat=True) if path}
    if (then := part.then) is not None:
        for row in chosen:
            transaction.on_commit(partial(then, row))
    own = getattr(part.model._meta, "triggers", [])
    kept = [f"{part.label}:{one.name}" for one in own if isinstance(one, pgtrigger.Protect)]
    with pgtrigger.ignore(*kept) if kept else nullcontext():
        if part.columns:
            erasing.empty(part.model, _fields(part), chosen)
        else:
            chosen.delete()
    transaction.on_commit(lambda: _remove(part, paths))
    return len(keys), files, size


def _files(part: Part, rows: models.QuerySet[Any], n: int) -> tuple[int, int]:
    """How many files rows have, and their size: as a column says it, or by the first of them."""
    wanted = Q()
    for name in part.files:
        wanted |= ~Q(**{name: ""})
    found = rows.filter(wanted).order_by()
    files = found.count() if n else 0
    if part.size:
        return files, int(found.aggregate(size=Sum(part.size, default=0))["size"])
    sizes = []
    for path in found.values_list(part.files[0], flat=True)[:MEASURED]:
        try:
            sizes.append(default_storage.size(path))
        except OSError:  # gone already
            sizes.append(0)
    return files, round(sum(sizes) / len(sizes) * files) if sizes else 0


def _remove(part: Part, paths: Iterable[str]) -> None:
    """Delete files that no row names any more: two rows may have had one in common."""
    for path in paths:
        if not any(part.model._default_manager.filter(**{name: path}).exists() for name in part.files):
            default_storage.delete(path)

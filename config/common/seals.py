"""Seals: signed, chained digests of the event log, so that tampering shows.

Every minute `seal` takes the transactions that have ended since the last seal and writes down the digest of
each of their events. The signature covers the seal before it, the range, the time and the digests, under a
key that is kept apart from the database. `verify` reads log and seals side by side, in constant memory.

What seals cannot show: events that are younger than the last seal, and the removal of the newest seals with
their events; for the second, note the head that `verify_audit` prints somewhere else.
"""

import enum
import hashlib
import hmac
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from django.conf import settings
from django.db import connection, models, transaction

from config.common.models import Event, Seal

CHUNK = 50_000  # events of one seal, unless one transaction wrote more
LOCK = 0x5EA1  # of the one who seals
GENESIS = bytes(32)
ENTRY = struct.Struct(">q16s")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Flaw(enum.StrEnum):
    """What does not fit."""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    SEAL = "seal"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how far log and seals agree, and the first thing that does not fit.

    `head` is the signature of the newest seal that was read, in hexadecimal.
    """

    seals: int
    events: int
    head: str
    flaw: Flaw | None = None
    event_id: int | None = None
    seal_id: int | None = None


class _Canonical(models.Func):
    """An event as text: what a digest is taken of."""

    function = "jsonb_build_array"
    template = "%(function)s(%(expressions)s)::text"
    output_field = models.TextField()


class _Micros(models.Func):
    """Microseconds since 1970, whatever the session's time zone."""

    template = "(extract(epoch from %(expressions)s) * 1000000)::bigint"
    output_field = models.BigIntegerField()


CANONICAL = _Canonical(
    "id", "txid", "kind", _Micros("at"), _Micros("recorded_at"), "actor", "subject_type", "subject_id", "data"
)


def _digests(events: models.QuerySet[Event]) -> Iterator[tuple[int, bytes]]:
    """Id and digest of each event, in the order of the log."""
    rows = events.order_by("txid", "id").values_list("id", CANONICAL)
    for pk, text in rows.iterator(chunk_size=5_000):
        yield pk, hashlib.sha256(text.encode()).digest()[:16]


def _sign(seal: Seal) -> bytes:
    at = (seal.sealed_at - EPOCH) // timedelta.resolution
    header = bytes(seal.previous) + struct.pack(">qqq", seal.from_txid, seal.upto_txid, at)
    return hmac.digest(settings.AUDIT_KEY.encode(), header + bytes(seal.digests), "sha256")


def seal(at: datetime) -> int:
    """Seal all events that are settled and not yet sealed; returns how many."""
    total = 0
    while count := _seal_next(at):
        total += count
    return total


@transaction.atomic
def _seal_next(at: datetime) -> int:
    """Write one seal, if there is something to seal and nobody else is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s), common_event_settled()", [LOCK])
        mine, settled = cursor.fetchone()
    if not mine:
        return 0
    last = Seal.objects.order_by("-upto_txid").first()
    start = last.upto_txid if last else 0
    events = Event.objects.filter(txid__gte=start, txid__lt=settled)
    upto = _end(events, settled)
    digests = bytearray()
    for pk, digest in _digests(events.filter(txid__lt=upto)):
        digests += ENTRY.pack(pk, digest)
    if not digests:
        return 0
    row = Seal(
        from_txid=start,
        upto_txid=upto,
        count=len(digests) // ENTRY.size,
        digests=bytes(digests),
        previous=bytes(last.signature) if last else GENESIS,
        sealed_at=at,
    )
    row.signature = _sign(row)
    row.save(force_insert=True)
    return row.count


def _end(events: models.QuerySet[Event], settled: int) -> int:
    """Where a seal ends: at most CHUNK events on, but never inside a transaction."""
    in_order = events.order_by("txid", "id").values_list("txid", flat=True)
    beyond = in_order[CHUNK : CHUNK + 1].first()
    if beyond is None:
        return settled
    first = in_order[0]
    return max(beyond, first + 1)


@transaction.atomic
def verify(*, expect: str = "", progress: Callable[[int], object] = lambda _events: None) -> Verdict:
    """Compare the log with its seals, oldest first, and stop at the first thing that does not fit.

    Args:
        expect: a head noted earlier, which must still be one of the seals.
        progress: told the number of events of each seal that was read.
    """
    verdict = Verdict(0, 0, GENESIS.hex())
    upto, noted = 0, not expect
    for row in Seal.objects.order_by("upto_txid").iterator(chunk_size=20):
        if row.from_txid != upto or bytes(row.previous).hex() != verdict.head or not _genuine(row):
            return replace(verdict, flaw=Flaw.SEAL, seal_id=row.pk)
        if found := _compare(row):
            flaw, event_id = found
            return replace(verdict, flaw=flaw, event_id=event_id, seal_id=row.pk)
        upto = row.upto_txid
        verdict = Verdict(verdict.seals + 1, verdict.events + row.count, bytes(row.signature).hex())
        noted = noted or verdict.head == expect
        progress(row.count)
    return verdict if noted else replace(verdict, flaw=Flaw.HEAD)


def _genuine(row: Seal) -> bool:
    whole = len(row.digests) == row.count * ENTRY.size
    return whole and hmac.compare_digest(_sign(row), bytes(row.signature))


def _compare(row: Seal) -> tuple[Flaw, int] | None:
    """The first event of a seal's range that is not as it was sealed."""
    sealed: dict[int, bytes] = dict(ENTRY.iter_unpack(bytes(row.digests)))
    found = _digests(Event.objects.filter(txid__gte=row.from_txid, txid__lt=row.upto_txid))
    for wanted, actual in zip_longest(sealed.items(), found):
        if actual is None or (wanted and wanted[0] != actual[0] and actual[0] in sealed):
            return Flaw.MISSING, wanted[0]
        if wanted is None or wanted[0] != actual[0]:
            return Flaw.INSERTED, actual[0]
        if wanted != actual:
            return Flaw.CHANGED, actual[0]
    return None

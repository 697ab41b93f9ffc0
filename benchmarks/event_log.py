"""What the event log costs: writing single events and many, reading them on, sealing and verifying them.

In a database of its own, made by the test runner and thrown away.
"""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

from config import embedded

embedded.use()
django.setup()

import pgtrigger
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import get_runner
from django.utils import timezone

from config.common import seals
from config.common.events import Happening, Position, position_of, read_since, record, record_all
from config.common.models import User

SINGLE, MANY = 3_000, int(os.environ.get("EVENTS", "1000000"))


@contextmanager
def timed(what: str, count: int) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    print(f"{what:<48} {seconds:8.2f} s   {seconds / count * 1e6:8.1f} µs each")


def single(subject: User) -> None:
    for _ in range(SINGLE):
        with transaction.atomic():
            record("bench", subject, actor=None, at=timezone.now(), fen=500)


def bench() -> None:
    subject = User.objects.create(username="bench")
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    with timed("single events, each in a transaction", SINGLE):
        single(subject)
    pgtrigger.disable("common.Event:keep_order")
    with timed("the same without the guard against lower counts", SINGLE):
        single(subject)
    pgtrigger.enable("common.Event:keep_order")
    at = timezone.now()
    with timed(f"{MANY} events in transactions of 1,000", MANY):
        for _ in range(0, MANY, 1_000):
            with transaction.atomic():
                record_all([Happening("bench", subject, at, None, {"fen": 500})] * 1_000)
    with timed("reading them on in pages of 1,000", MANY):
        position = Position()
        while page := read_since(position):
            position = position_of(page[-1])
    with timed("sealing", MANY):
        seals.seal(timezone.now())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with timed("verifying", MANY):
        verdict = seals.verify()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{verdict.events} events fit {verdict.seals} seals; memory grew by {grown:.0f} MB")


if __name__ == "__main__":
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        bench()
    finally:
        runner.teardown_databases(databases)

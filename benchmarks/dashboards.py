"""The dashboards over ROWS orders, cases and reviews of a year (default 1,000,000), with a year's snapshots.

Builds a database of its own (huiyin_figures) in the private PostgreSQL, takes the figures of the year, asks
for each page TIMES times (default 15) and throws the database away again. Prints p50 and p95 of the whole
answer at the server, the time in SQL and the number of queries.
"""

import os
import statistics
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import figures

TIMES = int(os.environ.get("TIMES", "15"))
PERIODS = ("30d", "quarter", "year")


def run() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["*"]
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "whitenoise" not in one]
    call_command("migrate", verbosity=0)
    call_command("seed_defaults", verbosity=0)
    figures.fill()
    from django.utils import timezone

    from kpis.snapshots.commands import take

    at = datetime.combine(figures.LAST, datetime.min.time(), timezone.get_default_timezone())
    begun = time.perf_counter()
    for back in range(0, 366, 61):
        take(first=figures.LAST - timedelta(back + 60), last=figures.LAST - timedelta(back), at=at)
    print(f"figures of a year taken in {time.perf_counter() - begun:.0f} s")
    with mock.patch("django.utils.timezone.now", return_value=at + timedelta(hours=12)):
        _measure()


def _measure() -> None:
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from feedback.models import Department

    user = get_user_model().objects.create_superuser("bench", password="bench")
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    department = Department.objects.order_by("pk").first()
    pages = {
        "executive": "/admin/dashboards/executive/",
        "supervisor": "/admin/dashboards/supervisor/",
        "department": f"/admin/dashboards/department/{department.pk}/",
        "department, a channel": f"/admin/dashboards/department/{department.pk}/?narrow=channel:chat",
        "category": "/admin/dashboards/product/?category=category 3",
        "product": "/admin/dashboards/product/?product=P77",
    }
    print(f"{figures.ROWS:,} orders and cases a year; p50 and p95 of {TIMES}, in ms")
    for name, address in pages.items():
        for period in PERIODS:
            url = f"{address}{'&' if '?' in address else '?'}period={period}"
            with CaptureQueriesContext(connection) as found:
                answer = client.get(url, secure=True)
            asked = list(found)  # the next request forgets them
            assert answer.status_code == 200, (url, answer.status_code)
            took = sorted(_once(client, url) for _ in range(TIMES))
            sql = sum(float(one["time"]) for one in asked) * 1000
            p95 = took[min(len(took) - 1, round(0.95 * len(took)))]
            print(
                f"{name:24}{period:10} p50 {statistics.median(took):6.0f}  p95 {p95:6.0f}"
                f"  SQL {sql:6.0f}  queries {len(asked)}"
            )
            if os.environ.get("SLOW"):
                for one in sorted(asked, key=lambda one: -float(one["time"]))[:4]:
                    print(f"    {float(one['time']) * 1000:6.0f} {one['sql'][:300]}")


def _once(client: object, url: str) -> float:
    begun = time.perf_counter()
    client.get(url, secure=True)  # type: ignore[attr-defined]
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    figures.run = run
    figures.main()

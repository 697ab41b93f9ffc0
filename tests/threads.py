"""Running things at the same moment on connections of their own."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call gave, or the exception it raised. Needs `django_db(transaction=True)`."""
    results: list[Any] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            results[number] = call()
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def refused(results: Sequence[Any]) -> list[Any]:
    """Those results that are exceptions."""
    return [result for result in results if isinstance(result, Exception)]


def behind(hold: Callable[[], Any], call: Callable[[], Any], meanwhile: Callable[[], Any]) -> Any:
    """What `call` gives that begins elsewhere while a transaction holds what `hold` locks.

    When it waits for that, or is through, `meanwhile` is done in the transaction, which is then committed.
    Gives the exception where it raised one. Needs `django_db(transaction=True)`.
    """
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            results.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        hold()
        thread.start()
        for _look in range(500):
            if results or _somebody_waits_for_us():
                break
            thread.join(timeout=0.02)
        meanwhile()
    thread.join()
    return results[0]


def _somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:  # pg_stat_activity stays what it was at the transaction's first look
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])

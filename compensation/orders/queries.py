"""Looking orders up."""

from django.db import connection


def snapshot_floor() -> int:
    """The transaction id below which every transaction has ended, so that nothing can turn up late."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def changed_since(txid: int, order_id: int, *, limit: int) -> list[tuple[int, int]]:
    """The next orders changed after a place in the order of changes, as (txid, id).

    Goes by the transaction that wrote the order and stops before the oldest one still running: a change
    that is committed late is found late, but never passed over. Call it in READ COMMITTED.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT changed_txid, id FROM compensation_order"
            " WHERE (changed_txid, id) > (%s, %s)"
            " AND changed_txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            " ORDER BY changed_txid, id LIMIT %s",
            [txid, order_id, limit],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]

"""What PostgreSQL means to do with the statements a call makes."""

from collections.abc import Callable

from django.db import connection


def settle(*tables: str) -> None:
    """Tables as new: what earlier tests left in them and in their indexes would sway the planner.

    Needs `transaction=True`.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (FULL, ANALYZE) {', '.join(tables)}")


def forget(*tables: str) -> None:
    """Have the planner take tables for new ones, whose size nobody knows, until the transaction ends.

    Once autovacuum has been at a table that earlier tests emptied, the planner would take any way into it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET relpages = 0, reltuples = -1 WHERE oid = ANY(%s::regclass[])", [list(tables)]
        )


def in_order() -> None:
    """Until the transaction ends an index is read in its order, where there is one to read.

    In a small table the planner would as soon gather and sort, as the statistics of the day have it.
    """
    with connection.cursor() as cursor:
        for method in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            cursor.execute(f"SET LOCAL enable_{method} = off")


def plans(call: Callable[[], object], about: str = "") -> list[str]:
    """The plan of each query that a call makes, of those that name `about`."""
    found = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip().startswith(("SELECT", "(SELECT", "WITH")) and about in sql:
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN {sql}", params)
                found.append("\n".join(line for (line,) in cursor.cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        call()
    return found

"""Counting several lists in one statement."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def counts(lists: Sequence[QuerySet[Any]], *, upto: int) -> list[int]:
    """How many rows each list has, none counted beyond `upto`. One query for all, none for no list."""
    columns: list[str] = []
    params: list[Any] = []
    for rows in lists:
        try:
            sql, values = rows.order_by().values("pk")[:upto].query.sql_with_params()
        except EmptyResultSet:
            columns.append("0")
            continue
        columns.append(f"(SELECT COUNT(*) FROM ({sql}) AS listed)")  # noqa: S608 - Django's own
        params += values
    if all(column == "0" for column in columns):
        return [0] * len(columns)
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(columns), params)
        return [int(count) for count in cursor.fetchone() or ()]

"""Emptying the database after a test that had transactions of its own.

Django truncates every table and makes content types and permissions anew, which takes longer than most of
these tests. Here rows are deleted where there are any, and content types and permissions stay unless a test
touched them.
"""

import time
import zlib
from functools import cache

from django.core.management import CommandError
from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}
FINGERPRINT = """
SELECT md5(string_agg(kind::text, '|' ORDER BY kind.id)) FROM django_content_type AS kind
UNION ALL
SELECT md5(string_agg(permission::text, '|' ORDER BY permission.id)) FROM auth_permission AS permission
"""
GROWN = "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_total_relation_size(name::regclass) > %s"
LARGE = 2_000_000
"""Bytes, with indexes, of a table that is mostly rows that were deleted: such would mislead the planner."""
truncate = TransactionTestCase._fixture_teardown
kept = []
"""The fingerprint of content types and permissions as they are to stay."""


def remember():
    """Take content types and permissions for what they are to stay."""
    kept[:] = fingerprint()


def emptied(case, tries=5):
    """Empty the tables; wait for a page's last request, which may hold rows that the emptying needs."""
    try:
        if not delete_rows() or fingerprint() != kept:
            truncate(case)
            remember()
    except (CommandError, OperationalError) as error:
        cause = error.__cause__ if isinstance(error, CommandError) else error
        if tries == 1 or not isinstance(cause, OperationalError):
            raise
        time.sleep(0.5)
        emptied(case, tries - 1)


def fingerprint():
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT)
        return cursor.fetchall()


def delete_rows():
    """Delete what is there, whatever triggers say; False where the database's account may not do so."""
    names = tables()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() != (True,):
            return False
        # as TRUNCATE does: what a request or thread still writes is waited for, then seen
        cursor.execute(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
        with_rows = those_with_rows(cursor, names)
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in with_rows:
            cursor.execute(f"DELETE FROM {name}")
        cursor.execute(GROWN, [with_rows, LARGE])
        if grown := [name for (name,) in cursor.fetchall()]:
            cursor.execute(f"TRUNCATE {', '.join(grown)} CASCADE")
    return True


@cache
def tables():
    """The tables to empty, as SQL names them."""
    found = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    return tuple(connection.ops.quote_name(table) for table in sorted(found - KEPT))


def those_with_rows(cursor, names):
    """Ask which tables have rows. It takes ten times longer to plan than to answer: the plan is kept."""
    question = " UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in names)
    known_as = f"those_with_rows_{zlib.crc32(question.encode())}"
    cursor.execute("SELECT 1 FROM pg_prepared_statements WHERE name = %s", [known_as])
    if not cursor.fetchone():
        cursor.execute(f"PREPARE {known_as} AS {question}")
    cursor.execute(f"EXECUTE {known_as}")
    return [name for (name,) in cursor.fetchall()]

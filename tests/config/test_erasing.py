"""Nothing personal is left of an erased member: each table is marked, erased and searched, as in a dump."""

from contextlib import suppress

import pytest
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from compensation.models import Member
from config.common import erasing
from config.common.personal import PERSONAL, Holds
from feedback.models import BehaviourDay, BehaviourVisitor, Case
from feedback.voice import days
from tests.config.test_permissions import make_house
from tests.factories.behaviour import take, told
from tests.factories.expectations import cares

pytestmark = [pytest.mark.django_db, pytest.mark.req("F23")]

MARK = "zqx7"


def marked(model, column, number):
    """What to put into a column, so that it is found again; None: it takes no words."""
    field = model._meta.get_field(column)
    if isinstance(field, models.JSONField):
        return "jsonb_build_object(%s::text, %s::text)", [MARK, f"{MARK} {number}"]
    if isinstance(field, ArrayField):
        return "ARRAY[%s::text]", [MARK]
    if isinstance(field, SearchVectorField):
        return "to_tsvector('simple', %s)", [MARK]
    if isinstance(field, models.CharField | models.TextField | models.FileField) and not field.choices:
        return "%s", [f"{MARK}{number}"[: field.max_length]]
    return None


def mark_one_row_of_each():
    """Mark every personal column of a row of each table; gives the tables and the members."""
    done, whose = [], set()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # rows too that no screen may change
        for number, (model, one) in enumerate(erasing.tables(), start=1000):
            if not one.whose:
                continue
            row = model._default_manager.exclude(**{one.whose: None}).order_by("-pk").first()
            if row is None:
                continue
            member = model._default_manager.filter(pk=row.pk).values_list(one.whose, flat=True).get()
            whose.add(member)
            for name in one.fields:
                found = None if name in one.stays else marked(model, name, number)
                if not found:
                    continue
                field = model._meta.get_field(name)
                if one.fields[name] == Holds.FILE and isinstance(field, models.FileField):
                    default_storage.save(found[1][0], ContentFile(MARK.encode()))
                table, column = model._meta.db_table, field.column
                key = model._meta.pk.column
                sql = f'UPDATE "{table}" SET "{column}" = {found[0]} WHERE "{key}" = %s'
                with suppress(IntegrityError), transaction.atomic():  # a row that can say nothing there
                    cursor.execute(sql, [*found[1], row.pk])
            done.append(model._meta.label)
        cursor.execute("SET session_replication_role = DEFAULT")
    return done, whose


def places_of(word):
    """The tables of the whole database in which a word stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        tables = [row[0] for row in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} AS t WHERE t::text LIKE %s)", [f"%{word}%"])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def look_round(member):
    """Have a member do something in the shop, and conclude something from it."""
    take(told("search", member=member.external_id, visitor="v", query="礼物"))
    BehaviourVisitor.objects.create(source="shop", visitor="v", member=member, first_at=timezone.now())
    BehaviourDay.objects.create(member=member, day=timezone.now().date(), what="search", n=1)
    cares(member)


def test_nothing_is_left_in_any_table(django_capture_on_commit_callbacks):
    make_house()
    look_round(Case.objects.order_by("pk").first().member)
    days.catch_up()
    tables, whose = mark_one_row_of_each()
    assert len(tables) >= len([one for one in PERSONAL.values() if one.whose]) * 0.5
    assert len(places_of(MARK)) >= len(tables) * 0.8
    with django_capture_on_commit_callbacks(execute=True):
        for member in Member.objects.filter(pk__in=whose):
            erasing.erase(member.pk, [])
    assert places_of(MARK) == []
    assert default_storage.listdir("")[1] == []

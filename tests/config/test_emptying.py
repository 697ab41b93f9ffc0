"""What is left of a test that had transactions of its own: nothing."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import TransactionTestCase

from compensation.models import Member
from config.common import events
from config.common.models import Event
from tests import emptying
from tests.factories.compensation import T0, MemberFactory
from tests.threads import behind

pytestmark = pytest.mark.django_db(transaction=True)


def empty():
    emptying.emptied(TransactionTestCase())


def codenames():
    return set(Permission.objects.values_list("content_type__model", "codename"))


def test_rows_go_though_triggers_keep_them():
    member = MemberFactory()
    with transaction.atomic():
        events.record("member.seen", subject=member, actor=None, at=T0)
    before = codenames()
    empty()
    assert (Member.objects.count(), Event.objects.count()) == (0, 0)
    assert codenames() == before
    with connection.cursor() as cursor:  # the triggers are back
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)


def test_permissions_that_a_test_touched_are_as_before():
    before = codenames()
    Permission.objects.filter(codename="view_member").delete()
    Permission.objects.filter(codename="view_order").update(codename="look_at_order")
    empty()
    assert codenames() == before


def test_what_somebody_still_writes_is_waited_for():
    assert behind(MemberFactory, empty, lambda: None) is None
    assert Member.objects.count() == 0

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.urls import reverse

from config.common import outbox
from config.common.admin.audit import about
from config.common.admin.staff import groups_to_give
from config.common.events import record
from config.common.models import Event, OutboxMessage, Seal, User
from tests.factories.common import UserFactory, make_subject

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def holding(*codenames, **fields):
    user = UserFactory(**fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def root(client):
    client.force_login(UserFactory(is_superuser=True, username="root"))
    return client


def message(key="1", status="dead", **fields):
    fields = {
        "payload": {"code": "123456", "contact": "phone"},
        "kind": "code",
        "recipient": "member:1",
    } | fields
    return OutboxMessage.objects.create(
        key=key,
        status=status,
        created_at=AT,
        next_attempt_at=AT,
        sent_at=AT if status == "sent" else None,
        **fields,
    )


def listed(response):
    return list(response.context["cl"].queryset)


@pytest.mark.req("P1")
@pytest.mark.parametrize("model", ["user", "group", "event", "seal", "outboxmessage"])
def test_lists_are_for_those_who_may_see_them(client, model):
    app = "auth" if model == "group" else "common"
    url = reverse(f"admin:{app}_{model}_changelist")
    client.force_login(UserFactory())
    assert client.get(url).status_code == 403
    client.force_login(holding(f"view_{model}"))
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("model", ["event", "seal", "outboxmessage"])
def test_log_seals_and_outbox_are_read_only_even_to_superusers(root, model):
    with transaction.atomic():
        record("a", make_subject(), actor=None, at=AT)
    Seal.objects.create(
        from_txid=0, upto_txid=1, count=0, digests=b"", previous=b"p", signature=b"s", sealed_at=AT
    )
    message()
    row = {"event": Event, "seal": Seal, "outboxmessage": OutboxMessage}[model].objects.first()
    assert root.get(reverse(f"admin:common_{model}_change", args=[row.pk])).status_code == 200
    assert root.post(reverse(f"admin:common_{model}_change", args=[row.pk]), {}).status_code == 403
    assert (
        root.post(reverse(f"admin:common_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    )
    assert root.post(reverse(f"admin:common_{model}_add"), {}).status_code == 403


@pytest.mark.parametrize("model", ["user", "event", "outboxmessage", "seal"])
def test_lists_take_as_many_queries_for_three_rows_as_for_one(root, model, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    url = reverse(f"admin:common_{model}_changelist")

    def add(n):
        user = UserFactory()
        user.groups.add(Group.objects.get_or_create(name="g")[0])
        record("a", user, actor=user, at=AT)
        message(str(n))
        Seal.objects.create(
            from_txid=n, upto_txid=n + 1, count=0, digests=b"", previous=bytes([n]), signature=bytes([n]),
            sealed_at=AT,
        )  # fmt: skip

    add(1)
    with CaptureQueriesContext(connection) as one:
        root.get(url)
    add(2)
    add(3)
    with django_assert_num_queries(len(one)):
        root.get(url)


class TestOutbox:
    url = "/admin/common/outboxmessage/"

    def test_what_is_not_done_comes_first_dead_letters_before_all(self, root):
        statuses = ["dead", "sent", "pending", "dropped", "dead"]
        rows = [message(str(n), status) for n, status in enumerate(statuses)]
        assert listed(root.get(self.url)) == [rows[4], rows[0], rows[2]]
        assert listed(root.get(self.url, {"status": "sent"})) == [rows[1]]
        assert len(listed(root.get(self.url, {"status": "all"}))) == 5

    def test_secrets_are_masked(self, root):
        row = message(status="pending")
        text = root.get(f"{self.url}{row.pk}/change/").content.decode()
        assert "123456" not in text
        assert "(&#x27;" not in text  # a pair meant for the list's coloured label
        assert "•••" in text

    def test_hostile_content_is_shown_as_text(self, root):
        row = message(payload={"body": "<script>alert(1)</script>"}, last_error="<img src=x>")
        text = root.get(f"{self.url}{row.pk}/change/").content.decode()
        assert "<script>alert(1)" not in text
        assert "<img src=x>" not in text

    def retry(self, client, *rows):
        return client.post(
            f"{self.url}?status=all",
            {"action": "retry", "_selected_action": [row.pk for row in rows]},
            follow=True,
        )

    def test_dead_letters_are_tried_again_and_that_is_on_record(self, root):
        dead, sent = message("1", "dead", attempts=15), message("2", "sent")
        response = self.retry(root, dead, sent)
        dead.refresh_from_db()
        sent.refresh_from_db()
        assert (dead.status, dead.attempts, sent.status) == ("pending", 0, "sent")
        assert Event.objects.get(kind="outbox.retried").subject_id == dead.pk
        assert len(response.context["messages"]) == 2

    def test_who_may_only_look_cannot_retry(self, client):
        dead = message()
        client.force_login(holding("view_outboxmessage"))
        self.retry(client, dead)
        dead.refresh_from_db()
        assert dead.status == "dead"
        client.force_login(holding("view_outboxmessage", "change_outboxmessage"))
        self.retry(client, dead)
        dead.refresh_from_db()
        assert dead.status == "pending"

    def test_search_is_exact(self, root):
        first = message("k1", recipient="member:1")
        message("k2", recipient="member:11")
        assert listed(root.get(self.url, {"q": "member:1"})) == [first]
        assert listed(root.get(self.url, {"q": "k1"})) == [first]


class TestEvents:
    url = "/admin/common/event/"

    def test_search_by_subject_actor_and_number(self, root):
        by = UserFactory()
        first = record("case.opened", UserFactory(), actor=by, at=AT, text="<b>x</b>")
        second = record("case.closed", by, actor=None, at=AT)
        for text, found in {
            f"user:{by.pk}": [second, first],
            str(by.pk): [second],
            "SYSTEM": [second],
            "case:1": [],
            "nonsense": [],
            "case:" + "9" * 30: [],
        }.items():
            told = [one for one in listed(root.get(self.url, {"q": text})) if one.kind != "config.changed"]
            assert told == found, text
        assert listed(root.get(self.url, {"kind": "case.opened"})) == [first]
        assert "<b>x" not in root.get(self.url).content.decode()

    def test_a_search_is_by_index(self):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            plan = Event.objects.filter(about("user:7")).explain()
        assert "event_subject" in plan
        assert "event_actor" in plan


class TestStaff:
    def test_an_administrator_makes_an_account_that_can_sign_in(self, client):
        client.force_login(holding("add_user", "change_user", "view_user"))
        response = client.post(
            reverse("admin:common_user_add"),
            {"username": "li.na", "name": "李娜", "email": "", "usable_password": "true",
             "password1": "correct horse 42", "password2": "correct horse 42"},
        )  # fmt: skip
        user = User.objects.get(username="li.na")
        assert response.status_code == 302
        assert user.is_staff
        assert not user.is_superuser
        assert client.login(request=None, username="li.na", password="correct horse 42")

    def test_passwords_are_changed_in_a_form_of_their_own(self, root):
        user = UserFactory()
        response = root.post(
            reverse("admin:auth_user_password_change", args=[user.pk]),
            {"usable_password": "true", "password1": "another horse 42", "password2": "another horse 42"},
        )
        user.refresh_from_db()
        assert response.status_code == 302
        assert user.check_password("another horse 42")

    def change(self, client, user, **fields):
        data = {"username": user.username, "name": user.name, "email": user.email, "is_active": "on",
                "is_staff": "on"}  # fmt: skip
        return client.post(reverse("admin:common_user_change", args=[user.pk]), data | fields)

    def test_nobody_gives_more_rights_than_they_have(self, client):
        me = holding("view_user", "change_user", "view_event")
        weak, strong = Group.objects.create(name="weak"), Group.objects.create(name="strong")
        weak.permissions.set(Permission.objects.filter(codename="view_event"))
        strong.permissions.set(Permission.objects.filter(codename="delete_event"))
        assert set(groups_to_give(me)) == {weak}
        client.force_login(me)
        other = UserFactory()
        assert self.change(client, other, is_superuser="on", groups=[weak.pk]).status_code == 302
        other.refresh_from_db()
        assert not other.is_superuser
        assert list(other.groups.all()) == [weak]
        assert self.change(client, other, groups=[strong.pk]).status_code == 200
        assert list(other.groups.all()) == [weak]
        delete = Permission.objects.get(codename="delete_event")
        self.change(client, other, user_permissions=[delete.pk], groups=[weak.pk])
        assert not other.user_permissions.exists()

    @pytest.mark.parametrize("stronger", ["superuser", "permission"])
    def test_who_may_more_is_out_of_reach_password_included(self, client, stronger):
        boss = UserFactory(is_superuser=True) if stronger == "superuser" else holding("delete_event")
        client.force_login(holding("view_user", "change_user"))
        assert self.change(client, boss, email="mine@example.com").status_code == 403
        url = reverse("admin:auth_user_password_change", args=[boss.pk])
        assert client.post(url, {"password1": "x", "password2": "x"}).status_code == 403

    def test_accounts_are_closed_and_never_deleted(self, root):
        user = UserFactory()
        assert (
            root.post(reverse("admin:common_user_delete", args=[user.pk]), {"post": "yes"}).status_code == 403
        )
        assert self.change(root, user, is_active="").status_code == 302
        user.refresh_from_db()
        assert not user.is_active

    def test_only_superusers_change_what_a_group_may_do(self, client):
        group = Group.objects.create(name="agents")
        client.force_login(holding("view_group", "change_group", "add_group", "delete_group"))
        assert client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "x"}).status_code == 403
        assert client.post("/admin/auth/group/add/", {"name": "x"}).status_code == 403
        client.force_login(UserFactory(is_superuser=True))
        assert client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "x"}).status_code == 302


def test_retry_locks_and_counts():
    dead = message()
    assert outbox.retry(ids=[dead.pk, 0], actor=None, at=AT + timedelta(1)) == 1
    assert outbox.retry(ids=[dead.pk], actor=None, at=AT) == 0

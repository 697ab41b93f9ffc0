"""Gaps, promises, thresholds and rules in the admin."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.common.models import Event
from feedback.gaps import commands
from feedback.models import Gap, GapProgress, GapThreshold
from tests.factories.common import UserFactory
from tests.feedback.gaps.test_detect import make

pytestmark = pytest.mark.django_db


def late(days=9, **order):
    due = timezone.now() - timedelta(days=20)
    line = make(due + timedelta(days=days), due=due, **order)
    commands.detect(at=timezone.now(), order_ids=[line.order_id])
    return Gap.objects.get(order=line.order)


@pytest.fixture
def staff(client):
    def staff(*permissions):
        user = UserFactory()
        user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        return user

    return staff


def page(name, *args):
    return reverse(f"admin:{name}", args=args)


@pytest.mark.parametrize("model", ["gap", "promise"])
def test_lists_take_a_constant_number_of_queries_and_count_no_table(admin_client, model):
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            late()
        with CaptureQueriesContext(connection) as queries:
            response = admin_client.get(page(f"feedback_{model}_changelist"))
        assert response.status_code == 200
        assert not [query for query in queries if "COUNT(*)" in query["sql"] and "LIMIT" not in query["sql"]]
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.req("F12")
def test_kind_and_cause_are_corrected_and_nothing_else(client, staff):
    gap, user = late(), staff("view_gap", "change_gap")
    url = page("feedback_gap_change", gap.pk)
    assert client.get(url).status_code == 200
    client.post(url, {"kind": "product", "cause": "supply", "severity": "1", "days": "0"})
    gap.refresh_from_db()
    assert (gap.kind, gap.cause, gap.severity) == ("product", "supply", 3)
    assert Event.objects.get(kind="gap.classified").actor == f"user:{user.pk}"
    assert "kind" in client.post(url, {"kind": "fate", "cause": ""}).context["adminform"].form.errors


def test_a_gap_that_is_none_is_dismissed_with_its_reason_and_only_once(client, staff):
    gap, user = late(), staff("view_gap", "change_gap")
    url = page("feedback_gap_change", gap.pk)
    content = {"kind": gap.kind, "cause": ""}
    client.post(url, {**content, "no_gap": "  "})
    gap.refresh_from_db()
    assert gap.withdrawn_at is None
    client.post(url, {**content, "no_gap": "The member asked for a later day <b>"})
    gap.refresh_from_db()
    assert gap.withdrawn_at == gap.dismissed_at is not None
    assert gap.dismissed_why == "The member asked for a later day <b>"
    assert Event.objects.get(kind="gap.dismissed").actor == f"user:{user.pk}"
    again = client.post(url, {**content, "no_gap": "once more"})
    assert again.context["adminform"].form.errors["no_gap"]
    shown = client.get(url).content.decode()
    assert "later day &lt;b&gt;" in shown
    assert "no_gap" in client.post(url, {**content, "no_gap": "x" * 401}).context["adminform"].form.errors


def test_hot_spots_and_findings_are_handed_out_as_their_pages_show_them(client, staff):
    staff("view_gap", "view_claim", "export_lists")
    late(region="西藏")
    for name, head in (("hot-spots", 10), ("findings", 8)):
        url = reverse("admin:list_export", args=[name, "csv"])
        lines = b"".join(client.get(url).streaming_content).decode("utf-8-sig").splitlines()
        assert len(lines[0].split(",")) == head
    assert (
        client.get(reverse("admin:list_export", args=["hot-spots", "csv"]) + "?by=nothing").status_code == 404
    )


def test_without_permission_a_gap_is_not_corrected(client, staff):
    gap = late()
    staff("view_gap")
    assert (
        client.post(page("feedback_gap_change", gap.pk), {"kind": "product", "cause": ""}).status_code == 403
    )
    staff()
    for url in (page("feedback_gap_change", gap.pk), page("feedback_gap_changelist"), page("gap-scenes")):
        assert client.get(url).status_code == 403
    gap.refresh_from_db()
    assert gap.kind == "service"


def test_gaps_are_found_by_order_member_and_state(admin_client):
    gap, other = late(), late()
    url = page("feedback_gap_changelist")

    def shown(query):
        return {row.pk for row in admin_client.get(url + query).context["cl"].result_list}

    assert shown(f"?q={gap.order.external_id}") == {gap.pk}
    assert shown(f"?q={other.order.member.external_id}") == {other.pk}
    assert shown("?q=nobody'") == set()
    Gap.objects.filter(pk=gap.pk).update(withdrawn_at=timezone.now())
    assert shown("") == {other.pk}
    assert shown("?stands=withdrawn") == {gap.pk}
    assert shown("?stands=waiting") == set()


@pytest.mark.req("F12")
def test_frequent_scenes_are_shown(client, staff):
    staff("view_gap")
    assert client.get(page("gap-scenes")).status_code == 200
    late(region="西藏<b>")
    shown = client.get(page("gap-scenes")).content.decode()
    assert "西藏&lt;b&gt;" in shown


def test_thresholds_regrade_and_refuse_nonsense(admin_client):
    late()
    threshold = GapThreshold.objects.create(aspect="delivery", slight=1, moderate=2)
    url = page("feedback_gapthreshold_change", threshold.pk)
    GapProgress.objects.update(changed_txid=5)
    admin_client.post(url, {"aspect": "delivery", "slight": "3", "moderate": "20"})
    assert GapProgress.objects.get().changed_txid == 0
    assert Event.objects.get(kind="gap_threshold.saved").data["slight"] == "3"
    response = admin_client.post(url, {"aspect": "delivery", "slight": "3", "moderate": "3"})
    assert response.status_code == 200
    assert response.context["adminform"].form.errors

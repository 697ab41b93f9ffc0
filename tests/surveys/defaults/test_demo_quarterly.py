"""The demo shop's surveys: results have something to show, and no way leads to whoever was anonymous."""

import random
import re
from datetime import UTC, date, datetime, timedelta
from tomllib import loads

import pytest
from django.db import connection

from compensation.defaults import segments
from compensation.models import Member
from compensation.segments import figures
from feedback.models import Department
from surveys.defaults import campaigns as shipped
from surveys.defaults import closing, demo_quarterly
from surveys.invitations import links
from surveys.models import Answer, Campaign, Draft, Invitation, Response, SpentLink
from surveys.questionnaires.queries import current
from surveys.results import breakdown, keywords, trend
from tests.factories.compensation import MemberFactory, OrderFactory, OrderLineFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.results import source
from tests.factories.surveys import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1")]
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
DAY = timedelta(days=1)
BUYERS = 40


@pytest.fixture
def shop(monkeypatch):
    """Members who have ordered, and what ships."""
    monkeypatch.setattr(demo_quarterly, "SHARES", {"vip": 100, "new": 100, "established": 100})
    for code in ("logistics", "product", "service", "operations", "technology", "management"):
        Department.objects.filter(code=code).exists() or DepartmentFactory(code=code)
    AgentFactory(user__username="lead", leads=[Department.objects.get(code="service")])
    segments.seed(NOW)
    closing.seed(NOW)
    shipped.seed_drafts(NOW)
    for number in range(BUYERS):
        member = MemberFactory(
            email=f"m{number}@example.com", phone=f"139{number:08d}", registered_at=NOW - 400 * DAY
        )
        paid = NOW - (1 + number % 5) * DAY - timedelta(hours=3)
        order = OrderFactory(member=member, placed_at=paid, paid_at=paid, changed_at=paid)
        OrderLineFactory(order=order)
    figures.refresh(member_ids=Member.objects.values_list("pk", flat=True), at=NOW)


def story():
    told = loads(demo_quarterly.FILE.read_text(encoding="utf-8"))
    return demo_quarterly.Story(NOW, told, random.Random(1))


def quarterly():
    return Campaign.objects.get(code="quarterly")


@pytest.mark.req("S5")
def test_two_waves_are_over_and_every_page_has_something_to_show(shop):
    demo_quarterly.ask_quarterly(quarterly(), story())
    campaign = quarterly()
    waves = list(campaign.waves.order_by("opens_at"))
    assert [wave.label for wave in waves] == ["2026-Q2", "2026-Q3", "2026-Q4"]
    assert all(wave.responses.exists() for wave in waves)
    assert {one.version_id for one in Response.objects.all()} == {current(campaign.survey).pk}
    found = source(campaign, *campaign.waves.select_related("campaign").order_by("opens_at"), at=NOW)
    kinds = {line.asked.kind for line in trend.trend(found).lines}
    assert {"csat", "nps", "single"} <= kinds
    asked = {one.code: one for one in found.questions}
    for dimension in ("segment", "channel", "stratum"):
        assert breakdown.breakdown(found, asked["csat"], dimension).groups
    assert breakdown.kano(found)[0].summary.n
    assert any(keywords.words(found, date(2026, month, 1)).texts for month in range(4, 12))
    assert Draft.objects.filter(wave__in=waves).exists()
    assert set(Invitation.objects.values_list("channel", flat=True)) == {"email", "sms"}


class Moments:
    """Remembers when who answered."""

    def __init__(self, monkeypatch):
        self.kept = []
        answer = demo_quarterly.answer

        def noted(**given):
            self.kept.append((given["invitation_id"], given["at"]))
            return answer(**given)

        monkeypatch.setattr(demo_quarterly, "answer", noted)


@pytest.fixture
def answered(shop, monkeypatch):
    """Buyers have answered without their names."""
    moments = Moments(monkeypatch)
    monkeypatch.setattr(demo_quarterly, "DAILY_ANSWERING", 0.7)
    campaign = Campaign.objects.get(code="post-purchase")
    demo_quarterly.ask_daily(campaign, demo_quarterly.DAILY["post-purchase"], story())
    demo_quarterly.spent.close_the_day(at=NOW + DAY, smallest=5)
    assert campaign.is_anonymous
    assert len(moments.kept) > 15
    return moments.kept


def dump():
    """Every row of every table, as pg_dump writes them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            for (row,) in cursor.fetchall():
                yield table, row


def words(text):
    return set(re.split(r"[^0-9A-Za-z_-]+", text))


ANSWERS = {"surveys_response", "surveys_answer", "surveys_answerfile"}


@pytest.mark.req("S10")
def test_no_way_leads_from_an_anonymous_answer_to_a_member(answered):
    asked = {one.pk: one for one in Invitation.objects.select_related("member", "order")}
    leads = set()
    for pk, _at in answered:
        one = asked[pk]
        token = token_of(one)
        leads |= {str(one.nonce), one.nonce.hex, one.digest, token, links.draft_key(token)}
        leads |= {one.member.external_id, one.member.name, one.member.phone, one.order.external_id}
    drawn = {str(pk) for model in (Response, Answer) for pk in model.objects.values_list("pk", flat=True)}
    assert len(drawn) > 50
    for table, row in dump():
        if table in ANSWERS:
            assert not words(row) & leads, table
        elif not table.startswith("surveys_tally"):
            assert not words(row) & drawn, table  # no event, message or invitation names an answer
    assert not SpentLink.objects.exists()
    assert not Draft.objects.exists()


@pytest.mark.req("S10")
def test_no_row_holds_the_moment_of_an_anonymous_answer(answered):
    moments = {f"{at:%Y-%m-%d %H:%M}" for _pk, at in answered}
    moments |= {f"{at + timedelta(hours=8):%Y-%m-%d %H:%M}" for _pk, at in answered}  # in the shop's zone
    found = {table for table, row in dump() for moment in moments if moment in row}
    assert found == set()


def rows(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


@pytest.mark.req("S10")
def test_the_order_of_rows_tells_nothing_either(answered):
    places = "xmin::text, (ctid::text::point)[0]::int, id"
    written = rows(f"SELECT {places}, week FROM surveys_response ORDER BY ctid")
    assert len({(written_by, week) for written_by, _page, _pk, week in written}) == len(
        {week for *_place, week in written}
    )  # all of a week at once
    for table in ("surveys_response", "surveys_answer"):
        pages = {}
        for written_by, page, pk in rows(f"SELECT {places} FROM {table} ORDER BY ctid"):
            pages.setdefault((written_by, page), []).append(pk)
        for lies in pages.values():
            assert lies == sorted(lies)  # by numbers that are drawn, not by who came first
    marked = [pk for (pk,) in rows("SELECT id FROM surveys_invitation WHERE is_answered ORDER BY ctid")]
    in_time = [pk for pk, _at in sorted(answered, key=lambda one: one[1])]
    assert set(marked) == set(in_time)
    by_day = [pk for pk, _at in sorted(answered, key=lambda one: (f"{one[1]:%Y%m%d}", one[1]))]
    assert marked != by_day

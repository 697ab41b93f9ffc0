from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.models import User
from surveys.admin import results
from surveys.models import SurveyTerms
from surveys.responses.commands import answer
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.results import campaign, given, silent
from tests.factories.surveys import NOW, after_case, answers, invited, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S5")]
PAGES = ("survey_results", "survey_trend", "survey_groups", "survey_crosstab", "survey_words")
LATER = T0 + timedelta(days=60)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    now = [LATER]
    monkeypatch.setattr(results.timezone, "now", lambda: now[0])
    return now


def page(client, name, campaign, **query):
    return client.get(reverse(f"admin:{name}", args=[campaign.pk]), query)


def of_case(department=None, agent=None, csat=5, text=""):
    fields = {"department": department} if department else {}
    case = CaseFactory(closed=True, agent=agent, **fields)
    return answer(token=token_of(invited(case)), answers=answers(csat, 4, text), at=NOW)


def signed_in(client, **kwargs):
    user = AgentFactory(**kwargs).user
    client.force_login(User.objects.get(pk=user.pk))


def told(response):
    return {one.asked.code: one for one, _weighted in response.context["told"]}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("fields", [{}, {"is_anonymous": True, "ends_at": T0 + timedelta(days=7)}], ids=str)
def test_every_page_tells_of_every_kind(admin_client, name, fields):
    asking = campaign(**fields)
    empty = page(admin_client, name, asking)
    assert empty.status_code == 200
    given(asking, 6, csat=5, nps=10, ces=4, least="price", what=["price", "speed"],
          order=["speed", "price"], parts={"box": 5, "cup": 2}, gift={"so": 1, "not": 5}, paid="10",
          since="2025-01-31", agree=True, words="包装很好<script>")  # fmt: skip
    given(asking, 6, csat=2, nps=1, what=["words"], gift={"so": 3, "not": 3}, words="包装太差")
    silent(asking, 2)
    shown = page(admin_client, name, asking, month="2026-11")
    assert shown.status_code == 200
    assert "<script>" not in shown.content.decode().split("</head>")[1].replace('<script src="', "")


def test_figures_are_those_of_the_filter(admin_client):
    asking = campaign()
    given(asking, 2, csat=5, segments=["vip"])
    given(asking, 1, csat=1, segments=["new"])
    silent(asking, 2, segments=["vip"])
    found = page(admin_client, "survey_results", asking, segment="vip")
    assert told(found)["csat"].figure.value == 100
    assert found.context["rate"].share == 0.5
    assert page(admin_client, "survey_results", asking).context["rate"].share == 0.6


def test_leads_see_their_departments_and_agents_their_own(client):
    department, other = DepartmentFactory(), DepartmentFactory()
    mine, theirs = (AgentFactory(departments=[department]) for _ in range(2))
    of_case(department, mine, 5)
    of_case(department, theirs, 3)
    of_case(other, None, 1)
    seen = []
    for user in (mine.user, AgentFactory(leads=[department]).user, StaffFactory(is_superuser=True)):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        found = page(client, "survey_results", after_case())
        partly = found.context["look"].is_partial
        seen.append((told(found)["csat"].n, found.context["rate"].answered, partly))
    assert seen == [(1, 1, True), (2, 2, True), (3, 3, False)]
    client.force_login(mine.user)
    asked_for = page(client, "survey_results", after_case(), agent=theirs.pk, department=department.pk)
    assert told(asked_for)["csat"].n == 0
    assert page(client, "survey_groups", after_case(), by="agent").context["breakdown"].everyone.n == 1


def test_anonymous_answers_belong_to_no_department(client):
    asking = campaign(is_anonymous=True)
    given(asking, 6)
    signed_in(client, leads=[DepartmentFactory()])
    for name in PAGES:
        assert page(client, name, asking).status_code == 403
    listed = client.get(reverse("admin:survey_all_results"))
    assert asking not in listed.context["campaigns"]


def test_whoever_works_nowhere_sees_nothing(client):
    client.force_login(StaffFactory())
    assert page(client, "survey_results", after_case()).status_code == 403
    assert client.get(reverse("admin:survey_all_results")).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_pages_take_a_constant_number_of_queries(admin_client, name):
    asking = campaign(occasion="recurring", rhythm="month")
    counts = []
    for rows in (1, 3):
        for _ in range(rows):
            given(asking, 1, csat=4, channel="app", segments=["vip"], words="很好很好", least="price")
        page(admin_client, name, asking, channel="app")
        with CaptureQueriesContext(connection) as made:
            page(admin_client, name, asking, channel="app", month="2026-11")
        counts.append(len(made))
    assert counts[0] == counts[1]
    assert counts[0] < 45


def test_only_few_campaigns_are_listed_with_answers(admin_client):
    asking = campaign()
    url = reverse("admin:survey_all_results")
    assert asking not in admin_client.get(url).context["campaigns"]
    given(asking)
    assert asking in admin_client.get(url).context["campaigns"]


def test_anonymous_files_have_no_member_and_no_rare_week(admin_client, clock):
    asking = campaign(is_anonymous=True)
    given(asking, 6, words="=1+1")
    given(asking, 5, at=T0 + timedelta(days=7), channel="app")
    clock[0] = T0 + timedelta(days=30)
    url = reverse("admin:survey_export", args=[asking.pk, "csv"])
    text = b"".join(admin_client.get(url).streaming_content).decode()
    assert "'=1+1" in text
    assert len(text.splitlines()) == 12
    SurveyTerms.objects.update_or_create(pk=1, defaults={"smallest_cell": 6})
    rare = b"".join(admin_client.get(url).streaming_content).decode()
    assert len(rare.splitlines()) == 7  # the last week is not told of yet


def test_files_hold_a_row_a_response_and_the_codebook(admin_client):
    asking = campaign()
    given(asking, 2, csat=4, what=["price", "speed"], order=["speed", "price"], parts={"box": 5, "cup": 2},
          gift={"so": 1, "not": 5}, paid="12345.67", since="2025-01-31", agree=True)  # fmt: skip
    text = b"".join(
        admin_client.get(reverse("admin:survey_export", args=[asking.pk, "csv"])).streaming_content
    ).decode()
    head, first, _second = text.splitlines()
    row = dict(zip(head.lstrip("\ufeff").split(","), first.split(","), strict=True))
    said = {code: row[code] for code in ("csat", "what", "order", "parts.cup", "gift.not", "paid", "since")}
    assert said == {
        "csat": "4", "what": "price speed", "order": "speed > price", "parts.cup": "2", "gift.not": "5",
        "paid": "12345.67", "since": "2025-01-31",
    }  # fmt: skip
    book = admin_client.get(reverse("admin:survey_codebook", args=[asking.pk, "csv"]))
    assert "parts.box parts.cup" in b"".join(book.streaming_content).decode()
    xlsx = admin_client.get(reverse("admin:survey_export", args=[asking.pk, "xlsx"]))
    assert xlsx.status_code == 200
    assert admin_client.get(reverse("admin:survey_export", args=[asking.pk, "exe"])).status_code == 404


def test_files_come_in_parts(admin_client, monkeypatch):
    from surveys.results import export

    monkeypatch.setattr(export, "MOST_ROWS", 2)
    asking = campaign()
    given(asking, 5)
    url = reverse("admin:survey_export", args=[asking.pk, "csv"])
    sizes, numbers = [], set()
    for part in range(3):
        lines = b"".join(admin_client.get(url, {"part": part}).streaming_content).decode().splitlines()[1:]
        sizes.append(len(lines))
        numbers |= {line.split(",")[0] for line in lines}
    assert sizes == [2, 2, 1]
    assert len(numbers) == 5


@pytest.mark.parametrize(
    "query",
    [{"wave": "x"}, {"wave": "9" * 30}, {"segment": "a\0b"}, {"by": "nothing"}, {"question": "none"},
     {"down": "none", "across": "none"}, {"across": "by-agent"}, {"month": "2026-13"}, {"month": "0001-01"},
     {"kano": "x"}, {"measure": "x"}, {"channel": "-"}, {"stratum": "x"}, {"part": "-1"}],
    ids=str,
)  # fmt: skip
def test_what_nobody_can_mean_breaks_nothing(admin_client, query):
    asking = campaign()
    given(asking, 1, gift={"so": 1, "not": 5}, words="很好")
    for name in (*PAGES[:1], *PAGES[2:]) if "wave" not in query else PAGES[:1]:
        assert page(admin_client, name, asking, **query).status_code == 200


@pytest.mark.req("S10")
@pytest.mark.parametrize(("few", "is_told"), [(2, False), (6, True)])
def test_response_rates_of_anonymous_parts_do_not_give_away_another(admin_client, few, is_told):
    asking = campaign(is_anonymous=True)
    for channel, answered in (("sms", 8), ("email", few)):
        silent(asking, answered, channel=channel, is_answered=True)
        silent(asking, 8, channel=channel)
    assert page(admin_client, "survey_results", asking).context["rate"].answered == 8 + few
    rate = page(admin_client, "survey_results", asking, channel="sms").context["rate"]
    assert (rate is not None) == is_told

"""What nobody types: pages refuse it, none breaks."""

import pytest
from django.test import Client
from django.urls import reverse

from config.common.asked import id_in
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.money import PointsRuleFactory
from tests.factories.questionnaires import draft, one
from tests.factories.session import browser_of
from tests.factories.surveys import after_case

pytestmark = pytest.mark.django_db

HOSTILE = ("a\x00b", "9" * 30, "9" * 5000, "٣", "-1", "0001-01-01", "9999-12-31", "<script>", "\u202e", "%")
PAGES = {
    "desk": ("view", "q", "after", "kind", "priority", "status", "due", "case"),
    "desk_news": ("since", "view"),
    "breaches": ("department", "milestone", "since", "until", "still", "after"),
    "feedback_case_changelist": ("q", "status__exact", "department", "priority__exact", "p", "o"),
    "common_event_changelist": ("q", "kind"),
    "compensation_member_changelist": ("q", "tier__id__exact"),
    "surveys_response_changelist": ("q", "campaign"),
    "figure": ("start", "end", "department", "part", "by", "key", "page"),
    "drivers": ("metric", "start", "end", "department", "by", "key"),
    "drivers_rows": ("metric", "start", "driver", "values", "page"),
    "drivers_back": ("start", "end", "department", "by", "key"),
    "drivers_back_rows": ("start", "trait", "state", "page"),
    "loyalty": ("month", "by"),
    "loyalty_members": ("month", "order", "tier", "band", "after"),
    "survey_results": ("wave", "segment", "agent", "channel", "kano"),
    "survey_trend": ("wave",),
    "survey_groups": ("question", "by", "measure"),
    "survey_crosstab": ("down", "across"),
    "survey_words": ("month",),
    "my_answers": ("in", "after"),
    "questionnaires": ("after", "state"),
    "questionnaire_builder": ("question", "section"),
    "questionnaire_compare": ("was", "now"),
    "questionnaire_preview": ("given", "at", "known", "lang"),
    "index": ("days",),
    "sop": ("kind", "channel", "priority", "tier", "department"),
}

RESULTS = [name for name in PAGES if name.startswith("survey_")]


@pytest.fixture
def browser():
    client = Client(raise_request_exception=False)
    user = AgentFactory(departments=[DepartmentFactory()], user=StaffFactory(is_superuser=True)).user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("text", ["", None, "x", "-1", "1.5", "٣", "1\0", "9" * 19, "9" * 5000])
def test_no_row_has_such_a_number(text):
    assert id_in(text) is None


def test_a_row_has_a_number():
    assert id_in("17") == 17


@pytest.mark.parametrize("name", PAGES)
def test_no_page_breaks(browser, name):
    args = {"figure": ["csat"], **{page: [after_case().pk] for page in RESULTS}}.get(name, [])
    if name.startswith("questionnaire_"):
        version = draft(one("csat"))
        args = [version.pk if name == "questionnaire_preview" else version.survey_id]
    path = reverse(f"admin:{name}", args=args)
    for field in PAGES[name]:
        for text in HOSTILE:
            status = browser.get(path, {field: text}).status_code
            assert status < 500, (field, text[:20])
    if name == "breaches":
        assert browser.get(path, {"since": "0001-01-01", "until": "9999-12-31"}).status_code == 400


@pytest.mark.parametrize(
    ("move", "field"),
    [
        ("reply", "body"),
        ("reply", "key"),
        ("note", "key"),
        ("grant", "reason"),
        ("grant", "key"),
        ("grant", "points"),
    ],
)
def test_no_move_breaks(browser, move, field):
    case, _rule = CaseFactory(), PointsRuleFactory()
    usual = {"body": "x", "reason": "x", "kind": "points", "points": "1", "key": "k"}
    path = reverse("admin:case_act", args=[case.pk, move])
    for text in HOSTILE:
        assert browser.post(path, {**usual, field: text}).status_code < 500, text[:20]


def test_the_member_may_come_from_no_order_that_there_is():
    member = browser_of(MemberFactory())
    for text in HOSTILE:
        assert member.get(reverse("portal:complain"), {"order": text}).status_code == 200

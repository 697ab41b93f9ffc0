"""The base of the staff's pages."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.admin import site
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse
from django.utils import translation
from django_htmx.middleware import HtmxDetails

from config.common import screens
from config.common.registry import PAGES, Page
from config.common.templatetags import staff
from tests.factories.common import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of(rf: RequestFactory):
    def make(user, **headers):
        request = rf.get("/admin/", headers=headers)
        request.user = user
        request.htmx = HtmxDetails(request)
        return request

    return make


def test_page_runs_no_inline_script_or_style(request_of):
    response = screens.page(request_of(UserFactory(is_superuser=True)), "staff/base.html", {})
    policy = response["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    text = response.content.decode()
    assert "style=" not in text
    assert "onclick" not in text


def test_pages_on_the_list_ask_for_a_signed_in_member_of_staff(monkeypatch, request_of):
    monkeypatch.setattr("config.admin.PAGES", [Page("here/", lambda _request: HttpResponse("in"), "here")])
    (here,) = site.extra_urls()
    assert here.callback(request_of(UserFactory())).content == b"in"
    assert here.callback(request_of(UserFactory(is_staff=False))).status_code == 302


def test_a_page_of_the_administration_lists_the_models_once(monkeypatch, client):
    real, made = site._build_app_dict, []
    monkeypatch.setattr(site, "_build_app_dict", lambda *words: made.append(words) or real(*words))
    client.force_login(UserFactory(is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    for _request in range(2):
        made.clear()
        response = client.get(reverse("admin:common_user_changelist"))
        assert response.status_code == 200
        assert len(made) == 1


def test_registered_pages_have_names_of_their_own():
    names = [page.name for page in PAGES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 s", "0 秒"),
        (59.9, "59 s", "59 秒"),
        (60, "1 min", "1 分"),
        (-61, "1 min", "1 分"),
        (3600, "1 h", "1 小时"),
        (3900, "1 h 5 min", "1 小时 5 分"),
        (86_400, "1 d", "1 天"),
        (90_000, "1 d 1 h", "1 天 1 小时"),
    ],
)
def test_span_says_its_two_largest_units(seconds, english, chinese):
    with translation.override("en"):
        assert staff.span(timedelta(seconds=seconds)) == english
    with translation.override("zh-hans"):
        assert staff.span(seconds) == chinese


@time_machine.travel(datetime(2026, 11, 21, 4, 0, tzinfo=UTC))
def test_moment_is_as_short_as_it_stays_clear():
    assert staff.moment(datetime(2026, 11, 21, 1, 5, tzinfo=UTC)) == "09:05"
    assert staff.moment(datetime(2026, 11, 20, 1, 5, tzinfo=UTC)) == "11-20 09:05"
    assert staff.moment(datetime(2025, 11, 20, 1, 5, tzinfo=UTC)) == "2025-11-20 09:05"
    assert staff.moment(None) == staff.exact(None) == staff.ms(None) == ""

"""The menu of staff: what stands in it, for whom, and what it costs."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from config.admin import sidebar
from config.common import menu
from config.common.models import User
from config.common.registry import MENU, MenuItem
from feedback.defaults.roles import ROLES, seed_roles
from feedback.models import Alert
from tests.factories.common import UserFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of(rf):
    def make(user, path="/admin/password_change/"):
        request = rf.get(path)
        request.user = user
        return request

    return make


@pytest.fixture
def items(monkeypatch):
    def use(*made):
        monkeypatch.setattr(menu, "MENU", list(made))

    return use


def hrefs(links):
    return [link.href for link in links]


def places(*names):
    return [reverse(f"admin:{name}") for name in names]


def test_menu_shows_only_what_one_may_open(items, request_of):
    items(MenuItem("Password", "password_change", "key", ("common.view_event",), rank=1))
    made = menu.menu_for(request_of(UserFactory()))
    assert made.bar == []
    assert [hrefs(group.links) for group in made.groups] == [places("index")]
    made = menu.menu_for(request_of(UserFactory(is_superuser=True)))
    assert hrefs(made.bar) == places("password_change")
    assert [hrefs(group.links) for group in made.groups] == [places("password_change"), places("index")]


def test_sidebar_has_the_same_groups_without_the_lists_that_it_has_anyhow(items, request_of):
    items(
        MenuItem("Board", "board", "key", group="lead"),
        MenuItem("Members", "compensation_member_changelist", "key", group="customers"),
    )
    groups = sidebar(request_of(UserFactory(is_superuser=True)))
    assert [item["link"] for item in groups[0]["items"]] == places("board")
    links = [item["link"] for group in groups for item in group["items"]]
    assert links.count(reverse("admin:compensation_member_changelist")) == 1


def test_most_used_pages_stand_in_the_bar(items, request_of):
    pages = ("desk", "chats", "board", "alerts", "knowledge", "approvals", "quality", "quality_mine")
    items(*(MenuItem(page, page, "key", rank=rank) for rank, page in enumerate(pages)))
    made = menu.menu_for(request_of(UserFactory()))
    assert hrefs(made.bar) == places("quality_mine", "quality", "approvals", "knowledge", "alerts", "board")
    assert [len(group.links) for group in made.groups] == [8, 1]


def test_counts_come_in_one_query_and_only_of_what_one_sees(items, request_of, django_assert_num_queries):
    UserFactory.create_batch(2)
    items(
        MenuItem("A", "desk", "key", waiting=lambda _user: User.objects.all(), rank=1),
        MenuItem("B", "board", "key", waiting=lambda user: User.objects.filter(pk=user.pk)),
        MenuItem("C", "chats", "key", ("common.view_event",), waiting=lambda _user: 1 / 0),
    )
    user = UserFactory()
    asks = request_of(user)
    user.has_perm("common.view_event")  # what one may is asked once a request
    with django_assert_num_queries(1):
        made = menu.menu_for(asks)
    assert [link.shown for link in made.groups[0].links] == ["3", "1"]
    assert [link.shown for link in made.bar] == ["3"]
    assert (made.shown, made.beyond_bar) == ("4", "1")


@pytest.mark.parametrize(("count", "text"), [(0, ""), (1, "1"), (99, "99"), (100, "99+"), (170, "99+")])
def test_count_is_short(count, text):
    assert menu.written(count) == text


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/admin/desk/", ["page", "", ""]),
        ("/admin/quality/12/", ["", "true", ""]),
        ("/admin/quality/mine/", ["", "", "page"]),
        ("/admin/case/3/", ["", "", ""]),
    ],
)
def test_current_page_is_marked(items, request_of, path, current):
    items(*(MenuItem(page, page, "key") for page in ("desk", "quality", "quality_mine")))
    made = menu.menu_for(request_of(UserFactory(), path))
    assert [link.current for link in made.groups[0].links] == current
    assert made.groups[1].links[0].current == ""


def test_index_is_current_only_itself(items, request_of):
    items()
    assert menu.menu_for(request_of(UserFactory(), "/admin/")).groups[0].links[0].current == "page"


def test_every_page_is_there_and_stands_below_a_heading():
    assert all(reverse(f"admin:{item.page}") for item in MENU)
    assert {item.group for item in MENU} <= set(menu.GROUPS)
    assert len({item.page for item in MENU}) == len(MENU)


@pytest.mark.parametrize(
    ("role", "first"),
    [
        ("agent", ["desk", "alerts", "chats", "knowledge"]),
        ("supervisor", ["desk", "alerts", "board", "chats", "approvals", "breaches"]),
        ("finance", ["approvals", "remedy_requests"]),
        ("analyst", ["board", "breaches"]),
    ],
)
def test_each_role_has_its_own_work_first(request_of, role, first):
    seed_roles(timezone.now())
    user = UserFactory()
    user.groups.add(Group.objects.get(name=ROLES[role].name))
    bar = hrefs(menu.menu_for(request_of(user)).bar)
    assert [href for href in bar if href in places(*first)] == places(*first)


@pytest.mark.parametrize("path", ["/admin/alerts/", "/admin/history/"])
def test_menu_of_a_supervisor_costs_one_query_and_the_place(client, path):
    """Whether much waits or nothing: the counts are one statement; place and tree are looked up once."""
    above = DepartmentFactory()
    agent = AgentFactory(user=StaffFactory(role="supervisor"), leads=[above])
    client.force_login(agent.user, "django.contrib.auth.backends.ModelBackend")
    client.get(path)

    def asked():
        with CaptureQueriesContext(connection) as made:
            page = client.get(path)
        texts = [query["sql"] for query in made]
        return page.context["menu"], [
            text for text in texts if "AS listed" in text or "_membership" in text or "_department" in text
        ]

    shown, queries = asked()
    assert shown.shown == ""
    assert sum("AS listed" in query for query in queries) == 1
    assert sum('AS "is_lead"' in query for query in queries) == 1
    assert sum('FROM "feedback_department" ' in f"{query} " for query in queries) <= 2
    before = len(queries)
    Alert.objects.create(key="one", user=agent.user, case=CaseFactory(), kind="other", at=timezone.now())
    DepartmentFactory(parent=above)
    shown, queries = asked()
    assert shown.shown == "1"
    assert len(queries) == before


def test_menu_in_chinese_and_english(client):
    client.force_login(StaffFactory(is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    for language, heading in (("zh-hans", "督导"), ("en", "Supervision")):
        with translation.override(language):
            client.cookies["django_language"] = language
            assert f">{heading}</h2>" in client.get("/admin/alerts/").content.decode()

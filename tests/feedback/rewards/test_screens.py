"""Rewards on the pages of staff and members, and by API."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from compensation.ledger.queries import balance
from feedback.defaults.reviews import seed_rewards
from feedback.models import Review, ReviewPick, ReviewStatus, RewardRule
from feedback.rewards import commands, following
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import ReviewFactory
from tests.factories.reviews import house, received
from tests.factories.rewards import LONG, review, rule
from tests.factories.session import browser_of, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("F18")]
DAY = timedelta(days=1)
RULES = "/admin/feedback/rewardrule/"
FORM = {
    "name": "写得详细", "name_en": "Detailed", "code": "detailed", "words": "", "words_en": "",
    "about": "first", "length_from": "30", "pictures_from": "0", "dimensions_from": "0", "votes_from": "0",
    "after_days": "0",
    "asks_purchase": "on", "points": "10", "template": "", "month_limit": "5", "department": "",
    "starts_at_0": "2026-01-01", "starts_at_1": "00:00:00", "position": "1", "is_active": "on",
}  # fmt: skip


def text(response):
    return response.content.decode()


def test_a_rule_is_made_in_the_admin(admin_client):
    assert admin_client.get(f"{RULES}add/").status_code == 200
    assert admin_client.post(f"{RULES}add/", FORM).status_code == 302
    made = RewardRule.objects.get()
    assert (made.length_from, made.points, made.is_active) == (30, 10, True)
    assert admin_client.get(f"{RULES}{made.pk}/change/").status_code == 200
    assert admin_client.get(RULES).status_code == 200
    assert admin_client.get(f"{RULES}{made.pk}/delete/").status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "五星好评返现"},
        {"words_en": "Give us five stars"},
        {"stars_from": "5"},
        {"sentiment": "good"},
    ],
)
def test_a_rule_for_praise_is_refused_by_the_form_with_the_law(admin_client, sent):
    said = admin_client.post(f"{RULES}add/", {**FORM, **sent})
    assert said.status_code == 200
    assert "反不正当竞争法" in text(said).replace(text(admin_client.get(f"{RULES}add/")), "")
    assert text(said).count("第十七条") > text(admin_client.get(f"{RULES}add/")).count("第十七条")
    assert not RewardRule.objects.exists()


def test_a_rule_without_a_condition_is_refused_by_the_form(admin_client):
    assert admin_client.post(f"{RULES}add/", {**FORM, "length_from": "0"}).status_code == 200
    assert not RewardRule.objects.exists()


def test_the_preview_shows_what_the_form_says(admin_client):
    rule(is_active=False)
    review(written_at=timezone.now(), stars=2)
    said = text(admin_client.post(f"{RULES}preview/", {**FORM, "code": "", "name": ""}))
    assert "<table" in said
    assert LONG[:10] in said
    said = text(admin_client.post(f"{RULES}preview/", {**FORM, "name": "好评返现"}))
    assert "<table" not in said
    assert "反不正当竞争法" in said


def test_lists_ask_the_same_for_one_row_and_three(admin_client):
    def asked(path):
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert admin_client.get(path).status_code == 200
        return len(found)

    def one_more():
        rule()
        following.sweep(at=T0 + DAY)
        review()
        following.sweep(at=T0 + DAY)

    one_more()
    paths = [RULES, "/admin/feedback/reviewreward/"]
    for path in paths:
        asked(path)
    first = [asked(path) for path in paths]
    one_more()
    one_more()
    assert [asked(path) for path in paths] == first


def test_a_moderator_publishes_and_picks_in_one_go(admin_client):
    house()
    rule(length_from=0, asks_pick=True)
    one = review(status=ReviewStatus.HELD)
    address = reverse("admin:moderation_decide", args=[one.pk])
    assert admin_client.post(address, {"verdict": "publish", "pick": "yes"}).status_code == 302
    assert following.sweep(at=timezone.now()) == 1
    assert balance(one.member) == 20


def test_who_may_not_pick_publishes_only(client):
    house()
    user = UserFactory(is_staff=True)
    from_role = [("feedback", "moderate_review")]

    for app, name in from_role:
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=name))
    client.force_login(user)
    one = review(status=ReviewStatus.HELD)
    address = reverse("admin:moderation_decide", args=[one.pk])
    assert client.post(address, {"verdict": "publish", "pick": "yes"}).status_code == 302
    assert not ReviewPick.objects.exists()
    assert client.post(reverse("admin:review_pick", args=[one.pk])).status_code == 403


def test_a_review_is_picked_on_its_page_and_in_the_list(admin_client):
    one, other, held = review(), review(), review(status=ReviewStatus.HELD)
    page = reverse("admin:feedback_review_change", args=[one.pk])
    assert reverse("admin:review_pick", args=[one.pk]) in text(admin_client.get(page))
    assert admin_client.post(reverse("admin:review_pick", args=[one.pk])).status_code == 302
    assert reverse("admin:review_pick", args=[one.pk]) not in text(admin_client.get(page))
    chosen = {"action": "pick_selected", "_selected_action": [one.pk, other.pk, held.pk]}
    said = admin_client.post(reverse("admin:feedback_review_changelist"), chosen, follow=True)
    assert held.external_id in text(said)
    assert set(ReviewPick.objects.values_list("review", flat=True)) == {one.pk, other.pk}
    assert admin_client.post(reverse("admin:review_pick", args=[0])).status_code == 404


def test_fairness_shows_whether_rewards_lean(admin_client):
    at = timezone.now()
    for number in range(12):
        ReviewFactory(stars=5 if number % 2 else 1, written_at=at, is_rewarded=bool(number % 2))
    said = text(admin_client.get("/admin/moderation/fairness/"))
    assert "100.0 %" in said
    assert said.count("banner is-bad") == 1
    Review.objects.update(is_rewarded=True)
    assert "banner is-bad" not in text(admin_client.get("/admin/moderation/fairness/"))


def test_members_see_what_is_offered_before_they_write_and_what_it_earned(client):
    house()
    seed_rewards(T0)
    member = MemberFactory(language="en")
    line = received(at=timezone.now() - DAY, member=member)[0]
    browser = browser_of(member)
    new = text(browser.get(f"/portal/reviews/new/{line.pk}/"))
    with translation.override("en"):
        assert "at least 30 characters" in new
    one = review(order_line=line, member=member)
    rule(code="mine")
    commands.settle(review_id=one.pk, at=T0 + DAY)
    page = text(browser.get(f"/portal/reviews/{one.pk}/"))
    assert 'id="earned"' in page
    token = {"HTTP_AUTHORIZATION": f"Bearer {token_of(member)}"}
    told = client.get("/api/v1/reviews/rewards/", **token).json()
    assert len(told["offers"]) == 6
    assert [(row["review"], row["is_taken_back"]) for row in told["earned"]] == [(one.pk, False)]
    other = {"HTTP_AUTHORIZATION": f"Bearer {token_of(MemberFactory())}"}
    assert client.get("/api/v1/reviews/rewards/", **other).json()["earned"] == []
    public = client.get(f"/api/v1/products/{one.product.external_id}/reviews/", **other).json()
    assert [row["is_rewarded"] for row in public["results"]] == [True]


def test_staff_keep_rules_by_api_and_none_for_stars(admin_client):
    rule()
    address = "/api/v1/staff/reward-rules/"
    good = {"code": "video", "name": "带视频", "asks_video": True, "points": 30}
    made = admin_client.post(address, good, content_type="application/json")
    assert made.status_code == 201, made.content
    for bad in ({"stars": 5}, {"min_stars": 1}, {"sentiment": "good"}, {"name": "五星好评"}):
        said = admin_client.post(address, {**good, "code": "x", **bad}, content_type="application/json")
        assert (said.status_code, said.json()["code"]) == (400, "unlawful_reward")
    one = f"{address}{made.json()['id']}/"
    for bad in ({"name": "好评"}, {"stars": 4}):
        assert admin_client.patch(one, bad, content_type="application/json").status_code == 400
    assert admin_client.patch(one, {"points": None}, content_type="application/json").status_code == 400
    assert admin_client.patch(one, {"points": 40}, content_type="application/json").json()["points"] == 40
    assert len(admin_client.get(address).json()) == 2
    assert admin_client.get(f"{one}preview/").json()["rewarded"] == 0
    assert admin_client.get(f"{address}0/preview/").status_code == 404
    assert RewardRule.objects.get(code="video").name == "带视频"


def test_staff_pick_by_api(admin_client):
    one, held = review(), review(status=ReviewStatus.HELD)
    assert admin_client.put(f"/api/v1/staff/reviews/{one.pk}/pick/").status_code == 204
    assert admin_client.put(f"/api/v1/staff/reviews/{one.pk}/pick/").status_code == 204
    assert admin_client.put(f"/api/v1/staff/reviews/{held.pk}/pick/").status_code == 409
    assert admin_client.put("/api/v1/staff/reviews/0/pick/").status_code == 404

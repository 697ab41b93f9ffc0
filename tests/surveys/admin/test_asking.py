from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.models import Event
from surveys.admin import asking
from surveys.admin.campaigns import STANDS
from surveys.campaigns import commands
from surveys.invitations.commands import ask
from surveys.models import Campaign, CampaignWording, Invitation, SurveyTerms, Waiting
from tests.factories.care import SegmentFactory
from tests.factories.compensation import T0, MemberFactory
from tests.factories.surveys import NOW, drafted, questionnaire, running

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1")]

CHANGES = "/admin/surveys/campaign/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(asking.timezone, "now", lambda: NOW)


def typed(**fields):
    rows = fields.pop("rows", [])
    sent = {
        "code": "spring", "name": "春季", "name_en": "", "survey": questionnaire().pk, "occasion": "once",
        "rhythm": "month", "holdout": "0", "delay_hours": "0", "within_days": "7", "valid_days": "14",
        "remind_days": "7,3", "rest_days": "0", "channels_0": "sms", "channels_1": "", "channels_2": "email",
        "channels_3": "sms", "channels_4": "", "follow_up_priority": "2",
        "strata-TOTAL_FORMS": str(len(rows)), "strata-INITIAL_FORMS": "0",
        "wordings-TOTAL_FORMS": "0", "wordings-INITIAL_FORMS": "0",
    }  # fmt: skip
    for number, (position, segment, share) in enumerate(rows):
        sent |= {
            f"strata-{number}-position": position, f"strata-{number}-name": f"s{number}",
            f"strata-{number}-segment": segment, f"strata-{number}-share": share,
        }  # fmt: skip
    return sent | fields


def test_a_draft_is_typed_in(admin_client):
    north = SegmentFactory()
    answer = admin_client.post(f"{CHANGES}add/", typed(rows=[(1, north.pk, 50), (2, "", 10)]))
    assert answer.status_code == 302
    campaign = Campaign.objects.get()
    assert (campaign.channels, campaign.remind_days) == (["sms", "email"], [3, 7])
    assert campaign.rhythm == ""  # it comes once
    assert campaign.strata.count() == 2
    page = admin_client.get(f"{CHANGES}{campaign.pk}/change/").content.decode()
    assert "春季" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"occasion": "recurring", "rhythm": ""},
        {"holdout": "60"},
        {"remind_days": "14"},
        {"remind_days": "1,2,3"},
        {"remind_days": "x"},
        {"channels_0": "fax"},
        {"valid_days": "0"},
        {"rows": [(1, "", 50), (2, "north", 10)]},
        {"rows": [(1, "north", 50), (2, "north", 10)]},
        {"rows": [(1, "north", 50), (1, "", 10)]},
        {"rows": [(1, "north", 101)]},
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(admin_client, wrong):
    north = SegmentFactory()
    wrong = dict(wrong)
    if "rows" in wrong:
        wrong["rows"] = [(p, north.pk if s else "", share) for p, s, share in wrong["rows"]]
    assert admin_client.post(f"{CHANGES}add/", typed(**wrong)).status_code == 200
    assert not Campaign.objects.exists()


def test_strata_stay_once_launched_and_wordings_do_not(admin_client):
    campaign = running(strata=[(None, 50)])
    page = admin_client.get(f"{CHANGES}{campaign.pk}/change/").content.decode()
    assert 'name="strata-0-share"' not in page
    assert 'name="wordings-TOTAL_FORMS"' in page


@pytest.mark.parametrize(("occasion", "is_there"), [("once", True), ("open", False)])
def test_what_an_occasion_uses_is_there_once_it_stands(admin_client, occasion, is_there):
    campaign = running(occasion=occasion)
    page = admin_client.get(f"{CHANGES}{campaign.pk}/change/").content.decode()
    assert ("field-holdout" in page) is is_there
    assert ("field-channels" in page) is is_there
    assert "field-quota" in page
    assert "field-rhythm" not in page


def test_the_list_says_what_the_page_of_a_campaign_is_for(admin_client):
    campaign = running()
    for state, say in STANDS.items():
        Campaign.objects.filter(pk=campaign.pk).update(state=state)
        assert str(say) in admin_client.get(CHANGES).content.decode()


def test_a_wording_with_a_placeholder_that_has_no_value_is_refused(admin_client):
    wording = {
        "wordings-TOTAL_FORMS": "1", "wordings-0-channel": "sms", "wordings-0-title": "{answer:csat}",
    }  # fmt: skip
    assert admin_client.post(f"{CHANGES}add/", typed(**wording)).status_code == 200
    assert not Campaign.objects.exists()
    wording["wordings-0-title"] = "{member|您好}"
    assert admin_client.post(f"{CHANGES}add/", typed(**wording)).status_code == 302


def test_the_page_of_a_campaign_counts_and_launches(admin_client):
    MemberFactory()
    campaign = drafted(strata=[(SegmentFactory(filters={"region": "北京"}), 50)])
    path = reverse("admin:survey_campaign", args=[campaign.pk])
    assert admin_client.get(path).status_code == 200
    counted = admin_client.get(reverse("admin:survey_count", args=[campaign.pk])).content.decode()
    assert "asking-total" in counted
    for what, state in (("launch", "running"), ("pause", "paused"), ("launch", "running"), ("end", "ended")):
        admin_client.post(reverse("admin:survey_move", args=[campaign.pk, what]))
        campaign.refresh_from_db()
        assert campaign.state == state
        assert admin_client.get(path).status_code == 200
    admin_client.post(reverse("admin:survey_move", args=[campaign.pk, "launch"]))
    campaign.refresh_from_db()
    assert campaign.state == "ended"
    assert admin_client.post(reverse("admin:survey_move", args=[campaign.pk, "delete"])).status_code == 404


def test_a_count_that_cannot_be_made_says_why(admin_client):
    campaign = drafted(segment=SegmentFactory(filters={"shoe_size": "42"}))
    page = admin_client.get(reverse("admin:survey_count", args=[campaign.pk]))
    assert (page.status_code, b"banner is-bad" in page.content) == (200, True)


def test_messages_are_shown_by_channel_and_language(admin_client):
    campaign = drafted(channels=["email", "sms"], remind_days=[3])
    CampaignWording.objects.create(
        campaign=campaign, channel="sms", title="{member|您好}，<b>一分钟</b>", title_en="{member|Hello}"
    )
    member = MemberFactory(name="王女士")
    path = reverse("admin:survey_messages", args=[campaign.pk])
    page = admin_client.get(path).content.decode()
    assert "您好，&lt;b&gt;" in page
    assert "Hello" in page
    assert "王女士，" in admin_client.get(path, {"member": member.external_id}).content.decode()
    assert admin_client.get(path, {"member": "无" * 90}).status_code == 200


def test_terms_are_kept_with_their_event(admin_client):
    path = reverse("admin:survey_terms")
    good = {
        "most": 3, "days": 40, "quiet_from": "22:00", "quiet_until": "08:00", "told_at": "18:00", "few": 20,
        "smallest_cell": 6,
    }  # fmt: skip
    assert admin_client.post(path, good).status_code == 302
    assert SurveyTerms.objects.get().most == 3
    assert Event.objects.get(kind="surveyterms.saved").data["few"] == 20
    refused = (
        {"most": 0},
        {"days": 0},
        {"few": 1},
        {"smallest_cell": 1},
        {"quiet_from": "x"},
        {"told_at": ""},
    )
    for wrong in refused:
        assert admin_client.post(path, good | wrong).status_code == 400
    assert admin_client.get(path).status_code == 200


def test_keeping_the_terms_leaves_alone_how_far_results_were_told_meanwhile():
    SurveyTerms.objects.create(pk=1)
    read = SurveyTerms.objects.get()
    SurveyTerms.objects.update(told_upto=T0)
    read.most = 4
    commands.save_terms(terms=read, actor=None, at=T0)
    kept = SurveyTerms.objects.get()
    assert (kept.most, kept.told_upto) == (4, T0)


def test_who_was_asked_and_who_was_not_can_be_found(admin_client):
    asked, silent = MemberFactory(), MemberFactory(phone="")
    campaign = running()
    ask(at=NOW)
    wave = campaign.waves.get()
    found = admin_client.get(
        "/admin/surveys/invitation/", {"campaign": campaign.pk, "in_wave": wave.pk, "q": asked.external_id}
    ).content.decode()
    assert asked.name in found
    skips = admin_client.get("/admin/surveys/skip/", {"in_wave": wave.pk}).content.decode()
    assert silent.name in skips
    assert asked.name not in skips
    assert admin_client.get("/admin/surveys/skip/", {"in_wave": "x", "campaign": "9" * 40}).status_code == 200
    Waiting.objects.create(wave=wave, member=asked, key="order:1", happened_at=NOW, due_at=NOW)
    for member in (asked, silent):
        page = admin_client.get(reverse("admin:survey_member", args=[member.pk])).content.decode()
        assert str(wave) in page
    one = Invitation.objects.get()
    assert admin_client.get(f"/admin/surveys/invitation/{one.pk}/change/").status_code == 200


def test_nobody_sees_who_answered_an_anonymous_survey(admin_client):
    member = MemberFactory()
    running(is_anonymous=True)
    ask(at=NOW)
    pages = [
        "/admin/surveys/invitation/", reverse("admin:survey_member", args=[member.pk]),
        f"/admin/surveys/invitation/{Invitation.objects.get().pk}/change/",
    ]  # fmt: skip
    before = [admin_client.get(page).content.count("未".encode()) for page in pages]
    Invitation.objects.update(is_answered=True)
    assert [admin_client.get(page).content.count("未".encode()) for page in pages] == before


def test_the_pages_take_a_constant_number_of_queries(admin_client):
    campaign = running(occasion="recurring", rhythm="month")
    member = MemberFactory()
    pages = [
        reverse("admin:survey_campaign", args=[campaign.pk]),
        reverse("admin:survey_member", args=[member.pk]),
        "/admin/surveys/invitation/", "/admin/surveys/skip/",
    ]  # fmt: skip
    counts = []
    for months in (1, 3):
        for _ in range(months):
            MemberFactory(phone="")
        for number in range(months):
            ask(at=NOW + timedelta(days=31 * number))
        with CaptureQueriesContext(connection) as made:
            for page in pages:
                admin_client.get(page)
        counts.append(len(made))
    assert counts[0] == counts[1]


def test_a_campaign_with_waves_is_not_deleted(admin_client):
    campaign = running()
    MemberFactory()
    ask(at=NOW)
    assert admin_client.post(f"{CHANGES}{campaign.pk}/delete/", {"post": "yes"}).status_code == 403
    commands.end(campaign_id=campaign.pk, actor=None, at=NOW)

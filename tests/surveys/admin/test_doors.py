"""The staff's pages of an open campaign: its link and pop-up, paper forms by table and by hand."""

import pytest
from django.urls import reverse

from surveys.models import Door, Occasion, PaperFile, Response
from tests.factories.answering import all_kinds
from tests.factories.feedback import StaffFactory
from tests.factories.questionnaires import launched
from tests.surveys.responses.test_paper import FORM, as_csv

pytestmark = [pytest.mark.django_db, pytest.mark.req("S4")]


@pytest.fixture
def campaign():
    return all_kinds(occasion=Occasion.OPEN)


@pytest.fixture
def staff(client):
    client.force_login(StaffFactory(is_superuser=True))
    return client


def url(name, campaign):
    return reverse(f"admin:{name}", args=[campaign.pk])


def test_the_link_and_the_script_are_there_to_copy(staff, campaign):
    page = staff.get(url("survey_door", campaign)).content.decode()
    assert f"/o/{Door.objects.get().key}/pop-up.js" in page


def test_sites_are_kept_as_browsers_name_them_and_nonsense_is_refused(staff, campaign):
    sent = {"sites": "https://Shop.example.com/x\n", "after_seconds": 5, "share": 50, "again_days": 7}
    assert staff.post(url("survey_door", campaign), sent).status_code == 302
    door = Door.objects.get()
    assert (door.origins, door.share) == (["https://shop.example.com"], 50)
    for wrong in ({"sites": "https://*"}, {"share": 0}, {"share": 101}, {"again_days": 0}):
        assert staff.post(url("survey_door", campaign), {**sent, **wrong}).status_code == 400
    assert Door.objects.get().origins == ["https://shop.example.com"]


def test_another_address(staff, campaign):
    staff.get(url("survey_door", campaign))
    old = Door.objects.get().key
    staff.post(url("survey_door", campaign), {"new_key": "1"})
    assert Door.objects.get().key != old


def test_a_table_is_looked_over_and_taken(staff, campaign):
    path = url("survey_paper", campaign)
    assert b"csat" in staff.get(path).content
    looked = staff.post(path, {"look": "1", "file": as_csv(campaign, FORM)})
    assert (looked.status_code, Response.objects.count()) == (200, 0)
    bad = staff.post(path, {"take": "1", "file": as_csv(campaign, {**FORM, "csat": "9"})})
    assert (bad.status_code, Response.objects.count()) == (200, 0)
    assert staff.post(path, {"take": "1", "file": as_csv(campaign, FORM)}).status_code == 302
    assert (PaperFile.objects.count(), Response.objects.count()) == (1, 1)
    assert staff.post(path, {"take": "1", "file": as_csv(campaign, FORM)}).status_code == 400
    assert staff.post(path, {"take": "1"}).status_code == 400
    assert b"forms.csv" in staff.get(path).content


def test_a_form_is_typed(staff, campaign):
    path = url("survey_paper_form", campaign)
    assert staff.get(path).status_code == 200
    wrong = staff.post(path, {"number": "7", "q-csat": "", "q-text": "typed"})
    assert (wrong.status_code, b"typed" in wrong.content) == (400, True)
    assert staff.post(path, {"number": "7", "q-csat": "5", "member": "nobody"}).status_code == 400
    assert staff.post(path, {"number": "7", "q-csat": "5"}).status_code == 302
    assert staff.post(path, {"number": "7", "q-csat": "5"}).status_code == 400
    assert Response.objects.count() == 1


def test_campaigns_that_ask_by_name_have_no_such_pages(staff):
    for name in ("survey_door", "survey_paper", "survey_paper_form"):
        assert staff.get(url(name, launched())).status_code == 404


def test_others_do_not_get_there(client, campaign):
    client.force_login(StaffFactory(role="agent"))
    for name in ("survey_door", "survey_paper", "survey_paper_form"):
        assert client.get(url(name, campaign)).status_code == 403

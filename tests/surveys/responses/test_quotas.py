"""As many answers as were wanted, and not one more, however many come at once."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from surveys.campaigns.waves import wave_at
from surveys.models import Answer, Draft, Invitation, Response, Stratum, Tally, WaveCell
from surveys.responses.commands import QuotaFull, answer
from surveys.results.sums import catch_up
from tests.factories.compensation import T0
from tests.factories.questionnaires import invitation, launched
from tests.factories.surveys import token_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1")]


def give(asked):
    return answer(token=token_of(asked), answers={"csat": 5}, at=T0)


def test_when_enough_have_answered_the_next_is_thanked_and_nothing_is_kept():
    campaign = launched(quota=1)
    first, second = invitation(campaign), invitation(campaign)
    give(first)
    with pytest.raises(QuotaFull):
        give(second)
    second.refresh_from_db()
    assert not second.is_answered  # if the quota is raised they may
    assert Response.objects.count() == 1
    WaveCell.objects.update(quota=2)
    give(second)


def test_a_stratum_has_its_own_quota_within_the_whole():
    campaign = launched(quota=3)
    new = Stratum.objects.create(campaign=campaign, position=1, name="新", quota=1)
    other = Stratum.objects.create(campaign=campaign, position=2, name="其余")
    wave = wave_at(campaign, T0)
    assert set(wave.cells.values_list("stratum", "quota")) == {(None, 3), (new.pk, 1)}
    give(invitation(campaign, stratum=new))
    with pytest.raises(QuotaFull):
        give(invitation(campaign, stratum=new))
    for _n in range(2):
        give(invitation(campaign, stratum=other))
    with pytest.raises(QuotaFull):
        give(invitation(campaign, stratum=other))
    assert set(wave.cells.values_list("stratum", "answered")) == {(None, 3), (new.pk, 1)}


def test_the_database_takes_no_more_either():
    campaign = launched(quota=1)
    give(invitation(campaign))
    with pytest.raises(IntegrityError), transaction.atomic():
        WaveCell.objects.update(answered=2)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_as_many_count_as_are_wanted():
    campaign = launched(quota=15)
    asked = [invitation(campaign) for _n in range(60)]
    results = at_once(*[lambda one=one: give(one) for one in asked])
    assert [type(error) for error in refused(results)] == [QuotaFull] * 45
    assert Response.objects.count() == WaveCell.objects.get().answered == 15
    assert Invitation.objects.filter(is_answered=True).count() == 15


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_of_two_hundred_answers_fifty_count_and_the_others_are_thanked():
    """By HTTP, as members send them, twenty at a time; nobody's words are lost."""
    campaign = launched(quota=50)
    asked = [invitation(campaign) for _n in range(200)]

    def post(one):
        return Client().post(reverse("surveys:answer", args=[token_of(one)]), {"q-csat": "5"})

    results = at_once(*[lambda at=at: [post(one) for one in asked[at::20]] for at in range(20)])
    assert not refused(results)
    pages = [page for pages in results for page in pages]
    thanked = [page for page in pages if page.status_code == 302]
    others = [page.content.decode() for page in pages if page.status_code == 400]
    assert (len(thanked), len(others)) == (50, 150)
    with override("zh-hans"):
        assert all(f'role="alert">{QuotaFull.default}<' in page for page in others)
    assert Response.objects.count() == WaveCell.objects.get().answered == 50
    assert Answer.objects.filter(score=5).count() == 50
    assert Invitation.objects.filter(is_answered=True).count() == 50
    kept = Draft.objects.filter(invitation__is_answered=False)  # if the quota is raised they may go on
    assert list(kept.values_list("answers", flat=True)) == [{"csat": "5"}] * 150
    catch_up()
    assert Tally.objects.get(dimension="", question=None, row="").counts == {"": 50}

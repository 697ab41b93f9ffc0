import pytest

from compensation.defaults import segments
from config.common.errors import Invalid, MoveNotAllowed
from config.common.models import Event
from surveys.campaigns import commands
from surveys.defaults import campaigns
from surveys.models import Campaign, Occasion, Question, QuestionKind, Survey
from surveys.questionnaires import commands as questionnaires
from tests.factories.compensation import T0
from tests.factories.questionnaires import one, published
from tests.factories.surveys import NOW, after_case

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1")]


def test_defaults_ship_once_and_edits_stay():
    campaign = after_case()
    assert list(Question.objects.values_list("code", flat=True)) == ["csat", "ces", "words"]
    Campaign.objects.update(within_days=3)
    campaigns.seed(T0)
    campaign.refresh_from_db()
    assert (campaign.within_days, campaign.state) == (3, "running")


def test_a_campaign_moves_from_preparing_to_its_end_and_not_back():
    campaign = after_case()
    move = {"campaign_id": campaign.pk, "actor": None, "at": NOW}
    commands.pause(**move)
    with pytest.raises(MoveNotAllowed):
        commands.pause(**move)
    commands.launch(**move)
    commands.end(**move)
    for again in (commands.launch, commands.pause, commands.end):
        with pytest.raises(MoveNotAllowed):
            again(**move)
    moves = Event.objects.filter(kind="campaign.moved").order_by("id").values_list("data__to", flat=True)
    assert list(moves) == ["running", "paused", "running", "ended"]


def test_what_is_not_published_cannot_be_asked():
    survey = Survey(code="new", name="新问卷")
    questionnaires.create(survey=survey, title="新问卷", actor=None, at=T0)
    campaign = commands.save_campaign(
        campaign=Campaign(code="new", name="新", survey=survey, occasion=Occasion.ONCE), actor=None, at=T0
    )
    with pytest.raises(Invalid):
        commands.launch(campaign_id=campaign.pk, actor=None, at=T0)
    campaign.refresh_from_db()
    assert campaign.state == "draft"


def test_what_was_retired_is_not_asked_until_it_is_taken_up_again():
    survey = published(one(QuestionKind.CSAT, "csat")).survey
    campaign = commands.save_campaign(
        campaign=Campaign(code="new", name="新", survey=survey, occasion=Occasion.ONCE), actor=None, at=T0
    )
    questionnaires.retire(survey_id=survey.pk, actor=None, at=T0)
    with pytest.raises(Invalid):
        commands.launch(campaign_id=campaign.pk, actor=None, at=T0)
    questionnaires.restore(survey_id=survey.pk, actor=None, at=T0)
    assert commands.launch(campaign_id=campaign.pk, actor=None, at=T0).state == "running"


@pytest.mark.parametrize(("name", "value"), [("is_anonymous", True), ("occasion", Occasion.DELIVERED)])
def test_what_answers_rest_on_stays_once_launched(name, value):
    campaign = after_case()
    setattr(campaign, name, value)
    with pytest.raises(commands.Launched):
        commands.save_campaign(campaign=campaign, actor=None, at=NOW)


def test_saving_does_not_bring_an_old_state_back():
    campaign = after_case()
    commands.pause(campaign_id=campaign.pk, actor=None, at=NOW)
    campaign.within_days = 5  # read before the pause
    commands.save_campaign(campaign=campaign, actor=None, at=NOW)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.within_days) == ("paused", 5)


def test_drafts_ship_once_and_are_whole():
    segments.seed(T0)
    campaigns.seed_drafts(T0)
    quarterly = Campaign.objects.get(code="quarterly")
    assert (quarterly.state, quarterly.occasion, quarterly.rhythm) == ("draft", "recurring", "quarter")
    assert list(quarterly.strata.values_list("segment__code", flat=True)) == ["vip", "new", "established"]
    assert quarterly.wordings.count() == 4
    assert Campaign.objects.get(code="post-purchase").is_anonymous
    Campaign.objects.get(code="post-delivery").delete()
    campaigns.seed_drafts(T0)
    assert set(Campaign.objects.values_list("code", flat=True)) == {"quarterly", "post-purchase"}
    for campaign in Campaign.objects.all():
        commands.launch(campaign_id=campaign.pk, actor=None, at=NOW)

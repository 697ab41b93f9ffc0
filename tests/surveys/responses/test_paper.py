"""Paper forms: a table is looked over, taken once and whole; a form is typed in once."""

import csv
import io

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from config.common.errors import Invalid
from config.common.models import Event
from surveys.models import Answer, CampaignState, Invitation, Occasion, PaperFile, Response, Way
from surveys.questionnaires.queries import questions_of
from surveys.responses import paper
from surveys.responses.errors import AlreadyAnswered, QuotaFull
from surveys.responses.rules import BadAnswers
from tests.factories.answering import all_kinds
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import StaffFactory
from tests.factories.questionnaires import launched

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]

FORM = {
    "form number": "A-1",
    "csat": "4",
    "single": "else",
    "single.text": "a fig",
    "multiple": "apple；pear",
    "ranking.apple": "2",
    "ranking.pear": "1",
    "ranking.plum": "3",
    "matrix.speed": "5",
    "kano.so": "1",
    "kano.not": "5",
    "date": "2026-11-22",
    "text": "手写的字",
}


def open_campaign(**fields):
    return all_kinds(occasion=Occasion.OPEN, **fields)


def columns(campaign):
    return paper.columns(list(questions_of(paper.asked(campaign).pk)))


def as_csv(campaign, *forms, name="forms.csv"):
    file = io.StringIO()
    writer = csv.DictWriter(file, columns(campaign), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(forms)
    return SimpleUploadedFile(name, file.getvalue().encode())


def take(campaign, upload):
    return paper.take(
        campaign_id=campaign.pk,
        looked=paper.look(campaign=campaign, upload=upload),
        actor=StaffFactory(),
        at=T0,
    )


def test_a_table_is_looked_over_without_keeping_anything():
    campaign = open_campaign()
    looked = paper.look(campaign=campaign, upload=as_csv(campaign, FORM, {**FORM, "form number": "A-2"}))
    assert ([form.number for form in looked.forms], looked.faults) == (["A-1", "A-2"], [])
    assert not Response.objects.exists()
    assert not PaperFile.objects.exists()


def test_a_table_is_taken_whole_and_once():
    campaign = open_campaign()
    member = MemberFactory()
    upload = as_csv(campaign, FORM, {**FORM, "form number": "A-2", "member number": member.external_id})
    file = take(campaign, upload)
    assert (file.rows, Response.objects.count()) == (2, 2)
    assert set(Invitation.objects.values_list("way", "key", "member")) == {
        (Way.PAPER, "paper:A-1", None), (Way.PAPER, "paper:A-2", member.pk),
    }  # fmt: skip
    kept = {one.question.code: one for one in Answer.objects.filter(response__invitation__key="paper:A-1")}
    assert (kept["single"].text, kept["multiple"].picked) == ("a fig", ["apple", "pear"])
    assert (kept["ranking"].picked, kept["kano"].second) == (["pear", "apple", "plum"], 5)
    with pytest.raises(paper.TakenBefore):
        take(campaign, upload)
    again = as_csv(campaign, FORM, {**FORM, "form number": "A-3"})
    with pytest.raises(Invalid):  # A-1 was taken with the other table, so that none of this one is
        take(campaign, again)
    assert Response.objects.count() == 2


def test_a_spreadsheet_is_taken_too():
    campaign = open_campaign()
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for column, name in enumerate(columns(campaign)):
            sheet.write(0, column, name)
            sheet.write(1, column, 5 if name == "csat" else FORM.get(name, ""))
    assert take(campaign, SimpleUploadedFile("forms.xlsx", file.getvalue())).rows == 1
    assert Answer.objects.get(question__code="csat").score == 5


def test_what_is_wrong_is_told_line_by_line_and_nothing_is_taken():
    campaign = open_campaign()
    upload = as_csv(
        campaign,
        FORM,
        {**FORM, "form number": "A-2", "csat": "9"},
        {**FORM, "form number": "A-1"},
        {**FORM, "form number": ""},
        {**FORM, "form number": "A-5", "member number": "nobody"},
        {**FORM, "form number": "A-6", "csat": ""},
    )
    looked = paper.look(campaign=campaign, upload=upload)
    assert [line for line, _why in looked.faults] == [3, 4, 5, 6, 7]
    with pytest.raises(Invalid):
        paper.take(campaign_id=campaign.pk, looked=looked, actor=StaffFactory(), at=T0)
    assert not Response.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\1\2",
        b"PK\x03\x04broken",
        b"number,csat\n1,5",
        b"%PDF-1.4",
        b'number,"csat\n' * 9,
        b"x" * 5_000_001,
    ],
    ids=["empty", "binary", "zip", "columns", "pdf", "quotes", "huge"],
)
def test_what_is_no_such_table_is_refused(data):
    with pytest.raises(Invalid):
        paper.look(campaign=open_campaign(), upload=SimpleUploadedFile("x.csv", data))


def test_anonymous_forms_name_nobody_and_have_no_order():
    campaign = open_campaign(is_anonymous=True)
    named = as_csv(campaign, {**FORM, "member number": MemberFactory().external_id})
    assert paper.look(campaign=campaign, upload=named).faults
    take(campaign, as_csv(campaign, *({**FORM, "form number": f"B-{n}"} for n in range(6))))
    assert Response.objects.filter(is_anonymous=True, at=None, channel="paper").count() == 6
    assert not Invitation.objects.exists()
    with pytest.raises(AlreadyAnswered):
        paper.enter(
            campaign=campaign, number="B-1", answers={"csat": 5}, member=None, actor=StaffFactory(), at=T0
        )


def test_a_form_is_typed_once():
    campaign, actor = open_campaign(), StaffFactory()

    def enter(**more):
        given = {"campaign": campaign, "number": "C-1", "answers": {"csat": "1"}, "member": None, **more}
        return paper.enter(actor=actor, at=T0, **given)

    assert enter().channel == "paper"
    assert Event.objects.filter(kind="survey.paper_entered").count() == 1
    with pytest.raises(AlreadyAnswered):
        enter()
    with pytest.raises(BadAnswers):
        enter(number="C-2", answers={"csat": "7"})
    for number in ("", "x" * 41):
        with pytest.raises(Invalid):
            enter(number=number)


def test_no_more_forms_are_taken_than_were_wanted():
    campaign = open_campaign(quota=1)
    with pytest.raises(Invalid):
        take(campaign, as_csv(campaign, FORM, {**FORM, "form number": "A-2"}))
    assert not Response.objects.exists()
    take(campaign, as_csv(campaign, FORM))
    with pytest.raises(QuotaFull):
        paper.enter(
            campaign=campaign, number="D", answers={"csat": 5}, member=None, actor=StaffFactory(), at=T0
        )


def test_only_open_campaigns_take_paper_and_also_after_their_end():
    with pytest.raises(paper.NoPaper):
        paper.asked(launched())
    campaign = open_campaign()
    campaign.state = CampaignState.ENDED
    assert paper.asked(campaign)
    campaign.state = CampaignState.DRAFT
    with pytest.raises(paper.NoPaper):
        paper.asked(campaign)

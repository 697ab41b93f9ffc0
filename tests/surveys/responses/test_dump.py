"""Everything that the database holds after an anonymous answer, searched for whoever gave it, and when."""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from config.common.models import OutboxMessage
from surveys.invitations import links, queries
from surveys.models import Answer, AnswerFile, Draft, Invitation, Response, SpentLink, SurveyTerms, TallyDue
from surveys.portal import views
from surveys.responses import spent
from surveys.responses.commands import answer, answer_here
from surveys.responses.errors import AlreadyAnswered
from surveys.responses.places import of_invitation
from surveys.results import sums
from tests.factories.answering import FORM, all_kinds, picture, wav
from tests.factories.compensation import T0
from tests.factories.questionnaires import invitation, launched
from tests.factories.surveys import token_of
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("S10")]

ANSWERS = ("surveys_response", "surveys_answer", "surveys_answerfile")
TELLS_NOTHING = {
    "surveys_response": {"id", "wave_id", "version_id", "week", "is_anonymous", "channel", "segments"},
    "surveys_answer": {
        "id", "response_id", "question_id", "row", "score", "second", "picked", "number", "day", "text",
    },
    "surveys_answerfile": {"id", "answer_id", "file", "name", "content_type", "size", "sha256"},
}  # fmt: skip
"""The columns that an anonymous answer fills; whoever adds one has to think here."""


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(views.timezone, "now", lambda: T0)


def query(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def tables():
    return [name for (name,) in query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def words(text):
    return set(re.split(r"[^0-9A-Za-z_-]+", text))


def findings(asked):
    """What leads from an anonymous answer to a member or a moment, table by table."""
    found = []
    leads = {
        str(asked.nonce),
        asked.nonce.hex,
        asked.digest,
        token_of(asked),
        links.draft_key(token_of(asked)),
    }
    leads |= {asked.member.external_id}
    for table in ANSWERS:
        columns = [name for (name,) in query(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s", table
        )]  # fmt: skip
        for column in set(columns) - TELLS_NOTHING[table]:
            filled = query(f"SELECT count({column}) FROM {table}")[0][0]
            found += [f"{table}.{column}"] if filled else []
        for (row,) in query(f"SELECT t::text FROM {table} t"):
            found += [f"{table}: {lead}" for lead in leads & words(row)]
    drawn = {
        str(pk)
        for model in (Response, Answer, AnswerFile)
        for pk in model.objects.values_list("pk", flat=True)
    }
    for table in set(tables()) - set(ANSWERS):
        for (row,) in query(f"SELECT t::text FROM {table} t"):
            found += [f"{table} names the answer" for _lead in drawn & words(row)]
    return found


def whole(client, asked):
    """Somebody answers, as people do: half, with files, and then all of it."""
    url = reverse("surveys:answer", args=[token_of(asked)])
    files = {
        "q-picture": SimpleUploadedFile("IMG_of_me.jpg", picture()),
        "q-voice": SimpleUploadedFile("my name.wav", wav()),
    }
    client.get(url)
    client.post(url, {"go": "save", "q-csat": "1", **files}, headers={"accept": "application/json"})
    assert client.post(url, {**FORM, "q-csat": "1"}).status_code == 302
    client.get(reverse("surveys:thanks", args=[token_of(asked)]))


def test_nothing_leads_from_the_answer_to_the_member_or_the_moment(client):
    asked = invitation(all_kinds(is_anonymous=True))
    whole(client, asked)
    assert Response.objects.count() == 1
    assert AnswerFile.objects.count() == 2
    assert findings(asked) == ["surveys_tallydue names the answer"]
    sums.catch_up()
    assert findings(asked) == []
    spent.mark_spent(at=T0 + timedelta(hours=12))
    assert findings(asked) == []
    assert Answer.objects.count() == 18
    assert not TallyDue.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_what_is_half_answered_leads_to_nobody_either(client):
    asked = invitation(all_kinds(is_anonymous=True))
    url = reverse("surveys:answer", args=[token_of(asked)])
    client.post(url, {"go": "save", "q-csat": "1", "q-text": "x"}, headers={"accept": "application/json"})
    draft = Draft.objects.get()
    assert (draft.invitation, draft.saved_on.isoformat()) == (None, "2026-11-18")
    leads = {str(asked.nonce), asked.nonce.hex, asked.digest, token_of(asked), asked.member.external_id}
    [(row,)] = query("SELECT t::text FROM surveys_draft t")
    assert not leads & words(row)
    named = [
        table for table in tables() for (row,) in query(f"SELECT t::text FROM {table} t") if draft.key in row
    ]
    assert named == ["surveys_draft"]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("surveys_response", "seen_at timestamptz DEFAULT now()"),
        ("surveys_response", "came_from text DEFAULT 'x'"),
        ("surveys_answer", "at timestamptz DEFAULT now()"),
        ("surveys_answerfile", "at timestamptz DEFAULT now()"),
    ],
)
def test_a_new_column_that_could_tell_is_found(client, table, column):
    query_only(f"ALTER TABLE {table} ADD COLUMN {column}")
    asked = invitation(all_kinds(is_anonymous=True))
    whole(client, asked)
    sums.catch_up()
    assert findings(asked) == [f"{table}.{column.split()[0]}"]


def query_only(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_files_have_neither_name_nor_description_nor_moment(client, settings, tmp_path):
    disk = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "default": disk}
    asked = invitation(all_kinds(is_anonymous=True))
    whole(client, asked)
    monday = datetime.combine(Response.objects.get().week, datetime.min.time(), UTC).timestamp()
    for file in AnswerFile.objects.all():
        assert file.name == ""
        assert b"SECRET" not in file.file.read()
        path = Path(default_storage.path(file.file.name))
        assert path.stat().st_mtime == path.parent.stat().st_mtime == monday
    assert list(tmp_path.rglob("drafts/*/*")) == []


def test_the_days_invitations_are_marked_together_and_once(django_assert_max_num_queries):
    campaign = launched(is_anonymous=True)
    asked = [invitation(campaign) for _n in range(6)]
    for one in (asked[4], asked[0], asked[2]):
        answer(token=token_of(one), answers={"csat": 5}, at=T0)
    assert spent.mark_spent(at=T0) == 3
    marked = Invitation.objects.filter(is_answered=True)
    assert set(marked) == {asked[0], asked[2], asked[4]}
    assert not SpentLink.objects.exists()
    assert len({xid for (xid,) in query("SELECT xmin::text FROM surveys_invitation WHERE is_answered")}) == 1
    assert spent.mark_spent(at=T0) == 0
    assert all(queries.is_spent(Invitation.objects.get(pk=one.pk)) for one in (asked[0], asked[2]))
    assert not queries.is_spent(Invitation.objects.get(pk=asked[1].pk))


def test_a_link_that_the_night_lets_go_of_meanwhile_is_used_once():
    asked = invitation(launched(is_anonymous=True))
    place = of_invitation(queries.by_token(token_of(asked)))
    answer(token=token_of(asked), answers={"csat": 5}, at=T0)
    spent.mark_spent(at=T0)
    with pytest.raises(AlreadyAnswered):
        answer_here(place=place, answers={"csat": 1}, at=T0)
    assert Response.objects.count() == 1
    assert not SpentLink.objects.exists()


def test_answers_lie_in_an_order_that_tells_nothing_once_the_day_is_over():
    campaign = launched(is_anonymous=True)
    for _n in range(8):
        answer(token=token_of(invitation(campaign)), answers={"csat": 5}, at=T0)
    sums.catch_up()
    before = set(Response.objects.values_list("pk", "week"))
    spent.mark_spent(at=T0 + timedelta(hours=12))
    for table in ("surveys_response", "surveys_answer"):
        lies = [pk for (pk,) in query(f"SELECT id FROM {table} ORDER BY ctid")]
        assert lies == sorted(lies)
    assert set(Response.objects.values_list("pk", "week")) == before
    assert not TallyDue.objects.exists()  # nothing is counted twice


def test_named_answers_are_left_alone_at_night():
    asked = invitation(launched())
    given = answer(token=token_of(asked), answers={"csat": 5}, at=T0)
    anonymous = invitation(launched(is_anonymous=True))
    answer(token=token_of(anonymous), answers={"csat": 5}, at=T0)
    spent.mark_spent(at=T0)
    assert Response.objects.get(pk=given.pk).at == T0


@pytest.mark.parametrize(("count", "told"), [(4, None), (5, 5)])
def test_the_shop_is_told_how_many_answered_last_week_and_not_of_few(settings, count, told):
    settings.SURVEY_WEBHOOK_URL = "https://shop.example/hook"
    campaign = launched(is_anonymous=True)
    for _n in range(count):
        answer(token=token_of(invitation(campaign)), answers={"csat": 5}, at=T0)
    assert not OutboxMessage.objects.exists()
    for _twice in range(2):
        spent.tell_counts(at=T0 + timedelta(days=7), smallest=5)
    [message] = OutboxMessage.objects.all()
    assert message.payload["answers"] == told


def night(day, hour=3, minute=0):
    """A moment in the shop's zone, in the week of the answers or after it."""
    return datetime(2026, 11, 16, tzinfo=ZoneInfo("Asia/Shanghai")) + timedelta(
        days=day, hours=hour, minutes=minute
    )


def test_a_day_is_closed_once_and_whenever_it_was_missed():
    campaign = launched(is_anonymous=True)
    first, second = invitation(campaign), invitation(campaign)
    assert spent.close_the_day(at=night(0, 2, 59), smallest=5)  # the night before, which nobody has closed
    answer(token=token_of(first), answers={"csat": 5}, at=night(0, 12))
    for at in (night(0, 2, 59), night(0, 3) - timedelta(seconds=1)):
        assert not spent.close_the_day(at=at, smallest=5)
    assert spent.close_the_day(at=night(4, 11), smallest=5)  # nobody was there at night
    assert Invitation.objects.filter(is_answered=True).get() == first
    answer(token=token_of(second), answers={"csat": 5}, at=night(4, 12))
    assert not spent.close_the_day(at=night(4, 23), smallest=5)
    assert not Invitation.objects.filter(pk=second.pk, is_answered=True).exists()
    assert spent.close_the_day(at=night(5), smallest=5)
    assert not SpentLink.objects.exists()


def test_weeks_that_were_missed_are_told_of_and_their_answers_lie_in_no_order(settings):
    settings.SURVEY_WEBHOOK_URL = "https://shop.example/hook"
    campaign = launched(is_anonymous=True)
    spent.close_the_day(at=night(0, 3), smallest=5)
    for week in (0, 7, 14):
        for _n in range(6):
            answer(token=token_of(invitation(campaign)), answers={"csat": 5}, at=night(week, 12))
    spent.close_the_day(at=night(22, 5), smallest=5)
    told = OutboxMessage.objects.order_by("key").values_list("key", "payload__answers")
    assert [(key.rsplit(":", 1)[1], n) for key, n in told] == [
        ("2026-11-16", 6), ("2026-11-23", 6), ("2026-11-30", 6)
    ]  # fmt: skip
    lies = [pk for (pk,) in query("SELECT id FROM surveys_response ORDER BY ctid")]
    assert lies == sorted(lies)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_close_a_day_once(monkeypatch):
    SurveyTerms.objects.create()
    mark = spent.mark_spent

    def slowly(**given):
        time.sleep(0.3)
        return mark(**given)

    monkeypatch.setattr(spent, "mark_spent", slowly)
    answer(token=token_of(invitation(launched(is_anonymous=True))), answers={"csat": 5}, at=T0)
    close = partial(spent.close_the_day, at=T0 + timedelta(days=1), smallest=5)
    assert sorted(at_once(close, close)) == [False, True]

"""Questions that campaigns had of their own became versions: answers stay with what they were given to."""

from datetime import UTC, date, datetime
from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from surveys.models import Answer, Campaign, Invitation, Question, Response, SurveyVersion

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]
MIGRATION = "0005_versions_of_questionnaires"
TABLES = ("survey", "surveyversion", "question", "campaign", "wave", "invitation", "response", "answer")
OLD = """
    ALTER TABLE surveys_invitation ADD campaign_id bigint;
    ALTER TABLE surveys_question ADD campaign_id bigint, ADD added_at timestamptz, ADD retired_at timestamptz;
    ALTER TABLE surveys_campaign ADD is_active boolean, ADD bad_score smallint, ADD trigger varchar(16)
"""
T0, T1, T2 = (datetime(2026, month, 10, 1, tzinfo=UTC) for month in (5, 6, 7))
FAR = 10**9
"""Numbers that new questions do not get."""
BETWEEN = {1: datetime(2026, 5, 20, tzinfo=UTC), 2: datetime(2026, 6, 30, 20, tzinfo=UTC), 3: T2}


@pytest.fixture
def cursor():
    """The tables as they were: with the columns of then, and without what came later being asked for."""
    with connection.cursor() as found:
        found.execute("SET LOCAL session_replication_role = replica")  # no triggers, no foreign keys
        for statement in OLD.split(";"):
            found.execute(statement)
        for table in TABLES:
            found.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = %s AND is_nullable = 'NO' AND column_name <> 'id'",
                [f"surveys_{table}"],
            )
            for (column,) in found.fetchall():
                found.execute(f'ALTER TABLE surveys_{table} ALTER "{column}" DROP NOT NULL')
        yield found


def insert(cursor, table, **row):
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(["%s"] * len(row))
    cursor.execute(
        f"INSERT INTO surveys_{table} ({names}) OVERRIDING SYSTEM VALUE VALUES ({places})", [*row.values()]
    )


@pytest.fixture
def migrated(cursor):
    """A campaign whose questions changed twice, one that never had an answer, and the migration of both."""
    for pk, code in ((1, "after-case"), (2, "quiet")):
        insert(cursor, "campaign", id=pk, code=code, name=code, name_en="", is_active=pk == 1, bad_score=2)
    for pk, kind, added, retired, campaign in (
        (1, "csat", T0, None, 1),
        (2, "text", T0, T2, 1),
        (3, "csat", T1, None, 1),
        (4, "text", T2, None, 2),
    ):
        insert(
            cursor, "question", id=FAR + pk, campaign_id=campaign, kind=kind, text=f"old {pk}", text_en="",
            is_required=kind == "csat", position=pk, added_at=added, retired_at=retired, code=f"old{pk}",
        )  # fmt: skip
    number = 0
    for span, at in BETWEEN.items():
        for _each in range(2):
            number += 1
            insert(
                cursor, "invitation", id=number, campaign_id=1, invited_at=at, digest=str(number),
                case_id=number if number > 1 else None, is_answered=False,
            )  # fmt: skip
            insert(cursor, "response", id=number, invitation_id=number, at=at, is_anonymous=False)
            for question in {1: (1, 2), 2: (1, 2, 3), 3: (1, 3)}[span]:
                text, score = (f"{number}", None) if question == 2 else ("", number % 5 + 1)
                insert(
                    cursor,
                    "answer",
                    response_id=number,
                    question_id=FAR + question,
                    text=text,
                    score=score,
                    row="",
                )
    insert(cursor, "invitation", id=7, campaign_id=1, invited_at=T1, digest="7", is_answered=False)
    state = MigrationLoader(None).project_state(("surveys", MIGRATION))
    with connection.schema_editor(atomic=False) as editor:
        import_module(f"surveys.migrations.{MIGRATION}").forwards(state.apps, editor)


def test_each_time_in_which_the_same_was_asked_is_a_version(migrated):
    versions = SurveyVersion.objects.filter(survey__code="after-case").order_by("number")
    assert [one.published_at for one in versions] == [T0, T1, T2]
    asked = [[(one.code, one.text) for one in version.questions.order_by("position")] for version in versions]
    assert asked == [
        [("csat", "old 1"), ("words", "old 2")],
        [("csat", "old 1"), ("words", "old 2"), ("csat-2", "old 3")],
        [("csat", "old 1"), ("csat-2", "old 3")],
    ]
    assert set(versions[1].questions.values_list("kind", "scale", "bad_up_to")) == {
        ("csat", 5, 2), ("text", None, None)
    }  # fmt: skip
    assert not Question.objects.filter(version=None).exists()
    assert Campaign.objects.filter(survey__code="quiet", state="paused").exists()


def test_answers_stay_with_what_they_were_given_to(migrated):
    assert Answer.objects.count() == 2 * (2 + 3 + 2)
    for answer in Answer.objects.select_related("question", "response__invitation__version"):
        invitation = answer.response.invitation
        span = (invitation.pk + 1) // 2
        assert invitation.version.number == span
        assert answer.response.version_id == answer.question.version_id == invitation.version_id
        if answer.question.code == "words":
            assert answer.text == str(invitation.pk)
        else:
            assert answer.score == invitation.pk % 5 + 1


def test_invitations_and_responses_get_their_wave_week_and_key(migrated):
    rows = Invitation.objects.order_by("pk").values_list(
        "key", "is_answered", "version__number", "wave__label"
    )
    assert list(rows) == [
        ("invitation:1", True, 1, "2026-Q2"), ("case:2", True, 1, "2026-Q2"), ("case:3", True, 2, "2026-Q3"),
        ("case:4", True, 2, "2026-Q3"), ("case:5", True, 3, "2026-Q3"), ("case:6", True, 3, "2026-Q3"),
        ("invitation:7", False, 2, "2026-Q2"),
    ]  # fmt: skip
    weeks = Response.objects.order_by("pk").values_list("week", flat=True)
    assert weeks[0] == date(2026, 5, 18)
    assert weeks[2] == date(2026, 6, 29)  # 1 July in Shanghai

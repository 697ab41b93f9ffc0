"""Nothing personal is left of an erased member: each table is marked, erased and searched, as in a dump."""

from contextlib import suppress

import pytest
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from compensation.models import (
    Member,
    MemberSession,
    ReferralCode,
    ShipmentEvent,
    SignInCode,
    TierPeriod,
)
from config.common import erasing
from config.common.models import User
from config.common.personal import PERSONAL, Holds
from feedback.models import (
    BehaviourDay,
    BehaviourVisitor,
    BulkResult,
    BulkRun,
    CaseWords,
    Draft,
    Post,
    PostBand,
    PostDecision,
    Review,
    ReviewBand,
    ReviewSignal,
    Triage,
)
from feedback.voice import days
from surveys import models as surveys
from surveys.models import AnswerFile, Interview, Passage, Skip, Waiting
from surveys.responses.commands import answer
from tests.config.test_permissions import make_house
from tests.factories.behaviour import take, told
from tests.factories.compensation import T0, ShipmentFactory
from tests.factories.expectations import cares
from tests.factories.questionnaires import invitation, launched
from tests.factories.surveys import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("F23")]

MARK = "zqx7"


def marked(model, column, number):
    """What to put into a column, so that it is found again; None: it takes no words."""
    field = model._meta.get_field(column)
    if isinstance(field, models.JSONField):
        return "jsonb_build_object(%s::text, %s::text)", [MARK, f"{MARK} {number}"]
    if isinstance(field, ArrayField):
        return "ARRAY[%s::text]", [MARK]
    if isinstance(field, SearchVectorField):
        return "to_tsvector('simple', %s)", [MARK]
    if isinstance(field, models.CharField | models.TextField | models.FileField) and not field.choices:
        return "%s", [f"{MARK}{number}"[: field.max_length]]
    return None


def mark_one_row_of_each():
    """Mark every personal column of a row of each table; gives the tables and the members."""
    done, whose = [], set()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # rows too that no screen may change
        for number, (model, one) in enumerate(erasing.tables(), start=1000):
            if not one.whose:
                continue
            row = model._default_manager.exclude(**{one.whose: None}).order_by("-pk").first()
            if row is None:
                continue
            member = model._default_manager.filter(pk=row.pk).values_list(one.whose, flat=True).get()
            whose.add(member)
            for name in one.fields:
                found = None if name in one.stays else marked(model, name, number)
                if not found:
                    continue
                field = model._meta.get_field(name)
                if one.fields[name] == Holds.FILE and isinstance(field, models.FileField):
                    default_storage.save(found[1][0], ContentFile(MARK.encode()))
                table, column = model._meta.db_table, field.column
                key = model._meta.pk.column
                sql = f'UPDATE "{table}" SET "{column}" = {found[0]} WHERE "{key}" = %s'
                with suppress(IntegrityError), transaction.atomic():  # a row that can say nothing there
                    cursor.execute(sql, [*found[1], row.pk])
            done.append(model._meta.label)
        cursor.execute("SET session_replication_role = DEFAULT")
    return done, whose


def places_of(word):
    """The tables of the whole database in which a word stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        tables = [row[0] for row in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} AS t WHERE t::text LIKE %s)", [f"%{word}%"])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def look_round(member):
    """Have a member do something in the shop, and conclude something from it."""
    take(told("search", member=member.external_id, visitor="v", query="礼物"))
    BehaviourVisitor.objects.create(source="shop", visitor="v", member=member, first_at=timezone.now())
    BehaviourDay.objects.create(member=member, day=timezone.now().date(), what="search", n=1)
    cares(member)


def leave_traces(case):
    """Leave of a case and its member what the house has nothing of."""
    member, now, user = case.member, timezone.now(), User.objects.order_by("pk").first()
    parcel = ShipmentFactory(order=case.order)
    ShipmentEvent.objects.create(shipment=parcel, at=now, code="x", text="x", place="x")
    SignInCode.objects.create(member=member, contact="c", digest="d", created_at=now, expires_at=now)
    ended = {"created_at": now, "expires_at": now}
    MemberSession.objects.create(member=member, digest="d", origin="x", **ended)
    ReferralCode.objects.create(member=member, code="ABCDEF")
    TierPeriod.objects.create(member=member, tier=member.tier, starts_at=now, reason="manual", note="x")
    CaseWords.objects.update_or_create(case=case, defaults={"words": "x"})
    Draft.objects.create(user=user, case=case, kind="x", body="x", at=now)
    run = BulkRun.objects.create(user=user, key="x", action="reply", at=now)
    BulkResult.objects.create(run=run, case=case, is_done=False, reason="x")
    Triage.objects.filter(case=case).update(member=member)
    review = Review.objects.filter(member=member).first()
    ReviewBand.objects.create(review=review, hash=1)
    ReviewSignal.objects.create(review=review, signal="abuse", weight=1, evidence={"words": ["x"]}, at=now)
    post = Post.objects.get(kind="suggestion")
    PostBand.objects.create(post=post, hash=1)
    PostDecision.objects.create(post=post, state="done", answer="x", reason="x", user=user, at=now)


def be_asked(member):
    """Have a member asked in every way, answer, and be talked to."""
    now, day = timezone.now(), timezone.now().date()
    response = answer(token=token_of(invitation(launched(), member)), answers={"csat": 5}, at=T0)
    AnswerFile.objects.create(answer=response.answers.get(), file="x", name="x", size=1, sha256="x")
    open_one = invitation(launched(), member)
    open_one.returned_why = f"550 {member.email}"
    open_one.save(update_fields=["returned_why"])
    asked = {"wave": open_one.wave, "key": "x"}
    begun = [
        surveys.Draft.objects.create(
            key=key, wave=one.wave, version=one.version, invitation=one, saved_on=day
        )
        for key, one in (("a", invitation(launched(), member)), ("x", open_one))
    ]  # the key of the last is marked, and its files would be nobody's
    surveys.DraftFile.objects.create(draft=begun[0], folder=20261122, file="x", name="x", size=1, sha256="x")
    Skip.objects.create(**asked, member=member, reason="cap", at=now)
    Waiting.objects.create(**asked, member=member, happened_at=now, due_at=now)
    Interview.objects.filter(member=member).update(consented_at=now)
    Passage.objects.create(interview=Interview.objects.get(member=member), text="x")


UNSEEN = {
    "compensation.CouponUse", "compensation.PieceReturn", "feedback.Appeal", "feedback.BreachNote",
    "feedback.CoachingNote", "feedback.Firing", "feedback.QualityScore",
}  # fmt: skip
"""Tables of which the house has no row with a member."""


def test_nothing_is_left_in_any_table(django_capture_on_commit_callbacks):
    _people, case = make_house()
    look_round(case.member)
    leave_traces(case)
    be_asked(case.member)
    days.catch_up()
    tables, whose = mark_one_row_of_each()
    assert {label for label, one in PERSONAL.items() if one.whose} - set(tables) <= UNSEEN
    assert len(places_of(MARK)) >= len(tables) * 0.8
    with django_capture_on_commit_callbacks(execute=True):
        for member in Member.objects.filter(pk__in=whose):
            erasing.erase(member.pk, [])
    assert places_of(MARK) == []
    assert default_storage.listdir("")[1] == []

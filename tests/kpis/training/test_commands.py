from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted, Taken
from config.common.events import timeline
from config.common.models import OutboxMessage
from feedback.models import Agent
from kpis.models import MetricCode, Presence, Training, TrainingPlace, TrainingState
from kpis.training import commands
from kpis.training import held as holding
from kpis.training.commands import Need, Noted
from tests.factories.appraisals import person, scored
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.trainings import AT, STARTS, about, held, there, training
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K10")]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def lead(department):
    return person(department, "team_lead", is_lead=True)


def letters(found, part=""):
    rows = OutboxMessage.objects.filter(kind="staff", key__startswith=f"training:{found.pk}:{part}")
    return [row.payload["user"] for row in rows.order_by("pk")]


def kinds(found):
    return [event.kind for event in timeline([found])]


def put_in(found, *agents, actor=None, **more):
    ids = [one.pk for one in agents]
    return commands.put_in(training_id=found.pk, agent_ids=ids, actor=actor, at=AT, **more)


def hold(found, attendance, *, actor=None, at=STARTS):
    return commands.hold(training_id=found.pk, attendance=attendance, actor=actor, at=at)


def test_planned_for_a_need_and_everybody_is_told_once():
    department = DepartmentFactory()
    user, appraisal = scored(department)
    lead, other = person(department, "team_lead"), person(department)
    need = Need("quality", "7", "礼貌", appraisal)
    made = training(department, agents=[other.agent, user.agent], need=need, actor=lead)
    assert (made.need_kind, made.need_code, made.need_name) == ("quality", "7", "礼貌")
    assert dict(made.places.values_list("agent", "appraisal")) == {
        user.agent.pk: appraisal.pk, other.agent.pk: None,
    }  # fmt: skip
    assert sorted(letters(made, "in")) == sorted([user.pk, other.pk])
    assert letters(made, "give") == [made.trainer_id]
    assert kinds(made) == ["training.planned", "training.in", "training.in"]
    text = OutboxMessage.objects.get(payload__user=user.pk, key__startswith="training").payload
    assert made.title not in f"{text}"
    assert "2026-03-17 10:00" in text["subject"]


@pytest.mark.parametrize(
    "more",
    [
        {"title": " "}, {"title": "x" * 121}, {"title": "a\x00"}, {"metric": MetricCode.COMPLAINT_RATE},
        {"metric": "x"}, {"starts_at": AT - timedelta(days=1)}, {"minutes": 4}, {"minutes": 601},
        {"place": ""}, {"link": "javascript:alert(1)"}, {"link": "ftp://x.example/"}, {"material": "x"},
        {"material": "https://x.example/" + "x" * 500}, {"weeks": 0}, {"weeks": 27}, {"notes": "x" * 2_001},
    ],
)  # fmt: skip
def test_a_plan_makes_sense(department, more):
    with pytest.raises(Invalid):
        training(department, **more)
    assert not Training.objects.exists()


def test_a_link_is_a_place(department):
    assert training(department, place="", link="https://meet.example/x").link


def test_whose_place_it_is(department):
    stranger, away = person(DepartmentFactory()), person(department)
    Agent.objects.filter(user=away).update(is_active=False)
    trainer = person(department)
    for user in (stranger, away, trainer):
        with pytest.raises(Invalid):
            training(department, agents=[user.agent], trainer=trainer)
    with pytest.raises(Invalid):
        training(department, trainer=StaffFactory(is_staff=False))
    with pytest.raises(Invalid):
        training(department, trainer=person(department, "analyst"))
    assert not Training.objects.exists()


def test_who_plans(department, lead):
    given = {"department": department, "about": about(), "at": AT}
    for role in ("agent", "analyst", "finance", "moderator"):
        with pytest.raises(NotPermitted):
            commands.plan(**given, actor=person(department, role))
    with pytest.raises(NotPermitted):
        commands.plan(**given, actor=person(DepartmentFactory(), "team_lead", is_lead=True))
    assert commands.plan(**given, actor=lead).department == department


def test_who_changes_what(department, lead):
    user, trainer = person(department), person(DepartmentFactory())
    found = training(department, agents=[user.agent], trainer=trainer)
    given = {"training_id": found.pk, "at": AT}
    acts = [
        lambda actor: commands.change(**given, about=about(title="x"), actor=actor),
        lambda actor: commands.cancel(**given, reason="x", actor=actor),
        lambda actor: put_in(found, person(department).agent, actor=actor),
        lambda actor: commands.take_out(**given, agent_id=user.agent.pk, actor=actor),
    ]
    strangers = [person(DepartmentFactory(), "supervisor"), person(department), person(department, "analyst")]
    for act in acts:
        for actor in strangers:
            with pytest.raises(NotFound):
                act(actor)
        for actor in (user, trainer):
            with pytest.raises(NotPermitted):
                act(actor)
    for actor in (*strangers, user):
        with pytest.raises((NotFound, NotPermitted)):
            hold(found, there(user.agent), actor=actor)
    for act in (acts[0], acts[2], acts[3]):
        act(lead)
    commands.cancel(training_id=found.pk, reason="x", actor=lead, at=AT)


def test_a_change_is_told_when_it_matters_to_them(department, lead):
    user = person(department)
    trainer, another = person(department), person(department)
    found = training(department, agents=[user.agent], trainer=trainer)
    given = {"training_id": found.pk, "actor": lead, "at": AT}
    commands.change(**given, about=about(trainer=trainer))
    assert found.changes == 0
    commands.change(**given, about=about(trainer=trainer, notes="带上耳机", weeks=6))
    assert letters(found, "changed") == []
    later = STARTS + timedelta(days=1)
    commands.change(**given, about=about(trainer=trainer, starts_at=later))
    assert letters(found, "changed:2") == [user.pk, trainer.pk]
    commands.change(**given, about=about(trainer=another, starts_at=later))
    assert letters(found, "changed:3") == [user.pk, trainer.pk, another.pk]
    assert timeline([found]).last().data["what"] == ["trainer"]
    found.refresh_from_db()
    assert (found.changes, found.trainer, found.starts_at) == (3, another, later)
    for wrong in ({"trainer": user}, {"starts_at": AT - timedelta(days=2)}, {"title": ""}):
        with pytest.raises(Invalid), transaction.atomic():
            commands.change(**given, about=about(**{"trainer": another, "starts_at": later} | wrong))


def test_put_in_once_and_taken_out(department, lead):
    one, two = person(department), person(department)
    found = training(department)
    put_in(found, one.agent, two.agent, actor=lead)
    with pytest.raises(Taken):
        put_in(found, one.agent)
    for nobody in ([], [person(DepartmentFactory()).agent]):
        with pytest.raises(Invalid):
            put_in(found, *nobody)
    out = {"training_id": found.pk, "agent_id": one.agent.pk, "actor": lead, "at": AT}
    commands.take_out(**out)
    assert letters(found, "out") == [one.pk]
    with pytest.raises(NotFound):
        commands.take_out(**out)
    put_in(found, one.agent)
    assert letters(found, "in").count(one.pk) == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingPlace.objects.create(training=found, agent=one.agent)


def test_all_are_put_in_or_none(department):
    one, stranger = person(department), person(DepartmentFactory())
    found = training(department)
    with pytest.raises(Invalid):
        put_in(found, one.agent, stranger.agent)
    assert not found.places.exists()
    assert letters(found, "in") == []


def test_a_need_is_of_ones_own_month(department):
    user, appraisal = scored(department)
    found = training(department)
    with pytest.raises(Invalid):
        put_in(found, person(department).agent, appraisal=appraisal)
    put_in(found, user.agent, appraisal=appraisal)
    assert found.places.get().appraisal == appraisal


def test_held_from_its_day_on_with_everybody_noted(department, lead):
    one, two, third, trainer = (person(department) for _each in range(4))
    found = training(department, agents=[one.agent, two.agent], trainer=trainer)
    noted = {one.agent.pk: Noted("present", 80), two.agent.pk: Noted("excused")}
    with pytest.raises(MoveNotAllowed):
        hold(found, noted, at=STARTS - timedelta(hours=11))
    for wrong in (
        {}, there(one.agent), there(one.agent, two.agent, presence="absent"),
        there(one.agent, two.agent, presence="x"), there(one.agent, two.agent, presence="expected"),
        noted | {one.agent.pk: Noted("present", 101)}, noted | {one.agent.pk: Noted("present", -1)},
        noted | {two.agent.pk: Noted("absent", 80)},
    ):  # fmt: skip
        with pytest.raises(Invalid), transaction.atomic():
            hold(found, wrong)
    hold(found, noted, actor=trainer)
    found.refresh_from_db()
    assert (found.state, found.ended_at) == (TrainingState.HELD, STARTS)
    assert found.others == sorted([two.agent.pk, third.agent.pk, lead.agent.pk])
    assert list(found.places.order_by("agent").values_list("presence", "score")) == [
        ("present", 80), ("excused", None),
    ]  # fmt: skip
    for act in (
        lambda: hold(found, noted), lambda: put_in(found, third.agent),
        lambda: commands.cancel(training_id=found.pk, reason="x", actor=lead, at=AT),
        lambda: commands.change(training_id=found.pk, about=about(), actor=lead, at=AT),
        lambda: commands.take_out(training_id=found.pk, agent_id=one.agent.pk, actor=lead, at=AT),
    ):  # fmt: skip
        with pytest.raises(MoveNotAllowed):
            act()


def test_nobody_notes_themselves(department, lead):
    found = training(department, agents=[lead.agent])
    with pytest.raises(NotPermitted):
        hold(found, there(lead.agent), actor=lead)
    hold(found, there(lead.agent), actor=person(department, "supervisor"))
    with pytest.raises(NotPermitted):
        commands.note(
            training_id=found.pk, attendance={lead.agent.pk: Noted("present", 100)}, actor=lead, at=STARTS
        )


def test_corrected_and_tested_later(department, lead):
    one, two = person(department), person(department)
    found = held(department, agents=[one.agent, two.agent])
    assert one.agent.pk not in found.others
    given = {"training_id": found.pk, "actor": lead, "at": STARTS}
    commands.note(**given, attendance={one.agent.pk: Noted("absent"), two.agent.pk: Noted("present", 90)})
    found.refresh_from_db()
    assert one.agent.pk in found.others
    assert timeline([found]).last().data["changed"] == {
        f"{one.agent.pk}": ["present", None, "absent", None],
        f"{two.agent.pk}": ["present", None, "present", 90],
    }
    number = timeline([found]).count()
    commands.note(**given, attendance={two.agent.pk: Noted("present", 90)})
    assert timeline([found]).count() == number
    with pytest.raises(Invalid), transaction.atomic():
        commands.note(**given, attendance={two.agent.pk: Noted("absent")})
    with pytest.raises(NotFound):
        commands.note(**given, attendance={person(department).agent.pk: Noted("present")})
    commands.note(**given, attendance={one.agent.pk: Noted("present")})
    found.refresh_from_db()
    assert one.agent.pk not in found.others
    with pytest.raises(MoveNotAllowed):
        commands.note(training_id=training(department).pk, attendance={}, actor=lead, at=STARTS)


def test_cancelled_with_a_reason_and_told(department, lead):
    user = person(department)
    found = training(department, agents=[user.agent], trainer=lead)
    for reason in ("", " ", "x" * 2_001, "a\x00"):
        with pytest.raises(Invalid):
            commands.cancel(training_id=found.pk, reason=reason, actor=lead, at=AT)
    commands.cancel(training_id=found.pk, reason="讲师生病", actor=lead, at=AT)
    assert letters(found, "cancelled") == [user.pk]
    with pytest.raises(MoveNotAllowed):
        commands.cancel(training_id=found.pk, reason="x", actor=lead, at=AT)
    with pytest.raises(MoveNotAllowed):
        hold(found, there(user.agent))
    with pytest.raises(NotFound):
        commands.cancel(training_id=0, reason="x", actor=lead, at=AT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "held"}, {"state": "x"}, {"ended_at": AT}, {"need_kind": "quality"}, {"place": ""},
        {"link": "javascript:x"}, {"material": "x"}, {"minutes": 1}, {"weeks": 27}, {"metric": "x"},
        {"state": "held", "ended_at": STARTS - timedelta(days=1)},
    ],
)  # fmt: skip
def test_the_database_keeps_trainings_whole(department, wrong):
    found = training(department)
    with pytest.raises(IntegrityError), transaction.atomic():
        Training.objects.filter(pk=found.pk).update(**wrong)


def unnoted(found):
    """Held, and nobody knows who was there."""
    Training.objects.filter(pk=found.pk).update(state="held", ended_at=STARTS)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_keeps_attendance_whole(department):
    one, two = person(department).agent, person(department).agent
    found = training(department, agents=[one, two])
    places = TrainingPlace.objects.filter(training=found)
    for wrong in ({"presence": "present"}, {"presence": "x"}, {"score": 50}):
        with pytest.raises(IntegrityError), transaction.atomic():
            places.update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        unnoted(found)
    hold(found, there(one, two))
    for wrong in ({"presence": "expected"}, {"score": 101}, {"score": 5, "presence": "absent"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            places.update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        places.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingPlace.objects.create(training=found, agent=person(department).agent)


def test_who_sees_what(department, lead):
    user, trainer = person(department), person(DepartmentFactory())
    found = training(department, agents=[user.agent], trainer=trainer)
    seen = [
        user,
        trainer,
        lead,
        person(department, "supervisor"),
        person(DepartmentFactory(), "administrator"),
    ]
    unseen = [person(department), person(DepartmentFactory(), "supervisor"), person(department, "analyst")]
    assert [holding.visible_to(one).filter(pk=found.pk).exists() for one in seen] == [True] * 5
    assert [holding.visible_to(one).exists() for one in unseen] == [False] * 3
    assert [holding.leads_it(found, one) for one in seen] == [False, True, True, True, True]
    assert [holding.may_plan(found, one) for one in seen] == [False, False, True, True, True]


@pytest.mark.django_db(transaction=True)
def test_two_holds_at_once_are_one():
    department = DepartmentFactory()
    one, two = person(department).agent, person(department).agent
    found = training(department, agents=[one, two])
    (error,) = refused(
        at_once(
            lambda: hold(found, there(one, two)),
            lambda: hold(found, there(one) | there(two, presence="absent")),
        )
    )
    assert isinstance(error, MoveNotAllowed)
    assert kinds(found).count("training.held") == 1


@pytest.mark.django_db(transaction=True)
def test_put_in_twice_at_once_is_once():
    department = DepartmentFactory()
    agent = person(department).agent
    found = training(department)
    (error,) = refused(at_once(*[lambda: put_in(found, agent)] * 2))
    assert isinstance(error, Taken)
    assert found.places.count() == len(letters(found, "in")) == 1


@pytest.mark.django_db(transaction=True)
def test_put_in_while_it_is_held_is_refused_or_noted():
    department = DepartmentFactory()
    one, two = person(department).agent, person(department).agent
    found = training(department, agents=[one])
    results = at_once(lambda: hold(found, there(one)), lambda: put_in(found, two))
    (error,) = refused(results)
    assert isinstance(error, (Invalid, MoveNotAllowed))
    assert not TrainingPlace.objects.filter(training__state="held", presence=Presence.EXPECTED).exists()


def test_whoever_is_not_in_it_was_not_there(department):
    inside, outside = person(department).agent, person(department).agent
    found = training(department, agents=[inside])
    with pytest.raises(NotFound):
        hold(found, {inside.pk: Noted(Presence.PRESENT), outside.pk: Noted(Presence.PRESENT)})
    found.refresh_from_db()
    assert (found.state, found.others) == (TrainingState.PLANNED, [])
    hold(found, {inside.pk: Noted(Presence.PRESENT)})
    found.refresh_from_db()
    assert outside.pk in found.others

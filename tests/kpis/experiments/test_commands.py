from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from config.common import variants
from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted, Taken
from config.common.events import timeline
from config.common.models import OutboxMessage
from feedback.models import PlaybookVersion
from kpis.experiments import commands, judging, planning
from kpis.experiments.held import visible_to
from kpis.experiments.planning import Judging
from kpis.models import Experiment, ExperimentArm, ExperimentResult, ExperimentStatus, Exposure, Finding
from tests.factories.compensation import T0, MemberFactory
from tests.factories.experiments import (
    DAY,
    ENDED,
    JUDGING,
    KEY,
    choose,
    complain,
    ended,
    expose,
    full,
    planned,
    running,
)
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.improvements import staff
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K7")]

MOVES = {
    "start": lambda pk, **given: commands.start(experiment_id=pk, **given),
    "stop": lambda pk, **given: commands.stop(experiment_id=pk, reason="错了", **given),
    "end": lambda pk, **given: commands.end(experiment_id=pk, **given),
    "decide": lambda pk, **given: commands.decide(experiment_id=pk, keep="a", reason="没用", **given),
}


def test_its_whole_way():
    found = ended(share_a=0.5, share_b=0.2)
    assert found.finding == Finding.BETTER
    done = commands.decide(experiment_id=found.pk, keep="b", reason="有效", actor=None, at=ENDED)
    assert (done.status, done.kept) == (ExperimentStatus.DECIDED, "b")
    version = PlaybookVersion.objects.order_by("-number").first()
    assert (version.number, version.content["remedies"][0]["points"]) == (2, 300)
    assert done.written == str(version)
    kinds = [event.kind.removeprefix("experiment.") for event in timeline([found])]
    assert kinds == ["planned", "started", "ended", "decided"]
    assert choose(MemberFactory().pk) is None


@pytest.mark.parametrize(
    ("make", "allowed"),
    [(planned, {"start"}), (full, {"stop", "end"}), (ended, {"decide"})],
)
@pytest.mark.parametrize("name", MOVES)
def test_each_state_allows_its_moves_alone(make, allowed, name):
    found = make()
    before = Experiment.objects.values().get()
    if name in allowed:
        MOVES[name](found.pk, actor=None, at=ENDED)
        return
    with pytest.raises(MoveNotAllowed):
        MOVES[name](found.pk, actor=None, at=ENDED)
    assert Experiment.objects.values().get() == before


def test_what_is_decided_stays_so():
    found = ended()
    MOVES["decide"](found.pk, actor=None, at=ENDED)
    for move in MOVES.values():
        with pytest.raises(MoveNotAllowed):
            move(found.pk, actor=None, at=ENDED)
    with pytest.raises(MoveNotAllowed):
        commands.extend(experiment_id=found.pk, until=ENDED.date() + 9 * DAY, actor=None, at=ENDED)


@pytest.mark.parametrize("name", MOVES)
def test_another_departments_is_not_there_and_a_supervisor_only_looks(name):
    found = planned()
    analyst_elsewhere, boss = staff(DepartmentFactory()), staff(found.department)
    with pytest.raises(NotFound):
        MOVES[name](found.pk, actor=analyst_elsewhere, at=T0)
    with pytest.raises(NotPermitted):
        MOVES[name](found.pk, actor=boss, at=T0)
    with pytest.raises(NotFound):
        MOVES[name](0, actor=None, at=T0)


def test_who_sees_it():
    found = planned()
    assert visible_to(staff(found.department)).exists()
    assert visible_to(staff(None, "analyst")).exists()
    for user in (staff(found.department, "agent"), staff(DepartmentFactory())):
        assert not visible_to(user).exists()


def test_who_plans_it():
    department = DepartmentFactory()
    with pytest.raises(NotPermitted):
        planned(department, actor=staff(department))
    assert planned(department, actor=staff(None, "analyst"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "\x00"}, "title"),
        ({"hypothesis": "x" * 2_001}, "hypothesis"),
        ({"key": "playbook:damaged:1:coupon"}, "key"),
        ({"key": "playbook:none:1:points"}, "key"),
        ({"kind": "colour"}, "key"),
        ({"variant": {"value": "100"}}, None),
        ({"variant": {"value": "-1"}}, "value"),
        ({"variant": {"value": "many"}}, "value"),
        ({"guards": {"complaint_rate": Decimal(1)}}, "guards"),
        ({"guards": {"wealth": Decimal(1)}}, "guards"),
        ({"guards": {"cost": Decimal(-1)}}, "guards"),
        ({"guards": {"cost": Decimal("NaN")}}, "guards"),
        ({"judging": Judging(outcome="cost", effect=Decimal(1))}, "outcome"),
        ({"judging": Judging(outcome="csat", effect=Decimal(1))}, "outcome"),
        ({"judging": Judging(outcome="complaint_rate", effect=Decimal(0))}, "effect"),
        ({"judging": Judging(outcome="complaint_rate", effect=Decimal("NaN"))}, "effect"),
        ({"judging": Judging(outcome="complaint_rate", effect=Decimal(36))}, "effect"),
        ({"judging": Judging(outcome="complaint_rate", effect=Decimal(5), power=Decimal("0.3"))}, "power"),
        ({"judging": Judging(outcome="complaint_rate", effect=Decimal(5), share_b=100)}, "share_b"),
        ({"judging": Judging(outcome="complaint_rate", effect=Decimal(5), window=0)}, "window"),
        ({"judging": Judging(outcome="complaint_rate", effect=Decimal(5), window=14, days=15)}, "days"),
    ],
)
def test_what_cannot_be_planned(fields, field):
    planned()
    with pytest.raises(Invalid) as caught:
        planned(**fields)
    assert caught.value.details.get("field") == field
    assert Experiment.objects.count() == 1


def test_a_setting_has_one_experiment_at_a_time():
    first, second = running(), planned()
    with pytest.raises(Taken):
        commands.start(experiment_id=second.pk, actor=None, at=T0)
    commands.stop(experiment_id=first.pk, reason="换一个", actor=None, at=T0)
    commands.start(experiment_id=second.pk, actor=None, at=T0)


def test_a_setting_that_was_changed_since_is_planned_anew():
    found = planned()
    change_points(150)
    with pytest.raises(MoveNotAllowed):
        commands.start(experiment_id=found.pk, actor=None, at=T0)


def change_points(points):
    from feedback.playbooks.changing import set_remedy

    set_remedy(code="damaged", place=1, what="points", value=points, because="test", actor=None, at=T0)


def test_a_draft_is_thrown_away_and_what_runs_is_not():
    found, other = planned(), running()
    planning.discard(experiment_id=found.pk, actor=None, at=T0)
    with pytest.raises(MoveNotAllowed):
        planning.discard(experiment_id=other.pk, actor=None, at=T0)
    assert list(Experiment.objects.all()) == [other]


def test_there_is_no_verdict_before_size_and_end():
    found = full()
    for at in (T0 + 5 * DAY, T0 + 28 * DAY):  # the last planned day is one of it
        with pytest.raises(MoveNotAllowed):
            commands.end(experiment_id=found.pk, actor=None, at=at)
    small = running(key=other_playbook())
    expose(small, 20)
    with pytest.raises(MoveNotAllowed):
        commands.end(experiment_id=small.pk, actor=None, at=ENDED)
    assert not ExperimentResult.objects.exists()


def other_playbook():
    from tests.factories.knowledge import make_playbook

    make_playbook("late", remedies=[100])
    return "playbook:late:1:points"


def test_whoever_came_late_is_immature():
    found = running()
    expose(found, 40, at=ENDED - 7 * DAY)
    expose(found, 10, at=ENDED - 6 * DAY)
    seen = judging.progress(found, at=ENDED)
    assert (seen.in_all, seen.measured) == (50, 40)


def test_more_time_is_given_forward_only():
    found = running()
    with pytest.raises(Invalid):
        commands.extend(experiment_id=found.pk, until=found.ends_on, actor=None, at=T0)
    with pytest.raises(Invalid):
        commands.extend(experiment_id=found.pk, until=found.ends_on + 400 * DAY, actor=None, at=T0)
    longer = commands.extend(experiment_id=found.pk, until=found.ends_on + DAY, actor=None, at=T0)
    assert longer.ends_on == T0.date() + 29 * DAY


def test_stopped_early_it_has_no_verdict_and_ships_nothing():
    found = full(share_a=0.9, share_b=0.1)
    with pytest.raises(Invalid):
        commands.stop(experiment_id=found.pk, reason=" ", actor=None, at=T0)
    commands.stop(experiment_id=found.pk, reason="系统故障", actor=None, at=ENDED)
    with pytest.raises(Invalid):
        commands.decide(experiment_id=found.pk, keep="b", reason="看着好", actor=None, at=ENDED)
    done = commands.decide(experiment_id=found.pk, keep="a", reason="没有结论", actor=None, at=ENDED)
    assert (done.finding, done.written) == (Finding.STOPPED, "")
    assert PlaybookVersion.objects.count() == 1
    assert not ExperimentResult.objects.exists()


def points_now():
    return PlaybookVersion.objects.order_by("number").last().content["remedies"][0]["points"]


def decide(found, keep):
    return commands.decide(experiment_id=found.pk, keep=keep, reason="看过了", actor=None, at=ENDED)


@pytest.mark.parametrize("make", [ended, lambda: MOVES["stop"](running().pk, actor=None, at=ENDED)])
def test_to_stay_with_a_leaves_what_was_changed_meanwhile(make):
    found = make()
    change_points(150)
    done = decide(found, "a")
    assert (done.status, done.written, points_now()) == (ExperimentStatus.DECIDED, "", 150)


def test_b_is_not_written_over_what_was_changed_meanwhile_unless_that_is_put_back():
    found = ended(share_a=0.5, share_b=0.2)
    change_points(150)
    with pytest.raises(MoveNotAllowed, match="已被改动"):
        decide(found, "b")
    found.refresh_from_db()
    assert (found.status, points_now()) == (ExperimentStatus.ENDED, 150)
    change_points(100)
    assert decide(found, "b").written.endswith("v4")
    assert points_now() == 300


def test_b_that_stands_there_already_stays_that_version():
    found = ended(share_a=0.5, share_b=0.2)
    change_points(300)
    assert decide(found, "b").written == ""
    assert PlaybookVersion.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_an_edit_made_while_b_is_shipped_is_seen():
    found = ended(share_a=0.5, share_b=0.2)
    caught = behind(lambda: change_points(150), lambda: decide(found, "b"), lambda: None)
    assert isinstance(caught, MoveNotAllowed)
    assert points_now() == 150


def test_whoever_decides_needs_the_right_to_the_setting():
    found = ended(share_a=0.5, share_b=0.2)
    analyst = staff(None, "analyst")
    with pytest.raises(NotPermitted):
        commands.decide(experiment_id=found.pk, keep="b", reason="有效", actor=analyst, at=ENDED)
    found.refresh_from_db()
    assert found.status == ExperimentStatus.ENDED
    boss = StaffFactory(role="administrator", is_staff=True)
    commands.decide(experiment_id=found.pk, keep="b", reason="有效", actor=boss, at=ENDED)


def test_a_broken_split_stops_the_verdict():
    found = full(share_a=0.9, share_b=0.1)
    lost = Exposure.objects.filter(arm__code="a").order_by("pk").values_list("pk", flat=True)[60:]
    Exposure.objects.filter(pk__in=list(lost)).delete()
    assert commands.watch(at=T0 + 20 * DAY) == 1
    assert commands.watch(at=T0 + 21 * DAY) == 0
    done = commands.end(experiment_id=found.pk, actor=None, at=ENDED)
    assert done.finding == Finding.BROKEN
    with pytest.raises(Invalid):
        commands.decide(experiment_id=found.pk, keep="b", reason="好", actor=None, at=ENDED)


def test_harm_is_told_once_and_outweighs_the_rest():
    analyst = staff(None, "analyst")
    found = running(guards={"bad_review_rate": Decimal(0), "return_rate": Decimal(10)})
    arms = expose(found, 260)
    complain(arms["a"][:60])
    send_back(arms["b"][:70])
    assert commands.watch(at=T0 + 20 * DAY) == 1
    assert commands.watch(at=T0 + 21 * DAY) == 0
    letters = OutboxMessage.objects.filter(key__contains=":harm:")
    assert [one.recipient for one in letters] == [f"user:{analyst.pk}"]
    done = commands.end(experiment_id=found.pk, actor=None, at=ENDED)
    assert done.finding == Finding.HARM
    assert found.guards.get(outcome="return_rate").harmed_at == T0 + 20 * DAY


def send_back(members):
    from tests.factories.compensation import OrderFactory

    for member in members:
        OrderFactory(member_id=member, placed_at=T0 - DAY, returned_at=T0 + 3 * DAY)


def test_what_is_full_ends_by_itself():
    found = full()
    assert commands.watch(at=T0 + 20 * DAY) == 0
    assert commands.watch(at=ENDED) == 1
    found.refresh_from_db()
    assert (found.status, found.finding) == (ExperimentStatus.ENDED, Finding.NO_DIFFERENCE)
    assert found.result.numbers["outcome"]["a"]["value"] == pytest.approx(50, abs=1)
    assert commands.watch(at=ENDED) == 0


def test_a_member_is_exposed_once_and_keeps_the_variant():
    found, member = running(), MemberFactory()
    given = [choose(member.pk, at=T0 + number * DAY) for number in range(3)]
    assert given[0] == given[1] == given[2]
    kept = Exposure.objects.get()
    assert (kept.experiment, kept.member, kept.at) == (found, member, T0)
    assert given[0] == kept.arm.content


def test_what_is_not_under_test_is_used_as_it_stands():
    planned()
    assert choose(MemberFactory().pk) is None
    assert not Exposure.objects.exists()
    assert variants.keys(variants.Kind.COMPENSATION) == frozenset()


def test_both_variants_stay_what_was_planned():
    running()
    change_points(150)
    values = {choose(MemberFactory().pk)["value"] for _one in range(40)}
    assert values == {100, 300}


@pytest.mark.django_db(transaction=True)
def test_an_exposure_is_written_in_the_transaction_of_the_use():
    running()
    member = MemberFactory()
    with pytest.raises(RuntimeError):
        choose(member.pk)
    with transaction.atomic():
        choose(member.pk)
        transaction.set_rollback(True)
    assert not Exposure.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_guarded", [True, False])
def test_two_uses_at_once_leave_one_exposure(is_guarded):
    running()
    member = MemberFactory()
    if not is_guarded:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE kpis_exposure DROP CONSTRAINT exposure_once")

    def use():
        with transaction.atomic():
            found = choose(member.pk)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.2)")  # both have looked before either commits
            return found

    try:
        results = at_once(*[use] * 4)
        assert refused(results) == []
        assert all(one == results[0] for one in results)
        assert (Exposure.objects.count() == 1) is is_guarded
    finally:
        if not is_guarded:
            Exposure.objects.all().delete()
            with connection.cursor() as cursor:
                cursor.execute(
                    "ALTER TABLE kpis_exposure ADD CONSTRAINT exposure_once UNIQUE (experiment_id, member_id)"
                )


@pytest.mark.django_db(transaction=True)
def test_of_two_that_start_at_once_one_runs():
    found = [planned(), planned()]
    results = at_once(
        *(lambda pk=one.pk: commands.start(experiment_id=pk, actor=None, at=T0) for one in found)
    )
    assert [type(one) for one in refused(results)] == [Taken]
    assert Experiment.objects.filter(status=ExperimentStatus.RUNNING).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["end", "decide"])
def test_ended_and_decided_once(name):
    found = full() if name == "end" else ended()
    move = MOVES[name]
    results = at_once(*[lambda: move(found.pk, actor=None, at=ENDED)] * 3)
    assert len(refused(results)) == 2
    assert {type(one) for one in refused(results)} == {MoveNotAllowed}
    assert ExperimentResult.objects.count() == 1


def test_the_database_keeps_the_plan_and_the_record():
    found = ended()
    for change in (
        lambda: Experiment.objects.filter(pk=found.pk).update(size=10),
        lambda: Experiment.objects.filter(pk=found.pk).update(outcome="csat"),
        lambda: ExperimentArm.objects.update(weight=10),
        lambda: Exposure.objects.update(at=ENDED),
        lambda: ExperimentResult.objects.update(at=T0),
        lambda: ExperimentResult.objects.all().delete(),
        lambda: Experiment.objects.filter(pk=found.pk).update(status="running"),
        lambda: Experiment.objects.filter(pk=found.pk).update(finding=""),
        lambda: Experiment.objects.filter(pk=found.pk).update(status="decided"),
    ):
        with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic():
            change()


def test_the_size_follows_the_effect_and_the_split():
    planned()
    even = planning.sized(JUDGING, kind="compensation", key=KEY, at=T0)
    assert even.in_all == 2 * even.size
    assert (even.baseline, even.baseline_n) == (35, 40)
    finer = planning.sized(
        Judging(outcome="complaint_rate", effect=Decimal(10)), kind="compensation", key=KEY, at=T0
    )
    uneven = planning.sized(
        Judging(outcome="complaint_rate", effect=Decimal(25), share_b=10), kind="compensation", key=KEY, at=T0
    )
    assert finer.size > even.size
    assert uneven.in_all > even.in_all


def test_counting_old_days_is_left_out_of_the_plan():
    planned(at=T0 - timedelta(days=200))
    with pytest.raises(Invalid):
        planning.sized(JUDGING, kind="compensation", key=KEY, at=T0)

"""What an upgrade brings to a house that is lived in: what is new, once, and nothing taken away."""

import pytest
from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db.models import Value
from django.db.models.functions import Concat

from config.common.models import Given
from config.common.seeding import never_given
from feedback.defaults import ladders, policies
from feedback.defaults.roles import ROLES
from feedback.models import Article, BreachCause, Ladder, Playbook, PolicyTarget, Template
from feedback.sops.ladder import in_order, read
from tests.factories.compensation import T0

pytestmark = [
    pytest.mark.usefixtures("shipped"), pytest.mark.django_db, pytest.mark.req("P1"), pytest.mark.req("P5"),
]  # fmt: skip

NEW = ("audit_breach", "review_quality")


def upgrade():
    call_command("seed_defaults")


def group(role):
    return Group.objects.get(name=ROLES[role].name)


def has(role, *codenames):
    return {one: group(role).permissions.filter(codename=one).exists() for one in codenames}


def permission(codename):
    return Permission.objects.get(codename=codename, content_type__app_label="feedback")


def make_older():
    """A release before the notes, and before two permissions that came with later migrations."""
    Given.objects.all().delete()
    Permission.objects.filter(codename__in=NEW).delete()
    create_permissions(apps.get_app_config("feedback"), verbosity=0)


def test_new_permissions_reach_the_roles_of_an_older_house_and_its_edits_stay():
    group("agent").permissions.remove(permission("view_gap"))
    group("agent").permissions.add(permission("view_promise"))
    make_older()
    assert has("team_lead", *NEW) == dict.fromkeys(NEW, False)
    upgrade()
    assert has("team_lead", *NEW) == dict.fromkeys(NEW, True)
    assert has("administrator", *NEW) == dict.fromkeys(NEW, True)
    assert has("agent", "view_gap", "view_promise", *NEW) == {
        "view_gap": False, "view_promise": True, **dict.fromkeys(NEW, False)
    }  # fmt: skip


def test_each_permission_is_given_once():
    make_older()
    upgrade()
    group("team_lead").permissions.remove(permission(NEW[0]))
    upgrade()
    assert has("team_lead", *NEW) == {NEW[0]: False, NEW[1]: True}


def test_what_a_later_release_adds_to_a_role_reaches_it():
    group("team_lead").permissions.remove(permission(NEW[0]))
    Given.objects.filter(code=f"feedback.{NEW[0]}").delete()  # as if it had just been written into the role
    upgrade()
    assert has("team_lead", NEW[0]) == {NEW[0]: True}
    assert has("agent", NEW[0]) == {NEW[0]: False}


def test_a_role_that_was_renamed_or_deleted_is_not_made_again():
    Group.objects.filter(name=ROLES["agent"].name).update(name="一线")
    group("finance").delete()
    upgrade()
    assert not Group.objects.filter(name__in=[ROLES["agent"].name, ROLES["finance"].name]).exists()


@pytest.mark.parametrize(
    ("kind", "model"),
    [("article", Article), ("playbook", Playbook), ("template", Template), ("breach cause", BreachCause)],
)
def test_what_was_taken_away_stays_away_and_what_is_new_comes(kind, model):
    gone = model.objects.order_by("pk").values_list("code", flat=True).first()
    model.objects.filter(code=gone).update(code="ours")  # versions keep some from being deleted

    def came():
        upgrade()
        return model.objects.filter(code=gone).exists()

    assert not came()
    Given.objects.filter(kind=kind).delete()  # a house from before the notes: nobody knows, so nothing comes
    assert not came()
    Given.objects.filter(kind=kind, code=gone).delete()  # as if it came with this release
    assert came()
    number = model.objects.count()
    Given.objects.filter(kind=kind, code=gone).delete()  # or somebody had made one of that code before
    assert came()
    assert model.objects.count() == number


def test_ladders_of_an_older_house_stay_and_the_new_ones_wait_to_be_chosen():
    Given.objects.filter(kind="ladder").delete()
    PolicyTarget.objects.update(ladder=None)
    Ladder.objects.get(code="standard").rungs.all().delete()
    Ladder.objects.exclude(code__in=["standard", "handoff"]).update(code=Concat(Value("old-"), "code"))
    upgrade()
    assert not Ladder.objects.get(code="standard").rungs.exists()
    assert set(ladders.LADDERS) <= set(Ladder.objects.values_list("code", flat=True))
    assert not PolicyTarget.objects.exclude(ladder=None).exists()


def test_nothing_is_given_twice_whatever_the_order():
    assert never_given("thing", ["b", "a", "b"], at=T0) == ["b", "a"]
    assert never_given("thing", ["a", "c"], at=T0) == ["c"]
    assert never_given("other", ["a", "b"], before=["a"], at=T0) == ["b"]
    assert never_given("other", ["a", "b"], before=["a"], at=T0) == []


def test_every_target_that_ships_has_a_ladder_and_handoffs_one_to_accept():
    targets = PolicyTarget.objects.all()
    assert not targets.filter(ladder=None).exists()
    assert targets.get(milestone="accept").within == 30 * policies.MINUTE
    assert set(targets.values_list("ladder__code", flat=True)) == set(ladders.LADDERS)
    seconds = targets.filter(within__lt=policies.SOON)
    assert set(seconds.values_list("ladder__code", flat=True)) == {"instant"}


def test_ladders_that_ship_warn_first_and_go_up_the_chain_last():
    for ladder in Ladder.objects.all():
        rungs = in_order(read(ladder.versions.get().content), 4 * policies.HOUR)
        late = [place for place, rung in enumerate(rungs) if not rung.is_warning]
        assert late == list(range(late[0], len(rungs))), ladder
    actions = [rung.action for rung in read(Ladder.objects.get(code="standard").versions.get().content)]
    assert actions == [
        "notify_agent", "notify_agent", "notify_lead", "watch", "reassign_lead", "raise_priority", "escalate",
    ]  # fmt: skip

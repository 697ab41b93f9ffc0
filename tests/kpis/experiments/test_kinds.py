"""Each kind of setting from the plan to the new version: used as its own app uses it, and on record."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.models import Grant, RuleVersion
from compensation.rules import commands as rules
from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.events import timeline
from config.common.models import Event, User
from feedback.automatic.applying import apply_to_gaps
from feedback.clocks import commands as clocks
from feedback.defaults.authority import seed_authority
from feedback.models import Clock, Playbook, PlaybookRemedy, Policy, PolicyVersion, Reply, ReplyTemplate
from feedback.playbooks import commands as playbooks
from feedback.replies import automatic
from kpis.experiments import commands, planning
from kpis.experiments.kinds import KINDS
from kpis.models import Exposure
from surveys.invitations.commands import ask
from surveys.models import CampaignWording
from tests.factories.compensation import T0, MemberFactory
from tests.factories.experiments import DAY, ENDED, JUDGING, before, choose
from tests.factories.experiments import running as experiment
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory, group
from tests.factories.knowledge import make_playbook
from tests.factories.money import AT, CouponTemplateFactory, PointsRuleFactory
from tests.factories.replies import known, said, ship
from tests.factories.sop import SopCaseFactory, make_policy
from tests.factories.surveys import NOW, running
from tests.feedback.automatic.test_applying import late, rule
from tests.surveys.invitations.test_sending import refusing, sent

pytestmark = [pytest.mark.django_db, pytest.mark.req("K7")]
MANY = 12


def arms():
    """What each exposed member was given, by arm, of the experiment that there is."""
    return dict(Exposure.objects.values_list("member", "arm__code"))


def shipped(found, *, keep="b", actor=None):
    """Decide without waiting: how it comes to that is tested elsewhere."""
    type(found).objects.filter(pk=found.pk).update(status="ended", ended_at=ENDED, finding="better")
    return commands.decide(experiment_id=found.pk, keep=keep, reason="好", actor=actor, at=ENDED)


def test_the_points_that_a_playbook_gives():
    department = DepartmentFactory()
    group("agent")
    seed_authority(T0)
    PointsRuleFactory()
    agent = User.objects.get(pk=AgentFactory(departments=[department]).user_id)
    playbook = make_playbook(remedies=[100, CouponTemplateFactory(code="sorry-10")])
    found = experiment(key="playbook:damaged:1:points", variant={"value": "300"})
    for case in [CaseFactory(department=department) for _one in range(MANY)]:
        playbooks.apply(case_id=case.pk, playbook_id=playbook.pk, actor=agent, at=T0)
    given = dict(Grant.objects.filter(kind="points").values_list("member", "points"))
    assert given == {member: {"a": 100, "b": 300}[arm] for member, arm in arms().items()}
    assert set(arms().values()) == {"a", "b"}
    assert set(Grant.objects.filter(kind="coupon").values_list("template__code")) == {("sorry-10",)}
    shipped(found)
    assert PlaybookRemedy.objects.get(points__isnull=False).points == 300
    assert choose(MemberFactory().pk, key="playbook:damaged:1:points") is None


def test_each_kind_of_setting_is_held_by_its_row():
    ship()
    make_policy()
    make_playbook(remedies=[100])
    rule(yuan=5, opens_case=False)
    wording(running(channels=["email"]))
    keys = [(kind, key) for kind in KINDS.values() for key, _name in kind.listed()]
    assert len({kind.kind for kind, _key in keys}) == len(KINDS)
    for kind, key in keys:
        with CaptureQueriesContext(connection) as queries:
            kind.hold(key)
        (query,) = queries.captured_queries
        assert "FOR NO KEY UPDATE" in query["sql"]
        with connection.cursor() as cursor:
            cursor.execute(query["sql"])
            assert cursor.fetchone()


def test_what_was_refused_exposed_nobody():
    department = DepartmentFactory()
    group("agent")
    agent = User.objects.get(pk=AgentFactory(departments=[department]).user_id)
    playbook = make_playbook(remedies=[{"kind": "refund", "amount_fen": 500}])
    experiment(key="playbook:damaged:1:refund", variant={"value": "8.88"})
    case = CaseFactory(department=department, order=None)
    used = playbooks.apply(case_id=case.pk, playbook_id=playbook.pk, actor=agent, at=T0)
    assert used.refusals
    assert not Exposure.objects.exists()


def test_the_coupon_that_a_rule_gives():
    rule(yuan=5, opens_case=False)
    before(at=AT)
    more = CouponTemplateFactory(code="sorry-20")
    found = experiment(key="rule:late:1:coupon", variant={"value": str(more.pk)}, at=AT)
    gaps = [late() for _one in range(MANY)]
    apply_to_gaps(gap_ids=[gap.pk for gap in gaps], at=AT)
    apply_to_gaps(gap_ids=[gap.pk for gap in gaps], at=AT)
    given = dict(Grant.objects.values_list("member", "template__code"))
    assert given == {member: {"a": "sorry-5", "b": "sorry-20"}[arm] for member, arm in arms().items()}
    assert len(given) == MANY
    done = shipped(found)
    version = RuleVersion.objects.get(published_at__isnull=False, retired_at=None)
    assert (version.number, version.gives.get().template, done.written) == (2, more, str(version))
    assert list(timeline([version]).values_list("kind", flat=True))[-1] == "rule.changed"
    assert Event.objects.get(kind="rule.changed").data["because"] == f"experiment:{found.pk}"


def test_the_text_of_a_reply_to_a_review():
    ship()
    known("质量很好")
    texts = dict(ReplyTemplate.objects.filter(language="zh-hans").values_list("pk", "text"))
    tested = {}
    for key, text in texts.items():
        if ReplyTemplate.objects.get(pk=key).feeling == "positive":
            tested[key] = experiment(
                kind="reply", key=str(key), variant={"text": f"【新】{text}"}, title=f"{key}"
            )
    reviews = [said(text="质量很好，很喜欢") for _one in range(MANY)]
    automatic.take_up(at=T0)
    assert Reply.objects.count() == MANY
    for reply in Reply.objects.select_related("review"):
        exposure = Exposure.objects.get(experiment=tested[reply.template_id], member=reply.review.member_id)
        assert reply.public_text.startswith("【新】") is (exposure.arm.code == "b")
        assert "{{" not in reply.public_text
    assert {one.review_id for one in Reply.objects.all()} == {one.pk for one in reviews}
    key, found = next(iter(tested.items()))
    shipped(found)
    assert ReplyTemplate.objects.get(pk=key).text.startswith("【新】")
    assert Event.objects.filter(kind="replytemplate.reworded", subject_id=key).exists()


def wording(campaign, **fields):
    return CampaignWording.objects.create(
        campaign=campaign, channel="email", title="请说一句", body="一分钟", **fields
    )


def test_the_words_of_an_invitation():
    MemberFactory.create_batch(MANY, email="m@example.com")
    own = wording(running(channels=["email"]))
    found = experiment(kind="wording", key=str(own.pk), variant={"title": "{member}，您还满意吗？"}, at=NOW)
    ask(at=NOW)
    assert sent().sent == MANY
    subjects = [letter.subject for letter in mail.outbox]
    given = list(arms().values())
    assert len(given) == MANY
    assert sum("您还满意吗" in subject for subject in subjects) == given.count("b") > 0
    assert sum(subject == "请说一句" for subject in subjects) == given.count("a") > 0
    shipped(found)
    own.refresh_from_db()
    assert (own.title, own.body) == ("{member}，您还满意吗？", "")
    assert Event.objects.get(kind="campaign.reworded").data["before"]["title"] == "请说一句"


def test_what_was_not_sent_exposed_nobody(monkeypatch):
    MemberFactory(email="m@example.com")
    own = wording(running(channels=["email"]))
    experiment(kind="wording", key=str(own.pk), variant={"title": "换个说法"}, at=NOW)
    ask(at=NOW)
    refusing(monkeypatch, "send_mail")
    sent()
    assert not Exposure.objects.exists()


def test_how_long_a_policy_gives():
    make_policy()
    found = experiment(kind="target", key="any:first_reply", variant={"minutes": "10"})
    cases = [SopCaseFactory() for _one in range(MANY)]
    for case in cases:
        clocks.start_for_case(case, actor=None, at=T0)
    given = dict(Clock.objects.filter(milestone="first_reply").values_list("case__member", "work"))
    assert given == {member: timedelta(minutes={"a": 30, "b": 10}[arm]) for member, arm in arms().items()}
    assert set(arms().values()) == {"a", "b"}
    assert Clock.objects.filter(facts__tested=True, milestone="first_reply").count() == MANY
    assert not Clock.objects.filter(facts__tested=True).exclude(milestone="first_reply").exists()
    again = clocks.retarget
    again(cases[0], actor=None, at=T0 + timedelta(minutes=1))
    assert Clock.objects.get(case=cases[0], milestone="first_reply").work == given[cases[0].member_id]
    shipped(found)
    version = PolicyVersion.objects.latest("number")
    assert (version.number, version.content["targets"]["first_reply"]["within"]) == (2, 600)


def test_a_clock_costs_one_query_more_where_nothing_is_tested(django_assert_num_queries):
    make_policy()
    with django_assert_num_queries(1):
        assert choose(MemberFactory.build(pk=1).pk) is None
    case = SopCaseFactory()
    clocks.start_for_case(case, actor=None, at=T0)
    assert Clock.objects.filter(facts__tested=True).count() == 0


LIMITED = {
    "rule:late:1:coupon": "compensation.publish_rule",
    "playbook:damaged:1:points": "feedback.change_playbook",
    "any:first_reply": "feedback.change_policy",
}


@pytest.mark.parametrize("key", LIMITED)
def test_the_apps_own_right_is_asked_for(key):
    make_policy()
    make_playbook(remedies=[100])
    rule(yuan=5, opens_case=False)
    kind = KINDS["target" if key.startswith("any") else "compensation"]
    content = kind.now(key)
    with pytest.raises(NotPermitted):
        kind.write(key, content, "experiment:1", StaffFactory(role="analyst", is_staff=True), AT)


def test_words_are_changed_by_who_may():
    ship()
    own = wording(running(channels=["email"]))
    template = ReplyTemplate.objects.first()
    analyst = StaffFactory(role="analyst", is_staff=True)
    with pytest.raises(NotPermitted):
        KINDS["reply"].write(str(template.pk), {"text": "x"}, "experiment:1", analyst, AT)
    with pytest.raises(NotPermitted):
        KINDS["wording"].write(str(own.pk), KINDS["wording"].now(str(own.pk)), "experiment:1", analyst, AT)


def test_unpublished_edits_are_not_shipped_with_it():
    make_policy()
    make_playbook(remedies=[100])
    version = rule(yuan=5, opens_case=False) or RuleVersion.objects.get()
    Policy.objects.update(position=7)
    Playbook.objects.get().steps.all().delete()
    rules.draft(rule_id=RuleVersion.objects.get(pk=version.pk).rule_id, actor=None, at=AT)
    for kind, key in (
        ("target", "any:first_reply"),
        ("compensation", "playbook:damaged:1:points"),
        ("compensation", "rule:late:1:coupon"),
    ):
        content = KINDS[kind].now(key)
        with pytest.raises(WrongState):
            KINDS[kind].write(key, content, "experiment:1", None, AT)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["", "1", "x", "9" * 30, "a:b:c:d", "\x00", "rule:x:y:points"])
def test_a_setting_that_is_not_there(kind, key):
    assert KINDS[kind].now(key) is None


@pytest.mark.parametrize(
    ("kind", "content", "given", "field"),
    [
        ("reply", {"text": "谢谢"}, {"text": ""}, "text"),
        ("reply", {"text": "谢谢"}, {"text": "{{ praised }}"}, "text"),
        ("reply", {"text": "谢谢"}, {"text": "{{ nobody }}"}, "text"),
        ("reply", {"text": "谢谢"}, {"text": "x" * 2_001}, "text"),
        ("wording", {}, {"title": ""}, "title"),
        ("wording", {}, {"title": "x" * 121}, "title"),
        ("wording", {}, {"title": "{answer:csat}"}, "title"),
        ("wording", {}, {"title": "x", "body": "\x00"}, "body"),
        ("target", {"seconds": 60}, {"minutes": "0"}, "minutes"),
        ("target", {"seconds": 60}, {"minutes": "1.5"}, "minutes"),
        ("target", {"seconds": 60}, {"minutes": "86401"}, "minutes"),
        ("compensation", {"what": "points", "value": 1}, {}, "value"),
        ("compensation", {"what": "points", "value": 1}, {"value": "9" * 12}, "value"),
        ("compensation", {"what": "amount_fen", "value": 1}, {"value": "0.001"}, "value"),
        ("compensation", {"what": "amount_fen", "value": 1}, {"value": "nan"}, "value"),
        ("compensation", {"what": "template_id", "value": 1}, {"value": "7"}, "value"),
    ],
)
def test_variants_that_make_no_sense(kind, content, given, field):
    with pytest.raises(Invalid) as caught:
        KINDS[kind].parse(content, given)
    assert caught.value.details["field"] == field


def test_writing_what_is_gone():
    for kind, key, content in (
        ("compensation", "playbook:none:1:points", {"what": "points", "value": 1}),
        ("reply", "0", {"text": "x"}),
        ("wording", "0", dict.fromkeys(("title", "title_en", "body", "body_en"), "x")),
        ("target", "none:first_reply", {"seconds": 60}),
    ):
        with pytest.raises(NotFound):
            KINDS[kind].write(key, content, "experiment:1", None, AT)


def test_each_kind_tells_what_it_says_and_asks():
    ship()
    make_policy()
    make_playbook(
        remedies=[100, {"kind": "gift", "amount_fen": 990, "gift": "杯子"}, CouponTemplateFactory()]
    )
    wording(running(channels=["email"]))
    for kind in KINDS.values():
        assert kind.listed()
        for key, name in kind.listed():
            content = kind.now(key)
            assert name
            assert kind.said(content)
            asked = {one.name: one.now for one in kind.asks(content)}
            assert kind.parse(content, asked) == content


def test_planning_needs_the_setting_to_be_in_force():
    make_playbook(remedies=[100])
    before()
    Playbook.objects.update(is_active=False)
    with pytest.raises(Invalid):
        planning.plan(
            title="x",
            department=DepartmentFactory(),
            kind="compensation",
            key="playbook:damaged:1:points",
            variant={"value": "300"},
            judging=JUDGING,
            guards={"cost": Decimal(1)},
            actor=None,
            at=T0 + DAY,
        )

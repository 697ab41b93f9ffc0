"""Who gets where: every address of the house, walked as every role, against one explicit table.

A new address fails `test_every_address_is_in_the_table` until somebody has said here who may use it.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from json import dumps
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.backends import ModelBackend
from django.db import transaction
from django.http import HttpResponse
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from compensation.consents.links import token_for
from compensation.models import (
    Batch,
    Budget,
    Cap,
    CareRule,
    Coupon,
    CouponTemplate,
    Delegation,
    Grant,
    GrantStatus,
    Member,
    Notice,
    OrderLine,
    Product,
    RefundOrder,
    Reward,
    Rule,
    RuleVersion,
    Segment,
)
from compensation.points import commands as points
from compensation.rules import commands as rules
from config.admin import HuiyinAdminSite
from config.common import api_keys, error_pages, screens
from config.common.browsing import Browsed
from config.common.menu import Menu
from config.common.models import Seal, User
from config.common.registry import DEFAULTS, PAGES
from feedback.cases import commands
from feedback.channels.chat import commands as chats
from feedback.claims import auditing, facts
from feedback.claims import commands as claims
from feedback.crises import commands as crises
from feedback.crises import statements
from feedback.defaults.roles import ROLES
from feedback.handoffs import commands as handoffs
from feedback.holds import commands as holds
from feedback.knowledge import answering
from feedback.models import (
    Agent,
    AnswerGiven,
    Approval,
    Article,
    Aspect,
    Attachment,
    BreachCause,
    Case,
    ChannelMessage,
    ChatSession,
    ChatSetup,
    Claim,
    Clock,
    CoachingNote,
    Crisis,
    CrisisCase,
    CrisisWatch,
    Dedication,
    Department,
    FactKind,
    Gap,
    Handoff,
    ImportRun,
    Messenger,
    Overturned,
    Pause,
    Playbook,
    Policy,
    Post,
    PostCluster,
    PostFile,
    Promise,
    QualityCheck,
    RemedyRequest,
    Reply,
    Review,
    ReviewAppeal,
    ReviewPicture,
    ReviewPlace,
    RewardRule,
    RuleTask,
    Scorecard,
    Severity,
    Simulation,
    Skill,
    Triage,
    WatchJump,
    WatchWord,
)
from feedback.moderation import commands as moderation
from feedback.playbooks import commands as playbooks
from feedback.posts import suggesting
from feedback.quality import commands as quality
from feedback.quality import sampling
from feedback.remedies import asking
from feedback.remedies import commands as remedies
from feedback.replies import commands as answers
from feedback.rewards import commands as rewards
from kpis.api.reading import READS
from kpis.improvements import commands as improvements
from kpis.models import (
    Appraisal,
    AppraisalScore,
    Experiment,
    FigureAlert,
    FigureDay,
    Improvement,
    Meeting,
    PartIn,
    Report,
    Resolve,
    Scheme,
    SchemeLine,
    SchemeVersion,
    Target,
    Training,
)
from kpis.snapshots import backfilling
from kpis.task_force import deciding, meetings, seats
from kpis.training import commands as trainings
from surveys.models import Campaign, Interview, Invitation, Need, Skip, Survey, SurveyVersion, Theme, Wave
from surveys.needs import commands as needs
from surveys.questionnaires import commands as questionnaires
from tests.factories.batches import counted
from tests.factories.compensation import T0, MemberFactory, OrderFactory, OrderLineFactory
from tests.factories.expectations import cares
from tests.factories.experiments import drafted
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory, picture
from tests.factories.knowledge import request_of
from tests.factories.kpis import make_answer, make_clock
from tests.factories.questionnaires import launched
from tests.factories.refunds import refund
from tests.factories.session import browser_of, client_of, sign_in_browser, token_of
from tests.factories.webhooks import make_channels

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1"), pytest.mark.req("P4")]


NOTHING = {"rows": [], "examples": {"worse": [], "better": []}, "other_version": 0}
NO_REPORT = {
    name: [] for name in ("figures", "gaps", "gap_causes", "spots", "breaches", "improvements", "alerts")
}
SHOP_COUPONS = ("quote", "reserve", "redeem", "release", "reverse")
LEADING = {"team_lead", "supervisor"}


def make_appraisal(department, agent):
    """An agent's month, scored, with a week left to appeal."""
    version = SchemeVersion.objects.get(scheme__code="agents")
    month = timezone.localdate().replace(day=1)
    made = Appraisal.objects.create(scheme=version.scheme, month=month, agent=agent, department=department)
    numbers = {"lines": [], "departments": [department.pk]}
    AppraisalScore.objects.create(
        appraisal=made, revision=1, kind="first", version=version, score=80, numbers=numbers,
        at=timezone.now(),
    )  # fmt: skip


def judged_who():
    """How a form names the agent and the mark of the scheme that ships."""
    line = SchemeLine.objects.get(judged_by="mark", version__scheme__code="agents")
    found = Appraisal.objects.get()
    return f"{line.pk}-{found.agent_id}-{found.department_id}"


def make_house() -> tuple[dict[str, User], Case]:
    """Something of everything, about a case of the service department that logistics was asked about."""
    for seed in DEFAULTS:
        seed(T0)
    service, logistics = (Department.objects.get(code=code) for code in ("service", "logistics"))
    now = timezone.now()
    people: dict[str, User] = {"nobody": StaffFactory(), "superuser": StaffFactory(is_superuser=True)}
    for role in ROLES:
        leads = {"leads": [service]} if role in LEADING else {"departments": [service]}
        people[role] = AgentFactory(user=StaffFactory(role=role), **leads).user
    for role in ("agent", "supervisor"):
        elsewhere = Department.objects.get(code="product")
        people[f"{role} elsewhere"] = AgentFactory(user=StaffFactory(role=role), leads=[elsewhere]).user
    people["agent asked"] = AgentFactory(user=StaffFactory(role="agent"), departments=[logistics]).user
    member = MemberFactory()
    order = OrderFactory(member=member)
    line = OrderLineFactory(order=order)
    refund(order)
    points.sign_in(member=member, at=now)
    asker = people["agent"]
    case = commands.open_case(
        member=member, kind="complaint", channel="app", subject="碎了", body="碎了", order=order,
        department=service, attachments=[picture()], actor=member, at=now,
    )  # fmt: skip
    handoffs.hand_over(case_id=case.pk, department_id=logistics.pk, question="？", actor=asker, at=now)
    remedies.grant_for_case(
        case_id=case.pk, kind="points", points=10, reason="Late", key="points", actor=asker, at=now
    )
    damaged = Playbook.objects.get(code="damaged").pk
    used = playbooks.apply(case_id=case.pk, playbook_id=damaged, actor=asker, at=now)
    request_of(case, use=used, at=now)
    answering.give(text="怎么开发票", language="zh-hans", channel="portal", member=member, at=now)
    for code, key in (("sorry-5", "small"), ("sorry-100", "large")):
        template, _new = CouponTemplate.objects.get_or_create(
            code=code, defaults={"name": code, "value_fen": 100 * int(code.split("-")[1])}
        )
        remedies.grant_for_case(
            case_id=case.pk,
            kind="coupon",
            template_id=template.pk,
            reason="Late",
            key=key,
            actor=asker,
            at=now,
        )
    ChatSetup.objects.update(calendar=None)
    chats.start(member=member, body="？", at=now)
    promise = Promise.objects.create(line=line, aspect=Aspect.DELIVERY, due_at=T0)
    Gap.objects.create(
        order=order, promise=promise, aspect=Aspect.DELIVERY, expected_at=T0, actual_at=now, days=-3,
        severity=Severity.SEVERE, detected_at=now, changed_at=now,
    )  # fmt: skip
    Overturned.objects.create(gap=Gap.objects.get(), at=now)
    make_claim(line.product, now)
    Budget.objects.create(starts_at=now, ends_at=now + timedelta(days=30), amount_fen=10**9)
    Cap.objects.create(scope="member", period="day", limit_count=99)
    rules.draft(rule_id=Rule.objects.get(code="late").pk, actor=None, at=now)
    RuleTask.objects.create(
        key="x",
        case=case,
        version=RuleVersion.objects.filter(code="damaged").get(),
        reason="choose",
        made_at=now,
    )
    stands_in = {"giver": people["supervisor"], "receiver": people["team_lead"]}
    Delegation.objects.create(**stands_in, from_at=now, until=now + timedelta(days=1))
    counted([MemberFactory()], by=people["superuser"])
    make_channels(case)
    improvements.propose(title="x", kind="fix", department=service, actor=None, at=now)
    drafted(service, case.member, now)
    make_appraisal(service, asker.agent)
    week = {"first": now.date() - timedelta(days=13), "last": now.date() - timedelta(days=7)}
    Report.objects.create(kind="weekly", department=service, made_at=now, content=NO_REPORT, **week)
    make_task_force(service, people["agent"], now)
    make_training(service, people["agent"], people["team_lead"], now)
    make_supervised(service, people["agent"], people["team_lead"], now)
    Approval.objects.create(
        case=case, clock=case.clocks.first(), rung=0, department=case.department, kind="overrun", asked_at=now
    )
    Messenger.objects.create(name="x", kind="other", department=case.department)
    Skill.objects.create(code="x", name="x")
    Dedication.objects.create(member=member, agent=Agent.objects.get(user=asker), since=now)
    rated = Review.objects.create(external_id="R1", member=member, order=order, stars=1, written_at=now)
    Triage.objects.create(review=rated, read_at=now)
    Triage.objects.create(case=case, read_at=now)
    make_reviews(line, people["nobody"], now)
    holds.place(member_id=MemberFactory().pk, reason="x", actor=asker, at=now)
    make_posts(member, case.department, now)
    needs.create(name="x", actor=None, at=now)
    questionnaires.open_draft(survey_id=Survey.objects.get(code="nps").pk, actor=None, at=now)
    month = now.date().replace(day=1)
    Interview.objects.create(member=member, month=month, rest=month + timedelta(days=365))
    Theme.objects.create(code="x", name="x")
    make_answer(service, 5, at=now)
    Simulation.objects.create(asked_by=asker, asked_at=now, since=T0, policies=[], cases=0, result=NOTHING)
    ImportRun.objects.create(map_name="m", map_text="", created_at=now)
    Seal.objects.create(upto_txid=1, from_txid=0, count=0, digests=b"", signature=b"x", sealed_at=now)
    PeriodicTask.objects.create(
        name="x", task="x", interval=IntervalSchedule.objects.create(every=7, period="days")
    )
    CrontabSchedule.objects.create()
    ClockedSchedule.objects.create(clocked_time=now)
    SolarSchedule.objects.create(event="sunrise", latitude=1, longitude=1)
    AccessAttempt.objects.create(username="x", failures_since_start=1)
    AccessLog.objects.create(username="x")
    AccessFailureLog.objects.create(username="x")
    make_crisis(people["supervisor"], case, now)
    wave = Wave.objects.first()
    Skip.objects.create(wave=wave, member=member, key="order:1", reason="cap", at=now)
    return people, case


def make_task_force(department: Department, leader: User, now: datetime) -> None:
    """One that an agent leads, with a meeting under way that decided something."""
    seat = seats.Seat(leader, department, PartIn.LEADER)
    force = seats.create(name="x", weekday=0, seats=[seat], actor=None, at=now)
    called = meetings.call(task_force_id=force.pk, on=timezone.localdate(now), actor=None, at=now)
    meetings.begin(meeting_id=called.pk, actor=None, at=now)
    deciding.decide(
        meeting_id=called.pk, text="x", owner=leader, due_on=called.on, actor=None, at=now,
    )  # fmt: skip


def make_training(department: Department, learner: User, trainer: User, now: datetime) -> None:
    """One to come, with an agent in it."""
    about = trainings.About(
        title="x", metric="csat", trainer=trainer, starts_at=now + timedelta(days=1), place="x"
    )
    learners = [Agent.objects.get(user=learner).pk]
    trainings.plan(department=department, about=about, agents=learners, actor=None, at=now)


def make_reviews(line: OrderLine, refuser: User, now: datetime) -> None:
    """A review of the member's own with a picture, one that is held, and an appeal about a refused one."""
    about = {"member": line.order.member, "order": line.order, "product": line.product, "written_at": now}
    own = Review.objects.create(external_id="R2", source="portal", order_line=line, stars=5, **about)
    file = picture()
    kept = ReviewPicture(review=own, name=file.name, content_type="image/jpeg", size=1, sha256="0" * 64)
    kept.file.save(file.name, file)
    kept.save()
    Review.objects.create(external_id="R3", stars=1, status="held", **about)
    other = {**about, "member": MemberFactory()}
    Review.objects.create(external_id="R4", stars=2, **other)
    refused = Review.objects.create(external_id="R5", stars=3, status="held", **about)
    rewards.pick(review_id=own.pk, actor=refuser, at=now)
    rewards.settle(review_id=own.pk, at=now)
    moderation.decide(review_id=refused.pk, verdict="refuse", reason="advert", actor=refuser, at=now)
    moderation.appeal(review_id=refused.pk, text="", actor=line.order.member, at=now)
    answered = Review.objects.create(external_id="R6", stars=4, **other)
    ReviewPlace.objects.create(review=answered, channel="weibo", external_id="6", created_at=now)
    answers.write(review_id=answered.pk, text="x", actor=refuser, at=now)


def make_posts(member: Member, department: Department, now: datetime) -> None:
    """A suggestion of the member's own with a picture, a post from outside, topics, a word that jumped."""
    mine = suggesting.suggest(member=member, text="水壶盖子单卖", uploads=[picture()], at=now)
    outside = Post.objects.create(
        kind="post", source="weibo", external_id="w1", text="漏水", written_at=now, taken_at=now
    )
    another = {"kind": "comment", "source": "weibo", "external_id": "w2", "text": "也漏水"}
    topic, _other = (PostCluster.objects.create(name=name, made_at=now, posts=2, size=2) for name in "ab")
    Post.objects.create(**another, written_at=now, taken_at=now, cluster=topic)
    Post.objects.filter(pk__in=[mine.pk, outside.pk]).update(cluster=topic)
    word = WatchWord.objects.create(name="x", words=["漏水"], department=department)
    WatchJump.objects.create(watch=word, began_at=now, negatives=9, usual=1, chance=0)


def make_crisis(supervisor: User, case: Case, now: datetime) -> None:
    """A crisis of the case's department that the case is in, and a statement about it."""
    plan = crises.Plan(
        name="x", severity=2, department=case.department, owner=supervisor, since=now - timedelta(hours=1),
        conditions={"kinds": ["complaint"]},
    )  # fmt: skip
    crisis = crises.begin(plan=plan, actor=supervisor, at=now)
    Crisis.objects.update(watch=CrisisWatch.objects.first())
    CrisisCase.objects.create(crisis=crisis, case=case, joined_at=now)
    statements.write(
        crisis_id=crisis.pk, words=statements.Words(title="x", body="x"), actor=supervisor, at=now
    )
    statements.publish(crisis_id=crisis.pk, number=1, actor=supervisor, at=now)


def make_claim(product: Product, now: datetime) -> None:
    """A claim with a finding, and a fact about its product."""
    content = claims.Content(
        key="x", channel="advert", text="最佳，48小时送达", valid_from=T0, product_id=product.pk
    )
    claim, _new = claims.put(content=content, actor=None, at=now)
    auditing.audit_claim(claim_id=claim.pk, terms=auditing.terms_in_use(), at=now)
    kind = FactKind.objects.get(code="origin")
    facts.put(
        content=facts.Content(product_id=product.pk, kind=kind, text="x", valid_from=T0), actor=None, at=now
    )


def make_supervised(service: Department, agent: User, lead: User, now: datetime) -> None:
    """What leads look at: a breach, a pause, a question back, a conversation to score, a coaching note."""
    clock = make_clock(service, due_at=now - timedelta(hours=1))
    real = Clock.objects.filter(milestone="resolution").first()
    Clock.objects.filter(pk=clock.pk).update(facts=real.facts)
    Pause.objects.create(clock=real, reason="waiting_member", from_at=now, to_at=now, needs_review=True)
    asking.ask_back(
        grant_id=Grant.objects.get(status=GrantStatus.REQUESTED).pk,
        question="?",
        actor=User.objects.get(agent__memberships__department=service, groups__name=ROLES["supervisor"].name),
        at=now,
    )
    Case.objects.filter(pk=clock.case_id).update(agent=agent.agent)
    sampling.pick(case_id=clock.case_id, scorecard_id=Scorecard.objects.get().pk, actor=lead, at=now)
    quality.coach(agent_id=agent.agent.pk, text="x", actor=lead, at=now)


BACKEND = "django.contrib.auth.backends.ModelBackend"
STAFF = {
    *ROLES, "nobody", "superuser", "agent elsewhere", "supervisor elsewhere", "agent asked",
}  # fmt: skip
ADMIN = {"administrator", "superuser"}
OURS = {"agent", "team_lead", "supervisor", "agent asked", *ADMIN}
"""Who sees the case: the department that has it, the one that was asked, those who see all."""
WORKERS = OURS | {"agent elsewhere", "supervisor elsewhere"}
LEADERS = {"team_lead", "supervisor", "supervisor elsewhere", *ADMIN}
SUPERVISORS = {"supervisor", "supervisor elsewhere", *ADMIN}
ASIDE = {"analyst", "moderator", "finance"}
NEED_READERS = WORKERS | {"moderator", "analyst"}
NEED_KEEPERS = SUPERVISORS | {"analyst"}
EDITORS = SUPERVISORS | {"analyst"}
"""Whoever writes questionnaires; giving them out is the supervisors'."""
RESULTS = WORKERS | {"analyst"}
"""Whoever sees results of surveys: of their own cases, of their departments, or all."""


class Rights(NamedTuple):
    """Who may look at the rows of a model in the admin, and who may do more."""

    view: set[str] = ADMIN
    change: set[str] = set()
    add: set[str] = set()
    delete: set[str] = set()
    row: set[str] | None = None
    """Who sees the row, where that is not everybody who sees the list."""


READ, SET, KEEP = Rights(), Rights(ADMIN, ADMIN, ADMIN), Rights(ADMIN, ADMIN, ADMIN, ADMIN)
MODELS = {
    "common.event": READ,
    "common.seal": READ,
    "common.outboxmessage": READ,
    "common.user": SET,
    "auth.group": Rights(ADMIN, {"superuser"}, {"superuser"}, {"superuser"}),
    "django_celery_beat.periodictask": KEEP,
    "django_celery_beat.clockedschedule": KEEP,
    "django_celery_beat.crontabschedule": KEEP,
    "django_celery_beat.solarschedule": KEEP,
    "django_celery_beat.intervalschedule": KEEP,
    "axes.accessattempt": Rights(ADMIN, ADMIN, delete=ADMIN),
    "axes.accesslog": Rights(ADMIN, ADMIN, delete=ADMIN),
    "axes.accessfailurelog": Rights(ADMIN, ADMIN, delete=ADMIN),
    "compensation.coupontemplate": Rights(WORKERS | {"finance"}, ADMIN, ADMIN, ADMIN),
    "compensation.coupon": Rights(WORKERS | {"finance"}),
    "compensation.authority": KEEP,
    "compensation.approvalterms": Rights(ADMIN, ADMIN),
    "compensation.delegation": Rights(
        LEADERS | {"finance"}, add=LEADERS | {"finance"}, row={"team_lead", "supervisor", *ADMIN}
    ),
    "compensation.account": Rights(ADMIN | {"finance"}),
    "compensation.entry": Rights(ADMIN | {"finance"}),
    "compensation.pointsrule": Rights(ADMIN, ADMIN),
    "compensation.refundorder": Rights(ADMIN | {"finance"}),
    "compensation.refundterms": Rights(ADMIN, ADMIN),
    "compensation.earningrule": Rights(ADMIN | {"finance"}, ADMIN, ADMIN),
    "compensation.earning": Rights(ADMIN | {"finance"}),
    "compensation.reward": Rights(WORKERS | {"finance"}, ADMIN, ADMIN),
    "compensation.tierrule": Rights(ADMIN, ADMIN),
    "compensation.member": Rights(WORKERS | {"moderator", "finance"}, SUPERVISORS),
    "compensation.order": Rights(WORKERS | {"moderator", "finance"}),
    "compensation.product": Rights(WORKERS | {"moderator"}),
    "compensation.tier": SET,
    "compensation.grant": Rights(WORKERS | {"finance"}, row=OURS | {"finance"}),
    "feedback.gap": Rights(WORKERS | {"analyst"}, LEADERS),
    "feedback.promise": Rights(SUPERVISORS | {"analyst"}),
    "feedback.gapthreshold": Rights(ADMIN, ADMIN, ADMIN),
    "feedback.factkind": KEEP,
    "feedback.qualitylevel": KEEP,
    "feedback.auditterm": KEEP,
    "feedback.productfact": Rights(SUPERVISORS | {"analyst", "moderator"}, add=SUPERVISORS),
    "compensation.rule": Rights(SUPERVISORS | {"finance"}, ADMIN, ADMIN),
    "compensation.ruleversion": Rights(SUPERVISORS | {"finance"}),  # the first is published
    "compensation.budget": Rights(SUPERVISORS | {"finance"}, ADMIN | {"finance"}, ADMIN | {"finance"}),
    "compensation.cap": Rights(SUPERVISORS | {"finance"}, ADMIN | {"finance"}, ADMIN | {"finance"}),
    "compensation.signalterms": Rights(ADMIN, ADMIN),
    "feedback.chatsetup": Rights(ADMIN, ADMIN),
    "feedback.department": Rights(LEADERS, ADMIN, ADMIN),
    "feedback.agent": Rights(LEADERS, ADMIN, ADMIN),
    "feedback.review": Rights(WORKERS | {"moderator", "analyst"}),
    "feedback.replyrule": Rights(LEADERS, SUPERVISORS, ADMIN),
    "feedback.replytemplate": Rights(LEADERS, SUPERVISORS, SUPERVISORS),
    "feedback.watchword": Rights(LEADERS | {"analyst"}, LEADERS, LEADERS, ADMIN),
    "feedback.reviewsetup": Rights(ADMIN, ADMIN),
    "feedback.reviewdimension": SET,
    "feedback.moderationreason": SET,
    "feedback.signalrule": SET,
    "feedback.moderationword": KEEP,
    "feedback.legalhold": Rights(SUPERVISORS, add=SUPERVISORS),
    "feedback.rewardrule": Rights(SUPERVISORS | {"moderator"}, ADMIN, ADMIN),
    "feedback.reviewreward": Rights(SUPERVISORS | {"moderator"}),
    "feedback.mailbox": SET,
    "feedback.webhooksource": SET,
    "feedback.webhookkey": READ,
    "feedback.call": Rights(LEADERS, row=LEADERS - {"supervisor elsewhere"}),
    "feedback.channelmessage": Rights(LEADERS, row=LEADERS - {"supervisor elsewhere"}),
    "feedback.skill": SET,
    "feedback.departmentrule": Rights(SUPERVISORS, ADMIN, ADMIN),
    "feedback.dedicatedservice": KEEP,
    "feedback.dedication": KEEP,
    "feedback.calendar": SET,
    "feedback.ladder": SET,
    "feedback.policy": SET,
    "feedback.topic": Rights(SUPERVISORS, ADMIN, ADMIN, ADMIN),
    "feedback.article": Rights(SUPERVISORS, SUPERVISORS, SUPERVISORS),
    "feedback.answeringrule": Rights(ADMIN, ADMIN),
    "feedback.answergiven": READ,
    "feedback.template": Rights(SUPERVISORS, SUPERVISORS, SUPERVISORS, ADMIN),
    "feedback.tonerule": KEEP,
    "feedback.playbook": SET,
    "feedback.pauserule": SET,
    "feedback.scorecard": SET,
    "feedback.samplingrule": KEEP,
    "feedback.breachcause": SET,
    "feedback.lexiconentry": Rights(SUPERVISORS | {"moderator"}, SUPERVISORS, SUPERVISORS, ADMIN),
    "feedback.triagesetup": Rights(ADMIN, ADMIN),
    "feedback.searchword": Rights(SUPERVISORS, SUPERVISORS, SUPERVISORS, SUPERVISORS),
    "feedback.expectationsetup": Rights(SUPERVISORS, SUPERVISORS),
    "feedback.attainmenttarget": KEEP,
    "feedback.messenger": KEEP,
    "feedback.teamrule": Rights(ADMIN, ADMIN),
    "surveys.aspectdepartment": KEEP,
    "surveys.interviewguide": Rights(NEED_KEEPERS, ADMIN, ADMIN, ADMIN),
    "surveys.interviewquota": KEEP,
    "surveys.interviewterms": Rights(ADMIN, ADMIN),
    "surveys.theme": Rights(NEED_KEEPERS, NEED_KEEPERS, NEED_KEEPERS, ADMIN),
    "surveys.campaign": Rights(SUPERVISORS | {"analyst"}, ADMIN, ADMIN),
    "surveys.invitation": Rights(SUPERVISORS | {"analyst"}),
    "surveys.skip": Rights(SUPERVISORS | {"analyst"}),
    "surveys.response": Rights(SUPERVISORS | {"analyst"}, row={"supervisor", "analyst", *ADMIN}),
    # a case's rows lead to its own page, which asks anew
    "feedback.case": Rights(WORKERS, STAFF, row=STAFF),
}


class Ask(NamedTuple):
    """One request, and who gets something from it."""

    method: str
    path: str
    who: set[str]
    data: dict[str, Any] = {}
    done: set[str] | None = None
    """Of them those for whom it is done, where others are told that they named something wrong."""


def pages(case: Case) -> dict[str, list[Ask]]:
    """The pages of our own, by the name of their address."""
    crisis = Crisis.objects.get()
    clock, grant = Clock.objects.filter(case=case).first(), Grant.objects.get(status=GrantStatus.REQUESTED)
    run, campaign = ImportRun.objects.get(), Campaign.objects.first()
    asks = SurveyVersion.objects.get(survey__code="nps", published_at=None)
    door = launched(occasion="open")
    carried = ChannelMessage.objects.get()
    agent, picture = Agent.objects.get(user__groups__name=ROLES["moderator"].name), Attachment.objects.first()

    article, playbook = Article.objects.get(code="return-how"), Playbook.objects.get(code="stuck")
    rule = Rule.objects.get(code="late")
    drafted = RuleVersion.objects.get(published_at=None).pk
    asked = RemedyRequest.objects.get()
    use = asked.use

    replied = Reply.objects.get()
    late, cause = Clock.objects.get(breached_at__isnull=False), BreachCause.objects.first().pk
    pause, check, coached = Pause.objects.get(), QualityCheck.objects.get(), CoachingNote.objects.get()
    points, judges = (
        {f"points-{one['key']}": "1" for one in check.form["items"]},
        {"team_lead", "supervisor", *ADMIN},
    )

    def at(name: str, *args: Any) -> str:
        return reverse(f"admin:{name}", args=args)

    def get(name: str, who: set[str], *args: Any, query: str = "") -> list[Ask]:
        return [Ask("get", at(name, *args) + query, who)]

    def post(name: str, who: set[str], *args: Any, **data: Any) -> Ask:
        return Ask("post", at(name, *args), who, data)

    said = case.messages.order_by("pk")[0].pk
    dear = CouponTemplate.objects.get(code="sorry-100").pk
    trial, asked_to = Simulation.objects.get(), Approval.objects.get()
    better, tried = Improvement.objects.get().pk, Experiment.objects.get()
    judged, told = Appraisal.objects.get().pk, Report.objects.get()
    met, decision = Meeting.objects.get(), Resolve.objects.get().pk
    force, sit = met.task_force_id, SUPERVISORS | {"agent"}
    lesson, learner = Training.objects.get().pk, Training.objects.get().places.get().agent_id
    need, talk = Need.objects.get().pk, Interview.objects.get().pk
    today = timezone.localdate()
    odd = FigureAlert.objects.create(
        metric="csat",
        kind="outlier",
        first=today,
        last=today,
        n=9,
        value=3,
        against=4,
        found_at=timezone.now(),
        numbers={"z": -4},
    )
    backfill = backfilling.ask(first=today, last=today, actor=None, at=timezone.now(), today=today)
    ours, answered = OURS - {"agent asked"}, {"agent asked", *ADMIN}
    finance, handoff = Department.objects.get(code="finance").pk, Handoff.objects.get().pk
    deciders = {"team_lead", "supervisor", "finance", *ADMIN}
    correctors, readers = WORKERS | {"moderator"}, WORKERS | {"moderator", "analyst"}
    of_review, of_case = (
        Triage.objects.get(**{f"{source}__isnull": False}).pk for source in ("review", "case")
    )
    batch, batchers = Batch.objects.get(), LEADERS | {"finance"}
    importers, planners = ADMIN, LEADERS - {"supervisor elsewhere"}
    importers = ADMIN
    chat = ChatSession.objects.get().case_id
    segment, care = Segment.objects.get(code="vip").pk, CareRule.objects.get(code="welcome").pk
    carers = SUPERVISORS | {"analyst", "finance"}
    moderators, appealed = SUPERVISORS | {"moderator"}, ReviewAppeal.objects.get()
    held, shot = Review.objects.get(external_id="R3").pk, ReviewPicture.objects.get().pk
    shot_of = Review.objects.get(external_id="R2").pk
    claim, claimants = Claim.objects.get(), SUPERVISORS | {"moderator"}
    listeners, topics = (
        WORKERS | {"moderator", "analyst"},
        [one.pk for one in PostCluster.objects.order_by("pk")],
    )
    outside, suggested = (Post.objects.filter(kind=one).get().pk for one in ("post", "suggestion"))
    return {
        "segments": get("segments", SUPERVISORS | {"analyst"}),
        "segment_new": get("segment_new", SUPERVISORS),
        "segment_count": [post("segment_count", SUPERVISORS | {"analyst"}, orders_from=1)],
        "segment": [
            *get("segment", SUPERVISORS | {"analyst"}, segment),
            Ask("post", at("segment", segment), SUPERVISORS, {"code": "vip", "name": "x"}),
        ],
        "segment_delete": [post("segment_delete", SUPERVISORS, segment)],
        "segment_members": get("segment_members", SUPERVISORS, segment),
        "care": get("care", carers),
        "care_export": get("care_export", carers, "csv"),
        "segments_export": get("segments_export", SUPERVISORS | {"analyst"}, "csv"),
        "care_terms": [post("care_terms", ADMIN, most=1, days=1)],
        "care_rule_new": get("care_rule_new", ADMIN),
        "care_preview": [post("care_preview", carers, title="x")],
        "care_rule": [*get("care_rule", carers, care), post("care_rule", ADMIN, care, code="welcome")],
        "care_dry_run": get("care_dry_run", carers, care),
        "care_member": get("care_member", WORKERS | {"finance"}, case.member_id),
        "member_data": get("member_data", LEADERS, case.member_id),
        "member_contact": [post("member_contact", LEADERS, case.member_id)],
        "member_export": [post("member_export", SUPERVISORS, case.member_id)],
        "member_erase": [post("member_erase", ADMIN, case.member_id, number="another")],
        "desk": get("desk", WORKERS),
        "desk_news": get("desk_news", WORKERS),
        "desk_next": [post("desk_next", WORKERS)],
        "case_new": [
            *get("case_new", WORKERS, query=f"?member={case.member_id}"),
            post(
                "case_new",
                WORKERS,
                key="key-12345678",
                member=case.member_id,
                channel="walk_in",
                kind="enquiry",
                priority=2,
                subject="x",
                body="x",
            ),
        ],
        "case": get("case", OURS, case.pk) + get("case", OURS, case.pk, query="?tab=timeline"),
        "case_preview": get("case_preview", OURS, case.pk),
        "case_changes": get("case_changes", OURS, case.pk),
        "case_work": get("case_work", OURS, case.pk),
        "case_here": [post("case_here", OURS, case.pk)],
        "case_people": get("case_people", OURS, case.pk),
        "case_merging": get("case_merging", OURS, case.pk),
        "case_splitting": get("case_splitting", OURS, case.pk, query=f"?message={said}"),
        "desk_presence": [post("desk_presence", WORKERS, state="online")],
        "desk_view": [*get("desk_view", WORKERS), Ask("post", at("desk_view"), WORKERS, {"name": "x"})],
        "desk_view_delete": [post("desk_view_delete", set(), 1)],  # there is none
        "desk_arrange": get("desk_arrange", WORKERS),
        "desk_bulk": get("desk_bulk", WORKERS, query=f"?cases={case.pk}"),
        "desk_bulk_start": [post("desk_bulk_start", WORKERS, key="k", doing="watch", cases=case.pk)],
        "desk_bulk_run": [post("desk_bulk_run", set(), 1)],  # there is none
        "desk_export": get("desk_export", LEADERS, "csv"),
        "desk_runs": get("desk_runs", WORKERS),
        "desk_run": get("desk_run", set(), 1),  # there is none
        "case_act": [
            post("case_act", ours, case.pk, "reply", body="x"),
            post("case_act", OURS, case.pk, "note", body="x"),
            post("case_act", OURS, case.pk, "reveal"),
            post("case_act", ours - {"superuser"}, case.pk, "claim"),
            post("case_act", ours - {"agent"}, case.pk, "assign", agent=agent.pk),
            post("case_act", ours, case.pk, "transfer", department=finance),
            post(
                "case_act",
                ours,
                case.pk,
                "hand-over",
                department=finance,
                question="?",
            ),
            post("case_act", answered, case.pk, "answer", handoff=handoff, answer="x"),
            post("case_act", answered, case.pk, "accept", handoff=handoff),
            post("case_act", ours, case.pk, "recall", handoff=handoff),
            post("case_act", OURS, case.pk, "watch"),
            post("case_act", OURS, case.pk, "unwatch"),
            post("case_act", ours, case.pk, "priority", priority=4),
            post("case_act", OURS, case.pk, "watch"),
            post("case_act", OURS, case.pk, "unwatch"),
            post("case_act", ours, case.pk, "correct", subject="x", kind="enquiry"),
            post("case_act", ours, case.pk, "recognise", member="nobody"),
            post("case_act", ours, case.pk, "link", number="x"),
            post("case_act", ours, case.pk, "split", message="x"),
            post("case_act", ours, case.pk, "merge", other="x"),
            post("case_act", ours, case.pk, "grant", kind="points", points="1", reason="x", key="k"),
            post("case_act", {"agent"}, case.pk, "withdraw", grant=grant.pk),  # who asked for it
            post("case_act", {"agent"}, case.pk, "amend", grant=grant.pk, template=dear, reason="x"),
            post("case_act", ours, case.pk, "courier", text="?"),
            post("case_act", ours, case.pk, "call", what="promise"),
        ],
        "tools_typed": [post("tools_typed", OURS, case.pk, text="您好")],
        "tools_inserted": [post("tools_inserted", OURS, case.pk, article=article.pk)],
        "tools_templates": get("tools_templates", OURS, case.pk),
        "tools_playbooks": get("tools_playbooks", OURS, case.pk),
        "tools_apply": [post("tools_apply", ours, case.pk, playbook.pk)],
        "tools_step": [post("tools_step", ours, case.pk, use.pk, number=1)],
        "tools_give": [post("tools_give", ours, case.pk, use.pk)],
        "knowledge": get("knowledge", WORKERS) + get("knowledge", WORKERS, query="?q=退货"),
        "knowledge_figures": get("knowledge_figures", LEADERS | {"analyst"}),
        "article": get("article", WORKERS, article.code),
        "playbook_figures": get("playbook_figures", LEADERS | {"analyst"}),
        "remedy_requests": get("remedy_requests", SUPERVISORS | {"finance"}),
        "remedy_request": [
            post("remedy_request", {"supervisor", "finance", *ADMIN}, asked.pk, verdict="done", outcome="x")
        ],
        "rule": get("rule", SUPERVISORS | {"finance"}, rule.pk, query="?days=30"),
        "rule-draft": [post("rule-draft", SUPERVISORS | {"finance"}, rule.pk)],
        "rule-publish": [post("rule-publish", ADMIN | {"finance"}, drafted)],
        "rule-drop": [post("rule-drop", SUPERVISORS | {"finance"}, drafted)],
        "rule-task": [post("rule-task", OURS, RuleTask.objects.get().pk)],
        "letter": get("letter", OURS, carried.pk),
        "letter_page": get("letter_page", OURS, carried.pk),
        "chats": get("chats", WORKERS, query=f"?chat={chat}"),
        "chats_wait": get("chats_wait", ours, query=f"?now&chat={chat}")
        + get("chats_wait", WORKERS, query="?now"),
        "chats_act": [
            post("chats_act", ours - {"superuser"}, chat, "take"),
            post("chats_act", ours - {"superuser"}, chat, "say", body="x"),
            post("chats_act", ours, chat, "typing"),
            post("chats_act", ours - {"agent"}, chat, "end", resolution="keep"),  # nobody's: for who assigns
            post("chats_act", ours - {"agent"}, chat, "hand-over", to=f"department:{finance}"),
        ],
        "attachment": get("attachment", OURS, picture.pk)
        + get("attachment", OURS, picture.pk, query="?small"),
        "board": get("board", LEADERS | {"analyst"}),
        "board_wait": get("board_wait", LEADERS | {"analyst"}, query="?now"),
        "board_clocks": get("board_clocks", LEADERS | {"analyst"}, query="?state=running"),
        "board_agent": get("board_agent", {"team_lead", "supervisor", "analyst", *ADMIN}, agent.pk),
        "breaches": get("breaches", LEADERS | {"analyst"}),
        "breaches_export": get("breaches_export", LEADERS | {"analyst"}, "csv"),
        "breaches_note": [post("breaches_note", judges, clock=late.pk, cause=cause)],
        "achieved": get("achieved", LEADERS | {"analyst"}),
        "achieved_rows": get("achieved_rows", LEADERS | {"analyst"}, "handled"),
        "handoffs_export": get("handoffs_export", LEADERS | {"analyst"}, "csv"),
        "achieved_export": get("achieved_export", LEADERS | {"analyst"}, "csv"),
        "pauses": get("pauses", SUPERVISORS),
        "pause": [post("pause", {"supervisor", *ADMIN}, pause.pk, verdict="accepted")],
        "pauses_export": get("pauses_export", SUPERVISORS, "csv"),
        "quality": get("quality", LEADERS),
        "quality_mine": get("quality_mine", WORKERS),
        "quality_export": get("quality_export", LEADERS, "csv"),
        "quality_draw": [post("quality_draw", LEADERS)],
        "quality_pick": [post("quality_pick", LEADERS, number=case.number)],
        "list_export": get(
            "list_export", LEADERS | {"analyst"}, "board-clocks", "csv", query="?state=running"
        )
        + get("list_export", SUPERVISORS, "changes", "xlsx", query="?of=department"),
        "quality_check": get("quality_check", judges, check.pk),
        "quality_act": [
            post("quality_act", judges, check.pk, "score", **points),
            post("quality_act", judges, check.pk, "skip"),
        ],
        "coaching": [post("coaching", judges, coached.pk, outcome="x")],
        "history": get("history", SUPERVISORS),
        "retention": get("retention", ADMIN),
        "api_keys": get("api_keys", ADMIN),
        "api_key_make": [post("api_key_make", ADMIN, scopes="figures:read")],
        "api_key_revoke": [post("api_key_revoke", ADMIN, api_key())],
        "retention_count": [post("retention_count", ADMIN, kind="outbox")],
        "retention_change": [post("retention_change", ADMIN, "outbox", days=31)],
        "clock": get("clock", OURS | {"analyst"}, clock.pk),
        "alerts": get("alerts", WORKERS | {"moderator"}),
        "reviews_to_answer": get("reviews_to_answer", WORKERS | {"moderator"}),
        "replies": get("replies", WORKERS | {"moderator"})
        + get("replies", WORKERS | {"moderator"}, query="?tab=post"),
        "reply": get("reply", WORKERS | {"moderator", "analyst"}, replied.review_id),
        "reply_act": [
            post(
                "reply_act",
                WORKERS | {"moderator"},
                replied.review_id,
                do="save",
                reply=replied.pk,
                version=replied.version,
                text="x",
            )
        ],
        "reply_post": [
            post("reply_post", WORKERS | {"moderator"}, replied.posts.get().pk, do="tick", turn=1)
        ],
        "reply_rules": get("reply_rules", LEADERS) + get("reply_rules", LEADERS, query="?stars=5"),
        "reply_figures": get("reply_figures", LEADERS | {"moderator", "analyst"}),
        "moderation": get("moderation", moderators) + get("moderation", moderators, query="?appeals"),
        "moderation_fairness": get("moderation_fairness", moderators),
        "moderation_decide": [post("moderation_decide", moderators, held, verdict="publish")],
        "moderation_appeal": [post("moderation_appeal", moderators, appealed.pk, verdict="publish")],
        "review_pick": [post("review_pick", moderators, shot_of)],
        "review_picture": get("review_picture", WORKERS | {"moderator", "analyst"}, shot),
        "voice_search": get("voice_search", readers, query="?q=x"),
        "reviews_export": get("reviews_export", LEADERS | {"analyst"}, "csv"),
        "voices": get("voices", readers),
        "voice": get("voice", readers, Product.objects.first().pk),
        "alerts_seen": [post("alerts_seen", WORKERS | {"moderator"}, upto=1)],
        "ladder_approvals": get("ladder_approvals", LEADERS),
        "ladder_approval": [
            post("ladder_approval", {"team_lead", "supervisor", "superuser"}, asked_to.pk, verdict="refuse")
        ],
        "handoff_report": get("handoff_report", LEADERS | {"analyst"}),
        "handoff_report_export": get("handoff_report_export", LEADERS | {"analyst"}, "csv"),
        "approvals": get("approvals", LEADERS | {"finance"}),
        "approval_answer": [post("approval_answer", {"agent"}, grant.pk, answer="x")],
        "approval": [post("approval", deciders, grant.pk, verdict="refuse", note="x")],
        "batches": [
            *get("batches", batchers),
            Ask(
                "post",
                at("batches"),
                LEADERS,
                {"name": "x", "points": "5", "reason": "x", "same_reason_days": "0"},
            ),
        ],
        "batch": get("batch", batchers, batch.pk),
        "batch_act": [
            post("batch_act", LEADERS, batch.pk, "count"),
            post("batch_act", LEADERS, batch.pk, "choose", source="list", listed=case.member.external_id),
            post("batch_act", LEADERS, batch.pk, "ask", seen=batch.content_hash),
        ],
        "finance": get("finance", SUPERVISORS | {"finance"}),
        "finance_holders": get("finance_holders", {"finance", *ADMIN}),
        "finance_member": get("finance_member", {"finance", *ADMIN}, case.member.pk),
        "presence": [*get("presence", WORKERS - {"superuser"}), post("presence", WORKERS - {"superuser"})],
        "roster": get("roster", WORKERS | {"analyst"}),
        "roster-bring": get("roster-bring", LEADERS),
        "roster-template": get("roster-template", LEADERS, "csv"),
        "roster-agent": [
            *get("roster-agent", planners, agent.pk),
            post("roster-agent", planners, agent.pk, act="shift"),
        ],
        "routing": get("routing", SUPERVISORS),
        "expectations": get("expectations", SUPERVISORS),
        "expectations-try": [post("expectations-try", SUPERVISORS)],
        "expectations-keep": [post("expectations-keep", SUPERVISORS)],
        "triage": get("triage", SUPERVISORS | {"moderator", "analyst"}),
        "triage-train": [post("triage-train", ADMIN)],
        "triage-serve": [post("triage-serve", ADMIN)],
        "triage-unsure": get("triage-unsure", correctors),
        "triage-card": [
            *get("triage-card", WORKERS | {"moderator", "analyst"}, of_review),
            *get("triage-card", OURS, of_case),
            post("triage-card", correctors, of_review, aspect="price"),
            post("triage-card", OURS, of_case, aspect="price"),
        ],
        "gap-scenes": get("gap-scenes", WORKERS | {"analyst"}),
        "crises": get("crises", WORKERS | {"analyst"}),
        "crisis": [
            *get("crisis", WORKERS | {"analyst"}, crisis.pk),
            post("crisis", LEADERS - {"supervisor elsewhere"}, crisis.pk, step="learn", lessons="x"),
            post("crisis", {"supervisor", *ADMIN}, crisis.pk, step="take_down"),
        ],
        "crisis_report": get("crisis_report", WORKERS | {"analyst"}, crisis.pk),
        "crisis_new": get("crisis_new", SUPERVISORS),
        "crisis_plan": get("crisis_plan", {"supervisor", *ADMIN}, crisis.pk),
        "crisis_watches": get("crisis_watches", SUPERVISORS | {"analyst"}),
        "crisis_watch": get("crisis_watch", SUPERVISORS | {"analyst"}, crisis.watch_id),
        "crisis_watch_new": get("crisis_watch_new", ADMIN),
        "hot_spots": get("hot_spots", WORKERS | {"analyst"}),
        "hot_spot": get("hot_spot", WORKERS | {"analyst"}, query="?by=region&value=x"),
        "gap_cost": get("gap_cost", WORKERS | {"analyst"}),
        "overturned": get("overturned", SUPERVISORS),
        "overturned_decide": [
            post("overturned_decide", SUPERVISORS, Overturned.objects.get().pk, state="stands", note="x")
        ],
        "listening": get("listening", listeners) + get("listening", listeners, query="?tab=ideas"),
        "suggestions": get("suggestions", listeners),
        "posts": get("posts", listeners),
        "posts_read": [post("posts_read", WORKERS, post=outside)],
        "posts_export": get("posts_export", LEADERS | {"analyst"}, "csv"),
        "post": get("post", listeners, outside) + get("post", listeners, suggested),
        "post_act": [
            *(post("post_act", WORKERS, outside, name) for name in ("read", "product", "case")),
            post("post_act", WORKERS, outside, "decide", state="done"),
            post("post_act", WORKERS, outside, "link", number=case.number)._replace(done=OURS),
            post("post_act", LEADERS, outside, "topic", topic=topics[1]),
        ],
        "post_file": get("post_file", listeners, PostFile.objects.get().pk),
        "topic": get("topic", listeners, topics[0]),
        "topic_act": [
            post("topic_act", WORKERS, topics[0], "read"),
            post("topic_act", WORKERS, topics[0], "decide", state="done"),
            Ask("post", at("topic_act", topics[0], "rename"), LEADERS, {"name": "x"}),
            post("topic_act", LEADERS, topics[0], "merge", into=topics[1]),
            post("topic_act", LEADERS, topics[0], "split", post=outside),
        ],
        "watched": get("watched", LEADERS | {"analyst"}),
        "watch_jump": get("watch_jump", listeners, WatchJump.objects.get().pk),
        "claims": get("claims", claimants | {"analyst"}),
        "claim_new": get("claim_new", claimants),
        "claim": get("claim", claimants | {"analyst"}, claim.pk),
        "claim_edit": get("claim_edit", SUPERVISORS, claim.pk),
        "claim_end": [post("claim_end", SUPERVISORS, claim.pk)],
        "claim_value": [post("claim_value", SUPERVISORS, claim.pk, measure="price", text="9")],
        "findings": get("findings", claimants | {"analyst"}),
        "finding": [post("finding", claimants, claim.findings.first().pk, status="accepted")],
        "claim_check": [
            *get("claim_check", claimants | {"analyst"}),
            post("claim_check", claimants | {"analyst"}, text="最佳"),
        ],
        "claim_channels": get("claim_channels", claimants | {"analyst"}),
        "imports": get("imports", importers),
        "import": get("import", importers, run.pk),
        "import-start": [post("import-start", importers, run.pk)],
        "import-discard": [post("import-discard", importers, run.pk)],
        "import-rejected": get("import-rejected", set(), run.pk),  # there is no such file
        "sop": get("sop", ADMIN),
        "sop-changes": get("sop-changes", ADMIN),
        "sop-affected": get("sop-affected", ADMIN),
        "sop-try": [post("sop-try", ADMIN, days=7)],
        "sop-publish": [post("sop-publish", ADMIN)],
        "sop-move": [post("sop-move", ADMIN)],
        "sop-discard": [post("sop-discard", ADMIN, Policy.objects.order_by("pk").first().pk)],
        "sop-trial": [*get("sop-trial", ADMIN, trial.pk), post("sop-trial", ADMIN, trial.pk)],
        "questionnaires": get("questionnaires", EDITORS),
        "questionnaire_new": get("questionnaire_new", EDITORS),
        "questionnaire": [
            *get("questionnaire", EDITORS, asks.survey_id),
            post("questionnaire", EDITORS, asks.survey_id, step="edit"),
        ],
        "questionnaire_builder": [
            *get("questionnaire_builder", EDITORS, asks.survey_id),
            post("questionnaire_builder", EDITORS, asks.survey_id, do="section"),
        ],
        "questionnaire_publish": [
            *get("questionnaire_publish", EDITORS, asks.survey_id),
            post("questionnaire_publish", SUPERVISORS, asks.survey_id),
        ],
        "questionnaire_compare": get("questionnaire_compare", EDITORS, asks.survey_id),
        "questionnaire_file": get("questionnaire_file", EDITORS, asks.survey_id, 1),
        "questionnaire_preview": get("questionnaire_preview", EDITORS, asks.pk),
        "interviews": get("interviews", NEED_KEEPERS),
        "interviews_propose": [post("interviews_propose", NEED_KEEPERS)],
        "interview": get("interview", NEED_KEEPERS, talk),
        "interview_act": [post("interview_act", NEED_KEEPERS, talk, "invite")],
        "interview_times": get("interview_times", NEED_KEEPERS),
        "interview_times_add": [post("interview_times_add", NEED_KEEPERS)],
        "interview_time_remove": [post("interview_time_remove", set(), 1)],  # there is none
        "interview_themes": get("interview_themes", NEED_KEEPERS),
        "needs": get("needs", NEED_READERS),
        "need_new": [post("need_new", NEED_KEEPERS, about="x")],
        "need": get("need", NEED_READERS, need),
        "needs_tie": get("needs_tie", NEED_READERS),
        "need_find": get("need_find", NEED_READERS, need),
        "need_act": [
            post("need_act", NEED_KEEPERS, need, "state", state="met"),
            post("need_act", NEED_READERS, need, "link"),
        ],
        "speaks": get("speaks", NEED_READERS, "post", outside),
        "my_answers": get("my_answers", WORKERS),
        "survey_file": get("survey_file", set(), 1),  # there is none
        "survey_all_results": get("survey_all_results", RESULTS),
        **{
            name: get(name, RESULTS, campaign.pk)
            for name in (
                "survey_results",
                "survey_trend",
                "survey_groups",
                "survey_crosstab",
                "survey_words",
            )
        },
        "survey_door": get("survey_door", ADMIN, door.pk),
        "survey_paper": get("survey_paper", SUPERVISORS, door.pk),
        "survey_paper_form": get("survey_paper_form", SUPERVISORS, door.pk),
        "survey_export": get("survey_export", LEADERS | {"analyst"}, campaign.pk, "csv"),
        "survey_codebook": get("survey_codebook", LEADERS | {"analyst"}, campaign.pk, "csv"),
        "survey_response_files": get("survey_response_files", RESULTS, campaign.pk),
        "survey_response_file_ask": [
            post("survey_response_file_ask", LEADERS | {"analyst"}, campaign.pk, "csv")
        ],
        "survey_response_file": get("survey_response_file", set(), uuid4()),  # there is none
        "survey_campaign": get("survey_campaign", SUPERVISORS | {"analyst"}, campaign.pk),
        "survey_count": get("survey_count", SUPERVISORS | {"analyst"}, campaign.pk),
        "survey_messages": get("survey_messages", SUPERVISORS | {"analyst"}, campaign.pk),
        "survey_move": [post("survey_move", ADMIN, campaign.pk, "pause")],
        "survey_terms": [*get("survey_terms", SUPERVISORS | {"analyst"}), post("survey_terms", ADMIN)],
        "survey_member": get("survey_member", SUPERVISORS, case.member_id),
        "figures": get("figures", STAFF),
        "boards": get("boards", LEADERS | {"analyst"}),
        "board_executive": get("board_executive", SUPERVISORS | {"analyst"}),
        "board_supervisor": get("board_supervisor", LEADERS | {"analyst"}),
        "board_department": get(
            "board_department", {"team_lead", "supervisor", "analyst", *ADMIN}, case.department_id
        ),
        "board_hour": get("board_hour", LEADERS | {"analyst"}, query="?what=came&on=1&hour=9"),
        "board_rows": get("board_rows", LEADERS | {"analyst"}, query="?what=kind"),
        "board_product": get("board_product", SUPERVISORS | {"analyst"}),
        "figure_goals": get("figure_goals", LEADERS | {"analyst"}),
        "figure_goal": [
            *get("figure_goal", SUPERVISORS | {"analyst"}, query="?metric=csat&grain=quarter"),
            Ask(
                "post",
                at("figure_goal") + "?metric=csat&grain=quarter",
                ADMIN,
                {"since": f"{today}", "goal": "4.6", "warning": "0.1"},
            ),
        ],
        "figure_goal_back": [post("figure_goal_back", ADMIN, Target.objects.first().pk)],
        "drivers": get("drivers", WORKERS | {"analyst"}),
        "drivers_rows": get("drivers_rows", WORKERS | {"analyst"}, query="?driver=gap:delivery"),
        "drivers_back": get("drivers_back", WORKERS | {"analyst"}),
        "drivers_back_rows": get("drivers_back_rows", WORKERS | {"analyst"}, query="?trait=tier:"),
        "loyalty": get("loyalty", LEADERS | {"analyst"}),
        "loyalty_members": get("loyalty_members", LEADERS),
        "loyalty_member": get("loyalty_member", LEADERS, Member.objects.first().pk),
        "loyalty_weights": [
            *get("loyalty_weights", LEADERS | {"analyst"}),
            post("loyalty_weights", SUPERVISORS),
        ],
        "improvements": get("improvements", WORKERS | {"analyst"}),
        "improvement_new": [
            *get("improvement_new", LEADERS),
            post("improvement_new", LEADERS, title="x"),
        ],
        "improvement": get("improvement", OURS - {"agent asked"} | {"analyst"}, better),
        "improvement_edit": [
            *get("improvement_edit", LEADING | ADMIN, better),
            post("improvement_edit", LEADING | ADMIN, better, title=""),
        ],
        "improvement_act": [post("improvement_act", LEADING | ADMIN, better, "why", text="x")],
        "task_forces": get("task_forces", WORKERS | ASIDE),
        "task_force_new": [
            *get("task_force_new", SUPERVISORS),
            post("task_force_new", SUPERVISORS, weekday="1"),
        ],
        "task_force": get("task_force", sit | {"analyst"}, force),
        "task_force_edit": [
            *get("task_force_edit", SUPERVISORS, force),
            post("task_force_edit", SUPERVISORS, force, weekday="1"),
        ],
        "task_force_call": [post("task_force_call", sit, force, on="2000-01-01")],
        "task_force_meeting": get("task_force_meeting", sit | {"analyst"}, met.pk),
        "task_force_meeting_act": [post("task_force_meeting_act", sit, met.pk, "keep", minutes="x")],
        "task_force_decisions": get("task_force_decisions", WORKERS | ASIDE),
        "task_force_decision": get("task_force_decision", sit | {"analyst"}, decision),
        "task_force_decision_act": [post("task_force_decision_act", sit, decision, "done", outcome="x")],
        "trainings": get("trainings", LEADERS),
        "training_new": [*get("training_new", LEADERS), post("training_new", LEADERS, title="x")],
        "trainings_mine": get("trainings_mine", WORKERS),
        "training_people": get("training_people", LEADERS),
        "training_person": get("training_person", LEADING | ADMIN | {"agent"}, learner),
        "training": get("training", LEADING | ADMIN | {"agent"}, lesson),
        "training_edit": [
            *get("training_edit", LEADING | ADMIN, lesson),
            post("training_edit", LEADING | ADMIN, lesson, title=""),
        ],
        "training_act": [post("training_act", LEADING | ADMIN, lesson, "cancel", reason="x")],
        "reports": get("reports", LEADERS | {"analyst"}),
        "report_tell_me": [post("report_tell_me", LEADERS | {"analyst"}, kind="x")],
        "report": get("report", LEADING | ADMIN | {"analyst"}, told.pk),
        "report_file": get("report_file", LEADING | ADMIN | {"analyst"}, told.pk, "pdf"),
        "report_act": [post("report_act", LEADING | ADMIN | {"analyst"}, told.pk, "note", text="x")],
        "experiments": get("experiments", SUPERVISORS | {"analyst"}),
        "experiment_new": [
            *get("experiment_new", ADMIN | {"analyst"}),
            post("experiment_new", ADMIN | {"analyst"}, title="x"),
        ],
        "experiment_size": get("experiment_size", ADMIN | {"analyst"}),
        "experiment": get("experiment", {"supervisor", "analyst", *ADMIN}, tried.pk),
        "experiment_act": [post("experiment_act", {"analyst", *ADMIN}, tried.pk, "stop", reason="x")],
        "appraisals": get("appraisals", WORKERS),
        "appraisal_team": get("appraisal_team", LEADERS),
        "appraisal_score": [post("appraisal_score", SUPERVISORS, month="2026-10")],
        "appraisal_mark": [
            post(
                "appraisal_mark",
                {"team_lead", "supervisor", *ADMIN},
                month="2026-10",
                whose=judged_who(),
                points=1,
            )
        ],
        "appraisal_file": get("appraisal_file", ADMIN, "csv"),
        "appraisal_schemes": get("appraisal_schemes", SUPERVISORS),
        "appraisal_scheme": [
            *get("appraisal_scheme", SUPERVISORS, Scheme.objects.first().pk),
            post("appraisal_scheme", ADMIN, Scheme.objects.first().pk),
        ],
        "appraisal": get("appraisal", OURS - {"agent asked"}, judged),
        "appraisal_act": [post("appraisal_act", {"agent"}, judged, "appeal", text="x")],
        "figure_alerts": get("figure_alerts", LEADERS | {"analyst"}),
        "figure_alert": get("figure_alert", SUPERVISORS | {"analyst"}, odd.pk),
        "figure_alerts_note": [post("figure_alerts_note", LEADERS | {"analyst"}, alert=odd.pk)],
        "figure_days": get("figure_days", SUPERVISORS | {"analyst"}),
        "funnel": get("funnel", SUPERVISORS | {"analyst"}),
        "funnel_rows": get("funnel_rows", SUPERVISORS | {"analyst"}),
        "funnel_terms": [
            *get("funnel_terms", SUPERVISORS),
            post("funnel_terms", SUPERVISORS, window_days=14, few=30),
        ],
        "figure_close": [post("figure_close", SUPERVISORS, month="2026-10")],
        "figure_take": [
            post("figure_take", SUPERVISORS | {"analyst"}, first="2026-10-01", last="2026-10-02")
        ],
        "figure_stop": [post("figure_stop", SUPERVISORS | {"analyst"}, backfill.pk)],
        "figure": get("figure", STAFF, "first_reply_attainment")
        + get("figure", SUPERVISORS | {"analyst"}, "gap_rate"),
    }


SITE = {
    "search", "index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n",
    "view_on_site", "app_list", None,
}  # fmt: skip
"""Django's and Unfold's own, which ask the rights of the models above."""
MORE_OF_MODELS = {
    "auth_user_password_change", "feedback_calendar_preview", "feedback_article_preview",
    "feedback_lexicon_preview", "feedback_reply_preview",
    "feedback_auditterm_preview",
    "feedback_rewardrule_preview",
}  # fmt: skip
FILES_OF_MODELS = {
    f"{model._meta.label_lower.replace('.', '_')}_export_{kind}"
    for model, model_admin in admin.site._registry.items()
    if isinstance(model_admin, Browsed)
    for kind in ("csv", "xlsx")
}
"""Lists as files: who may take which out, test_actions walks."""
VERBS = ("changelist", "add", "history", "delete", "change")


def admin_names() -> set[str | None]:
    """The names of all addresses of the admin site."""
    site = next(one for one in get_resolver().url_patterns if str(one.pattern) == "admin/")

    def names(patterns: Any) -> Iterator[str | None]:
        for one in patterns:
            if hasattr(one, "url_patterns"):
                yield from names(one.url_patterns)
            else:
                yield one.name

    return set(names(site.url_patterns))


def test_every_address_is_in_the_table():
    known = {f"{model.replace('.', '_')}_{verb}" for model in MODELS for verb in VERBS}
    own = {page.name for page in PAGES}
    assert admin_names() - known - SITE - MORE_OF_MODELS - FILES_OF_MODELS == own
    assert {model._meta.label_lower for model in admin.site._registry} == set(MODELS)


def gets_something(response: Any) -> bool:
    """Whether the answer is more than a refusal; a form that is sent back is, a way to sign in is not."""
    if response.status_code in {401, 403, 404}:
        return False
    nowhere = {reverse("admin:index"), reverse("admin:login"), reverse("portal:sign-in")}
    return response.get("Location", "").split("?")[0] not in nowhere


def asks_of_models() -> Iterator[tuple[str, Ask]]:
    for model in admin.site._registry:
        label = model._meta.label_lower
        rights, row = MODELS[label], model._default_manager.order_by("pk").first()
        assert row is not None, f"the house has no {label}"
        base = f"admin:{label.replace('.', '_')}"
        seen = rights.view if rights.row is None else rights.row
        yield label, Ask("get", reverse(f"{base}_changelist"), rights.view)
        yield label, Ask("get", reverse(f"{base}_add"), rights.add)
        yield label, Ask("get", reverse(f"{base}_change", args=[row.pk]), seen)
        yield label, Ask("get", reverse(f"{base}_history", args=[row.pk]), seen)
        yield label, Ask("post", reverse(f"{base}_change", args=[row.pk]), rights.change)
        yield label, Ask("get", reverse(f"{base}_delete", args=[row.pk]), rights.delete)


def know_rights_by_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read everybody's rights once: they are what they were, for every request is undone."""
    read, known = ModelBackend._get_permissions, {}

    def recall(backend: ModelBackend, user: User, obj: Any, of: str) -> set[str]:
        if (user.pk, of) not in known:
            known[user.pk, of] = read(backend, user, obj, of)
        return known[user.pk, of]

    monkeypatch.setattr(ModelBackend, "_get_permissions", recall)


def draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave menus, the admin's own pages and refusals blank: drawing takes longer than deciding."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", property(lambda _self: ""))
    monkeypatch.setattr(screens, "menu_for", lambda _request: Menu([], []))
    monkeypatch.setattr(HuiyinAdminSite, "get_app_list", lambda *_asked, **_more: [])
    monkeypatch.setattr(
        error_pages, "error_page", lambda _request, status, *_text: HttpResponse(status=status)
    )


def walk(asks: list[tuple[str, Ask]], clients: dict[str, Any], *, json: bool = False) -> list[str]:
    """Every request by everybody, each undone again; what is not as the table says."""
    wrong = []
    for name, ask in asks:
        for who, client in clients.items():
            with transaction.atomic():
                more = {"content_type": "application/json"} if json and ask.method != "get" else {}
                data = dumps(ask.data) if more else ask.data
                response = getattr(client, ask.method)(ask.path, data, **more)
                transaction.set_rollback(True)
            gets = gets_something(response)
            if response.status_code >= 500 or gets is not (who in ask.who):
                wrong.append(f"{who}: {ask.method} {ask.path} {ask.data} ({name}) -> {response.status_code}")
            elif ask.done is not None and (gets and response.status_code < 400) is not (who in ask.done):
                wrong.append(f"{who}: {ask.path} ({name}) was {'not ' * (who in ask.done)}done")
    return wrong


def clients_of(people: dict[str, User]) -> dict[str, Any]:
    """Everybody's browser, and those who are not staff."""
    clients: dict[str, Any] = {}
    for who, user in people.items():
        clients[who] = Client(raise_request_exception=False)
        clients[who].force_login(user, backend=BACKEND)
    return clients


@pytest.mark.long
def test_the_admin_lets_everybody_to_what_is_theirs(monkeypatch):
    people, case = make_house()
    assert set(people) == STAFF
    asks, table = list(asks_of_models()), pages(case)
    for name, some in table.items():
        asks += [(name, ask) for ask in some]
    assert {page.name for page in PAGES} == set(table)
    draw_nothing(monkeypatch)
    know_rights_by_heart(monkeypatch)
    clients = clients_of(people)
    clients["anonymous"] = Client(raise_request_exception=False)
    clients["member"] = Client(raise_request_exception=False)
    sign_in_browser(clients["member"], token_of(case.member))
    wrong = walk(asks, clients)
    assert not wrong, "\n".join(wrong)


def api_asks(case: Case) -> list[tuple[str, Ask]]:
    """The member's API, for the member whose case it is and for another, and the staff's."""
    member, order = {"member"}, case.order
    both = {"member", "other member"}
    coupon, notice = (
        Coupon.objects.filter(member=case.member).first(),
        Notice.objects.filter(member=case.member).first(),
    )
    file, invitation = Attachment.objects.first(), Invitation.objects.get()
    invitation.member = case.member
    invitation.save()
    finance, handoff = Department.objects.get(code="finance").pk, Handoff.objects.get().pk
    everybody = {*STAFF, *both, "anonymous"}
    chat = ChatSession.objects.get().case_id
    ours, answers = OURS - {"agent asked"}, {"agent asked", *ADMIN}
    mine, theirs, shot = review_numbers()
    line = OrderLine.objects.get(reviews=mine)
    need, talk = Need.objects.get().pk, Interview.objects.get().pk
    replied, replies_write = Reply.objects.get(), WORKERS | {"moderator"}
    replies_read = replies_write | {"analyst"}
    pickers, reward = SUPERVISORS | {"moderator"}, RewardRule.objects.get(code="picked").pk
    idea, outside = Post.objects.get(kind="suggestion"), Post.objects.get(kind="post").pk
    listeners, topics = (
        WORKERS | {"moderator", "analyst"},
        [one.pk for one in PostCluster.objects.order_by("pk")],
    )
    crisis, bosses = Crisis.objects.get().pk, {"supervisor", *ADMIN}
    leads = {"team_lead", *bosses}
    claim, claimants = Claim.objects.get(), SUPERVISORS | {"moderator"}
    gap, overturned = Gap.objects.get().pk, Overturned.objects.get().pk
    owner = User.objects.filter(groups__name=ROLES["supervisor"].name).order_by("pk").first()
    new_crisis = {
        "name": "x", "severity": 2, "department": case.department.code, "owner": owner.username,
        "since": timezone.now().isoformat(), "conditions": {"kinds": ["complaint"]},
    }  # fmt: skip
    asks = [
        ("auth-code", "post", (), everybody, {}),
        ("auth-token", "post", (), everybody, {}),
        ("auth-shop", "post", (), everybody, {}),
        ("auth-sign-out", "post", (), both, {}),
        ("me", "get", (), both, {}),
        ("me-export", "get", (), both, {}),
        ("me-erasure", "get", (), both, {}),
        ("me-erasure", "post", (), both, {"number": "another"}),
        ("consent", "get", (), both, {}),
        ("consent", "patch", (), both, {"marketing": {"email": True}}),
        ("orders", "get", (), both, {}),
        ("order", "get", (order.pk,), member, {}),
        ("coupons", "get", (), both, {}),
        ("coupon", "get", (coupon.pk,), member, {}),
        ("points", "get", (), both, {}),
        # whoever has not signed it
        *((f"shop-coupons-{one}", "post", (), set(), {}) for one in SHOP_COUPONS),
        ("tier", "get", (), both, {}),
        ("statement", "get", (), both, {}),
        ("points-sign-in", "post", (), both, {}),
        ("referral", "get", (), both, {}),
        ("referral", "post", (), both, {"code": "x"}),
        ("rewards", "get", (), both, {}),
        ("reward-redeem", "post", (Reward.objects.first().pk,), both, {}),
        ("notices", "get", (), both, {}),
        ("notices-read", "post", (), both, {}),
        ("notice-read", "post", (notice.pk,), member, {}),
        ("cases", "get", (), both, {}),
        ("cases", "post", (), both, {}),
        ("case", "get", (case.pk,), member, {}),
        ("case-messages", "post", (case.pk,), member, {"body": "x"}),
        ("case-confirm", "post", (case.pk,), member, {}),
        ("case-reopen", "post", (case.pk,), member, {"reason": "x"}),
        ("chats", "get", (), both, {}),
        ("chats", "post", (), both, {"body": "x"}),
        ("chat-leave-message", "post", (), both, {"body": "x", "way": "portal"}),
        ("chat", "get", (chat,), member, {}),
        ("chat-messages", "post", (chat,), member, {"body": "x"}),
        ("chat-news", "get", (chat,), member, {"seconds": 0}),
        ("chat-typing", "post", (chat,), member, {}),
        ("chat-helped", "post", (chat,), member, {}),
        ("chat-person", "post", (chat,), member, {}),
        ("chat-end", "post", (chat,), member, {"solved": True}),
        ("attachment", "get", (file.pk,), member, {}),
        ("inbound", "post", ("taobao",), set(), {}),  # whoever has not signed it
        ("gateway-refund", "post", (), set(), {}),  # whoever has not signed it
        ("shop-refund", "post", (), set(), {}),
        ("shop-parcel", "post", (), set(), {}),
        ("shop-receipt", "post", (), set(), {}),
        ("shop-order", "post", (), set(), {}),
        ("shop-return", "post", (), set(), {}),
        ("shop-members", "post", (), set(), {}),
        ("shop-shipments", "post", (), set(), {}),
        ("behaviour", "post", (), set(), {}),
        ("inbound-behaviour", "post", ("taobao",), set(), {}),
        ("shop-facts", "post", (), set(), {}),
        ("shop-claims", "post", (), set(), {}),
        ("staff-claims", "get", (), claimants | {"analyst"}, {}),
        ("staff-claim-check", "post", (), claimants | {"analyst"}, {"text": "x"}),
        ("staff-claim-channels", "get", (), claimants | {"analyst"}, {}),
        ("staff-claim", "get", (claim.pk,), claimants | {"analyst"}, {}),
        ("staff-claim-end", "post", (claim.pk,), SUPERVISORS, {}),
        ("staff-claim-values", "post", (claim.pk,), SUPERVISORS, {"measure": "delivery", "number": "48"}),
        ("staff-claim-value", "post", (claim.values.get().pk,), SUPERVISORS, {"state": "refused"}),
        ("staff-findings", "get", (), claimants | {"analyst"}, {}),
        ("staff-finding", "post", (claim.findings.get().pk,), claimants, {"status": "fixed"}),
        ("staff-gaps", "get", (), WORKERS | {"analyst"}, {}),
        ("staff-gap", "get", (gap,), WORKERS | {"analyst"}, {}),
        ("staff-gap-classify", "post", (gap,), LEADERS, {"kind": "product", "cause": ""}),
        ("staff-gap-dismiss", "post", (gap,), LEADERS, {"why": "x"}),
        ("staff-hot-spots", "get", (), WORKERS | {"analyst"}, {}),
        ("staff-overturned", "get", (), SUPERVISORS, {}),
        ("staff-overturned-decide", "post", (overturned,), SUPERVISORS, {"state": "stands", "note": "x"}),
        ("inbound-posts", "post", ("weibo",), set(), {}),  # whoever has not signed it
        ("suggestions", "get", (), both, {}),
        ("suggestions", "post", (), both, {"text": "x"}),
        ("suggestion", "get", (idea.pk,), member, {}),
        ("suggestion", "delete", (idea.pk,), member, {}),
        ("suggestion-file", "get", (idea.files.get().pk,), member, {}),
        ("staff-posts", "get", (), listeners, {}),
        ("staff-questionnaires", "get", (), EDITORS, {}),
        ("staff-questionnaires", "post", (), EDITORS, {"code": "x", "name": "x"}),
        ("staff-questionnaire", "get", ("nps",), EDITORS, {}),
        ("staff-questionnaire-version", "get", ("nps", 1), EDITORS, {}),
        ("staff-questionnaire-draft", "get", ("nps",), EDITORS, {}),
        ("staff-questionnaire-draft", "put", ("nps",), EDITORS, {"document": {"title": "x"}}),
        ("staff-questionnaire-publish", "post", ("nps",), SUPERVISORS, {"seen": "x"}),
        ("staff-interviews", "get", (), NEED_KEEPERS, {}),
        ("staff-interviews", "post", (), NEED_KEEPERS, {"month": "2020-01-01"}),
        ("staff-interview-invite", "post", (talk,), NEED_KEEPERS, {"interviewer": "x"}),
        ("my-interviews", "get", (), both, {}),
        ("my-interview-slot", "post", (talk,), set(), {"slot": 1}),  # nobody was asked yet
        ("my-interview-decline", "post", (talk,), set(), {}),
        ("staff-needs", "get", (), NEED_READERS, {}),
        ("staff-needs", "post", (), NEED_KEEPERS, {"name": "x"}),
        ("staff-need", "get", (need,), NEED_READERS, {}),
        ("staff-need", "patch", (need,), NEED_KEEPERS, {"state": "met"}),
        ("staff-need-merge", "post", (need,), NEED_KEEPERS, {"into": need}),
        ("staff-need-evidence", "get", (need,), NEED_READERS, {}),
        ("staff-need-evidence", "post", (need,), NEED_READERS, {"kind": "post", "id": outside}),
        ("staff-evidence", "delete", (0,), set(), {}),
        ("staff-my-answers", "get", (), WORKERS, {}),
        *(
            (f"staff-survey-{name}", "get", ("after-case",), RESULTS, {})
            for name in ("results", "trend", "groups", "crosstab", "words")
        ),
        ("staff-survey-responses", "get", ("after-case",), LEADERS | {"analyst"}, {}),
        ("staff-survey-files", "get", ("after-case",), RESULTS, {}),
        ("staff-survey-files", "post", ("after-case",), LEADERS | {"analyst"}, {"kind": "csv"}),
        ("staff-survey-file", "get", (uuid4(),), set(), {}),  # there is none
        ("metrics", "get", (), set(STAFF), {}),
        ("funnel", "get", (), SUPERVISORS | {"analyst"}, {"first": "2026-10-01", "last": "2026-10-02"}),
        ("metric", "get", ("csat",), set(STAFF), {"first": "2026-11-01", "last": "2026-11-02"}),
        ("metric-days", "get", (), SUPERVISORS | {"analyst"}, {}),
        ("metric-day", "get", (figure_day(),), SUPERVISORS | {"analyst"}, {}),
        ("staff-campaigns", "get", (), SUPERVISORS | {"analyst"}, {}),
        ("staff-campaigns", "post", (), ADMIN, {}),
        ("staff-campaign", "get", ("after-case",), SUPERVISORS | {"analyst"}, {}),
        ("staff-campaign", "patch", ("after-case",), ADMIN, {}),
        ("staff-campaign-preview", "get", ("after-case",), SUPERVISORS | {"analyst"}, {}),
        ("staff-campaign-waves", "get", ("after-case",), SUPERVISORS | {"analyst"}, {}),
        ("staff-campaign-move", "post", ("after-case",), ADMIN, {"do": "pause"}),
        ("staff-campaign-skips", "get", ("after-case",), SUPERVISORS | {"analyst"}, {}),
        ("staff-survey-recovery", "get", ("after-case",), SUPERVISORS | {"analyst"}, {}),
        ("staff-posts-read", "post", (), WORKERS, {"posts": [outside]}),
        ("staff-post", "get", (outside,), listeners, {}),
        ("staff-post-decide", "post", (outside,), WORKERS, {"state": "done"}),
        ("staff-post-case", "post", (outside,), WORKERS, {}),
        ("staff-post-case", "post", (outside,), OURS, {"number": case.number}),
        ("staff-post-product", "post", (outside,), WORKERS, {"number": ""}),
        ("staff-post-topic", "post", (outside,), LEADERS, {"topic": topics[1]}),
        ("staff-topics", "get", (), listeners, {}),
        ("staff-topic", "get", (topics[0],), listeners, {}),
        ("staff-topic-decide", "post", (topics[0],), WORKERS, {"state": "done"}),
        ("staff-topic-name", "post", (topics[0],), LEADERS, {"name": "x"}),
        ("staff-topic-merge", "post", (topics[0],), LEADERS, {"topic": topics[1]}),
        ("staff-topic-split", "post", (topics[0],), LEADERS, {"posts": [outside]}),
        ("gaps", "get", (), both, {}),
        ("help-articles", "get", (), both, {}),
        ("help-article", "get", ("return-how",), both, {}),
        ("help-vote", "post", ("return-how",), both, {"helped": True}),
        ("help-answers", "post", (), both, {"question": "怎么开发票"}),
        ("help-outcome", "post", (AnswerGiven.objects.get().pk,), member, {"outcome": "helped"}),
        ("reviews", "get", (), both, {}),
        ("reviews", "post", (), member, {"line": line.pk, "stars": 5}),
        ("reviews-to-write", "get", (), both, {}),
        ("review-rewards", "get", (), both, {}),
        ("review", "get", (mine,), member, {}),
        ("review", "delete", (mine,), member, {}),
        ("review-follow-up", "post", (mine,), member, {"text": "x"}),
        ("review-appeal", "post", (mine,), member, {}),
        ("review-helpful", "put", (theirs,), both, {}),
        ("review-picture", "get", (shot,), both, {}),
        ("product-reviews", "get", (line.product.external_id,), both, {}),
        ("product-figures", "get", (line.product.external_id,), both, {}),
        ("inbound-reviews", "post", ("taobao",), set(), {}),  # whoever has not signed it
        ("invitations", "get", (), both, {}),
        ("invitation", "get", (invitation.pk,), member, {}),
        ("invitation-draft", "put", (invitation.pk,), member, {"answers": []}),
        ("invitation-files", "post", (invitation.pk,), member, {}),
        ("invitation-file", "delete", (invitation.pk, invitation.nonce), member, {}),
        ("invitation-answers", "post", (invitation.pk,), member, {"answers": []}),
        ("invitation-decline", "post", (invitation.pk,), member, {}),
        ("staff-cases", "get", (), WORKERS, {}),
        (
            "staff-cases", "post", (), WORKERS,
            {"member": case.member_id, "kind": "enquiry", "channel": "phone", "subject": "x", "body": "x"},
        ),
        ("staff-case", "get", (case.pk,), OURS, {}),
        ("staff-attachment", "get", (file.pk,), OURS, {}),
        ("staff-replies", "get", (), replies_read, {}),
        ("staff-reply", "get", (replied.pk,), replies_read, {}),
        ("staff-reply-edit", "post", (replied.pk,), replies_write, {"version": 1, "text": "x"}),
        ("staff-reply-ask", "post", (replied.pk,), replies_write, {"version": 1}),
        ("staff-reply-approve", "post", (replied.pk,), replies_write, {"version": 1}),
        ("staff-reply-withdraw", "post", (replied.pk,), replies_write, {"version": 1}),
        ("staff-review-reply", "post", (theirs,), replies_write, {"text": "x"}),
        ("staff-review-draft", "post", (theirs,), replies_write, {}),
        ("staff-reply-post-tick", "post", (replied.posts.get().pk,), replies_write, {"turn": 1}),
        ("staff-reply-post-retry", "post", (replied.posts.get().pk,), replies_write, {}),
        ("staff-expectation", "get", (cares().member.external_id,), WORKERS, {}),
        ("statements", "get", (), everybody, {}),
        ("staff-crises", "get", (), WORKERS | {"analyst"}, {}),
        ("staff-crisis", "get", (crisis,), WORKERS | {"analyst"}, {}),
        ("staff-crisis-add", "post", (crisis,), leads, {"case": case.pk}),
        ("staff-crisis-write", "post", (crisis,), leads, {"title": "x", "body": "x"}),
        ("staff-crisis-publish", "post", (crisis,), bosses, {"number": 1}),
        ("staff-crisis-take-down", "post", (crisis,), bosses, {}),
        ("staff-crisis-remove", "post", (crisis,), leads, {"case": case.pk}),
        ("staff-crisis-dismiss", "post", (crisis,), bosses, {"why": "x"}),
        ("staff-crisis-contain", "post", (crisis,), bosses, {"cause": "x"}),
        ("staff-crisis-go-on", "post", (crisis,), bosses, {}),
        ("staff-crisis-close", "post", (crisis,), bosses, {"cause": "x"}),
        ("staff-crises", "post", (), bosses, new_crisis),
        ("staff-crisis-open", "post", (crisis,), bosses, new_crisis),
        ("staff-crisis-change", "post", (crisis,), bosses, {**new_crisis, "version": 0}),
        ("staff-crisis-learn", "post", (crisis,), leads, {"lessons": "x"}),
        ("staff-crisis-answer", "post", (crisis,), leads, {"message": "x"}),
        ("staff-crisis-resolve", "post", (crisis,), bosses, {"message": "x", "resolution": "solved"}),
        ("staff-crisis-runs", "get", (crisis,), WORKERS | {"analyst"}, {}),
        ("staff-crisis-make-good", "post", (crisis,), leads, {"name": "x", "reason": "x", "points": 1}),
        ("staff-triages", "get", (), WORKERS | {"moderator", "analyst"}, {}),
        ("staff-triage", "get", (Triage.objects.get(case=case).pk,), OURS, {}),
        ("staff-triage", "post", (Triage.objects.get(case=case).pk,), OURS, {"feeling": "mixed"}),
        ("staff-reward-rules", "get", (), pickers, {}),
        ("staff-reward-rules", "post", (), ADMIN, {"code": "x", "name": "x", "votes_from": 1, "points": 1}),
        ("staff-reward-rule", "get", (reward,), pickers, {}),
        ("staff-reward-rule", "patch", (reward,), ADMIN, {"position": 2}),
        ("staff-reward-preview", "get", (reward,), pickers, {}),
        ("staff-review-pick", "put", (mine,), pickers, {}),
        ("staff-reviews", "get", (), WORKERS | {"moderator", "analyst"}, {}),
        ("staff-voices", "get", (), WORKERS | {"moderator", "analyst"}, {}),
        ("staff-voice", "get", (line.product.external_id,), WORKERS | {"moderator", "analyst"}, {}),
        ("staff-case-claim", "post", (case.pk,), ours - {"superuser"}, {}),
        ("staff-case-assign", "post", (case.pk,), ours - {"agent"}, {"agent": None}),
        ("staff-case-reply", "post", (case.pk,), ours, {"body": "x"}),
        ("staff-case-note", "post", (case.pk,), OURS, {"body": "x"}),
        ("staff-case-hand-over", "post", (case.pk,), ours, {"department": finance, "question": "x"}),
        ("staff-case-answer", "post", (case.pk,), answers, {"handoff": handoff, "answer": "x"}),
        ("staff-case-reject", "post", (case.pk,), answers, {"handoff": handoff, "reason": "x"}),
        ("staff-case-accept", "post", (case.pk,), answers, {"handoff": handoff}),
        ("staff-case-recall", "post", (case.pk,), ours, {"handoff": handoff}),
        ("staff-case-transfer", "post", (case.pk,), ours, {"department": finance}),
        ("staff-case-priority", "post", (case.pk,), ours, {"priority": 4}),
        ("staff-case-correct", "post", (case.pk,), ours, {"subject": "x", "kind": "enquiry", "order": None}),
        ("staff-case-recognise", "post", (case.pk,), ours, {"member": case.member_id}),
        ("staff-case-wait-for", "post", (case.pk,), set(), {"reason": "waiting_bank"}),
        ("staff-case-go-on", "post", (case.pk,), set(), {}),
        ("staff-case-ask-courier", "post", (case.pk,), ours, {"question": "x"}),
        ("staff-case-courier-answered", "post", (case.pk,), ours, {"answer": "x"}),
        ("staff-case-promise-call", "post", (case.pk,), ours, {}),
        ("staff-case-called-back", "post", (case.pk,), ours, {"reached": True}),
        ("staff-case-refunded", "post", (case.pk,), ours, {}),
        ("staff-case-review-answered", "post", (case.pk,), ours, {}),
        ("staff-case-merge", "post", (case.pk,), ours, {"into": case.pk}),
        ("staff-case-split", "post", (case.pk,), ours, {"message": 1, "subject": "x"}),
        ("staff-case-link", "post", (case.pk,), ours, {"other": case.pk}),
        ("staff-case-unlink", "post", (case.pk,), ours, {"other": case.pk}),
        # the case waits for a department: what it is too early for is refused to everybody, for that reason
        ("staff-case-resolve", "post", (case.pk,), set(), {"resolution": "solved"}),
        ("staff-case-reopen", "post", (case.pk,), set(), {"reason": "x"}),
        ("staff-case-close", "post", (case.pk,), set(), {}),
    ]  # fmt: skip
    return [
        (name, Ask(method, reverse(f"api:{name}", args=args), who, data))
        for name, method, args, who, data in asks
    ]


def portal_asks(case: Case) -> list[tuple[str, Ask]]:
    """The pages of the portal: for members alone, and each for its own member."""
    member, both = {"member"}, {"member", "other member"}
    everybody = {*STAFF, *both, "anonymous"}
    file, notice = Attachment.objects.first(), Notice.objects.filter(member=case.member).first()
    chat = ChatSession.objects.get().case_id
    mine, theirs, shot = review_numbers()
    line = OrderLine.objects.get(reviews=mine)
    idea = Post.objects.get(kind="suggestion")
    asked = Invitation.objects.get()
    asks = [
        ("home", "get", (), both),
        ("sign-in", "get", (), everybody),
        ("code", "get", (), set()),  # without having asked for one
        ("language", "post", (), everybody),
        ("orders", "get", (), both),
        ("order", "get", (case.order_id,), member),
        ("wallet", "get", (), both),
        ("refunds", "get", (), both),
        ("refund", "get", (RefundOrder.objects.get(order=case.order_id).pk,), member),
        ("data", "get", (), both),
        ("data-export", "post", (), both),
        ("data-erase", "post", (), both),
        ("data-profiling", "post", (), both),
        ("consent", "get", (), both),
        ("consent", "post", (), both),
        ("surveys", "get", (), both),
        ("survey", "get", (asked.pk,), member),
        ("survey-decline", "post", (asked.pk,), member),
        ("unsubscribe", "get", (token_for(case.member_id),), everybody),
        ("unsubscribe", "post", (token_for(case.member_id),), everybody),
        ("unsubscribe", "post", ("1.marketing.email:x",), set()),
        ("points", "get", (), both),
        ("points-sign-in", "post", (), both),
        ("redeem", "post", (Reward.objects.first().pk,), both),
        ("friends", "get", (), both),
        ("notices", "get", (), both),
        ("notices-read", "post", (), both),
        ("notice", "get", (notice.pk,), member),
        ("cases", "get", (), both),
        ("complain", "get", (), both),
        ("case", "get", (case.pk,), member),
        ("case-write", "post", (case.pk,), member),
        ("case-confirm", "post", (case.pk,), member),
        ("case-reopen", "post", (case.pk,), member),
        ("chat", "get", (), both),
        ("chat-start", "post", (), both),
        ("chat-leave", "post", (), both),
        ("chat-write", "post", (chat,), member),
        ("chat-wait", "get", (chat,), member),
        ("chat-typing", "post", (chat,), member),
        ("chat-act", "post", (chat, "person"), member),
        ("chat-act", "post", (chat, "end"), member),
        ("attachment", "get", (file.pk,), member),
        ("reviews", "get", (), both),
        ("review-write", "get", (line.pk,), member),
        ("review-write", "post", (line.pk,), member),
        ("review", "get", (mine,), member),
        ("review", "post", (mine,), member),
        ("review-delete", "post", (mine,), member),
        ("review-appeal", "post", (mine,), member),
        ("review-helpful", "post", (theirs,), both),
        ("review-picture", "get", (shot,), both),
        ("product-reviews", "get", (line.product_id,), both),
        ("suggestions", "get", (), both),
        ("suggest", "get", (), both),
        ("suggestion", "get", (idea.pk,), member),
        ("suggestion-file", "get", (idea.files.get().pk,), member),
        ("suggestion-delete", "post", (idea.pk,), member),
        ("help", "get", (), everybody),
        ("help-article", "get", ("return-how",), everybody),
        ("help-vote", "post", ("return-how",), both),
        ("help-answer", "post", (AnswerGiven.objects.get().pk,), member),
        ("sign-out", "post", (), set()),  # last: the browser forgets who it was; all are sent to sign in
    ]
    return [
        (name, Ask(method, reverse(f"portal:{name}", args=args), who)) for name, method, args, who in asks
    ]


def review_numbers() -> tuple[int, int, int]:
    """A review of the member's, one of somebody else's, and a picture of the first."""
    mine, theirs = (Review.objects.get(external_id=one).pk for one in ("R2", "R4"))
    return mine, theirs, ReviewPicture.objects.get(review=mine).pk


def figure_day() -> date:
    """A day whose figures were taken."""
    return FigureDay.objects.create(day=date(2020, 1, 1), taken_at=timezone.now(), version=1).day


def api_key() -> int:
    """A key of another program."""
    key, _token = api_keys.make(
        name="x",
        scopes=[READS],
        expires_at=None,
        actor=User.objects.filter(is_superuser=True)[0],
        at=timezone.now(),
    )
    return key.pk


def names_in(prefix: str) -> set[str]:
    """The names of the addresses below a path."""

    def walk_names(patterns: Any, before: str) -> Iterator[str]:
        for one in patterns:
            path = before + str(one.pattern)
            if hasattr(one, "url_patterns"):
                yield from walk_names(one.url_patterns, path)
            elif path.startswith(prefix):
                yield one.name

    return set(walk_names(get_resolver().url_patterns, ""))


@pytest.mark.long
def test_api_and_portal_let_everybody_to_what_is_theirs(settings, monkeypatch):
    know_rights_by_heart(monkeypatch)
    settings.API_REQUESTS_A_MINUTE = {"read": 10**6, "write": 10**6}
    people, case = make_house()
    other = MemberFactory()
    api, portal = api_asks(case), portal_asks(case)
    assert {name for name, _ask in api} == names_in("api/v1/")
    assert {name for name, _ask in portal} == names_in("portal/")
    clients = clients_of(people)
    clients["anonymous"] = Client(raise_request_exception=False)
    browsers = dict(clients)
    for who, somebody in (("member", case.member), ("other member", other)):
        clients[who] = client_of(somebody)
        browsers[who] = browser_of(somebody)
    wrong = walk(api, clients, json=True) + walk(portal, browsers)
    assert not wrong, "\n".join(wrong)


def test_a_filter_in_the_address_tells_nothing_that_is_masked(client):
    user = StaffFactory(role="agent")
    client.force_login(user, backend=BACKEND)
    MemberFactory(phone="13800001234")
    members, coupons = reverse("admin:compensation_member_changelist"), "admin:compensation_coupon_changelist"
    for path in (f"{members}?phone__startswith=138", f"{reverse(coupons)}?code__startswith=A"):
        assert client.get(path).status_code == 400
    assert client.get(f"{members}?tier__id__exact=1").status_code == 200


def test_past_cases_of_other_departments_stay_there(client):
    ours = CaseFactory()
    seen = CaseFactory(member=ours.member, department=ours.department, subject="上次的杯子")
    hidden = CaseFactory(member=ours.member, subject="退款的银行卡")
    client.force_login(AgentFactory(departments=[ours.department]).user, backend=BACKEND)
    text = client.get(reverse("admin:case", args=[ours.pk])).content.decode()
    assert seen.subject in text
    assert hidden.subject not in text


@pytest.mark.parametrize(
    ("role", "is_ours", "named"),
    [("supervisor", True, True), ("supervisor", False, False), ("moderator", True, False)],
)
def test_the_rows_behind_a_figure_name_the_cases_that_one_may_read(client, role, is_ours, named):
    department = DepartmentFactory()
    now = timezone.now()
    clock = make_clock(department, due_at=now, met_at=now)
    answer = make_answer(department, 5, at=now)
    place = department if is_ours else DepartmentFactory()
    user = AgentFactory(user=StaffFactory(role=role), departments=[place]).user
    client.force_login(user, backend=BACKEND)
    for metric, case in (("first_reply_attainment", clock.case), ("csat", answer.response.invitation.case)):
        text = client.get(reverse("admin:figure", args=[metric])).content.decode()
        assert case.number in text
        assert (case.subject in text) is named


def test_a_gap_names_its_case_by_number_alone(client):
    case = CaseFactory(order=OrderFactory(), subject="退款的银行卡")
    line = OrderLineFactory(order=case.order)
    promise = Promise.objects.create(line=line, aspect=Aspect.DELIVERY, due_at=T0)
    gap = Gap.objects.create(
        order=case.order, promise=promise, aspect=Aspect.DELIVERY, expected_at=T0, actual_at=T0, days=-3,
        severity=Severity.SEVERE, detected_at=T0, changed_at=T0, case=case,
    )  # fmt: skip
    client.force_login(StaffFactory(role="agent"), backend=BACKEND)
    for path in (
        reverse("admin:feedback_gap_changelist"),
        reverse("admin:feedback_gap_change", args=[gap.pk]),
    ):
        text = client.get(path).content.decode()
        assert case.number in text
        assert case.subject not in text

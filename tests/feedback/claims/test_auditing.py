"""The audit of claims and what people decide about it."""

from datetime import timedelta

import pytest

from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.models import Event
from feedback.claims import auditing
from feedback.claims.audit import Term
from feedback.models import AuditTerm, Claim, Finding
from tests.factories.claims import BEGIN, claim, fact
from tests.factories.feedback import StaffFactory
from tests.factories.shop import ProductFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F13")]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def terms():
    AuditTerm.objects.create(kind="absolute", term="最佳", source="第九条", suggestion="优质")
    AuditTerm.objects.create(kind="absolute", term="第一", allowed_in=["第一时间"])
    AuditTerm.objects.create(kind="vague", term="尽快")


def audit(at=BEGIN):
    while auditing.catch_up(at=at):
        pass
    return Finding.objects.order_by("start", "pk")


def decide(finding, status, role="supervisor", reason="", at=BEGIN):
    return auditing.decide(
        finding_id=finding.pk, status=status, reason=reason, actor=StaffFactory(role=role), at=at
    )


def test_a_claim_is_audited_once_and_each_finding_says_why():
    claim("最佳品质，尽快发货，第一时间")
    assert [(one.kind, one.code, one.excerpt) for one in audit()] == [
        ("absolute", "最佳", "最佳品质，尽快发货，第一时间"),
        ("vague", "尽快", "最佳品质，尽快发货，第一时间"),
    ]
    assert Finding.objects.first().data["source"] == "第九条"
    assert auditing.catch_up(at=BEGIN) == 0
    assert Event.objects.filter(kind="claim.audited").count() == 1


def test_a_decision_about_an_unchanged_text_stays():
    made = claim("最佳")
    decide(audit().get(), "waived", reason="奖项名称")
    Claim.objects.update(audited_digest="")
    row = audit(BEGIN + DAY).get()
    assert (row.status, row.reason, row.gone_at) == ("waived", "奖项名称", None)
    claim("最佳之选")
    rows = audit(BEGIN + DAY)
    assert [(one.status, one.gone_at is None) for one in rows.order_by("pk")] == [
        ("waived", False),
        ("open", True),
    ]
    assert made.findings.count() == 2


def test_what_is_no_longer_said_is_fixed():
    claim("最佳")
    decide(audit().get(), "accepted")
    claim("优质")
    row = audit(BEGIN + DAY).get()
    assert (row.status, row.gone_at) == ("fixed", BEGIN + DAY)


def test_facts_that_change_bring_contradictions_and_take_them_away():
    product = ProductFactory()
    fact(product, "material", "棉 80%, 聚酯纤维 20%", measure="composition")
    claim("纯棉", product_id=product.pk)
    row = audit().get()
    assert (row.kind, row.data["why"]) == ("contradiction", "棉 80%, 聚酯纤维 20%")
    fact(product, "material", "棉 100%", measure="composition", valid_from=BEGIN + DAY, at=BEGIN + DAY)
    assert audit(BEGIN + DAY).get().gone_at == BEGIN + DAY


def test_a_word_that_changes_audits_all_and_a_preview_tells_before():
    claim("最佳")
    claim("最舒适", key="c2")
    audit()
    term = Term("最", "absolute")
    preview = auditing.preview(term)
    assert [(one.code, made.key) for made, one in preview.found] == [("最", "c2")]
    assert (preview.looked, preview.gone) == (2, 0)
    gone = auditing.preview(Term("最佳", "absolute", ("最佳",)), instead_of="最佳")
    assert gone.gone == 1
    assert Finding.objects.count() == 1
    auditing.save_term(term=AuditTerm(kind="absolute", term="最"), actor=None, at=BEGIN)
    assert audit().count() == 2


@pytest.mark.parametrize(
    ("role", "status", "allowed"),
    [("agent", "accepted", False), ("moderator", "accepted", True), ("moderator", "waived", False),
     ("supervisor", "waived", True)],
)  # fmt: skip
def test_who_may_decide_what(role, status, allowed):
    claim("最佳")
    finding = audit().get()
    if allowed:
        assert decide(finding, status, role, reason="x").status == status
        assert Event.objects.get(kind="claim.finding_decided").data["after"] == status
    else:
        with pytest.raises(NotPermitted):
            decide(finding, status, role, reason="x")
        assert audit().get().status == "open"


def test_decisions_that_make_no_sense():
    claim("最佳")
    finding = audit().get()
    with pytest.raises(Invalid):
        decide(finding, "waived")
    with pytest.raises(Invalid):
        decide(finding, "accepted", reason="x" * 401)
    with pytest.raises(Invalid):
        decide(finding, "lost")
    decide(finding, "fixed")
    with pytest.raises(WrongState):
        decide(finding, "accepted")
    decide(finding, "open")
    assert audit().get().decided_at is None
    claim("优质")
    audit()
    with pytest.raises(WrongState):
        decide(finding, "accepted")
    with pytest.raises(NotFound):
        auditing.decide(finding_id=0, status="open", actor=StaffFactory(role="supervisor"), at=BEGIN)
    assert Event.objects.filter(kind="claim.finding_decided").count() == 2


def test_who_may_not_waive_may_not_open_what_was_waived():
    claim("最佳")
    finding = audit().get()
    decide(finding, "waived", reason="x")
    with pytest.raises(NotPermitted):
        decide(finding, "open", "moderator")

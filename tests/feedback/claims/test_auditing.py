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


def test_a_claim_about_many_products_is_held_against_the_facts_of_each():
    wool, cotton, food = (ProductFactory(category=one) for one in ("服装", "服装", "食品"))
    fact(wool, "material", "羊毛 60%, 棉 40%", measure="composition")
    fact(cotton, "material", "棉 100%")
    fact(food, "material", "棉 1%")
    claim("全场纯棉", category="服装")
    row = audit().get()
    assert (row.kind, row.code, row.data["why"]) == (
        "contradiction", "composition:棉 100%", "羊毛 60%, 棉 40% × 1",
    )  # fmt: skip
    decide(row, "waived", reason="羊毛款另有说明")
    fact(ProductFactory(category="服装"), "material", "棉 50%, 锦纶 50%")
    row = audit(BEGIN + DAY).get()
    assert (row.status, row.gone_at) == ("waived", None)  # the same finding, of more products
    claim("纯棉", key="c2")
    found = audit(BEGIN + DAY).get(claim__key="c2")
    assert found.data["why"].count("×") == 3


def test_a_discount_is_held_against_what_the_promotion_says():
    product = ProductFactory()
    fact(product, "promotion", "立减10元，8.5折")
    claim("立减20元，8折，9折", product_id=product.pk)
    assert [(one.kind, one.code.split("≠")[0]) for one in audit()] == [
        ("contradiction", "discount:20"),
        ("contradiction", "percent_off:20"),
    ]


def test_a_fact_told_in_advance_is_compared_when_it_begins():
    product = ProductFactory()
    fact(product, "price", "99", measure="price", at=BEGIN)
    claim("直播价99元", product_id=product.pk)
    claim("全场直播价99元", key="many", category=product.category)
    claim("直播价99元", key="other", product_id=ProductFactory().pk)
    fact(product, "price", "129", valid_from=BEGIN + DAY, at=BEGIN)
    assert not audit(BEGIN + DAY / 2).exists()
    assert auditing.catch_up(at=BEGIN + DAY / 2) == 0
    assert {one.claim.key for one in audit(BEGIN + DAY)} == {"c1", "many"}
    assert auditing.catch_up(at=BEGIN + DAY) == 0


def test_two_facts_of_one_kind_contradict_what_agrees_with_neither():
    product = ProductFactory()
    fact(product, "material", "棉 100%", measure="composition")
    fact(product, "lining", "聚酯纤维 100%", measure="composition")
    claim("100%棉，里布100%聚酯纤维，领口100%羊毛", product_id=product.pk)
    assert [one.code for one in audit()] == ["composition:羊毛 100%≠棉 100% / 聚酯纤维 100%"]

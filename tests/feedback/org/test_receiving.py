"""Which department receives a case, by ordered rules, and why."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from config.common.models import Event
from feedback.cases.commands import open_case
from feedback.cases.timeline import timeline_of
from feedback.models import CaseKind, Channel, Department, DepartmentRule
from feedback.org import matching
from feedback.org.matching import Arrival
from feedback.org.receiving import department_for
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.feedback import DepartmentFactory
from tests.factories.routing import make_skill
from tests.factories.sop import START, make_policy

pytestmark = pytest.mark.req("F5")

KINDS, WORDS = ["complaint", "refund"], ["app", "闪退", "crash"]


def some(values):
    return st.lists(st.sampled_from(values), max_size=2, unique=True)


rule = st.builds(
    DepartmentRule,
    kinds=some(KINDS),
    channels=some(["chat", "app"]),
    priorities=some([1, 2]),
    tiers=some(["gold", "silver"]),
    categories=some(["shoes"]),
    languages=some(["en"]),
    words=some(WORDS),
    is_active=st.booleans(),
    department=st.just(Department()),
)
arrivals = st.builds(
    Arrival,
    kind=st.sampled_from(KINDS),
    channel=st.sampled_from(["chat", "app"]),
    priority=st.sampled_from([1, 2]),
    tier=st.sampled_from(["gold", "silver", "ordinary"]),
    category=st.sampled_from(["", "shoes"]),
    language=st.sampled_from(["", "en"]),
    text=st.lists(st.sampled_from([*WORDS, "happy", "包裹"]), max_size=3).map(" ".join),
)


def fits(one, case):
    """The same, said plainly."""
    pairs = [
        (one.kinds, case.kind), (one.channels, case.channel), (one.priorities, case.priority),
        (one.tiers, case.tier), (one.categories, case.category), (one.languages, case.language),
    ]  # fmt: skip
    words = case.text.split()
    return (
        one.is_active
        and all(not wanted or fact in wanted for wanted, fact in pairs)
        and (not one.words or any(word in words for word in one.words))
    )


@given(st.lists(rule, max_size=4), arrivals)
def test_the_first_rule_that_fits_decides(rules, case):
    verdicts = matching.choose(rules, case)
    taken = verdicts[-1].rule if verdicts and verdicts[-1].taken else None
    assert taken is next((one for one in rules if fits(one, case)), None)


@given(st.lists(rule, max_size=4), st.lists(arrivals, max_size=10))
def test_a_shadowed_rule_never_decides(rules, some_cases):
    hidden = [one for one, _cover in matching.shadowed(rules)]
    for case in some_cases:
        verdicts = matching.choose(rules, case)
        assert not (verdicts and verdicts[-1].taken and any(verdicts[-1].rule is one for one in hidden))


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("app", "The App crashed", True),
        ("app", "I am happy", False),
        ("App", "app崩溃了", True),
        ("闪退", "一打开就闪退了", True),
        ("refund", "REFUND!", True),
        ("ＡＰＰ", "app", True),
        ("c++", "c++ is hard", True),
        ("", "anything", False),
    ],
)
def test_words_are_found_as_people_mean_them(word, text, found):
    assert (matching.first_word([word], text) is not None) is found


@pytest.fixture
def house(db):
    TierFactory()
    make_policy()
    return DepartmentFactory(takes_new=True), DepartmentFactory()


def receive(**more):
    facts = {"kind": "complaint", "channel": "portal", "priority": 2, "tier": "ordinary", **more}
    return department_for(**facts)


def make_rule(department, code="r", **fields):
    return DepartmentRule.objects.create(
        code=code, name=f"规则{code}", name_en=f"Rule {code}", department=department, **fields
    )


def test_without_a_rule_the_taker_of_new_cases_has_it(house):
    first, second = house
    make_rule(second, kinds=["refund"])
    make_rule(second, "off", is_active=False)
    assert receive().department == first


def test_rules_are_tried_in_order(house):
    first, second = house
    make_rule(first, "late", position=20)
    make_rule(second, "early", position=10)
    assert receive().rule.code == "early"


def test_a_department_that_takes_no_cases_is_passed_over(house):
    first, second = house
    make_rule(second)
    Department.objects.filter(pk=second.pk).update(is_active=False)
    assert receive().department == first


def test_a_case_is_opened_by_rule_with_the_reason_on_its_timeline(house):
    _first, second = house
    skill = make_skill("apps")
    used = make_rule(second, words=["闪退"], skill=skill)
    member = MemberFactory(language="en")
    case = open_case(
        member=member,
        kind=CaseKind.COMPLAINT,
        channel=Channel.APP,
        subject="App 闪退",
        actor=member,
        at=START,
    )
    assert (case.department, case.department_rule, case.skill, case.queued_at) == (second, used, skill, START)
    data = Event.objects.get(kind="case.opened").data
    assert data["rule"] == {"id": used.pk, "name": "规则r", "name_en": "Rule r"}
    used.name = used.name_en = "renamed"
    used.save()
    for language, text in (
        ("en", "by the rule “Rule r”, which found “闪退”"),
        ("zh-hans", "按规则“规则r”（命中“闪退”）"),
    ):
        with translation.override(language):
            assert text in timeline_of(case)[0].text


def test_whoever_names_a_department_decides(house):
    first, second = house
    make_rule(second)
    member = MemberFactory()
    case = open_case(
        member=member, kind=CaseKind.REFUND, channel=Channel.APP, subject="退款", department=first,
        actor=member, at=START,
    )  # fmt: skip
    assert (case.department, case.department_rule) == (first, None)

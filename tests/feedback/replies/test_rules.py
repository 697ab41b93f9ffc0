"""Who writes a reply, by rules that are data and limits that are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.models import Feeling, LeftBecause, ReplyWay, VoiceAspect
from feedback.replies import rules
from feedback.replies.rules import Decided, Facts, Rule

pytestmark = pytest.mark.req("F17")
ASPECTS = st.lists(st.sampled_from(VoiceAspect.values), unique=True, max_size=4)
FACTS = st.builds(
    Facts,
    stars=st.integers(0, 5),
    feeling=st.sampled_from(["", *Feeling.values]),
    sentiment=st.none() | st.floats(-1, 1),
    aspects=ASPECTS,
    tones=st.dictionaries(st.sampled_from(VoiceAspect.values), st.floats(-1, 1), max_size=4),
    length=st.integers(0, 3_000),
    category=st.sampled_from(["", "服饰", "数码"]),
    source=st.sampled_from(["portal", "tmall"]),
    is_hostile=st.booleans(),
    has_signals=st.booleans(),
    lowest=st.none() | st.integers(1, 5),
)
RULES = st.lists(
    st.builds(
        Rule,
        id=st.integers(1, 9),
        way=st.sampled_from(ReplyWay.values),
        stars=st.lists(st.integers(0, 5), max_size=3),
        feelings=st.lists(st.sampled_from(["unsure", *Feeling.values]), max_size=2),
        sure_from=st.floats(0, 1),
        aspects=ASPECTS,
        least_length=st.none() | st.integers(0, 100),
        most_length=st.none() | st.integers(0, 100),
        categories=st.lists(st.sampled_from(["服饰", "数码"]), max_size=1),
        sources=st.lists(st.sampled_from(["portal", "tmall"]), max_size=1),
        needs_approval=st.booleans(),
    ),
    max_size=5,
)
PRAISE = Facts(5, "positive", 0.9, ("product_quality",), {"product_quality": 0.9}, 10)
EVERYTHING = Rule(1, ReplyWay.AUTOMATIC)


@given(RULES, FACTS)
def test_nothing_unsure_hostile_bad_or_blamed_is_answered_by_itself(some, facts):
    decided = rules.decide(some, facts)
    if decided.way == ReplyWay.AUTOMATIC:
        assert not facts.is_hostile
        assert not facts.has_signals
        assert facts.stars in {0, 4, 5}
        assert facts.lowest is None or facts.lowest >= 4
        assert facts.is_silent or (facts.feeling == "positive" and facts.praised)
        assert facts.is_silent or all(tone >= 0 for tone in facts.tones.values())
        assert not decided.needs_approval
        assert not decided.because


@given(RULES, FACTS)
def test_the_first_rule_that_fits_decides(some, facts):
    decided = rules.decide(some, facts)
    first = next((one for one in some if rules.fits(one, facts)), None)
    assert decided.rule == (first.id if first else None)
    if first is None or facts.is_hostile:
        assert decided.way == ReplyWay.BY_HAND
    elif first.way != ReplyWay.AUTOMATIC:
        assert decided.way == first.way


@given(FACTS)
def test_who_speaks_well_of_it_does_not_blame_it(facts):
    if facts.feeling != Feeling.NEGATIVE:
        assert not set(facts.praised) & set(facts.blamed)


def test_plain_praise_is_answered_by_itself():
    assert rules.decide([EVERYTHING], PRAISE) == Decided(ReplyWay.AUTOMATIC, 1)
    assert rules.decide([EVERYTHING], Facts(4, length=0)) == Decided(ReplyWay.AUTOMATIC, 1)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"feeling": "", "sentiment": None}, LeftBecause.UNSURE),
        ({"stars": 3}, LeftBecause.FEW_STARS),
        ({"lowest": 2}, LeftBecause.FEW_STARS),
        ({"stars": 0, "lowest": 1}, LeftBecause.FEW_STARS),
        ({"feeling": "mixed"}, LeftBecause.PROBLEM),
        ({"tones": {"product_quality": 0.9, "logistics": -0.4}}, LeftBecause.PROBLEM),
        ({"has_signals": True}, LeftBecause.SIGNALS),
        ({"aspects": (), "tones": {}}, LeftBecause.NO_PRAISE),
        ({"length": 0, "stars": 0}, LeftBecause.NO_TEXT),
    ],
)
def test_what_speaks_against_it_is_named_and_an_agent_gets_a_draft(changes, because):
    facts = Facts(**{**{name: getattr(PRAISE, name) for name in PRAISE.__dataclass_fields__}, **changes})
    decided = rules.decide([EVERYTHING], facts)
    assert (decided.way, decided.because) == (ReplyWay.DRAFTED, (because,))


def test_hostile_texts_are_left_to_people_whole():
    facts = Facts(1, "negative", -0.9, is_hostile=True, has_signals=True, length=9)
    decided = rules.decide([Rule(3, ReplyWay.DRAFTED, needs_approval=True)], facts)
    assert (decided.way, decided.rule, decided.needs_approval) == (ReplyWay.BY_HAND, 3, True)
    assert LeftBecause.HOSTILE in decided.because


@pytest.mark.parametrize(
    "asks",
    [
        {"stars": (1,)}, {"feelings": ("unsure",)}, {"sure_from": 0.95}, {"aspects": ("app",)},
        {"least_length": 11}, {"most_length": 9}, {"categories": ("服饰",)}, {"sources": ("tmall",)},
    ],
)  # fmt: skip
def test_a_rule_asks_for_all_that_it_says(asks):
    assert rules.decide([Rule(1, ReplyWay.AUTOMATIC, **asks)], PRAISE).because == (LeftBecause.NO_RULE,)


@pytest.mark.parametrize(
    ("state", "needs", "by", "approver", "may"),
    [
        ("draft", False, 7, False, True),
        ("draft", True, 7, True, False),
        ("waiting", True, 8, True, True),
        ("waiting", True, 8, False, False),
        ("waiting", True, None, True, True),
        ("approved", False, 8, True, False),
        ("withdrawn", False, 8, True, False),
    ],
)
def test_who_may_approve(state, needs, by, approver, may):
    found = rules.may_approve(state=state, needs_approval=needs, written_by=by, actor=7, is_approver=approver)
    assert found is may

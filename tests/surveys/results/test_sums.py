from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys.models import Answer, QuestionKind, Response, Tally, TallyDue, TallyStale
from surveys.responses.commands import answer
from surveys.results import sums
from surveys.tasks import sum_answers
from tests.factories.compensation import T0, MemberFactory
from tests.factories.questionnaires import invitation, launched, one
from tests.factories.surveys import token_of
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("S5")]

KINDS = (
    one(QuestionKind.CSAT, "csat", bad_up_to=1),
    one(QuestionKind.MULTIPLE, "what", ["price", "speed", "words"], is_required=False),
    one(QuestionKind.RANKING, "order", ["price", "speed"], is_required=False),
    one(QuestionKind.MATRIX, "parts", ["box", "cup"], is_required=False),
    one(QuestionKind.KANO, "gift", is_required=False),
    one(QuestionKind.NUMBER, "paid", is_required=False),
    one(QuestionKind.DATE, "since", is_required=False),
    one(QuestionKind.TEXT, "words", is_required=False),
)
WHOLE = {
    "csat": 5,
    "what": ["price", "speed"],
    "order": ["speed", "price"],
    "parts": {"box": 4, "cup": 2},
    "gift": {"so": 1, "not": 5},
    "paid": "12345.67",
    "since": "2025-02-03",
    "words": "很好",
}


def given_by(campaign, at=T0, segments=(), channel="sms", **answers):
    asked = invitation(campaign, at=T0, segments=list(segments), channel=channel)
    return answer(token=token_of(asked), answers={"csat": 5, **answers}, at=at)


def counts(code=None, dimension="", value="", row=""):
    rows = Tally.objects.filter(dimension=dimension, value=value, row=row)
    rows = rows.filter(question__code=code) if code else rows.filter(question=None)
    found: dict[str, int] = {}
    for one_ in rows:
        for key, n in one_.counts.items():
            found[key] = found.get(key, 0) + n
    return found


def everything():
    rows = Tally.objects.values_list("wave", "question", "row", "week", "dimension", "value", "counts")
    return sorted((*map(str, row[:-1]), sorted(row[-1].items())) for row in rows)


def test_every_kind_is_counted_by_what_was_said():
    response = given_by(launched(*KINDS), at=T0 + timedelta(hours=5, minutes=50), segments=["vip"], **WHOLE)
    assert sums.refresh() == 1
    assert counts("csat") == {"": 1, "5": 1}
    assert counts("what") == {"": 1, "price": 1, "speed": 1}
    assert counts("order") == {"": 1, "speed:1": 1, "price:2": 1}
    assert counts("parts", row="box") == {"": 1, "4": 1}
    assert counts("gift") == {"": 1, "1-5": 1}
    assert counts("paid") == {"": 1, "12300": 1}
    assert counts("since") == {"": 1, "2025-02": 1}
    assert counts("words") == {"": 1}
    assert counts() == {"": 1}
    assert counts(row="waited") == {"5": 1}
    assert list(counts(row="hour").values()) == [1]
    assert counts("csat", "segment", "vip") == {"": 1, "5": 1}
    assert counts("csat", "channel", "sms") == {"": 1, "5": 1}
    assert counts("csat", "tier", str(response.tier_id)) == ({"": 1, "5": 1} if response.tier_id else {})


@pytest.mark.parametrize(
    ("number", "key"), [("0", "0"), ("0.05", "0.05"), ("-1234", "-1230"), ("99.96", "100")]
)
def test_a_number_is_kept_to_three_figures(number, key):
    given_by(launched(*KINDS), paid=number)
    sums.refresh()
    assert counts("paid") == {"": 1, key: 1}


def test_a_response_counts_once():
    campaign = launched(*KINDS)
    given_by(campaign)
    sums.refresh()
    assert sums.refresh() == 0
    given_by(campaign, csat=2)
    sums.look()
    assert counts("csat") == {"": 2, "5": 1, "2": 1}


def test_what_broke_off_is_counted_later():
    given_by(launched(*KINDS))

    class Dies(Exception):
        pass

    def dying():
        with transaction.atomic():
            sums.refresh()
            raise Dies

    with pytest.raises(Dies):
        dying()
    assert TallyDue.objects.count() == 1
    sums.refresh()
    assert counts() == {"": 1}


def test_somebody_who_looks_makes_a_few_passes_and_is_told_the_rest(monkeypatch):
    monkeypatch.setattr(sums, "AT_ONCE", 1)
    monkeypatch.setattr(sums, "IN_A_LOOK", 2)
    monkeypatch.setattr(sums.refresh, "__kwdefaults__", {"limit": 1})
    campaign = launched(*KINDS)
    for _ in range(3):
        given_by(campaign)
    assert sums.look() == 1
    assert counts() == {"": 2}
    assert sums.catch_up() == 1
    assert counts() == {"": 3}


def test_what_is_deleted_is_counted_no_more():
    campaign = launched(*KINDS)
    gone, _kept, less = (given_by(campaign, segments=["vip"], **WHOLE) for _ in range(3))
    sums.refresh()
    gone.delete()
    less.answers.filter(question__code="gift").delete()
    assert TallyStale.objects.exists()
    sums.catch_up()
    assert counts() == {"": 2}
    assert counts("csat", "segment", "vip") == {"": 2, "5": 2}
    assert counts("gift") == {"": 1, "1-5": 1}
    assert not TallyStale.objects.exists()


def test_what_is_deleted_before_it_was_counted_never_counts():
    given_by(launched(*KINDS)).delete()
    sums.catch_up()
    assert not Tally.objects.exists()


def test_a_week_summed_anew_takes_what_was_due_with_it():
    response = given_by(launched(*KINDS))
    sums.recount(response.wave_id, response.week)
    assert counts() == {"": 1}
    assert sums.refresh() == 0


def test_sums_stay_when_a_member_is_forgotten():
    response = given_by(launched(*KINDS), segments=["vip"], **WHOLE)
    sums.refresh()
    before = everything()
    Response.objects.filter(pk=response.pk).update(segments=[])
    Answer.objects.update(text="—", day=None)
    sums.catch_up()
    assert everything() == before


ANSWERS = st.fixed_dictionaries(
    {"csat": st.integers(2, 5)},
    optional={
        "what": st.lists(st.sampled_from(["price", "speed", "words"]), min_size=1, unique=True),
        "order": st.permutations(["price", "speed"]),
        "parts": st.dictionaries(st.sampled_from(["box", "cup"]), st.integers(1, 5), min_size=1),
        "gift": st.fixed_dictionaries({"so": st.integers(1, 5), "not": st.integers(1, 5)}),
        "paid": st.decimals(Decimal(-(10**6)), Decimal(10**6), places=2).map(str),
        "since": st.dates(date(2020, 1, 1), date(2026, 1, 1)).map(str),
    },
)
GIVEN = st.tuples(
    ANSWERS, st.integers(0, 20), st.sets(st.sampled_from(["vip", "new", "lost"])), st.booleans()
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(GIVEN, min_size=1, max_size=6))
def test_summing_anew_gives_the_same(rows):
    with transaction.atomic():
        campaign, member = launched(*KINDS), MemberFactory()
        for answers, days, segments, counted in rows:
            member = MemberFactory()
            asked = invitation(campaign, member, segments=sorted(segments), channel="app")
            answer(token=token_of(asked), answers=answers, at=T0 + timedelta(days=days))
            if counted:
                sums.refresh()
        sums.catch_up()
        added = everything()
        sums.rebuild(campaign.waves.get().pk)
        assert everything() == added
        transaction.set_rollback(True)


def test_the_command_sums_up_what_came_and_a_campaign_anew(capsys):
    campaign = launched(*KINDS)
    given_by(campaign)
    call_command("sum_answers")
    assert counts() == {"": 1}
    Tally.objects.all().delete()
    call_command("sum_answers", campaign.code)
    assert counts() == {"": 1}
    with pytest.raises(CommandError):
        call_command("sum_answers", "none")


def test_beat_wakes_it():
    given_by(launched(*KINDS))
    sum_answers()
    assert counts() == {"": 1}


@pytest.mark.django_db(transaction=True)
def test_passes_at_the_same_moment_count_each_response_once():
    campaign = launched(*KINDS)
    for number in range(12):
        given_by(campaign, csat=2 + number % 4, segments=["vip"])
    week = Response.objects.first().week
    wave = campaign.waves.get().pk
    passes = [lambda: sums.refresh(limit=2) for _ in range(5)] + [lambda: sums.recount(wave, week)]
    results = at_once(*passes)
    assert not [one_ for one_ in results if isinstance(one_, Exception)]
    sums.catch_up()
    assert counts() == {"": 12}
    assert counts("csat", "segment", "vip") == {"": 12, "2": 3, "3": 3, "4": 3, "5": 3}


def test_answers_of_nobody_are_counted_by_no_more_than_stratum_and_channel():
    campaign = launched(*KINDS, is_anonymous=True)
    given_by(campaign, segments=["vip"])
    sums.refresh()
    assert set(Tally.objects.values_list("dimension", flat=True)) == {"", "channel"}
    assert counts(row="waited") == counts(row="hour") == {}


def test_the_queue_is_read_by_its_key():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sums.TAKE}", [10])
        assert "surveys_tallydue_pkey" in "\n".join(line for (line,) in cursor.fetchall())

"""Versions: in service only when better, kept safely, changed by people, noticed by every process."""

from datetime import timedelta

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.utils import ProgrammingError

from config.common.errors import NotFound
from config.common.models import Event
from feedback import tasks
from feedback.models import Feeling, LexiconEntry, Triage, TriageModel, TriageSetup, Trial
from feedback.triage import commands, following, training
from feedback.triage.examples import of_shop
from feedback.triage.reading import read, reader
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, OrderFactory
from tests.factories.triage import BAD, GOOD, SaidFactory, made_up
from tests.threads import at_once, refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _lexicon(db):
    TriageSetup.objects.create(pk=1, least_each=20, sure_accuracy="0.700")


def _train(**options):
    return training.train(actor=None, at=T0, **{"taught": made_up(wrong=0.0), **options})


@pytest.mark.req("F16")
def test_the_first_model_that_beats_the_lexicon_reads():
    assert read("这次 买的 满意 喜欢").sentiment is None
    model = _train()
    assert (model.number, model.trial, model.in_service) == (1, Trial.BETTER, True)
    assert model.scores["before"]["accuracy"] < model.scores["accuracy"]
    found = read("这次 买的 满意 喜欢")
    assert found.feeling == Feeling.POSITIVE
    assert {word for word, _weight in found.words} >= {"满意", "喜欢"}
    assert reader().model_id == model.pk


def test_one_that_is_no_better_does_not_serve():
    first = _train()
    second = _train(again=True)
    assert (second.trial, second.in_service) == (Trial.NOT_BETTER, False)
    assert second.scores["before"]["version"] == first.number
    assert reader().model_id == first.pk


def test_a_worse_one_does_not_serve_and_a_better_one_does():
    poor = _train(taught=made_up(wrong=0.3))
    good = _train()
    assert good.in_service
    poor = TriageModel.objects.get(pk=poor.pk)
    assert not poor.in_service
    assert TriageModel.objects.filter(in_service=True).count() == 1


def test_a_lexicon_that_reads_as_well_goes_on_reading():
    for words, weight in ((GOOD, 2), (BAD, -2)):
        LexiconEntry.objects.bulk_create(LexiconEntry(word=word, weight=weight) for word in words)
    model = _train()
    assert model.scores["before"]["accuracy"] == 1
    assert not model.in_service
    assert reader().model_id is None


def test_too_little_says_so():
    with pytest.raises(training.TooLittle):
        _train(taught=made_up(30))
    with pytest.raises(training.TooLittle):
        _train(taught=[one for one in made_up() if one.is_good])
    assert not TriageModel.objects.exists()


def test_nothing_new():
    _train()
    with pytest.raises(training.NothingNew):
        _train()


@pytest.mark.req("F16")
def test_an_administrator_puts_an_old_one_back():
    old, user = _train(taught=made_up(wrong=0.3)), UserFactory()
    new = _train()
    training.serve(model_id=old.pk, actor=user, at=T0 + timedelta(days=1))
    assert reader().model_id == old.pk
    training.serve(model_id=None, actor=user, at=T0)
    assert reader().model_id is None
    training.serve(model_id=None, actor=user, at=T0)
    training.serve(model_id=new.pk, actor=user, at=T0)
    training.serve(model_id=new.pk, actor=user, at=T0)
    kinds = Event.objects.filter(kind__startswith="triage.").order_by("id").values_list("kind", flat=True)
    assert [one.removeprefix("triage.") for one in kinds] == [
        "trained", "trained", "served", "served", "stopped", "served",
    ]  # fmt: skip
    with pytest.raises(NotFound):
        training.serve(model_id=0, actor=user, at=T0)


def test_damaged_weights_stop_nothing():
    model = _train()
    reader()
    with pytest.raises(ProgrammingError), transaction.atomic():
        TriageModel.objects.update(digest="0" * 64)
    TriageModel.objects.update(in_service=False)
    with pgtrigger.ignore("feedback.TriageModel:learnt_once"):
        TriageModel.objects.update(digest="0" * 64)
    assert reader().model_id is None
    TriageModel.objects.update(in_service=True)
    assert read("满意 喜欢").sentiment is None
    assert reader().model_id is None
    assert training.measured(TriageModel.objects.get(pk=model.pk), [])["n"] == 0


def test_the_database_holds_to_one_in_service():
    _train(taught=made_up(wrong=0.3))
    _train()
    with pytest.raises(IntegrityError), transaction.atomic():
        TriageModel.objects.update(in_service=True, served_at=T0)
    with pytest.raises(ProgrammingError), transaction.atomic():
        TriageModel.objects.all().delete()


def test_stars_and_decisions_teach():
    order, user = OrderFactory(), UserFactory()
    for stars, text in ((5, "好"), (1, "坏"), (3, "中"), (5, "其实很坏"), (2, "")):
        SaidFactory(order=order, stars=stars, text=text)
    following.take_up_reviews(at=T0)
    wrong = Triage.objects.get(review__text="其实很坏")
    commands.correct(triage_id=wrong.pk, actor=user, at=T0, feeling=Feeling.NEGATIVE, aspects=["price"])
    found = {one.text.strip(): one for one in of_shop(correction_weight=7)}
    assert {text: one.is_good for text, one in found.items()} == {"好": True, "坏": False, "其实很坏": False}
    assert found["其实很坏"].weight == 7
    assert found["其实很坏"].decided["aspect:price"]
    assert not found["其实很坏"].decided["aspect:service"]


def test_by_night():
    order = OrderFactory()
    tasks.train_triage()  # too little: says so and goes on
    assert not TriageModel.objects.exists()
    for one in made_up(160, wrong=0.0):
        SaidFactory(order=order, stars=5 if one.is_good else 1, text=one.text)
    unsure = SaidFactory(order=order, stars=3, text="这次 买的 满意 喜欢 推荐")
    tasks.read_texts()
    assert Triage.objects.get(review=unsure).feeling == ""
    tasks.train_triage()
    assert TriageModel.objects.get().in_service
    assert Triage.objects.get(review=unsure).feeling == Feeling.POSITIVE
    tasks.train_triage()
    assert TriageModel.objects.count() == 1
    TriageSetup.objects.update(trains_nightly=False)
    SaidFactory(order=order, stars=5, text="新的 满意")
    tasks.train_triage()
    assert TriageModel.objects.count() == 1


def test_the_command(tmp_path, capsys):
    file = tmp_path / "texts.csv"
    rows = (f"{one.text},{int(bool(one.is_good))}" for one in made_up(wrong=0.0))
    file.write_text("text,positive\n" + "\n".join(rows), encoding="utf-8-sig")
    call_command("train_triage", file=file)
    assert "sure_accuracy" in capsys.readouterr().out
    assert TriageModel.objects.get().in_service
    call_command("train_triage", file=file)
    assert TriageModel.objects.count() == 1
    call_command("train_triage", file=file, again=True)
    assert TriageModel.objects.count() == 2
    call_command("train_triage")  # of the shop there is too little


@pytest.mark.parametrize("content", [b"", b"text\n1", b"text,positive\n\xff\xfe,1\n"])
def test_the_command_refuses_what_is_no_such_file(tmp_path, content):
    file = tmp_path / "texts.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError):
        call_command("train_triage", file=file)
    with pytest.raises(CommandError):
        call_command("train_triage", file=tmp_path / "nothing.csv")


@pytest.mark.django_db(transaction=True)
def test_two_trainings_at_once_give_two_versions_and_one_serves():
    results = at_once(lambda: _train(again=True), lambda: _train(taught=made_up(seed=2), again=True))
    assert refused(results) == []
    assert sorted(TriageModel.objects.values_list("number", flat=True)) == [1, 2]
    assert TriageModel.objects.filter(in_service=True).count() == 1

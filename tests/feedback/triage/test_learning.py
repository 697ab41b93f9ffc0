"""Learning: the same at every run, honest about what it has not seen, sure only where it may be."""

import hashlib
import io
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.common.errors import Invalid
from feedback.defaults.lexicon import shipped
from feedback.triage import learning
from feedback.triage.examples import Taught, digest, of_file, prepared
from feedback.triage.features import features, words_of
from feedback.triage.learning import HOLD, LEARN, SETTLE, Example
from feedback.triage.lexicon import Lexicon, Word
from feedback.triage.weights import FEELING, pack, unpack
from tests.factories.triage import made_up

LEXICON = Lexicon(Word(**one) for one in shipped())


@pytest.fixture(scope="module")
def examples():
    return prepared(made_up(), LEXICON)


@pytest.fixture(scope="module")
def learnt(examples):
    return learning.learn(examples, sure_accuracy=0.9)


@pytest.mark.req("F16")
def test_it_learns_and_says_how_well(learnt):
    assert learnt.scores["n"] > 20
    assert learnt.scores["accuracy"] > 0.8
    assert learnt.scores["auc"] > 0.8
    table = learnt.scores["confusion"]
    assert sum(sum(row.values()) for row in table.values()) == learnt.scores["n"]


def test_the_same_at_every_run_whatever_the_order(examples, learnt):
    shuffled = prepared(reversed(list(made_up())), LEXICON)
    assert digest(shuffled) == digest(examples)
    assert pack(learning.learn(shuffled, sure_accuracy=0.9).weights)[1] == pack(learnt.weights)[1]


def test_what_is_held_back_teaches_nothing(examples, learnt):
    turned = [replace(one, is_good=not one.is_good) if one.part == HOLD else one for one in examples]
    assert pack(learning.learn(turned, sure_accuracy=0.9).weights)[1] == pack(learnt.weights)[1]


def test_one_text_is_always_in_the_same_part():
    parts = [Example(words=(), key=f"text {place}").part for place in range(2_000)]
    assert parts == [Example(words=("x",), key=f"text {place}").part for place in range(2_000)]
    assert 0.15 < parts.count(HOLD) / 2_000 < 0.25
    assert 0.15 < parts.count(SETTLE) / 2_000 < 0.25
    assert parts.count(LEARN) > 1_000


def test_a_text_that_came_twice_counts_once_and_people_go_first():
    rows = [Taught("好 用", False, weight=5.0), Taught("好 用", True)]
    (one,) = prepared(rows, LEXICON)
    assert one.is_good is False


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.booleans()), min_size=1, max_size=200),
    st.sampled_from([0.6, 0.9, 0.95]),
)
@settings(max_examples=60)
def test_where_it_is_sure_it_was_right_often_enough(rows, accuracy):
    sums, right = np.array([one for one, _ in rows]), np.array([right for _, right in rows])
    least = learning._from(sums, right, accuracy)
    if not math.isinf(least):
        assert right[sums >= least].mean() >= accuracy


def test_weights_come_back_as_they_were(learnt):
    content, checked = pack(learnt.weights)
    back = unpack(content, checked)
    words = words_of("这次 买的 衣服 满意 喜欢")
    assert back.names == list(learnt.weights.names)
    assert back.totals(*back.seen(words)) == pytest.approx(learnt.weights.totals(*learnt.weights.seen(words)))


def test_changed_weights_are_refused(learnt):
    content, checked = pack(learnt.weights)
    with pytest.raises(Invalid):
        unpack(content[:-1] + bytes([content[-1] ^ 1]), checked)


def test_nothing_is_unpickled(tmp_path):
    file = io.BytesIO()
    about = np.frombuffer(b'{"format": 1, "heads": {}}', dtype=np.uint8)
    np.savez(file, names=np.array([{"a": 1}], dtype=object), about=about, idf=np.array([1]))
    content = file.getvalue()
    with pytest.raises(ValueError, match="allow_pickle"):
        unpack(content, hashlib.sha256(content).hexdigest())


def test_numbers_and_rare_words_are_not_kept(examples):
    said = [Taught("订单 13800138000 找 王小二明 满意 喜欢", True), *made_up()]
    weights = learning.learn(prepared(said, LEXICON), sure_accuracy=0.9).weights
    assert not any(sign.isdigit() and sign != "0" for name in weights.names for sign in name)
    assert not any("王小二" in name for name in weights.names)


def test_words_and_neighbours():
    assert features(["a", "b"]) == {"a", "b", "a\tb"}
    assert features([]) == set()


def test_people_teach_aspects():
    """A word that the lexicon does not know means packaging, as people said again and again."""
    rows = []
    for place, one in enumerate(made_up(900)):
        about = place % 3 == 0
        text = f"{one.text} {'缠绕膜 坏' if about else '颜色 还行'}"
        said = {"aspect:packaging": about} if place < 450 else {}
        rows.append(replace(one, text=text, decided=said, weight=5.0 if said else 1.0))
    found = learning.learn(prepared(rows, LEXICON), sure_accuracy=0.9)
    score = found.scores["questions"]["aspect:packaging"]
    assert "aspect:packaging" in found.weights.heads
    assert score["f1"] > 0.8 > score["lexicon_f1"]


def test_a_few_decisions_teach_no_aspect():
    rows = [replace(one, decided={"aspect:app": place % 2 == 0}) for place, one in enumerate(made_up(30))]
    found = learning.learn(prepared([*rows, *made_up(300, seed=2)], LEXICON), sure_accuracy=0.9)
    assert set(found.weights.heads) == {FEELING}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("text,positive\n好,1\n差,0\n", 2),
        ("stars,text,aspects\n5,好,price;service\n1,差,\n3,一般,\n", 3),
        ('text,stars\n"多,行\n文本",2\n,5\n', 1),
    ],
)
def test_a_file(text, number):
    assert len(list(of_file(io.StringIO(text)))) == number


@pytest.mark.parametrize(
    "text",
    [
        "", "text\n好\n", "positive\n1\n", "text,positive\n好,2\n", "text,stars\n好,6\n",
        "text,stars,aspects\n好,5,nothing\n", "text,stars\n好\n", "text,positive\n好,一\n",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read(text):
    with pytest.raises(Invalid):
        list(of_file(io.StringIO(text)))

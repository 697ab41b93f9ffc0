"""Posts as they come in, and the words by which the tests read them."""

import io
import wave
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from feedback.models import LexiconEntry, Post, PostCluster
from feedback.posts import counting, following, suggesting, taking_in
from feedback.posts.taking_in import Given
from tests.factories.compensation import T0, MemberFactory

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = T0 + 30 * DAY
LEAK = [
    "水壶底部一直漏水，客服推脱不处理，太差劲了",
    "新买的水壶又漏水，底部全湿，差劲",
    "漏水的水壶谁敢用，底部漏个不停，差劲",
]
LATE = [
    "快递小哥迟迟不送，物流慢得离谱，差劲",
    "物流停在中转站三天，快递小哥电话打不通，差劲",
    "快递物流太慢，小哥态度也差劲",
]


def words():
    """A few words of the lexicon."""
    for word, weight, aspect in (
        ("差劲", -3, ""),
        ("好用", 3, "product_quality"),
        ("漏水", -2, "product_quality"),
    ):
        LexiconEntry.objects.get_or_create(word=word, defaults={"weight": weight, "aspect": aspect})


def given(number="w1", text="水壶底部一直漏水，客服推脱不处理，太差劲了", **more):
    return Given(**{"external_id": number, "text": text, "written_at": NOW - HOUR, **more})


def take(*rows, source="weibo", at=NOW):
    return [one.result for one in taking_in.take_in(source=source, given=rows, at=at)]


def read(at=NOW):
    """Read all that is new, and count it."""
    while following.catch_up(at=at):
        pass
    while counting.catch_up(at=at) == counting.AT_ONCE:
        pass


def said(*texts, source="weibo", prefix="w", **more):
    """Posts that were taken in and read, in their order."""
    take(*[given(f"{prefix}{n}", text, **more) for n, text in enumerate(texts)], source=source)
    read()
    return list(Post.objects.filter(source=source, external_id__startswith=prefix).order_by("pk"))


def suggestion(text="希望水壶盖子可以单独购买", member=None, at=NOW - HOUR, **more):
    return suggesting.suggest(member=member or MemberFactory(), text=text, at=at, **more)


def topic(**more):
    return PostCluster.objects.create(**{"name": "漏水", "made_at": NOW, **more})


def recording(name="声音.wav"):
    """A short recording."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8_000)
        sound.writeframes(b"\x80" * 800)
    return SimpleUploadedFile(name, file.getvalue())

"""What beat wakes for posts."""

import pytest
from django.utils import timezone

from feedback import tasks
from feedback.models import Post, PostCluster
from feedback.posts import placing
from tests.factories.posts import HOUR, LEAK, given, take, words

pytestmark = [pytest.mark.django_db, pytest.mark.req("F19")]


def test_posts_are_read_counted_and_watched_by_themselves():
    words()
    placing._kept.clear()
    now = timezone.now()
    take(*[given(f"{n}", text, written_at=now - HOUR) for n, text in enumerate(LEAK)], at=now)
    tasks.read_posts()
    assert PostCluster.objects.get().posts == Post.objects.count() == 3
    tasks.watch_posts()
    assert PostCluster.objects.get().week == 3
    tasks.tidy_topics()
    assert PostCluster.objects.get().merged_into is None

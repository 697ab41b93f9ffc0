"""The feedback box."""

import io

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from config.common.errors import Invalid, KeyReused, NotFound, WrongState
from config.common.models import Event
from feedback.attachments.commands import remove_orphans
from feedback.attachments.rules import BadFile
from feedback.models import Post, PostFile
from feedback.posts import own, rules, suggesting
from tests.factories.compensation import MemberFactory, ProductFactory
from tests.factories.feedback import CaseFactory, picture
from tests.factories.posts import NOW, recording, suggestion
from tests.factories.reviews import photo
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F20")]


def test_words_pictures_and_a_recording_are_kept():
    member, product = MemberFactory(), ProductFactory()
    post = suggestion(member=member, product=product, uploads=[photo(), recording()])
    shot, sound = post.files.all()
    assert (shot.is_picture, sound.is_picture) == (True, False)
    assert sound.content_type == "audio/wav"
    assert not Image.open(io.BytesIO(shot.file.read())).getexif()  # where it was taken is gone
    assert (post.source, post.kind, post.product_by) == ("portal", "suggestion", "given")
    assert Event.objects.get(kind="post.suggested").data == {"files": 2, "length": len(post.text)}


def test_one_of_them_is_enough():
    assert suggestion("", uploads=[recording()]).subject == ""
    assert suggestion("👍" * 10_000).text


@pytest.mark.parametrize("text", ["", " \n\0 ", "长" * (rules.SUGGESTION + 1)])
def test_nothing_or_too_much_is_refused(text):
    with pytest.raises(Invalid):
        suggestion(text)


@pytest.mark.parametrize(
    "uploads",
    [
        [SimpleUploadedFile("a.pdf", b"%PDF-1.4 x\n%%EOF")],
        [SimpleUploadedFile("a.jpg", b"<html>")],
        [recording(), recording("b.wav")],
        [picture(f"{n}.jpg") for n in range(20)],
    ],
)
def test_other_files_are_refused_and_nothing_stays(uploads):
    with pytest.raises(BadFile):
        suggestion(uploads=uploads)
    assert not Post.objects.exists()


def test_sent_twice_it_stands_once():
    member = MemberFactory()
    first = suggestion(member=member, key="abcdefgh")
    assert suggestion(member=member, key="abcdefgh") == first
    with pytest.raises(KeyReused):
        suggestion("其他", member=member, key="abcdefgh")
    assert suggestion(key="abcdefgh") != first  # somebody else's key


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_suggestion():
    member = MemberFactory()
    results = at_once(*[lambda: suggestion(member=member, key="abcdefgh")] * 2)
    assert not refused(results)
    assert Post.objects.count() == 1


def test_what_is_taken_back_is_nobodys_any_more():
    post = suggestion()
    with pytest.raises(NotFound):
        suggesting.take_back(member=MemberFactory(), post_id=post.pk, at=NOW)
    suggesting.take_back(member=post.member, post_id=post.pk, at=NOW)
    suggesting.take_back(member=post.member, post_id=post.pk, at=NOW)
    assert Event.objects.filter(kind="post.deleted").count() == 1
    assert not own.own(post.member).exists()


def test_what_became_a_case_goes_on_there():
    post = suggestion()
    Post.objects.update(case=CaseFactory(member=post.member))
    with pytest.raises(WrongState):
        suggesting.take_back(member=post.member, post_id=post.pk, at=NOW)


def test_files_that_nobody_stands_for_are_removed():
    post = suggestion(uploads=[picture()])
    stray = default_storage.save(f"posts/{post.pk}/stray", io.BytesIO(b"x"))
    from_now = default_storage.get_modified_time(stray).replace(year=2090)
    assert remove_orphans(before=from_now) >= 1
    assert default_storage.exists(PostFile.objects.get().file.name)
    assert not default_storage.exists(stray)


def test_a_file_is_its_members_own():
    post = suggestion(uploads=[picture()])
    file = post.files.get()
    assert own.own_file(post.member, file.pk) == file
    with pytest.raises(NotFound):
        own.own_file(MemberFactory(), file.pk)

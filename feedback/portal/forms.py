"""What members write to us."""

import uuid
from typing import Any

from django import forms
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

from compensation.members.masking import masked_phone
from compensation.models import Member, Order
from feedback.cases import rules
from feedback.portal.reasons import NEEDS_TEXT, REASONS

TAKEN = "image/*,audio/*,application/pdf"
RECENT_ORDERS = 20


class ManyFilesInput(forms.ClearableFileInput):
    """A field for several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files; what is in them is looked at later."""

    widget = ManyFilesInput(attrs={"multiple": True, "accept": TAKEN, "data-shows": "id_photos_chosen"})

    def clean(self, data: Any, initial: Any = None) -> "list[File[bytes]]":
        """Each of them as a file."""
        return [super(ManyFilesField, self).clean(one, initial) for one in data or [] if one]


class OnceForm(forms.Form):
    """A form that does its thing once, however often it is sent."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, files: Any = None, **more: Any) -> None:
        super().__init__(data, files, initial={"key": uuid.uuid4(), **more.pop("initial", {})}, **more)

    def clean(self) -> dict[str, Any]:
        """A key that was tampered with is replaced, and that is said."""
        content = super().clean() or {}
        if "key" not in content:
            self.another_time()
            self.add_error(None, _("This form was out of date. Please send it again."))
        return content

    def another_time(self) -> None:
        """Let the next sending of what was typed count as a new one."""
        typed: Any = self.data
        again = typed.copy()
        again["key"] = str(uuid.uuid4())
        self.data = again


class ComplainForm(OnceForm):
    """Something is wrong."""

    reason = forms.ChoiceField(
        label=_("What is it about?"),
        choices=[(word, reason.label) for word, reason in REASONS.items()],
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what it is about.")},
    )
    body = forms.CharField(
        label=_("What happened?"),
        required=False,
        max_length=rules.BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    photos = ManyFilesField(label=_("Photos, recordings or PDF"), required=False)
    order = forms.ModelChoiceField(
        label=_("Which order?"), queryset=Order.objects.none(), required=False, empty_label=_("None of them")
    )

    answer = forms.IntegerField(required=False, min_value=0, max_value=2**31, widget=forms.HiddenInput)

    def __init__(self, *args: Any, member: Member, **more: Any) -> None:
        super().__init__(*args, **more)
        recent = Order.objects.filter(member=member).order_by("-placed_at", "-pk")
        self.fields["order"].queryset = recent  # type: ignore[attr-defined]  # a ModelChoiceField's
        self.recent = recent[:RECENT_ORDERS]

    def clean(self) -> dict[str, Any]:
        """A reason that says nothing by itself needs words. An answer that cannot be is none."""
        content = super().clean()
        if self.errors.pop("answer", None) is not None:
            content["answer"] = 0
        if content.get("reason") in NEEDS_TEXT and not content.get("body", "").strip():
            self.add_error("body", _("Please write a few words."))
        return content

    def answered_by(self, answer: int) -> None:
        """Remember which answer was offered: the next sending goes to a person."""
        typed: Any = self.data
        again = typed.copy()
        again["answer"] = str(answer)
        self.data = again


class WriteForm(OnceForm):
    """An answer in a case."""

    body = forms.CharField(
        label=_("Your message"),
        required=False,
        max_length=rules.BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    photos = ManyFilesField(label=_("Photos, recordings or PDF"), required=False)


class StartChatForm(WriteForm):
    """The first words of a chat."""

    body = forms.CharField(
        label=_("What can we do for you?"),
        max_length=rules.BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Please write a few words.")},
    )


class LeaveForm(StartChatForm):
    """A message while the chat is closed, and how to answer it."""

    way = forms.ChoiceField(
        label=_("How may we answer you?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose one.")},
    )

    def __init__(self, *args: Any, member: Member, **more: Any) -> None:
        super().__init__(*args, **more)
        ways: list[tuple[str, Any]] = [("portal", _("Here in the portal"))]
        if member.email:
            ways.insert(0, ("email", _("By e-mail")))
        if member.phone:
            call = _("Call me back on %(phone)s") % {"phone": masked_phone(member.phone)}
            ways.insert(0, ("call", call))
        self.fields["way"].choices = ways  # type: ignore[attr-defined]  # a ChoiceField's


class ReopenForm(forms.Form):
    """Why it is not solved."""

    reason = forms.CharField(
        label=_("What is still wrong?"),
        max_length=rules.BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Please write what is still wrong.")},
    )

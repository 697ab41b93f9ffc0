"""What members write about what they bought. Everything works without a script."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.models import ReviewDimension
from feedback.moderation.commands import APPEAL_LENGTH
from feedback.portal.forms import ManyFilesField, ManyFilesInput, OnceForm
from feedback.reviews import rules

STARS = [
    ("5", _("5 ★ very good")),
    ("4", _("4 ★ good")),
    ("3", _("3 ★ middling")),
    ("2", _("2 ★ poor")),
    ("1", _("1 ★ very poor")),
]
FEW_STARS = [("", _("no answer")), *((str(stars), "★" * stars) for stars in range(5, 0, -1))]
PICTURES = ManyFilesInput(attrs={"multiple": True, "accept": "image/*", "data-shows": "id_photos_chosen"})


class SayForm(OnceForm):
    """Words, pictures and a link to a video."""

    text = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=rules.TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    photos = ManyFilesField(label=_("Photos"), required=False, widget=PICTURES)
    video_url = forms.CharField(
        label=_("Link to a video (https://…)"),
        required=False,
        max_length=rules.VIDEO,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
    )


class ReviewForm(SayForm):
    """A review of a line of an order."""

    stars = forms.ChoiceField(
        label=_("How is it?"),
        choices=STARS,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please choose your stars."),
            "invalid_choice": _("Give one to five stars."),
        },
    )

    def __init__(self, *args: Any, dimensions: Sequence[ReviewDimension], **more: Any) -> None:
        super().__init__(*args, **more)
        self.dimensions = list(dimensions)
        for one in self.dimensions:
            self.fields[f"score_{one.code}"] = forms.ChoiceField(
                label=str(one), choices=FEW_STARS, required=False
            )

    @property
    def rated(self) -> list[forms.BoundField]:
        """The fields of the dimensions."""
        return [self[f"score_{one.code}"] for one in self.dimensions]

    @property
    def scores(self) -> dict[str, object]:
        """What was chosen of the dimensions."""
        chosen = {one.code: self.cleaned_data.get(f"score_{one.code}") for one in self.dimensions}
        return {code: int(stars) for code, stars in chosen.items() if stars}


class FollowUpForm(SayForm):
    """More about what one reviewed."""

    text = forms.CharField(
        label=_("What has become of it?"),
        max_length=rules.TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write a few words.")},
    )


class AppealForm(forms.Form):
    """Why it should be published after all."""

    text = forms.CharField(
        label=_("Why should it be published?"),
        required=False,
        max_length=APPEAL_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

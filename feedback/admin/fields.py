"""Form fields that several pages of the administration use."""

import re
from typing import Any

from django import forms
from django.utils.choices import CallableChoiceIterator
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from feedback.channels import places

COMMA = re.compile(r"[,，、;；\n]")


class Words(forms.CharField):
    """Several words in one line, with commas between, Chinese ones too."""

    def __init__(self, *, longest: int, **options: Any) -> None:
        """One line of text, not required."""
        super().__init__(required=False, widget=UnfoldAdminTextInputWidget, **options)
        self.longest = longest

    def prepare_value(self, value: Any) -> Any:
        """Write the list as a line."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Read the line as a list, each word once.

        Raises:
            ValidationError: a word is too long.
        """
        words = [" ".join(word.split()) for word in COMMA.split(value or "")]
        if too_long := [word for word in words if len(word) > self.longest]:
            raise forms.ValidationError(
                _("Too long: %(word)s. %(most)s characters at most."),
                params={"word": too_long[0], "most": self.longest},
            )
        return list(dict.fromkeys(word for word in words if word))


class Place(forms.CharField):
    """Where something was written, of the places that have a name; another code is taken from an address."""

    def __init__(self, **options: Any) -> None:
        """A list to choose from, not required."""
        choices = CallableChoiceIterator(lambda: [("", _("everywhere")), *places.names().items()])
        super().__init__(
            required=False,
            max_length=50,
            label=_("written at"),
            widget=forms.Select(choices=choices),
            **options,
        )

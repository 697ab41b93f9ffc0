"""Form fields that several pages of the administration use."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

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

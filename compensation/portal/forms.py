"""What members type to sign in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from compensation.members import rules


class ContactForm(forms.Form):
    """Where to send the code."""

    contact = forms.CharField(
        label=_("Phone number or e-mail"),
        max_length=rules.LONGEST_CONTACT,
        widget=forms.TextInput(attrs={"autocomplete": "username", "inputmode": "email", "autofocus": True}),
    )


class CodeForm(forms.Form):
    """The code that came."""

    code = forms.CharField(
        label=_("Code"),
        max_length=12,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "pattern": "[0-9 ]*",
                "autofocus": True,
            }
        ),
    )

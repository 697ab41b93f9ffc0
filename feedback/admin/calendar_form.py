"""A working calendar as people write it: hours by weekday, and dated exceptions, line by line."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from unicodedata import normalize
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from feedback.models import Calendar
from feedback.sops.calendar import WorkCalendar
from feedback.sops.hours import CalendarError

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "-"
SAME = str.maketrans("、;–—−~至到", ",,------")
"""What people type for a comma and a dash."""


def shifts_written(shifts: list[list[str]]) -> str:
    """Shifts as text: "09:00-12:00, 13:00-18:00"."""
    return ", ".join(f"{start}-{end}" for start, end in shifts)


def shifts_read(text: str) -> list[list[str]]:
    """Shifts from text; full-width digits and punctuation will do as well, empty or "-" is closed."""
    text = normalize("NFKC", text).translate(SAME).strip()
    if text in {"", CLOSED}:
        return []
    return [[part.strip() for part in shift.split("-")] for shift in text.split(",") if shift.strip()]


def exceptions_written(exceptions: Mapping[str, list[list[str]]]) -> str:
    """One line a date: "2026-10-01 -" is closed, "2026-10-10 09:00-18:00" has hours of its own."""
    return "\n".join(
        f"{day} {shifts_written(shifts) or CLOSED}" for day, shifts in sorted(exceptions.items())
    )


def exceptions_read(text: str) -> dict[str, list[list[str]]]:
    """Exceptions from lines.

    Raises:
        ValidationError: a date stands there twice.
    """
    found: dict[str, list[list[str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        day, *hours = line.split(maxsplit=1)
        if day in found:
            raise forms.ValidationError(_("%(day)s stands there twice."), params={"day": day})
        found[day] = shifts_read(hours[0]) if hours else []
    return found


def _hours(label: "_StrPromise", help_text: "_StrPromise | str" = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=False, help_text=help_text, widget=UnfoldAdminTextInputWidget, max_length=200
    )


class HoursForm(forms.Form):
    """Working hours; `content` of the cleaned data is what clocks run by."""

    zone = forms.ChoiceField(
        label=_("time zone"),
        choices=[(zone, zone) for zone in sorted(available_timezones())],
        initial="Asia/Shanghai",
        widget=UnfoldAdminSelectWidget,
    )
    mon = _hours(_("Monday"), _("Such as 09:00-12:00, 13:00-18:00; empty is closed."))
    tue = _hours(_("Tuesday"))
    wed = _hours(_("Wednesday"))
    thu = _hours(_("Thursday"))
    fri = _hours(_("Friday"))
    sat = _hours(_("Saturday"))
    sun = _hours(_("Sunday"))
    exceptions = forms.CharField(
        label=_("exceptions"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text=_("One line a date: “2026-10-01 -” is closed, “2026-10-10 09:00-18:00” is worked."),
    )

    def clean_exceptions(self) -> dict[str, list[list[str]]]:
        """Read the lines."""
        return exceptions_read(self.cleaned_data["exceptions"])

    def clean(self) -> dict[str, Any]:
        """Put the content together and check it as clocks would."""
        data = super().clean() or self.cleaned_data
        if not {"zone", "exceptions", *DAYS} <= data.keys():
            return data
        content = {
            "zone": data["zone"],
            "hours": {day: shifts for day in DAYS if (shifts := shifts_read(data[day]))},
            "exceptions": data["exceptions"],
        }
        try:
            data["content"] = WorkCalendar.from_json(content).to_json()
        except CalendarError as error:
            raise forms.ValidationError(str(error)) from error
        return data


class CalendarForm(HoursForm, forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Edits a calendar by weekday and line."""

    class Meta:
        model = Calendar
        fields = ("code", "name", "name_en")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Fill in what is stored."""
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            content = self.instance.content
            self.initial = {
                **self.initial,
                "zone": content["zone"],
                "exceptions": exceptions_written(content.get("exceptions", {})),
                **{day: shifts_written(content["hours"].get(day, [])) for day in DAYS},
            }

    def _post_clean(self) -> None:
        if "content" in self.cleaned_data:
            self.instance.content = self.cleaned_data["content"]
        super()._post_clean()  # type: ignore[misc]  # Django's hook, not in the stubs

"""The forms of crises: how one is worked on, what is said, what is watched."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from compensation.models import Product, Tier
from config.common.models import User
from feedback.crises.commands import Plan
from feedback.crises.running import ANSWER
from feedback.crises.statements import Words
from feedback.models import (
    CaseKind,
    Channel,
    Crisis,
    CrisisBy,
    CrisisSeverity,
    CrisisWatch,
    Department,
    GapKind,
    Language,
    Playbook,
    Priority,
    Resolution,
    Template,
    VoiceAspect,
)
from feedback.models.crisis import PARTS
from feedback.org.queries import department_ids

FORMAT = "%Y-%m-%dT%H:%M"
LISTED = 50


class Texts(forms.CharField):
    """Several texts, separated by commas or lines."""

    def __init__(self, **given: Any) -> None:
        """As a text; none by default."""
        super().__init__(required=False, max_length=2000, **given)

    def clean(self, value: Any) -> Any:
        """The texts, each once."""
        said = super().clean(value)
        for sign in "，、\n":
            said = said.replace(sign, ",")
        return list(dict.fromkeys(one.strip() for one in said.split(",") if one.strip()))

    def prepare_value(self, value: Any) -> Any:
        """The texts as people write them."""
        return ", ".join(str(one) for one in value) if isinstance(value, list) else value


def _several(label: Any, choices: Any) -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        label=label, required=False, choices=choices, widget=forms.CheckboxSelectMultiple
    )


class PlanForm(forms.Form):
    """Name, people, and which cases belong to it."""

    name = forms.CharField(label=gettext_lazy("name"), max_length=120)
    severity = forms.TypedChoiceField(
        label=gettext_lazy("severity"), choices=CrisisSeverity.choices, coerce=int
    )
    department = forms.ModelChoiceField(
        label=gettext_lazy("department"),
        queryset=Department.objects.none(),
        help_text=gettext_lazy("Its queue takes the cases that nobody works on yet."),
    )
    owner = forms.ModelChoiceField(label=pgettext_lazy("crisis", "in charge"), queryset=User.objects.none())
    since = forms.DateTimeField(
        label=gettext_lazy("cases since"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=FORMAT),
    )
    raises_to = forms.TypedChoiceField(
        label=gettext_lazy("priority of its cases, at least"),
        choices=Priority.choices,
        coerce=int,
        initial=Priority.HIGH,
    )
    answer = forms.ChoiceField(
        label=gettext_lazy("first answer"),
        required=False,
        help_text=gettext_lazy("Sent once a case, in the member's language. It meets no clock."),
    )
    playbook = forms.ModelChoiceField(
        label=gettext_lazy("playbook"), queryset=Playbook.objects.none(), required=False
    )
    words = Texts(
        label=gettext_lazy("words"),
        help_text=gettext_lazy("One of them stands in the subject; separated by commas."),
    )
    products = Texts(label=gettext_lazy("products"), help_text=gettext_lazy("The shop's numbers."))
    suppliers = Texts(label=gettext_lazy("suppliers"))
    couriers = Texts(label=gettext_lazy("couriers"))
    regions = Texts(label=gettext_lazy("regions"))
    categories = Texts(label=gettext_lazy("product categories"))
    kinds = _several(gettext_lazy("kinds"), CaseKind.choices)
    channels = _several(gettext_lazy("channels"), Channel.choices)
    aspects = _several(gettext_lazy("about"), VoiceAspect.choices)
    gap_kinds = _several(gettext_lazy("kinds of gap"), GapKind.choices)
    tiers = _several(gettext_lazy("tiers"), ())
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, crisis: Crisis | None = None, **kwargs: Any) -> None:
        """Offer what this person may choose; begin with what a crisis has."""
        if crisis is not None:
            kwargs["initial"] = _initial(crisis, user)
        super().__init__(*args, **kwargs)
        departments = Department.objects.filter(is_active=True, pk__in=department_ids(user))
        if not self.initial.get("department"):
            mine = departments.filter(memberships__agent__user=user).order_by("memberships__pk")
            self.initial["department"] = mine.values_list("pk", flat=True).first()
        owners = User.objects.filter(is_active=True, agent__isnull=False) | User.objects.filter(pk=user.pk)
        self._offer("department", departments)
        self._offer("owner", owners.distinct().order_by("name", "pk"))
        self._offer("playbook", Playbook.objects.filter(is_active=True))
        if crisis is not None and crisis.department_id:
            self._offer("department", departments | Department.objects.filter(pk=crisis.department_id))
        answer, tiers = self.fields["answer"], self.fields["tiers"]
        if isinstance(answer, forms.ChoiceField) and isinstance(tiers, forms.MultipleChoiceField):
            answer.choices = [("", "—"), *_templates()]
            tiers.choices = [(one.code, str(one)) for one in Tier.objects.order_by("rank")]

    def _offer(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = rows

    def clean_products(self) -> list[int]:
        """The products that the numbers name."""
        numbers = self.cleaned_data["products"]
        found = dict(Product.objects.filter(external_id__in=numbers).values_list("external_id", "pk"))
        if missing := [number for number in numbers if number not in found]:
            raise forms.ValidationError(_("There is no product %(number)s.") % {"number": missing[0]})
        return [found[number] for number in numbers]

    def conditions(self) -> dict[str, list[Any]]:
        """Which cases belong to it."""
        return {name: self.cleaned_data[name] for name in PARTS if name in self.cleaned_data}

    def plan(self, crisis: Crisis | None = None) -> Plan:
        """What was filled in, with the conditions that the form does not show."""
        data = self.cleaned_data
        hidden = {name: getattr(crisis, name) for name in ("priorities", "languages")} if crisis else {}
        return Plan(
            **{name: data[name] for name in ("name", "severity", "department", "owner", "since", "answer")},
            raises_to=data["raises_to"],
            playbook=data["playbook"],
            conditions=hidden | self.conditions(),
        )

    def as_crisis(self) -> Crisis:
        """A crisis that is not stored, to try the conditions out."""
        return Crisis(since=self.cleaned_data["since"], **self.conditions())


def _templates() -> list[tuple[str, str]]:
    rows = Template.objects.filter(is_active=True, language=Language.CHINESE).order_by("problem", "position")
    return list(rows.values_list("code", "name"))


def _initial(crisis: Crisis, user: User) -> dict[str, Any]:
    numbers = dict(Product.objects.filter(pk__in=crisis.products).values_list("pk", "external_id"))
    given: dict[str, Any] = {name: getattr(crisis, name) for name in PARTS}
    return {
        **given,
        "products": [numbers.get(pk, "") for pk in crisis.products],
        **{name: getattr(crisis, name) for name in ("name", "severity", "raises_to", "answer", "version")},
        "since": timezone.localtime(crisis.since),
        "department": crisis.department_id,
        "owner": crisis.owner_id or user.pk,
        "playbook": crisis.playbook_id,
    }


class StatementForm(forms.Form):
    """The words of a statement in both languages."""

    title = forms.CharField(label=gettext_lazy("title"), max_length=120)
    body = forms.CharField(
        label=gettext_lazy("text"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    title_en = forms.CharField(label=gettext_lazy("English title"), max_length=120, required=False)
    body_en = forms.CharField(
        label=gettext_lazy("English text"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    for_affected = forms.CharField(
        label=gettext_lazy("for members with a case of it"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Stands on the page of their case, below the statement."),
    )
    for_affected_en = forms.CharField(
        label=gettext_lazy("the same in English"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def words(self) -> Words:
        """What was written."""
        return Words(**self.cleaned_data)


class AnswerForm(forms.Form):
    """An answer to all cases, or their resolving."""

    doing = forms.CharField(widget=forms.HiddenInput, initial=ANSWER)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    message = forms.CharField(
        label=gettext_lazy("Message to each member"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    message_en = forms.CharField(
        label=gettext_lazy("the same in English"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ResolveForm(AnswerForm):
    """Resolving all cases takes a resolution, and a word that it is meant."""

    resolution = forms.ChoiceField(label=gettext_lazy("How it was resolved"), choices=Resolution.choices)
    sure = forms.BooleanField(label=gettext_lazy("Yes, resolve all cases of this crisis that are open"))


class WatchForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only for type checkers
    """What counts as unusual."""

    by = _several(gettext_lazy("gathered by"), CrisisBy.choices)

    class Meta:
        """All of it but the code."""

        model = CrisisWatch
        fields = (
            "name", "name_en", "is_active", "of", "by", "window_hours", "weeks", "least", "ratio", "rate",
            "severity",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the false share without an exponent: 0.00001."""
        super().__init__(*args, **kwargs)
        rate = self.get_initial_for_field(self.fields["rate"], "rate")
        self.initial["rate"] = f"{Decimal(str(rate)):f}"

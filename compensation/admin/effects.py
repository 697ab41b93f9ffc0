"""A change of a ratio shows what it costs first: one more page between the form and the save."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from compensation.budgets.effect import Effect
from config.common.registry import department_names
from config.common.screens import page

SEEN = "effect_seen"


class ShowsEffect(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """A form whose change is shown with its effect on the last month before it is saved."""

    def effect(self, old: Any, new: Any) -> Effect | None:
        """What would be different; None where the change costs nothing."""
        raise NotImplementedError

    def posted(self, form: Any) -> Any:
        """What a valid form says that the row would be."""
        return form.instance

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the effect of what was posted, unless it was seen."""
        if request.method == "POST" and object_id:
            effect = self._posted(request, object_id)
            if effect is not None and request.POST.get(SEEN) != effect.new:
                return self._ask(request, effect)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _posted(self, request: HttpRequest, object_id: str) -> Effect | None:
        old = self.get_object(request, object_id)
        changed = self.get_object(request, object_id)
        if old is None or changed is None or not self.has_change_permission(request, old):
            return None
        form = self.get_form(request, changed, change=True)(request.POST, request.FILES, instance=changed)
        return self.effect(old, self.posted(form)) if form.is_valid() else None

    def _ask(self, request: HttpRequest, effect: Effect) -> HttpResponse:
        posted = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in {SEEN, "csrfmiddlewaretoken"}
        ]
        names = department_names()
        context = {
            "effect": effect,
            "departments": [
                (names.get(code, code), side) for code, side in sorted(effect.by_department.items())
            ],
            "posted": [*posted, (SEEN, effect.new)],
            "back": request.path,
            "title": str(self.model._meta.verbose_name),
        }
        return page(request, "compensation/effect.html", context, at=timezone.now())  # type: ignore[arg-type]  # staff

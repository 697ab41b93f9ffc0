"""Importing the shop's files: upload, look at the first rows, start, watch."""

from pathlib import Path
from typing import Any

from celery import current_app
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.intake import commands, previews, running, shop
from feedback.models import ImportRun, ImportStatus

IMPORT = "feedback.import_shop"
LISTED = 20


def wake(run_id: int) -> None:
    """Send an import to a worker at once."""
    current_app.send_task("feedback.run_import", [run_id])


class Uploads(forms.FileField):
    """Several files in one field."""

    widget = type("SeveralFiles", (forms.ClearableFileInput,), {"allow_multiple_selected": True})

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Give the list of files."""
        files = data if isinstance(data, list | tuple) else [data]
        return [super(Uploads, self).clean(one, initial) for one in files]


class UploadForm(forms.Form):
    """Files, and the map that explains them: one that ships, or one's own."""

    uploads = Uploads(label=gettext_lazy("Files"), help_text=gettext_lazy("CSV or XLSX, several at once."))
    stored = forms.ChoiceField(label=gettext_lazy("Column map"), required=False)
    own = forms.FileField(
        label=gettext_lazy("or a map of your own"), required=False, help_text=gettext_lazy("YAML")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the maps that ship."""
        super().__init__(*args, **kwargs)
        field = self.fields["stored"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "—"), *((name, name) for name in shop.stored_maps())]

    def clean(self) -> dict[str, Any]:
        """Take exactly one map and read it."""
        data = super().clean() or {}
        own: UploadedFile[Any] | None = data.get("own")
        stored = data.get("stored")
        if bool(own) == bool(stored):
            raise forms.ValidationError(_("Choose a column map, or upload one."))
        try:
            if own:
                text = own.read(shop.MAP_BYTES + 1).decode("utf-8-sig")
                data["map_name"] = Path(own.name or "map").name
            else:
                path = shop.stored_maps()[str(stored)]
                text, data["map_name"] = path.read_text(encoding="utf-8"), path.name
            shop.parse_map(text)
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The map is not text in UTF-8.")) from error
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error
        data["map_text"] = text
        return data


@require_http_methods(["GET", "POST"])
@needs(IMPORT)
def imports(request: StaffRequest) -> HttpResponse:
    """The last imports, and the form for a new one."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            folder, names = running.keep_uploads(data["uploads"])
        except DomainError as error:
            form.add_error("uploads", str(error))
        else:
            run = commands.create(
                files=names,
                folder=folder,
                map_name=data["map_name"],
                map_text=data["map_text"],
                actor=request.user,
                at=timezone.now(),
            )
            return redirect("admin:import", run.pk)
    runs = ImportRun.objects.select_related("created_by").order_by("-pk")[:LISTED]
    return page(request, "feedback/imports/list.html", {"form": form, "runs": runs})


@require_GET
@needs(IMPORT)
def one(request: StaffRequest, run_id: int) -> HttpResponse:
    """One import: a draft with its first rows, or how far it is and what it did."""
    run = get_object_or_404(ImportRun.objects.select_related("created_by"), pk=run_id)
    context: dict[str, Any] = {"run": run, "shown": previews.SHOWN}
    if run.status == ImportStatus.DRAFT:
        try:
            context["look"] = previews.look(run)
        except DomainError as error:
            context["refusal"] = str(error)
        return page(request, "feedback/imports/draft.html", context)
    context["going"] = run.status in {ImportStatus.QUEUED, ImportStatus.RUNNING}
    part = "feedback/imports/state.html" if request.htmx else "feedback/imports/run.html"
    return page(request, part, context)


@require_POST
@needs(IMPORT)
def start(request: StaffRequest, run_id: int) -> HttpResponse:
    """Let a worker run the import."""
    with transaction.atomic():
        commands.queue(run_id=run_id, actor=request.user, at=timezone.now())
        # a worker finds it within a minute, even if the broker does not hear this
        transaction.on_commit(lambda: wake(run_id), robust=True)
    return redirect("admin:import", run_id)


@require_POST
@needs(IMPORT)
def discard(request: StaffRequest, run_id: int) -> HttpResponse:
    """Forget a draft and its files."""
    running.discard(get_object_or_404(ImportRun, pk=run_id))
    messages.success(request, _("The files were removed."))
    return redirect("admin:imports")


@require_GET
def rejected(request: StaffRequest, run_id: int) -> HttpResponseBase:
    """The report of the rows that were not imported."""
    if not request.user.has_perm(IMPORT):
        raise PermissionDenied
    run = get_object_or_404(ImportRun, pk=run_id)
    path = running.folder_of(run) / running.REJECTED
    if not run.folder or not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"rejected-{run.pk}.csv")


IMPORT_PAGES = [
    Page("imports/", imports, "imports"),
    Page("imports/<int:run_id>/", one, "import"),
    Page("imports/<int:run_id>/start/", start, "import-start"),
    Page("imports/<int:run_id>/discard/", discard, "import-discard"),
    Page("imports/<int:run_id>/rejected.csv", rejected, "import-rejected"),
]
IMPORT_MENU = [MenuItem(gettext_lazy("Imports"), "imports", "upload_file", (IMPORT,), group="setup")]

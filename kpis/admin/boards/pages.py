"""The pages of the dashboards: who may see which, and what an address asks for."""

from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from compensation.models import Product
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.models import Department
from feedback.org.queries import departments_of, remember
from kpis.admin.boards import product as of_product
from kpis.admin.boards.asking import SEES, Asked, BoardForm, asked_of, form_of, whose
from kpis.admin.boards.cells import show_cells
from kpis.admin.boards.executive import executive
from kpis.admin.boards.hours import show_hour
from kpis.admin.boards.supervisor import supervisor
from kpis.boards.figures import Where
from kpis.boards.product import Goods
from kpis.models import Dimension
from kpis.models.metric import KEY
from kpis.snapshots.queries import SEE_COMPANY


class GoodsForm(forms.Form):
    """Which product, by its number in the shop, or which category."""

    product = forms.CharField(label=gettext_lazy("product number"), required=False, max_length=64, strip=True)
    category = forms.CharField(label=gettext_lazy("product category"), required=False, max_length=KEY)

    def clean_product(self) -> Product | None:
        """The product with the number."""
        number = self.cleaned_data["product"]
        if not number:
            return None
        found = Product.objects.filter(external_id=number).first()
        if found is None:
            raise forms.ValidationError(_("There is no product with this number."))
        return found

    def clean(self) -> None:
        """Ask for one of both."""
        asked = self.cleaned_data
        if not self.errors and bool(asked.get("product")) is bool(asked.get("category")):
            if asked.get("product"):
                self.add_error("category", _("Choose a product or a category, not both."))
            else:
                self.add_error("product", _("Choose a product or a category."))


@require_safe
@needs(SEE_COMPANY, SEES)
def boards(request: StaffRequest) -> HttpResponse:
    """Go to the dashboard that is somebody's own."""
    name = "board_executive" if request.user.has_perm(SEE_COMPANY) else "board_supervisor"
    return HttpResponseRedirect(reverse(f"admin:{name}"))


@require_safe
@needs(SEE_COMPANY)
def show_executive(request: StaffRequest) -> HttpResponse:
    """Goals, gaps and improvements of the company, a department or something else."""
    form = form_of(request, Department.objects.all())
    context = {"title": _("Executive dashboard"), "form": form, **_around(request.user, "board_executive")}
    if form.is_valid() and form.cleaned_data["department"] and form.cleaned_data["narrow"][0]:
        form.add_error(
            "narrow", _("Goals are kept of a department or of something else, not of both at once.")
        )
    if not form.is_valid():
        return page(request, "kpis/boards/executive.html", context, status=400)
    asked = asked_of(form, _chosen(form))
    context |= {"asked": asked, **executive(asked, request.user)}
    return page(request, "kpis/boards/executive.html", context)


@require_safe
@needs(SEES)
def show_supervisor(request: StaffRequest) -> HttpResponse:
    """How the departments that one sees keep their word."""
    remember(request.user)
    form = form_of(request, departments_of(request.user))
    return _show_departments(request, form, _("Supervisor’s dashboard"), None)


@require_safe
@needs(SEES)
def show_department(request: StaffRequest, department_id: int) -> HttpResponse:
    """The same of one department that one sees."""
    remember(request.user)
    department = get_object_or_404(departments_of(request.user), pk=department_id)
    return _show_departments(request, form_of(request, None), str(department), department)


def _show_departments(
    request: StaffRequest, form: BoardForm, title: str, only: Department | None
) -> HttpResponse:
    context = {"title": title, "form": form, "only": only, **_around(request.user, "board_supervisor")}
    if not form.is_valid():
        return page(request, "kpis/boards/supervisor.html", context, status=400)
    departments = list(departments_of(request.user))
    only = only or form.cleaned_data.get("department")
    asked = asked_of(form, whose(request.user, departments, only))
    shown = supervisor(asked, request.user, departments, now=timezone.now(), only=only)
    context |= {"asked": asked, "only": only, **shown}
    return page(request, "kpis/boards/supervisor.html", context)


@require_safe
@needs(SEE_COMPANY)
def show_product(request: StaffRequest) -> HttpResponse:
    """One product or category."""
    form, goods = form_of(request, None), GoodsForm(request.GET)
    del form.fields["narrow"]
    context = {"form": form, "goods": goods, "title": _("Product dashboard")}
    context |= _around(request.user, "board_product")
    is_asked = "product" in request.GET or "category" in request.GET
    if not is_asked:
        context |= {"goods": GoodsForm(), "start": True}
        return page(request, "kpis/boards/product.html", context, status=200 if form.is_valid() else 400)
    if not (form.is_valid() & goods.is_valid()):
        return page(request, "kpis/boards/product.html", context, status=400)
    found: Product | None = goods.cleaned_data["product"]
    category: str = goods.cleaned_data["category"]
    where = Where(product=found.pk) if found else Where(by=Dimension.CATEGORY, key=category)
    asked = Asked(form.days, where, form.today)
    context |= {"asked": asked, "name": found or category, "product": found}
    of = Goods(found.pk if found else None, category)
    context |= of_product.product(asked, request.user, of)
    return page(request, "kpis/boards/product.html", context)


def _chosen(form: BoardForm) -> tuple[int, ...] | None:
    department: Department | None = form.cleaned_data["department"]
    return (department.pk,) if department else None


def _around(user: User, here: str) -> dict[str, Any]:
    """The other dashboards that somebody may see."""
    every = [
        ("board_executive", _("Executive"), SEE_COMPANY),
        ("board_supervisor", _("Supervisor"), SEES),
        ("board_product", _("Product"), SEE_COMPANY),
    ]
    return {"tabs": [(name, title, name == here) for name, title, right in every if user.has_perm(right)]}


BOARD_PAGES = [
    Page("dashboards/", boards, "boards"),
    Page("dashboards/executive/", show_executive, "board_executive"),
    Page("dashboards/supervisor/", show_supervisor, "board_supervisor"),
    Page("dashboards/department/<int:department_id>/", show_department, "board_department"),
    Page("dashboards/hours/", show_hour, "board_hour"),
    Page("dashboards/rows/", show_cells, "board_rows"),
    Page("dashboards/product/", show_product, "board_product"),
]
BOARD_MENU = [
    MenuItem(gettext_lazy("Dashboards"), "boards", "dashboard", (SEE_COMPANY, SEES), group="lead"),
]

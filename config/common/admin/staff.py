"""Staff accounts and their groups.

Whoever is no superuser may keep accounts, but never give more rights than they have themselves.
"""

from typing import Any

from axes.admin import AccessAttemptAdmin
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import ManyToManyField, QuerySet
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from config.common.models import User

admin.site.unregister(Group)
AccessAttemptAdmin.actions = ()  # its only one breaks on our settings; what has expired goes at each sign-in


def groups_to_give(user: User) -> QuerySet[Group]:
    """The groups all of whose permissions the user has."""
    groups = Group.objects.order_by("name")
    if user.is_superuser:
        return groups
    held = Permission.objects.filter(group__user=user) | Permission.objects.filter(user=user)
    beyond = Permission.objects.exclude(pk__in=held.values("pk"))
    return groups.exclude(pk__in=Group.objects.filter(permissions__in=beyond).values("pk"))


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Accounts of the staff. They are closed, never deleted: the log names them."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "name", "email", "group_names", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser", "groups"]
    search_fields = ["username", "name", "email"]
    ordering = ["username"]
    list_per_page = 50
    filter_horizontal = ["user_permissions"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["name", "email"]}),
        (_("Rights"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "classes": ["wide"],
                "fields": ["username", "name", "email", "usable_password", "password1", "password2"],
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Bring the groups along."""
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.prefetch_related("groups")

    @admin.display(description=_("groups"))
    def group_names(self, user: User) -> str:
        """Name the groups."""
        return ", ".join(group.name for group in user.groups.all())

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Let a new account in: accounts are for staff."""
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:  # noqa: ARG002
        """Leave rights beyond groups to superusers."""
        fields = ["last_login", "date_joined"]
        return fields if request.user.is_superuser else [*fields, "is_superuser", "user_permissions"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers are changed by superusers only, and nobody else changes those who may do more."""
        allowed: bool = super().has_change_permission(request, obj)
        if not allowed or obj is None or request.user.is_superuser:
            return allowed
        return obj.get_all_permissions() <= request.user.get_all_permissions() and not obj.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **options: Any
    ) -> "ModelMultipleChoiceField[Any] | None":
        """Offer the groups that this person may give."""
        if db_field.name == "groups" and isinstance(request.user, User):
            options["queryset"] = groups_to_give(request.user)
        field: ModelMultipleChoiceField[Any] | None = super().formfield_for_manytomany(
            db_field, request, **options
        )
        return field


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):
    """Groups and their permissions; only superusers change what a group may do."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers may."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:  # noqa: ARG002 - Django's
        """Superusers may."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:  # noqa: ARG002 - Django's
        """Superusers may."""
        return bool(request.user.is_superuser)

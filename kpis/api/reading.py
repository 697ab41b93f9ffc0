"""Who reads figures by API, and what of them: colleagues what they see in the admin, keys all of it."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from config.common.api_key_access import ApiKeyAuthentication
from config.common.api_key_models import ApiKey
from config.common.errors import NotPermitted
from config.common.models import User
from feedback.org.queries import departments_of
from kpis.metrics.definition import Metric
from kpis.models import Dimension
from kpis.snapshots.queries import WHOLE, Slice

SEES_COMPANY = "kpis.view_snapshot"
READS = "figures:read"
"""What a key needs."""
DEPARTMENTS_ONLY = _("You see the figures of your departments only.")


@dataclass(frozen=True, slots=True)
class Reach:
    """What of the figures somebody may see: the whole company, or some departments."""

    company: bool
    departments: tuple[str, ...] = ()

    def whole(self, metric: Metric) -> Slice:
        """The widest that may be seen of a figure: of everything, or of the departments joined.

        Raises:
            NotPermitted: departments don't have it.
        """
        if self.company:
            return WHOLE
        if not metric.by_department:
            raise NotPermitted(DEPARTMENTS_ONLY)
        return Slice(Dimension.DEPARTMENT, self.departments)

    def keys(self, by: Dimension, asked: tuple[str, ...]) -> tuple[str, ...] | None:
        """Which keys of a dimension may be seen of those asked for, none asked for being all; None: all.

        Raises:
            NotPermitted: not by this dimension, or not one of these keys.
        """
        if self.company:
            return asked or None
        if by is not Dimension.DEPARTMENT or not set(asked) <= set(self.departments):
            raise NotPermitted(DEPARTMENTS_ONLY)
        return asked or self.departments


class ReadsFigures(BasePermission):
    """Colleagues with an account in use, and keys that may read figures."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether such a one asks."""
        user: Any = request.user
        if isinstance(user, ApiKey):
            return READS in user.scopes
        return isinstance(user, User) and user.is_active and user.is_staff


class FiguresView(GenericAPIView[Any]):
    """A view of figures."""

    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    permission_classes = [ReadsFigures]

    @property
    def reach(self) -> Reach:
        """What of the figures whoever asks may see."""
        user: Any = self.request.user
        if isinstance(user, ApiKey) or user.has_perm(SEES_COMPANY):
            return Reach(company=True)
        return Reach(company=False, departments=tuple(str(one.pk) for one in departments_of(user)))

    def company_only(self) -> None:
        """Let those pass who see the whole company.

        Raises:
            NotPermitted: others.
        """
        if not self.reach.company:
            raise NotPermitted

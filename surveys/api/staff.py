"""What the views for staff share."""

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from config.common.errors import NotPermitted
from config.common.models import User


class MayRead(BasePermission):
    """Members of staff with an account in use and one of the rights that the view reads by."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether such a one asks."""
        user: Any = request.user
        reads: tuple[str, ...] = getattr(view, "reads", ())
        return (
            isinstance(user, User)
            and user.is_active
            and user.is_staff
            and any(user.has_perm(one) for one in reads)
        )


class StaffSurveysView(GenericAPIView[Any]):
    """For whoever is signed in to the admin; `reads` opens the view, `needs` is what doing it takes."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [MayRead]
    reads: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def user(self) -> User:
        """Who asks."""
        user: Any = self.request.user
        assert isinstance(user, User)  # noqa: S101 - MayRead has seen to it
        return user

    def asked(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """What is asked for, of somebody who may do it.

        Raises:
            NotPermitted: they may not.
        """
        if not self.user.has_perms(self.needs):
            raise NotPermitted
        asked = serializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

"""What the member's views have in common."""

from typing import TypeVar, cast

from django.db.models import Model, QuerySet
from rest_framework.generics import GenericAPIView

from compensation.api.authentication import IsMember, MemberTokenAuthentication
from compensation.models import Member, MemberSession

Row = TypeVar("Row", bound=Model)


class MemberView(GenericAPIView[Row]):
    """A view for the member who is signed in; the rows of others are not found."""

    authentication_classes = [MemberTokenAuthentication]
    permission_classes = [IsMember]

    @property
    def member(self) -> Member:
        """Who asks."""
        return cast("Member", self.request.user)  # IsMember has seen to it

    @property
    def session(self) -> MemberSession:
        """The session they ask in."""
        return cast("MemberSession", self.request.auth)

    def rows(self) -> QuerySet[Row]:
        """The member's own rows of the view's kind."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Row]:
        """The member's own rows; the view's empty queryset while the schema is drawn."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return self.rows()

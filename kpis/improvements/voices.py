"""Whose voice led to an improvement: members who said something that its evidence rests on."""

from django.db.models import QuerySet

from compensation.models import Member
from feedback.models import Case, Post, Review
from kpis.models import Ground, Improvement
from surveys.models import Answer, Evidence


def members_of(improvement: Improvement) -> QuerySet[Member]:
    """Members of the cases, reviews and needs in the evidence, each once; erased ones are none.

    A gap is no voice, but its case is. Of a need they are those of named answers, reviews, suggestions and
    cases; anonymous answers name nobody, and what was said in an interview stays there.
    """
    grounds = Ground.objects.filter(why__improvement=improvement).order_by()
    cases = grounds.filter(case__isnull=False).values("case__member")
    of_gaps = grounds.filter(gap__case__isnull=False).values("gap__case__member")
    reviews = grounds.filter(review__deleted_at=None, review__isnull=False).values("review__member")
    needs = list(grounds.filter(need__isnull=False).values_list("need", flat=True))
    if improvement.need_id is not None:
        needs.append(improvement.need_id)
    said = Evidence.objects.filter(need__in=needs).order_by()
    named = Answer.objects.filter(pk__in=said.values("answer"), response__is_anonymous=False)
    asked = named.filter(response__invitation__member__isnull=False).values("response__invitation__member")
    written = Review.objects.filter(pk__in=said.values("review"), deleted_at=None).values("member")
    posts = Post.objects.filter(pk__in=said.values("post"), deleted_at=None, member__isnull=False)
    told = Case.objects.filter(pk__in=said.values("case")).values("member")
    suggested = posts.order_by().values("member")
    found = cases.union(of_gaps, reviews, asked.order_by(), written, suggested, told)
    return Member.objects.filter(pk__in=found, erased_at=None)

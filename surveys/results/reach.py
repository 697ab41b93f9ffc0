"""Whose results a person may see: agents those of their own cases, leads their departments', analysts all."""

from config.common.models import User
from feedback.org.queries import agent_of, department_ids, departments_led
from surveys.campaigns.queries import sees_all
from surveys.models import Campaign, Dimension
from surveys.results.counted import Cut

READS, WORKS = "surveys.view_response", "feedback.work_case"
Narrow = tuple[tuple[str, tuple[str, ...]], ...]


def narrow_for(user: User) -> Narrow | None:
    """What the results that a person may see are narrowed to: () is nothing, None: there are none."""
    if not user.is_active:
        return None
    if user.has_perm(READS):
        if sees_all(user):
            return ()
        return _of_departments(department_ids(user))
    if not user.has_perm(WORKS):
        return None
    led = departments_led(user)
    if led:
        return _of_departments(led)
    agent = agent_of(user)
    return ((Dimension.AGENT, (str(agent.pk),)),) if agent is not None and agent.is_active else None


def _of_departments(ids: set[int]) -> Narrow | None:
    return ((Dimension.DEPARTMENT, tuple(str(pk) for pk in sorted(ids))),) if ids else None


def may_see(user: User, campaign: Campaign) -> bool:
    """Whether a person may see anything of a campaign: anonymous answers belong to no department."""
    narrow = narrow_for(user)
    return narrow is not None and not (narrow and campaign.is_anonymous)


def within(mine: Narrow, asked: Narrow) -> Narrow:
    """What was asked for, as far as a person may see it: of what both name, what both allow."""
    found = dict(mine)
    for name, values in asked:
        allowed = found.get(name)
        found[name] = tuple(one for one in values if one in allowed) if allowed is not None else values
    return tuple(found.items())


def cut_for(mine: Narrow, waves: tuple[int, ...], asked: Narrow = ()) -> Cut:
    """The responses of some waves that a person may see, as far as they were asked for."""
    return Cut(waves=waves, narrow=within(mine, asked))

"""The staff of the demo shop, named by what they do, and the accounts that a visitor should try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from compensation.models import Member
from config.common import demo
from config.common.models import User
from config.common.registry import Account
from feedback.defaults.roles import ROLES
from feedback.models import Agent, Department, Membership, Strategy

AGENTS = ("客服一号", "客服二号", "客服三号", "客服四号")
OTHERS = {  # department: its lead, and who works there
    "logistics": ("物流组长", ("物流专员",)),
    "product": ("商品组长", ("商品专员",)),
    "operations": ("运营组长", ()),
    "finance": ("财务专员", ()),
    "technology": ("技术组长", ()),
    "management": ("总经办", ()),
}


@dataclass(frozen=True, slots=True)
class Staff:
    """Who works in the demo shop: the service's agents, and the first of each other department."""

    service: Department
    agents: Sequence[User]
    lead: User
    supervisor: User
    by_department: Mapping[str, User]


def make_staff() -> Staff:
    """Make the accounts, all with the installation's demo password."""
    departments = {department.code: department for department in Department.objects.all()}
    service = departments["service"]
    User.objects.create_superuser("admin", "admin@demo.invalid", demo.password(), name="系统管理员")
    supervisor = _make("supervisor", "客服主管", "supervisor", [service], leads=True)
    lead = _make("lead", "客服组长", "team_lead", [service], leads=True)
    agents = [
        _make(f"agent{number}", name, "agent", [service]) for number, name in enumerate(AGENTS, start=1)
    ]
    Agent.objects.filter(user__in=[supervisor, lead]).update(capacity=0, chat_capacity=0)  # they lead
    service.strategy, service.keep_for = Strategy.LEAST_LOADED, timedelta(days=30)
    service.save(update_fields=["strategy", "keep_for"])
    first = {}
    for code, (title, workers) in OTHERS.items():
        role = "finance" if code == "finance" else "team_lead"
        head = _make(f"{code}_lead", title, role, [departments[code]], leads=True)
        made = [_make(code, name, "agent", [departments[code]]) for name in workers]
        first[code] = (made or [head])[0]
    return Staff(service, agents, lead, supervisor, first)


def accounts() -> list[Account]:
    """The accounts that are worth trying, with how to sign in."""
    password = demo.password()
    staff = [
        (_("Administrator"), "admin"),
        (_("Supervisor of customer service"), "supervisor"),
        (_("Agent in customer service"), "agent1"),
        (_("Agent in logistics"), "logistics"),
    ]
    found = [Account(who, "/admin/", name, password) for who, name in staff]
    member = tried()
    if member:
        how = _("the code is printed here when you ask for it")
        found.append(Account(_("Member"), "/portal/", member.phone, how))
    return found


def tried() -> Member | None:
    """The member whose account visitors try: the first who ever wrote."""
    wrote = Member.objects.filter(external_id__startswith="DEMO-", cases__isnull=False)
    return wrote.order_by("pk").first()


def _make(
    username: str, name: str, role: str, departments: Sequence[Department], *, leads: bool = False
) -> User:
    user = User.objects.create_user(
        username, f"{username}@demo.invalid", demo.password(), name=name, is_staff=True
    )
    user.groups.add(Group.objects.get(name=ROLES[role].name))
    agent = Agent.objects.create(user=user)
    Membership.objects.bulk_create(
        Membership(agent=agent, department=department, is_lead=leads) for department in departments
    )
    return user

"""What a version of a rule says, in words."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from compensation.models import GrantKind, RuleGive, RuleTrigger, RuleVersion, Tier
from config.common.money import display
from feedback.models import Aspect, CaseKind, Department, GapCause, GapKind, Problem, Severity


def conditions(version: RuleVersion) -> list[tuple[str, str]]:
    """What it asks for, as (what, which)."""
    tiers = {tier.code: str(tier) for tier in Tier.objects.all()} if version.tiers else {}
    said = [
        (_("about"), _listed(version.aspects, Aspect.choices)),
        (_("kind of gap"), _listed(version.gap_kinds, GapKind.choices)),
        (_("cause"), _listed(version.causes, GapCause.choices)),
        (_("kind of case"), _listed(version.case_kinds, CaseKind.choices)),
        (_("problem"), _listed(version.problems, Problem.choices)),
        (_("tier"), _listed(version.tiers, tiers.items())),
        (_("product category"), ", ".join(version.categories)),
        (_("order from"), display(version.amount_from_fen) if version.amount_from_fen is not None else ""),
        (_("order up to"), display(version.amount_up_to_fen) if version.amount_up_to_fen is not None else ""),
        (_("pictures at least"), str(version.pictures_from or "")),
        (_("only for what happened in the last (days)"), str(version.within_days)),
    ]
    if version.trigger == RuleTrigger.GAP:
        said.insert(3, (_("from severity"), str(Severity(version.severity_from).label)))
    return [(what, which) for what, which in said if which]


def outcomes(version: RuleVersion) -> list[str]:
    """What it does, one thing a line."""
    said = []
    if version.opens_case:
        department = Department.objects.filter(code=version.department).first()
        said.append(_("opens a case of %(department)s") % {"department": department or version.department})
    said += [give_in_words(give) for give in version.gives.all()]
    if version.once_an_order:
        said.append(_("once an order, together with: %(word)s") % {"word": version.once_an_order})
    if version.asks_person:
        said.append(_("a person chooses"))
    if version.tells_member and not version.asks_person:
        said.append(_("tells the member"))
    return said


def give_in_words(give: RuleGive) -> str:
    """One thing that is given."""
    if give.template is not None:
        return f"{give.template} · {display(give.template.value_fen)}"
    if give.points:
        return _("%(points)s points") % {"points": give.points}
    kind = str(GrantKind(give.kind).label) if give.kind in GrantKind.values else give.kind
    amount = display(give.amount_fen) if give.amount_fen is not None else str(give.get_amount_display())
    return f"{kind} · {amount}" if give.amount else kind


def _listed(codes: Sequence[str], choices: Iterable[tuple[Any, Any]]) -> str:
    known = dict(choices)
    return ", ".join(str(known.get(code, code)) for code in codes)

"""The audit of claims: what is found is kept, and what people decide about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.events import Actor, record
from config.common.models import User
from feedback.claims import facts
from feedback.claims.audit import Found, Term, audit
from feedback.claims.commands import digest
from feedback.claims.contradictions import contradicted_by_some, contradictions
from feedback.claims.parsing import parse
from feedback.models import AuditTerm, Claim, Finding, FindingStatus, ProductFact

AT_ONCE = 200
PREVIEWED = 500
LONGEST = 400
LOOKS_BACK = timedelta(days=2)
"""So long the audit may have stood still and still see which facts have begun."""
DECIDE, WAIVE = "feedback.decide_finding", "feedback.waive_finding"
MOVES = {
    FindingStatus.OPEN: {FindingStatus.ACCEPTED, FindingStatus.FIXED, FindingStatus.WAIVED},
    FindingStatus.ACCEPTED: {FindingStatus.OPEN, FindingStatus.FIXED, FindingStatus.WAIVED},
    FindingStatus.FIXED: {FindingStatus.OPEN},
    FindingStatus.WAIVED: {FindingStatus.OPEN},
}


def catch_up(*, at: datetime, limit: int = AT_ONCE) -> int:
    """Audit the claims whose text, facts or words are others than before. Returns how many there were."""
    _facts_began(at)
    waiting = Claim.objects.filter(audited_digest="").order_by("pk").values_list("pk", flat=True)
    ids = list(waiting[:limit])
    terms = terms_in_use() if ids else []
    for claim_id in ids:
        audit_claim(claim_id=claim_id, terms=terms, at=at)
    return len(ids)


@transaction.atomic
def audit_claim(*, claim_id: int, terms: Sequence[Term], at: datetime) -> list[Finding]:
    """Find what a claim should not say. Decisions about an unchanged text stay; a changed text is open again.

    Raises:
        NotFound: there is no such claim.
    """
    claim = Claim.objects.select_for_update(no_key=True, of=("self",)).filter(pk=claim_id).first()
    if claim is None:
        raise NotFound
    moment = min(max(claim.valid_from, at), claim.valid_to or at)
    found = look(claim.text, About(claim.product_id, claim.category), terms, moment)
    text_digest = digest(claim.text)
    wanted = {(str(one.kind), one.code, one.start): one for one in found}
    held = {(row.kind, row.code, row.start): row for row in claim.findings.filter(text_digest=text_digest)}
    fresh = [
        Finding(
            claim=claim,
            text_digest=text_digest,
            kind=one.kind,
            code=one.code,
            start=one.start,
            end=one.end,
            excerpt=one.excerpt,
            data={"source": one.source, "why": one.why, "suggestion": one.suggestion},
            found_at=at,
        )
        for place, one in wanted.items()
        if place not in held
    ]
    Finding.objects.bulk_create(fresh)
    back = [row.pk for place, row in held.items() if place in wanted and row.gone_at is not None]
    gone = [row.pk for place, row in held.items() if place not in wanted and row.gone_at is None]
    Finding.objects.filter(pk__in=back).update(gone_at=None)
    Finding.objects.filter(pk__in=gone).update(gone_at=at)
    fixed = _leave_behind(claim, text_digest, {(str(one.kind), one.code) for one in found}, at)
    claim.audited_digest, claim.audited_at = text_digest, at
    claim.save(update_fields=["audited_digest", "audited_at"])
    if fresh or back or gone or fixed:
        record(
            "claim.audited", claim, actor=None, at=at, found=len(fresh) + len(back), gone=len(gone) + fixed
        )
    return fresh


@transaction.atomic
def decide(*, finding_id: int, status: str, reason: str = "", actor: User, at: datetime) -> Finding:
    """Say that a finding is to be changed, was fixed, or is waived for a reason; or open it again.

    Raises:
        NotFound: there is no such finding.
        NotPermitted: the person may not decide that.
        Invalid: waived without a reason, too long a one, or no such state.
        WrongState: it cannot go there from where it is, or its text is another now.
    """
    if status not in FindingStatus.values:
        raise Invalid(_("Choose what becomes of it."))
    if not actor.has_perm(WAIVE if status == FindingStatus.WAIVED else DECIDE):
        raise NotPermitted
    reason = reason.strip().replace("\0", "")
    if len(reason) > LONGEST:
        raise Invalid(_("The reason is too long: %(limit)s characters at most.") % {"limit": LONGEST})
    if status == FindingStatus.WAIVED and not reason:
        raise Invalid(_("Say why it may stay."), field="reason")
    claim_id = Finding.objects.filter(pk=finding_id).values_list("claim", flat=True).first()
    if claim_id is None:
        raise NotFound
    Claim.objects.select_for_update(no_key=True, of=("self",)).get(pk=claim_id)
    finding = Finding.objects.select_related("claim").get(pk=finding_id)
    before = FindingStatus(finding.status)
    if before == status and finding.reason == reason:
        return finding
    if finding.gone_at is not None:
        raise WrongState(_("The text is another now: look at what was found in it."))
    if status != before and FindingStatus(status) not in MOVES[before]:
        raise WrongState(_("This finding is %(status)s.") % {"status": finding.get_status_display()})
    if before == FindingStatus.WAIVED and not actor.has_perm(WAIVE):
        raise NotPermitted
    finding.status, finding.reason = FindingStatus(status), reason
    finding.decided_by = None if status == FindingStatus.OPEN else actor
    finding.decided_at = None if status == FindingStatus.OPEN else at
    finding.save(update_fields=["status", "reason", "decided_by", "decided_at"])
    record(
        "claim.finding_decided",
        finding.claim,
        actor=actor,
        at=at,
        finding=finding.pk,
        before=before,
        after=status,
        reason=reason,
    )
    return finding


@transaction.atomic
def save_term(*, term: AuditTerm, actor: Actor, at: datetime) -> AuditTerm:
    """Keep a word of the audit; all claims are audited anew."""
    term.term = " ".join(term.term.split())
    term.allowed_in = [" ".join(one.split()) for one in term.allowed_in if one.strip()]
    term.save()
    audit_anew()
    record("audit_term.saved", term, actor=actor, at=at, term=term.term, is_active=term.is_active)
    return term


def audit_anew() -> None:
    """Let the next audits look at every claim again."""
    Claim.objects.exclude(audited_digest="").update(audited_digest="")


def terms_in_use() -> list[Term]:
    """The words that are looked for."""
    return [as_term(row) for row in AuditTerm.objects.filter(is_active=True)]


def as_term(row: AuditTerm) -> Term:
    """A word as the audit takes it."""
    return Term(row.term, row.kind, tuple(row.allowed_in), row.source, row.why, row.suggestion)


@dataclass(frozen=True, slots=True)
class About:
    """What a text is about: a product, a category, or everything."""

    product_id: int | None = None
    category: str = ""


def look(text: str, about: About, terms: Sequence[Term], at: datetime) -> list[Found]:
    """What would be found in a text; nothing is written."""
    if about.product_id is not None:
        against = contradictions(text, facts.to_compare(about.product_id, at))
    else:
        measures = {one.measure for one in parse(text)}
        known = facts.to_compare_many(about.category, measures, at) if measures else []
        against = contradicted_by_some(text, known)
    return sorted([*audit(text, terms), *against], key=lambda one: (one.start, one.end, one.kind))


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of a word would do to the newest claims."""

    looked: int
    found: list[tuple[Claim, Found]]
    """What would be found and is not now."""
    gone: int
    """What would no longer be found."""


def preview(term: Term, *, instead_of: str = "") -> Preview:
    """Look through the newest claims with a word as it would be, in the place of one that there is."""
    others = [one for one in terms_in_use() if one.term not in {instead_of, term.term}]
    now = terms_in_use()
    claims = list(Claim.objects.select_related("product").order_by("-valid_from", "-pk")[:PREVIEWED])
    fresh: list[tuple[Claim, Found]] = []
    gone = 0
    for claim in claims:
        before = {(one.code, one.start) for one in audit(claim.text, now)}
        after = audit(claim.text, [*others, term])
        fresh += [(claim, one) for one in after if (one.code, one.start) not in before]
        gone += len(before - {(one.code, one.start) for one in after})
    return Preview(len(claims), fresh, gone)


def _facts_began(at: datetime) -> None:
    """Let claims be audited again of whose products something was said in advance that is true by now."""
    begun = ProductFact.objects.filter(
        valid_from__gt=OuterRef("audited_at"), valid_from__range=(at - LOOKS_BACK, at)
    )
    about = (
        Q(Exists(begun.filter(product=OuterRef("product"))))
        | Q(Exists(begun.filter(product__category=OuterRef("category"))), ~Q(category=""), product=None)
        | Q(Exists(begun), product=None, category="")
    )
    Claim.objects.exclude(audited_digest="").filter(about).update(audited_digest="")


def _leave_behind(claim: Claim, text_digest: str, still: set[tuple[str, str]], at: datetime) -> int:
    """What was found in an earlier text is over; what was to be changed and is no longer said, is fixed."""
    old = list(claim.findings.filter(gone_at=None).exclude(text_digest=text_digest))
    for row in old:
        row.gone_at = at
        if row.status in {FindingStatus.OPEN, FindingStatus.ACCEPTED} and (row.kind, row.code) not in still:
            row.status, row.decided_at = FindingStatus.FIXED, at
    Finding.objects.bulk_update(old, ["gone_at", "status", "decided_at"])
    return len(old)

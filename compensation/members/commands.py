"""Signing in and out, and members whom we know by a contact only.

A refusal must not undo what was counted, so these commands raise after their transaction has ended; it is
`durable` so that no caller can wrap it in another.
"""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from compensation.members import rules, tokens
from compensation.members.queries import by_contact
from compensation.models import Member, MemberSession, SignInCode
from compensation.notices.commands import CODE, send_code
from compensation.tiers import commands as tiers
from config.common import limits
from config.common.errors import DomainError, Invalid
from config.common.events import record
from config.common.models import OutboxMessage

HOUR = timedelta(hours=1)
GUEST = "guest:"


class CodeRefused(DomainError):
    """The code is wrong, used, expired or tried too often; which of them is not told."""

    code = "code_refused"
    status = 400
    default = _("This code is wrong or no longer valid. Please check it or ask for a new one.")


class TokenRefused(DomainError):
    """The shop's token does not open a session."""

    code = "token_refused"
    status = 400
    default = _("The shop's sign-in is not valid or no longer valid.")


def request_code(*, contact: str, ip: str = "", at: datetime) -> datetime:
    """Send a one-time code to a member's phone or e-mail; until when it is valid.

    Whether the contact belongs to a member changes nothing that the caller can see.

    Raises:
        Invalid: neither a phone number nor an e-mail address.
        TooMany: another code a moment ago, or too many in the last hour.
    """
    if not rules.plausible_contact(contact):
        raise Invalid(_("Please give a phone number or an e-mail address."), field="contact")
    digest = rules.contact_digest(contact)
    if ip:
        limits.take(f"code:ip:{ip}", limit=rules.CODES_AN_ADDRESS, per=HOUR, at=at)
    limits.take(f"code:again:{digest}", limit=1, per=rules.RESEND_AFTER, at=at)
    limits.take(f"code:contact:{digest}", limit=rules.CODES_A_CONTACT, per=HOUR, at=at)
    code, member = rules.new_code(), by_contact(contact)
    with transaction.atomic():
        row = SignInCode.objects.create(
            contact=digest,
            member=member,
            digest=rules.code_digest(contact, code),
            created_at=at,
            expires_at=at + rules.CODE_LIFE,
        )
        if member is not None:
            send_code(
                member=member,
                code=code,
                contact="email" if "@" in contact else "phone",
                key=str(row.pk),
                expires_at=row.expires_at,
                at=at,
            )
    return row.expires_at


def sign_in(*, contact: str, code: str, ip: str = "", at: datetime) -> tuple[str, MemberSession]:
    """Open a session with the last code that was sent; the token is told this once.

    Raises:
        CodeRefused: wrong, used, expired or tried too often.
        TooMany: too many refused tries from this network address.
    """
    _take_guess(ip, at)
    opened = _try_code(contact, code, at)
    if opened is None:
        raise CodeRefused
    _give_guess_back(ip, at)
    return opened


def _take_guess(ip: str, at: datetime) -> None:
    """Count a try before it is made, so that tries at the same moment are all counted."""
    if ip:
        limits.take(f"signin:ip:{ip}", limit=rules.GUESSES_AN_ADDRESS, per=HOUR, at=at)


def _give_guess_back(ip: str, at: datetime) -> None:
    """Many sign in from the address of one office or provider: what was right was no guess."""
    if ip:
        limits.give_back(f"signin:ip:{ip}", at=at)


@transaction.atomic(durable=True)
def _try_code(contact: str, code: str, at: datetime) -> tuple[str, MemberSession] | None:
    # The row lock counts tries one by one, and lets one of two uses of a code at the same moment win.
    row = (
        SignInCode.objects.select_for_update(of=("self",))
        .filter(contact=rules.contact_digest(contact))
        .order_by("-id")
        .first()
    )
    if row is None or row.used_at or row.expires_at <= at or row.attempts >= rules.CODE_ATTEMPTS:
        return None
    row.attempts += 1
    right = rules.same_code(row.digest, contact, code)
    if right:
        row.used_at = at
    row.save(update_fields=["attempts", "used_at"])
    if not right or row.member_id is None:
        return None
    member = Member.objects.filter(pk=row.member_id, erased_at=None).first()
    return _open(member, at) if member else None


def sign_in_with_jwt(*, token: str, ip: str = "", at: datetime) -> tuple[str, MemberSession]:
    """Open a session for the member whom the shop vouches for. A token of the shop's works once.

    Raises:
        TokenRefused: not the shop's, not for us, expired, used, or of nobody we know.
        TooMany: too many refused tries from this network address.
    """
    _take_guess(ip, at)
    claims = tokens.read(
        token,
        key=settings.SHOP_JWT_KEY,
        algorithm=settings.SHOP_JWT_ALGORITHM,
        audience=settings.SHOP_JWT_AUDIENCE,
        at=at,
    )
    if claims is None:
        raise TokenRefused
    member = Member.objects.filter(external_id=claims.member, erased_at=None).first()
    if member is None:
        raise TokenRefused
    try:
        with transaction.atomic():
            opened = _open(member, at, origin=rules.token_digest(claims.number))
    except IntegrityError as error:  # the token has opened a session before
        raise TokenRefused from error
    _give_guess_back(ip, at)
    return opened


def _open(member: Member, at: datetime, origin: str | None = None) -> tuple[str, MemberSession]:
    token = rules.new_token()
    session = MemberSession.objects.create(
        member=member,
        digest=rules.token_digest(token),
        origin=origin,
        created_at=at,
        expires_at=at + rules.SESSION_LIFE,
    )
    record("member.signed_in", member, actor=member, at=at, by="shop" if origin else "code")
    return token, session


@transaction.atomic
def sign_out(*, session: MemberSession, at: datetime) -> None:
    """End a session; ending it again changes nothing."""
    if MemberSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=at):
        record("member.signed_out", session.member, actor=session.member, at=at)


@transaction.atomic
def choose_language(*, member: Member, language: str, at: datetime) -> Member:
    """Speak to the member in this language from now on.

    Raises:
        Invalid: not a language of the house.
    """
    if language not in dict(settings.LANGUAGES):
        raise Invalid(_("This language is not spoken here."), field="language")
    member.language = language
    member.save(update_fields=["language"])
    record("member.language_chosen", member, actor=member, at=at, language=language)
    return member


@transaction.atomic
def guest(
    *, phone: str = "", email: str = "", name: str = "", origin: str = "", language: str = "", at: datetime
) -> Member:
    """Give the member behind a contact; somebody whom nobody knows becomes a member by that contact.

    `origin` names a person where they write from, such as "taobao:8812": the first thing to be known by.
    Two letters of a stranger at the same moment lead to one member.

    Raises:
        Invalid: neither contact nor origin.
        WrongState: there are no tiers yet.
    """
    contact = origin or email or phone
    if not contact.strip():
        raise Invalid(_("Please give a phone number or an e-mail address."), field="contact")
    number = f"{GUEST}{rules.contact_digest(contact)[:40]}"
    member = Member.objects.filter(external_id=number, erased_at=None).first()
    for known in (phone, email):
        if member is None and known.strip():
            member = by_contact(known)
    if member is not None:
        return member
    if Member.objects.filter(external_id=number).exists():  # was erased: who writes again is somebody new
        number += f"-{secrets.token_hex(4)}"
    # An upsert, as two may come at once: the second waits for the first to commit.
    Member.objects.bulk_create(
        [
            Member(
                external_id=number,
                name=rules.clean_name(name),
                phone=rules.normal_contact(phone)[:32],
                email=rules.normal_contact(email)[:254],
                language=language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE,
                registered_at=at,
                tier=tiers.lowest(),
            )
        ],
        ignore_conflicts=True,
    )
    member = Member.objects.get(external_id=number)
    if not member.tier_periods.exists():
        tiers.start(member_ids=[member.pk], at=at)
        record("member.met", member, actor=None, at=at)
    return member


@transaction.atomic
def letter_came_back(*, member_id: int, email: str, at: datetime) -> None:
    """Note that letters to this address of a member do not arrive; nothing changes where it is not theirs."""
    rows = Member.objects.filter(
        pk=member_id, email__in=rules.spellings(email), email_failed_at=None, erased_at=None
    )
    if rows.update(email_failed_at=at):
        record("member.email_failed", Member.objects.get(pk=member_id), actor=None, at=at)


@transaction.atomic
def letter_arrived(*, member_id: int, email: str) -> None:
    """The member wrote from this address: letters reach it again."""
    Member.objects.filter(pk=member_id, email__in=rules.spellings(email)).exclude(
        email_failed_at=None
    ).update(email_failed_at=None)


@transaction.atomic
def forget(*, at: datetime) -> int:
    """Drop what signing in leaves behind and nobody needs: codes that were sent, counts; how many rows.

    Codes and sessions themselves go by their period (`compensation.retaining`).
    """
    old = at - timedelta(days=1)
    sent = OutboxMessage.objects.filter(kind=CODE, created_at__lt=old).delete()[0]
    return sent + limits.forget(before=old)

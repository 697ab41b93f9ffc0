"""Reaching servers whose names people type in, and never a neighbour inside our own network.

Else whoever may edit a mailbox, a webhook source or a messenger could have our server knock at a database, an
admin page or a cloud's metadata service, and read from the error what is there. Asked when a name is saved,
so that somebody is told; and again of the very address that a socket is about to be connected to, so that
a name that leads elsewhere the second time, or a redirect, gets nowhere. IMAP, SMTP, HTTP and the messengers'
library each open their sockets in their own way: what they share is Python's audit event `socket.connect`.

`INTERNAL_HOSTS` names the servers inside that may be reached all the same (docs/decisions/outside-only.md).
"""

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_allowed: ContextVar[tuple[Network, ...] | None] = ContextVar("allowed", default=None)
"""Inside `only`: the networks of ours that may be reached."""
_installed: list[bool] = []


class Internal(OSError):
    """The server's address is inside our own network."""


def check(host: str) -> None:
    """Refuse a name that leads inside, when it is saved. One that nobody knows yet is taken.

    Raises:
        Invalid: one of its addresses is inside and not named in `INTERNAL_HOSTS`, or it is no name at all.
    """
    if not host:
        return
    try:
        found = _addresses(host)
    except (UnicodeError, ValueError) as error:
        raise Invalid(_("This is no name of a server.")) from error
    allowed = named()
    if not all(_fits(one, allowed) for one in found):
        raise Invalid(_("This server is inside our own network. INTERNAL_HOSTS can allow it."))


@contextmanager
def only() -> Iterator[None]:
    """Let this thread connect to servers outside alone, and to those in `INTERNAL_HOSTS`.

    Connecting to another raises Internal, which is an OSError as if nobody were there.
    """
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_look)
    token = _allowed.set(named())
    try:
        yield
    finally:
        _allowed.reset(token)


def named() -> tuple[Network, ...]:
    """The networks in `INTERNAL_HOSTS`; of names the addresses that they have now."""
    found: list[Network] = []
    for one in settings.INTERNAL_HOSTS:
        try:
            found.append(ipaddress.ip_network(one, strict=False))
        except ValueError:
            found += [ipaddress.ip_network(address) for address in _addresses(one)]
    return tuple(found)


def _look(event: str, args: tuple[Any, ...]) -> None:
    """Python's word that something is about to happen; raising stops it."""
    if event != "socket.connect":
        return
    allowed = _allowed.get()
    if allowed is None:
        return
    line, address = args
    if line.family not in {socket.AF_INET, socket.AF_INET6} or not _fits(_plain(address[0]), allowed):
        raise Internal("inside our own network")


def _addresses(host: str) -> set[Address]:
    """The addresses of a name; none when nobody knows it."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return set()
    return {_plain(str(one[4][0])) for one in found}


def _plain(text: str) -> Address:
    """An address without its zone, and as IPv4 where it only wraps one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _fits(address: Address, allowed: tuple[Network, ...]) -> bool:
    if any(address in network for network in allowed):
        return True
    is_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not address.is_multicast and not is_local

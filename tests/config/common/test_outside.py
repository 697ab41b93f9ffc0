"""Servers inside our own network are reached by nobody who types them in."""

import imaplib
import smtplib
import socket
import threading
from contextlib import closing
from unittest.mock import patch
from urllib.request import urlopen

import pytest
from django.utils import translation

from config.common import outside
from config.common.errors import Invalid

INSIDE = [
    "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "10.0.0.1", "172.16.5.4", "192.168.1.1",
    "169.254.169.254", "100.100.100.200", "0.0.0.0", "::1", "[::1]", "::ffff:10.0.0.1", "fe80::1", "fc00::1",
    "fec0::1", "64:ff9b::a00:1", "2002:7f00:1::", "224.0.0.1", "255.255.255.255",
]  # fmt: skip


@pytest.fixture(autouse=True)
def nobody_named(settings):
    settings.INTERNAL_HOSTS = []


@pytest.fixture
def neighbour():
    """A server inside, that remembers whether anybody knocked."""
    knocks = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def listen():
            try:
                while True:
                    line, _address = server.accept()
                    knocks.append(line)
                    line.close()
            except OSError:
                pass

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield server.getsockname()[1], knocks


@pytest.mark.parametrize("host", INSIDE)
def test_a_server_inside_is_refused_when_it_is_saved(host):
    with translation.override("en"), pytest.raises(Invalid, match="inside our own network"):
        outside.check(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "2001:4860:4860::8888", "nobody-knows.invalid", ""])
def test_others_are_taken(host):
    outside.check(host)


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_what_is_no_name_is_refused(host):
    with pytest.raises(Invalid):
        outside.check(host)


def test_a_name_with_one_address_inside_is_refused():
    found = [(socket.AF_INET, 1, 6, "", (address, 0)) for address in ("8.8.8.8", "10.0.0.1")]
    with patch("socket.getaddrinfo", return_value=found), pytest.raises(Invalid):
        outside.check("two.example")


@pytest.mark.parametrize(
    "connect",
    [
        lambda port: socket.create_connection(("localhost", port), timeout=2),
        lambda port: imaplib.IMAP4("127.0.0.1", port, timeout=2),
        lambda port: smtplib.SMTP("127.0.0.1", port, timeout=2),
        lambda port: urlopen(f"http://2130706433:{port}/", timeout=2),
    ],
    ids=["socket", "imap", "smtp", "http"],
)
def test_nobody_gets_through_at_the_moment_of_connecting(neighbour, connect):
    port, knocks = neighbour
    with outside.only(), pytest.raises(OSError, match="inside our own network"):
        connect(port)
    assert knocks == []


def test_a_name_that_leads_elsewhere_the_second_time_gets_nowhere(neighbour):
    port, knocks = neighbour
    first = [(socket.AF_INET, 1, 6, "", ("8.8.8.8", 0))]
    with patch("socket.getaddrinfo", return_value=first):
        outside.check("rebound.example")
    then = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    with patch("socket.getaddrinfo", return_value=then), outside.only(), pytest.raises(outside.Internal):
        socket.create_connection(("rebound.example", port), timeout=2)
    assert knocks == []


def test_no_other_kind_of_socket_is_a_way_round():
    with outside.only(), socket.socket(socket.AF_UNIX) as line, pytest.raises(outside.Internal):
        line.connect("/run/nobody.sock")


@pytest.mark.parametrize("named", ["127.0.0.1", "127.0.0.0/8", "localhost"])
def test_what_the_setting_names_is_reached(neighbour, settings, named):
    settings.INTERNAL_HOSTS = [named]
    outside.check("127.0.0.1")
    with outside.only(), closing(socket.create_connection(("127.0.0.1", neighbour[0]), timeout=2)):
        pass


def test_only_what_is_inside_the_block_is_held_to_it(neighbour):
    with pytest.raises(outside.Internal), outside.only():
        socket.create_connection(("127.0.0.1", neighbour[0]), timeout=2)
    with closing(socket.create_connection(("127.0.0.1", neighbour[0]), timeout=2)):
        pass

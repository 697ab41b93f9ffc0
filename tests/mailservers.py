"""A real IMAP server and a real SMTP server for tests, on free ports of the loopback address."""

import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.programs import data_folder, free_port, program

PASSWORD = "ein-geheimes-wort"
CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/homes/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@dataclass
class Imap:
    """A running Dovecot; every user has the same password."""

    port: int
    home: Path

    def open(self, user: str) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(user, PASSWORD)
        return client

    def put(self, user: str, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        """Deliver a letter that arrived at that moment."""
        client = self.open(user)
        client.append(folder, "", imaplib.Time2Internaldate(at), raw)
        client.logout()

    def new_numbers(self, user: str) -> None:
        """Lose the numbers of the letters, as a restored server does."""
        for name in ("dovecot-uidlist", "dovecot.index.log", "dovecot.index.cache", "dovecot.index"):
            (self.home / "mail" / user / name).unlink(missing_ok=True)


@contextmanager
def imap_server() -> Iterator[Imap]:
    """Run Debian's Dovecot as an ordinary user."""
    dovecot = program("dovecot")
    account = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    with data_folder() as home:
        port = free_port()
        config = home / "dovecot.conf"
        group = subprocess.run(
            ["id", "-gn", account.pw_name], capture_output=True, text=True, check=True
        ).stdout.strip()
        config.write_text(
            CONFIG.format(
                home=home, user=account.pw_name, group=group, uid=account.pw_uid, gid=account.pw_gid,
                port=port, password=PASSWORD,
            )
        )  # fmt: skip
        shutil.chown(home, account.pw_uid, account.pw_gid)
        rights = (
            {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        )
        server = subprocess.Popen([dovecot, "-F", "-c", str(config)], **rights)
        try:
            _wait_for(port, server, home / "log")
            yield Imap(port, home)
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_for(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _try in range(200):
        if server.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
                if line.recv(4):
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(log.read_text() if log.exists() else "dovecot does not start")


class Post:
    """What an SMTP server was given; `answers` are its next answers to DATA and RCPT instead of taking it."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, list[str], bytes]] = []
        self.at_data: list[str] = []
        self.at_rcpt: list[str] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 -- its name
        if self.at_rcpt:
            return self.at_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 -- the same
        if self.at_data:
            return self.at_data.pop(0)
        self.letters.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return "250 taken"


@contextmanager
def smtp_server(*, signs_in: bool = False) -> Iterator[tuple[Post, int]]:
    """Run a real SMTP server in a thread; with `signs_in` it wants the password."""

    def is_right(_server, _session, _envelope, _mechanism, given):
        return AuthResult(success=given.password == PASSWORD.encode(), handled=False)

    post = Post()
    more = {"authenticator": is_right, "auth_required": True, "auth_require_tls": False} if signs_in else {}
    controller = Controller(post, hostname="127.0.0.1", port=free_port(), **more)
    controller.start()
    try:
        yield post, controller.port
    finally:
        controller.stop()

"""The broker in a folder that Celery uses when BROKER_URL is unset: Kombu's, with whole messages only."""

import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps

LONGEST_WAIT = 0.5  # seconds


class Channel(filesystem.Channel):
    """Kombu's channel, but a reader never finds half a message."""

    # Kombu's own classes disagree on the argument's name, so the override fits only one of them.
    def _put(self, queue: str, payload: dict[str, Any], **_kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time.time_ns():020}_{uuid.uuid4()}"
        half = Path(self.data_folder_out) / name
        half.write_text(dumps(payload))
        half.rename(half.with_name(f"{name}.{queue}.msg"))


class Transport(filesystem.Transport):
    """Kombu's transport on that channel."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Wait for a message, but not long: a worker looks between two waits whether it should stop."""
        super().drain_events(connection, timeout=min(timeout or LONGEST_WAIT, LONGEST_WAIT), **kwargs)


def options(folder: Path) -> dict[str, Any]:
    """The transport's options; makes its folders."""
    for part in ("messages", "control"):
        (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.25,
    }


def clear(folder: Path) -> None:
    """Forget old messages and bindings. Tasks only wake sweeps: the next beat sends them again."""
    for file in folder.glob("*/*"):
        file.unlink(missing_ok=True)

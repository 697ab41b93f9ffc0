"""The words that triage begins with, from the data files: each is given once, edits are not overwritten."""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pgtrigger

from config.common.seeding import never_given
from feedback.models import LexiconEntry, Priority, TriageSetup
from feedback.triage.lexicon import folded

FOLDER = Path(__file__).with_name("lexicon_data")
FILES = ("chinese", "english", "signs")
URGENT = {"high": Priority.HIGH, "urgent": Priority.URGENT}


def seed_lexicon(at: datetime) -> None:
    """Give each word once, and the setup.

    The history of the configuration begins with what people change: thousands of words are no news.
    """
    TriageSetup.objects.get_or_create(pk=1)
    entries = {one["word"]: one for one in shipped()}
    fresh = set(never_given("lexicon", entries, at=at))
    fresh -= set(LexiconEntry.objects.filter(word__in=fresh).values_list("word", flat=True))
    with pgtrigger.ignore("feedback.LexiconEntry:record_change", "feedback.LexiconEntry:insert_insert"):
        LexiconEntry.objects.bulk_create(LexiconEntry(**entries[word]) for word in sorted(fresh))


def shipped() -> Iterator[dict[str, Any]]:
    """The words of the data files, as the columns of their rows."""
    for name in FILES:
        content = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        for group in content["group"]:
            columns = {key: value for key, value in group.items() if key != "words"}
            if "urgency" in columns:
                columns["urgency"] = URGENT[columns["urgency"]]
            for word in group["words"].split("|"):
                yield {"word": folded(word.strip()), **columns}

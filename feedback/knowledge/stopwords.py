"""Words that tell nothing about what is asked: how people ask, address us, complain of waiting."""

from pathlib import Path

STOP_WORDS = frozenset(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").split())

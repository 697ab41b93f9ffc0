"""A trained model: plain numbers by word, how they become a probability, and from where on it is sure.

Heads answer one question each, such as "feeling" (is it good?) or "aspect:price" (does it speak of that?).
They are kept as arrays (npz), which are read without unpickling anything, and checked by their digest.
"""

import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from config.common.errors import Invalid
from feedback.triage.features import BETWEEN, features

FEELING = "feeling"
KNOWN_SHARE = 0.7
"""A text of whose words the model knows fewer is in a language, or of things, that it was not taught. Of
Chinese reviews 199 in 200 have more."""
FORMAT = 1

Floats = NDArray[np.float32]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Head:
    """One question: the weight of each feature, and the way from a sum to a probability."""

    weights: Floats
    bias: float
    slope: float = 1.0
    shift: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    """Sure of no up to `low`, sure of yes from `high` on, as sums."""

    def chance(self, total: float) -> float:
        """The probability that belongs to a sum."""
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, self.slope * total + self.shift))))


@dataclass(frozen=True, slots=True)
class Weights:
    """All that a model has learnt."""

    names: Sequence[str]
    idf: Floats
    heads: Mapping[str, Head]
    places: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {name: place for place, name in enumerate(self.names)})

    def seen(self, words: Sequence[str]) -> tuple[Places, Floats]:
        """Which features of a text are known, and what each counts: TF-IDF without counts, of length 1."""
        known = self.places
        found = np.array(sorted(known[one] for one in features(words) if one in known), dtype=np.intp)
        counts = self.idf[found]
        length = float(np.sqrt(counts @ counts))
        return found, counts / length if length else counts

    def knows(self, words: Sequence[str]) -> bool:
        """Whether it was taught enough of the words."""
        known = sum(1 for one in words if one in self.places)
        return bool(known) and known >= KNOWN_SHARE * len(words)

    def totals(self, found: Places, counts: Floats) -> dict[str, float]:
        """The sum of each head for a text."""
        return {name: float(head.weights[found] @ counts) + head.bias for name, head in self.heads.items()}

    def parts(self, found: Places, counts: Floats) -> dict[str, float]:
        """What each word of a text adds to the feeling; what a pair adds is shared by its two words."""
        head = self.heads[FEELING]
        added: dict[str, float] = {}
        for place, part in zip(found.tolist(), (head.weights[found] * counts).tolist(), strict=True):
            words = self.names[place].split(BETWEEN)
            for word in words:
                added[word] = added.get(word, 0.0) + part * head.slope / len(words)
        return added


def pack(weights: Weights) -> tuple[bytes, str]:
    """As bytes, and their digest."""
    about = {
        "format": FORMAT,
        "heads": {
            name: {key: getattr(head, key) for key in ("bias", "slope", "shift", "low", "high")}
            for name, head in weights.heads.items()
        },
    }
    arrays = {f"head:{name}": head.weights.astype(np.float32) for name, head in weights.heads.items()}
    file = io.BytesIO()
    np.savez_compressed(
        file,
        allow_pickle=False,
        about=_bytes(json.dumps(about, sort_keys=True)),
        names=_bytes("\n".join(weights.names)),
        idf=weights.idf.astype(np.float32),
        **arrays,
    )
    content = file.getvalue()
    return content, hashlib.sha256(content).hexdigest()


def unpack(content: bytes, digest: str) -> Weights:
    """Read them back.

    Raises:
        Invalid: they are not what was written.
    """
    if hashlib.sha256(content).hexdigest() != digest:
        raise Invalid("the weights of a triage model are not what was learnt")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        about = json.loads(file["about"].tobytes().decode())
        names = file["names"].tobytes().decode().split("\n")
        heads = {
            name: Head(weights=file[f"head:{name}"], **values) for name, values in about["heads"].items()
        }
        weights = Weights(names=names, idf=file["idf"], heads=heads)
    if about["format"] != FORMAT or any(len(head.weights) != len(names) for head in heads.values()):
        raise Invalid("the weights of a triage model are not what was learnt")
    return weights


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)

"""When two user names are one: what a person cannot tell apart on a screen must not be two accounts."""

from __future__ import annotations

import unicodedata

_LOOK_ALIKES = str.maketrans(
    {
        # Cyrillic
        "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "ё": "e", "һ": "h", "і": "i", "ї": "i", "ј": "j", "к": "k",
        "ӏ": "i", "м": "m", "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "т": "t", "ѵ": "v",
        "ԝ": "w", "х": "x", "у": "y", "ү": "y", "з": "3", "ь": "b", "н": "h",
        # Greek
        "α": "a", "β": "b", "ϲ": "c", "ε": "e", "η": "n", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "σ": "o",
        "τ": "t", "υ": "u", "χ": "x", "γ": "y", "ω": "w", "μ": "u",
        # Latin and digits
        "ı": "i", "l": "i", "1": "i", "|": "i", "0": "o", "ɑ": "a", "ɡ": "g", "ⅼ": "i",
    }
)  # fmt: skip
_UNSEEN = {"Cf", "Mn", "Me", "Cc"}


def fold_username(name: str) -> str:
    """The key of a name: equal for names that look alike, whatever their case, accents, width or script.

    Compatibility decomposition and case folding (Unicode UAX #15), then a table of look-alikes in the spirit of UTS #39
    for the scripts whose letters are drawn like Latin ones. Empty when nothing visible is left.
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    seen = "".join(letter for letter in text if unicodedata.category(letter) not in _UNSEEN)
    return " ".join(seen.translate(_LOOK_ALIKES).split())

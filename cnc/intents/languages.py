"""Which language a text is in, as far as choosing a model needs to know."""

from __future__ import annotations

import re
import unicodedata

_WORDS = {
    "en": (
        "the a an of for to and is in with i we need want please my our you it on that "
        "are this from at by be set up what how do me"
    ),
    "fr": (
        "le la les des une un pour avec je nous besoin est dans et du au veux voudrais "
        "sur qui que vous mon notre entre quel quelle comment où demain aujourd hui"
    ),
    "de": (
        "der die das ein eine einen für mit ich wir brauche brauchen ist und im zu den "
        "auf bitte nicht von wird unser mein zwischen wie was wo morgen heute"
    ),
    "es": (
        "el los las una un para con necesito necesitamos es y del quiero por favor que en "
        "mi nuestro de entre qué cuál cómo dónde mañana hoy"
    ),
    "it": "il lo gli una un per con ho bisogno è e della vorrei che nel mio nostro di tra voglio "
    "come dove quale domani oggi",
    "pt": (
        "o os as uma um para com preciso precisamos é e da do quero por favor que em meu "
        "nosso entre qual como onde amanhã hoje"
    ),
    "nl": "de het een voor met ik wij nodig is en van naar graag op niet onze mijn tussen hoe waar "
    "morgen vandaag",
    "tr": "bir ve için ile istiyorum lazım bu da de olan",
}
_COMMON = {language: set(words.split()) for language, words in _WORDS.items()}
_SCRIPTS = (
    ("zh", "CJK UNIFIED"), ("ja", "HIRAGANA"), ("ja", "KATAKANA"), ("ko", "HANGUL"),
    ("ru", "CYRILLIC"), ("ar", "ARABIC"), ("el", "GREEK"), ("he", "HEBREW"), ("hi", "DEVANAGARI"),
    ("th", "THAI"),
)  # fmt: skip
NAMES = {
    "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "ru": "a Cyrillic language", "ar": "Arabic",
    "el": "Greek", "he": "Hebrew", "hi": "Hindi", "th": "Thai", "fr": "French", "de": "German",
    "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "tr": "Turkish",
}  # fmt: skip


def language_of(text: str) -> str:
    """ISO 639-1 code: by script where that is not Latin, else by common words; "en" in doubt."""
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return "en"
    foreign = [c for c in letters if ord(c) > 0x36F]
    if len(foreign) * 4 >= len(letters):
        names = [unicodedata.name(c, "") for c in foreign]
        counts = {code: sum(n.startswith(p) for n in names) for code, p in reversed(_SCRIPTS)}
        if any(n.startswith(("HIRAGANA", "KATAKANA")) for n in names):
            return "ja"
        best = max(counts, key=lambda code: counts[code])
        return best if counts[best] else "en"
    words = re.findall(r"[^\W\d_]+", text.lower())
    hits = {code: len(common.intersection(words)) for code, common in _COMMON.items()}
    best = max(hits, key=lambda code: hits[code])
    if best != "en" and hits[best] >= 2 and hits[best] > hits["en"] + 1:
        return best
    return "en"

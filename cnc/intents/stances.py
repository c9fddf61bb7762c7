"""Which clauses of a text may say what is not wanted: told by words, weighed against one another.

"X is somebody else's job", "we looked at X and found it too dear", "X has its own network" refuse
without a word of negation beside the service. A clause with such words counts as refused where
another has fewer; words of wanting ("we need", "what is missing", "this time") count against them.
"""

from __future__ import annotations

import re

from cnc.intents.negation import LEADING

_NOT = r"(?:not|n't|no|never|cannot|nobody|no\s+one|none|nothing|neither|nor)"
_SOMEBODY = (
    r"(?:somebody|someone|other\s+people|others|another|a\s+different|a\s+second|the\s+(?:old|other|"
    r"previous|existing)|my|our|his|her|their|the)(?:\s+\w+){0,2}"
)
_OTHER = r"(?:another|other|different|old|existing|previous|separate|own)"
_REFUSED = re.compile(
    # Somebody else does it, or has it.
    r"\b(?:somebody|someone|anybody|anyone|everybody)\s+else\b|\belsewhere\b|\bother\s+people\b|"
    rf"\b(?:with|from|by|to|through|under)\s+(?:an?|the|our|my|their)?\s*{_OTHER}\s+(?:\w+\s+)?"
    r"(?:provider|carrier|operator|supplier|vendor|firm|company|contract|team|department|network|"
    r"partner|contractor|agency)\b|"
    rf"\b(?:is|are|remains?|stays?)\s+{_SOMEBODY}(?:'s|s')\s+(?:job|business|task|concern|problem|"
    r"department|headache|responsibility|worry|turf)\b|"
    r"\b(?:belongs?|left)\s+to\b|\bstays?\s+(?:with|on|where|put|as)\b|\bin\s+good\s+hands\b|"
    r"\b(?:has|have|with|runs?\s+on|got)\s+(?:already\s+)?(?:its|their|his|her|our|an?)\s+own\b|"
    r"\b(?:we|i|they)\s+(?:already|have\s+enough|have\s+plenty)\b|\balready\b|"
    r"\b(?:is|are)\s+what\s+(?:everyone|everybody|we)\s+(?:has|have|had)\b|\bfor\s+free\b|"
    r"\b(?:has|have)\s+(?:its|their|his|her)\b|\bin\s+person\b|\bstays?\W*$|\bby\s+mistake\b|\bdo(?:es)?\s+it\s+(?:well|fine)\b|'s\s+own\b|"
    r"\b(?:is|are)\s+(?:an?\s+|the\s+)?(?:project|job|task|matter|business|concern|contract)\s+(?:of|for)\b|"
    r"\b(?:we|i|they)(?:'ve|\s+have)\s+got\W*$|"
    r"\b(?:outsourced|subcontracted|sold)\s+to\b|"
    # It works, or is over, or comes later.
    r"\b(?:works?|runs?|is|are|does|do)\s+(?:perfectly\s+|quite\s+|just\s+|already\s+)?"
    r"(?:fine|okay|ok|well|sorted|settled|covered|handled|complete|finished|done|solved|in\s+place|"
    r"live|good\s+enough)\b(?!\s+to\b)|"
    r"\blast\s+(?:year|month|week|spring|summer|autumn|winter|time)|\bused\s+to\b|"
    r"\b(?:went|gone|go)\s+live\b|\b(?:\w+\s+)?years?\s+ago\b|\bnext\s+(?:year|phase|budget)\b|"
    r"\b(?:can|could|may|might|will|must|should)\s+(?:well\s+|happily\s+)?(?:wait|freeze|fail|stop|go|"
    r"be\s+(?:slow|late|dropped|skipped|cancelled|left\s+out|postponed))\b|\bdone\b|"
    r"\b\w+s?\s+fine\b(?!\s+(?:to|if)\b)|\b(?:was|were|been|got)\s+(?:already\s+)?(?:delivered|installed|"
    r"bought|rolled\s+out|completed|finished|introduced|built|settled|solved)\b|"
    # It is forbidden, failed, rejected, too dear.
    r"\b(?:forbidden|prohibited|banned|illegal|off[\s-]limits|ruled\s+out|out\s+of\s+the\s+question|"
    r"off\s+the\s+table|out\s+of\s+scope|off\s+the\s+list|beside\s+the\s+point|impractical|"
    r"unnecessary|unneeded|overrated|overkill|unwanted|excluded|irrelevant|pointless|useless)\b|"
    r"\b(?:reject|scrap|ditch|abandon|refuse|cancel|postpone|shelve|consider|try|trie|veto|dropp?|"
    r"exclude|dismis)s?(?:s?ed|led)\b|\b(?:scrapped|ditched|dropped|tried|rejects?|refuses?)\b|"
    r"\bdecided\s+(?:against|not)\b|\b(?:looked|had\s+a\s+look)\s+at\b|"
    r"\b(?:gave|give|given)\s+up\b|\bfailed\b|\bquit\b|"
    r"\b(?:was|were|proved|turned\s+out)\s+too\s+\w+|\btoo\s+(?:\w+ly\s+)?(?:costly|expensive|dear|pricey|slow|much|blurred|dangerous|risky|big|"
    r"complicated|heavy|clumsy|fancy)\b|\b(?:no|without|beyond|over)\s+(?:the\s+|our\s+|my\s+|a\s+)?"
    r"(?:budget|purse|means|money|funds)\b|\b(?:hates?|hated|exhausts?|dizzy|sick\b|fed\s+up|"
    r"tired\s+of|loathes?|dislikes?)\b|"
    # Plain refusals.
    r"^(?:(?:please|let's|let\s+us|and|so|then|we|you|i|can|could|should|ok|no)\W+)*(?:forget|skip|"
    r"scrap|ditch|drop|cancel|ignore|disregard|stop|leave|hold\s+off|switch\s+off|park|shelve)\b|"
    r"\b(?:never\s+mind|nevermind|spare\s+(?:us|me)|leave\s+(?:\w+\s+){1,4}(?:out|aside|alone|to\b)|"
    r"leave\s+(?:out|aside|alone))\b|\baside\b|\bapart\s+from\b|"
    r"\b(?:couldn't|could\s+not|don't|do\s+not|doesn't)\s+care\b|\bfor\s+all\s+(?:i|we)\s+care\b|"
    r"\b(?:don't|do\s+not|needn't|need\s+not)\s+(?:bother|worry|touch|mind)\b|\bwon't\s+do\b|"
    r"\b(?:isn't|aren't|is\s+not|are\s+not|wasn't)\s+(?:the|our|my|a)\s+(?:point|trouble|issue|problem|"
    r"topic|concern|goal|subject|worry|question|matter)\b|"
    r"\b(?:isn't|aren't|is\s+not|are\s+not)\s+(?:asked|meant|wanted|needed|required|necessary|of\s+"
    r"interest|our\s+thing|what)\b|\b(?:do|does|did|would)(?:n't|\s+not)\s+(?:want|need|ask|wish|"
    r"require|mean)\b|\bno\s+(?:interest|need|use|thanks)\b|"
    r"\bnone\s+of\s+(?:our|my|your|their)\b|\b(?:nobody|no\s+one)\s+(?:here\s+|really\s+)?(?:asks?|asked|"
    r"needs?|wants?|cares?|uses?|misses)\b(?!\s+to\b)|\bnot\s+(?:interested|asking|about)\b|"
    r"\bcan\s+do\s+without\b|"
    r"^(?:we|i|they)\s+(?:don't|do\s+not|won't|will\s+not)\s+(?:stream|store|train|steer|drive|track|"
    r"film|record|broadcast|watch|move|play|trade|operate|measure|call|phone|meet|fly|send|build)\b|\brather\s+than\b|\binstead\s+of\b|\bunlike\b|\banything\s+but\b|"
    r"^(?:no(?!\s+(?:more|less|later|longer)\b)|not|nothing|nobody|no\s+one|neither|nor|never)\b",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    rf"\b{_NOT}\b|n't\b|^(?:we|i)(?:\s+have|'ve\s+got)\b(?!\s+to\b)|\bwithout\b|\binstead\b|\brather\b|\bcovered\b|\bhandled\b|\benough\b|"
    r"\bas\s+(?:it\s+is|they\s+are)\b|\bstays?\b|\blater\b|\bover\b|\bprevious(?:ly)?\b|\buntil\b|"
    r"\b(?:would|will)\s+have\s+to\b",
    re.IGNORECASE,
)
_WANTED = re.compile(
    r"\b(?:we|i|they|us|who|he|she|it|you|people|team|staff|office)\s+(?:\w+ly\s+|just\s+|only\s+|do\s+|still\s+)*"
    r"(?:'d\s+|would\s+|do\s+)?(?:need|needs|want|wants|lack|lacks|require|requires|like|love|wish|"
    r"care|ask|asks|seek|prefer|miss)\b(?!\s+no\b)|\b(?:i|we)'d\b|\bplease\b|"
    r"\bwhat\s+(?:we|i|is|the|they|hurts|counts|matters)\b|\b(?:is|are|'s)\s+(?:still\s+)?(?:missing|lacking|wanted|"
    r"needed)\b|\b(?:should|shall|must|has\s+to|have\s+to)\b|\blet\b|\bmerely\b|\bsimply\b|"
    r"\bgive\s+(?:us|me|them)\b|\btell\s+(?:us|me)\b|\bthis\s+time\b|\bthis\s+(?:year|month)'s\b|"
    r"\bnext\s+step\b|\b(?:is|are|be)\s+enough\b|\bwill\s+do\b|\bsuffic\w+|\bdoes\s+nicely\b|"
    r"\b(?:the|our|my)\s+(?:point|worry|goal|aim|task|order|trouble|problem)\s+is\b|\b(?:mine|ours)\s+(?:is|are)\b|\bnext\s+up\b|\bwhat\s+\w+n't\b|"
    r"\bstill\s+(?:missing|lacking)\b",
    re.IGNORECASE,
)
_LACKING = re.compile(
    r"\b(?:lacks?|lacking|missing|(?:have|has|got)(?:n't|\s+no|\s+not)|what\s+(?:we|i)\s+(?:still\s+)?need)\b",
    re.IGNORECASE,
)
_TURNS = re.compile(
    r"^(?:(?:and|so|hence)\s+)?(?:but|yet|just|only|instead|rather|now|so|simply|merely|therefore|hence|thus|this\s+time|"
    r"these\s+days|nowadays|today|until\s+then|provided|what|all|it's|it\s+is|however|still|then)\b",
    re.IGNORECASE,
)
_SEGMENT = re.compile(
    r"(?<=[,;:!?])\s+|(?<=\.)\s+|\s+[-–—]+\s+|\s+(?=but\b)|"
    r"\s+(?=(?:so|hence|and)\s+(?:just|only|simply|merely|now|instead)\b)|\s+(?=(?:so|hence)\s+(?:we|i|they)\b)",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:that|those|these|them|they|it|this|alone)\b|^(?:\w+\W*){1,3}$", re.IGNORECASE
)
_SHORT = 7
"""Words, at most, of a clause that refuses the one before it ("don't bother with those")."""


def doubtful_apart(text: str) -> tuple[str, str]:
    """Clauses without and with words that may refuse, each joined; the first may be empty."""
    clauses = _SEGMENT.split(text)
    weights = _weights(clauses)
    limit = 0 if min(weights) <= 0 else min(weights)
    clear = [c for c, weight in zip(clauses, weights, strict=True) if weight <= limit]
    doubtful = [c for c, weight in zip(clauses, weights, strict=True) if weight > limit]
    if limit and not doubtful:
        clear, doubtful = doubtful, clear
    rest = LEADING.sub("", " ".join(clear)).strip(" ,;:-")
    return rest, " ".join(doubtful)


def lacks_something(text: str) -> bool:
    """Whether a text says that something is missing, as against what there is."""
    return _LACKING.search(text) is not None


def refuses_clearly(text: str) -> bool:
    """Whether a text has words that hardly stand in a clause that asks for something."""
    return _REFUSED.search(text) is not None


def _weights(clauses: list[str]) -> list[int]:
    """How strongly each clause refuses; none does below 1."""
    weights: list[int] = []
    for number, clause in enumerate(clauses):
        refusing = 2 * bool(_REFUSED.search(clause)) or int(bool(_DOUBT.search(clause)))
        turned = bool(_TURNS.match(clause)) and number > 0
        announced = number > 0 and clauses[number - 1].endswith(":") and weights[-1] < 0
        weight = refusing - bool(_WANTED.search(clause)) - (turned or announced)
        if (
            weight > 0
            and number
            and weights[-1] <= 0
            and len(clause.split()) <= _SHORT
            and _POINTS_BACK.search(clause)
            and not _WANTED.search(clauses[number - 1])
        ):
            weights[-1] = weight
        weights.append(weight)
    return weights

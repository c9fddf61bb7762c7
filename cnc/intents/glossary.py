"""Quantities in other languages, put into English words so that one set of rules reads them."""

from __future__ import annotations

import re

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_STEPS = {"十": 10, "百": 100, "千": 1_000}
_GROUPS = {"万": 10_000, "亿": 100_000_000}
_NUMERAL = re.compile(
    r"[零〇一二两三四五六七八九十百千万亿]+(?=\s*(?:毫秒|微秒|秒|兆|名|个|位|人|台|辆|架|部|户|路|套|块|观众|用户|乘客|学生|员工|设备|车|盏|只|"
    r"家|百分|比特))"
)
_MIXED = re.compile(r"(\d+(?:\.\d+)?)\s*([万亿千百])(?!兆)")
_PERCENT = re.compile(r"百分之\s*(\d+(?:\.\d+)?)")
_CROWD = re.compile(
    r"(\d+)\s*(?:多)?\s*(?:名|个|位|台|辆|架|部|户|路|套|只|副|块(?!\s*GPU))\s*[一-鿿]{0,6}"
    r"|(\d+)\s*(?:多)?\s*(?:人|用户|观众|乘客|学生|员工|玩家|居民|病人|患者)"
)
_WORDS: tuple[tuple[str, str], ...] = (
    ("毫秒", " ms "), ("微秒", " us "), ("秒", " s "),
    ("千兆每秒", " Gbps "), ("千兆", " Gbps "), ("兆比特每秒", " Mbps "), ("兆每秒", " Mbps "),
    ("兆", " Mbps "), ("不超过", " at most "), ("不高于", " at most "), ("不大于", " at most "),
    ("不得超过", " at most "), ("低于", " below "), ("小于", " below "), ("少于", " below "),
    ("至多", " at most "), ("最多", " at most "), ("不低于", " at least "),
    ("不少于", " at least "),
    ("不小于", " at least "), ("至少", " at least "), ("大于", " above "), ("高于", " above "),
    ("超过", " above "), ("以内", " or less "), ("以下", " or less "), ("以上", " or more "),
    ("大约", " about "), ("约", " about "), ("时延", " latency "), ("延迟", " latency "),
    ("延时", " latency "), ("带宽", " data rate "), ("速率", " data rate "), ("抖动", " jitter "),
    ("可靠性", " reliability "), ("可靠度", " reliability "), ("可用性", " availability "),
    ("可靠", " reliable "), ("每个用户", " per user "), ("每用户", " per user "),
    ("每人", " per user "), ("每台", " per device "), ("总共", " total "), ("总计", " total "),
    ("总带宽", " total data rate "), ("高优先级", " high priority "),
    ("最高优先级", " top priority "),
    ("低优先级", " low priority "), ("优先级", " priority "), ("节能", " energy saving "),
    ("绿色", " green "), ("，", ", "), ("。", ". "), ("；", "; "),
    ("utilisateurs", "users"), ("Nutzer", "users"), ("Benutzer", "users"), ("usuarios", "users"),
    ("utenti", "users"), ("usuários", "users"), ("gebruikers", "users"), ("personnes", "people"),
    ("Personen", "people"), ("personas", "people"), ("persone", "people"), ("pessoas", "people"),
    ("latence", "latency"), ("Latenz", "latency"), ("latencia", "latency"), ("latenza", "latency"),
    ("latência", "latency"), ("millisecondes", "ms"), ("Millisekunden", "ms"),
    ("milisegundos", "ms"), ("millisecondi", "ms"), ("par utilisateur", "per user"),
    ("pro Nutzer", "per user"), ("por usuario", "per user"), ("per utente", "per user"),
    ("unter", "below"), ("höchstens", "at most"), ("mindestens", "at least"),
    ("inférieure à", "below"), ("au plus", "at most"), ("au moins", "at least"),
    ("inferior a", "below"), ("como máximo", "at most"), ("al menos", "at least"),
)  # fmt: skip
_PATTERNS = tuple(
    (
        re.compile(re.escape(word) if not word.isascii() else rf"\b{re.escape(word)}\b", re.I),
        english,
    )
    for word, english in sorted(_WORDS, key=lambda pair: -len(pair[0]))
)


_RUSSIAN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), english)
    for words, english in (
        (r"пользовател\w*", "users"), (r"человека?|люди|людей", "people"),
        (r"зрител\w*", "viewers"), (r"игрок\w*", "players"), (r"участник\w*", "participants"),
        (r"студент\w*", "students"), (r"пациент\w*", "patients"), (r"абонент\w*", "subscribers"),
        (r"сотрудник\w*", "employees"), (r"клиент\w*", "customers"),
        (r"(?:видео)?камер\w*", "cameras"),
        (r"датчик\w*", "sensors"), (r"устройств\w*", "devices"), (r"дрон\w*", "drones"),
        (r"робот\w*", "robots"), (r"автомобил\w*|машин\w*", "cars"), (r"сч[её]тчик\w*", "meters"),
        (r"мс|миллисекунд\w*", "ms"), (r"секунд\w*", "s"), (r"Мбит/с", "Mbps"), (r"Гбит/с", "Gbps"),
        (r"задержк\w*", "latency"), (r"над[её]жност\w*", "reliability"),
        (r"не\s+(?:более|больше|выше)|до(?=\s+\d)", "at most"),
        (r"не\s+(?:менее|меньше|ниже)", "at least"),
        (r"менее|меньше|ниже", "below"), (r"на\s+(?:каждого\s+)?пользовател\w*", "per user"),
        (r"тысяч\w*", "thousand"), (r"миллион\w*", "million"),
    )
)  # fmt: skip
"""In the order of replacement; endings are those of case and number."""
_QUANTITY = re.compile(
    r"[，,、]?(?:并且|而且|要求)?(?:端到端)?(?:时延|延迟|延时|带宽|速率|可靠性|可靠度|可用性|抖动)"
    r"(?:要求|必须|需要|要|需|须|应)?(?:不超过|不高于|不大于|不低于|不少于|低于|小于|大于|高于|至少|最多|达到|为|在|是|约)?"
    r"\s*(?:百分之)?[\d.零一二两三四五六七八九十百千万]+\s*(?:毫秒|微秒|秒|兆比特|兆|千兆|%|[MmGgKk]bps|ms)?(?:以内|以下|以上|之内)?"
    r"|(?:每(?:个)?(?:用户|人|台))?\s*[\d.]+\s*(?:毫秒|微秒|兆比特每秒|兆每秒|兆|千兆|[MmGgKk]bps|ms|%)(?:以内|以下|以上)?"
    r"|[\d零一二两三四五六七八九十百千万]+\s*(?:多)?(?:名|位|台|辆|架)"
)


def without_quantities(text: str) -> str:
    """Chinese text without its quantities, which say nothing about the service."""
    return _QUANTITY.sub("", text)


def in_english(text: str) -> str:
    """The text with numerals in digits and words of quantity in English; the rest stays."""
    text = _NUMERAL.sub(lambda m: str(_value(m[0])), text)
    text = _MIXED.sub(lambda m: f"{float(m[1]) * (_GROUPS | _STEPS)[m[2]]:.0f}", text)
    text = _PERCENT.sub(r"\1 %", text)
    text = re.sub(r"(?<=[一-鿿])(?=\d)|(?<=\d)(?=[一-鿿])", " ", text)
    text = _CROWD.sub(lambda m: f" {m[1] or m[2]} users " + m[0][len(m[1] or m[2]) :], text)
    for pattern, english in _PATTERNS:
        text = pattern.sub(english, text)
    for pattern, english in _RUSSIAN:
        text = pattern.sub(english, text)
    return " ".join(text.split())


def _value(numeral: str) -> int:
    total = group = digit = 0
    for c in numeral:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _STEPS:
            group += max(digit, 1) * _STEPS[c]
            digit = 0
        else:
            total = (total + group + digit or 1) * _GROUPS[c]
            group = digit = 0
    return total + group + digit

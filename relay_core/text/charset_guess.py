"""Which charset a few raw bytes are in when nobody says: by the letters that they make.

For header fields in 8 bits, which have no label and must become text. In each charset that is in
use without one the bytes are read, and the reading is weighed: letters that are frequent in a
language of that charset, other letters that its texts consist of, letters of its script, and what
does not belong there. What weighs most is it.
"""

# ruff: noqa: RUF001 - letters of other alphabets are what this is about

from __future__ import annotations

import re
from functools import lru_cache
from itertools import filterfalse
from typing import NamedTuple

from .charsets import decode_bytes, decoder

_MOST = 200
"""How many bytes are weighed; a subject has some dozens."""


class _Language(NamedTuple):
    """`charset`, its most `frequent` foreign letters, and a class of all letters of its `script`.

    Of a charset of two bytes for a letter, `common` is where the usual letters stand: the range of
    the first bytes. Letters of `is_latin` stand among those of ASCII.
    """

    charset: str
    frequent: frozenset[str]
    script: str
    common: range = range(0)
    is_latin: bool = False


def _language(
    charset: str, frequent: str, script: str, *, common: range = range(0), is_latin: bool = False
) -> _Language:
    return _Language(charset, frozenset(frequent), f"[{script}]", common, is_latin)


@lru_cache(maxsize=32)
def _common(charset: str, leads: range) -> frozenset[str]:
    return frozenset(
        "".join(
            decode_bytes(bytes([lead, trail]), charset)
            for lead in leads
            for trail in range(0x40, 0xFF)
        )
    ) - {"\ufffd"}


_HANZI = "\u4e00-\u9fff\u3001-\u3011\uff01-\uff1f"
_KANJI = (
    "".join(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30FD))))  # hiragana and katakana
    + "日一人年大十二本中長出三時行見月分後前生五間上東四今金九入学高円子外八六下来気小七山話女北"
    "午百書先名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨警報温度異常検知冷凍機室圧力低停"
    "止復旧故障通信断線開閉扉侵入感水位装置設備工場監視確認要注意正動作起試験定期点重要緊急完了失敗号線"
)
# The first of two that weigh the same is taken.
_LANGUAGES = (
    _language(
        "cp1252",
        "äöüßéèàçêâîôûñáíóúãõåøæÄÖÜÉÅØÆÑÇëïòùì°€§²³µ®–’“”…«»",
        "À-ÿŒœŠšŽžŸ¡-¿‘-„•",
        is_latin=True,
    ),
    _language("cp1255", "יוהלאמרתבשנ", "א-ת"),
    _language("cp1251", "оеаинтсрвлкмдпуОЕАИНТСРВЛ", "А-яЁёЄєІіЇїҐґЎў№«»–—°"),
    _language("koi8-r", "оеаинтсрвлкмдпуОЕАИНТСРВЛ", "А-яЁё°"),
    _language("cp1254", "ışğİçöüŞĞÇÖÜ", "À-ÿ°", is_latin=True),
    _language("cp1250", "ąćęłńóśźżáčďéěíňřšťúůýžőűöüôľŠŽČŘŚŁŻÁÉ°", "À-ž‘-„–—°", is_latin=True),
    _language("cp1253", "αοιετσνηυρπκμλςάέίόύήώ", "Ά-ώ°«»"),
    _language("cp1256", "المينترودبسعكة", "ء-ي،؟"),
    _language("cp874", "านรอกเงมยลวดทสตะปบคหแ่้ัิีุูไใ", "ก-๛"),
    _language(
        "cp949",
        "이다는의에을가고를은로한하도지사기자아대리시인나어서해일정보부상제수과적들만주그전여구관성"
        "공경장선면동내거유조우것원소비방신치스라실안오문화생무모중세발식연등으있없알림온높낮차단감카메"
        "입결끊김류작배터습니됩생긴급력량",
        "가-힣",
        common=range(0xB0, 0xC9),
    ),
    _language(
        "gb18030",
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后"
        "作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只"
        "从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应向"
        "头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东"
        "声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再"
        "感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光"
        "放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院"
        "警温压低断故障房检测号移开闭门",
        _HANZI,
        common=range(0xB0, 0xD8),
    ),
    _language(
        "cp950",
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後"
        "作里用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只"
        "從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應向"
        "頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東"
        "聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再"
        "感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光"
        "放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院"
        "警溫壓低斷故障房檢測號移開閉",
        _HANZI,
        common=range(0xA4, 0xC7),
    ),
    _language("cp932", _KANJI, "ぁ-ヶー々" + _HANZI, common=range(0x82, 0x99)),
    _language("cp51932", _KANJI, "ぁ-ヶー々" + _HANZI, common=range(0xA4, 0xD0)),
)


def guess_charset(content: bytes) -> str:
    """The likeliest charset of raw bytes that are not ASCII, by the first of them."""
    first = re.search(rb"[\x80-\xff]", content)
    start = max(0, first.start() - _MOST // 4) if first else 0
    return _guess(content[start : start + _MOST])


@lru_cache(maxsize=256)  # the same device, the same subject; no long value is kept
def _guess(sample: bytes) -> str:
    return max(_LANGUAGES, key=lambda language: _weight(sample, language)).charset


def _weight(sample: bytes, language: _Language) -> float:
    """How much of the foreign bytes is language in a charset, from -1 to 1."""
    charset = language.charset
    try:
        text = decoder(charset, sample, "strict").decode(sample)
    except UnicodeDecodeError:
        text = decode_bytes(sample, charset)
    foreign = _ASCII.sub("", text)
    if not foreign:
        return -1
    others = list(filterfalse(language.frequent.__contains__, foreign))
    usual = _common(charset, language.common)
    rest = "".join(filterfalse(usual.__contains__, others))
    of_script = len(re.findall(language.script, rest))  # compiled for those who need it
    frequent, common = len(foreign) - len(others), len(others) - len(rest)
    weights = frequent + 0.6 * common + 0.3 * of_script - (len(rest) - of_script)
    odd = len(_ODD.findall(text))
    if language.is_latin:
        odd += sum(map(len, _RUN.findall(text)))
    return (weights - odd) / len(foreign)


# A capital behind a small letter, a letter of another alphabet beside one of ASCII, a sign in a
# word; and many foreign letters in a row.
_ODD = re.compile(
    r"[а-яёß-öø-ÿα-ώ][А-ЯЁÀ-ÖØ-ÞΆ-Ω]|[A-Za-z][А-яЁёΆ-ώא-תء-يก-๛]|[А-яЁёΆ-ώא-תء-يก-๛][A-Za-z]"
    r"|[^\W\d_][¡-¿×÷²-´¸-¿‘-„][^\W\d_]"
)
_ASCII = re.compile(r"[\x00-\x7f]+")
_RUN = re.compile(r"[À-ſ¡-¿‘-„]{3,}")

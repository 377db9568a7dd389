"""Which codec reads text in the character set that a mail names?

Python's other codecs are no character sets (punycode, unicode_escape) or none of mail (EBCDIC). Punycode is quadratic,
and looking up a name that no codec has searches the disk for a module: names from outside must pass here first.
"""

import re
from encodings import normalize_encoding
from encodings.aliases import aliases

_MAIL_CODEC = re.compile(
    r"""ascii | utf_7 | utf_8 | utf_(?:16|32)(?:_[bl]e)?
    | latin_1 | iso8859_(?:[2-9]|1[013-6]) | cp125[0-8]
    | cp(?:437|720|737|775|85[02578]|86[0-69]|874|1125) | hp_roman8 | tis_620
    | koi8_[rtu] | kz1048 | ptcp154
    | mac_(?:arabic|croatian|cyrillic|farsi|greek|iceland|latin2|roman|romanian|turkish)
    | big5(?:hkscs)? | cp950 | gb2312 | gbk | gb18030 | hz
    | euc_kr | cp949 | johab | iso2022_kr
    | shift_jis(?:_2004|x0213)? | cp932 | euc_jp | euc_jis_2004 | euc_jisx0213 | iso2022_jp(?:_[123]|_2004|_ext)?""",
    re.VERBOSE,
)
# Names that mail uses and Python does not know; RFC 1556 (logical and explicit order), WHATWG Encoding §4.2.
_MORE_ALIASES = {
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "windows_874": "cp874",
    "x_sjis": "cp932",
    "x_gbk": "gb18030",
    "x_mac_roman": "mac_roman",
    "x_mac_cyrillic": "mac_cyrillic",
}
# The larger set that programs mean when they name the smaller one, as browsers take it (WHATWG Encoding §4.2).
_SUPERSETS = {
    "ascii": "utf_8",
    "latin_1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis_620": "cp874",
}


def find_codec(charset: str) -> str | None:
    """The name of the codec that reads it in linear time; None for what is no character set of mail.

    Where senders name a set and use a larger one, the codec of the larger: `"us-ascii"` is read by `"utf_8"`.
    """
    name = normalize_encoding(charset).lower()
    codec = aliases.get(name) or _MORE_ALIASES.get(name, name)
    return _SUPERSETS.get(codec, codec) if _MAIL_CODEC.fullmatch(codec) else None

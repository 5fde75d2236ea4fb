"""The languages that Whisper knows: codes, names, and what people write for them.

Source: openai-whisper, `tokenizer.LANGUAGES` and `TO_LANGUAGE_CODE`.
"""

from __future__ import annotations

from earwitness.errors import OptionError

_NAMES = """
af afrikaans am amharic ar arabic as assamese az azerbaijani ba bashkir be belarusian bg bulgarian bn bengali bo tibetan
br breton bs bosnian ca catalan cs czech cy welsh da danish de german el greek en english es spanish et estonian
eu basque fa persian fi finnish fo faroese fr french gl galician gu gujarati ha hausa haw hawaiian he hebrew hi hindi
hr croatian ht haitian_creole hu hungarian hy armenian id indonesian is icelandic it italian ja japanese jw javanese
ka georgian kk kazakh km khmer kn kannada ko korean la latin lb luxembourgish ln lingala lo lao lt lithuanian
lv latvian mg malagasy mi maori mk macedonian ml malayalam mn mongolian mr marathi ms malay mt maltese my myanmar
ne nepali nl dutch nn nynorsk no norwegian oc occitan pa punjabi pl polish ps pashto pt portuguese ro romanian
ru russian sa sanskrit sd sindhi si sinhala sk slovak sl slovenian sn shona so somali sq albanian sr serbian
su sundanese sv swedish sw swahili ta tamil te telugu tg tajik th thai tk turkmen tl tagalog tr turkish tt tatar
uk ukrainian ur urdu uz uzbek vi vietnamese yi yiddish yo yoruba yue cantonese zh chinese
""".split()
_OTHER_NAMES = """
my burmese ca valencian nl flemish ht haitian lb letzeburgesch ps pushto pa panjabi ro moldavian ro moldovan
si sinhalese es castilian zh mandarin
""".split()

NAMES = {code: name.replace("_", " ") for code, name in zip(_NAMES[::2], _NAMES[1::2], strict=True)}
"""ISO 639-1 codes (and three longer ones) -> English names, without capitals."""
_CODES = {name: code for code, name in NAMES.items()} | dict(zip(_OTHER_NAMES[1::2], _OTHER_NAMES[::2], strict=True))


def code_of(language: str) -> str:
    """The code of a language that is called by its code, with a country or not, or by its English name.

    >>> code_of("en"), code_of("pt-BR"), code_of("Haitian Creole")
    ('en', 'pt', 'ht')

    Raises:
        OptionError: no language is called so.
    """
    asked = " ".join(language.casefold().replace("_", "-").split())
    code = _CODES.get(asked) or asked.partition("-")[0]
    if code not in NAMES:
        raise OptionError(f"language {language[:40]!r}: no language is called so here; give a code such as en, or auto")
    return code

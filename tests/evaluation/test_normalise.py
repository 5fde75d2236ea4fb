"""The rules agree with openai-whisper's to the letter."""

from __future__ import annotations

import pytest

from earwitness.errors import OptionError
from earwitness.evaluation.normalise import by_characters, guess_language, normaliser, primary, simple

# What `EnglishTextNormalizer` of openai-whisper 20250625 itself makes of each text (white space at the ends removed).
ENGLISH = [
    (
        "I won't, can't, shan't; let's go, y'all ain't gonna, wanna or gotta.",
        "i will not can not sha not let us go you all aint going to want to or got to",
    ),
    (
        "He'd been there, she's gone, they'd done it, it's got a hole.",
        "he had been there she has gone they had done it it has got a hole",
    ),
    (
        "I'd say we'll see, they're sure, you've won, I'm in, it's cold, 'tisn't.",
        "i would say we will see they are sure you have won i am in it is cold tis not",
    ),
    (
        "Mr. Brown, Mrs. Green, Dr. Who and Prof. Plum of St. Ives, Jr., esq.",
        "mister brown missus green doctor who and professor plum of saint ives junior esquire",
    ),
    ("I kinda sorta dunno, 'cause it's a lost cause.", "i kinda sorta dunno cause it is a lost cause"),
    ("Twenty-one thousand three hundred and five, or 21,305?", "21305 or 21305"),
    ("nineteen eighty four and the sixties, 1960s, the twenty-first, 3rd", "1984 and the 60s 1960s the 21st 3rd"),
    (
        "one oh one, double seven, triple oh, minus five, point five, three point one four",
        "10177000 -5.53.14",
    ),
    (
        "Ten thousand dollars and five cents; $2 and ¢7; £3.50; fifty percent, 50 per cent",
        "$10000.05 $2.07 £3.5050% 50%",
    ),
    ("two and a half million; one hundred and one; a hundred; one; ones", "2500101 a 1011s"),
    (
        "The colour of the grey aeroplane's tyre: we analysed, organised and travelled to the theatre.",
        "the color of the gray airplane is tire we analyzed organized and traveled to the theater",
    ),
    ("Uh, um, mm, mhm, hmm, mmm, well, umbrella.", "well umbrella"),
    ("[Music] Hello (laughs) there <noise> you <b>all</b>.", "hello there you all"),
    (
        "Don’t mix ’em — “quotes” … and dashes – café naïve Ærøskøbing, Straße.",
        "don t mix em quotes . and dashes cafe naive aeroskobing strasse",
    ),
    ("U.S.A. vs. U.K., e.g. 3.5% of $1.50, no. 7.", "u s a vs u k e g 3.5% of one.50 no 7"),
    ("AT&T & R&D: email me @ home #1, C++ / C#.", "at t r d email me home one c c"),
    ("o'clock rock 'n' roll the boys' toys 'Kay", "0 clock rock n roll the boys toys kay"),
    (
        "It cost 1 and 10 and 100 in 2024 at 5:30pm, on 4/5, ½ cup, x² + y³",
        "it cost one and 10 and 100 in 2024 at 5 30 pm on 4 5 one 2 cup x 2 y 3",
    ),
    ("", ""),
    ("...", "."),
    ("ONE TWO THREE\n\nfour\tfive", "12345"),
]
# The same of `BasicTextNormalizer()`, and below of `BasicTextNormalizer(split_letters=True)`.
BASIC = [
    ("Ça coûte 3,50 € (environ) — l’été !", "ça coûte 3 50 l été"),
    ("Straße & Œuvre: ÆRØ [Musik]", "straße œuvre ærø"),
    ("Это «старый» мост…", "это старый мост"),
    ("한국어, 좋아요!", "한국어 좋아요"),
    ("हिन्दी में, ठीक है।", "ह न द म ठ क ह"),
    ("العربية: مرحبا؟", "العربية مرحبا"),
]
SPLIT = [
    ("zh", "今天,天气很好。2024年", "今 天 天 气 很 好 2 0 2 4 年"),
    ("ja", "今日は、いい天気です。がぎ", "今 日 は い い 天 気 で す が ぎ"),
    ("th", "สวัสดีครับ", "ส ว ส ด ค ร บ"),
    ("yue", "ABC大学へ行く", "a b c 大 学 へ 行 く"),
]


@pytest.mark.parametrize(("text", "expected"), ENGLISH)
def test_english_is_whispers(text: str, expected: str) -> None:
    rules, normalised = normaliser("english", None)
    assert (rules, normalised(text)) == ("whisper-english", expected)


@pytest.mark.parametrize(("text", "expected"), BASIC)
def test_basic_is_whispers(text: str, expected: str) -> None:
    rules, normalised = normaliser("basic", "fr")
    assert (rules, normalised(text)) == ("whisper-basic", expected)


@pytest.mark.parametrize(("language", "text", "expected"), SPLIT)
def test_languages_without_spaces_are_parted_into_characters(language: str, text: str, expected: str) -> None:
    assert normaliser("auto", language)[1](text) == expected
    assert by_characters("whisper-basic", language)


@pytest.mark.parametrize(
    ("language", "rules"),
    [("en", "whisper-english"), ("en-GB", "whisper-english"), (None, "whisper-english"), ("und", "whisper-english"),
     ("de", "whisper-basic"), ("pt_BR", "whisper-basic"), ("ZH", "whisper-basic")],
)  # fmt: skip
def test_auto_goes_by_the_language(language: str | None, rules: str) -> None:
    assert normaliser("auto", language)[0] == rules


def test_none_only_joins_lines() -> None:
    rules, normalised = normaliser("none", "en")
    assert (rules, normalised(" It's  NOT\n\tone. ")) == ("none", "It's NOT one.")


def test_an_unknown_rule_set_names_those_there_are() -> None:
    with pytest.raises(OptionError, match="'french'; there are auto, english, basic, none"):
        normaliser("french", None)


def test_primary_codes() -> None:
    assert [primary(code) for code in ("EN-us", "eng", "English", "auto", "", None)] == ["en", "en", "en", *[None] * 3]


@pytest.mark.parametrize(
    ("text", "language"),
    [("Hello, it is 5 o'clock", None), ("", None), ("123 …", None), ("今日はいい天気ですね", "ja"), ("今天很好", "zh"),
     ("สวัสดี", "th"), ("Это старый мост, OK?", "ru"), ("안녕하세요", "ko"), ("Wir fahren nach 東京", None)],
)  # fmt: skip
def test_the_script_tells_a_language(text: str, language: str | None) -> None:
    assert guess_language(text) == language


@pytest.mark.parametrize(
    ("word", "expected"),
    [(" Hello,", "hello"), ("“Don’t!”", "don't"), ("'Kay.", "kay"), ("U-boat", "u-boat"), ("ﬁve", "five"),
     ("$20", "20"), ("GROSSE", "grosse"), ("große", "grosse"), (" — ", ""), ("", ""), ("です。", "です")],
)  # fmt: skip
def test_simple(word: str, expected: str) -> None:
    assert simple(word) == expected

"""What espeak-ng says, and that its words are where it says them."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

from earwitness.engines import espeak
from earwitness.engines.espeak import Speech, speak
from earwitness.errors import ExtraError, OptionError

pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")
pytest.importorskip("soxr", reason="speech needs the extra tts")

BREATHY_VOICE = "en-us+f2"
PLAIN_VOICE = "en-us+m3"
ECHO_VOICE = "en-us+f4"
"""This one has an echo of its own, 20 dB and more below the voice."""
STORY = (
    "Good morning, dear listeners. In January, a great storm destroyed the wooden bridge; nobody was hurt. "
    "It's an old, old story, isn't it? Thank you!"
)


def level_db(samples: np.ndarray) -> float:
    return 20 * float(np.log10(np.sqrt(np.mean(samples**2)) + 1e-9))


def between(speech: Speech, start: float, end: float) -> np.ndarray:
    return speech.samples[round(start * 16000) : round(end * 16000)]


def pauses(speech: Speech, longer_than_s: float = 0.04) -> list[tuple[float, float]]:
    gaps = [(before.end, after.start) for before, after in pairwise(speech.words)]
    return [(start, end) for start, end in gaps if end - start > longer_than_s]


def test_phonemes_follow_one_another_and_pauses_are_quiet() -> None:
    speech = speak("Hello, world! She sat.", PLAIN_VOICE)
    assert all(before.end == after.start for before, after in pairwise(speech.phonemes))
    assert speech.phonemes[-1].end == pytest.approx(speech.duration, abs=1e-3)
    said = [sound for sound in speech.phonemes if not sound.name.startswith(espeak.PAUSE)]
    assert [sound.name.strip("',:") for sound in said] == "h @ l oU w 3 l d S i s a t".split()
    quiet = [sound for sound in speech.phonemes if sound not in said and sound.end - sound.start > 0.05]
    assert len(quiet) == 2
    assert all(level_db(between(speech, sound.start + 0.02, sound.end)) < -60 for sound in quiet)
    vowels = [sound for sound in said if sound.name.strip("',:") in ("@", "oU", "3", "i", "a")]
    assert all(level_db(between(speech, sound.start, sound.end)) > -30 for sound in vowels)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It is twenty-one, isn't it?", ["It", "is", "twenty-one,", "isn't", "it?"]),
        ("Pay 3.5 percent or $1,234 in 2024.", ["Pay", "3.5", "percent", "or", "$1,234", "in", "2024."]),
        ("Dr. Smith vs. Mrs. Jones at 5 p.m.", ["Dr.", "Smith", "vs.", "Mrs.", "Jones", "at", "5", "p.m."]),
        ("“Quoted,” she said — “well…” (so on)", ["“Quoted,”", "she", "said —", "“well…”", "(so", "on)"]),
        ("— Hello - there –", ["— Hello", "-", "there –"]),
        ("The end. don't can't!", ["The", "end.", "don't", "can't!"]),
        ("of the dog in the house", ["of", "the", "dog", "in", "the", "house"]),
        ("I live in a naïve café, señor", ["I", "live", "in", "a", "naïve", "café,", "señor"]),
        ("😀 smile 😀", ["😀", "smile", "😀"]),
        ("a\x01b c\x00d\ud800e", ["a", "b", "c", "d", "e"]),
    ],
)
def test_every_word_of_the_text_gets_a_time(text: str, words: list[str]) -> None:
    speech = speak(text, PLAIN_VOICE)
    assert [word.text for word in speech.words] == words
    assert all(0 <= word.start < word.end <= speech.duration for word in speech.words)
    assert all(before.end <= after.start for before, after in pairwise(speech.words))
    assert all(text.startswith(word.text, word.offset) for word in speech.words)


@pytest.mark.parametrize(
    ("voice", "text", "words"),
    [
        ("ru", "Привет, мир! 2024 год.", ["Привет,", "мир!", "2024", "год."]),
        ("hi", "नमस्ते दुनिया, यह है।", ["नमस्ते", "दुनिया,", "यह", "है।"]),
        ("ar", "مرحبا بالعالم، هذا.", ["مرحبا", "بالعالم،", "هذا."]),
        ("cmn", "你好，hello 谢谢。", ["你", "好，", "hello", "谢", "谢。"]),
    ],
)
def test_characters_of_several_bytes_are_counted_as_one(voice: str, text: str, words: list[str]) -> None:
    """Else the pauses would not be where the punctuation is."""
    speech = speak(text, voice)
    assert [word.text for word in speech.words] == words
    assert all(text.startswith(word.text, word.offset) for word in speech.words)
    before_pauses = [before.text for before, after in pairwise(speech.words) if after.start - before.end > 0.1]
    assert before_pauses == [word for word in words[:-1] if word[-1] in ",!،，"]


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "—", "\n\t"])
def test_nothing_to_say_makes_no_sound(text: str) -> None:
    speech = speak(text)
    assert len(speech.samples) == 0
    assert speech.words == ()


@pytest.mark.parametrize(("voice", "silence_db"), [(PLAIN_VOICE, -60.0), (ECHO_VOICE, -38.0)])
def test_words_sound_and_the_pauses_between_them_do_not(voice: str, silence_db: float) -> None:
    speech = speak(STORY, voice)
    assert speech.samples.dtype == np.float32
    assert all(level_db(between(speech, word.start, word.end)) > -32 for word in speech.words)
    gaps = pauses(speech)
    assert len(gaps) >= 6
    assert all(level_db(between(speech, start + 0.005, end - 0.005)) < silence_db for start, end in gaps)


@pytest.mark.parametrize("voice", [PLAIN_VOICE, ECHO_VOICE, "en-gb-scotland+m2", "de"])
def test_a_word_after_a_pause_begins_with_its_first_sound(voice: str) -> None:
    speech = speak(STORY, voice)
    after_pauses = [speech.words[0].start, *(end for _, end in pauses(speech))]
    for start in after_pauses:
        around = np.abs(between(speech, max(0.0, start - 0.03), start + 0.2))
        first = np.flatnonzero(around > 0.02)[0] / 16000 + max(0.0, start - 0.03)
        assert abs(first - start) < 0.02


def test_a_word_before_a_pause_ends_with_its_last_sound() -> None:
    speech = speak(STORY, PLAIN_VOICE)
    for end, _ in pauses(speech):
        loud = np.flatnonzero(np.abs(between(speech, end - 0.1, end + 0.04)) > 0.003)
        assert abs(loud[-1] / 16000 - 0.1) < 0.01


def test_the_words_of_a_beginning_are_where_they_are_in_the_whole() -> None:
    """A text cut after a sentence is the same up to there: the times do not depend on what the library read ahead."""
    whole, part = speak(STORY, PLAIN_VOICE), speak(STORY[: STORY.index(" In ")], PLAIN_VOICE)
    assert whole.words[: len(part.words)] == part.words
    end = round(part.words[-1].end * 16000) - 100
    np.testing.assert_allclose(whole.samples[:end], part.samples[:end], atol=2e-3)


def test_the_same_words_always_sound_the_same() -> None:
    first = speak("Hello there, my friend.", ECHO_VOICE)
    speak("Something else entirely.", "de", rate_wpm=300, pitch=90)
    again = speak("Hello there, my friend.", ECHO_VOICE)
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.words == again.words


def test_breath_does_not_depend_on_the_time_of_day() -> None:
    """espeak-ng seeds its random numbers with the second in which it is loaded."""
    second = int(time.time())
    breathy = speak("Hello.", BREATHY_VOICE)
    while int(time.time()) == second:
        time.sleep(0.01)
    np.testing.assert_array_equal(breathy.samples, speak("Hello.", BREATHY_VOICE).samples)


def test_threads_do_not_get_into_each_others_way() -> None:
    texts = ["One sentence about a bridge.", "Another one about the wind.", "A third."] * 4
    alone = [speak(text) for text in texts[:3]] * 4
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(speak, texts))
    for expected, found in zip(alone, together, strict=True):
        np.testing.assert_array_equal(expected.samples, found.samples)


def test_rate_and_pitch_are_obeyed() -> None:
    def height_hz(speech: Speech) -> float:
        """Of the vowel, by autocorrelation."""
        samples = between(speech, 0.2, 0.4)
        likeness = np.correlate(samples, samples, "full")[len(samples) :]
        return 16000 / (32 + 1 + int(np.argmax(likeness[32:320])))

    slow, fast = speak(STORY, rate_wpm=100), speak(STORY, rate_wpm=200)
    assert 1.6 < slow.duration / fast.duration < 2.4
    low, high = (speak("Aaaaah", PLAIN_VOICE, pitch=pitch, pitch_range=0) for pitch in (20, 80))
    assert height_hz(high) > 1.3 * height_hz(low)


@pytest.mark.parametrize(
    ("voice", "hint"),
    [("en-uk", "near are en-us"), ("en-us+f44", "near are f4"), ("klingon", "try en-us"), ("", "try")],
)
def test_an_unknown_voice_is_told_with_its_neighbours(voice: str, hint: str) -> None:
    with pytest.raises(OptionError, match=hint):
        speak("Hello.", voice)
    with pytest.raises(OptionError, match=hint):
        espeak.require_voice(voice)


def test_voices_are_known_by_language_and_by_file() -> None:
    assert espeak.voices()["en-gb"] == espeak.voices()["gmw/en"] == "en"
    assert [espeak.require_voice(voice) for voice in ("EN-US", "de", "cmn", "pt-br+f2")] == ["en", "de", "zh", "pt"]
    assert not any(voice.startswith("mb") for voice in espeak.voices())
    np.testing.assert_array_equal(speak("Hi there.", "en-us").samples, speak("Hi there.", "gmw/en-US").samples)


@pytest.mark.parametrize("option", [{"rate_wpm": 10}, {"rate_wpm": 1000}, {"pitch": -1}, {"pitch_range": 100}])
def test_numbers_out_of_range_are_refused(option: dict[str, int]) -> None:
    with pytest.raises(OptionError, match=f"{next(iter(option))} must lie between"):
        speak("Hello.", **option)  # type: ignore[arg-type]


@pytest.mark.parametrize("package", ["espeakng_loader", "soxr"])
def test_a_missing_package_is_told_with_the_remedy(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExtraError, match=rf"{package} .*pip install 'earwitness\[tts\]'"):
        speak("Hello.")

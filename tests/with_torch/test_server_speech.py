"""/v1/audio/speech by networks, small and with random weights, through the server's own process for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

import hub_cache
import random_speech
from earwitness.engines import speecht5, vits
from earwitness.errors import ModelError
from earwitness.options import PretrainedOptions, SpeechOptions
from earwitness.server import speech
from earwitness.server.problems import FailedError, ParameterError
from earwitness.server.speaker import Speaker

TEXT = "Hi, Ada."


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> PretrainedOptions:
    """A hub's cache that has the models of these names."""
    cache = tmp_path_factory.mktemp("hub")
    random_speech.write_speecht5(hub_cache.snapshot(cache, speecht5.MODEL))
    random_speech.write_vocoder(hub_cache.snapshot(cache, speecht5.VOCODER))
    random_speech.write_vits(hub_cache.snapshot(cache, vits.MODEL))
    choir = hub_cache.snapshot(cache, "facebook/mms-tts-deu")
    random_speech.write_vits(choir, num_speakers=3, speaker_embedding_size=4)
    return PretrainedOptions(cache=cache, offline=True, threads=1)


@pytest.fixture(scope="module")
def speaker() -> Iterator[Speaker]:
    made = Speaker()
    yield made
    made.stop()


def said(speaker: Speaker, options: SpeechOptions, text: str = TEXT) -> bytes:
    return asyncio.run(speaker.spoken(speech.Asked(text, options, "pcm")))


def expected(options: SpeechOptions) -> bytes:
    return speech.spoken(speech.Asked(TEXT, options, "pcm"))


@pytest.mark.parametrize(
    ("model", "engine", "voice"),
    [
        ("speecht5", "speecht5", "alloy"),
        (speecht5.MODEL, "speecht5", "nova"),
        ("vits", "vits", "alloy"),
        (vits.MODEL, "vits", "alloy"),
        ("facebook/mms-tts-deu", "vits", "2"),
    ],
)
def test_a_network_speaks_by_its_name(
    model: str, engine: str, voice: str, here: PretrainedOptions, speaker: Speaker
) -> None:
    options = speech.options_of(model, voice, 1.0, here)
    assert options.engine == engine
    sound = said(speaker, options)
    assert np.abs(np.frombuffer(sound, "<i2")).max() > 100
    assert sound == expected(options)


def test_voices_are_told_apart(here: PretrainedOptions, speaker: Speaker) -> None:
    for model, voices in (("speecht5", ("alloy", "onyx")), ("facebook/mms-tts-deu", ("0", "1"))):
        first, second = (said(speaker, speech.options_of(model, voice, 1.0, here)) for voice in voices)
        assert first != second
    fast = speech.options_of("vits", "alloy", 2.0, here)
    usual = speech.options_of("vits", "alloy", 1.0, here)
    assert len(said(speaker, fast)) < 0.7 * len(said(speaker, usual))


def test_what_is_wrong_is_said_and_the_next_text_is_spoken(here: PretrainedOptions, speaker: Speaker) -> None:
    for wrong in ("/etc/passwd", "voice.npy", "Ada", "3" * 99 + "x"):
        with pytest.raises(ParameterError, match="voice"):
            speech.options_of("speecht5", wrong, 1.0, here)
    with pytest.raises(ModelError, match="not in the cache and --offline forbids a download"):
        said(speaker, speech.options_of("facebook/mms-tts-fra", "alloy", 1.0, here))
    options = speech.options_of("vits", "alloy", 1.0, here)
    with pytest.raises(Exception, match="has no sound for any of this text"):
        said(speaker, options, "Привет.")
    assert said(speaker, options) == expected(options)


def test_who_goes_away_ends_what_is_being_said_and_so_does_the_server(here: PretrainedOptions) -> None:
    speaker, options = Speaker(), speech.options_of("vits", "alloy", 1.0, here)
    long = speech.Asked("And so it was. " * 250, options, "pcm")

    async def left(*, stopping: bool) -> None:
        work = asyncio.ensure_future(speaker.spoken(long))
        await asyncio.sleep(0)
        while not (process := speaker.process):
            await asyncio.sleep(0.01)
        if stopping:
            speaker.stop()
            with pytest.raises(FailedError, match="has died"):
                await work
        else:
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
        await asyncio.to_thread(process.join, 10)
        assert not process.is_alive()

    for stopping in (False, True):
        asyncio.run(left(stopping=stopping))
    assert said(speaker, options) == expected(options)
    speaker.stop()

"""OpenAI's own Python client, asked for what it can ask for."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

for _needed in ("fastapi", "uvicorn", "httpx", "openai"):
    pytest.importorskip(_needed, reason=f"the server is tested with {_needed}, which is not installed")

import av  # noqa: E402
import numpy as np  # noqa: E402
import openai  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from earwitness.audio import load  # noqa: E402
from earwitness.engines import hub  # noqa: E402
from earwitness.library.store import Library  # noqa: E402
from earwitness.server import keys  # noqa: E402
from earwitness.server import openai as told  # noqa: E402
from earwitness.server.problems import FailedError  # noqa: E402
from factories import make_transcript  # noqa: E402
from server_process import DEMO, Served, serving, until  # noqa: E402
from sounds import EPISODE, speech, write_wav  # noqa: E402


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("openai"), DEMO) as served:
        yield served


@pytest.fixture(scope="module")
def client(server: Served) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0, timeout=120)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("sounds") / "talk.wav", speech(14.0))


def heard(client: openai.OpenAI, path: Path, **options: Any) -> Any:
    return client.audio.transcriptions.create(model="whisper-1", file=path, **options)


def test_a_transcript_comes_in_every_form_and_none_is_kept(server: Served, client: openai.OpenAI, talk: Path) -> None:
    plain = heard(client, talk)
    assert len(plain.text.split()) > 15
    assert (plain.usage.type, plain.usage.seconds) == ("duration", 14.0)
    assert heard(client, talk, response_format="text").strip() == plain.text
    assert re.match(r"1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n", heard(client, talk, response_format="srt"))
    assert heard(client, talk, response_format="vtt").startswith("WEBVTT\n\n")
    verbose = heard(client, talk, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert (verbose.text, verbose.duration, verbose.language) == (plain.text, 14.0, "english")
    assert " ".join(word.word for word in verbose.words).split() == plain.text.split()
    assert all(0 <= word.start <= word.end <= 14 for word in verbose.words)
    assert "".join(one.text for one in verbose.segments).strip() == plain.text
    assert all(one.avg_logprob < 0 <= one.no_speech_prob for one in verbose.segments)
    words = Tokenizer.from_file(str(hub.find(hub.DEMO, offline=True) / "tokenizer.json"))
    assert [words.decode(one.tokens) for one in verbose.segments] == [one.text for one in verbose.segments]
    assert {one.temperature for one in verbose.segments} == {0.0}
    warm = heard(client, talk, response_format="verbose_json", temperature=0.5)
    assert {one.temperature for one in warm.segments} == {0.5}
    assert heard(client, talk, response_format="verbose_json").words is None
    assert heard(client, talk, response_format="verbose_json", timestamp_granularities=["word"]).segments is None
    with server.client() as own:
        assert own.get("/api/jobs").json() == own.get("/api/episodes").json() == []
    assert server.kept() == server.coming() == []


def test_speakers_are_told_apart_and_those_who_are_known_named(client: openai.OpenAI, tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "talk.wav", speech(30.0))
    found = heard(client, sound, response_format="diarized_json")
    first = found.segments[0]
    assert (first.type, first.id, first.speaker, found.task) == (
        "transcript.text.segment",
        "seg_000",
        "A",
        "transcribe",
    )
    speakers = {one.speaker for one in found.segments}
    assert len(speakers) >= 2
    assert speakers <= set("ABCDEFGH")
    own = [one for one in found.segments if one.speaker == "A"]
    longest = max(own, key=lambda one: one.end - one.start)
    assert longest.end - longest.start > 3
    voice = write_wav(tmp_path / "ada.wav", speech(longest.end - longest.start, start=longest.start))
    url = "data:audio/wav;base64," + base64.b64encode(voice.read_bytes()).decode()
    known = {"known_speaker_names": ["Ada"], "known_speaker_references": [url]}
    named = heard(client, sound, response_format="diarized_json", extra_body=known)
    assert {one.speaker for one in named.segments if one.id == longest.id} == {"Ada"}
    assert {one.speaker for one in named.segments} - {"Ada"} <= set("ABCDEFGH")
    for wrong in (
        {"known_speaker_names": ["Ada"]},
        {**known, "known_speaker_references": ["data:,x"]},
    ):
        with pytest.raises(openai.BadRequestError):
            heard(client, sound, response_format="diarized_json", extra_body=wrong)
    events = [*heard(client, sound, response_format="diarized_json", stream=True)]
    assert [one.type for one in events].count("transcript.text.segment") == len(found.segments)
    assert events[-1].type == "transcript.text.done"


def running(server: Served) -> int:
    """How many jobs are being done now."""
    with server.client() as own:
        found = re.search(r'earwitness_jobs\{state="running"\} (\d+)', own.get("/metrics").text)
    assert found
    return int(found[1])


def test_a_stream_comes_while_the_recording_is_heard_and_goes_on_where_a_worker_dies(
    server: Served, client: openai.OpenAI, tmp_path: Path
) -> None:
    sound = write_wav(tmp_path / "talk.wav", speech(90.0))
    whole = heard(client, sound).text
    with heard(client, sound, stream=True) as events:
        first = next(events)
        assert first.type == "transcript.text.delta"
        assert running(server) == 1
        assert whole.startswith(first.delta)
        assert len(first.delta) < len(whole) / 2
        [child] = server.children()
        child.kill()
        *deltas, done = [first, *events]
    assert {one.type for one in deltas} == {"transcript.text.delta"}
    assert done.type == "transcript.text.done"
    assert "".join(one.delta for one in deltas) == done.text == whole


def test_a_stream_tells_how_sure_each_word_is(server: Served, talk: Path) -> None:
    async def told() -> list[Any]:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
            events = await client.audio.transcriptions.create(
                model="gpt-4o-transcribe", file=talk, stream=True, include=["logprobs"]
            )
            return [event async for event in events]

    *deltas, done = asyncio.run(told())
    words = [word for one in deltas for word in one.logprobs]
    assert "".join(word.token for word in words) == "".join(one.delta for one in deltas) == done.text
    assert [word.to_dict() for word in words] == [word.to_dict() for word in done.logprobs]
    assert all(word.logprob <= 0 and bytes(word.bytes).decode() == word.token for word in words)


def test_a_stream_of_silence_is_its_end(client: openai.OpenAI, tmp_path: Path) -> None:
    [done] = heard(client, write_wav(tmp_path / "silence.wav", np.zeros(48_000)), stream=True)
    assert (done.type, done.text) == ("transcript.text.done", "")


def test_words_that_were_told_are_not_taken_back() -> None:
    made = make_transcript()
    events = told.Events(logprobs=False)
    events.delta(made.words[:2])
    assert [json.loads(one.removeprefix(b"data: ")) for one in events.end(made, None)][-1]["text"] == told.text_of(made)
    otherwise = told.Events(logprobs=False)
    otherwise.delta([replace(made.words[0], word=" Otherwise")])
    with pytest.raises(FailedError, match="a second time, and otherwise"):
        [*otherwise.end(made, None)]


def test_whoever_leaves_a_stream_frees_its_worker(server: Served, client: openai.OpenAI) -> None:
    with heard(client, EPISODE, stream=True) as events:
        next(events)
        assert running(server) == 1
    until(lambda: running(server) == 0, 10)
    until(lambda: server.coming() == [])


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("response_format", {"response_format": "mp3"}),
    ("timestamp_granularities[]", {"timestamp_granularities": ["letter"], "response_format": "verbose_json"}),
    ("timestamp_granularities[]", {"timestamp_granularities": ["word"]}),
    ("include[]", {"include": ["everything"]}),
    ("include[]", {"include": ["logprobs"], "response_format": "text"}),
    ("temperature", {"temperature": 1.5}),
    ("temperature", {"temperature": -0.1}),
    ("temperature", {"temperature": float("nan")}),
    ("temperature", {"extra_body": {"temperature": "warm"}}),
    ("language", {"language": "klingon"}),
    ("stream", {"extra_body": {"stream": "perhaps"}}),
    ("chunking_strategy", {"chunking_strategy": "by_hand"}),
    ("chunking_strategy", {"chunking_strategy": {"type": "by_hand"}}),
    ("model", {"model": ""}),
]


@pytest.mark.parametrize(("param", "options"), WRONG)
def test_what_is_wrong_with_a_parameter_names_it(
    param: str, options: dict[str, Any], client: openai.OpenAI, talk: Path
) -> None:
    with pytest.raises(openai.BadRequestError, match=re.escape(param)) as refused:
        client.audio.transcriptions.create(**{"model": "whisper-1", "file": talk, **options})
    assert (refused.value.param, refused.value.type, refused.value.code) == (param, "invalid_request_error", None)


def test_what_a_client_may_send_is_taken(client: openai.OpenAI, talk: Path) -> None:
    found = heard(
        client, talk, language="en", prompt="Laura", temperature=0, chunking_strategy={"type": "server_vad"},
        include=["logprobs"], extra_body={"keywords": ["bridge", "island"]},
    )  # fmt: skip
    assert "".join(one.token for one in found.logprobs) == found.text
    assert heard(client, talk, chunking_strategy="auto").logprobs is None


def test_errors_are_those_of_openai(client: openai.OpenAI, talk: Path) -> None:
    create = client.audio.transcriptions.create
    with pytest.raises(openai.NotFoundError, match="does not exist") as unknown:
        create(model="nobody-1", file=talk)
    assert (unknown.value.param, unknown.value.code) == ("model", "model_not_found")
    with pytest.raises(openai.BadRequestError):
        create(model="whisper-1", file=("x.mp3", b"no sound at all"))
    with pytest.raises(openai.BadRequestError):
        create(model="whisper-1", file=("x.mp3", b""))
    with pytest.raises(openai.BadRequestError, match="file"):
        client.post(
            "/audio/transcriptions",
            body={"model": "whisper-1"},
            cast_to=object,
            options={"headers": {"Content-Type": "multipart/form-data"}},
            files=[("other", b"1")],
        )
    with pytest.raises(openai.BadRequestError, match="English"):
        client.audio.translations.create(model="whisper-1", file=talk)
    [error] = [*heard_wrong(client)]
    assert error.message.startswith("x.mp3: not audio")
    assert error.type == "invalid_request_error"


def heard_wrong(client: openai.OpenAI) -> Iterator[openai.APIError]:
    """A stream that has begun when the recording turns out to be none says so in the stream."""
    try:
        for _ in client.audio.transcriptions.create(model="whisper-1", file=("x.mp3", b"no sound"), stream=True):
            pass
    except openai.APIError as error:
        yield error


def test_models_are_listed_and_told_of(client: openai.OpenAI) -> None:
    listed = [one.id for one in client.models.list()]
    assert {"whisper-1", "gpt-4o-transcribe-diarize", "tts-1", "demo"} <= set(listed)
    assert client.models.retrieve("demo").owned_by == "earwitness"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody-1")


def said(client: openai.OpenAI, **options: Any) -> bytes:
    asked = {"model": "tts-1", "voice": "alloy", "input": "The river and its bridge.", **options}
    return client.audio.speech.create(**asked).content


def test_speech_comes_in_every_form_and_can_be_heard(client: openai.OpenAI, tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")
    lengths = {}
    for shape in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
        sound = said(client, response_format=shape)
        if shape == "pcm":
            lengths[shape] = len(sound) / 2 / 24_000
            assert np.abs(np.frombuffer(sound, "<i2")).max() > 1000
            continue
        with av.open(io.BytesIO(sound)) as container:
            frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
            rate = container.streams.audio[0].codec_context.sample_rate
        lengths[shape] = sum(frame.size for frame in frames) / rate
    assert max(lengths.values()) - min(lengths.values()) < 0.3, lengths
    slow = said(client, voice="nova", speed=0.5, response_format="wav")
    (tmp_path / "slow.wav").write_bytes(slow)
    assert load(tmp_path / "slow.wav").duration > 1.5 * lengths["wav"]
    line = "Forty workers built the new bridge in eleven months."
    (tmp_path / "line.flac").write_bytes(said(client, input=line, response_format="flac"))
    again = heard(client, tmp_path / "line.flac").text.lower().strip(". ")
    assert again == line.lower().strip(".")
    for wrong in (
        {"voice": "nobody"}, {"speed": 5}, {"response_format": "midi"}, {"input": ""}, {"input": "x" * 4097},
        {"stream_format": "sse"},
    ):  # fmt: skip
        with pytest.raises(openai.BadRequestError) as refused:
            said(client, **wrong)
        assert [refused.value.param] == [*wrong]


def test_the_model_chooses_what_speaks(client: openai.OpenAI) -> None:
    pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")
    sounds = {said(client, model=name, response_format="pcm") for name in ("tts-1", "tts-1-hd", "espeak")}
    assert len(sounds) == 1
    assert said(client, voice={"id": "alloy"}, response_format="pcm") in sounds
    for unknown in ("nobody", "nobody/tts", "/etc", "facebook/mms-tts-eng/../x"):
        with pytest.raises(openai.NotFoundError, match="does not exist") as refused:
            said(client, model=unknown)
        assert (refused.value.param, refused.value.code) == ("model", "model_not_found")


@pytest.mark.skipif(find_spec("transformers") is not None, reason="it says what is not installed")
@pytest.mark.parametrize("model", ["speecht5", "microsoft/speecht5_tts", "vits", "facebook/mms-tts-deu"])
def test_a_model_that_is_not_installed_says_what_to_install(model: str, client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match=r"pip install 'earwitness\[models\]', or use tts-1") as refused:
        said(client, model=model)
    assert refused.value.code == "model_not_found"


def test_whoever_goes_away_has_their_job_cancelled(server: Served) -> None:
    content = EPISODE.read_bytes()
    head = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    head += b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    body = head + content + b"\r\n--b--\r\n"
    with socket.create_connection(server.address) as gone:
        gone.sendall(
            b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" % len(body) + body
        )
        with server.client() as own:
            until(lambda: 'earwitness_jobs{state="running"} 1.0' in own.get("/metrics").text)
    with server.client() as own:
        until(lambda: 'earwitness_jobs{state="running"} 0.0' in own.get("/metrics").text, 10)
        text = own.get("/metrics").text
        assert all(f'earwitness_jobs{{state="{state}"}} 0.0' in text for state in ("waiting", "done", "failed"))
    until(lambda: server.coming() == [])


def test_a_server_that_stops_says_so_to_whoever_waits(tmp_path: Path) -> None:
    with serving(tmp_path, DEMO) as stopped:
        client = openai.OpenAI(base_url=f"{stopped.url}/v1", api_key="any", max_retries=0)
        found: list[Exception] = []

        def ask() -> None:
            try:
                heard(client, EPISODE)
            except openai.APIError as error:
                found.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        with stopped.client() as own:
            until(lambda: 'earwitness_jobs{state="running"} 1.0' in own.get("/metrics").text)
        assert stopped.stop() < 5
        thread.join()
        [error] = found
        assert isinstance(error, openai.InternalServerError), error
        assert error.status_code == 503
        with Library(stopped.library) as library, library.transaction(writes=False) as database:
            assert database.execute("SELECT count(*) FROM jobs").fetchone() == (0,)
        assert stopped.coming() == []


def test_keys_are_asked_for_as_openai_asks(tmp_path: Path, talk: Path) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        key = keys.new(library, "ada")
    with serving(tmp_path, (*DEMO, "--keys")) as guarded:

        def client(key: str) -> openai.OpenAI:
            return openai.OpenAI(base_url=f"{guarded.url}/v1", api_key=key, max_retries=0)

        assert client(key).models.list().data
        for _ in range(20):
            with pytest.raises(openai.AuthenticationError, match="no such key"):
                heard(client("ew_wrong"), talk)
        with pytest.raises(openai.RateLimitError) as put_off:
            client("ew_wrong").models.list()
        assert int(put_off.value.response.headers["retry-after"]) >= 1

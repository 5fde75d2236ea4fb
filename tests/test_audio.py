"""Every format comes out as the signal that went in; whatever is no sound is refused, and nothing else is read."""

from __future__ import annotations

import random
import socket
import struct
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from earwitness.audio import load
from earwitness.errors import AudioError, SourceError, StorageError
from earwitness.options import AudioOptions

RATE = 16_000
SECONDS = 3.0


def sweep(rate: int, seconds: float = SECONDS) -> np.ndarray:
    """A tone that rises from 200 to 2500 Hz and fades in and out, so that cutting it makes no click."""
    t = np.arange(round(seconds * rate)) / rate
    fade = np.clip(np.minimum(t, seconds - t) / 0.05, 0, 1)
    return (0.3 * fade * np.sin(2 * np.pi * (200 * t + (2300 / seconds / 2) * t * t))).astype(np.float32)


def encode(
    path: Path,
    codec: str,
    rate: int = 44_100,
    layout: str = "mono",
    channels: np.ndarray | None = None,
    container: str | None = None,
    **options: str,
) -> Path:
    """Writes `channels` (by default the sweep in all of them) with an encoder of FFmpeg's."""
    count = av.AudioLayout(layout).nb_channels
    planes = np.tile(sweep(rate), (count, 1)) if channels is None else channels
    with av.open(str(path), "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout, options={"strict": "experimental"})
        if codec.startswith("wma"):
            stream.bit_rate = 128_000
        resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate)
        if planes.size:
            interleaved = np.ascontiguousarray(planes.T, dtype=np.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=layout)
            frame.sample_rate, frame.pts = rate, 0
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return path


def raw_wav(path: Path, content: bytes, *, channels: int = 1, bits: int = 16, rate: int = RATE, kind: int = 1) -> Path:
    """A WAV file byte by byte: kind 1 is integers, 3 floats."""
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * block, block, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(content)) + content
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def correlation(heard: np.ndarray, truth: np.ndarray) -> float:
    length = min(len(heard), len(truth))
    return float(np.corrcoef(heard[:length], truth[:length])[0, 1])


def aligned(heard: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """The best correlation over all shifts, and how many seconds `heard` is late there."""
    length = 2 ** int(np.ceil(np.log2(len(heard) + len(truth))))
    cross = np.fft.irfft(np.fft.rfft(heard, length) * np.conj(np.fft.rfft(truth, length)))
    shift = int(np.argmax(cross))
    shift -= length if shift > length // 2 else 0
    best = correlation(heard[shift:], truth) if shift >= 0 else correlation(heard, truth[-shift:])
    return best, shift / RATE


FORMATS = [
    ("a.mp3", "mp3", {}),
    ("stereo.mp3", "mp3", {"layout": "stereo"}),
    ("phone.mp3", "mp3", {"rate": 8000}),
    ("a.m4a", "aac", {}),
    ("fast.m4a", "aac", {"movflags": "faststart"}),
    ("a.aac", "aac", {"container": "adts"}),
    ("lossless.m4a", "alac", {}),
    ("a.ogg", "vorbis", {"layout": "stereo"}),
    ("a.opus", "libopus", {"rate": 48_000}),
    ("a.flac", "flac", {}),
    ("surround.flac", "flac", {"layout": "5.1", "rate": 48_000}),
    ("a.wav", "pcm_s16le", {}),
    ("8bit.wav", "pcm_u8", {}),
    ("phone.wav", "pcm_s16le", {"rate": 8000}),
    ("mulaw.wav", "pcm_mulaw", {"rate": 8000}),
    ("24bit.wav", "pcm_s24le", {"rate": 96_000}),
    ("32bit.wav", "pcm_s32le", {"rate": 48_000, "layout": "stereo"}),
    ("float.wav", "pcm_f32le", {"rate": 22_050}),
    ("double.wav", "pcm_f64le", {"rate": RATE}),
    ("surround.wav", "pcm_s16le", {"layout": "5.1"}),
    ("a.w64", "pcm_s16le", {}),
    ("a.wma", "wmav2", {"layout": "stereo"}),
    ("a.aiff", "pcm_s16be", {}),
    ("a.au", "pcm_s16be", {}),
    ("a.caf", "pcm_s16le", {}),
    ("surround.ac3", "ac3", {"layout": "5.1", "rate": 48_000}),
    ("a.webm", "libopus", {"rate": 48_000, "layout": "stereo"}),
    ("a.mka", "flac", {}),
]


LATE_S = {"a.aac": 1024 / 44_100, "surround.ac3": 256 / 48_000, "a.wma": -2048 / 44_100}
"""An encoder's delay where the file does not state it; FFmpeg's decoder drops the first frame of WMA."""
GAINS = {"mp3": 0.95, "ac3": 0.87}
"""LAME leaves headroom; AC-3 keeps less than the whole band of the low-frequency channel."""


@pytest.mark.parametrize(("name", "codec", "options"), FORMATS, ids=[row[0] for row in FORMATS])
def test_the_signal_comes_out_of_every_format(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    audio = load(encode(tmp_path / name, codec, **options))
    best, late_s = aligned(audio.samples, sweep(RATE))
    gain = np.sqrt(np.mean(audio.samples**2) / np.mean(sweep(RATE) ** 2))
    assert audio.samples.dtype == np.float32
    assert audio.sample_rate == RATE
    assert audio.warnings == ()
    assert audio.duration == pytest.approx(SECONDS, abs=0.05)
    assert best > 0.95
    assert late_s == pytest.approx(LATE_S.get(name, 0.0), abs=0.001)
    assert gain == pytest.approx(GAINS.get(codec, 1.0), abs=0.02)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "float.wav", "a.aiff"])
def test_lossless_formats_keep_every_sample(tmp_path: Path, name: str) -> None:
    codec = {"a.flac": "flac", "float.wav": "pcm_f32le", "a.aiff": "pcm_s16be"}.get(name, "pcm_s16le")
    audio = load(encode(tmp_path / name, codec, rate=RATE))
    np.testing.assert_allclose(audio.samples, sweep(RATE), atol=1.5 / 2**15)


@pytest.mark.parametrize(("order", "kind"), [("01", "<i2"), ("10", ">i2")], ids=["little-endian", "big-endian"])
def test_nist_sphere(tmp_path: Path, order: str, kind: str) -> None:
    """TED-LIUM's talks, TIMIT's and Switchboard's calls are .sph files, of either byte order."""
    samples = np.round(sweep(RATE) * 32767).astype(np.int16)
    header = (
        f"NIST_1A\n   1024\nchannel_count -i 1\nsample_count -i {len(samples)}\nsample_rate -i {RATE}\n"
        f"sample_n_bytes -i 2\nsample_byte_format -s2 {order}\nsample_coding -s3 pcm\nend_head\n"
    )
    path = tmp_path / "talk.sph"
    path.write_bytes(header.encode().ljust(1024) + samples.astype(kind).tobytes())
    np.testing.assert_array_equal(load(path).samples, samples.astype(np.float32) / 2**15)
    path.write_bytes(path.read_bytes()[:20_000])
    cut = load(path)
    assert cut.duration == pytest.approx((20_000 - 1024) / 2 / RATE)
    assert "truncated" in cut.warnings[0]


def test_resampling_removes_what_16_khz_cannot_carry(tmp_path: Path) -> None:
    t = np.arange(96_000) / 48_000
    audio = load(encode(tmp_path / "a.wav", "pcm_s16le", 48_000, channels=0.5 * np.sin(2 * np.pi * 12_000 * t)[None]))
    assert np.abs(audio.samples[1600:-1600]).max() < 0.01  # and does not fold 12 kHz to 4 kHz


@pytest.mark.parametrize("with_scratch", [False, True])
def test_samples_are_read_only_and_leave_no_file(tmp_path: Path, with_scratch: bool) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source = encode(tmp_path / "a.flac", "flac", rate=RATE)
    seen: list[float] = []
    audio = load(source, scratch=scratch if with_scratch else None, progress=seen.append)
    np.testing.assert_allclose(audio.samples, sweep(RATE), atol=1.5 / 2**15)
    assert list(scratch.iterdir()) == []
    assert seen == sorted(seen)
    assert seen[-1] == SECONDS
    with pytest.raises(ValueError):
        audio.samples[0] = 1.0


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_scratch_keeps_a_long_recording_out_of_memory(tmp_path: Path) -> None:
    minutes = 40  # 154 MB as float32
    source = raw_wav(tmp_path / "long.wav", bytes(2 * 8000 * 60 * minutes), rate=8000)
    program = (
        "import resource, sys, pathlib, av, numpy, earwitness.audio as audio\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "result = audio.load(sys.argv[1], scratch=pathlib.Path(sys.argv[2]))\n"
        "print(result.duration, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(source), str(tmp_path)], capture_output=True, text=True, check=True
    )
    duration, growth_kib = run.stdout.split()
    assert float(duration) == 60 * minutes
    assert int(growth_kib) < 30 * 1024
    assert run.stderr == ""


def test_unwritable_scratch_is_a_storage_error(tmp_path: Path) -> None:
    source = encode(tmp_path / "a.wav", "pcm_s16le")
    with pytest.raises(StorageError, match="absent"):
        load(source, scratch=tmp_path / "absent")


# Channels


def test_downmix_is_the_mean(tmp_path: Path) -> None:
    left, right = np.full(RATE, 0.9, np.float32), np.full(RATE, 0.5, np.float32)
    audio = load(encode(tmp_path / "a.wav", "pcm_f32le", RATE, "stereo", np.stack([left, right])))
    np.testing.assert_allclose(audio.samples, 0.7, atol=1e-6)


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.mp3", "mp3"), ("a.m4a", "aac")])
def test_channels_that_cancel_are_not_lost(tmp_path: Path, name: str, codec: str) -> None:
    source = encode(tmp_path / name, codec, 44_100, "stereo", np.stack([sweep(44_100), -sweep(44_100)]))
    audio = load(source)
    assert correlation(audio.samples, sweep(RATE)) > 0.98
    assert any("cancel" in warning for warning in audio.warnings)


def test_one_speaker_a_channel_does_not_count_as_cancelling(tmp_path: Path) -> None:
    quiet = np.zeros_like(sweep(RATE))
    audio = load(encode(tmp_path / "a.wav", "pcm_s16le", RATE, "stereo", np.stack([sweep(RATE), quiet])))
    np.testing.assert_allclose(audio.samples, sweep(RATE) / 2, atol=1.5 / 2**15)
    assert audio.warnings == ()


@pytest.mark.parametrize("channels", [3, 5, 8, 11, 17])
def test_layouts_without_a_name(tmp_path: Path, channels: int) -> None:
    one = (sweep(RATE) * 2**15).astype("<i2")
    source = raw_wav(tmp_path / "a.wav", np.repeat(one, channels).tobytes(), channels=channels)
    np.testing.assert_allclose(load(source).samples, sweep(RATE), atol=1.5 / 2**15)


def test_eight_planes(tmp_path: Path) -> None:
    audio = load(encode(tmp_path / "a.flac", "flac", 48_000, "7.1"))
    assert correlation(audio.samples, sweep(RATE)) > 0.999
    assert correlation(load(encode(tmp_path / "a.opus", "libopus", 48_000, "7.1")).samples, sweep(RATE)) > 0.9


def test_a_stream_that_changes_its_rate_and_channels_midway(tmp_path: Path) -> None:
    first = encode(tmp_path / "1.mp3", "mp3", 44_100, "stereo", write_xing="0")
    second = encode(tmp_path / "2.mp3", "mp3", 48_000, write_xing="0")
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    audio = load(joined)
    assert audio.duration == pytest.approx(2 * SECONDS, abs=0.2)
    for start in (0.0, audio.duration - SECONDS):
        spectrum = np.abs(np.fft.rfft(audio.between(start + 1.4, start + 1.6)))
        assert np.argmax(spectrum) / 0.2 == pytest.approx(1350, abs=120)


def test_a_hole_in_the_time_stamps_becomes_silence(tmp_path: Path) -> None:
    path, tone = tmp_path / "a.mka", sweep(RATE, 1.0)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for pts in (0, 3 * RATE):
            frame = av.AudioFrame.from_ndarray((tone * 2**15).astype(np.int16)[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, pts
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    audio = load(path)
    assert audio.duration == pytest.approx(4.0, abs=0.01)
    assert not audio.between(1.01, 2.99).any()
    assert correlation(audio.between(3.0, 4.0), tone) > 0.999
    assert audio.warnings == ("2.0 s without any audio in the file are taken as silence",)


# Video


def video(path: Path, *, sound: bool, codec: str = "mpeg4", sound_codec: str = "aac") -> Path:
    with av.open(str(path), "w") as output:
        pictures = output.add_stream(codec, rate=10)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        track = output.add_stream(sound_codec, rate=48_000, layout="stereo") if sound else None
        for _ in range(round(10 * SECONDS)):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            output.mux(pictures.encode(picture))
        output.mux(pictures.encode(None))
        if track is not None:
            frame = av.AudioFrame.from_ndarray(np.tile(sweep(48_000), (2, 1)), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 48_000, 0
            for part in av.AudioResampler(track.codec_context.format.name, "stereo", 48_000).resample(frame):
                output.mux(track.encode(part))
            output.mux(track.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "sound"), [("a.mp4", "mpeg4", "aac"), ("a.mkv", "mpeg4", "flac"), ("a.webm", "libvpx", "libopus")]
)
def test_the_sound_of_a_video(tmp_path: Path, name: str, codec: str, sound: str) -> None:
    audio = load(video(tmp_path / name, sound=True, codec=codec, sound_codec=sound))
    assert correlation(audio.samples, sweep(RATE)) > 0.98


def test_a_video_without_sound(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="without sound"):
        load(video(tmp_path / "a.mp4", sound=False))


# What is no recording

NOT_AUDIO = {
    "pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" * 50,
    "ffconcat": b"ffconcat version 1.0\nfile 'secret.wav'\n",
    "m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:3,\nsecret.wav\n#EXT-X-ENDLIST\n",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>',
    "text": b"hello\n" * 100,
    "noise": random.Random(7).randbytes(20_000),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
}


@pytest.mark.parametrize("kind", NOT_AUDIO)
@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".m3u8"])
def test_what_is_not_audio_is_refused(tmp_path: Path, kind: str, suffix: str) -> None:
    encode(tmp_path / "secret.wav", "pcm_s16le")
    path = tmp_path / f"episode{suffix}"
    path.write_bytes(NOT_AUDIO[kind])
    with pytest.raises(AudioError, match=r"^episode\.\w+: not audio.*give a recording") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_playlist_makes_no_request(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/secret.wav"
        (tmp_path / "a.mp3").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:3,\n{url}\n#EXT-X-ENDLIST\n")
        with pytest.raises(AudioError):
            load(tmp_path / "a.mp3")
        with pytest.raises(BlockingIOError):
            server.accept()


def alias(target: str) -> bytes:
    """A QuickTime data reference to a file in the same folder."""
    path = target.encode()
    return (
        bytes(10)
        + b"\x01V".ljust(28, b"\0")  # volume
        + bytes(12)
        + bytes([len(path)])
        + path.ljust(63, b"\0")
        + bytes(16)
        + struct.pack(">HH", 1, 1)  # levels from and to the common folder
        + bytes(16)
        + struct.pack(">HH", 2, len(path) + len(path) % 2)
        + path.ljust(len(path) + len(path) % 2, b"\0")
        + struct.pack(">hH", -1, 0)
    )


def refer_to(mov: bytes, target: str) -> bytes:
    """Rewrites the data reference of a QuickTime file from "this file" to another one."""
    content = alias(target)
    old = struct.pack(">I4sI", 12, b"url ", 1)
    assert mov.count(old) == 1
    at = mov.index(old)
    grown = bytearray(mov.replace(old, struct.pack(">I4sI", 12 + len(content), b"alis", 0) + content))

    def grow(start: int, end: int) -> None:
        while start < end:
            size, kind = struct.unpack_from(">I4s", mov, start)
            if start < at < start + size:
                struct.pack_into(">I", grown, start, size + len(content))
                if kind != b"dref":
                    grow(start + 8, start + size)
            start += size

    grow(0, len(mov))
    return bytes(grown)


def test_a_movie_that_refers_to_another_file_does_not_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    encode(tmp_path / "secret.mov", "pcm_s16le", RATE)
    path = encode(tmp_path / "a.mov", "pcm_s16le", RATE, channels=np.zeros((1, 3 * RATE)))
    path.write_bytes(refer_to(path.read_bytes(), "secret.mov"))
    with av.open("a.mov", options={"enable_drefs": "1"}) as careless:
        assert any(frame.to_ndarray().any() for frame in careless.decode(audio=0))  # so the reference is a real one
    try:
        audio = load(path)
    except AudioError:
        return
    assert not audio.samples.any()


@pytest.mark.parametrize(
    "name", ["-x.wav", "concat:a.wav|b.wav", "subfile,,start,0,end,9,,:a.wav", "%03d.wav", "a?b.mp3"]
)
def test_odd_names_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(encode(tmp_path / "plain.wav", "pcm_s16le", RATE).read_bytes())
    np.testing.assert_allclose(load(name).samples, sweep(RATE), atol=1.5 / 2**15)


@pytest.mark.parametrize("name", ["concat:plain.wav", "file:plain.wav", "pipe:0", "http://127.0.0.1/x.wav"])
def test_protocols_are_not_spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    encode(tmp_path / "plain.wav", "pcm_s16le", RATE)
    with pytest.raises(SourceError, match="no such file"):
        load(name)


def test_errors_name_the_file_without_its_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\u202e.mp3"
    path.write_bytes(b"")
    with pytest.raises(AudioError, match="empty audio") as caught:
        load(path)
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


def test_missing_folder_and_device(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "absent.mp3", "no such file"),
        (tmp_path, "is a folder"),
        ("a\0b", "no such|null"),
    ):
        with pytest.raises(SourceError, match=reason):
            load(path)
    with pytest.raises(SourceError, match="not a regular file"):
        load("/dev/zero")


def test_header_only_is_empty(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"a\.wav: empty audio"):
        load(raw_wav(tmp_path / "a.wav", b""))
    flac = encode(tmp_path / "a.flac", "flac")
    flac.write_bytes(flac.read_bytes()[:86])
    with pytest.raises(AudioError, match=r"a\.flac: (empty audio|not audio|damaged)"):
        load(flac)


def test_ten_milliseconds(tmp_path: Path) -> None:
    assert load(encode(tmp_path / "a.wav", "pcm_s16le", channels=np.zeros((1, 441)))).duration == pytest.approx(0.01)


def test_a_small_file_that_unpacks_to_hours_stops_at_the_limit(tmp_path: Path) -> None:
    hour = np.zeros((1, 3600 * 4000), np.float32)
    bomb = encode(tmp_path / "bomb.flac", "flac", 4000, channels=hour)
    assert bomb.stat().st_size < 1_000_000  # 230 MB as samples
    seen: list[float] = []
    with pytest.raises(AudioError, match="longer than 60 s"):
        load(bomb, AudioOptions(max_duration_s=60), progress=seen.append)
    assert max(seen) <= 61


# Damage


def test_numbers_that_are_none_become_silence(tmp_path: Path) -> None:
    samples = sweep(RATE).copy()
    samples[[1000, 2000, 3000, 4000]] = [np.nan, np.inf, -np.inf, 1e30]
    audio = load(raw_wav(tmp_path / "a.wav", samples.astype("<f4").tobytes(), bits=32, kind=3))
    np.testing.assert_array_equal(audio.samples[[1000, 2000, 3000, 4000]], 0)
    np.testing.assert_array_equal(
        np.delete(audio.samples, [1000, 2000, 3000, 4000]), np.delete(samples, [1000, 2000, 3000, 4000])
    )
    assert audio.warnings == ("4 samples that are not sensible numbers are taken as silence",)


def test_numbers_that_are_none_do_not_spread_far_in_resampling(tmp_path: Path) -> None:
    samples = sweep(44_100).copy()
    samples[44_100] = np.nan
    audio = load(raw_wav(tmp_path / "a.wav", samples.astype("<f4").tobytes(), bits=32, kind=3, rate=44_100))
    assert np.isfinite(audio.samples).all()
    assert correlation(audio.samples, sweep(RATE)) > 0.999


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp3", "mp3", {}),
        ("a.flac", "flac", {}),
        ("a.wav", "pcm_s16le", {}),
        ("float.wav", "pcm_f32le", {}),
        ("a.aiff", "pcm_s16be", {}),
        ("fast.m4a", "aac", {"movflags": "faststart"}),
        ("a.mka", "flac", {}),
    ],
)
def test_truncated_files_give_what_is_left(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    path = encode(tmp_path / name, codec, **options)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    audio = load(path)
    assert 0.5 < audio.duration < 2.5
    assert aligned(audio.samples, sweep(RATE)[: len(audio.samples)])[0] > 0.98
    assert f"stopped at {audio.duration:.1f} s of 3.0 s" in audio.warnings[0]


@pytest.mark.parametrize(("name", "codec"), [("a.wma", "wmav2"), ("a.aac", "aac")])
def test_truncated_files_without_a_length_say_that_a_frame_is_damaged(tmp_path: Path, name: str, codec: str) -> None:
    path = encode(tmp_path / name, codec, container="adts" if codec == "aac" else None)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert load(path).warnings == ("1 damaged frame skipped",)


def test_a_truncated_ogg_has_no_end_mark(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.opus", "libopus", 48_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert "without an end mark" in load(path).warnings[0]


def test_a_damaged_stretch_does_not_move_what_follows(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mka", "libopus", 48_000, cluster_time_limit="200")
    whole = bytearray(path.read_bytes())
    half = len(whole) // 2
    whole[half : half + 8000] = random.Random(1).randbytes(8000)
    path.write_bytes(whole)
    audio = load(path)
    assert any("without any audio" in warning for warning in audio.warnings)
    best, late_s = aligned(audio.between(2.7, 3.0), sweep(RATE)[round(2.7 * RATE) :])
    assert best > 0.9
    assert abs(late_s) < 0.01


def test_an_mp4_without_its_index_says_so(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a", "aac")
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(AudioError, match="header is damaged"):
        load(path)


@pytest.mark.parametrize(("name", "codec", "options"), FORMATS, ids=[row[0] for row in FORMATS])
def test_flipped_bits_give_an_error_or_finite_samples(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    path = encode(tmp_path / name, codec, **options)
    whole = path.read_bytes()
    for seed in range(8):
        chance = random.Random(f"{name} {seed}")
        flipped = bytearray(whole)
        for _ in range(chance.choice([1, 10, 100])):
            flipped[chance.randrange(min(len(flipped), chance.choice([200, 2000, 10**9])))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            audio = load(path, AudioOptions(max_duration_s=600))
        except AudioError as error:
            assert "\n" not in str(error)  # noqa: PT017
            continue
        assert len(audio.samples) > 0
        assert np.isfinite(audio.samples).all()


def test_tags_in_an_old_encoding_do_not_matter(tmp_path: Path) -> None:
    path = raw_wav(tmp_path / "a.wav", (sweep(RATE) * 2**15).astype("<i2").tobytes())
    title = "Café".encode("latin-1") + b"\0"
    info = b"INFOINAM" + struct.pack("<I", len(title)) + title + b"\0" * (len(title) % 2)
    content = path.read_bytes() + b"LIST" + struct.pack("<I", len(info)) + info
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    assert load(path).duration == SECONDS


# Real recordings


@pytest.mark.parametrize(
    ("reference", "others", "least"),
    [
        ("jfk.flac", ["jfk.wav", "jfk.mp3", "jfk_44k1.m4a"], 0.98),
        ("LJ001-0001.flac", ["LJ001-0001.wav", "LJ001-0001.mp3"], 0.98),
        ("one_two_three.wav", ["one_two_three_24bit_mono.wav", "one_two_three_24bit_mono.flac"], 0.98),
        ("one_two_three.wav", ["one_two_three_32bit_stereo.wav", "one_two_three_16bit_stereo.aiff"], 0.98),
        ("one_two_three.wav", ["one_two_three_8bit_mono.wav"], 0.95),
    ],
)
def test_encodings_of_one_recording_agree(data: Path, reference: str, others: list[str], least: float) -> None:
    truth = load(data / "asr" / reference)
    for other in others:
        audio = load(data / "asr" / other)
        assert audio.duration == pytest.approx(truth.duration, abs=0.06), other
        best, late_s = aligned(audio.samples, truth.samples)
        assert best > least, other
        assert abs(late_s) < 0.06, other

"""Sound gets through, whoever stalls or is killed."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from earwitness import audio
from earwitness.errors import SourceError, StorageError
from earwitness.tape import Tape

RATE = 16_000


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.9, 0.9, round(seconds * RATE)).astype(np.float32)


def test_a_stalled_reader_loses_no_sample() -> None:
    sound, tape = noise(1.0), Tape()
    player = Thread(target=tape.play, args=(sound,))
    player.start()
    blocks = iter(tape)
    got = [next(blocks)]
    player.join()  # all was said before the next block is asked for
    got += blocks
    assert np.array_equal(np.concatenate(got), sound)
    assert len(got) < 4


def test_sound_that_nobody_reads_takes_no_memory() -> None:
    tape, minute = Tape(), noise(60.0)
    tape.put(minute)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(60):
        tape.put(minute)
    tape.end()
    total = 0
    for block in tape:
        assert len(block) <= 30 * RATE
        total += len(block)
    assert total == 61 * 60 * RATE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kilobytes; the hour is 230 MB
    tape.close()


def test_a_recording_reads_as_what_was_heard(tmp_path: Path) -> None:
    sound, tape = noise(2.0), Tape(tmp_path / "talk.wav")
    for first in range(0, len(sound), 1600):
        tape.put(sound[first : first + 1600])
    growing = audio.load(tmp_path / "talk.wav")  # as it would be found after a crash
    tape.end()
    heard = np.concatenate(list(tape))
    tape.close()
    whole = audio.load(tmp_path / "talk.wav")
    for kept in (growing, whole):
        assert np.array_equal(kept.samples, heard)
        assert kept.warnings == ()
    assert np.abs(heard - sound).max() <= 0.5 / 32768 + 1e-9


def test_what_is_too_loud_is_clipped_in_a_recording(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "loud.wav")
    tape.put(np.array([2.0, -2.0, 1.0], np.float32))
    tape.close()
    assert audio.load(tmp_path / "loud.wav").samples.tolist() == [32767 / 32768, -1.0, 32767 / 32768]


def test_a_killed_writer_leaves_a_recording(tmp_path: Path) -> None:
    code = (
        "import sys, time, numpy as np; from pathlib import Path; from earwitness.tape import Tape\n"
        "tape = Tape(Path(sys.argv[1]))\n"
        "while True: tape.put(np.full(1600, 0.25, np.float32)); print(flush=True); time.sleep(0.01)"
    )
    path = tmp_path / "talk.wav"
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout
    for _ in range(5):
        writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    kept = audio.load(path)
    assert kept.duration >= 0.5
    assert (kept.samples == 0.25).all()
    assert kept.warnings == ()


def test_another_process_may_write_what_is_read(tmp_path: Path) -> None:
    writer = Tape(tmp_path / "talk.wav")
    reader = Tape(tmp_path / "talk.wav", grows=True)
    blocks = iter(reader)
    writer.put(np.full(800, 0.5, np.float32))
    assert next(blocks).tolist() == [0.5] * 800
    Thread(target=lambda: (writer.put(np.full(300, 0.25, np.float32)), reader.end())).start()
    assert sum(map(len, blocks)) == 300
    writer.close()
    reader.close()
    assert audio.load(tmp_path / "talk.wav").duration == 1100 / RATE


def test_a_problem_is_told_after_the_last_sound() -> None:
    tape = Tape()
    tape.put(np.zeros(100, np.float32))
    tape.end(SourceError("the microphone is gone"))
    blocks = iter(tape)
    assert len(next(blocks)) == 100
    with pytest.raises(SourceError, match="gone"):
        next(blocks)


def test_the_clock_is_that_of_the_sound() -> None:
    tape = Tape()
    began = time.monotonic()
    tape.play(np.zeros(RATE // 2, np.float32))
    time.sleep(0.1)  # it goes on after the end
    assert tape.now() == pytest.approx(time.monotonic() - began, abs=0.05)
    tape.close()
    tape.close()


def test_where_nothing_can_be_written_the_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nowhere/talk\.wav: cannot write there"):
        Tape(tmp_path / "nowhere" / "talk.wav")

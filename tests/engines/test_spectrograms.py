"""What Whisper hears must not hang on how many cores there are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import hashlib
from earwitness import engines
from earwitness.options import Options
import numpy as np
engine = engines.recognizer(Options.of(model="demo", engine="faster-whisper", threads=1).model)
noise = np.random.default_rng(0).standard_normal((2, 160_000)).astype(np.float32)
print(hashlib.sha256(engine._features(noise).tobytes()).hexdigest())
"""


@pytest.mark.skipif((os.cpu_count() or 1) == 1, reason="one core computes in one order")
def test_spectrograms_do_not_hang_on_the_number_of_threads() -> None:
    found = set()
    for threads in ("1", "2"):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1

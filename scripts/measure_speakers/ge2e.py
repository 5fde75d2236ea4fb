"""The GE2E embedding of the `resemblyzer` package as a `VoiceEmbedder`, to be measured beside ours.

Not part of earwitness, and wanted only where it is to be compared with: `pip install --no-deps resemblyzer` and, as it
asks for packages that newer Pythons have or lack, `pip install torch librosa webrtcvad 'setuptools<81'`.

Wan et al., "Generalized end-to-end loss for speaker verification", 2018. Its network was trained on windows of 1.6 s,
which it calls partial utterances: exactly the spans that our clustering asks for. Everything is done by the package's
own functions; of its preprocessing only the trimming of silences is left out, since the spans are speech already.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.types import Region
from earwitness.units import SAMPLE_RATE_HZ, to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray

BATCH = 256
FRAME = SAMPLE_RATE_HZ // 100


class Ge2e:
    name = "resemblyzer"
    window_s = 1.6

    def identity(self) -> str:
        return f"{self.name} 0.1"

    @cached_property
    def _encoder(self) -> Any:
        from resemblyzer import VoiceEncoder

        return VoiceEncoder("cpu", verbose=False)

    def embed(self, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        """Shape (len(spans), 256), rows of length one."""
        import torch
        from resemblyzer.audio import normalize_volume, wav_to_mel_spectrogram
        from resemblyzer.hparams import audio_norm_target_dBFS, partials_n_frames

        loud = normalize_volume(np.asarray(samples), audio_norm_target_dBFS, increase_only=True)
        firsts = np.array([to_samples(span.start) for span in spans])
        end = int(firsts.max()) + partials_n_frames * FRAME
        piece = loud[firsts.min() : end]
        piece = np.pad(piece, (0, end - int(firsts.min()) - len(piece)))
        mel = wav_to_mel_spectrogram(np.asarray(piece, np.float32))
        starts = (firsts - firsts.min()) // FRAME
        points = []
        for begin in range(0, len(starts), BATCH):
            rows = starts[begin : begin + BATCH, None] + np.arange(partials_n_frames)
            with torch.no_grad():
                points.append(self._encoder(torch.from_numpy(mel[rows])).numpy())
        # The package divides by the length of what may be all zeros.
        return np.nan_to_num(np.concatenate(points, dtype=np.float32))

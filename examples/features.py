r"""Features of the example episode: its pitch, the rhythm of its loudness, and a picture of both.

Needs: librosa, matplotlib
Prints:
    f0 \(of \d+ voiced frames\): \d+ to \d+ Hz
    loudest at \d+\.\d s
    mfcc: 39 rows, .*
    features\.png: \d+ kB
"""

from pathlib import Path

import numpy as np

from earwitness.audio import load
from earwitness.toolkit import feature_files, features, plots
from earwitness.types import Audio

EPISODE = Path(__file__).parent / "episode.flac"

sound = load(EPISODE, sample_rate=22_050)
start = Audio(sound.between(0, 10), sound.sample_rate)

pitch = features.extract(start, "pitch", features.FeatureOptions(pitch_max_hz=400))
f0, voiced, _ = pitch.values
low, high = np.percentile(f0[voiced > 0], [5, 95])
print(f"f0 (of {int(voiced.sum())} voiced frames): {low:.0f} to {high:.0f} Hz")

rms = features.extract(start, "rms")
print(f"loudest at {rms.times[rms.values[0].argmax()]:.1f} s")

mfcc = features.extract(start, "mfcc", features.FeatureOptions(n_mfcc=13))
print(f"mfcc: {len(mfcc.values)} rows, {mfcc.names[0]} to {mfcc.names[-1]}")

feature_files.save([pitch, rms], Path("features.npz"))
picture = plots.plot(feature_files.load(Path("features.npz")), EPISODE.name)
Path("features.png").write_bytes(picture)
print(f"features.png: {len(picture) // 1000} kB")

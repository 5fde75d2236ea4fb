"""What a masked autoencoder makes of a spectrogram that is mostly hidden from it.

from earwitness.options import PretrainedOptions
from earwitness.toolkit import reconstruction

found = reconstruction.of_file("episode.flac", "pretrained.pth", PretrainedOptions())
Path("rebuilt.png").write_bytes(reconstruction.plot(found))
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness import audio, engines
from earwitness.errors import OptionError
from earwitness.extras import require
from earwitness.options import PretrainedOptions

if TYPE_CHECKING:
    from earwitness.engines.audio_mae import AudioMae, Reconstruction
    from earwitness.types import FloatArray

LOWEST_HZ, HIGHEST_HZ = 20.0, 8000.0
"""Where Kaldi's mel bands begin and end, of sound at 16 kHz."""
TICKS_HZ = (250, 500, 1000, 2000, 4000)
HIDDEN = "#bbbbbb"


def rebuilder(model: str, options: PretrainedOptions) -> AudioMae:
    """The engine that can rebuild.

    Args:
        model: audiomae, a folder, a .pth file or a hub id.

    Raises:
        OptionError: a model of another kind.
        ModelError: it cannot be had.
    """
    from earwitness.engines.audio_mae import AudioMae

    engine = engines.sound_embedder(model, options)
    if not isinstance(engine, AudioMae):
        raise OptionError(f"--model {model}: a {engine.name} rebuilds nothing; give an AudioMAE with its decoder")
    return engine


def of_file(
    path: str | Path, model: str | AudioMae, options: PretrainedOptions, mask_ratio: float | None = None, seed: int = 0
) -> Reconstruction:
    """Masks and rebuilds the spectrogram of the beginning of a recording: as much as the model hears at once, 10 s.

    Args:
        path: a recording.
        model: as for `rebuilder`, or what that gave.
        options: how the model is found and run.
        mask_ratio: how much is hidden, between 0 and 1; none is what the model was trained with.
        seed: the same one hides the same patches.

    Raises:
        SourceError, AudioError: the file cannot be had or is no audio.
        ModelError: the model cannot be had or run, or has no decoder.
        OptionError: a share out of its range, or a model of another kind.
    """
    engine = rebuilder(model, options) if isinstance(model, str) else model
    with tempfile.TemporaryDirectory() as scratch:
        sound = audio.load(path, sample_rate=engine.sample_rate, scratch=Path(scratch))
        return engine.reconstruct(np.array(sound.between(0.0, engine.window_s)), mask_ratio, seed)


def centres_hz(bands: int) -> FloatArray:
    """The middle of each mel band, float32 (bands,), in hertz.

    >>> centres_hz(128)[[0, 127]].round()
    array([  34., 7834.], dtype=float32)
    """
    low, high = (1127 * np.log1p(edge / 700) for edge in (LOWEST_HZ, HIGHEST_HZ))
    mel = np.linspace(low, high, bands + 2)[1:-1]
    return (700 * np.expm1(mel / 1127)).astype(np.float32)


def arrays(found: Reconstruction) -> dict[str, Any]:
    """What is kept of it in an .npz file: `original`, `masked`, `rebuilt` (frames, bands), `times_s`, `frequencies_hz`,
    `loss`."""
    frames, bands = found.original.shape
    return {
        "original": found.original, "masked": found.masked, "rebuilt": found.rebuilt, "loss": np.array(found.loss),
        "times_s": np.arange(frames) * found.hop_s, "frequencies_hz": centres_hz(bands),
    }  # fmt: skip


def npz(found: Reconstruction) -> bytes:
    """An .npz file of `arrays`."""
    file = io.BytesIO()
    np.savez(file, **arrays(found))
    return file.getvalue()


def plot(found: Reconstruction, title: str = "") -> bytes:
    """A PNG of three spectrograms: the original, what was left of it, and what was made of that.

    Raises:
        ExtraError: matplotlib is not installed.
    """
    figures = require("matplotlib.figure", "features")
    figure = figures.Figure(figsize=(11, 7), dpi=110, layout="constrained")
    rows = figure.subplots(3, sharex=True)
    share = f"{found.masked.mean():.0%} hidden"
    low, high = float(found.original.min()), float(found.original.max())
    panels = (
        ("original", found.original),
        (share, np.ma.masked_array(found.original, found.masked)),
        (f"rebuilt (loss {found.loss:.3f})", found.rebuilt),
    )
    for axes, (name, values) in zip(rows, panels, strict=True):
        axes.set_facecolor(HIDDEN)
        image = axes.imshow(
            values.T, origin="lower", aspect="auto", interpolation="nearest", cmap="magma", vmin=low, vmax=high,
            extent=(0, len(values) * found.hop_s, -0.5, values.shape[1] - 0.5),
        )  # fmt: skip
        places = np.interp(TICKS_HZ, centres_hz(values.shape[1]), np.arange(values.shape[1]))
        axes.set_yticks(places, [str(tick) for tick in TICKS_HZ])
        axes.set_ylabel("frequency (Hz)")
        axes.set_title(name, fontsize=10, loc="left")
    rows[-1].set_xlabel("time (s)")
    figure.colorbar(image, ax=rows, label="log mel energy (nepers)", pad=0.01)
    # No $ of a file's name shall be taken for mathematics.
    figure.suptitle(title, fontsize=12, x=0.01, ha="left", parse_math=False)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()

"""earwitness features"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from earwitness.cli import arguments, rebuild, tables
from earwitness.cli.progress import Quiet, display
from earwitness.errors import EarwitnessError, OptionError, StorageError
from earwitness.extras import require
from earwitness.files import write_whole
from earwitness.options import PretrainedOptions, SourceOptions
from earwitness.source import Reference, fetch, find

HELP = """Compute spectral features: mel spectrograms, MFCC, chroma, pitch and the like, as numbers or as pictures.

AUDIO is a file, a folder, a pattern, an http(s) address, or - for standard input. With -o OUT.npz or OUT.png one
recording goes to that file; with a folder, each goes to STEM.KIND.npz in it, or .png with -f png. Lengths in samples
are at the sample rate that is asked for.

--reconstruct shows what AudioMAE makes of the first 10 s of a recording: the original, what was left of it, and what
the model built from that (docs/embeddings.md)."""

FORMATS = ("npz", "png")


def features(
    sources: Annotated[list[str], typer.Argument(metavar="AUDIO...", show_default=False)],
    kind: Annotated[
        str,
        typer.Option(
            help="mel, log-mel (Whisper's), mfcc, chroma-stft (or chroma), chroma-cqt, spectral-centroid, rms, "
            "zero-crossing-rate, pitch; several with commas, or all."
        ),
    ] = "mel",
    output: Annotated[Path, typer.Option("--output", "-o", help="OUT.npz, OUT.png or a folder.")] = Path(),
    format_: Annotated[
        str, typer.Option("--format", "-f", help="What goes into a folder: npz, png or npz,png.")
    ] = "npz",
    sample_rate: Annotated[
        int, typer.Option(metavar="HZ", help="What the sound is resampled to; for log-mel always 16000.")
    ] = 22_050,
    n_fft: Annotated[int, typer.Option(metavar="SAMPLES", help="In a frame.")] = 2048,
    hop_length: Annotated[int, typer.Option(metavar="SAMPLES", help="From one frame to the next.")] = 512,
    n_mels: Annotated[
        int | None, typer.Option(help="Mel bands; by default 128, and 80 for log-mel.", show_default=False)
    ] = None,
    fmin: Annotated[float, typer.Option(metavar="HZ", help="Where the mel bands begin.")] = 0.0,
    fmax: Annotated[
        float | None,
        typer.Option(metavar="HZ", help="Where they end; by default half the sample rate.", show_default=False),
    ] = None,
    n_mfcc: Annotated[int, typer.Option(help="Cepstral coefficients.")] = 20,
    pitch_method: Annotated[str, typer.Option(help="pyin, or yin: faster, and without voicing.")] = "pyin",
    pitch_min: Annotated[float, typer.Option(metavar="HZ", help="The lowest pitch looked for.")] = 65.4,
    pitch_max: Annotated[float, typer.Option(metavar="HZ", help="The highest.")] = 2093.0,
    reconstruct: Annotated[
        bool, typer.Option("--reconstruct", help="Hide most of the spectrogram and let --model rebuild it, instead.")
    ] = False,
    model: Annotated[
        str, typer.Option(help="For --reconstruct: AudioMAE's .pth file, a folder or a hub id.", show_default=False)
    ] = "",
    mask_ratio: Annotated[
        float | None,
        typer.Option(help="How much is hidden, 0 to 1; by default as in training.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Says which patches are hidden.")] = 0,
    revision: arguments.Revision = None,
    cache_dir: arguments.CacheDir = None,
    device: arguments.Device = "auto",
    dtype: arguments.Dtype = "auto",
    threads: arguments.Threads = 0,
    offline: arguments.Offline = False,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    if reconstruct:
        pretrained = PretrainedOptions(revision, cache_dir, offline, device, dtype, threads)
        references = find(sources)
        targets = targets_of(output, references, "reconstruction", format_)
        work = rebuild.rebuilding(model, pretrained, mask_ratio, seed)
        _finish(each(references, targets, work, quiet=quiet), rebuild.show, quiet=quiet, as_json=as_json)
        return
    from earwitness.toolkit.features import FeatureOptions, parse_kinds

    options = FeatureOptions(
        n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin_hz=fmin, fmax_hz=fmax, n_mfcc=n_mfcc,
        pitch_method=pitch_method, pitch_min_hz=pitch_min, pitch_max_hz=pitch_max,
    )  # fmt: skip
    kinds = parse_kinds(kind)
    references = find(sources)
    targets = targets_of(output, references, "all" if kind.strip() == "all" else "-".join(kinds), format_)
    # What is missing is said before the work, not after it.
    if set(kinds) != {"log-mel"}:
        require("librosa", "features")
    if any(path.suffix.lower() == ".png" for paths in targets for path in paths):
        require("matplotlib", "features")

    def one(path: Path, written: Sequence[Path], folder: Path, shown: Quiet, name: str) -> dict[str, Any]:
        from earwitness.toolkit.features import of_file

        found = of_file(
            path, kinds, options, sample_rate=sample_rate, scratch=folder,
            report=lambda kind, done, total: shown.report(name, kind, done, total),
        )  # fmt: skip
        for line in dict.fromkeys(line for feature in found for line in feature.warnings):
            shown.say(f"{name}: {line}")
        write(found, written, name)
        return {"features": [_facts(feature) for feature in found]}

    _finish(each(references, targets, one, quiet=quiet), _print, quiet=quiet, as_json=as_json)


def _finish(
    outcomes: list[dict[str, Any]], show: Callable[[Sequence[dict[str, Any]]], None], *, quiet: bool, as_json: bool
) -> None:
    if as_json:
        tables.print_json(outcomes)
    elif not quiet:
        show(outcomes)
    if any("error" in outcome for outcome in outcomes):
        raise typer.Exit(1)


def targets_of(output: Path, references: Sequence[Reference], what: str, formats: str) -> list[list[Path]]:
    """The files that each recording goes to.

    Raises:
        OptionError: one file for several recordings, or a format that there is not.
    """
    wanted = list(dict.fromkeys(formats.replace(" ", "").split(",")))
    if bad := [name for name in wanted if name not in FORMATS]:
        raise OptionError(f"--format {bad[0]}: give {' or '.join(FORMATS)}, or both with a comma")
    if output.is_dir() or not output.suffix:
        return [[output / f"{reference.stem}.{what}.{name}" for name in wanted] for reference in references]
    if output.suffix.lower().lstrip(".") not in FORMATS:
        raise OptionError(f"-o {output}: give a name that ends in .npz or .png, or a folder")
    if len(references) > 1:
        raise OptionError(f"-o {output}: one file for {len(references)} recordings; give a folder")
    return [[output]]


Work = Callable[[Path, Sequence[Path], Path, Quiet, str], dict[str, Any]]
"""From a recording, the files to write, a folder for what is large, where to report and under which name."""


def each(
    references: Sequence[Reference], targets: Sequence[Sequence[Path]], work: Work, *, quiet: bool
) -> list[dict[str, Any]]:
    """What the work says of each recording; one that fails has an `error` instead, and stops no other."""
    outcomes: list[dict[str, Any]] = []
    with display(len(references), quiet=quiet) as shown:
        for reference, written in zip(references, targets, strict=True):
            outcome: dict[str, Any] = {"file": reference.name}
            try:
                with _place_for(written[0].parent) as name:
                    source = fetch(reference, SourceOptions(), Path(name))
                    outcome |= work(source.path, written, Path(name), shown, reference.name)
                outcome["written"] = [str(path) for path in written]
            except OptionError:
                raise
            except EarwitnessError as error:
                outcome["error"] = str(error)
            outcomes.append(outcome)
            shown.finished(reference.name)
            if "error" in outcome:
                shown.say(f"error: {outcome['error']}")
    return outcomes


def write(found: Sequence[Any], targets: Sequence[Path], title: str) -> None:
    """Features into an .npz file, a picture of them into a .png, or both."""
    from earwitness.toolkit import feature_files, plots

    for path in targets:
        if path.suffix.lower() == ".png":
            picture = plots.plot(found, title)
            try:
                write_whole(path, picture)
            except OSError as error:
                raise StorageError(f"{path}: cannot be written ({error.strerror or error}); give another -o") from error
        else:
            feature_files.save(found, path)


def _place_for(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """For decoded sound and features: where the results go, since there is room for those."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".earwitness-", dir=folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot write there ({error.strerror}); give another -o") from error


def _facts(feature: Any) -> dict[str, Any]:
    low, high = feature.range()
    rows, frames = feature.values.shape
    return {
        "kind": feature.kind, "rows": rows, "frames": frames, "hop_s": feature.hop_s, "unit": feature.units[0],
        "minimum": low, "maximum": high,
    }  # fmt: skip


def _print(outcomes: Sequence[dict[str, Any]]) -> None:
    columns = ("file", "kind", "rows", "frames", "least", "most", "unit")
    rows = [row for outcome in outcomes for row in _rows(outcome)]
    tables.print_table(columns, rows, right=columns[2:6])
    written = [path for outcome in outcomes for path in outcome.get("written", ())]
    if written:
        print(f"written: {', '.join(written[:3])}{f' and {len(written) - 3} more' if len(written) > 3 else ''}")


def _rows(outcome: dict[str, Any]) -> list[tuple[str, ...]]:
    if "error" in outcome:
        return [(outcome["file"], "failed", "", "", "", "", "")]
    return [
        (
            outcome["file"], fact["kind"], str(fact["rows"]), str(fact["frames"]), f"{fact['minimum']:.4g}",
            f"{fact['maximum']:.4g}", fact["unit"],
        )
        for fact in outcome["features"]
    ]  # fmt: skip

"""earwitness features --reconstruct"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from earwitness.cli import tables
from earwitness.cli.progress import Quiet
from earwitness.errors import OptionError, StorageError
from earwitness.files import write_whole
from earwitness.options import PretrainedOptions

COLUMNS = ("file", "seconds", "hidden", "loss")


def rebuilding(model: str, options: PretrainedOptions, mask_ratio: float | None, seed: int) -> Any:
    """What `earwitness.cli.features.each` is to do with a recording."""
    from earwitness.toolkit import reconstruction

    if not model:
        raise OptionError(
            "--reconstruct: say with which --model; AudioMAE's pretrained.pth, or a folder, that has a decoder"
        )
    engine = reconstruction.rebuilder(model, options)

    def one(path: Path, written: Sequence[Path], folder: Path, shown: Quiet, name: str) -> dict[str, Any]:
        found = reconstruction.of_file(path, engine, options, mask_ratio, seed)
        for target in written:
            content = reconstruction.plot(found, name) if target.suffix == ".png" else reconstruction.npz(found)
            try:
                write_whole(target, content)
            except OSError as error:
                raise StorageError(
                    f"{target}: cannot be written ({error.strerror or error}); give another -o"
                ) from error
        seconds = len(found.original) * found.hop_s
        return {"model": engine.model, "seconds": seconds, "hidden": float(found.masked.mean()), "loss": found.loss}

    return one


def show(outcomes: Sequence[dict[str, Any]]) -> None:
    """Prints what was done."""
    rows = [
        (outcome["file"], "failed", "", "")
        if "error" in outcome
        else (outcome["file"], f"{outcome['seconds']:.2f}", f"{outcome['hidden']:.0%}", f"{outcome['loss']:.3f}")
        for outcome in outcomes
    ]
    tables.print_table(COLUMNS, rows, right=COLUMNS[1:])

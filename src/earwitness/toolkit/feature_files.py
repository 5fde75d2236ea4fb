"""Features in .npz files, with all that is needed to plot them again: keys in docs/features.md."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from earwitness.errors import SourceError, StorageError, reason
from earwitness.files import replacing
from earwitness.mapped import release
from earwitness.toolkit.features import Feature, FeatureOptions
from earwitness.values import from_plain, to_plain


def save(features: Sequence[Feature], path: Path) -> None:
    """Writes features of one recording to an .npz file; where there are several, `KIND/` stands before each key.

    The values are written row by row, so that those in a file are never all in memory.

    Raises:
        StorageError: the file cannot be written; what was there before stays.

    Example:
        >>> import tempfile
        >>> from earwitness.toolkit.features import extract
        >>> from earwitness.types import Audio
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "hush.npz")
        ...     save([extract(Audio(np.zeros(16_000, np.float32)), "log-mel")], path)
        ...     sorted(np.load(path)), load(path)[0].values.shape
        (['frequencies_hz', 'kind', 'parameters', 'sample_rate_hz', 'times_s', 'units', 'values'], (80, 100))
    """
    try:
        with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for feature in features:
                before = f"{feature.kind}/" if len(features) > 1 else ""
                with archive.open(f"{before}values.npy", "w", force_zip64=True) as member:
                    _write_rows(member, feature.values)
                for key, array in _beside(feature).items():
                    with archive.open(f"{before}{key}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array, allow_pickle=False)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error}); give another -o") from error


def load(path: Path) -> list[Feature]:
    """The features that `save` has written.

    Raises:
        SourceError: there is no such file, or it holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            prefixes = dict.fromkeys(key.rpartition("/")[0] for key in arrays)
            return [_feature({key: arrays[f"{p}/{key}" if p else key] for key in _keys(arrays, p)}) for p in prefixes]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path}: holds no features ({reason(error)}); give a file of earwitness features") from error


def _beside(feature: Feature) -> Mapping[str, Any]:
    """What is kept beside the values."""
    rows = {"rows": np.array(feature.names)} if feature.names else {"frequencies_hz": feature.frequencies_hz}
    return {
        "times_s": feature.times,
        **rows,
        "units": np.array(feature.units),
        "kind": np.array(feature.kind),
        "sample_rate_hz": np.array(feature.sample_rate),
        "parameters": np.array(json.dumps(to_plain(feature.options))),
    }


def _write_rows(member: IO[bytes], values: Any) -> None:
    np.lib.format.write_array_header_1_0(member, np.lib.format.header_data_from_array_1_0(values))
    for row in values:
        member.write(row.tobytes())
        release(values)


def _keys(arrays: Any, prefix: str) -> list[str]:
    return [name for before, _, name in (key.rpartition("/") for key in arrays) if before == prefix]


def _feature(arrays: Mapping[str, Any]) -> Feature:
    return Feature(
        kind=str(arrays["kind"]),
        values=arrays["values"],
        times=arrays["times_s"],
        units=tuple(map(str, arrays["units"])),
        frequencies_hz=arrays.get("frequencies_hz"),
        names=tuple(map(str, arrays["rows"])) if "rows" in arrays else (),
        sample_rate=int(arrays["sample_rate_hz"]),
        options=from_plain(FeatureOptions, json.loads(str(arrays["parameters"]))),
    )

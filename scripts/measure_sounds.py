"""Tells how often sounds are taken for what they are: `python scripts/measure_sounds.py FOLDER [MUSIC...]`.

FOLDER has a manifest.jsonl with rows of kind "sound" and their labels; MUSIC are recordings that are music throughout.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

from earwitness import audio
from earwitness.errors import AudioError
from earwitness.sounds import listen

MUSICAL = ("music (arcade)", "guitar")


def main(folder: Path, *music: str) -> None:
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["kind"] == "sound"]
    recordings = [(folder / row["file"], row["label"], row["label"] in MUSICAL) for row in rows]
    recordings += [(Path(name), Path(name).stem, True) for name in music]
    seconds: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    heard_s = work_s = 0.0
    for path, label, is_music in recordings:
        try:
            sound = audio.load(path)
        except AudioError:
            continue  # one of them is empty
        began = time.perf_counter()
        found: Counter[str] = Counter()
        for span in listen(sound, []):
            found[span.kind] += span.end - span.start
        work_s += time.perf_counter() - began
        heard_s += sound.duration
        seconds[is_music].update(found)
        if found["noise" if is_music else "music"] > 0.1 * found.total():
            print(f"{label} ({path.name}): {found['music']:.1f} s music, {found['noise']:.1f} s noise")
    for is_music, kind in ((True, "music"), (False, "noise")):
        total = seconds[is_music].total()
        if total:
            print(f"{total:.0f} s of {kind}: {seconds[is_music][kind] / total:.1%} taken for it")
    print(f"{heard_s / work_s:.0f} times as fast as real time")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

"""Runs an engine over every recording of a manifest and checks and scores what comes back.

    python scripts/measure.py --data FOLDER [--engine pocketsphinx] [--output results.json]

FOLDER holds `manifest.jsonl`, a row a recording: `file`, `kind`, and where they are known `reference_text` and
`reference_file` (RTTM). Every transcript is checked: its JSON against the schema, words in order, inside the file and
inside speech, the ledger adding up to the duration. Files with a text are scored by word error rate (lower case, no
punctuation, numbers as they are), those with an RTTM by diarization error rate (collar 0, overlap counted).
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import jiwer
import jsonschema
from pyannote.core import Annotation
from pyannote.core import Segment as Span
from pyannote.database.util import load_rttm
from pyannote.metrics.diarization import DiarizationErrorRate

import earwitness
from earwitness.checkpoints import Checkpoints
from earwitness.errors import EarwitnessError
from earwitness.options import Options
from earwitness.pipeline import Engines, run
from earwitness.source import fetch, find
from earwitness.types import Transcript

SCHEMA = json.loads(Path(earwitness.__file__).with_name("exports").joinpath("transcript.schema.json").read_text())
SOUNDS = (".wav", ".flac", ".mp3", ".m4a", ".wma", ".ogg", ".aiff", ".mp4", ".opus")
TOLERANCE_S = 0.002


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--engine", default="pocketsphinx")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--kinds", default="", help="only these kinds, separated by commas")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in (arguments.data / "manifest.jsonl").read_text().splitlines()]
    wanted = set(filter(None, arguments.kinds.split(",")))
    rows = [r for r in rows if r["file"].lower().endswith(SOUNDS) and (not wanted or r["kind"] in wanted)]
    options = Options.of(engine=arguments.engine, model=arguments.model)
    engines = Engines(options)
    with tempfile.TemporaryDirectory() as cache:
        results = [measured(arguments.data, row, options, engines, Checkpoints(Path(cache))) for row in rows]
    report(results)
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=1) + "\n")


def measured(data: Path, row: dict[str, Any], options: Options, engines: Engines, kept: Checkpoints) -> dict[str, Any]:
    began = time.perf_counter()
    result: dict[str, Any] = {"file": row["file"], "kind": row["kind"]}
    try:
        source = fetch(find([str(data / row["file"])])[0], options.source, kept.scratch())
        transcript = run(source, options, engines, checkpoints=kept)
    except EarwitnessError as error:
        return {**result, "error": str(error)}
    result |= {
        "seconds": transcript.duration,
        "elapsed": time.perf_counter() - began,
        "recognition": transcript.timings.get("words", 0.0),
        "faults": faults(transcript),
        "speakers": len(transcript.speakers),
    }
    if row.get("reference_text") and row["kind"] in ("asr", "keyword"):
        counts = jiwer.process_words(plain(row["reference_text"]), plain(transcript.text))
        errors = counts.substitutions + counts.deletions + counts.insertions
        result |= {"errors": errors, "reference_words": errors - counts.insertions + counts.hits}
    if str(row.get("reference_file", "")).endswith(".rttm"):
        (reference,) = load_rttm(str(data / row["reference_file"])).values()
        result |= diarization(reference, transcript)
    print(json.dumps(result), flush=True)
    return result


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", text.lower().replace("’", "'")))


def faults(transcript: Transcript) -> list[str]:
    """What a transcript may never have."""
    found = []
    errors = list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(transcript.to_dict()))
    found += [f"schema: {error.message[:80]}" for error in errors]
    starts = [word.start for word in transcript.words]
    if starts != sorted(starts):
        found.append("words out of order")
    if any(word.start < 0 or word.end > transcript.duration + TOLERANCE_S for word in transcript.words):
        found.append("a word outside the file")
    speech = [span for span in transcript.coverage if span.kind != "silence"]
    for word in transcript.words:
        if not any(s.start - TOLERANCE_S <= word.start and word.end <= s.end + TOLERANCE_S for s in speech):
            found.append(f"a word outside speech at {word.start:.2f}")
    covered = sum(span.end - span.start for span in transcript.coverage)
    if abs(covered - transcript.duration) > TOLERANCE_S:
        found.append(f"coverage {covered:.3f} of {transcript.duration:.3f} s")
    return found


def diarization(reference: Annotation, transcript: Transcript) -> dict[str, float]:
    """Of the transcript's words: error components as shares of the reference speech."""
    hypothesis = Annotation()
    for index, word in enumerate(transcript.words):
        if word.speaker is not None:
            hypothesis[Span(word.start, word.end), index] = word.speaker
    detail = DiarizationErrorRate(collar=0.0, skip_overlap=False)(reference, hypothesis.support(0.5), detailed=True)
    total = detail["total"]
    return {
        "reference_speakers": len(reference.labels()),
        "der": detail["diarization error rate"],
        **{name: detail[name] / total for name in ("missed detection", "false alarm", "confusion")},
    }


def report(results: list[dict[str, Any]]) -> None:
    failed = [result for result in results if "error" in result]
    faulty = [result for result in results if result.get("faults")]
    print(f"\n{len(results)} recordings, {len(failed)} refused, {len(faulty)} with faults")
    for result in [*failed, *faulty]:
        print(" ", result["file"], result.get("error") or result["faults"])
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        if "reference_words" in result:
            groups[re.split(r"[-_.\d]", Path(result["file"]).stem)[0]].append(result)
            groups["all"].append(result)
    for name, group in sorted(groups.items()):
        words = sum(result["reference_words"] for result in group)
        errors = sum(result["errors"] for result in group)
        print(f"WER {name}: {errors / words:.1%} of {words} words in {len(group)} files")
    for result in (result for result in results if "der" in result):
        parts = " ".join(f"{n} {result[n]:.1%}" for n in ("missed detection", "false alarm", "confusion"))
        print(
            f"DER {result['file']}: {result['der']:.1%} ({parts}), "
            f"{result['speakers']} speakers for {result['reference_speakers']}"
        )
    timed = [result for result in results if result.get("seconds")]
    rest = sum(result["elapsed"] - result["recognition"] for result in timed)
    print(f"all but recognition: {rest / sum(result['seconds'] for result in timed):.2%} of the audio's length")
    print(f"median of elapsed / length: {statistics.median(r['elapsed'] / r['seconds'] for r in timed):.3f}")


if __name__ == "__main__":
    main()

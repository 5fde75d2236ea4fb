"""The rules of the layout: what may import what, and what a plain import may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import earwitness

PACKAGE = Path(earwitness.__file__).parent
HEAVY = {
    "av", "ctranslate2", "espeakng_loader", "faster_whisper", "huggingface_hub", "jiwer",
    "kaldi_native_fbank", "librosa", "matplotlib", "onnxruntime", "openvino", "pocketsphinx", "psutil", "pyannote",
    "pysbd", "pysubs2", "rapidfuzz", "ray", "rouge_score", "scipy", "sklearn", "sounddevice", "soxr", "tokenizers",
    "torch", "transformers", "whisper", "whisper_normalizer", "whisperx",
}  # fmt: skip
STAGES = (
    "source", "audio", "regions", "sounds", "windows", "guards", "repair", "words", "speakers", "segments", "coverage",
    "introductions", "chapters", "summary", "abstracts", "summaries", "endpoints", "agreement",
    "online_speakers", "live",
)  # fmt: skip
IMPORT_LIMIT_S = 0.15


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stderr.split()}


def imports_of(path: Path, *, at_top: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body if at_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import earwitness") & (HEAVY | {"numpy", "typer", "rich"}) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "from earwitness import transcribe",
        "from earwitness.cli import main; main(['--help'])",
        "from earwitness.cli import main; main(['transcribe', '--help'])",
        "from earwitness.cli import main; main(['summarize', '--help'])",
        "from earwitness.cli import main; main(['feed', '--help'])",
        "from earwitness.cli import main; main(['features', '--help'])",
        "from earwitness.toolkit import feature_files, features, plots",
        "from earwitness.cli import main; main(['classify', '--help'])",
        "from earwitness.cli import main; main(['match', '--help'])",
        "from earwitness.cli import main; main(['live', '--help'])",
    ],
)
def test_no_model_library_is_loaded_before_it_is_needed(statement: str) -> None:
    assert loaded_by(statement) & HEAVY == set()


def test_importing_the_package_is_quick() -> None:
    """The best of several, since other work on the machine can only make it slower."""
    code = "import time; began = time.perf_counter(); import earwitness; print(time.perf_counter() - began)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(5)]
    times = [float(run.stdout) for run in runs]
    assert min(times) < IMPORT_LIMIT_S


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_knows_no_engine(stage: str) -> None:
    engines = {name for name in imports_of(PACKAGE / f"{stage}.py") if name.startswith("earwitness.engines")}
    assert all(name.startswith("earwitness.engines.base") for name in engines)


@pytest.mark.parametrize("path", sorted((PACKAGE / "engines").glob("*.py")), ids=lambda path: path.name)
def test_an_engine_knows_no_stage(path: Path) -> None:
    forbidden = {f"earwitness.{name}" for name in (*STAGES, "pipeline", "batch", "cli", "exports")}
    assert imports_of(path) & forbidden == set()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_heavy_libraries_are_imported_only_where_they_run(path: Path) -> None:
    assert {name.split(".")[0] for name in imports_of(path, at_top=True)} & HEAVY == set()

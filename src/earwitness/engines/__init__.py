"""The only place that loads a model: tables of names, and the classes they stand for.

A new engine is one file here and one row below.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from earwitness.engines.base import (
    Diarizer,
    Recognizer,
    SentenceEmbedder,
    SoundClassifier,
    SoundEmbedder,
    SpeechDetector,
    Summarizer,
    Synthesizer,
    TimbreEncoder,
    VoiceEmbedder,
)
from earwitness.errors import ModelError, OptionError
from earwitness.options import EXTRACTIVE, ModelOptions, PretrainedOptions, SpeechOptions, SummaryOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

RECOGNIZERS = {
    "faster-whisper": "earwitness.engines.faster_whisper:FasterWhisper",
    "transformers": "earwitness.engines.transformers:Transformers",
    "openvino": "earwitness.engines.openvino:OpenVino",
    "pocketsphinx": "earwitness.engines.pocketsphinx:PocketSphinx",
    "fake": "earwitness.engines.fake:Fake",
}
DETECTORS = {"silero": "earwitness.engines.silero:Silero"}
EMBEDDERS = {
    "builtin": "earwitness.engines.voice_net:VoiceNet",
    "discriminant": "earwitness.engines.mfcc_lda:MfccLda",
    "wespeaker": "earwitness.engines.wespeaker:WeSpeaker",
}
"""Engines that tell voices apart; the turns are found by `earwitness.speakers`."""
PRINTS = {"prints": "earwitness.engines.voice_net:VoicePrints"}
"""What prints are made by, whichever engine told the voices apart: so a voice named under one is known under any."""
DIARIZERS = {"pyannote": "earwitness.engines.pyannote:Pyannote"}
"""Engines that find the turns themselves."""
SUMMARIZERS = {
    "seq2seq": "earwitness.engines.seq2seq:Seq2Seq",
    "chat": "earwitness.engines.chat:Chat",
}
"""Engines that write; without one, summaries are made of what was said."""
NO_SUMMARY = "none"
SENTENCES = {"onnx": "earwitness.engines.sentences:find"}
"""What tells sentences that mean the like."""
NO_SENTENCES = "none"
SYNTHESIZERS = {
    "espeak": "earwitness.engines.espeak_synthesizer:Espeak",
    "speecht5": "earwitness.engines.speecht5:SpeechT5",
    "vits": "earwitness.engines.vits:Vits",
}
"""Engines that speak."""
TIMBRES = {"xvector": "earwitness.engines.xvector:XVector"}
"""What makes a voice of a recording, for engines that speak with any."""
SOUND_EMBEDDERS = {
    "builtin": "earwitness.engines.sound_patches:SoundPatches",
    "audiomae": "earwitness.engines.audio_mae:AudioMae",
    "clap": "earwitness.engines.clap:Clap",
    "hubert": "earwitness.engines.sound_encoders:Hubert",
    "wav2vec2": "earwitness.engines.sound_encoders:Wav2Vec2",
    "wavlm": "earwitness.engines.sound_encoders:WavLm",
    "whisper-encoder": "earwitness.engines.sound_encoders:WhisperEncoder",
}
"""What turns sound into points; a name stands for the published model, any other of its kind has a folder or hub id."""
SOUND_KINDS = {
    "clap": "clap",
    "hubert": "hubert",
    "vit_mae": "audiomae",
    "wav2vec2": "wav2vec2",
    "wavlm": "wavlm",
    "whisper": "whisper-encoder",
}
"""Which of them a checkpoint is for, by the `model_type` that its config.json names."""
SOUND_CLASSIFIERS = {
    "builtin": "earwitness.engines.sound_net:SoundNet",
    "transformers": "earwitness.engines.audio_classifier:AudioClassifier",
}
"""What tells what a sound is of: ours, which ships with the package, and any checkpoint by folder or hub id."""
HAVE_MODELS = ("wespeaker", "pyannote")
"""Those of the two whose model can be chosen: `NAME:MODEL`, a file, a folder or a hub id."""

AUTO = "auto"
BUILTIN = "builtin"
DEFAULTS = {
    "recognizer": "faster-whisper",
    "detector": "silero",
    "embedder": "builtin",
    "sentences": "onnx",
    "synthesizer": "espeak",
}


def recognizer(options: ModelOptions) -> Recognizer:
    """The engine that `options` name, not yet loaded: that happens when it first hears something."""
    name = _fastest(options) if options.engine == AUTO else options.engine
    engine: Recognizer = _made(RECOGNIZERS, "engine", name, DEFAULTS["recognizer"])(options)
    return engine


def _fastest(options: ModelOptions) -> str:
    from earwitness.engines.openvino import suits

    return "openvino" if suits(options) else DEFAULTS["recognizer"]


def detector(name: str = AUTO) -> SpeechDetector:
    engine: SpeechDetector = _made(DETECTORS, "detector", name, DEFAULTS["detector"])()
    return engine


def embedder(name: str = AUTO, options: ModelOptions | None = None) -> VoiceEmbedder:
    """The engine behind `--diarizer NAME[:MODEL]`, where it is one that only tells voices apart."""
    if name.partition(":")[0] in DIARIZERS:
        raise OptionError(f"--diarizer {name} gives turns and no voices; here use one of {', '.join(EMBEDDERS)}")
    engine: VoiceEmbedder = _voices(name, options)
    return engine


def print_embedder() -> VoiceEmbedder:
    """The engine whose prints are kept and compared."""
    engine: VoiceEmbedder = _made(PRINTS, "engine for prints", AUTO, "prints")()
    return engine


def diarizer(name: str, options: ModelOptions | None = None) -> Diarizer | None:
    """The engine behind `--diarizer NAME[:MODEL]`, where it finds the turns itself; none where it is an embedder."""
    engine: Diarizer | None = _voices(name, options) if name.partition(":")[0] in DIARIZERS else None
    return engine


def summarizer(options: SummaryOptions, model: ModelOptions) -> Summarizer | None:
    """The engine behind `--summarizer NAME[:MODEL]`, where it is one that writes; none where nothing needs one."""
    name, _, wanted = options.summarizer.partition(":")
    if options.summarizer in (AUTO, EXTRACTIVE, NO_SUMMARY):
        return None
    if name not in SUMMARIZERS:
        known = ", ".join((AUTO, EXTRACTIVE, *SUMMARIZERS, NO_SUMMARY))
        raise OptionError(f"no summarizer is called {options.summarizer!r}; there are {known}")
    engine: Summarizer = _made(SUMMARIZERS, "summarizer", name, AUTO)(wanted, options, model)
    return engine


def sentence_embedder(model: str = AUTO, options: ModelOptions | None = None) -> SentenceEmbedder | None:
    """The engine behind `--sentence-model MODEL`, not yet loaded.

    Args:
        model: a folder or a hub id; none for none; auto for the one of `earwitness.engines.hub` where that is in the
            cache, and else none: nothing is downloaded for it.
        options: `offline` and `threads` are heeded.

    Raises:
        ModelError: the model is not here and cannot be had, or is not of sentence-transformers in ONNX.
    """
    if model == NO_SENTENCES:
        return None
    find = _made(SENTENCES, "engine for sentences", AUTO, DEFAULTS["sentences"])
    engine: SentenceEmbedder | None = find("" if model == AUTO else model, options or ModelOptions())
    return engine


def synthesizer(options: SpeechOptions, timbre: FloatArray | None = None) -> Synthesizer:
    """The engine that `options` name, not yet loaded: that happens when it first has something to say.

    Args:
        options: `voice` is heeded by the engines that have voices of their own.
        timbre: float32 (512,), the x-vector of whom speecht5 shall sound like; none for one by `options.seed`.

    Raises:
        OptionError: there is no such engine or voice.
        ExtraError: what it needs is not installed.
    """
    make = _made(SYNTHESIZERS, "engine for speech", options.engine, DEFAULTS["synthesizer"])
    engine: Synthesizer = make(options, timbre)
    return engine


def timbre_encoder(model: str, options: PretrainedOptions) -> TimbreEncoder:
    """The engine that makes x-vectors of recordings, by folder or hub id; empty for the one of SpeechT5's authors."""
    engine: TimbreEncoder = _made(TIMBRES, "engine for voices", AUTO, "xvector")(model, options)
    return engine


def sound_embedder(model: str, options: PretrainedOptions) -> SoundEmbedder:
    """The engine behind `earwitness embed --model MODEL`; the network is loaded when it first hears something.

    Args:
        model: a name of `SOUND_EMBEDDERS`, which stands for the published model of that kind, a folder or a hub id.
        options: all are heeded.

    Raises:
        ExtraError: torch or transformers are not installed.
        ModelError: the model is not here and cannot be had, or is of no kind that gives embeddings of sound.
    """
    if model in SOUND_EMBEDDERS:
        return _sound_embedder(model, "", options)
    return _sound_embedder(_sound_kind(model, options), model, options)


def _sound_embedder(name: str, model: str, options: PretrainedOptions) -> SoundEmbedder:
    engine: SoundEmbedder = _made(SOUND_EMBEDDERS, "model of sound", name, name)(model, options)
    return engine


def _sound_kind(model: str, options: PretrainedOptions) -> str:
    """Which engine a folder or hub id is for: what its config.json says, or what AudioMAE's publishers left out."""
    from earwitness.engines import audio_mae, pretrained

    folder = audio_mae.find(model, options)
    if audio_mae.is_published(folder):
        return "audiomae"
    kind = str(pretrained.config(folder).get("model_type"))
    if kind not in SOUND_KINDS:
        raise ModelError(
            f"{model}: it is a {kind} and gives no embeddings of sound; give one of the kinds "
            f"{', '.join(SOUND_KINDS)}, or a name: {', '.join(SOUND_EMBEDDERS)}"
        )
    return SOUND_KINDS[kind]


def sound_classifier(model: str = BUILTIN, options: PretrainedOptions | None = None) -> SoundClassifier:
    """The engine behind `earwitness classify --model MODEL`, not yet loaded.

    Args:
        model: builtin (or auto) for ours; a folder or a hub id of an audio-classification checkpoint of transformers.
        options: all are heeded for a checkpoint, none for ours.

    Raises:
        ExtraError: a checkpoint is asked for, and torch or transformers are not installed.
    """
    name = BUILTIN if model in (AUTO, BUILTIN) else "transformers"
    make = _made(SOUND_CLASSIFIERS, "classifier of sounds", name, BUILTIN)
    engine: SoundClassifier = make(model, options or PretrainedOptions())
    return engine


def _voices(name: str, options: ModelOptions | None) -> Any:
    kind, _, model = name.partition(":")
    make = _made({**EMBEDDERS, **DIARIZERS}, "diarizer", kind, DEFAULTS["embedder"])
    if kind in HAVE_MODELS:
        return make(model, options or ModelOptions())
    if model:
        raise OptionError(f"--diarizer {name}: {kind} has no other model; a model goes with {', '.join(HAVE_MODELS)}")
    return make(threads=(options or ModelOptions()).threads)


def _made(table: dict[str, str], what: str, name: str, default: str) -> Any:
    row = table.get(default if name == AUTO else name)
    if row is None:
        raise OptionError(f"no {what} is called {name!r}; there are {', '.join((AUTO, *table))}")
    module, _, attribute = row.partition(":")
    return getattr(importlib.import_module(module), attribute)

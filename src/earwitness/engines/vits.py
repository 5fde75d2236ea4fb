"""VITS: text to sound in one network. MMS-TTS has one for each of over a thousand languages; some have many speakers.

Sources: Kim, Kong and Son, "Conditional variational autoencoder with adversarial learning for end-to-end
text-to-speech", ICML 2021; Pratap and others, "Scaling speech technology to 1,000+ languages", 2023;
https://huggingface.co/facebook/mms-tts-eng.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines import on_torch, pretrained
from earwitness.engines.speecht5 import in_full_precision
from earwitness.errors import ExtraError, ModelError, OptionError, reason
from earwitness.files import fingerprint
from earwitness.options import SPEEDS, SpeechOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MODEL = "facebook/mms-tts-eng"
MOST_CHARACTERS = 600
"""Said in one go; memory grows with the square of it."""
_CODES = {
    "eng": "en", "deu": "de", "fra": "fr", "spa": "es", "ita": "it", "nld": "nl", "pol": "pl", "rus": "ru", "jpn": "ja",
    "cmn": "zh", "hin": "hi", "mar": "mr", "amh": "am", "ara": "ar", "hye": "hy", "bul": "bg", "urd": "ur", "fas": "fa",
    "ell": "el", "mya": "my", "dan": "da", "slk": "sk", "kaz": "kk",
}  # fmt: skip
"""ISO 639-3, as MMS has it, to ISO 639-1, for languages whose sentences are found by more than their marks."""


class Vits:
    """VITS with one of its speakers."""

    name = "vits"
    speeds = SPEEDS

    def __init__(self, options: SpeechOptions, timbre: FloatArray | None = None) -> None:
        """Finds the model, downloading it where it must; it is loaded when it is first used.

        Args:
            options: `model`, `voice` (the number of a speaker), `seed` and `pretrained` are heeded. A dtype of auto is
                float32.
            timbre: none; VITS has its own speakers.

        Raises:
            ModelError: the model is not here and cannot be had.
            OptionError: there is no such speaker.
            ExtraError: torch or transformers are not installed, or what the model's language needs.
        """
        if timbre is not None or options.vocoder:
            raise OptionError("--engine vits has its own speakers and vocoder; choose a speaker by --voice NUMBER")
        self._options = in_full_precision(options.pretrained)
        self.versions: Mapping[str, str] = on_torch.installed("--engine vits", "--engine espeak")
        self.model = options.model or MODEL
        self._seed = options.seed
        self._folder = pretrained.find(self.model, self._options)
        self._speaker = self._speaker_of(options.voice)

    @property
    def language(self) -> str:
        # Where text becomes phonemes first, transformers has English rules for that.
        told = str(self._tokenizer.language or ("en" if self._tokenizer.phonemize else "und"))
        code = told.replace("_", "-").partition("-")[0].lower()
        return _CODES.get(code, code)

    @property
    def sample_rate(self) -> int:
        return int(self._settings.get("sampling_rate", 16_000))

    def identity(self) -> str:
        parts = (fingerprint(self._folder), self._speaker, self._seed, self._options.dtype)
        return f"{self.name}:{':'.join(map(str, parts))}"

    def fits(self, text: str) -> bool:
        return len(text) <= MOST_CHARACTERS

    def missing(self, text: str) -> Collection[str]:
        known = self._tokenizer.get_vocab()
        if self._tokenizer.phonemize or self._tokenizer.is_uroman:
            return ()  # they read numbers and all scripts
        return {letter for letter in set(text) if letter.isalnum() and not {letter, letter.lower()} & known.keys()}

    def speak(self, text: str, speed: float = 1.0) -> FloatArray:
        import torch

        pace = speed * float(self._settings.get("speaking_rate", 1.0))
        try:
            inputs = self._tokenizer(text, return_tensors="pt")
            # Of a text without any sound for it, at most the blank that goes between sounds is left.
            if inputs.input_ids.shape[1] <= int(self._tokenizer.add_blank):
                return np.zeros(0, np.float32)
            inputs = inputs.to(self._model.device)
            with torch.inference_mode(), on_torch.seeded(self._seed):
                made = self._model(**inputs, speaker_id=self._speaker, speaking_rate=pace)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{self.model}: cannot say {text[:40]!r} ({reason(error)}); try --device cpu") from error
        return np.asarray(made.waveform[0].float().cpu().numpy(), np.float32)

    def _speaker_of(self, voice: str) -> int | None:
        """The speaker's number; the first where there are several, and none where there is but one."""
        count = int(self._settings.get("num_speakers", 1))
        if voice and not (voice.isdecimal() and int(voice) < count):
            known = f"0 to {count - 1}" if count > 1 else "just one, without --voice"
            raise OptionError(f"{self.model}: no speaker is numbered {voice!r}; there are {known}")
        return int(voice or 0) if count > 1 else None

    @cached_property
    def _settings(self) -> Mapping[str, Any]:
        return pretrained.config(self._folder)

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = pretrained.companion("VitsTokenizer", self._folder)
        wanted = {"uroman": tokenizer.is_uroman, "phonemizer": tokenizer.phonemize}
        for package, needed in wanted.items():
            if needed and not find_spec(package):
                raise ExtraError(
                    f"{self.model}: {package}, which turns text into what this model reads, is not installed; pip "
                    f"install {package}, or use another model or --engine espeak"
                )
        return tokenizer

    @cached_property
    def _model(self) -> Any:
        return pretrained.load("VitsModel", self._folder, self._options)

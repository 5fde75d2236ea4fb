"""SpeechT5: English text to a spectrogram in anybody's voice, and HiFi-GAN: the spectrogram to sound.

Sources: Ao and others, "SpeechT5: unified-modal encoder-decoder pre-training for spoken language processing", ACL 2022;
Kong, Kim and Bae, "HiFi-GAN", NeurIPS 2020; https://huggingface.co/microsoft/speecht5_tts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines import on_torch, pretrained
from earwitness.errors import ModelError, reason
from earwitness.files import fingerprint
from earwitness.options import PretrainedOptions, SpeechOptions

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MODEL, VOCODER = "microsoft/speecht5_tts", "microsoft/speecht5_hifigan"
MOST_CHARACTERS = 200
"""Said in one go: longer sentences than it was trained with lose words, and its time grows with their square."""
FRAMES_A_TOKEN = 20
"""It stops by itself, or after so many frames (of 16 ms) a character; that is transformers' limit, too."""


class SpeechT5:
    """SpeechT5 with a vocoder and one voice."""

    name = "speecht5"
    language = "en"
    speeds = (1.0, 1.0)

    def __init__(self, options: SpeechOptions, timbre: FloatArray | None = None) -> None:
        """Finds the models, downloading them where it must; they are loaded when they are first used.

        Args:
            options: `model`, `vocoder`, `seed` and `pretrained` are heeded. A dtype of auto is float32.
            timbre: the x-vector of whom it shall sound like, float32 (512,); none for somebody made up by the seed.

        Raises:
            ModelError: a model is not here and cannot be had.
            ExtraError: torch or transformers are not installed.
        """
        self._options = in_full_precision(options.pretrained)
        self.versions: Mapping[str, str] = on_torch.installed("--engine speecht5", "--engine espeak")
        self.model = options.model or MODEL
        self._seed = options.seed
        self._timbre = timbre
        self._sounds: dict[str, bool] = {}
        self._folder = pretrained.find(self.model, self._options)
        own = replace(self._options, revision=None)
        self._vocoder_folder = pretrained.find(options.vocoder or VOCODER, own)

    @cached_property
    def sample_rate(self) -> int:
        rate = pretrained.config(self._vocoder_folder).get("sampling_rate", 16_000)
        if not isinstance(rate, int) or rate <= 0:
            raise ModelError(f"{self._vocoder_folder}: its config.json has a sampling rate of {rate!r}; get it again")
        return rate

    def identity(self) -> str:
        parts = (fingerprint(self._folder), fingerprint(self._vocoder_folder), self._seed, self._options.dtype)
        timbre = "" if self._timbre is None else self._timbre.tobytes().hex()
        return f"{self.name}:{':'.join(map(str, parts))}:{timbre}"

    def fits(self, text: str) -> bool:
        return len(text) <= MOST_CHARACTERS and len(self._tokens(text)) <= self._config("max_text_positions", 450)

    def missing(self, text: str) -> Collection[str]:
        return {letter for letter in set(text) if letter.isalnum() and not self._has_sound(letter)}

    def speak(self, text: str, speed: float = 1.0) -> FloatArray:
        import torch

        if not any(letter.isalnum() and self._has_sound(letter) for letter in set(text)):
            return np.zeros(0, np.float32)
        tokens = self._tokens(text)
        model, vocoder = self._models
        place = {"device": model.device, "dtype": model.dtype}
        # The decoder has so many positions, each of `reduction_factor` frames.
        frames = self._config("reduction_factor", 2) * (self._config("max_speech_positions", 4000) - 1)
        with torch.inference_mode(), on_torch.seeded(self._seed):
            # Its decoder drops half of what it knows at random, always (Shen and others 2018, section 2.2).
            try:
                samples = model.generate(
                    torch.tensor([tokens], device=model.device),
                    speaker_embeddings=torch.from_numpy(self._voice).to(**place)[None],
                    vocoder=vocoder,
                    maxlenratio=min(FRAMES_A_TOKEN, frames / len(tokens)),
                )
            except (RuntimeError, ValueError) as error:
                raise ModelError(
                    f"{self.model}: cannot say {text[:40]!r} ({reason(error)}); try --device cpu"
                ) from error
        return np.asarray(samples.float().cpu().numpy(), np.float32)

    def _tokens(self, text: str) -> list[int]:
        # Numbers become words, which it would otherwise leave out.
        tokens: list[int] = self._tokenizer(text, normalize=True).input_ids
        return tokens

    def _has_sound(self, letter: str) -> bool:
        if letter not in self._sounds:
            self._sounds[letter] = self._tokenizer.unk_token_id not in self._tokens(letter)
        return self._sounds[letter]

    def _config(self, name: str, default: int) -> int:
        return int(self._settings.get(name, default))

    @cached_property
    def _settings(self) -> Mapping[str, Any]:
        return pretrained.config(self._folder)

    @cached_property
    def _voice(self) -> FloatArray:
        size = self._config("speaker_embedding_dim", 512)
        voice = made_up(self._seed, size) if self._timbre is None else self._timbre
        if len(voice) != size:
            raise ModelError(f"{self.model}: its voices are {size} numbers, not {len(voice)}; give another --voice")
        return voice

    @cached_property
    def _tokenizer(self) -> Any:
        return pretrained.companion("SpeechT5Tokenizer", self._folder)

    @cached_property
    def _models(self) -> tuple[Any, Any]:
        model = pretrained.load("SpeechT5ForTextToSpeech", self._folder, self._options)
        vocoder = pretrained.load("SpeechT5HifiGan", self._vocoder_folder, self._options)
        if model.config.num_mel_bins != vocoder.config.model_in_dim:
            raise ModelError(
                f"{self._vocoder_folder}: a vocoder for {vocoder.config.model_in_dim} mel bands, and {self.model} "
                f"makes {model.config.num_mel_bins}; give the one that belongs to it with --vocoder"
            )
        return model, vocoder


def in_full_precision(options: PretrainedOptions) -> PretrainedOptions:
    """With float32 for a dtype of auto: these models are small, and half precision can be heard."""
    return replace(options, dtype="float32") if options.dtype == "auto" else options


def made_up(seed: int, size: int) -> FloatArray:
    """A direction that any is as likely to be as any other: nobody's voice, and always the same of one seed."""
    vector = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)

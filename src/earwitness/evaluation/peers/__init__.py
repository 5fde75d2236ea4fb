"""The recognisers that a benchmark can set beside ours, each as its own users run it: a table, and one file each.

They run in a process of their own (`bench_worker`), with the number of threads already in its environment.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass

from earwitness.errors import ExtraError, OptionError
from earwitness.evaluation.peers.base import Request, Transcriber


@dataclass(frozen=True)
class Peer:
    """`package` is what pip calls it and `adapter` a "module:Class". `ctranslate2` says whether it reads our models,
    `fixes_tokens` whether the number of tokens in a window can be fixed."""

    module: str
    package: str
    adapter: str
    ctranslate2: bool = False
    fixes_tokens: bool = True

    def load(self, request: Request) -> Transcriber:
        """The peer with its model loaded."""
        module, _, attribute = self.adapter.partition(":")
        loaded: Transcriber = getattr(importlib.import_module(module), attribute)(request)
        return loaded


PEERS = {
    "faster-whisper": Peer(
        "faster_whisper", "faster-whisper", "earwitness.evaluation.peers.faster_whisper:FasterWhisper", ctranslate2=True
    ),
    "openai-whisper": Peer("whisper", "openai-whisper", "earwitness.evaluation.peers.openai_whisper:OpenAIWhisper"),
    "whisperx": Peer(
        "whisperx", "whisperx", "earwitness.evaluation.peers.whisperx:WhisperX", ctranslate2=True, fixes_tokens=False
    ),
    "transformers": Peer(
        "transformers", "'transformers[torch]'", "earwitness.evaluation.peers.transformers:Transformers"
    ),
}


def peer(name: str) -> Peer:
    """The peer of that name.

    Raises:
        OptionError: there is none.
        ExtraError: it is not installed.
    """
    if name not in PEERS:
        raise OptionError(f"--against {name}: no such peer; there are {', '.join(PEERS)}")
    found = PEERS[name]
    if importlib.util.find_spec(found.module) is None:
        raise ExtraError(f"--against {name}: it is not installed here; pip install {found.package}")
    return found

"""Options that several commands have, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earwitness.options import SummaryOptions

OutputDir = Annotated[Path, typer.Option("--output-dir", "-o", help="Where the results go.")]
Model = Annotated[
    str,
    typer.Option(
        help="auto, demo, tiny, base, small, medium, large-v3, turbo, distil-..., a folder, a .pt or a hub id."
    ),
]
Engine = Annotated[
    str, typer.Option(help="auto, faster-whisper, openvino, transformers or pocketsphinx (a rough draft).")
]
Hotwords = Annotated[str | None, typer.Option(help="Names and terms to expect.", show_default=False)]
KnownVoices = Annotated[
    bool, typer.Option("--known-voices", help="Propose names of voices kept by `earwitness speakers name`.")
]
Workers = Annotated[
    int, typer.Option(min=1, help="Processes, each with its engines; one takes two recordings at a time.")
]


def _web_address(url: str) -> str:
    if url and not url.lower().startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no http(s) address")
    return url


PublishUrl = Annotated[
    str,
    typer.Option(metavar="URL", help="Where on the web the results will be, for STEM.feed.xml.", callback=_web_address),
]
Language = Annotated[str, typer.Option(help="A code such as en, or a name; auto detects it.")]
BeamSize = Annotated[int, typer.Option(help="Beams in decoding; 1 is fastest.")]
BatchSize = Annotated[int, typer.Option(help="Windows of 30 s decoded side by side.")]
Speakers = Annotated[int | None, typer.Option(help="How many speak, where you know it.", show_default=False)]
MinSpeakers = Annotated[int, typer.Option(help="At least so many.")]
MaxSpeakers = Annotated[int, typer.Option(help="At most so many.")]
Diarize = Annotated[bool, typer.Option("--diarize/--no-diarize", help="Tell speakers apart.")]
Diarizer = Annotated[
    str, typer.Option(help="auto, builtin, discriminant, wespeaker, pyannote; the latter two also as NAME:MODEL.")
]
Formats = Annotated[
    str,
    typer.Option(
        "--format",
        "--output-format",
        "-f",
        help="txt,md,notes,html,srt,vtt,tsv,json,rttm,podcast,chapters,feed,docx or all.",
    ),
]
Summarizer = Annotated[
    str, typer.Option(help="auto, extractive, seq2seq, chat or none; seq2seq and chat also as NAME:MODEL.")
]
ChatUrl = Annotated[str, typer.Option(help="The OpenAI-compatible server that --summarizer chat asks.")]
SentenceModel = Annotated[
    str,
    typer.Option(
        help="Lets summaries heed what sentences mean: a folder or hub id; auto takes one that is here, or none."
    ),
]
SoundModel = Annotated[
    str,
    typer.Option(
        help="What tells music and noise: builtin, or a checkpoint for audio classification (a folder or hub id)."
    ),
]
Unsupported = Annotated[
    str, typer.Option(help="Summary sentences that the cited words do not bear out: mark, drop or keep them.")
]
CHAT_URL = SummaryOptions.chat_url
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
ComputeType = Annotated[str, typer.Option(help="auto, int8, float16, bfloat16, float32 or another of CTranslate2's.")]
Threads = Annotated[int, typer.Option(help="CPU threads; 0 is one a core.")]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="auto|ADDRESS", help="Work on the Ray cluster there; auto finds or starts one.", show_default=False
    ),
]
Revision = Annotated[
    str | None, typer.Option(help="A commit, branch or tag of the model on the hub.", show_default=False)
]
CacheDir = Annotated[Path | None, typer.Option(help="The hub's cache; by default yours.", show_default=False)]
Dtype = Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never ask the model hub.")]
AllowPrivate = Annotated[bool, typer.Option("--allow-private", help="Let addresses lead into private networks.")]
Resume = Annotated[bool, typer.Option("--resume/--no-resume", help="Use what earlier runs finished.")]
Library = Annotated[
    Path | None, typer.Option("--library", help="The database; by default in your data folder.", show_default=False)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what went wrong.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the table at the end as JSON.")]

Normaliser = Annotated[
    str, typer.Option(help="What shall count as the same: auto, english, basic (Whisper's rules) or none.")
]
Collar = Annotated[
    float, typer.Option(min=0.0, help="Seconds left out about each speaker boundary, half on either side.")
]
SkipOverlap = Annotated[bool, typer.Option("--skip-overlap", help="Leave out where several speak at once.")]

INTERRUPTED = 130
"""The exit status that shells give a command stopped by Ctrl-C."""

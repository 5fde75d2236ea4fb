r"""Words while they are being said: the first half minute of the example episode, in blocks of a tenth of a second.

Prints:
    speaker changes: \d+
    median lag: \d\.\d s from spoken to final, without the time that hearing takes
    .*today we talk about life on a small island.*
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from statistics import median

from earwitness import Options, audio
from earwitness.live import Closed, Final, Partial, listen
from earwitness.pipeline import Engines

options = Options.of(model="demo", language="en", beam_size=1)
sound = audio.load(Path(__file__).with_name("episode.flac")).between(0.0, 30.0)
blocks = (sound[first : first + 1600] for first in range(0, len(sound), 1600))  # or whatever a queue gives

final, speakers = [], []
for event in listen(blocks, Engines(options), options):
    match event:
        case Partial():
            print("...", *(word.word.strip() for word in event.words))
        case Final():
            final += [(word, event.at - word.end) for word in event.words]
        case Closed():
            speakers.append(event.speaker)

print("speaker changes:", sum(one != other for one, other in pairwise(speakers)))
print(f"median lag: {median(lag for _, lag in final):.1f} s from spoken to final, without the time that hearing takes")
print("".join(word.word for word, _ in final).strip())

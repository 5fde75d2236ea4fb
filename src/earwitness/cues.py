"""How English speakers mark what they do: open, ask, change the topic, go on, close.

The patterns are matched against `text.plain` sentences.
"""

from __future__ import annotations

import re

NEXT_TOPIC = re.compile(
    r"""^(?:(?:ok|okay|so|well|now|all\ right|alright|right|great|and|but|then|first|second|third)\ )*(?:
        (?:our|my|the|a)\ (?:next|second|third|last|final|first)\ (?:topic|question|subject|story|item|point|part)\b
        |(?:\w+\ )?(?:let\ us|let's|let\ me|i\ (?:want|wanted|have|need)\ to|i'd\ (?:like|love)\ to|we\ should|shall\ we
            |can\ we|could\ we|before\ we)
            \ (?:\w+\ ){0,2}(?:talk|turn|move|start|begin|come|go|switch|ask|speak|discuss|shift|get)\b
        |(?:turning|moving|switching|coming)\ (?:now\ )?(?:to|on|over|back)\b
        |(?:finally|lastly|firstly|secondly|thirdly|meanwhile|in\ other\ news|next|up\ next|first\ of\ all)\b
        |(?:you|your)\ (?:also|once|other|next|latest)\b
    )""",
    re.VERBOSE,
)
"""Announces a topic."""

FAREWELL = re.compile(
    r"""\b(?:thank(?:s|\ you)(?:\ \w+){0,5}\ (?:listening|watching|tuning|joining|coming|time
            |conversation|talking|visit)
        |you(?:\ have|'ve)\ been\ listening|(?:those|these)\ were\ (?:our|the|my)
        |(?:that|this)(?:\ is|\ was|'s)\ (?:all|it\ for|the\ end|our\ (?:show|program|programme|episode))
        |^thank(?:s|\ you)(?:\ (?:very|so)\ much)?(?:\ \w+)?$
        |good\ place\ to\ (?:stop|end)
        |good-?bye|bye|see\ you\ (?:next|soon|then)|until\ next|next\ (?:time|week)|farewell|so\ long)\b""",
    re.VERBOSE,
)
"""Ends a show."""

GUEST_REPLY = re.compile(
    r"\b(?:for having me|for (?:the|your) invitation|(?:pleasure|good|great|nice|glad|happy) to be here)\b"
)
"""What guests say before the first topic begins."""

GREETING = re.compile(
    r"\b(?:welcome|hello|hi everyone|good (?:morning|evening|afternoon)|my guest|i'm your host|you're listening)\b"
)
"""Opens a show."""

ASKS = re.compile(
    r"^(?:(?:and|so|but|well|now|ok|okay) )*(?:what|how|why|when|where|who|which|whose|do|does|did|is|are|was|were|can"
    r"|could|would|will|have|has|tell me|tell us)\b"
)
"""Begins a question, even where nobody wrote a question mark."""

CONTINUES = re.compile(
    r"^(?:it|that|this|he|she|they|him|her|them|these|those|and|but|because|or|so|yes|no|then|which)\b"
)
"""Begins a sentence that leans on the one before it."""

PREVIEWS = re.compile(
    r"""\b(?:today\ (?:on|in|we|i|i'm|we're)|(?:in|on)\ (?:this|today's)\ (?:episode|show|program|programme|podcast)
        |(?:we|i)(?:\ will|\ are\ going\ to|'ll|'re\ going\ to)\ (?:talk|hear|discuss|look|explore)
        |(?:my|our)\ guest|joining\ (?:us|me)|(?:talking|speaking)\ (?:with|to)|we've\ got|we\ have\ with\ us
        |this\ is\ (?:the|a)\ (?:story|show)\ (?:of|about)|the\ (?:show|podcast)\ about)\b""",
    re.VERBOSE,
)
"""Says what the show is going to be about, or with whom."""

COURTESY = re.compile(
    r"""^(?:(?:and|well|oh|so|yes|yeah|okay)\ )*(?:
        thank|thanks|welcome|hello|hi|hey|good\ (?:morning|evening|afternoon)|goodbye|bye|dear\ listeners
        |you're\ welcome|please\ (?:leave|subscribe|rate|follow|tell)|don't\ forget|subscribe|see\ you|until\ next
        |if\ you\ (?:liked|enjoyed|like|enjoy)
        |(?:it's|it\ is|i'm|i\ am)\ (?:\w+\ )?(?:a\ pleasure|glad|happy)
        |i'm\ a\ (?:big|huge)\ fan|that's\ (?:all|it|amazing|great|wild|funny)
        |i\ love\ (?:that|it)|let's|let\ us|let\ me)\b
        |\b(?:thank\ you|thanks)\ (?:so\ much\ )?for\b|\bto\ be\ here$|\bthe\ show$
        |\bthis\ (?:is|was)\ the\ (?:\w+\ ){0,4}(?:show|podcast|program|programme)$""",
    re.VERBOSE,
)
"""Says nothing but kindness, or what the show itself needs."""

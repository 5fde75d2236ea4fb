"""What the made-up podcasts of `chatter` talk about, in words that the demo model has heard.

A theme has people, places, things and stuff that belong together, so that a chapter has words of its own; templates
make sentences of them. The braces in a template hold the kinds of `Topic.kinds`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from earwitness.evaluation.synth.sentences import BASE, DAYS, MONTHS, NUMBERS, PAST, PLACES, plural

# The grammar has some verbs in one form only.
VERBS = dict(
    zip(
        (verb for verb in BASE if verb not in {"help", "call", "try"}),
        (verb for verb in PAST if verb not in {"questioned", "hated", "washed"}),
        strict=True,
    )
)
"""Infinitive to past."""

TIMES = "hours days weeks months years".split()
QUALITIES = "good bad new old expensive cheap clean dirty safe famous strange special important".split()
"""What anything may be; a theme's own adjectives are for its things."""

DRAWN = {"people": (3, 4), "places": (3, 4), "things": (7, 9), "stuff": (3, 4), "verbs": (5, 7), "adjectives": (4, 5)}
"""How many of each a chapter talks about, fewest and most: 16 to 21 nouns in all."""


@dataclass(frozen=True)
class Theme:
    """Nouns by what they stand for (`stuff` has no plural), what people do to the things, and what those are like."""

    people: str
    places: str
    things: str
    stuff: str
    verbs: str
    adjectives: str


@dataclass(frozen=True)
class Topic:
    """What one chapter talks about: `focus` is the thing in its title, `kinds` has the words for templates."""

    focus: str
    kinds: Mapping[str, Sequence[str]]
    nouns: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"The {self.focus}"


THEMES = (
    Theme(
        "engineer worker driver captain", "river city road valley",
        "bridge boat truck tower wheel plan map wire photo path", "stone concrete wood money",
        "build cross repair design paint measure close", "old wooden narrow strong long",
    ),
    Theme(
        "sailor captain visitor pilot", "harbor beach island ocean",
        "ship lantern compass wave storm light basket line map lamp", "fish salt wind water",
        "follow watch clean carry cover lose find", "heavy slow small dangerous white",
    ),
    Theme(
        "farmer owner neighbor daughter", "farm field village hill",
        "horse egg seed plant house chicken wheel basket door bag", "milk wool soil rain",
        "carry count collect sell buy plant keep", "small young clean black big",
    ),
    Theme(
        "cook baker guest customer", "kitchen market shop street",
        "meal cup plate bottle soup orange apple box dinner table", "bread butter sugar cheese",
        "cook bring fill eat deliver buy like", "warm empty golden simple light",
    ),
    Theme(
        "doctor nurse patient surgeon", "hospital laboratory room school",
        "treatment virus vaccine heart eye ear hand report case lesson", "medicine biology evidence oxygen",
        "study explain test discover improve describe protect", "healthy weak tired rapid real",
    ),
    Theme(
        "scientist pilot expert student", "desert station mountain office",
        "planet moon star galaxy telescope rocket satellite camera mirror signal", "energy gas carbon physics",
        "watch discover measure reach describe compare follow", "bright dark perfect silent red",
    ),
    Theme(
        "engineer customer student owner", "office company network school",
        "computer keyboard screen program server battery phone language number letter", "data power paper money",
        "repair test connect use replace explain sell", "fast modern broken expensive empty",
    ),
    Theme(
        "listener reporter host editor", "studio archive museum market",
        "microphone speaker radio recording tape signal voice interview story episode", "sound news power time",
        "record publish hear translate keep collect move", "loud quiet old famous local",
    ),
    Theme(
        "singer player band friend", "stage hall street garden",
        "song melody guitar piano violin drum record album concert rhythm", "music sound wood light",
        "play sing write learn love hear teach", "gentle slow loud beautiful happy",
    ),
    Theme(
        "teacher student expert daughter", "school library town island",
        "book lesson course class question answer page story test letter", "history science paper time",
        "read teach write explain finish discuss start", "simple long difficult useful serious",
    ),
    Theme(
        "owner minister worker customer", "bank market company city",
        "loan contract budget price salary tax job report plan house", "money business interest industry",
        "pay cut change discuss count compare defend", "high low small common public",
    ),
    Theme(
        "judge lawyer minister reporter", "court city village office",
        "law rule right duty case election argument opinion letter question", "evidence freedom history news",
        "defend support change write discuss break explain", "important easy serious public human",
    ),
    Theme(
        "farmer sailor reporter scientist", "mountain valley lake station",
        "storm season winter summer measurement ship wave roof map window", "rain snow wind climate",
        "measure watch describe remember record compare notice", "warm cold dry wet early",
    ),
    Theme(
        "visitor expert painter friend", "forest lake hill garden",
        "bird spider bee butterfly eagle rabbit turtle tree flower leaf", "rain wood soil water",
        "watch count paint find protect follow describe", "small green yellow silent curious",
    ),
    Theme(
        "painter visitor expert owner", "museum castle hall room",
        "painting statue mirror picture candle table wall window photo corner", "paper glass copper light",
        "paint clean collect sell discover move study", "ancient famous dark blue beautiful",
    ),
    Theme(
        "writer editor reporter friend", "office library house town",
        "book chapter letter page story interview opinion idea word argument", "paper news coffee history",
        "write publish read translate finish forget send", "honest short funny strange famous",
    ),
    Theme(
        "pilot driver guest visitor", "airport station city island",
        "train ticket suitcase passport map bus car road bag holiday", "time money oil coffee",
        "buy lose bring find carry drive leave", "heavy full foreign expensive cheap",
    ),
    Theme(
        "mother father sister brother", "home garden kitchen village",
        "chair table lamp candle blanket door window bottle picture dinner", "coffee wood milk glass",
        "make bring clean repair find give keep", "warm old wooden white broken",
    ),
    Theme(
        "worker engineer owner leader", "factory city river company",
        "engine tool hammer wheel lamp wire brick box pattern structure", "metal iron plastic glass",
        "build carry move fix cut use fill", "heavy hard strong warm big",
    ),
    Theme(
        "engineer scientist minister neighbor", "village station hill farm",
        "battery cable tower lamp engine roof wire wheel plan fire", "oil gas heat power",
        "build connect save use replace pay clean", "electric natural clean modern high",
    ),
    Theme(
        "scientist student expert leader", "laboratory school library field",
        "experiment theory model measurement pattern surface problem solution result material",
        "chemistry evidence pressure temperature",
        "test explain study solve compare publish describe", "difficult possible simple wrong true",
    ),
    Theme(
        "captain leader guest owner", "castle island mountain desert",
        "tower wall door statue map horse lantern lamp road story", "stone silver history iron",
        "defend build destroy protect cover leave find", "ancient broken deep narrow golden",
    ),
    Theme(
        "customer owner sister friend", "shop market street city",
        "jacket shoe blanket pocket bag basket ticket price mirror window", "wool paper money time",
        "buy sell fill fix clean want like", "red green expensive warm black",
    ),
    Theme(
        "lawyer neighbor farmer minister", "community town valley river",
        "project report argument plan opinion election garden school road tree", "water money business freedom",
        "discuss support protect open change describe visit", "public local common new strong",
    ),
)  # fmt: skip


def draw(r: Random, count: int, strangers: Sequence[str]) -> list[Topic]:
    """So many topics, no title twice and no theme twice in a row; `strangers` are names of people who are not there.

    The themes come round after `len(THEMES)` chapters, with another title and other nouns drawn from them.
    """
    order: list[Theme] = []
    while len(order) < count:
        round_ = r.sample(THEMES, len(THEMES))
        order += round_[1:] + round_[:1] if order and order[-1] is round_[0] else round_
    used: set[str] = set()
    found = []
    for theme in order[:count]:
        found.append(_topic(r, theme, used, strangers))
        used.add(found[-1].focus)
    return found


def _topic(r: Random, theme: Theme, used: Collection[str], strangers: Sequence[str]) -> Topic:
    drawn = {kind: r.sample(getattr(theme, kind).split(), r.randint(*span)) for kind, span in DRAWN.items()}
    free = [(a, t) for a in drawn["adjectives"] for t in drawn["things"] if f"{a} {t}" not in used]
    adjective, thing = r.choice(free)
    things = [name for name in drawn["things"] if name != thing]
    kinds = {
        "focus": (thing, thing, f"{adjective} {thing}"),
        "person": drawn["people"],
        "people": [plural(noun) for noun in drawn["people"]],
        "place": drawn["places"],
        "thing": things,
        "things": [plural(noun) for noun in things],
        "stuff": drawn["stuff"],
        "base": drawn["verbs"],
        "past": [VERBS[verb] for verb in drawn["verbs"]],
        "adjective": drawn["adjectives"],
        "quality": QUALITIES,
        "name": strangers,
        "town": PLACES,
        "number": NUMBERS[1:],
        "times": TIMES,
        "day": DAYS,
        "month": MONTHS,
    }
    return Topic(f"{adjective} {thing}", kinds, (thing, *drawn["people"], *drawn["places"], *things, *drawn["stuff"]))


STATEMENTS = """
The {person} {past} the {focus} with {number} {people}.
In {month}, the {person} {past} the {thing} in the {place}.
It took {number} {times} to {base} the {focus}.
We {past} the {thing}, and then we {past} the {focus}.
Every {place} needs {stuff}, and every {person} needs a {thing}.
The {thing} was too {adjective} for the {place}.
At first, nobody wanted to {base} the {focus}.
I {past} my first {thing} in {town} when I was a child.
There are {number} {things} in the {place} now.
Last year the {person} {past} {number} {things} near the {place}.
Without {stuff}, we can not {base} the {focus}.
The {people} of {town} {past} the {thing} in {number} {times}.
Perhaps a {adjective} {thing} is better than a {quality} one.
If the {thing} is {adjective}, the {person} can {base} the {focus}.
My friend {name} is a {person} in {town}, and we {past} the {thing} together.
The {stuff} came from {town} by ship.
The {focus} costs more than the {thing}.
The {place} was {quality}, but the {thing} was {adjective}.
So the {people} had to {base} the {thing} again.
After {number} {times} the {focus} was ready.
Only {number} {people} know how to {base} the {focus}.
Before that, the {person} had no {thing} and no {stuff}.
They put the {thing} and the {stuff} in the {place}.
You should never {base} the {focus} without a {person}.
I think that the {place} needs a new {thing}.
One half of the {stuff} was in the {place}.
The {thing} in the {place} was {adjective}, so we {past} it.
When the {person} came back, the {focus} was {adjective}.
It is easy to {base} a {thing}, but it is hard to {base} the {focus}.
The {person} asked the {people} to {base} the {thing}.
Every {day}, a {person} from the {place} came to {base} the {focus}.
The {focus} was {number} years old, and it was still {adjective}.
We need more {stuff} in the {place}.
The story of the {focus} began in {town} in {month}.
Nobody knew where the {focus} was.
In the end, the {person} {past} the {thing}, and everyone was happy.
The {things} of the {place} are famous in {town}.
Some {people} use {stuff}, and some use a {thing}.
My father was a {person}, and he {past} every {thing} in the {place}.
My mother {past} the {focus} for {number} {times}.
For example, a {adjective} {thing} needs {stuff} every {day}.
The price of {stuff} fell in {month} and rose again in {month}.
That was the reason why the {people} {past} the {focus}.
It is {adjective}, but it is safe.
We discovered that the {thing} was near the {place}.
The {person} showed me the {thing}, and I {past} it.
Then we {past} the {focus} in the {place}.
There was no {stuff} in the {place} for {number} {times}.
The {people} changed the {thing} because the {stuff} was {quality}.
I believe that a good {person} can {base} the {thing} in {number} {times}.
We compared the {focus} with a {thing} from {town}.
The {person} wrote a book about the {focus}.
{name} {past} the {thing} on {day}, and the {person} {past} it again on {day}.
It happened only once, but the {people} of the {place} remember it.
You can see the {focus} from the {place}.
The {stuff} in the {place} is {quality}, and we know it.
We learned that a {person} without a {thing} is like a {place} without {stuff}.
Perhaps the {focus} was never there.
Next year the {place} will have {number} new {things}.
The government paid for the {focus}, and the {people} paid for the {stuff}.
First they {past} the {thing}, second they {past} the {focus}, and third they {past} it again.
A {person} must {base} the {thing} before the winter.
We could not {base} the {focus} in {month}, because there was no {stuff}.
It was {adjective}, it was {quality}, and it was in the {place}.
The {person} waited in the {place} until the {thing} was ready.
I was with {name} in {town} when the {person} {past} the {focus}.
Most {people} in {town} like the {focus}.
A {thing} like that is {adjective}, and it needs a {quality} {place}.
The {stuff} was {quality}, the {thing} was {adjective}, and nobody wanted to pay.
Honestly, I would never {base} a {thing} like that.
The {people} work in the {place} for {number} hours every {day}.
Now the {person} can {base} the {thing} and the {focus} with the same {stuff}.
""".strip().splitlines()
QUESTIONS = """
What happened to the {focus}?
How did the {people} {base} the {focus}?
Why did the {person} want to {base} the {thing}?
Who {past} the {focus}?
Where did you find the {thing}?
How many {things} are there in the {place}?
Was the {focus} {adjective}?
Can a {person} {base} the {thing} without {stuff}?
Tell me more about the {thing}.
When did the {people} {base} the {focus}?
And what did you do with the {stuff}?
Is it true that the {person} {past} the {thing}?
Which {thing} do you like best?
Is there a {adjective} {thing} in the {place}?
How does the {focus} work?
What did the {people} do when the {thing} was {adjective}?
How long did it take to {base} the {focus}?
Do you remember the {adjective} {thing} in the {place}?
Why is the {focus} so important for the {place}?
Did you know that there are {number} {things} near the {place}?
Should we {base} the {focus}, or should we {base} the {thing}?
What can a {person} do when there is no {stuff}?
""".strip().splitlines()

FIRST = "First, let us talk about the {focus}."
LAST = "Our last topic is the {focus}."
NEXT = ("Our next topic is the {focus}.", "Now let us talk about the {focus}.", "Now let me ask you about the {focus}.")
REMARKS = """
What a story.
I am happy to hear that.
That is strange.
That was dangerous.
That is very important.
That is beautiful.
I would never do that.
Thank you, {guest}.
You are right, {guest}.
""".strip().splitlines()
"""What is said of an answer, before the next question."""
CONFIRMATIONS = "Right.|Yes.|Okay.|Of course.|Exactly.|Certainly.|No.|I know.|That is true.|Really.|Well, yes.".split(
    "|"
)
"""What listeners throw in."""
BEGINNINGS = "Well, |Yes, |No, |You know, |I think that |Of course, |Honestly, |That is a good question. ".split("|")
"""How an answer begins."""
OBJECTIONS = (
    "I agree with {guest}. |{guest} is right. |No, {guest}, that is not true. |Yes, and |I have a question. ".split("|")
)
"""How somebody begins who was not asked."""

"""Words of a language as statistics see them: tokens, stop words, folded terms, TF-IDF and key phrases.

Nothing here needs a model or a download. English and a few other languages have lists of words that say nothing of
the topic; in the others the commonest and the shortest words are taken for such.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

SENTENCE_END = re.compile(r"[.!?…。！？｡।॥؟۔։፧።၊။]+[\"'”’»›)\]」』）】]*\s*$")
"""A word that ends a sentence, in the scripts that Whisper writes."""

UNSPACED_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "my"})
"""Languages that Whisper writes without a space between words."""

# Scripts written without spaces: there, two neighbouring characters make a token, the usual unit of retrieval.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\W_])+(?:['’-](?:(?![{_UNSPACED}])[^\W_])+)*")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")

_STOP_WORDS = {
    "en": """a able about above absolutely across actually after again against ago ah ain't all almost alone along
        already alright also although always am among an and another any anybody anymore anyone anything anyway apart
        are aren't around as ask asked at away back basically be beautiful became because become been before began begin
        behind being believe believed below best better between billion bit both bought bring brings broke broken
        brought builds built but buy by call called came can can't cannot certainly closed closes come comes coming
        costs could couldn't course crazy day days definitely did didn't different do does doesn't doing don't done
        down dr during each easy eh eight eighteen eighty either eleven else enjoy enjoyed enough episode especially
        etc even ever every everybody everyone everything exactly far feel feels fell felt few fifteen fifty find
        fine first five flew folks for forty found four fourteen from front fun gave get gets getting give given
        gives glad go goes going gone gonna good got great grew guess guest guy guys had hadn't half happen happened
        happens happy hard has hasn't have haven't having he he'd he'll he's hear heard held hello her here here's
        hers herself hey hi him himself his hm hmm hope host hours how how's however huh hundred i i'd i'll i'm i've
        idea if important in indeed inside instead interesting into is isn't it it'd it'll it's its itself just kay
        keep kept kind kinda knew know known last later least led less let let's like likely listen listening
        literally little lived lives long look looked looking looks lost lot lots love made mainly make makes making
        many may maybe me mean means met might million mine minutes mm mm-hmm moment months more morning most mostly
        mr mrs ms much must mustn't my myself name near nearly need needs never next nice nine nineteen ninety no
        nobody none nor not nothing now obviously of off often oh ok okay on once one ones only onto ooh opened
        opens or other others our ours ourselves out outside over own paid part particular people per perhaps person
        piece place please podcast point pretty probably put puts quite ran rather ready really reason right runs
        said same sat saw say saying says second see seem seems seen sell sent seven seventeen seventy several shall
        shan't she she'd she'll she's should shouldn't show showed shown shows simple simply since six sixteen sixty
        so sold some somebody somehow someone something sometimes soon sort sounds speak spent spoke spoken start
        started still stood stop stuff such suppose sure take taken talk talked talking tell tells ten than thank
        thanks that that'd that'll that's the their theirs them themselves then there there's these they they'd
        they'll they're they've thing things think third thirteen thirty this those though thought thousand three
        through thus time times to today today's together told tomorrow tonight too took totally toward towards
        tried true try trying turn turned turns twelve twenty twice two uh uh-huh um under understand until up upon
        us use used using usually very via wait want wanted wants was wasn't way ways we we'd we'll we're we've
        weeks welcome well went were weren't what what's whatever when when's where where's whether which while who
        who'd who'll who's whole whom whose why why's will wish with within without won won't wonder wonderful word
        would wouldn't wow write written wrote yeah year years yep yes yesterday yet you you'd you'll you're you've
        your yours yourself yourselves""",
    "de": """aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da
        damit danke dann das dass dein dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch
        dort du durch ein eine einem einen einer eines einfach er es etwas euch für gab ganz geht gibt gut habe
        haben hallo hat hatte hatten heute hier hin ich ihm ihn ihnen ihr ihre ihren im immer in ins ist ja jahr
        jahre jede jeden jeder jetzt kann kein keine können könnte machen mal man mehr mein meine mich mir mit muss
        müssen nach nein nicht nichts noch nun nur ob oder ohne schon sehr sein seine seit sich sie sind so soll
        sondern um und uns unser unter viel vom von vor war waren warum was weil wenn wer werden wie wieder will
        willkommen wir wird wo worden wurde wurden zu zum zur zwei zwischen über""",
    "es": """a ahora al algo alguien algunos ante antes aquí así aunque año años bien bueno cada casi como con cosa
        cosas cual cuando de del desde después donde dos día días e el ella ellas ellos en entonces entre era eran
        es esa ese eso esta estaba estas este esto estos está están fue fueron gracias ha había hace hacer han hasta
        hay hola hoy la las le les lo los me mi mis mucho muchos muy más nada ni no nos nosotros nuestra nuestro o
        otra otro para pero poco por porque pues que quién qué se ser si sido sin sobre son su sus sí también tan
        tanto te tiene tienen todo todos tu un una uno unos usted y ya yo él""",
    "fr": """ai alors ans au aujourd'hui aussi autre aux avait avec avez avoir avons beaucoup bien bon bonjour c'est
        car ce cela ces cet cette chez chose comme comment d'un d'une dans de des deux dire dit donc du elle elles
        en encore entre est et eu faire fait faut ici il ils j'ai je jour l'on la le les leur leurs lui là mais me
        merci mes mieux moi moins mon même n'est ne non nos notre nous on ont ou oui où par parce pas peu peut plus
        pour pourquoi qu'il qu'on quand que quel quelle qui quoi s'est sa sans se ses si son sont sous sur ta te tes
        toi ton tous tout toute toutes très tu un une va vos votre vous y à ça étaient était été être""",
    "it": """a abbiamo ai al alla alle allora anche ancora anni avere aveva bene c'è che chi ci ciao come con cosa
        così cui da dal dalla dei del della delle dello di dopo dove due e ed era erano essere fa fare fatto già gli
        grazie ha hanno ho i il in io la le lei li lo loro lui ma me mi mio molto ne nei nel nella no noi non nostro
        o oggi ogni per perché perciò più poco poi prima proprio può quando quella quelle quelli quello questa
        queste questi questo qui se sempre senza si sia sono sta su sua sue sul sulla suo suoi sì tanto te ti tra tu
        tutti tutto un una uno va vi voi è""",
    "pt": """a agora ainda algo alguma ali anos antes ao aos aqui as assim até bem boa bom cada coisa com como da
        das de dela dele depois do dois dos e ela elas ele eles em entre então era eram essa esse esta estava este
        está estão eu fazer foi foram gente hoje há isso isto já lhe lá mais mas me mesmo meu minha muito muitos na
        nas nem no nos nossa nosso num numa não nós o obrigado olá onde os ou outra outro para pela pelo pode por
        porque pouco pra quando que quem se sem sempre ser seu seus sim sobre sua suas só também tem tempo tenho ter
        teve tinha todo todos tu tudo tão um uma vai você é""",
    "nl": """aan al alle alleen als altijd andere ben bij daar dan dat de deze die dit doen door dus echt een eens
        er ge geen geweest goed haar had hallo heb hebben heeft heel hem het hier hij hoe hun ik in is ja jaar je
        jij kan kon kunnen maar man meer men met mij mijn moet na naar nee niet niets nog nu of om omdat ons onze
        ook op over te toch toen tot u uit uw van vandaag veel voor want waren was wat we wel welkom werd wie wij
        wil worden wordt zal ze zei zelf zich zij zijn zo zonder zou""",
}
# Of a language without a list, words up to this length, and words in this share of the text's parts, say nothing.
_SHORT_WORD = 3
_COMMON_SHARE = 0.5
_PARTS = 12

_VOWEL = re.compile(r"[aeiouy]")
_SINGULAR = frozenset(("news", "lens", "series", "species"))
_PREFIX = 6
# What no ending tells: the form in which a word is compared, and its others.
_IRREGULAR = {
    form: base
    for base, *forms in map(
        str.split,
        """write wrote written|speak spoke spoken|break broke broken|build built|sell sold|buy bought|teach taught
        |catch caught|bring brought|think thought|fight fought|seek sought|take took taken|give gave given|drive drove
        driven|ride rode ridden|rise rose risen|fall fell fallen|grow grew grown|know knew known|draw drew drawn|fly
        flew flown|throw threw thrown|blow blew blown|steal stole stolen|choose chose chosen|freeze froze frozen|eat
        ate eaten|drink drank drunk|sing sang sung|swim swam swum|begin began begun|run ran|win won|lose lost|find
        found|lead led|feed fed|meet met|leave left|keep kept|sleep slept|feel felt|hold held|send sent|spend spent
        |lend lent|pay paid|hear heard|tell told|stand stood|understand understood|shoot shot|wear wore worn|tear tore
        torn|hide hid hidden|bite bit bitten|shake shook shaken|sink sank sunk|spread spread|man men|woman women
        |child children|tooth teeth|foot feet|mouse mice|person people|life lives|wife wives|leaf leaves|half halves
        |thief thieves|wolf wolves|knife knives|shelf shelves""".split("|"),
    )
    for form in forms
}


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words that say nothing of the topic, lower case; empty where there is no list for the language."""
    return frozenset(_STOP_WORDS.get(language, "").split())


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation; pairs of characters where a script has no spaces.

    >>> tokens("The U-boat didn't sink!"), tokens("古い橋")
    (['the', 'u-boat', "didn't", 'sink'], ['古い', 'い橋'])
    """
    found: list[str] = []
    for match in _TOKEN.finditer(text.lower().replace("’", "'")):
        token = match.group()
        if _IS_UNSPACED.match(token) and len(token) > 2:
            found.extend(token[number : number + 2] for number in range(len(token) - 1))
        else:
            found.append(token)
    return found


def plain(text: str) -> str:
    """A text in lower case without punctuation.

    >>> plain("Well, that's all!")
    "well that's all"
    """
    return " ".join(tokens(text))


@cache
def fold(token: str, language: str) -> str:
    """One form for the inflections of a word, only for comparing.

    English loses plural, -ed, -ing and -ly (after Harman's S stemmer, 1991), and the commonest irregular forms become
    regular; other languages keep the first six
    letters (McNamee and Mayfield 2004 found such prefixes to serve European languages about as well as stemmers).

    >>> {fold(word, "en") for word in ("bridge", "bridges", "bridged", "bridging")}
    {'bridg'}
    >>> fold("cities", "en") == fold("city", "en")
    True
    """
    token = token.removesuffix("'s")
    if language != "en":
        return token[:_PREFIX]
    token = _IRREGULAR.get(token, token)
    if token.endswith(("ies", "ied")) and len(token) > 4 and token not in _SINGULAR:
        token = token[:-3] + "y"
    elif token.endswith("s") and not token.endswith(("ss", "us", "is")) and len(token) > 3 and token not in _SINGULAR:
        token = token[:-1]
    for ending in ("ing", "edly", "ed", "ly"):
        stem = token.removesuffix(ending)
        if stem != token and len(stem) > 2 and _VOWEL.search(stem):
            token = stem[:-1] if ending in ("ing", "ed") and stem[-1] == stem[-2] and stem[-1] not in "lsz" else stem
            break
    return token.removesuffix("e") if len(token) > 3 else token


@dataclass(frozen=True)
class Vocabulary:
    """What counts as a content word in one text: the language's list, or the text's own statistics."""

    language: str
    common: frozenset[str] = field(repr=False)

    @classmethod
    def of(cls, texts: Sequence[str], language: str) -> Vocabulary:
        """Learns the common words of `texts`, which are taken to be in order."""
        listed = stop_words(language)
        if listed:
            return cls(language, listed)
        part_of: defaultdict[str, set[int]] = defaultdict(set)
        for number, text in enumerate(texts):
            for token in tokens(text):
                part_of[token].add(number * _PARTS // len(texts))
        common = {token for token, parts in part_of.items() if len(parts) > max(3, _COMMON_SHARE * _PARTS)}
        short = {token for token in part_of if len(token) <= _SHORT_WORD and not _IS_UNSPACED.match(token)}
        return cls(language, frozenset(common | short))

    def is_content(self, token: str) -> bool:
        return token not in self.common and not token.isdigit() and (len(token) > 1 or bool(_IS_UNSPACED.match(token)))

    def terms(self, text: str) -> list[str]:
        """The folded content words of a text, in order.

        >>> Vocabulary.of([], "en").terms("We crossed the two bridges.")
        ['cross', 'bridg']
        """
        return [fold(token, self.language) for token in tokens(text) if self.is_content(token)]


@dataclass(frozen=True, eq=False)
class TermMatrix:
    """Rows of unit length over terms: TF-IDF weights, kept as triplets, so that memory grows with the text only.

    The inverse document frequency is log(1 + n / df), and the term frequency counts as 1 + log tf.
    """

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    shape: tuple[int, int]

    @classmethod
    def of(cls, documents: Sequence[Sequence[str]]) -> TermMatrix:
        column_of: dict[str, int] = {}
        rows, columns, frequencies = [], [], []
        for row, document in enumerate(documents):
            for term, frequency in Counter(document).items():
                rows.append(row)
                columns.append(column_of.setdefault(term, len(column_of)))
                frequencies.append(1 + math.log(frequency))
        shape = len(documents), len(column_of)
        row_array, column_array = np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)
        documents_with = np.bincount(column_array, minlength=shape[1])
        weights = np.array(frequencies, dtype=np.float64) * np.log1p(shape[0] / documents_with)[column_array]
        lengths = np.sqrt(np.bincount(row_array, weights**2, minlength=shape[0]))
        return cls(row_array, column_array, weights / lengths[row_array], shape)

    def times(self, vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The product with a vector over terms: shape (rows,)."""
        return np.bincount(self.rows, self.weights * vector[self.columns], minlength=self.shape[0]).astype(np.float64)

    def sum_rows(self, vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The sum of the rows weighted by a vector over them: shape (terms,)."""
        return np.bincount(self.columns, self.weights * vector[self.rows], minlength=self.shape[1]).astype(np.float64)

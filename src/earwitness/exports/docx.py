"""Word documents (Office Open XML, ECMA-376), the few parts that a transcript needs, written by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.sax.saxutils import escape as escape_xml

from earwitness.exports.reading import (
    UNSUPPORTED,
    clean,
    evidence,
    gap,
    introduced,
    last_events,
    made_by,
    paragraphs,
    remarks,
    talk_shares,
    title,
    told,
)
from earwitness.types import Event, Segment, Summary, Transcript
from earwitness.units import short_clock

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that ZIP can say: the same transcript gives the same bytes."""

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"

_CONTENT_TYPES = f"""{_XML}<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml" ContentType="{_MAIN_TYPE}.document.main+xml"/>
<Override PartName="/word/styles.xml" ContentType="{_MAIN_TYPE}.styles+xml"/>
<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>
</Types>"""
_RELATIONS = f"""{_XML}<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/relationships/officeDocument" Target="word/document.xml"/>
<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>
</Relationships>"""
_DOCUMENT_RELATIONS = f"""{_XML}<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/relationships/styles" Target="styles.xml"/>
</Relationships>"""

GREY = "6B7280"
ACCENT = "A8371A"


def write(transcript: Transcript) -> bytes:
    """Title, what it is, summary, chapters as headings, turns as paragraphs; summaries link to their evidence."""
    core = (
        f'{_XML}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{_escape(title(transcript))}</dc:title>'
        f"</cp:coreProperties>"
    )
    parts = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _RELATIONS,
        "docProps/core.xml": core,
        "word/document.xml": _document(transcript),
        "word/styles.xml": _styles(),
        "word/_rels/document.xml.rels": _DOCUMENT_RELATIONS,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.encode())
    return buffer.getvalue()


def _document(transcript: Transcript) -> str:
    body = "\n".join(_blocks(transcript))
    page = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1440" w:bottom="1440" '
    page += 'w:left="1440" w:header="720" w:footer="720" w:gutter="0"/></w:sectPr>'
    return f'{_XML}<w:document xmlns:w="{_WORD}"><w:body>\n{body}\n{page}</w:body></w:document>'


def _blocks(transcript: Transcript) -> Iterator[str]:
    yield _paragraph(_run(title(transcript)), "Title")
    speakers = [f"{introduced(speaker)} {share:.0%}" for speaker, share in talk_shares(transcript)]
    yield _paragraph(_run(" · ".join([short_clock(transcript.duration), *speakers, made_by(transcript)])), "Subtitle")
    for warning in remarks(transcript):
        yield _paragraph(_run("Note: ", "<w:b/>") + _run(warning))
    if transcript.summary and transcript.summary.sentences:
        yield _paragraph(_run("Summary"), "Heading1")
        yield _paragraph(_sentences(transcript, transcript.summary))
    if transcript.keywords:
        yield _paragraph(_run("Keywords: ", "<w:b/>") + _run(", ".join(map(clean, transcript.keywords))))
    if transcript.segments or transcript.events:
        yield _paragraph(_run("Transcript"), "Heading1")
        yield from _turns(transcript)


def _turns(transcript: Transcript) -> Iterator[str]:
    for paragraph in paragraphs(transcript):
        yield from map(_event, paragraph.events)
        if paragraph.chapter:
            yield _paragraph(_run(paragraph.chapter.title), "Heading2")
            if paragraph.chapter.summary and paragraph.chapter.summary.sentences:
                yield _paragraph(_sentences(transcript, paragraph.chapter.summary), "Subtitle")
        name = _run(f"{paragraph.name}  ", "<w:b/>") if paragraph.name else ""
        time = _run(f"{short_clock(paragraph.start)}  ", f'<w:color w:val="{GREY}"/>')
        texts = [_bookmark(segment) + _run(segment.text) for segment in paragraph.segments]
        yield _paragraph(name + time + _run(gap(transcript.language)).join(texts))
    yield from map(_event, last_events(transcript))


def _event(event: Event) -> str:
    return _paragraph(_run(told(event), f'<w:i/><w:color w:val="{GREY}"/>'))


def _sentences(transcript: Transcript, summary: Summary) -> str:
    return _run(" ").join(
        _run(f"{cited.quoted}: " if cited.quoted else "")
        + _run(cited.sentence.text)
        + "".join(_run(" ") + _link(segment) for segment in cited.segments)
        + (_run(f" ({UNSUPPORTED})", "<w:i/>") if cited.sentence.unsupported else "")
        for cited in evidence(transcript, summary, named=True)
    )


def _bookmark(segment: Segment) -> str:
    return f'<w:bookmarkStart w:id="{segment.id}" w:name="s{segment.id}"/><w:bookmarkEnd w:id="{segment.id}"/>'


def _link(segment: Segment) -> str:
    text = _run(f"[{short_clock(segment.start)}]", f'<w:color w:val="{ACCENT}"/>')
    return f'<w:hyperlink w:anchor="s{segment.id}" w:history="1">{text}</w:hyperlink>'


def _paragraph(runs: str, style: str = "Normal") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p>'


def _run(text: str, properties: str = "") -> str:
    properties = properties and f"<w:rPr>{properties}</w:rPr>"
    return f'<w:r>{properties}<w:t xml:space="preserve">{_escape(text)}</w:t></w:r>'


def _escape(text: str) -> str:
    """Cleaned (XML cannot say control characters at all), but with the spaces at the ends that a run needs."""
    lead = " " if text[:1] == " " else ""
    tail = text[len(text.rstrip(" ")) :] if text.strip() else ""
    return escape_xml(lead + clean(text) + tail)


def _styles() -> str:
    faces = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="Calibri" w:cs="Calibri"/>'
    defaults = (
        f'<w:docDefaults><w:rPrDefault><w:rPr>{faces}<w:sz w:val="22"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>'
        '<w:spacing w:after="140" w:line="276" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>'
    )
    styles = [
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>',
        _style("Title", "Title", 44, "", "<w:b/>"),
        _style("Subtitle", "Subtitle", 20, "", f'<w:color w:val="{GREY}"/>'),
        _style(
            "Heading1", "heading 1", 30, '<w:keepNext/><w:spacing w:before="360"/><w:outlineLvl w:val="0"/>', "<w:b/>"
        ),
        _style(
            "Heading2", "heading 2", 25, '<w:keepNext/><w:spacing w:before="280"/><w:outlineLvl w:val="1"/>', "<w:b/>"
        ),
    ]
    return f'{_XML}<w:styles xmlns:w="{_WORD}">{defaults}{"".join(styles)}</w:styles>'


def _style(identity: str, name: str, half_points: int, paragraph: str, run: str) -> str:
    return (
        f'<w:style w:type="paragraph" w:styleId="{identity}"><w:name w:val="{name}"/><w:basedOn w:val="Normal"/>'
        f'<w:next w:val="Normal"/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}<w:sz w:val="{half_points}"/></w:rPr></w:style>'
    )

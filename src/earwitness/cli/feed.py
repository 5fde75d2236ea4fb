"""earwitness feed"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from earwitness.batch import Job, Outcome, transcribe_all
from earwitness.checkpoints import default_folder
from earwitness.cli import arguments, tables
from earwitness.cli.progress import Quiet, display
from earwitness.cli.transcribe import plain, print_outcomes, tell
from earwitness.cli.writer import announced
from earwitness.errors import EarwitnessError, OptionError, SourceError, StorageError
from earwitness.exports import FORMATS, parse_formats
from earwitness.feeds import Episode, Feed, parse
from earwitness.feeds.choice import Wish, reference, stems, wanted
from earwitness.feeds.fetching import Fetched, fetch, identity, is_address, shown
from earwitness.feeds.hints import small_print
from earwitness.feeds.lines import Line, read
from earwitness.feeds.rewriting import rewritten
from earwitness.files import write_whole
from earwitness.library import corrections, shows
from earwitness.library.jobs import Claims, Queue
from earwitness.library.jobs import Job as QueueJob
from earwitness.library.store import Library
from earwitness.options import Options, SourceOptions
from earwitness.source import Reference
from earwitness.values import from_plain, to_plain

MAX_PAGES = 1000

HELP = """Transcribe the episodes of a podcast feed, the newest first, each once.

FEED is an http(s) address or a file, RSS or Atom. What the library has as done is not done again; what failed is set
aside until --retry."""


def feed(
    place: Annotated[str, typer.Argument(metavar="FEED", show_default=False)],
    output_dir: arguments.OutputDir = Path(),
    formats: arguments.Formats = "all",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only so many, the newest of those asked for.", show_default=False)
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only those published since, as 2025-09-01.", show_default=False)
    ] = None,
    match: Annotated[str, typer.Option(metavar="TEXT", help="Only those with these words in their titles.")] = "",
    retry: Annotated[bool, typer.Option("--retry", help="Try again what was set aside.")] = False,
    library: arguments.Library = None,
    publish_url: arguments.PublishUrl = "",
    write_feed: Annotated[
        Path | None,
        typer.Option(metavar="OUT.xml", help="Write the feed with our lines in its items.", show_default=False),
    ] = None,
    model: arguments.Model = "auto",
    engine: arguments.Engine = "auto",
    language: arguments.Language = "auto",
    hotwords: arguments.Hotwords = None,
    beam_size: arguments.BeamSize = 5,
    batch_size: arguments.BatchSize = 8,
    speakers: arguments.Speakers = None,
    min_speakers: arguments.MinSpeakers = 1,
    max_speakers: arguments.MaxSpeakers = 20,
    diarize: arguments.Diarize = True,
    diarizer: arguments.Diarizer = "auto",
    known_voices: arguments.KnownVoices = False,
    sound_model: arguments.SoundModel = "builtin",
    summarizer: arguments.Summarizer = "auto",
    chat_url: arguments.ChatUrl = arguments.CHAT_URL,
    sentence_model: arguments.SentenceModel = "auto",
    unsupported: arguments.Unsupported = "mark",
    device: arguments.Device = "auto",
    compute_type: arguments.ComputeType = "auto",
    threads: arguments.Threads = 0,
    workers: arguments.Workers = 1,
    ray: arguments.Ray = None,
    offline: arguments.Offline = False,
    allow_private: arguments.AllowPrivate = False,
    resume: arguments.Resume = True,
    quiet: arguments.Quiet = False,
    as_json: arguments.AsJson = False,
) -> None:
    options = Options.of(
        model=model, engine=engine, device=device, compute_type=compute_type, threads=threads, offline=offline,
        language=None if language == "auto" else language, hotwords=hotwords, beam_size=beam_size,
        batch_size=batch_size, diarize=diarize, diarizer=diarizer, speakers=speakers, min_speakers=min_speakers,
        max_speakers=max_speakers, known_voices=known_voices, library=library, summarizer=summarizer,
        chat_url=chat_url, sentence_model=sentence_model, unsupported=unsupported, allow_private=allow_private,
        sound_model=sound_model,
    )  # fmt: skip
    announced(options, quiet=quiet)
    wish = Wish(limit, _date(since), match)
    names = parse_formats(formats)
    if write_feed and "feed" not in names:
        names = (*names, "feed")
    job = Job(options, output_dir, names, default_folder(), resume, publish_url)
    with Library(library) as kept:
        work = _found(place, wish, options.source, kept, retry=retry, quiet=quiet)
        try:
            with display(len(work.todo), quiet=quiet) as on_screen:
                outcomes = list(_transcribed(work, job, workers, ray, on_screen, kept))
        except KeyboardInterrupt:
            typer.echo("stopped; what is finished is kept, and the same command goes on from there", err=True)
            raise typer.Exit(arguments.INTERRUPTED) from None
    if write_feed:
        count = _write_feed(write_feed, work, output_dir, publish_url)
        if not quiet:
            typer.echo(f"{write_feed}: the feed with the lines of {count} episodes", err=True)
    if as_json:
        tables.print_json([{"guid": episode.guid, **plain(outcome)} for episode, outcome in outcomes])
    elif outcomes and not quiet:
        print_outcomes([outcome for _, outcome in outcomes], output_dir)
    if work.incomplete or any(outcome.error or outcome.fell_short for _, outcome in outcomes):
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Work:
    """A feed as it was read, which of its episodes are to be done, and what each is called."""

    feed: Feed
    fetched: Fetched
    url: str | None
    show: int
    todo: tuple[Episode, ...]
    stems: dict[str, str]
    incomplete: bool = False
    """Whether older pages of the feed could not be read."""


def _found(place: str, wish: Wish, options: SourceOptions, library: Library, *, retry: bool, quiet: bool) -> _Work:
    """Reads a feed and says what there is to do."""
    key, url = identity(place), place if is_address(place) else None
    known = shows.show(library, key)
    fetched = fetch(place, options, known.fetched if known else None)
    first = parse(fetched.content, name=shown(place), url=url)
    show = shows.remember(library, key, first.title, fetched)
    whole, incomplete = _with_older(first, place, wish, options)
    asked = wanted(whole, wish)
    jobs = Queue(library).jobs(keys=[shows.job_key(show, episode.guid) for episode in asked])
    ended = {job.key: job.state for job in jobs if job.state == "done" or (job.state == "failed" and not retry)}
    todo = tuple(episode for episode in asked if shows.job_key(show, episode.guid) not in ended)
    if not quiet:
        if first.new_url and first.new_url != place:
            typer.echo(f"{shown(place)}: says that it has moved to {first.new_url}", err=True)
        aside = sum(state == "failed" for state in ended.values())
        done = len(asked) - len(todo) - aside
        typer.echo(
            f"{first.title or shown(place)}: {len(todo)} of {len(whole.episodes)} episodes to do"
            + (f", {done} done" if done else "")
            + (f", {aside} set aside (--retry tries them again)" if aside else ""),
            err=True,
        )
    return _Work(whole, fetched, url, show, todo, stems(whole), incomplete)


def _with_older(feed: Feed, place: str, wish: Wish, options: SourceOptions) -> tuple[Feed, bool]:
    """The feed with the episodes of its further pages (RFC 5005), as far as they may be asked for.

    The second is true where a page could not be read.
    """
    seen, page = {place}, feed
    while page.next and page.next not in seen and len(seen) < MAX_PAGES:
        if wish.limit is not None and len(wanted(feed, wish)) >= wish.limit:
            break
        seen.add(page.next)
        try:
            page = parse(fetch(page.next, options).content, name=shown(page.next), url=page.next)
        except SourceError as error:
            typer.echo(f"error: older episodes: {error}", err=True)
            return feed, True
        feed = replace(feed, episodes=feed.episodes + page.episodes)
    return feed, False


def _transcribed(
    work: _Work, job: Job, workers: int, ray: str | None, on_screen: Quiet, library: Library
) -> Iterator[tuple[Episode, Outcome]]:
    """Transcribes what no other run is at; each outcome is noted, and said, as soon as it is reached."""
    if not work.todo:
        return
    small, corrected = small_print(work.feed), corrections.hotwords(library, work.feed.title)
    episodes = {work.stems[episode.guid]: episode for episode in work.todo}
    queue, keys = Queue(library), {stem: shows.job_key(work.show, one.guid) for stem, one in episodes.items()}
    queue.add_all(
        {
            key: json.dumps(to_plain(reference(work.feed, episodes[stem], stem, small, corrected)))
            for stem, key in keys.items()
        }
    )
    queue.retry([*keys.values()])
    claimed: dict[str, QueueJob] = {}
    found: dict[str, Outcome] = {}

    def references(claims: Claims) -> Iterator[Reference]:
        for one in claims:
            asked: Reference = from_plain(Reference, json.loads(one.work))
            claimed[asked.stem] = one
            yield asked

    with Claims(queue, [*keys.values()]) as claims:
        outcomes = transcribe_all(
            references(claims), job, workers=workers, ray=ray, report=on_screen.report, say=on_screen.say
        )
        for outcome in outcomes:
            claims.settle(claimed[outcome.stem], outcome.error)
            tell(outcome, on_screen)
            found[outcome.stem] = outcome
    elsewhere = len(queue.jobs("running", [*keys.values()]))
    if elsewhere:
        on_screen.say(f"{work.feed.title}: another run is at {elsewhere} more")
    yield from ((episode, found[stem]) for stem, episode in episodes.items() if stem in found)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError as error:
        raise OptionError(f"--since {text!r} is no date; write it as 2025-09-01") from error
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _write_feed(path: Path, work: _Work, folder: Path, publish_url: str) -> int:
    """The feed with the lines of all episodes whose outputs are in the folder, of earlier runs as well; how many."""
    lines: dict[str, Sequence[Line]] = {}
    for episode in parse(work.fetched.content, url=work.url).episodes:  # without those of its older pages
        made = folder / f"{work.stems[episode.guid]}{FORMATS['feed'].suffix}"
        if made.is_file():
            lines[episode.guid] = [
                line.at(publish_url) if line.url else line for line in read(made.read_bytes(), made.name)
            ]
    try:
        write_whole(path, rewritten(work.fetched.content, lines, url=work.url))
    except EarwitnessError:
        raise
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
    return len(lines)

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Thread

import loops
from earwitness.server.news import News, Newsroom


async def _all(room: Newsroom, job: str | None = None) -> list[News]:
    return [news async for news in room.listen(job)]


async def _listening(room: Newsroom, job: str | None = None) -> asyncio.Task[list[News]]:
    task = asyncio.create_task(_all(room, job))
    await asyncio.sleep(0)
    return task


def test_each_hears_of_a_job_until_its_end_whichever_thread_tells() -> None:
    async def tried() -> tuple[list[News], list[News]]:
        room = Newsroom()
        one, everything = await _listening(room, "a"), await _listening(room)

        def tell() -> None:
            for job, state in (("a", "running"), ("b", "running"), ("a", "cancelled"), ("b", "failed")):
                room.tell(News(job, state))
            room.close()

        thread = Thread(target=tell)
        thread.start()
        found = await asyncio.wait_for(asyncio.gather(one, everything), 10)
        thread.join()
        return found[0], found[1]

    one, everything = loops.run(tried())
    assert one[-1] == News("a", "cancelled")
    assert {news.job for news in one} == {"a"}
    assert {news for news in everything if news.state != "running"} == {News("a", "cancelled"), News("b", "failed")}


def test_who_is_slow_gets_the_last_step_of_each_job_and_no_more() -> None:
    async def tried() -> list[News]:
        room = Newsroom()
        told = room.listen()
        first = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)
        for job in ("a", "b"):
            room.tell(News(job, "running"))
        await first
        for second in range(10_000):
            room.progress("a", "words", second, 10_000, float(second))
            room.progress("b", "words", second, 20_000, float(second))
        await asyncio.sleep(0.01)
        found = [await asyncio.wait_for(anext(told), 10) for _ in range(2)]
        rest = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0.01)
        assert not rest.done()
        rest.cancel()
        with suppress(asyncio.CancelledError):
            await rest
        return found

    found = loops.run(tried())
    assert {news.job for news in found} == {"a", "b"}
    assert [round(news.step.share, 2) for news in sorted(found, key=lambda news: news.job)] == [0.95, 0.5]


def test_steps_come_no_sooner_than_they_can_be_seen_and_say_how_long_it_takes() -> None:
    room = Newsroom()
    room.progress("a", "words", 50, 100, 0.0)
    assert room.step_of("a").share == 0  # it does not run
    room.tell(News("a", "running"))
    for now_s, done in ((0.0, 0), (0.1, 10), (10.0, 50), (10.1, 90)):
        room.progress("a", "words", done, 100, now_s)
    assert (room.step_of("a").stage, room.step_of("a").share, room.step_of("a").left_s) == ("words", 0.5, 10.0)
    room.tell(News("a", "cancelled"))
    room.progress("a", "words", 99, 100, 20.0)  # its worker does not know yet
    assert room.step_of("a").share == 0
    room.tell(News("a", "running"))
    assert room.step_of("a").share == 0  # it began anew


def test_a_job_that_waits_does_not_stop_one_that_a_worker_has_taken_meanwhile() -> None:
    room = Newsroom()
    room.tell(News("a", "running"))
    room.waits("a")
    room.progress("a", "words", 50, 100, 0.0)
    assert room.step_of("a").share == 0.5


def test_nobody_listens_to_what_is_closed() -> None:
    async def tried() -> list[News]:
        room = Newsroom()
        before = await _listening(room, "a")
        room.close()
        room.close()
        found = await asyncio.wait_for(asyncio.gather(before, _all(room)), 10)
        return [*found[0], *found[1]]

    assert loops.run(tried()) == []


def test_news_for_a_loop_that_has_ended_hurt_nobody() -> None:
    room = Newsroom()

    async def left() -> None:
        told = room.listen()
        asyncio.ensure_future(anext(told))  # noqa: RUF006
        await asyncio.sleep(0)

    with suppress(RuntimeError):
        loops.run(left())
    room.tell(News("a", "running"))
    room.tell(News("a", "done"))

"""Which parcel do carriers take next, and when do they wait?"""

import asyncio
from collections.abc import Awaitable

import pytest

from postroom.outbound.parcels import Parcel
from postroom.outbound.tray import PARCEL_BYTES, READY_PARCELS, Tray
from postroom.smtp.envelope import Envelope
from tests.peers.waiting import PATIENCE_SECONDS

TURNS = 20  # of the event loop: more than anything takes here that need not wait


def parcel(name: str, *, size: int = 1) -> Parcel:
    return Parcel(
        (), Envelope(return_path=f"{name}@company-name.com", recipients=("joe@customer.example.com",), size=size), []
    )


def run(work: Awaitable[object]) -> None:
    async def within() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await work

    asyncio.run(within())


async def names(tray: Tray, count: int) -> list[str | None]:
    taken = [await tray.take() for _ in range(count)]
    return [None if one is None else one.envelope.return_path.partition("@")[0] for one in taken]


async def waits(work: Awaitable[object]) -> bool:
    working = asyncio.ensure_future(work)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    return working.cancel()  # False when it is done


def test_urgent_mail_is_taken_before_mass_mail_that_was_ready_earlier() -> None:
    async def story() -> None:
        tray = Tray()
        await tray.put(parcel("newsletter"), is_urgent=False)
        await tray.put(parcel("invoice"), is_urgent=True)
        assert await names(tray, 2) == ["invoice", "newsletter"]
        assert tray.is_empty

    run(story())


def test_who_is_dismissed_goes_before_taking_anything() -> None:
    async def story() -> None:
        tray = Tray()
        await tray.put(parcel("invoice"), is_urgent=True)
        tray.dismiss(1)
        assert await names(tray, 2) == [None, "invoice"]

    run(story())


def test_mass_mail_stands_aside_while_urgent_mail_is_looked_for() -> None:
    async def story() -> None:
        tray = Tray()
        await tray.put(parcel("newsletter"), is_urgent=False)
        tray.stand_aside()
        assert tray.is_empty
        assert await waits(tray.take())
        await tray.put(parcel("invoice"), is_urgent=True)
        assert await names(tray, 2) == ["invoice", "newsletter"]

    run(story())


def test_mass_mail_goes_on_when_there_was_no_urgent_mail() -> None:
    async def story() -> None:
        tray = Tray()
        await tray.put(parcel("newsletter"), is_urgent=False)
        tray.stand_aside()
        taking = asyncio.create_task(names(tray, 1))
        await asyncio.sleep(0)
        tray.go_on()
        assert await taking == ["newsletter"]

    run(story())


@pytest.mark.parametrize(("size", "most"), [(1, READY_PARCELS), (PARCEL_BYTES * READY_PARCELS, 1)])
def test_as_much_of_a_stream_is_held_ready_as_fits_the_memory(size: int, most: int) -> None:
    async def story() -> None:
        tray = Tray()
        for _ in range(most):
            await tray.put(parcel("newsletter", size=size), is_urgent=False)
        assert await waits(tray.put(parcel("late", size=size), is_urgent=False))
        assert not await waits(tray.put(parcel("invoice"), is_urgent=True))

    run(story())

"""``python -m tests.console.screenshots``: the pictures of the console in ``docs/images/``, with the real models.

``--all FOLDER`` takes every view in each width, in both themes and languages, with a hostile conversation, no data,
and without a server: to be looked at. ``--at ADDRESS`` uses a VoxLoom that runs, with the key in VOXLOOM_API_KEY; else
one is started, and stopped in the end.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Error, Page, expect

from db.audio.decoding import read_recording
from graph.cli.demo import shipped_recording
from tests.client import Client
from tests.console.microphone import microphone, silence
from tests.console.page import chromium, console_page
from tests.console.program import running_voxloom
from tests.console.screenshots.content import Content, fill, fill_hostile
from tests.console.screenshots.views import DOCUMENTED, OTHERS, PLAIN, View, settled

_ROOT = Path(__file__).parents[3]
_IMAGES = _ROOT / "docs" / "images"

#: Converted models are those of make run.
_MODELS = _ROOT / ".voxloom" / "models"

_BEFORE_SPEAKING = 9
_QUALITY = 82
_WAIT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Look:
    """How the page is looked at. ``scheme``: light or dark. ``locale``: of the browser."""

    width: int
    height: int
    scheme: str = "light"
    locale: str = "en-GB"

    @property
    def name(self) -> str:
        return f"{self.width}-{self.scheme}-{self.locale[:2]}"


_DOCUMENTED = Look(1280, 800)
_PHONE, _DESK = Look(360, 740), Look(1280, 800)
_LOOKS = (
    _PHONE, replace(_PHONE, scheme="dark"), replace(_PHONE, locale="de-DE"),
    Look(768, 1024), _DESK, replace(_DESK, scheme="dark"), replace(_DESK, locale="de-DE"),
    Look(1920, 1080), Look(3840, 2160, "dark", "de-DE"),
)  # fmt: skip


async def _take(page: Page, path: Path) -> None:
    """A picture, WebP or PNG by its name; by the browser's own protocol, as Playwright has no WebP."""
    devtools = await page.context.new_cdp_session(page)
    options = {"format": "png"} if path.suffix == ".png" else {"format": "webp", "quality": _QUALITY}
    shot = await devtools.send("Page.captureScreenshot", options)
    await devtools.detach()
    await asyncio.to_thread(_write, path, base64.b64decode(shot["data"]))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    sys.stdout.write(f"{len(data):>9,} bytes  {path}\n")


@asynccontextmanager
async def _signed_in(browser: Browser, address: str, key: str, look: Look) -> AsyncIterator[Page]:
    size = {"width": look.width, "height": look.height}
    async with console_page(
        browser, address, viewport=size, color_scheme=look.scheme, locale=look.locale, permissions=["microphone"]
    ) as console:
        await console.open("/keys")
        await console.page.locator("input.control").fill(key)
        await console.page.keyboard.press("Enter")
        await expect(console.page.get_by_role("navigation")).to_be_visible()
        yield console.page


async def _call(address: str, key: str, look: Look, path: Path) -> None:
    """A call in which a customer asks by voice and is answered; its picture is taken while the agent speaks."""
    question = read_recording(shipped_recording(), max_seconds=60).samples
    with TemporaryDirectory() as folder:
        heard = microphone(Path(folder) / "microphone.wav", silence(_BEFORE_SPEAKING), question)
        async with chromium(*heard) as browser, _signed_in(browser, address, key, look) as page:
            await page.goto(f"{address}/talk")
            await settled(page)
            await page.locator(".callbar .button-primary").click()
            await expect(page.locator(".said-assistant", has_text="recorded").first).to_be_visible(timeout=_WAIT_MS)
            await expect(page.locator(".status-assistant")).to_be_visible(timeout=_WAIT_MS)
            await page.wait_for_timeout(1_500)
            await _take(page, path)
            await page.locator(".callbar .button-danger").click()


@dataclass(frozen=True, slots=True)
class Shots:
    """Where pictures are kept, and how they are named."""

    folder: Path
    prefix: str = ""
    suffix: str = ".png"

    def path(self, name: str) -> Path:
        return self.folder / f"{self.prefix}{name}{self.suffix}"


async def _views(page: Page, views: Mapping[str, View], content: Content, shots: Shots) -> None:
    for name, show in views.items():
        try:
            await show(page, content)
        except (AssertionError, Error) as error:  # the picture shows what is there instead
            sys.stdout.write(f"{shots.path(name)}: {str(error).splitlines()[0]}\n")
        await _take(page, shots.path(name))


async def _without_server(browser: Browser, address: str, key: str, look: Look, folder: Path) -> None:
    async with _signed_in(browser, address, key, look) as page:
        for name in PLAIN:
            await page.goto(f"{address}/keys")
            await page.route("**/graphql", lambda route: route.abort())
            await page.locator(f'.rail a[href$="/{name}"]').click()
            if name == "keys":
                await page.locator(".account > .button").click()
            await page.wait_for_timeout(1_500)
            await _take(page, folder / f"gone-{name}.png")
            await page.unroute("**/graphql")


async def _sign_in(browser: Browser, address: str, look: Look, folder: Path) -> None:
    size = {"width": look.width, "height": look.height}
    async with console_page(browser, address, viewport=size, color_scheme=look.scheme, locale=look.locale) as console:
        await console.open("/")
        await _take(console.page, folder / "sign-in.png")
        await console.page.locator("input.control").fill("vl_wrong")
        await console.page.keyboard.press("Enter")
        await console.page.locator(".field-error:not(:empty)").wait_for()
        await _take(console.page, folder / "sign-in-wrong.png")


async def _document(address: str, key: str) -> None:
    async with Client(address, key) as client:
        content = await fill(client)
    await _call(address, key, _DOCUMENTED, _IMAGES / "console-talk.webp")
    async with chromium() as browser, _signed_in(browser, address, key, _DOCUMENTED) as page:
        await _views(page, DOCUMENTED, content, Shots(_IMAGES, "console-", ".webp"))


async def _everything(address: str, key: str, empty_key: str, folder: Path) -> None:
    async with Client(address, key) as client:
        content = replace(await fill(client), hostile=await fill_hostile(client))
    for look in (_PHONE, _DESK, replace(_DESK, scheme="dark")):
        await _call(address, key, look, folder / look.name / "talk-call.png")
    async with chromium() as browser:
        for look in _LOOKS:
            there = folder / look.name
            await _sign_in(browser, address, look, there)
            async with _signed_in(browser, address, key, look) as page:
                await _views(page, DOCUMENTED | OTHERS, content, Shots(there))
            if look.width > _DESK.width:
                continue
            await _without_server(browser, address, key, look, there)
            if empty_key:
                async with _signed_in(browser, address, empty_key, look) as page:
                    await _views(page, PLAIN, content, Shots(there, "empty-"))


async def _main(everything: Path | None, at: str | None) -> None:
    async with _voxloom(at) as (address, key, empty_key):
        if everything is None:
            await _document(address, key)
        else:
            await _everything(address, key, empty_key, everything)


@asynccontextmanager
async def _voxloom(at: str | None) -> AsyncIterator[tuple[str, str, str]]:
    """The address, a key, and one of a tenant without data."""
    if at is not None:
        yield at, os.environ["VOXLOOM_API_KEY"], os.environ.get("EMPTY_KEY", "")
        return
    async with running_voxloom(_MODELS) as program:
        yield program.address, program.key, await program.key_of_tenant("empty")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", dest="everything", type=Path, metavar="FOLDER")
    parser.add_argument("--at", metavar="ADDRESS")
    arguments = parser.parse_args()
    asyncio.run(_main(arguments.everything, arguments.at))

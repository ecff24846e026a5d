"""Firefox as distributions ship it, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) over a websocket.

Playwright drives only a Firefox of its own. The microphone is Firefox's fake one, a steady tone.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

_NAMES = ("firefox-esr", "firefox")
_START_SECONDS = 200
_WAIT_SECONDS = 200

#: The microphone is fake and allowed; nothing is asked of other hosts.
_PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "network.dns.localDomains": "",
    "network.connectivity-service.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "intl.accept_languages": "en-GB",
}


def firefox_program() -> str:
    """The first of the usual names on PATH; skips the test where there is none, and out of `make test-browser`."""
    if not os.environ.get("FIREFOX"):
        pytest.skip("Firefox is tried by make test-browser")
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no Firefox here (Debian: apt-get install firefox-esr)")
    return found


class Firefox:
    """One tab. ``complaints``: errors and warnings of its pages."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._context = ""
        self.complaints: list[str] = []

    async def begin(self) -> None:
        await self.send("session.new", capabilities={})
        await self.send("session.subscribe", events=["log.entryAdded"])
        self._context = (await self.send("browsingContext.getTree"))["contexts"][0]["context"]

    async def send(self, method: str, **params: Any) -> Any:
        """Runs a command; returns its result. Raises RuntimeError with the browser's words."""
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        async with asyncio.timeout(_WAIT_SECONDS):
            while True:
                message = json.loads(await self._socket.recv())
                if message.get("method") == "log.entryAdded":
                    self._logged(message["params"])
                if message.get("id") != number:
                    continue
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return message["result"]

    def _logged(self, entry: dict[str, Any]) -> None:
        if entry["level"] in ("error", "warn"):
            self.complaints.append(str(entry["text"]))

    async def open(self, url: str) -> None:
        await self.send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression that is null, a string, a number or a Boolean; a promise is awaited."""
        found = await self.send(
            "script.evaluate", expression=expression, target={"context": self._context}, awaitPromise=True,
            userActivation=True,
        )  # fmt: skip
        if found["type"] == "exception":
            raise RuntimeError(found["exceptionDetails"]["text"])
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Waits until an expression is true."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                while not await self.evaluate(f"!!({expression})"):  # noqa: ASYNC110 - the page tells nobody
                    await asyncio.sleep(0.1)
        except TimeoutError:
            shown = await self.evaluate("document.body.innerText")
            raise AssertionError(f"{expression} did not come true. The page shows:\n{shown}") from None

    async def shows(self, text: str) -> None:
        await self.until(f"document.body.innerText.includes({json.dumps(text)})")

    async def click(self, name: str) -> None:
        """Presses the button or link with these words."""
        find = f"""[...document.querySelectorAll('button, a')].find((each) =>
          each.textContent.trim() === {json.dumps(name)} && !each.disabled)"""
        await self.until(find)
        await self.evaluate(f"{find}.click()")

    async def type(self, text: str) -> None:
        """Presses the keys of a text, a line break as Enter, in the element with the focus."""
        keys = [key for each in text for key in _presses("\ue007" if each == "\n" else each)]
        source = {"type": "key", "id": "keyboard", "actions": keys}
        await self.send("input.performActions", context=self._context, actions=[source])


def _presses(key: str) -> list[dict[str, str]]:
    return [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]


def _prepare(profile: Path) -> None:
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))


@asynccontextmanager
async def firefox(profile: Path) -> AsyncIterator[Firefox]:
    """A browser without a window, with a new profile; skips the test where there is none."""
    program = firefox_program()
    _prepare(profile)
    process = await asyncio.create_subprocess_exec(
        program, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0", "about:blank",
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, "HOME": str(profile), "MOZ_DISABLE_AUTO_SAFE_MODE": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    drained: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not (found := re.search(rb"BiDi listening on (ws://\S+)", await process.stderr.readline())):
                assert process.returncode is None, "Firefox has ended"
        drained = asyncio.create_task(process.stderr.read())
        async with connect(f"{found[1].decode()}/session", max_size=None) as socket:
            running = Firefox(socket)
            await running.begin()
            yield running
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        if drained is not None:
            await drained

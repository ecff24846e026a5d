"""The console's views as a person comes to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

from tests.console.screenshots.content import Content

#: Brings a view onto the page, which is signed in and shows any other.
View = Callable[[Page, Content], Awaitable[None]]

_AGENT = "billing_agent"
_WAIT_MS = 30_000


def at(path: str) -> View:
    """The view at an address."""

    async def show(page: Page, content: Content) -> None:
        await page.goto(_origin(page) + path.format(recorded=content.recorded, hostile=content.hostile))
        await settled(page)

    return show


def _origin(page: Page) -> str:
    return "/".join(page.url.split("/")[:3])


async def settled(page: Page) -> None:
    """Nothing is being loaded any more."""
    await expect(page.locator(".loading")).to_have_count(0, timeout=_WAIT_MS)
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(300)


async def conversation(page: Page, content: Content) -> None:
    """One conversation, whose second turn is chosen."""
    await at("/conversations/{recorded}?turn=2")(page, content)
    await page.wait_for_timeout(1_000)  # the waveform


def _dialog(path: str, button: int) -> View:
    """``button``: the place among the view's actions of the button that opens it, in any language."""

    async def show(page: Page, content: Content) -> None:
        await at(path)(page, content)
        await page.locator(".page-actions .button").nth(button).click()
        await expect(page.get_by_role("dialog")).to_be_visible()

    return show


async def _preferences(page: Page, content: Content) -> None:
    await at("/keys")(page, content)
    await page.locator(".account > .button").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def _write(page: Page, content: Content, words: str, *, below: int) -> None:
    """Writes at the end of a line, which is so many below that of the greeting."""
    await agent(page, content)
    await page.locator(".section").nth(4).click()
    for _ in range(below):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("End")
    await page.keyboard.type(words)
    await page.wait_for_timeout(1_500)  # until it is checked


async def agent(page: Page, content: Content) -> None:
    """An agent's definition, with a greeting that is being written."""
    await at(f"/agents/{_AGENT}")(page, content)
    await page.locator(".cm-content").wait_for(timeout=_WAIT_MS)
    await settled(page)


async def changes(page: Page, content: Content) -> None:
    """What was written, beside what is published."""
    await _write(page, content, " We are here for you.", below=2)
    await page.get_by_role("tab").nth(1).click()
    await page.wait_for_timeout(300)


async def _problems(page: Page, content: Content) -> None:
    await _write(page, content, "\n  xx: what", below=0)


async def _versions(page: Page, content: Content) -> None:
    await at(f"/agents/{_AGENT}")(page, content)
    await page.locator(".cm-content").wait_for(timeout=_WAIT_MS)
    await page.get_by_role("tab").last.click()
    await settled(page)


async def _events(page: Page, content: Content) -> None:
    await at("/talk?session={recorded}")(page, content)
    await page.get_by_role("tab").nth(1).click()


#: The views of the documentation, by the name of their picture.
DOCUMENTED: dict[str, View] = {
    "conversations": at("/conversations"),
    "conversation": conversation,
    "agents": at("/agents"),
    "agent": agent,
    "changes": changes,
    "overview": at("/overview"),
    "keys": at("/keys"),
}

#: All others that a person sees.
OTHERS: dict[str, View] = {
    "talk-begin": at("/talk"),
    "talk-written": at("/talk?session={recorded}"),
    "talk-events": _events,
    "talk-hostile": at("/talk?session={hostile}"),
    "conversations-none": at("/conversations?search=nobody-said-this"),
    "conversation-hostile": at("/conversations/{hostile}?turn=2"),
    "conversation-missing": at("/conversations/00000000-0000-7000-8000-000000000000"),
    "conversation-fork": _dialog("/conversations/{recorded}", -1),
    "conversation-export": _dialog("/conversations/{recorded}", -2),
    "agent-problems": _problems,
    "agent-versions": _versions,
    "agent-new": at("/agents?new=yes"),
    "agent-missing": at("/agents/no_such_agent"),
    "key-new": _dialog("/keys", -1),
    "preferences": _preferences,
}

#: The views that are looked at without any data, and without a server.
PLAIN: dict[str, View] = {name: at(f"/{name}") for name in ("talk", "conversations", "agents", "overview", "keys")}

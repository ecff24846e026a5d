"""The console's frame: sign-in, navigation, preferences, accessibility; in a real browser on a real server."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser, expect

from db.commands.sign_in import create_sign_in_token
from tests.client import Client
from tests.console.page import ConsolePage, console_page, key_of
from tests.graph.edge import Edge

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

VIEWS = ["Talk", "Conversations", "Agents", "Overview", "Keys"]


async def test_a_key_opens_the_view_that_was_asked_for(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme), "/conversations")
    await console.heading("Conversations")
    await console.page.reload()
    await console.heading("Conversations")
    storage = await console.page.evaluate("() => JSON.stringify({...localStorage})")
    assert key_of(acme) not in storage, "the key is kept for the tab alone"


@pytest.mark.parametrize("wrong", ["vl_wrong", "no key", "schlüssel", " "])
async def test_a_wrong_key_is_said_in_words(console: ConsolePage, wrong: str) -> None:
    await console.open("/agents")
    field = console.page.get_by_label("API key")
    await field.fill(wrong)
    await field.press("Enter")
    await expect(console.page.get_by_role("alert")).to_contain_text("not valid")
    await expect(field).to_be_focused()
    await expect(console.page.get_by_role("navigation")).to_have_count(0)


async def test_a_key_whose_time_is_over_leads_to_the_sign_in_and_back(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme), "/keys")
    expired = {"key": key_of(acme), "keyName": "test", "tenant": "acme", "expiresAt": 1}
    await console.page.evaluate("(text) => sessionStorage.setItem('voxloom.session', text)", json.dumps(expired))
    await console.page.reload()
    await console.heading("Sign in")
    await console.page.get_by_label("API key").fill(key_of(acme))
    await console.page.get_by_role("button", name="Sign in").click()
    await console.heading("Keys")


async def test_a_link_signs_in_once_and_leaves_no_token(console: ConsolePage, browser: Browser, edge: Edge) -> None:
    token = await edge.database.run(create_sign_in_token)
    await console.open(f"/agents#sign-in={token}")
    await console.heading("Agents")
    assert console.page.url == f"{console.address}/agents"
    async with console_page(browser, edge.address) as second:
        await second.open(f"/#sign-in={token}")
        await expect(second.page.get_by_role("alert")).to_contain_text("signs in once")
        assert second.page.url == f"{edge.address}/"
        again = await edge.database.run(create_sign_in_token)
        await second.page.evaluate("(token) => { location.hash = `sign-in=${token}`; }", again)
        await second.heading("Talk")


async def test_every_view_by_keyboard(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme))
    page = console.page
    await console.heading("Talk")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for name in VIEWS:
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
    for name in VIEWS[1:]:
        await page.get_by_role("link", name=name, exact=True).focus()
        await page.keyboard.press("Enter")
        await console.heading(name)
        await expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")
        await expect(page.get_by_role("main")).to_be_focused()
    await page.go_back()
    await console.heading("Overview")


async def test_a_wrong_address_says_so_and_leads_on(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme), "/converstions")
    await console.heading("Nothing is at this address")
    await console.page.get_by_role("main").get_by_role("link", name="Talk").click()
    await console.heading("Talk")
    await console.page.go_back()
    await console.heading("Nothing is at this address")


async def test_language_and_theme_are_kept(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme))
    page = console.page
    await page.get_by_role("button", name="Preferences").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Language").select_option(label="Deutsch")
    await dialog.get_by_label("Darstellung").select_option(label="Dunkel")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="Einstellungen")).to_be_focused()
    await page.reload()
    await console.heading("Sprechen")
    assert await page.evaluate("() => document.documentElement.lang") == "de"
    dark = await page.evaluate("() => getComputedStyle(document.body).colorScheme")
    assert dark == "dark"


async def test_a_german_browser_gets_german(browser: Browser, edge: Edge) -> None:
    async with console_page(browser, edge.address, locale="de-AT") as page:
        await page.open()
        await page.heading("Anmelden")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
async def test_it_is_accessible_and_fits(browser: Browser, edge: Edge, acme: Client, scheme: str, width: int) -> None:
    size = {"width": width, "height": 800}
    async with console_page(browser, edge.address, color_scheme=scheme, viewport=size) as console:
        await console.open()
        await console.heading("Sign in")
        assert await console.axe() == []
        await console.sign_in(key_of(acme))
        for name in VIEWS:
            await console.page.get_by_role("link", name=name, exact=True).click()
            await console.heading(name)
            assert await console.axe() == []
            assert await console.page.evaluate("() => document.documentElement.scrollWidth") <= width
        await console.page.get_by_role("button", name="Preferences").click()
        assert await console.axe() == []
        await console.page.keyboard.press("Escape")
        # A definition that is longer than the editor.
        await console.page.get_by_role("link", name="Agents", exact=True).click()
        await console.page.get_by_role("link", name="billing_agent").click()
        await expect(console.page.get_by_label("Definition as YAML")).to_be_visible()
        assert await console.axe() == []
        assert console.complaints == []


async def test_the_first_view_comes_from_this_server_alone_and_is_small(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme))
    await console.heading("Talk")
    received = await console.page.evaluate(
        "() => performance.getEntries().reduce((sum, each) => sum + (each.encodedBodySize ?? 0), 0)"
    )
    assert 10_000 < received < 120_000
    assert console.hosts == {console.address.removeprefix("http://")}

"""The view Keys: a key is made and shown once, found in the list, and revoked, also the one in use."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.client import Client
from tests.console.page import ConsolePage, key_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def works(address: str, key: str) -> bool:
    """Whether a request with the key is answered."""
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {key}"}) as client:
        return "errors" not in (await client.post("/graphql", json={"query": "{ viewer { tenant } }"})).json()


async def create(page: Page, name: str) -> str:
    """Makes a key; returns it."""
    await page.get_by_role("button", name="Create a key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("button", name="Create a key").click()
    await expect(dialog.get_by_role("heading")).to_have_text("Your new key")
    secret = await dialog.locator("code").inner_text()
    # Shown once: what closes any other dialog does not lose it.
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.mouse.click(5, 5)
    await expect(dialog.locator("code")).to_have_text(secret)
    await dialog.get_by_role("button", name="I have it").click()
    await expect(dialog).to_have_count(0)
    return secret


async def revoke(page: Page, name: str) -> None:
    await page.get_by_role("button", name=f"Revoke “{name}”").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()


async def test_a_key_is_shown_once_works_and_is_revoked(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme), "/keys")
    page = console.page
    secret = await create(page, "checkout <b>page</b>")
    row = page.get_by_role("row", name="checkout <b>page</b>")
    await expect(row).to_contain_text("Valid")
    assert secret not in await page.content()
    await page.reload()
    await expect(row).to_contain_text(secret[:8])
    assert secret not in await page.content()
    assert await works(console.address, secret)
    assert await console.axe() == []
    await revoke(page, "checkout <b>page</b>")
    await expect(row).to_have_count(0)
    await page.get_by_label("Also those that have expired or were revoked").check()
    await expect(row).to_contain_text("Revoked")
    await expect(row.get_by_role("button")).to_have_count(0)
    for _ in range(50):  # keys are verified from a cache for a moment
        if not await works(console.address, secret):
            break
        await asyncio.sleep(0.1)
    assert not await works(console.address, secret)


async def test_revoking_the_key_in_use_signs_out(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme), "/keys")
    page = console.page
    await expect(page.get_by_role("row", name="in use here")).to_have_count(1)
    await page.get_by_role("button", name="Revoke “test”").click()
    await expect(page.get_by_role("dialog")).to_contain_text("signed out")
    assert await console.axe() == []
    await page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    await console.heading("Sign in")


async def test_a_name_that_cannot_be_is_refused_in_words(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme), "/keys")
    page = console.page
    await page.get_by_role("button", name="Create a key").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Create a key")).to_be_disabled()
    await dialog.get_by_label("Name").fill("a\x00b")
    await dialog.get_by_role("button", name="Create a key").click()
    await expect(dialog.get_by_role("alert").filter(has_text="BAD_USER_INPUT")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)

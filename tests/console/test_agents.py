"""The console's view Agents: a definition is written, checked, compared, tried, held to evals, published."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.client import Client
from tests.console.page import ConsolePage, console_page, key_of
from tests.graph.edge import Edge

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

AGENT = {
    "name": "front_desk",
    "description": "Answers callers of a workshop.",
    "languages": ["en"],
    "instructions": "Answer in one short sentence. " * 8,
    "greeting": {"en": "Hello, this is the workshop."},
}

AGENTS = "{ agents(first: 50, archived: true, drafts: true) { nodes { name archivedAt currentVersion { number } } } }"
GREETING = """query($version: Int) { agent(name: "front_desk", version: $version) {
  currentVersion { number } version { number draft definition } versions { totalCount } } }"""
PUBLISH = "mutation($input: PublishAgentInput!) { publishAgent(input: $input) { isNew version { number } } }"

SESSIONS = """query($evals: Boolean) { sessions(filter: {evals: $evals}) {
  nodes { id status persona agentVersion { number draft } metadata } } }"""
#: The engine of the tests replies with what was said.
FILE = """conversations:
  - name: heard-again
    turns:
      - {say: "Good morning.", expect: {filed: [], reply: {any: ["good morning"]}}}
      - {speak: "Good night.", expect: {reply: {none: ["morning"]}}}
    expect: {records: []}
  - name: wrongly-expected
    known: {name: Ann Lee}
    turns: [{say: "Hello.", expect: {filed: [complaint]}}]
  - name: with-a-recording
    turns: [{audio: hello.wav}]
"""


async def _published(acme: Client, greeting: str = "Hello, this is the workshop.") -> int:
    definition = {**AGENT, "greeting": {"en": greeting}}
    return int((await acme.run(PUBLISH, input={"definition": definition}))["publishAgent"]["version"]["number"])


async def _agent(acme: Client, version: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = (await acme.run(GREETING, version=version))["agent"]
    return found


async def _agents(acme: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await acme.run(AGENTS))["agents"]["nodes"]
    return found


def _editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Definition as YAML")


async def _type_at(page: Page, section: str, typed: str) -> None:
    """Types at the begin of a section's line, by the button that leads there."""
    await page.get_by_role("navigation", name="Go to a section").get_by_role("button", name=section).click()
    await page.keyboard.type(typed)


async def _change_purpose(page: Page, added: str) -> None:
    await _type_at(page, "description", "")
    await page.keyboard.press("End")
    await page.keyboard.type(added)


async def test_the_greeting_is_changed_in_four_steps(console: ConsolePage, acme: Client) -> None:
    await _published(acme)
    await console.sign_in(key_of(acme), "/agents")
    page = console.page
    await page.get_by_role("link", name="front_desk").click()
    await console.heading("front_desk")
    await expect(page.get_by_role("button", name="Publish")).to_be_disabled()
    await _type_at(page, "greeting", "")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("End")
    await page.keyboard.type(" Good morning!")
    await expect(page.get_by_text("No problems")).to_be_visible()
    assert (await _agent(acme))["versions"]["totalCount"] == 1  # a check stores nothing
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Version 2 is published")).to_be_visible()
    found = await _agent(acme)
    assert found["currentVersion"]["number"] == 2
    assert found["version"]["definition"]["greeting"] == {"en": ["Hello, this is the workshop. Good morning!"]}
    await expect(page.get_by_role("button", name="Publish")).to_be_disabled()
    assert await console.axe() == []


async def test_a_definition_that_is_printed_as_yaml_is_the_same(console: ConsolePage, acme: Client) -> None:
    names = [each["name"] for each in await _agents(acme)]
    assert names, "a tenant has the agents that come with VoxLoom"
    await console.sign_in(key_of(acme), f"/agents/{names[0]}")
    page = console.page
    await expect(_editor(page)).to_be_visible()
    await page.get_by_role("tab", name="Changes").click()
    await expect(page.get_by_text("This is what is published.")).to_be_visible()
    # Publishing the text again, with a comment that no version stores, adds no version.
    await page.get_by_role("tab", name="Definition").click()
    await _editor(page).click()
    await page.keyboard.press("Control+Home")
    await page.keyboard.type("# a comment\n")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Version 1 is published")).to_be_visible()


async def test_an_error_is_marked_at_its_line_and_nothing_is_stored(console: ConsolePage, acme: Client) -> None:
    await _published(acme)
    await console.sign_in(key_of(acme), "/agents/front_desk")
    page = console.page
    await _type_at(page, "description", "x_")
    problem = page.get_by_role("list", name="Problems").get_by_role("button", name="x_description")
    await expect(problem).to_contain_text("Line 2")
    await expect(page.locator(".cm-lint-marker-error")).to_have_count(2)  # the key description is missing
    await expect(page.get_by_role("status").filter(has_text="2 problems")).to_be_visible()
    assert await console.axe() == []
    await page.get_by_role("button", name="Publish").click()
    await expect(problem).to_be_visible()
    await problem.click()
    await expect(_editor(page)).to_be_focused()
    assert (await _agent(acme))["versions"]["totalCount"] == 1
    await page.get_by_role("button", name="Discard changes").click()
    await expect(_editor(page)).not_to_contain_text("x_description")
    await expect(problem).to_have_count(0)


async def test_a_draft_is_compared_and_tried_before_it_is_published(console: ConsolePage, acme: Client) -> None:
    await _published(acme)
    await console.sign_in(key_of(acme), "/agents/front_desk")
    page = console.page
    await _change_purpose(page, " A garage.")
    await page.get_by_role("tab", name="Changes").click()
    table = page.get_by_role("table", name="Difference to the published version")
    await expect(table.get_by_role("row").filter(has_text="added")).to_have_count(1)
    await expect(table.get_by_role("row").filter(has_text="removed")).to_have_count(1)
    assert await console.axe() == []
    await page.get_by_role("button", name="Try it in Talk").click()
    await console.heading("Talk")
    assert page.url.endswith("/talk?agent=front_desk&version=2")
    found = await _agent(acme, 2)
    assert found["version"]["draft"] is True
    assert found["currentVersion"]["number"] == 1
    await page.get_by_label("Write to the agent").fill("Hello")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("session="))
    sessions = (await acme.run("{ sessions { nodes { persona agentVersion { number } } } }"))["sessions"]["nodes"]
    assert sessions == [{"persona": "front_desk", "agentVersion": {"number": 2}}]
    # What was written is still there, and is published now.
    await page.get_by_role("link", name="Agents", exact=True).click()
    await page.get_by_role("link", name="front_desk").click()
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Version 2 is published")).to_be_visible()
    # The conversation with the draft is not gone on with.
    await page.get_by_role("link", name="Talk to it").click()
    await expect(page.get_by_role("region", name="Choose an agent").get_by_label("Agent")).to_have_value("front_desk")


async def test_going_back_to_an_earlier_version(console: ConsolePage, acme: Client) -> None:
    await _published(acme)
    await _published(acme, "Good day.")
    await console.sign_in(key_of(acme), "/agents/front_desk")
    page = console.page
    await page.get_by_role("tab", name="Versions").click()
    await page.get_by_role("link", name="Open version 1").click()
    await expect(page.get_by_text("This is version 1, not the published one.")).to_be_visible()
    await expect(_editor(page)).to_contain_text("this is the workshop")
    await page.get_by_role("tab", name="Versions").click()
    await page.get_by_role("button", name="Go back to version 1").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go back to it").click()
    await expect(page.get_by_text("not the published one")).to_have_count(0)
    await expect(_editor(page)).to_contain_text("this is the workshop")
    assert (await _agent(acme))["currentVersion"]["number"] == 1


async def test_two_tabs_do_not_overwrite_each_other(
    console: ConsolePage, browser: Browser, edge: Edge, acme: Client
) -> None:
    await _published(acme)
    await console.sign_in(key_of(acme), "/agents/front_desk")
    async with console_page(browser, edge.address) as second:
        await second.sign_in(key_of(acme), "/agents/front_desk")
        await _change_purpose(second.page, " A garage.")
        await _change_purpose(console.page, " A studio.")
        await second.page.get_by_role("button", name="Publish").click()
        await expect(second.page.get_by_text("Version 2 is published")).to_be_visible()
    page = console.page
    await page.get_by_role("button", name="Publish").click()
    alert = page.get_by_role("alert").filter(has_text="another version was published meanwhile")
    await expect(alert).to_be_visible()
    assert (await _agent(acme))["currentVersion"]["number"] == 2
    await alert.get_by_role("button", name="Compare").click()
    table = page.get_by_role("table", name="Difference to the published version")
    await expect(table.get_by_role("row").filter(has_text="removed")).to_contain_text("garage")
    await expect(table.get_by_role("row").filter(has_text="added")).to_contain_text("studio")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Version 3 is published")).to_be_visible()


async def test_a_new_agent_is_archived_and_brought_back(console: ConsolePage, acme: Client) -> None:
    await console.sign_in(key_of(acme), "/agents")
    page = console.page
    await page.get_by_role("button", name="New agent").click()
    # A draft of it can be talked to before anything is published.
    await page.get_by_role("button", name="Try it in Talk").click()
    await console.heading("Talk")
    setup = page.get_by_role("region", name="Choose an agent")
    await expect(setup.get_by_label("Agent")).to_have_value("my_agent")
    await expect(setup.get_by_role("option", name="my_agent (draft)")).to_be_attached()
    await page.get_by_label("Write to the agent").fill("Hello")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("session="))
    sessions = (await acme.run(SESSIONS))["sessions"]["nodes"]
    assert [each["agentVersion"] for each in sessions] == [{"number": 1, "draft": True}]
    await page.get_by_role("link", name="Agents", exact=True).click()
    await page.get_by_role("button", name="New agent").click()
    await page.get_by_role("button", name="Publish").click()
    await console.heading("my_agent")
    await page.get_by_role("button", name="Archive").click()
    await page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    await expect(page.get_by_text("Archived since")).to_be_visible()
    await expect(page.get_by_role("button", name="Try it in Talk")).to_be_disabled()
    for agent, told in (("my_agent", "“my_agent” is archived"), ("renamed", "There is no agent “renamed”")):
        await page.goto(f"{console.address}/talk?agent={agent}")
        await expect(setup.get_by_text(told)).to_be_visible()
    await expect(setup.get_by_role("option", name="my_agent (archived)")).to_be_disabled()
    await expect(setup.get_by_label("Agent")).not_to_have_value("my_agent")
    assert await console.axe() == []
    await page.goto(f"{console.address}/agents/my_agent")
    await page.get_by_role("link", name="All agents").click()
    await expect(page.get_by_role("link", name="my_agent")).to_have_count(0)
    await page.get_by_label("Also archived ones").check()
    await page.get_by_role("link", name="my_agent").click()
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Archived since")).to_have_count(0)
    mine = [each for each in await _agents(acme) if each["name"] == "my_agent"]
    assert mine[0]["archivedAt"] is None


async def _evals(console: ConsolePage, acme: Client, file: str) -> Page:
    await _published(acme)
    await console.sign_in(key_of(acme), "/agents/front_desk")
    page = console.page
    await page.get_by_role("tab", name="Evals").click()
    await page.get_by_label("Eval file as YAML").fill(file)
    return page


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name="Results of the evals").get_by_role("row").filter(has_text=name)


async def test_evals_are_played_and_judged(console: ConsolePage, acme: Client) -> None:
    page = await _evals(console, acme, FILE)
    await page.get_by_role("button", name="Run the evals").click()
    await expect(page.get_by_role("status").filter(has_text="1 of 3 conversations are right.")).to_be_visible()
    await expect(_row(page, "heard-again")).to_contain_text("right")
    await expect(_row(page, "wrongly-expected")).to_contain_text("Line 1:")
    await expect(_row(page, "wrongly-expected")).to_contain_text("not filed: filed nothing, expected ['complaint']")
    await expect(_row(page, "with-a-recording")).to_contain_text("left out")
    await expect(page.get_by_text("Spoken lines were sent as text.")).to_be_visible()
    assert await console.axe() == []
    sessions = (await acme.run(SESSIONS, evals=True))["sessions"]["nodes"]
    assert {each["metadata"]["eval"] for each in sessions} == {"heard-again", "wrongly-expected"}
    assert all(each["agentVersion"] == {"number": 1, "draft": False} for each in sessions)
    # The conversation is one click away, and Conversations shows it only if evals are asked for.
    await page.get_by_role("link", name="Open the conversation “heard-again”").click()
    await expect(page.get_by_text("Good night.").first).to_be_visible()
    await page.get_by_role("link", name="Conversations", exact=True).click()
    await expect(page.get_by_role("link", name="Good morning.")).to_have_count(0)
    await page.get_by_label("Show", exact=True).select_option("evals")
    await expect(page.get_by_text("Good morning.").first).to_be_visible()
    # The results are still there.
    await page.goto(f"{console.address}/agents/front_desk")
    await page.get_by_role("tab", name="Evals").click()
    await expect(page.get_by_label("Eval file as YAML")).to_have_value(FILE)


async def test_what_is_written_is_compared_with_the_published_version(console: ConsolePage, acme: Client) -> None:
    page = await _evals(console, acme, FILE)
    await page.get_by_role("tab", name="Definition").click()
    await page.get_by_role("button", name="description").click()
    await page.keyboard.press("End")
    await page.keyboard.type(" And of a garage.")
    await page.get_by_role("tab", name="Evals").click()
    await page.get_by_label("Side by side").check()
    await page.get_by_role("button", name="Run the evals").click()
    await expect(page.get_by_role("status").filter(has_text="2 of 6 conversations are right.")).to_be_visible()
    for heading in ("Version 2", "Version 1 (published)"):
        await expect(page.get_by_role("columnheader", name=heading)).to_be_visible()
    sessions = (await acme.run(SESSIONS, evals=True))["sessions"]["nodes"]
    assert sorted(each["agentVersion"]["number"] for each in sessions) == [1, 1, 2, 2]


async def test_a_mistake_in_the_file_leads_to_its_line(console: ConsolePage, acme: Client) -> None:
    page = await _evals(console, acme, FILE.replace("known:", "knwon:"))
    await page.get_by_role("button", name="Run the evals").click()
    problem = page.get_by_role("list", name="Problems of the eval file").get_by_role("button")
    await expect(problem).to_contain_text("did you mean 'known'?")
    await problem.click()
    selected = "(area) => area.value.slice(area.selectionStart, area.selectionEnd)"
    area = page.get_by_label("Eval file as YAML")
    assert await area.evaluate(selected) == "    knwon: {name: Ann Lee}"
    assert (await acme.run(SESSIONS))["sessions"]["nodes"] == []


async def test_a_run_is_stopped(console: ConsolePage, acme: Client) -> None:
    many = "\n".join(
        f"  - {{name: number-{number}, turns: [{{say: a}}, {{say: b}}, {{say: c}}]}}" for number in range(40)
    )
    page = await _evals(console, acme, f"conversations:\n{many}\n")
    await page.get_by_role("button", name="Run the evals").click()
    await page.get_by_role("button", name="Stop").click()
    await expect(_row(page, "number-39")).to_contain_text("stopped")
    await expect(page.get_by_role("button", name="Run the evals")).to_be_visible()
    assert len((await acme.run(SESSIONS, evals=True))["sessions"]["nodes"]) < 20

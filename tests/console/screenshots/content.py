"""What is seen on the screenshots: conversations with the real models of a running VoxLoom."""

from __future__ import annotations

from dataclasses import dataclass

from graph.cli.demo import shipped_recording
from tests.client import END, Client

#: What customers write, by customer and language; the agent answers each.
_CONVERSATIONS = (
    ("maria.lopez", "en", ("My name is Maria Lopez, account AC-20417. I was charged twice for my bill.", "Thank you.")),
    ("j.brandt", "de", ("Guten Tag, meine Rechnung ist viel zu hoch.", "Meine Nummer ist 0170 5550142.")),
    ("c-1042", "en", ("I want to talk to a real person, please.",)),
    ("ines.moreau", "fr", ("Bonjour, je ne comprends pas ma facture.",)),
    ("tomas", "en", ("What time is it on the moon?",)),
)

#: Markup, text from right to left, no place to break a line, stacked accents, emoji of many parts.
_HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)> \u202egnirts \u05e9\u05dc\u05d5\u05dd",
    "مرحبا، فاتورتي خاطئة ورقم حسابي AC-20417، أرجو الاتصال بي على ‎+49 170 5550142‎ صباحا.",
    "W" * 300,
    "https://example.com/" + "a-very-long-path/" * 40,
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320\u034d"
    * 20,
    "👩‍👩‍👧‍👦" * 60,
    "one word after another " * 160,
)


@dataclass(frozen=True, slots=True)
class Content:
    """Ids of sessions. ``recorded``: with a recording of the customer. ``hostile``: empty where there is none."""

    recorded: str
    hostile: str = ""


async def fill(client: Client) -> Content:
    """Has the conversations that the views show; takes some seconds of each model."""
    for customer, language, texts in _CONVERSATIONS:
        session = await client.create_session(customerId=customer, language=language)
        for text in texts:
            await client.say(session, text)
        if customer != "tomas":
            await client.run(END, id=session)
    recorded = await client.create_session(customerId="s.okafor", metadata={"city": "Leeds", "contract": "fibre 500"})
    await client.say(recorded, "Hello, this is Sam Okafor.")
    await client.upload(recorded, shipped_recording(), "question.wav", "audio/wav", waitSeconds=30)
    return Content(recorded)


async def fill_hostile(client: Client) -> str:
    """A conversation with what is hard to show, by a customer with a long name; its session's id."""
    session = await client.create_session(
        customerId="a-customer-whose-id-is-as-long-as-it-may-be-" + "x" * 100,
        metadata={"a key that is long " + "k" * 60: "a value that is long " + "v" * 400, "<b>": "</b>"},
    )
    for text in _HOSTILE:
        await client.say(session, text)
    return session

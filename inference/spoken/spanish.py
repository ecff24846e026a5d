"""Spanish."""

from __future__ import annotations

from inference.spoken.language import Currency, Language
from inference.spoken.numbers import cardinal, year


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    words = f"{'primero' if day == 1 else cardinal(day, SPANISH)} de {SPANISH.months[month - 1]}"
    return f"{words} de {year(in_year, SPANISH)}" if in_year is not None else words


def _time(hour: int, minute: int, half: str | None) -> str:
    name = "una" if hour == 1 else cardinal(hour, SPANISH)
    words = f"{name} y {cardinal(minute, SPANISH)}" if minute else f"{name} en punto"
    return f"{words} de la {'mañana' if half == 'am' else 'tarde'}" if half else words


SPANISH = Language(
    numbers="es",
    decimal_sign=",",
    point="coma",
    minus="menos",
    plus="más",
    percent="por ciento",
    to="a",
    at="arroba",
    dot="punto",
    dash="guion",
    underscore="guion bajo",
    slash="barra",
    number="número",
    and_="y",
    million=("millón de", "millones de"),
    billion=("mil millones de", "mil millones de"),
    months=(
        *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
        *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ),
    months_short=("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept?", "oct", "nov", "dic"),
    date=_date,
    time=_time,
    year_after=frozenset({"en", "desde", "hasta", "año"}),
    currencies={
        "USD": Currency("dólar", "dólares", "centavo", "centavos"),
        "EUR": Currency("euro", "euros", "céntimo", "céntimos"),
        "GBP": Currency("libra", "libras", "penique", "peniques", feminine=True),
        "INR": Currency("rupia", "rupias", "paisa", "paisas", feminine=True),
        "CHF": Currency("franco suizo", "francos suizos", "céntimo", "céntimos"),
    },
    money_joint=" con ",
    names_cents=True,
    counting=(("veintiuno", "veintiún", "veintiuna"), ("uno", "un", "una")),
    units={
        "GB": ("gigabyte", "gigabytes"),
        "MB": ("megabyte", "megabytes"),
        "Mbps": ("megabit por segundo", "megabits por segundo"),
        "Gbps": ("gigabit por segundo", "gigabits por segundo"),
        "kWh": ("kilovatio hora", "kilovatios hora"),
        "km": ("kilómetro", "kilómetros"),
        "min": ("minuto", "minutos"),
        "h": ("hora", "horas"),
    },
    abbreviations={
        "Sr.": "señor",
        "Sra.": "señora",
        "Ud.": "usted",
        "Uds.": "ustedes",
        "p. ej.": "por ejemplo",
        "etc.": "etcétera",
        "tel.": "teléfono",
        "Tel.": "Teléfono",
        "n.º": "número",
        "N.º": "Número",
    },
)

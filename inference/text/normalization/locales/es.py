"""Locale of Spanish."""

from __future__ import annotations

from inference.text.normalization.locale import Currency, Locale
from inference.text.normalization.numbers import cardinal, year


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    words = f"{'primero' if day == 1 else cardinal(day, SPANISH)} de {SPANISH.months[month - 1]}"
    return f"{words} de {year(in_year, SPANISH)}" if in_year is not None else words


def _time(hour: int, minute: int, half: str | None) -> str:
    name = "una" if hour == 1 else cardinal(hour, SPANISH)
    words = f"{name} y {cardinal(minute, SPANISH)}" if minute else f"{name} en punto"
    return f"{words} de la {'mañana' if half == 'am' else 'tarde'}" if half else words


SPANISH = Locale(
    code="es",
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
    year_cues=frozenset({"en", "desde", "hasta", "año"}),
    currencies={
        "USD": Currency("dólar", "dólares", "centavo", "centavos"),
        "EUR": Currency("euro", "euros", "céntimo", "céntimos"),
        "GBP": Currency("libra", "libras", "penique", "peniques", feminine=True),
        "INR": Currency("rupia", "rupias", "paisa", "paisas", feminine=True),
        "CHF": Currency("franco suizo", "francos suizos", "céntimo", "céntimos"),
    },
    money_conjunction=" con ",
    says_cents=True,
    before_noun_forms=(("veintiuno", "veintiún", "veintiuna"), ("uno", "un", "una")),
    units={
        "GB": ("gigabyte", "gigabytes"),
        "MB": ("megabyte", "megabytes"),
        "Mbps": ("megabit por segundo", "megabits por segundo"),
        "Gbps": ("gigabit por segundo", "gigabits por segundo"),
        "kWh": ("kilovatio hora", "kilovatios hora"),
        "km": ("kilómetro", "kilómetros"),
        "min": ("minuto", "minutos"),
        "h": ("hora", "horas"),
        "kg": ("kilogramo", "kilogramos"),
        "g": ("gramo", "gramos"),
        "m": ("metro", "metros"),
        "cm": ("centímetro", "centímetros"),
        "mm": ("milímetro", "milímetros"),
        "m²": ("metro cuadrado", "metros cuadrados"),
        "l": ("litro", "litros"),
        "ml": ("mililitro", "mililitros"),
        "W": ("vatio", "vatios"),
        "V": ("voltio", "voltios"),
        "km/h": ("kilómetro por hora", "kilómetros por hora"),
        "°C": ("grado Celsius", "grados Celsius"),
        "uds.": ("unidad", "unidades"),
        "ud.": ("unidad", "unidades"),
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
        "Dr.": "doctor",
        "Dra.": "doctora",
        "máx.": "máximo",
        "Máx.": "Máximo",
        "mín.": "mínimo",
        "Mín.": "Mínimo",
        "incl.": "incluido",
        "aprox.": "aproximadamente",
        "Avda.": "avenida",
        "Av.": "avenida",
        "Pza.": "plaza",
        "CP": "código postal",
    },
    contextual_abbreviations=((r"(?<!\w)[Cc]/\s?(?=[A-ZÁÉÍÓÚ])", "calle "),),
    weekdays={
        **{"lun": "lunes", "mar": "martes", "mié": "miércoles", "jue": "jueves", "vie": "viernes"},
        **{"sáb": "sábado", "dom": "domingo"},
    },
    per={
        **{"mes": "al mes", "año": "al año", "día": "al día", "semana": "a la semana", "hora": "por hora"},
        **{"h": "por hora", "min": "por minuto", "minuto": "por minuto", "persona": "por persona"},
        **{"noche": "por noche", "kWh": "por kilovatio hora", "GB": "por gigabyte"},
    },
    fractions={2: ("un medio", "medios"), 3: ("un tercio", "tercios"), 4: ("un cuarto", "cuartos")},
    of="de",
    by="por",
    times="veces",
    about="unos",
    version="versión",
    port="puerto",
    other_script="una palabra en otra escritura",
    dial_cues=r"llame al|llamar al|llama al|marque el|marque|marcar el",
    last_digits_cues=r"terminada en|termina en|acaba en|acabada en|terminado en",
)

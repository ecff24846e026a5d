"""SQL functions of the search in conversations, as revision 0016 creates them.

They use functions of pg_catalog only, and not each other: indexes are built and analyzed with another search_path.
Texts are stemmed by the configuration of their language, where Postgres has one for it, and indexed as they stand too:
a word that is typed in part is found by its beginning, and a stem has none.
"""

from __future__ import annotations

import string

#: ASCII punctuation. Postgres' parser takes it for parts of numbers, hosts and tags: "AB-1" has the token -1.
_PUNCTUATION = string.punctuation

#: Characters of a text that are indexed. A tsvector holds 1 MB; with more, the row could not be written.
_INDEXED = 50_000


def _sql(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_STEMMED = {"en": "english", "es": "spanish", "de": "german", "fr": "french", "hi": "hindi"}


def _plain(text: str) -> str:
    bounded = f"pg_catalog.left(coalesce({text}, ''), {_INDEXED})"
    return f"pg_catalog.translate({bounded}, {_sql(_PUNCTUATION)}, {_sql(' ' * len(_PUNCTUATION))})"


def _function(head: str, body: str) -> str:
    return f"create or replace function {head} language sql immutable parallel safe as $$\n{body}\n$$"


_STEMS = "\n".join(
    f"    when '{language}' then pg_catalog.to_tsvector('pg_catalog.{configuration}', {_plain('said')})"
    for language, configuration in _STEMMED.items()
)

#: The words of a message, and their stems.
_SAID = _function(
    "voxloom_said_words(said text, language text) returns tsvector",
    f"""  select pg_catalog.to_tsvector('pg_catalog.simple', {_plain("said")}) ||
    case pg_catalog.split_part(language, '-', 1)
{_STEMS}
    else ''::pg_catalog.tsvector end""",
)


def _squeezed(text: str) -> str:
    return f"nullif(pg_catalog.lower(pg_catalog.regexp_replace({text}, '[^a-zA-Z0-9]', '', 'g')), '')"


#: The words of a CRM record, and its identifiers in one piece each.
_RECORD = _function(
    "voxloom_record_words(reference text, name text, phone text, account_id text, query text, details jsonb)"
    " returns tsvector",
    f"""  select pg_catalog.to_tsvector('pg_catalog.simple', {_plain("name")}) ||
    pg_catalog.to_tsvector('pg_catalog.simple', {_plain("phone")}) ||
    pg_catalog.to_tsvector('pg_catalog.simple', {_plain("account_id")}) ||
    pg_catalog.to_tsvector('pg_catalog.simple', {_plain("query")}) ||
    pg_catalog.to_tsvector('pg_catalog.simple', {
        _plain('''(
      select pg_catalog.string_agg(value #>> '{}', ' ')
      from pg_catalog.jsonb_path_query(
        details, 'strict $.** ? (@.type() == "string" || @.type() == "number")'
      ) as found (value)
    )''')
    }) ||
    pg_catalog.array_to_tsvector(pg_catalog.array_remove(array[
      {_squeezed("reference")}, {_squeezed("phone")}, {_squeezed("account_id")}
    ], null))""",
)

#: What finds a word: its beginning as it stands, or its stem in one of the languages; '' for a text without words.
_QUERY = _function(
    "voxloom_word_query(word text) returns tsquery",
    f"""  select coalesce((
    select pg_catalog.string_agg(
      '''' || pg_catalog.replace(pg_catalog.replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' ||
      case when pg_catalog.length(lexeme) > 1 then ':*' else '' end, ' & ')
    from pg_catalog.unnest(pg_catalog.to_tsvector('pg_catalog.simple', {_plain("word")}))
  ), '')::pg_catalog.tsquery ||
  """
    + " ||\n  ".join(
        f"pg_catalog.plainto_tsquery('pg_catalog.{configuration}', {_plain('word')})"
        for configuration in _STEMMED.values()
    ),
)

CREATE = (_SAID, _RECORD, _QUERY)

DROP = (
    "drop function voxloom_said_words(text, text)",
    "drop function voxloom_record_words(text, text, text, text, text, jsonb)",
    "drop function voxloom_word_query(text)",
)

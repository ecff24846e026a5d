import { agents } from './agents.de';
import { conversations } from './conversations.de';
import { evals } from './evals.de';
import { keys } from './keys.de';
import { overview } from './overview.de';
import { talk } from './talk.de';
import type { Words } from './en';

/** The console's words in German. */
export const de: Words = {
  common: {
    cancel: 'Abbrechen',
    close: 'Schließen',
    retry: 'Noch einmal',
    loading: 'Wird geladen …',
    slow: 'Das dauert länger als üblich. Nach 15 Sekunden bricht die Anfrage von selbst ab.',
    showAll: (characters) => `Alle ${characters} Zeichen zeigen`,
    showLess: 'Weniger zeigen',
    copy: 'Kopieren',
    copied: 'Kopiert',
    more: 'Mehr',
    none: 'keine',
    skip: 'Zum Inhalt',
    unknownAddress: 'An dieser Adresse ist nichts.',
    milliseconds: (text) => `${text} ms`,
    seconds: (text) => `${text} s`,
    optional: 'freiwillig',
  },
  nav: {
    label: 'Ansichten',
    talk: 'Sprechen',
    inCall: '(im Anruf)',
    conversations: 'Gespräche',
    agents: 'Agenten',
    overview: 'Überblick',
    keys: 'Schlüssel',
    preferences: 'Einstellungen',
    language: 'Sprache',
    theme: 'Darstellung',
    themes: { auto: 'System', light: 'Hell', dark: 'Dunkel' },
    languages: { en: 'English', de: 'Deutsch' },
    signOut: 'Abmelden',
    signedInAs: (key, tenant) => `Angemeldet mit dem Schlüssel „${key}“ des Mandanten „${tenant}“`,
    graphiql: 'API-Explorer',
    licenses: 'Lizenzen',
  },
  signIn: {
    heading: 'Anmelden',
    intro: 'Sprechen Sie mit Ihrem Sprachagenten, sehen Sie ihm bei der Arbeit zu, und pflegen Sie ihn.',
    key: 'API-Schlüssel',
    keyHelp: 'voxloom up druckt einen Link, der einmal anmeldet. Einen Schlüssel erzeugt voxloom keys create.',
    submit: 'Anmelden',
    checking: 'Schlüssel wird geprüft …',
    link: 'Anmeldung mit dem Link …',
    wrongKey: 'Dieser Schlüssel ist nicht gültig. Kopieren Sie ihn ganz, von „vl_“ bis zum Ende.',
    usedLink:
      'Dieser Link gilt nicht mehr: Er meldet nur einmal an. Starten Sie voxloom up neu für einen anderen, oder geben Sie einen Schlüssel ein.',
    reasons: {
      refused:
        'Ihr Schlüssel gilt nicht mehr: Er ist abgelaufen oder wurde widerrufen. Melden Sie sich neu an, dann sind Sie wieder, wo Sie waren.',
      expired: 'Sie waren 12 Stunden lang angemeldet. Melden Sie sich neu an, dann sind Sie wieder, wo Sie waren.',
      left: 'Sie sind abgemeldet.',
    },
  },
  errors: {
    headings: {
      TIMEOUT: 'Der Server hat nicht rechtzeitig geantwortet',
      OFFLINE: 'Der Server ist nicht erreichbar',
      BAD_RESPONSE: 'Die Antwort des Servers ist nicht lesbar',
      UNAUTHENTICATED: 'Der API-Schlüssel ist nicht gültig',
      API_KEY_EXPIRED: 'Der API-Schlüssel ist abgelaufen',
      FORBIDDEN: 'Das darf dieser Schlüssel nicht',
      NOT_FOUND: 'Das gibt es nicht',
      AGENT_NOT_FOUND: 'Diesen Agenten gibt es nicht',
      CONFLICT: 'Es wurde inzwischen geändert',
      RATE_LIMITED: 'Zu viele Anfragen',
      OVERLOADED: 'Der Server ist ausgelastet',
      DATABASE_UNAVAILABLE: 'Die Datenbank ist nicht erreichbar',
      INTERNAL: 'Im Server ist etwas schiefgegangen',
    },
    help: {
      TIMEOUT: 'Er hat vielleicht viel zu tun. Versuchen Sie es gleich noch einmal.',
      OFFLINE: 'Läuft er, und hat dieser Rechner eine Verbindung zu ihm?',
    },
    heading: 'Das hat nicht geklappt',
    code: 'Code',
    logId: 'Im Log',
    retryIn: (seconds) => `Versuchen Sie es in ${seconds} s noch einmal.`,
    crashed: 'Diese Ansicht ist wegen eines Fehlers der Konsole stehen geblieben.',
  },
  talk,
  conversations,
  agents,
  evals,
  overview,
  keys,
};

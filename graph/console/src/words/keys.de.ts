import type { keys as english } from './keys.en';

/** The words of the view Keys, in German. */
export const keys: typeof english = {
  heading: 'Schlüssel',
  intro: 'Programme melden sich an der API mit einem Schlüssel an. Alle Schlüssel sehen dieselben Gespräche und Agenten.',
  create: 'Schlüssel anlegen',
  empty: 'Es gibt keinen Schlüssel.',
  showAll: 'Auch abgelaufene und widerrufene',
  name: 'Name',
  nameHelp: 'Wo er benutzt wird, etwa „Bestellseite“.',
  begins: 'Beginnt mit',
  state: 'Zustand',
  states: { valid: 'Gültig', revoked: 'Widerrufen', expired: 'Abgelaufen' },
  created: 'Angelegt',
  expires: 'Läuft ab',
  never: 'nie',
  lifetimes: { never: 'Nie', day: 'In einem Tag', month: 'In 30 Tagen', year: 'In einem Jahr' },
  current: 'hier in Gebrauch',
  actions: 'Aktionen',
  revoke: 'Widerrufen',
  revokeNamed: (name: string) => `„${name}“ widerrufen`,
  revokeWarning:
    'Was diesen Schlüssel benutzt, wird sofort abgewiesen, und seine Abonnements enden. Das lässt sich nicht rückgängig machen.',
  revokeOwn: 'Sie sind mit diesem Schlüssel angemeldet und werden abgemeldet. Das lässt sich nicht rückgängig machen.',
  createdHeading: 'Ihr neuer Schlüssel',
  shownOnce: 'Kopieren Sie ihn jetzt: Er wird einmal gezeigt und nicht gespeichert.',
  saved: 'Ich habe ihn',
  pages: 'Seiten der Schlüssel',
  newer: 'Neuere',
  older: 'Ältere',
  total: (count: string) => `${count} Schlüssel`,
};

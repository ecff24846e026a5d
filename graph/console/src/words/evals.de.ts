import type { evals as english } from './evals.en';

/** The words of evals in the view Agents, in German. */
export const evals: typeof english = {
  heading: 'Prüfgespräche',
  intro:
    'Geschriebene Gespräche, und was dabei herauskommen muss. Sie werden mit der Definition geführt, wie sie hier steht; die wird dazu als Entwurf gespeichert. Der Text der Datei bleibt in diesem Browser.',
  file: 'Prüfgespräche als YAML',
  openFile: 'Datei öffnen',
  problems: 'Fehler in den Prüfgesprächen',
  run: 'Prüfgespräche führen',
  stop: 'Anhalten',
  compare: 'Daneben die veröffentlichte Version',
  progress: (ended, all) => `${ended} von ${all} Gesprächen sind geführt.`,
  done: (right, all) => `${right} von ${all} Gesprächen sind richtig.`,
  spokenAsText: 'Gesprochene Zeilen wurden als Text gesendet. voxloom eval spricht sie.',
  unjudged: 'nicht beurteilt, wie voxloom eval --judge es tut',
  results: 'Ergebnisse der Prüfgespräche',
  conversation: 'Gespräch',
  version: (number) => `Version ${number}`,
  publishedVersion: (number) => `Version ${number} (veröffentlicht)`,
  states: {
    waiting: 'wartet',
    playing: 'läuft',
    right: 'richtig',
    wrong: 'falsch',
    failed: 'nicht geführt',
    stopped: 'angehalten',
    skipped: 'ausgelassen: Es hat Aufnahmen, die voxloom eval abspielt',
  },
  line: (number) => `Zeile ${number}:`,
  open: 'Öffnen',
  openNamed: (name) => `Das Gespräch „${name}“ öffnen`,
  archived: 'Ein archivierter Agent führt keine Gespräche: Veröffentlichen Sie ihn zuerst.',
  otherName: 'Die Definition heißt jetzt anders: Veröffentlichen Sie den Agenten, dann prüfen Sie ihn dort.',
  template: (agent) => `agent: ${agent}
conversations:
  - name: begruessung
    turns:
      - say: "Hallo, wer sind Sie?"
        expect:
          filed: []
          reply: {none: ["leider"]}
    language: de
    expect: {records: []}
`,
};

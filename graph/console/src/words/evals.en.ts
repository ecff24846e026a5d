/** The words of evals in the view Agents. */
export const evals = {
  heading: 'Evals',
  intro:
    'Written conversations, and what must come of them. They are played with the definition as it stands here, which is stored as a draft; the text of the file stays in this browser.',
  file: 'Eval file as YAML',
  openFile: 'Open a file',
  problems: 'Problems of the eval file',
  run: 'Run the evals',
  stop: 'Stop',
  compare: 'Side by side with the published version',
  progress: (ended: string, all: string) => `${ended} of ${all} conversations are played.`,
  done: (right: string, all: string) => `${right} of ${all} conversations are right.`,
  spokenAsText: 'Spoken lines were sent as text. voxloom eval plays them as sound.',
  unjudged: 'not judged, as voxloom eval --judge does',
  results: 'Results of the evals',
  conversation: 'Conversation',
  version: (number: string) => `Version ${number}`,
  publishedVersion: (number: string) => `Version ${number} (published)`,
  states: {
    waiting: 'waits',
    playing: 'is played',
    right: 'right',
    wrong: 'wrong',
    failed: 'not played',
    stopped: 'stopped',
    skipped: 'left out: it has recordings, which voxloom eval plays',
  },
  line: (number: string) => `Line ${number}:`,
  open: 'Open',
  openNamed: (name: string) => `Open the conversation “${name}”`,
  archived: 'An archived agent holds no conversations: publish it first.',
  otherName: 'The definition has another name now: publish that agent, then run its evals there.',
  template: (agent: string) => `agent: ${agent}
conversations:
  - name: greeting
    turns:
      - say: "Hello, who are you?"
        expect:
          filed: []
          reply: {none: ["sorry"]}
    expect: {records: []}
`,
};

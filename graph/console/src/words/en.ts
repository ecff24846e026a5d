import { agents } from './agents.en';
import { conversations } from './conversations.en';
import { evals } from './evals.en';
import { keys } from './keys.en';
import { overview } from './overview.en';
import { talk } from './talk.en';
import { terms } from './terms.en';

/** The console's words in English. Each view has a section of its own. */
export const en = {
  common: {
    cancel: 'Cancel',
    close: 'Close',
    retry: 'Try again',
    loading: 'Loading …',
    slow: 'This takes longer than it should. The request ends by itself after 15 seconds.',
    showAll: (characters: string) => `Show all ${characters} characters`,
    showLess: 'Show less',
    copy: 'Copy',
    copied: 'Copied',
    more: 'More',
    none: 'none',
    skip: 'Skip to the content',
    unknownAddress: 'Nothing is at this address',
    unknownAddressHelp: 'Check it, or choose a view beside.',
    milliseconds: (text: string) => `${text} ms`,
    seconds: (text: string) => `${text} s`,
  },
  nav: {
    label: 'Views',
    talk: 'Talk',
    inCall: '(in a call)',
    conversations: 'Conversations',
    agents: 'Agents',
    overview: 'Overview',
    keys: 'Keys',
    preferences: 'Preferences',
    language: 'Language',
    theme: 'Appearance',
    themes: { auto: 'System', light: 'Light', dark: 'Dark' },
    languages: { en: 'English', de: 'Deutsch' },
    signOut: 'Sign out',
    signedInAs: (key: string, tenant: string) => `Signed in with the key “${key}” of the tenant “${tenant}”`,
    graphiql: 'API explorer',
    licenses: 'Licences',
  },
  signIn: {
    heading: 'Sign in',
    intro: 'Talk to your voice agent, watch it work, and look after it.',
    key: 'API key',
    keyHelp: 'voxloom up prints a link that signs you in once. A key can be made with voxloom keys create.',
    submit: 'Sign in',
    checking: 'Checking the key …',
    link: 'Signing in with the link …',
    wrongKey: 'This key is not valid. Copy the whole key, from “vxl_” to its end.',
    usedLink: 'This link does not work any more: it signs in once. Start voxloom up again for another, or enter a key.',
    reasons: {
      refused: 'Your key does not work any more: it has expired or was revoked. Sign in again, and you are back where you were.',
      expired: 'You were signed in for 12 hours. Sign in again, and you are back where you were.',
      left: 'You are signed out.',
    },
  },
  errors: {
    headings: {
      TIMEOUT: 'The server did not answer in time',
      OFFLINE: 'The server cannot be reached',
      BAD_RESPONSE: 'The server’s answer cannot be read',
      UNAUTHENTICATED: 'The API key is not valid',
      API_KEY_EXPIRED: 'The API key has expired',
      FORBIDDEN: 'This key may not do that',
      NOT_FOUND: 'This does not exist',
      AGENT_NOT_FOUND: 'There is no such agent',
      CONFLICT: 'It has changed in the meantime',
      RATE_LIMITED: 'Too many requests',
      OVERLOADED: 'The server is busy',
      DATABASE_UNAVAILABLE: 'The database cannot be reached',
      INTERNAL: 'Something went wrong in the server',
      BAD_USER_INPUT: 'The request is not valid',
      AUDIO_UNREADABLE: 'The recording cannot be read',
      AUDIO_TOO_LONG: 'The recording is too long',
      PAYLOAD_TOO_LARGE: 'This is too large',
      OPERATION_TIMEOUT: 'The server did not finish in time',
      SESSION_ENDED: 'This conversation has ended',
      AUDIO_STORE_UNAVAILABLE: 'The store of recordings cannot be reached',
      OUTCOME_UNKNOWN: 'A tool did not answer: it may have done its work or not',
      ENGINE_UNAVAILABLE: 'A model cannot be used',
      INVALID_DEFINITION: 'The definition is not valid',
      INVALID_EVALS: 'The eval file is not valid',
    } as Readonly<Record<string, string>>,
    /** In place of the browser's own words, which are of another language and say nothing. */
    help: {
      TIMEOUT: 'It may have much to do. Try again in a moment.',
      OFFLINE: 'Does it run, and has this machine a connection to it?',
    } as Readonly<Record<string, string>>,
    heading: 'This did not work',
    code: 'Code',
    logId: 'In the log',
    retryIn: (seconds: string) => `Try again in ${seconds} s.`,
    crashed: 'This view has stopped because of a fault in the console.',
  },
  talk,
  conversations,
  agents,
  evals,
  overview,
  keys,
  terms,
};

/** What a dictionary must have. */
export type Words = typeof en;

import { computed, signal } from '@preact/signals';
import { PREFIX } from './prefix';

/** The part of the page's address that chooses what is shown. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

export const VIEWS = ['talk', 'conversations', 'agents', 'overview', 'keys'] as const;
export type ViewName = (typeof VIEWS)[number];

const here = (): Place => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export const place = signal<Place>(here());

/** The view, and what its path names: `/agents/billing_agent` is `agents` with `billing_agent`. Without a view: a wrong address. */
export const route = computed<{ view: ViewName | undefined; id: string | undefined }>(() => {
  const [, first = '', second, ...more] = place.value.path.slice(PREFIX.length).split('/');
  const isNone = more.some(Boolean) || (!!second && first !== 'conversations' && first !== 'agents');
  const view = first === '' ? 'talk' : isNone ? undefined : VIEWS.find((each) => each === first);
  let id: string | undefined;
  try {
    id = second ? decodeURIComponent(second) : undefined;
  } catch {
    id = undefined; // a broken escape names nothing
  }
  return { view, id };
});

/** The address of a view. Query parameters that are undefined or empty are left out. */
export function pathTo(view: ViewName, id?: string, query: Record<string, string | undefined> = {}): string {
  const chosen = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  const search = new URLSearchParams(chosen).toString();
  return `${PREFIX}/${view}${id === undefined ? '' : `/${encodeURIComponent(id)}`}${search && `?${search}`}`;
}

/** Goes to an address of the console. `replace`: without a new entry in the history, as for a changed filter. */
export function navigate(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  place.value = here();
}

addEventListener('popstate', () => {
  place.value = here();
});

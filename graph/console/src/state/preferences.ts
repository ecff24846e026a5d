import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
export type PageLanguage = 'en' | 'de';

export const theme = signal<Theme>(kept('theme', ['auto', 'light', 'dark']) ?? 'auto');
export const pageLanguage = signal<PageLanguage>(
  kept('language', ['en', 'de']) ?? (navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en'),
);

effect(() => {
  const chosen = theme.value;
  if (chosen === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
  keep('theme', chosen);
});

effect(() => {
  document.documentElement.lang = pageLanguage.value;
});

export function chooseLanguage(language: PageLanguage): void {
  pageLanguage.value = language;
  keep('language', language);
}

/** A choice that outlives the tab; undefined where the browser keeps nothing for this page. */
export function kept<Value extends string>(name: string, values?: readonly Value[]): Value | undefined {
  try {
    const found = localStorage.getItem(`voxloom.${name}`) as Value | null;
    return found !== null && (values === undefined || values.includes(found)) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** A browser that keeps nothing asks again next time; where this is too long to be kept, the one before goes as well. */
export function keep(name: string, value: string): void {
  try {
    localStorage.removeItem(`voxloom.${name}`);
    localStorage.setItem(`voxloom.${name}`, value);
  } catch {
    // nothing is kept
  }
}

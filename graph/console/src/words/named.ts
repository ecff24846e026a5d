import { computed } from '@preact/signals';
import { pageLanguage } from '@/state/preferences';
import { words } from '.';

const languages = computed(() => new Intl.DisplayNames([pageLanguage.value], { type: 'language' }));

/** A language by its code, in the page's language. */
export function languageName(code: string): string {
  try {
    return languages.value.of(code) ?? code;
  } catch {
    return code;
  }
}

/** A name of a definition or of a field, as words: `billing_query` is `Billing query`. */
export function named(name: string): string {
  const text = name.replaceAll('_', ' ').trim();
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/** The name of a record's field in the page's language, or its own in words: an agent has fields of its own. */
export const fieldName = (name: string): string => words.value.terms.fields[name] ?? named(name);

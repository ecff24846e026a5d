import { computed } from '@preact/signals';
import { pageLanguage } from '@/state/preferences';
import { de } from './de';
import { en } from './en';

const dictionaries = { en, de };

/** The words of the chosen language: a component that reads `words.value` is drawn again when it changes. */
export const words = computed(() => dictionaries[pageLanguage.value]);

import { chooseLanguage, pageLanguage, theme, type PageLanguage, type Theme } from '@/state/preferences';
import { Select } from '@/ui/Select';
import { words } from '@/words';

const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];
const LANGUAGES: readonly PageLanguage[] = ['en', 'de'];

export function Preferences() {
  const text = words.value.nav;
  return (
    <section class="preferences" aria-label={text.preferences}>
      <Select
        label={text.language}
        value={pageLanguage.value}
        options={LANGUAGES.map((value) => ({ value, label: text.languages[value] }))}
        onChange={chooseLanguage}
      />
      <Select
        label={text.theme}
        value={theme.value}
        options={THEMES.map((value) => ({ value, label: text.themes[value] }))}
        onChange={(chosen) => {
          theme.value = chosen;
        }}
      />
    </section>
  );
}

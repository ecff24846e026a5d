import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, codeFolding, foldGutter, foldKeymap, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, type Text } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Problem } from './problems';

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--assistant)', fontWeight: '600' },
  { tag: [tags.string, tags.content], color: 'var(--ink)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--ink-faint)', fontStyle: 'italic' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--caller)' },
  { tag: [tags.punctuation, tags.separator, tags.meta], color: 'var(--ink-faint)' },
]);

const theme = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--raised)', color: 'var(--ink)', fontSize: '13.5px' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--accent)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--ink-faint)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--assistant-wash) 45%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--assistant-fill) 30%, transparent) !important',
  },
  '.cm-selectionMatch, .cm-searchMatch': { backgroundColor: 'var(--caller-wash)' },
  '.cm-searchMatch-selected': { outline: '2px solid var(--caller-fill)' },
  '.cm-panels': { backgroundColor: 'var(--surface)', color: 'var(--ink)', borderColor: 'var(--line)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', border: '1px solid var(--line-strong)', maxWidth: '60ch' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--sunken)', border: '0', color: 'var(--ink-soft)', padding: '0 6px' },
});

export interface EditorOptions {
  /** Its name for screen readers. */
  label: string;
  text: string;
  onInput: (text: string) => void;
}

/** An editor for YAML. The Tab key leaves it, so that a keyboard is not caught in it. */
export class YamlEditor {
  readonly #view: EditorView;

  /**
   * Draws it into a shadow root: there its styles are style sheets of the root, in a document they would be style
   * elements, which the page's policy forbids.
   */
  constructor(host: HTMLElement, { label, text, onInput }: EditorOptions) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          lintGutter(),
          foldGutter(),
          codeFolding(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          bracketMatching(),
          search({ top: true }),
          yaml(),
          indentUnit.of('  '),
          syntaxHighlighting(colours),
          theme,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
          EditorView.perLineTextDirection.of(true),
          keymap.of([...defaultKeymap, ...historyKeymap, ...foldKeymap, ...searchKeymap, ...lintKeymap]),
          EditorView.updateListener.of((update) => update.docChanged && onInput(update.state.doc.toString())),
        ],
      }),
    });
  }

  /** Replaces the text, where it differs: the cursor stays. It can be undone. */
  set text(text: string) {
    const before = this.#view.state.doc.toString();
    if (before === text) return;
    const shorter = Math.min(before.length, text.length);
    let from = 0;
    while (from < shorter && before[from] === text[from]) from++;
    let same = 0;
    while (same < shorter - from && before[before.length - 1 - same] === text[text.length - 1 - same]) same++;
    this.#view.dispatch({ changes: { from, to: before.length - same, insert: text.slice(from, text.length - same) } });
  }

  /** Marks problems at their lines; those without a line at the first. */
  mark(problems: readonly Problem[]): void {
    const { doc } = this.#view.state;
    const marks = problems.map((each): Diagnostic => ({ ...placeOf(doc, each), severity: 'error', message: each.message }));
    this.#view.dispatch(setDiagnostics(this.#view.state, marks));
  }

  /** Goes to a line (from 1), which is then at the top. */
  goTo(line: number, column = 1): void {
    const { doc } = this.#view.state;
    const found = doc.line(Math.min(Math.max(1, line), doc.lines));
    const anchor = Math.min(found.from + column - 1, found.to);
    this.#view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(found.from, { y: 'start', yMargin: 24 }) });
    this.#view.focus();
  }

  destroy(): void {
    this.#view.destroy();
  }
}

/** From a problem's place to the end of its line. */
function placeOf(doc: Text, { line = 1, column = 1 }: Problem): { from: number; to: number } {
  const found = doc.line(Math.min(Math.max(1, line), doc.lines));
  const from = Math.min(found.from + Math.max(0, column - 1), found.to);
  return from === found.to ? { from: found.from, to: found.to } : { from, to: found.to };
}

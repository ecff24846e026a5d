import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Problem } from './problems';
import { YamlEditor } from './yamlEditor';

export interface CodeEditorProps {
  label: string;
  text: string;
  /** Whether `text` came from the editor, which may be further by now: then it is not written back. */
  isTyped: boolean;
  problems: readonly Problem[];
  onInput: (text: string) => void;
  /** To go to a line. */
  handle: RefObject<YamlEditor | null>;
}

/** The definition as YAML. */
export function CodeEditor({ label, text, isTyped, problems, onInput, handle }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const listener = useRef(onInput);
  listener.current = onInput;
  useEffect(() => {
    if (host.current === null) return;
    const editor = new YamlEditor(host.current, { label, text, onInput: (typed) => listener.current(typed) });
    handle.current = editor;
    return () => editor.destroy();
  }, []);
  useEffect(() => {
    if (handle.current && !isTyped) handle.current.text = text;
  }, [text, isTyped]);
  useEffect(() => handle.current?.mark(problems), [problems]);
  return <div class="code-editor" ref={host} />;
}

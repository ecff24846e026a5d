import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isCallLive } from '@/state/liveCall';
import { navigate, pathTo } from '@/state/router';
import { Button } from '@/ui/Button';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { Link } from '@/ui/Link';
import { Tabs } from '@/ui/Tabs';
import { words } from '@/words';
import { CheckResult } from './CheckResult';
import { CodeEditor } from './CodeEditor';
import { Conflict } from './Conflict';
import { asText, nameIn, sectionsOf } from './definitionText';
import { Difference } from './Difference';
import { EvalPanel } from './evals/EvalPanel';
import { dropEdit, type Edit, editOf, keepEdit } from './edits';
import { useCheck } from './useCheck';
import { usePublish } from './usePublish';
import { Versions } from './Versions';
import type { YamlEditor } from './yamlEditor';

export interface WorkbenchProps {
  /** The agent's name; empty for a new one. */
  name: string;
  /** Its current version; undefined if none was published. */
  published: { number: number; definition: unknown } | undefined;
  /** The version that is shown. */
  opened: { number?: number; definition: unknown };
  /** Whether `opened` is neither the current version nor a new agent. */
  isEarlier: boolean;
  isArchived: boolean;
  /** Something was published: the agent is to be loaded again. */
  onChanged: () => void;
}

type Panel = 'definition' | 'changes' | 'evals' | 'versions';

/** Where a definition is written, compared, tried and published. */
export function Workbench({ name, published, opened, isEarlier, isArchived, onChanged }: WorkbenchProps) {
  const text = words.value.agents;
  const current = published?.number ?? 0;
  const publishedText = useMemo(() => (published === undefined ? '' : asText(published.definition)), [published?.number]);
  const openedText = useMemo(() => asText(opened.definition), [opened.number]);
  const fresh = (): Edit => ({ text: openedText, base: current });
  // Another version than the current one is begun anew each time.
  const [edit, setEdit] = useState<Edit>(() => (isEarlier ? undefined : editOf(name)) ?? fresh());
  const [panel, show] = useState<Panel>('definition');
  const editor = useRef<YamlEditor>(null);
  const isEdited = edit.text !== openedText;
  const isChanged = edit.text !== publishedText;
  const checked = useCheck(edit.text, isEdited);
  const work = usePublish();

  useEffect(() => {
    if (isEarlier) return;
    if (isEdited) keepEdit(name, edit);
    else dropEdit(name);
  }, [edit, isEdited, isEarlier]);

  // The agent was loaded again: what is current now is shown, unless something was written here.
  const shown = useRef({ text: openedText, takesNext: false });
  useEffect(() => {
    if (shown.current.takesNext || edit.text === shown.current.text) setEdit(fresh());
    shown.current = { text: openedText, takesNext: false };
  }, [current, openedText]);
  // After a conflict: the new current version was compared, so it may be replaced.
  const [isRebasing, setRebasing] = useState(false);
  useEffect(() => {
    if (!isRebasing || edit.base === current) return;
    setRebasing(false);
    setEdit((before) => ({ ...before, base: current }));
  }, [isRebasing, current]);

  const nameNow = nameIn(edit.text);
  const isOther = name !== '' && nameNow !== undefined && nameNow !== name;

  // Under another name it is another agent.
  const canTry = !isArchived || isOther;

  function write(typed: string) {
    if (typed === edit.text) return;
    shown.current.takesNext = false;
    work.clear();
    setEdit((before) => ({ ...before, text: typed, isTyped: true }));
  }

  async function publish() {
    const told = await work.publish(edit.text, isOther ? 0 : edit.base);
    if (told === undefined) return;
    dropEdit(name);
    if (told.name !== name || isEarlier) return navigate(pathTo('agents', told.name));
    shown.current.takesNext = true;
    setEdit((before) => ({ ...before, base: told.number }));
    onChanged();
  }

  async function tryIt() {
    const told = await work.storeDraft(edit.text);
    if (told !== undefined) navigate(pathTo('talk', undefined, { agent: told.name, version: String(told.number) }));
  }

  async function versionOfText(): Promise<number | undefined> {
    if (!isEdited && opened.number !== undefined) return opened.number;
    return (await work.storeDraft(edit.text))?.number;
  }

  const problems = work.problems ?? checked.problems;
  return (
    <section class="workbench" aria-label={text.workbench}>
      <div class="workbench-bar">
        <CheckResult
          checked={work.problems ? { state: 'checked', problems, warnings: [], error: undefined } : checked}
          onGoTo={(problem) => {
            show('definition');
            editor.current?.goTo(problem.line ?? 1, problem.column ?? 1);
          }}
        />
        <div class="workbench-buttons">
          {isEdited && (
            <Button kind="quiet" onClick={() => (work.clear(), setEdit(fresh()))}>
              {text.discard}
            </Button>
          )}
          <Button icon="talk" disabled={!canTry || isCallLive.value} isBusy={work.busy === 'draft'} onClick={() => void tryIt()}>
            {text.tryIt}
          </Button>
          <Button
            kind="primary"
            icon="check"
            disabled={!isChanged && !isArchived}
            isBusy={work.busy === 'publish'}
            onClick={() => void publish()}
          >
            {text.publish}
          </Button>
        </div>
      </div>
      {isCallLive.value && <p class="notice notice-line">{text.callGoesOn}</p>}
      {!canTry && <p class="notice notice-line">{text.tryAfter}</p>}
      {isOther && <p class="notice notice-line">{text.otherName(nameNow)}</p>}
      {isEarlier && <p class="notice notice-line">{text.earlierVersion(formatNumber(opened.number ?? 0))}</p>}
      {work.isConflict && (name === '' || isOther) && (
        <p class="notice notice-bad" role="alert">
          {text.nameTaken(nameNow ?? '')}
        </p>
      )}
      {work.isConflict && name !== '' && !isOther && (
        <Conflict
          onCompare={() => {
            work.clear();
            setRebasing(true);
            show('changes');
            onChanged();
          }}
          onTakeTheirs={() => {
            work.clear();
            shown.current.takesNext = true;
            onChanged();
          }}
        />
      )}
      {work.error && <ErrorNotice error={work.error} />}
      <div role="status">
        {work.done && (
          <p class="notice notice-line notice-good">
            <span class="notice-words">{text.isPublished(formatNumber(work.done.number))}</span>
            <Link to={pathTo('talk', undefined, { agent: work.done.name })}>{text.talkToIt}</Link>
          </p>
        )}
      </div>
      <div class="card workbench-card">
        <Tabs<Panel>
          label={text.panels}
          tabs={[
            { name: 'definition', label: text.definition },
            { name: 'changes', label: text.changes },
            ...(name === ''
              ? []
              : [
                  { name: 'evals' as const, label: words.value.evals.heading },
                  { name: 'versions' as const, label: text.versions },
                ]),
          ]}
          chosen={panel}
          onChoose={show}
        >
          <div hidden={panel !== 'definition'}>
            <nav class="sections" aria-label={text.sections}>
              {sectionsOf(edit.text).map(({ key, line }) => (
                <button key={`${key} ${line}`} type="button" class="section" onClick={() => editor.current?.goTo(line)}>
                  {key}
                </button>
              ))}
            </nav>
            <CodeEditor label={text.editorLabel} text={edit.text} isTyped={edit.isTyped ?? false} problems={problems} onInput={write} handle={editor} />
            <p class="pad editor-help">{text.editorHelp}</p>
          </div>
          {panel === 'changes' && <Difference before={publishedText} after={edit.text} />}
          {panel === 'evals' && (
            <EvalPanel
              name={name}
              published={current}
              versionOfText={versionOfText}
              hindrance={isArchived ? words.value.evals.archived : isOther ? words.value.evals.otherName : undefined}
            />
          )}
          {panel === 'versions' && (
            <Versions
              name={name}
              current={current}
              onPublished={(number) => {
                work.tell({ name, number });
                if (isEarlier) navigate(pathTo('agents', name));
                else onChanged();
              }}
            />
          )}
        </Tabs>
      </div>
    </section>
  );
}

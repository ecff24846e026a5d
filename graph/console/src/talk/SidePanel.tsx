import { useId, useState } from 'preact/hooks';
import { words } from '@/words';
import { EventLog } from './EventLog';
import { WorkPanel } from './WorkPanel';

const TABS = ['work', 'events'] as const;

/** What the agent does, and the events of the session, in two tabs. */
export function SidePanel() {
  const text = words.value.talk;
  const id = useId();
  const [chosen, choose] = useState<(typeof TABS)[number]>('work');
  const move = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
    const next = chosen === 'work' ? 'events' : 'work';
    choose(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <aside class="side card" aria-label={text.panels}>
      <div class="tabs" role="tablist" aria-label={text.panels} onKeyDown={move}>
        {TABS.map((tab) => (
          <button
            key={tab}
            id={`${id}-${tab}`}
            type="button"
            role="tab"
            aria-selected={tab === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={tab === chosen ? 0 : -1}
            onClick={() => choose(tab)}
          >
            {text[tab]}
          </button>
        ))}
      </div>
      <div class="side-panel" id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${chosen}`}>
        {chosen === 'work' ? <WorkPanel /> : <EventLog />}
      </div>
    </aside>
  );
}

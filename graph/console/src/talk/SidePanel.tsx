import { useState } from 'preact/hooks';
import { Tabs } from '@/ui/Tabs';
import { words } from '@/words';
import { EventLog } from './EventLog';
import { WorkPanel } from './WorkPanel';

const TABS = ['work', 'events'] as const;

/** What the agent does, and the events of the session, in two tabs. */
export function SidePanel() {
  const text = words.value.talk;
  const [chosen, choose] = useState<(typeof TABS)[number]>('work');
  return (
    <aside class="side card" aria-label={text.panels}>
      <Tabs
        label={text.panels}
        tabs={TABS.map((name) => ({ name, label: text[name] }))}
        chosen={chosen}
        onChoose={choose}
      >
        {chosen === 'work' ? <WorkPanel /> : <EventLog />}
      </Tabs>
    </aside>
  );
}

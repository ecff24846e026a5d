import { request } from '@/api/client';
import { words } from '@/words';
import { ArchiveAgent as Archive } from './agents.generated';
import { Confirm } from './Confirm';

/** Asks before an agent is archived. */
export function ArchiveAgent({ name, onArchived, onClose }: { name: string; onArchived: () => void; onClose: () => void }) {
  const text = words.value.agents;
  return (
    <Confirm
      heading={text.archiveNamed(name)}
      question={text.archiveWarning}
      button={text.archive}
      isDanger
      work={async () => {
        await request(Archive, { input: { name } });
        onArchived();
      }}
      onClose={onClose}
    />
  );
}

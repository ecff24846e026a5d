import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '@/api/errors';
import { pathTo } from '@/state/router';
import { Button } from '@/ui/Button';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Icon } from '@/ui/Icon';
import { Link } from '@/ui/Link';
import { words } from '@/words';
import { call, closed, conversation, error, fault, following, microphoneError, sessionId } from './store';

const BACK_MS = 4_000;

/** What went wrong, and what the page does about it by itself. */
export function Notices() {
  const text = words.value.talk;
  const end = closed.value;
  return (
    <div class="notices">
      <Connection />
      {microphoneError.value && <Notice words={text.microphone[microphoneError.value.fault]} isBad />}
      {error.value && <ErrorNotice error={error.value} />}
      {fault.value && <ErrorNotice error={new ApiError(fault.value.code, fault.value.message)} />}
      {conversation.value.isEnded && <Over />}
      {end && <Notice words={text.closed[end.closing]} onClose={() => (closed.value = undefined)} />}
    </div>
  );
}

/** The conversation has ended: how to go on from it. */
function Over() {
  const text = words.value.talk;
  return (
    <div class="notice notice-line" role="status">
      <Icon name="hangUp" />
      <p class="notice-words">
        {text.over} <Link to={pathTo('conversations', sessionId.value, { go: 'on' })}>{text.goOn}</Link>
      </p>
    </div>
  );
}

/** Says when the call or its events are cut off, and for a moment that they are back. */
function Connection() {
  const text = words.value.talk;
  const state = call.value?.connection.value.state;
  const isFollowed = sessionId.value !== undefined;
  const isCallLost = state === 'waiting';
  const isLost = isCallLost || (isFollowed && following.value.state === 'waiting');
  const isFine = (state === undefined || state === 'connected') && (!isFollowed || following.value.state === 'live');
  const [notice, setNotice] = useState<'none' | 'lost' | 'back'>('none');
  const hadConnection = useRef(false);
  if (state === 'connected') hadConnection.current = true;
  if (state === undefined) hadConnection.current = false;
  useEffect(() => {
    if (isLost) setNotice('lost');
    if (!isFine || notice === 'none') return;
    setNotice('back');
    const timer = setTimeout(() => setNotice('none'), BACK_MS);
    return () => clearTimeout(timer);
  }, [isLost, isFine]);
  if (notice === 'back') return <Notice words={text.back} isGood />;
  if (notice === 'none') return null;
  const ofCall = hadConnection.current ? text.lost : text.noConnection;
  return <Notice words={state === undefined || state === 'connected' ? text.eventsLost : ofCall} isBusy />;
}

interface NoticeProps {
  words: string;
  isBad?: boolean;
  isGood?: boolean;
  isBusy?: boolean;
  onClose?: () => void;
}

function Notice({ words: said, isBad = false, isGood = false, isBusy = false, onClose }: NoticeProps) {
  const kind = isBad ? 'notice-bad' : isBusy ? 'notice-busy' : isGood ? 'notice-good' : '';
  return (
    <div class={`notice notice-line ${kind}`} role={isBad ? 'alert' : 'status'}>
      <Icon name={isGood ? 'check' : isBad || isBusy ? 'alert' : 'hangUp'} />
      <p class="notice-words">{said}</p>
      {onClose && (
        <Button kind="quiet" icon="close" iconOnly onClick={onClose}>
          {words.value.common.close}
        </Button>
      )}
    </div>
  );
}

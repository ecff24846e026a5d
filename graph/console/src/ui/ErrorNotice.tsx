import type { ApiError } from '@/api/errors';
import { words } from '@/words';
import { Button } from './Button';
import { formatNumber } from './format';
import { Icon } from './Icon';
import { PlainText } from './PlainText';

export interface ErrorNoticeProps {
  error: ApiError;
  onRetry?: () => void;
  /** It is part of what is read, such as a turn that failed: a screen reader does not break off for it. */
  isPast?: boolean;
}

/** An error in words, with its code and the id under which the server's log has it. */
export function ErrorNotice({ error, onRetry, isPast = false }: ErrorNoticeProps) {
  const { errors, common } = words.value;
  return (
    <div class="notice notice-bad" role={isPast ? 'group' : 'alert'}>
      <Icon name="alert" />
      <div class="notice-words">
        <p class="notice-heading">{errors.headings[error.code] ?? errors.heading}</p>
        <PlainText text={errors.help[error.code] ?? error.message} />
        {error.retryAfter !== undefined && <p>{errors.retryIn(formatNumber(error.retryAfter))}</p>}
        <p class="notice-facts">
          {errors.code} <code>{error.code}</code>
          {error.errorId && (
            <>
              {' · '}
              {errors.logId} <code>{error.errorId}</code>
            </>
          )}
        </p>
      </div>
      {onRetry && <Button onClick={onRetry}>{common.retry}</Button>}
    </div>
  );
}

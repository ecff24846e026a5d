import { useEffect, useRef, useState } from 'preact/hooks';
import { closeSocket } from '@/api/socket';
import { PREFIX } from '@/state/prefix';
import { isCallLive } from '@/state/liveCall';
import { pathTo, place, route, VIEWS } from '@/state/router';
import { session, signOut } from '@/state/session';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { EmptyState } from '@/ui/EmptyState';
import { Icon } from '@/ui/Icon';
import { Link } from '@/ui/Link';
import { Page } from '@/ui/Page';
import { words } from '@/words';
import { Logo } from './Logo';
import { Preferences } from './Preferences';
import { ViewOf } from './ViewOf';

/** Navigation beside the chosen view; below it where the window is narrow. */
export function Frame() {
  const text = words.value;
  const main = useRef<HTMLElement>(null);
  const { view } = route.value;
  useFocusOnChange(main, view);
  useEffect(() => closeSocket, []);
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        {text.common.skip}
      </a>
      <header class="rail">
        <Logo />
        <nav aria-label={text.nav.label}>
          <ul>
            {VIEWS.map((each) => (
              <li key={each}>
                <Link to={pathTo(each)} aria-current={each === view ? 'page' : undefined}>
                  <Icon name={each} />
                  <span>{text.nav[each]}</span>
                  {each === 'talk' && isCallLive.value && <LiveDot />}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <Account />
      </header>
      <main id="main" class={`main main-${view ?? 'none'}`} tabIndex={-1} ref={main}>
        {view === undefined ? <Nowhere /> : <ViewOf name={view} key={view} />}
      </main>
    </div>
  );
}

/** A wrong address: a link that lost a letter. */
function Nowhere() {
  const { common, nav } = words.value;
  return (
    <Page heading={common.unknownAddress}>
      <EmptyState icon="alert" heading={common.unknownAddressHelp}>
        <Link to={pathTo('talk')}>{nav.talk}</Link>
      </EmptyState>
    </Page>
  );
}

/** A call goes on, whatever is shown. */
function LiveDot() {
  return (
    <span class="nav-live">
      <span class="visually-hidden">{words.value.nav.inCall}</span>
    </span>
  );
}

/** Who is signed in; the preferences and the way out. */
function Account() {
  const [isOpen, setOpen] = useState(false);
  const text = words.value.nav;
  const { keyName = '', tenant = '' } = session.value ?? {};
  return (
    <div class="account">
      <Button kind="quiet" icon="sun" onClick={() => setOpen(true)} aria-haspopup="dialog">
        {text.preferences}
      </Button>
      {isOpen && (
        <Dialog
          heading={text.preferences}
          onClose={() => setOpen(false)}
          actions={
            <Button icon="out" onClick={() => signOut()}>
              {text.signOut}
            </Button>
          }
        >
          <p class="account-key">{text.signedInAs(keyName, tenant)}</p>
          <Preferences />
          <p class="account-links">
            <a href={`${PREFIX}/graphql`} target="_blank" rel="noreferrer">
              {text.graphiql}
            </a>
            <a href={`${PREFIX}/console/licenses.txt`} target="_blank" rel="noreferrer">
              {text.licenses}
            </a>
          </p>
        </Dialog>
      )}
    </div>
  );
}

/** A change of the view puts the focus on it, so that a screen reader reads the new heading; the first view does not. */
function useFocusOnChange(main: { current: HTMLElement | null }, view: string | undefined): void {
  const before = useRef(view);
  useEffect(() => {
    if (before.current === view) return;
    before.current = view;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [view, place.value.path]);
}

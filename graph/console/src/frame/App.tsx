import { session } from '@/state/session';
import { Frame } from './Frame';
import { SignIn } from './SignIn';

/** The sign-in in place of the view while there is no key: the address stays, and with it where the person was. */
export function App() {
  return session.value === undefined ? <SignIn /> : <Frame />;
}

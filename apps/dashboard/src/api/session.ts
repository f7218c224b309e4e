import { computed, signal } from '@preact/signals';

/** Who is signed in. The secret lives in this variable and nowhere else: a reload of the page forgets it. */
export interface Session {
  readonly token: string;
  /** What the token calls itself: its description, else the beginning of its accessor. */
  readonly name: string;
  readonly accessorId: string;
}

/** Undefined: requests carry no token, and servers answer what anonymous callers may see. */
export const session = signal<Session | undefined>(undefined);

/** True after the visitor chose to look around without a token. */
export const anonymous = signal(false);

/** Changes with every sign-in and sign-out; what was fetched for another token is thrown away. */
export const sessionKey = computed(() => session.value?.accessorId ?? 'anonymous');

export const signOut = (): void => {
  session.value = undefined;
  anonymous.value = false;
};

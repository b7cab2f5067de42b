import { batch, signal } from '@preact/signals';
import { EventParser, type ServerEvent } from '../api/event-parser.js';
import { headers, problemOf, read } from '../api/request.js';
import type { ApiEvent, ApiLinks, ApiMember, ApiPulse } from '../api/types.js';
import { Reread } from './reread.js';
import { asksToken } from './session.js';

/** Events kept for lists and time lines. */
const EVENTS_MAX = 1000;
/** Pulses after which links are read again although nothing happened: their round trips change slowly. */
const LINKS_EVERY_PULSES = 15;
/** No sign of life for so long means that what is shown is old, ms. A pulse comes every 2,000. */
export const STALE_MS = 4500;
const RETRY_MS = [250, 500, 1000, 2000, 4000];

export const members = signal<readonly ApiMember[] | null>(null);
export const links = signal<ApiLinks | null>(null);
/** Oldest first, by the clocks of who saw them. */
export const events = signal<readonly ApiEvent[]>([]);
/** Those that came last, together. */
export const news = signal<readonly ApiEvent[]>([]);
/** Counts pulses: what is shown and comes without events is read again then. */
export const pulses = signal(0);
/** When the member was last heard, by this page's clock, ms; 0: never. */
export const heardMs = signal(0);
export const isConnected = signal(false);
/** Why nothing is shown; null: no problem. */
export const problem = signal<string | null>(null);

const readMembers = new Reread(async () => {
  members.value = (await read<{ members: readonly ApiMember[] }>('/api/v1/members')).members;
});
const readLinks = new Reread(async () => {
  links.value = await read<ApiLinks>('/api/v1/links');
});

/** Follows the member until the page is closed. */
export async function follow(): Promise<never> {
  let since = 'all';
  for (let tries = 0; ; tries += 1) {
    try {
      await followOnce(since, (id) => {
        tries = 0;
        since = id || since;
      });
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
    isConnected.value = false;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]));
    while (asksToken.value !== null && members.value === null)
      await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function followOnce(since: string, onHeard: (id: string) => void): Promise<void> {
  const gone = new AbortController();
  // A member that hangs closes nothing.
  let timer = setTimeout(() => gone.abort(), 2 * STALE_MS);
  const answer = await fetch(`/api/v1/events?scope=mesh&since=${encodeURIComponent(since)}`, {
    headers: headers(),
    signal: gone.signal,
  }).catch(() => {
    throw new Error('The member does not answer.');
  });
  if (!answer.ok) throw await problemOf(answer);
  if (answer.body === null) throw new Error('The member sent nothing.');
  readMembers.soon(0);
  readLinks.soon(0);
  const parser = new EventParser();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    clearTimeout(timer);
    timer = setTimeout(() => gone.abort(), 4 * STALE_MS);
    const come = parser.push(value);
    batch(() => {
      heardMs.value = Date.now();
      isConnected.value = true;
      problem.value = null;
      take(come);
    });
    onHeard(come.findLast(({ id }) => id !== '')?.id ?? '');
  }
  clearTimeout(timer);
}

function take(come: readonly ServerEvent[]): void {
  const told: ApiEvent[] = [];
  for (const { kind, data, id: place } of come) {
    if (kind === 'pulse') takePulse(JSON.parse(data) as ApiPulse);
    else if (kind !== 'gap') told.push({ ...(JSON.parse(data) as ApiEvent), place });
    else readMembers.soon(0);
  }
  if (told.length === 0) return;
  const known = new Set(events.value.slice(-EVENTS_MAX).map(({ place }) => place));
  const fresh = told.filter(({ place }) => !known.has(place));
  events.value = [...events.value, ...fresh].sort((a, b) => a.atMs - b.atMs).slice(-EVENTS_MAX);
  news.value = fresh;
  for (const event of fresh) noteMember(event);
  if (fresh.some(({ kind }) => kind.startsWith('member-'))) readMembers.soon();
  if (fresh.some(({ kind }) => /^(member|relay)-|^stream-(released|silent)/.test(kind))) readLinks.soon();
}

const LIVENESS: Readonly<Record<string, string>> = {
  'member-joined': 'alive',
  'member-alive': 'alive',
  'member-suspected': 'suspect',
  'member-unreachable': 'unreachable',
  'member-dead': 'dead',
  'member-left': 'left',
};

/** Shows at once what an event says of a member; the rest is read again right after. */
function noteMember(event: ApiEvent): void {
  if (!event.kind.startsWith('member-') || !('member' in event)) return;
  const liveness = LIVENESS[event.kind];
  const isDraining = event.kind === 'member-draining';
  const isStaying = event.kind === 'member-drain-cancelled';
  // Of what was there before this page, the list of members knows the end.
  if (members.value === null || Date.now() - event.atMs > 10_000) return;
  members.value = members.value.map((one) => {
    if (one.id !== event.member) return one;
    if (liveness !== undefined) return { ...one, liveness };
    return isDraining || isStaying ? { ...one, draining: isDraining } : one;
  });
}

function takePulse({ members: told }: ApiPulse): void {
  pulses.value += 1;
  if (pulses.value % LINKS_EVERY_PULSES === 0) readLinks.soon(0);
  const known = members.value;
  if (known === null) return;
  const byId = new Map(told.map((one) => [one.member, one]));
  if (known.length !== told.length || known.some(({ id }) => !byId.has(id))) readMembers.soon();
  members.value = known.map((one) => {
    const { member: _, ...now } = byId.get(one.id) ?? { member: one.id };
    return { ...one, ...now };
  });
}

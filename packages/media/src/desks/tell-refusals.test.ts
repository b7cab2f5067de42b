import { type Guard, OPEN_GUARD, type Refusal, type RefusalReason, type Verdict } from '@headwater/guard';
import { describe, expect, it } from 'vitest';
import { FLOOD_REASON, tellRefusals } from './tell-refusals.js';

const ABOUT = { id: 'x', protocol: 'rtmp', ip: '1.2.3.4', remote: '1.2.3.4:5', agent: 'test' } as const;
const ASK = {
  action: 'publish',
  name: { vhost: 'v', app: 'live', stream: 's' },
  query: '',
  asksHooks: true,
} as const;
const EVENT = { id: 'x', key: 'v/live/s', client: '1.2.3.4:5', protocol: 'rtmp' };

const refusalOf = (reason: string): Refusal => ({
  allowed: false,
  reason: reason as RefusalReason,
  status: 403,
  text: reason,
});

/** A guard that answers like this, and whatever else it was called for. */
function guardOf(verdict: Verdict | Promise<Verdict>) {
  const calls: unknown[][] = [];
  const inner = {
    proveRelay: (...args: unknown[]) => {
      calls.push(['proveRelay', ...args]);
      return 'proof';
    },
    checkRelay: (...args: unknown[]) => {
      calls.push(['checkRelay', ...args]);
      return 'unproven';
    },
    configure: (...args: unknown[]) => void calls.push(['configure', ...args]),
    stop: async (...args: unknown[]) => void calls.push(['stop', ...args]),
    client: (about: unknown) => ({
      lets: () => true,
      judge: () => {
        calls.push(['judge', about]);
        return verdict;
      },
      refuse: (_ask: unknown, reason: string) => {
        calls.push(['refuse', reason]);
        return refusalOf(reason);
      },
      closed: (...args: unknown[]) => void calls.push(['closed', ...args]),
    }),
  } as unknown as Guard;
  const events: object[] = [];
  return { calls, events, guard: tellRefusals(inner, (event) => events.push(event)) };
}

describe('refusals of the guard', () => {
  it.each(['publish', 'play'] as const)(
    'of a %s are told, whether they come at once or later',
    async (action) => {
      const refused = refusalOf('token-missing');
      for (const verdict of [refused, Promise.resolve(refused)]) {
        const { guard, events, calls } = guardOf(verdict);
        expect(await guard.client(ABOUT).judge({ ...ASK, action })).toBe(refused);
        expect(events).toEqual([{ kind: `${action}-refused`, ...EVENT, reason: 'token-missing' }]);
        expect(calls).toEqual([['judge', ABOUT]]);
      }
    },
  );

  it('that come at once are answered at once', () => {
    const refused = refusalOf('token-missing');
    expect(guardOf(refused).guard.client(ABOUT).judge(ASK)).toBe(refused);
  });

  it('of whoever floods are not told, nor is who is allowed', async () => {
    const allowed = await OPEN_GUARD.client(ABOUT).judge(ASK);
    for (const verdict of [refusalOf(FLOOD_REASON), allowed]) {
      const { guard, events } = guardOf(verdict);
      expect(guard.client(ABOUT).judge(ASK)).toBe(verdict);
      expect(events).toEqual([]);
    }
    expect(FLOOD_REASON).toBe('refusals-per-address' satisfies RefusalReason);
  });

  it('are the answer to every publisher from a page of strangers, whatever the rules', async () => {
    const { guard, events, calls } = guardOf(await OPEN_GUARD.client(ABOUT).judge(ASK));
    const client = guard.client(ABOUT, true);
    expect([guard.client(ABOUT).lets('publish', ASK.name), client.lets('publish', ASK.name)]).toEqual([
      true,
      false,
    ]);
    expect(client.judge(ASK)).toMatchObject({ allowed: false, reason: 'origin-foreign' });
    expect(calls).toEqual([['refuse', 'origin-foreign']]);
    expect(events).toEqual([{ kind: 'publish-refused', ...EVENT, reason: 'origin-foreign' }]);
  });

  it('are all that is added: everything else is the guard’s', async () => {
    const { guard, calls, events } = guardOf(refusalOf('x'));
    const pull = { asked: 'b', relayOf: null, key: 'v/live/s' };
    expect(guard.proveRelay(pull)).toBe('proof');
    expect(guard.checkRelay('q', pull)).toBe('unproven');
    guard.configure({} as never);
    await guard.stop(7);
    const client = guard.client(ABOUT);
    expect(client.refuse(ASK, 'origin-foreign')).toMatchObject({ reason: 'origin-foreign' });
    client.closed({ sent: 1, received: 2 });
    expect(calls).toEqual([
      ['proveRelay', pull],
      ['checkRelay', 'q', pull],
      ['configure', {}],
      ['stop', 7],
      ['refuse', 'origin-foreign'],
      ['closed', { sent: 1, received: 2 }],
    ]);
    expect(events).toEqual([]);
  });
});

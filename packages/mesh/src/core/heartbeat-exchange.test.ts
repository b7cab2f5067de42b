import { NO_LOAD } from '@headwater/directory';
import { describe, expect, it } from 'vitest';
import { HeartbeatExchange } from './heartbeat-exchange.js';
import type { Heartbeat } from './messages.js';

const heartbeatOf = (sentAt: number, echo: Heartbeat['echo']): Heartbeat => ({
  kind: 'heartbeat',
  position: { generation: 1, version: 1 },
  load: NO_LOAD,
  sentAt,
  echo,
});

/** Sent a heartbeat at 1,000. */
function spoken(): HeartbeatExchange {
  const exchange = new HeartbeatExchange();
  exchange.spoke(1_000);
  return exchange;
}

describe('HeartbeatExchange', () => {
  it('measures the round trip by the echo, without the time that the other one held it', () => {
    const exchange = spoken();
    exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 300 }), 0, 1_350);
    expect(exchange.rttMs).toBe(50);
  });

  it('knows how late both sides were when it measured', () => {
    const exchange = new HeartbeatExchange();
    for (let at = 1_000; at <= 4_000; at += 1_000) {
      exchange.spoke(at);
      exchange.heard({ ...heartbeatOf(7, { sentAt: at, heldMs: 0 }), lateMs: 200 }, 100, at + 350);
    }
    expect([exchange.rttMs, exchange.roundTrip.pathMs]).toEqual([350, 50]);
  });

  it('measures nothing by the word of one whose clock jumped while it held the heartbeat', () => {
    const exchange = spoken();
    exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 18_000 }), 0, 1_450);
    expect(exchange.rttMs).toBeNull();
    // Two clocks are never quite alike.
    exchange.heard(heartbeatOf(8, { sentAt: 1_000, heldMs: 450.5 }), 0, 1_450);
    expect(exchange.rttMs).toBe(0);
  });

  it('tells when a heartbeat was sent that waited in a socket', () => {
    const exchange = spoken();
    expect(exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 300 }), 0, 9_000)).toEqual({
      saidAfter: 1_000,
      saidAt: 1_300,
    });
  });

  it('believes nothing of the future', () => {
    expect(spoken().heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 1_000.5 }), 0, 2_000)).toEqual({
      saidAfter: 1_000,
      saidAt: 2_000,
    });
  });

  // npm run sim -- --seed 5006504: it had waited for 7 s, and was taken for the word of that moment.
  it('dates nothing by the word of one whose clock jumped while it held the heartbeat', () => {
    const exchange = new HeartbeatExchange();
    exchange.spoke(16_400);
    expect(exchange.heard(heartbeatOf(7, { sentAt: 16_400, heldMs: 10_366 }), 0, 24_500)).toEqual({
      saidAfter: 16_400,
      saidAt: 16_400,
    });
  });

  it('dates what comes from a member whose clock is being set right, and runs 8 % faster', () => {
    const exchange = new HeartbeatExchange();
    exchange.spoke(1_000);
    const proof = exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 864 }), 0, 1_801);
    expect(proof).toEqual({ saidAfter: 1_000, saidAt: 1_801 });
    expect(exchange.rttMs).toBeNull();
  });

  it.each([
    ['no echo', null],
    ['the echo of what was never sent', { sentAt: 1_001, heldMs: 0 }],
  ])('learns nothing from %s', (_, echo) => {
    const exchange = spoken();
    expect(exchange.heard(heartbeatOf(7, echo), 0, 2_000)).toBeNull();
    expect(exchange.rttMs).toBeNull();
  });

  it('forgets what it sent long ago', () => {
    const exchange = spoken();
    for (let at = 2_000; at < 20_000; at += 1_000) exchange.spoke(at);
    expect(exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 0 }), 0, 20_000)).toBeNull();
    expect(exchange.heard(heartbeatOf(7, { sentAt: 19_000, heldMs: 0 }), 0, 20_000)).not.toBeNull();
  });

  it('measures once where many come at once, and not what was sent before a standstill', () => {
    const exchange = spoken();
    exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 0 }), 0, 5_000);
    exchange.heard(heartbeatOf(8, { sentAt: 1_000, heldMs: 900 }), 0, 5_001);
    expect(exchange.rttMs).toBe(4_000);
    exchange.spoke(5_100);
    exchange.stalled(9_000);
    exchange.heard(heartbeatOf(9, { sentAt: 5_100, heldMs: 0 }), 0, 9_100);
    expect(exchange.rttMs).toBe(4_000);
  });

  it('echoes the last one of this connection', () => {
    const exchange = spoken();
    exchange.heard(heartbeatOf(7, null), 0, 2_000);
    expect(exchange.echo(2_300)).toEqual({ sentAt: 7, heldMs: 300 });
    exchange.disconnected();
    expect(exchange.echo(2_400)).toBeNull();
  });

  it('knows the echoes of the last 16 that it sent', () => {
    const exchange = new HeartbeatExchange();
    for (let at = 0; at <= 16; at += 1) exchange.spoke(at);
    expect(exchange.spokenAt).toBe(16);
    expect(exchange.heard(heartbeatOf(7, { sentAt: 0, heldMs: 0 }), 0, 20)).toBeNull();
    expect(exchange.heard(heartbeatOf(7, { sentAt: 1, heldMs: 0 }), 0, 20)).not.toBeNull();
  });

  it('measures again 400 ms later, and what was sent as a standstill ended', () => {
    const exchange = spoken();
    exchange.stalled(1_000);
    exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 0 }), 0, 1_010);
    expect(exchange.rttMs).toBe(10);
    exchange.heard(heartbeatOf(8, { sentAt: 1_000, heldMs: 389 }), 0, 1_409);
    expect(exchange.rttMs).toBe(10);
    exchange.heard(heartbeatOf(9, { sentAt: 1_000, heldMs: 390 }), 0, 1_410);
    expect(exchange.rttMs).toBe(20);
  });

  it('owes an echo from its first word on a connection until the next heartbeat', () => {
    const exchange = spoken();
    expect([exchange.isEchoDue, new HeartbeatExchange().spokenAt]).toEqual([false, Number.NEGATIVE_INFINITY]);
    exchange.heard(heartbeatOf(7, null), 0, 1_010);
    expect(exchange.isEchoDue).toBe(true);
    exchange.spoke(1_020);
    expect(exchange.isEchoDue).toBe(false);
    exchange.disconnected();
    exchange.spoke(1_030);
    expect(exchange.isEchoDue).toBe(false);
    exchange.heard(heartbeatOf(1, null), 0, 1_040);
    expect(exchange.isEchoDue).toBe(true);
  });

  it('held nothing for less than no time', () => {
    const exchange = spoken();
    exchange.heard(heartbeatOf(7, null), 0, 2_000);
    expect(exchange.echo(1_999)).toEqual({ sentAt: 7, heldMs: 0 });
  });

  it('answers a question again only after a while', () => {
    const exchange = spoken();
    expect([exchange.tells(10, 50), exchange.tells(59, 50), exchange.tells(60, 50)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('owes an echo also where it never spoke itself', () => {
    const exchange = new HeartbeatExchange();
    exchange.heard(heartbeatOf(7, null), 0, 1_000);
    expect(exchange.isEchoDue).toBe(true);
  });

  it('does not take its own standstill for a long way', () => {
    const exchange = spoken();
    exchange.stalled(9_000);
    exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 0 }), 0, 9_100);
    expect(exchange.rttMs).toBeNull();
  });

  it('measures by clocks that differ by no more than a millisecond', () => {
    const exchange = spoken();
    exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 452 }), 0, 1_450);
    expect(exchange.rttMs).toBeNull();
    exchange.heard(heartbeatOf(7, { sentAt: 1_000, heldMs: 451 }), 0, 1_450);
    expect(exchange.rttMs).toBe(0);
  });
});

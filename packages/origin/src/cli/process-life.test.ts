import { afterEach, beforeEach, expect, it } from 'vitest';
import { EXIT, type FaultKind } from './io.js';
import { memoryIo } from './memory-io.fixture.js';
import { type Living, ProcessLife } from './process-life.js';

type Stop = (signal?: string) => void;

/** A process, its member and what is done to them. */
class World {
  readonly told: string[] = [];
  readonly exits: number[] = [];
  stop: Stop = () => {};
  idle: (signal: string) => void = () => {};
  fault: (error: unknown, kind: FaultKind) => void = () => {};
  finishDrain: () => void = () => {};
  finishStop: () => void = () => {};
  readonly member: Living = {
    reload: async () => {
      this.told.push('reload');
      return { done: true, applied: [], needsRestart: [] };
    },
    drain: () => {
      this.told.push('drain');
      return new Promise((resolve) => {
        this.finishDrain = resolve;
      });
    },
    stop: () => {
      this.told.push('stop');
      return new Promise((resolve) => {
        this.finishStop = resolve;
      });
    },
  };
  readonly lines: { readonly msg: string; readonly fields: Record<string, unknown> }[] = [];
  readonly io = memoryIo({
    onStopRequest: (listener) => {
      this.stop = listener;
      return () => {};
    },
    pause: async () => {},
    onIdleSignal: (listener) => {
      this.idle = listener;
      return () => {};
    },
    onFault: (listener) => {
      this.fault = listener;
      return () => {};
    },
    exitNow: (status) => this.exits.push(status),
  });
  readonly life: ProcessLife;

  constructor(faultDeadlineMs?: number) {
    this.life = new ProcessLife(this.io, faultDeadlineMs);
    const log = (fields: object, msg: string) =>
      this.lines.push({ msg, fields: fields as Record<string, unknown> });
    this.life.logTo({ info: log, fatal: log });
  }

  get messages(): string[] {
    return this.lines.map(({ msg }) => msg);
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.life.close());

const planted = new TypeError('planted');
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('a signal before it is ready ends it at once', () => {
  world.stop('SIGTERM');
  expect(world.exits).toEqual([EXIT.ok]);
});

it('SIGTERM drains, then stops', async () => {
  const over = world.life.run(world.member);
  world.stop('SIGTERM');
  expect(world.told).toEqual(['drain']);
  world.finishDrain();
  await settled();
  expect(world.told).toEqual(['drain', 'stop']);
  world.finishStop();
  expect(await over).toBe(EXIT.ok);
  expect(world.exits).toEqual([]);
});

it.each(['SIGINT', undefined])('%s stops without a drain; a second one ends it at once', async (signal) => {
  const over = world.life.run(world.member);
  world.stop(signal);
  expect(world.told).toEqual(['stop']);
  world.stop(signal);
  expect(world.exits).toEqual([EXIT.failed]);
  world.finishStop();
  expect(await over).toBe(EXIT.ok);
});

it('a fault releases the claims, and then ends it with a status of its own', async () => {
  const over = world.life.run(world.member);
  world.fault(planted, 'unhandledRejection');
  expect(world.told).toEqual(['stop']);
  expect(world.lines).toMatchObject([
    { msg: 'process ended by a fault', fields: { err: planted, kind: 'unhandledRejection', faults: 1 } },
  ]);
  world.finishStop();
  expect(await over).toBe(EXIT.fault);
});

it('a fault while it drains releases the claims at once', async () => {
  const over = world.life.run(world.member);
  world.stop('SIGTERM');
  world.fault(planted, 'uncaughtException');
  expect(world.told).toEqual(['drain', 'stop']);
  world.finishDrain();
  world.finishStop();
  expect(await over).toBe(EXIT.fault);
  expect(world.told).toEqual(['drain', 'stop']);
});

it.each([
  ['a second fault', (each: World) => each.fault(planted, 'uncaughtException')],
  ['a signal', (each: World) => each.stop('SIGTERM')],
])('%s while it fails ends it at once', (_, act) => {
  void world.life.run(world.member);
  world.fault(planted, 'uncaughtException');
  act(world);
  expect(world.exits).toEqual([EXIT.fault]);
});

it('a fault that keeps it from leaving ends it after a while', async () => {
  world = new World(1);
  void world.life.run(world.member);
  world.fault(planted, 'uncaughtException');
  await expect.poll(() => world.exits).toEqual([EXIT.fault]);
});

it.each(['starting', 'stopping'])('a fault while it is %s ends it at once', (state) => {
  if (state === 'stopping') {
    void world.life.run(world.member);
    world.stop('SIGINT');
  }
  world.fault('no error at all', 'uncaughtException');
  expect(world.exits).toEqual([EXIT.fault]);
  expect(world.lines.at(-1)).toMatchObject({ fields: { err: expect.any(Error), state } });
});

it('a fault before there is a log goes to stderr, with its stack', () => {
  const { io } = world;
  const life = new ProcessLife(io);
  world.fault(planted, 'uncaughtException');
  expect(io.err()).toContain('process-life.test');
  life.close();
});

it('SIGHUP has a member that runs read its configuration again', () => {
  void world.life.run(world.member);
  expect(world.told).toEqual([]);
  world.idle('SIGHUP');
  expect(world.told).toEqual(['reload']);
  expect(world.messages).toEqual(['reload requested']);
  world.stop('SIGINT');
  world.idle('SIGHUP');
  expect(world.told).toEqual(['reload', 'stop']);
  expect(world.messages.at(-1)).toBe('signal does nothing');
});

it('SIGHUP while a member starts has it read its configuration again once it runs, whose older one it may have', () => {
  world.idle('SIGHUP');
  world.idle('SIGHUP');
  expect([world.told, world.messages]).toEqual([[], ['reload requested', 'reload requested']]);
  void world.life.run(world.member);
  expect(world.told).toEqual(['reload']);
});

it.each(['SIGUSR1', 'SIGUSR2'])('%s does nothing, and says so', (signal) => {
  void world.life.run(world.member);
  world.idle(signal);
  expect(world.lines).toMatchObject([
    { msg: 'signal does nothing', fields: { signal, reason: expect.stringContaining('stdout') } },
  ]);
  expect([world.told, world.exits]).toEqual([[], []]);
});

import { createServer, type Socket } from 'node:net';
import { type Claim, NO_LOAD, type Owner } from '@headwater/directory';
import { createMedia, type MediaHost } from '@headwater/media';
import { mediaOptions } from './handover-options.js';
import type { WorkerOrder, WorkerTold } from './handover-order.js';

/**
 * A media worker of a member without a mesh: what one claims, the parent tells the others. It also gives away, or takes, whole
 * connections, in the way of a server that reads who comes and then hands the socket over.
 */
const order = JSON.parse(process.argv[2] ?? '{}') as WorkerOrder;
const SELF = 'member';

const claims = new Map<string, { readonly claim: Claim; readonly worker: number }>();
const listeners = new Set<(key: string) => void>();
const address = { network: 'bench', host: '127.0.0.1', rtmpPort: 1, httpPort: 1 };

function ownersOf(key: string): Owner[] {
  const claimed = claims.get(key);
  if (claimed === undefined) return [];
  const profile = {
    name: SELF,
    role: 'origin' as const,
    addresses: [address],
    relayAddress: address,
    draining: false,
    program: 'bench',
  };
  return [{ member: SELF, profile, liveness: 'alive', load: NO_LOAD, claim: claimed.claim }];
}

function set(key: string, claimed: { readonly claim: Claim; readonly worker: number } | null): void {
  if (claimed === null) claims.delete(key);
  else claims.set(key, claimed);
  for (const listener of listeners) listener(key);
}

const tell = (told: WorkerTold): void => void process.send?.(told);

const host: MediaHost = {
  member: SELF,
  route: ({ key }) =>
    claims.has(key) ? { kind: 'local', reason: 'published-here' } : { kind: 'wait', reason: 'not-published' },
  publishElsewhere: () => null,
  forwardTarget: () => null,
  owners: ownersOf,
  onOwnersChanged: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  claim(claim) {
    set(claim.key, { claim, worker: order.number });
    tell({ kind: 'claim', claim, worker: order.number });
  },
  release: (key) => set(key, null),
  isDisputed: () => false,
  relayAddress: () => null,
  detours: () => [],
  isMemberAddress: () => true,
  workerOf: (key) => {
    const claimed = claims.get(key);
    if (claimed === undefined || claimed.worker === order.number) return null;
    return { worker: claimed.worker, path: order.paths[claimed.worker - 1] ?? '' };
  },
};

const silent = () => {};
const log = { debug: silent, info: silent, warn: silent, error: console.error };
const path = order.paths[order.number - 1] ?? '';
const media = createMedia(mediaOptions(order.number, path), host, log);

/** Reads what a client says first, and answers it, or hands the connection over with what was read. */
const door = createServer({ noDelay: true }, (socket) => {
  socket.on('error', silent);
  socket.once('data', (said) => {
    if (order.number === 1) answer(socket);
    else {
      socket.pause();
      process.send?.({ kind: 'handover', said: said.toString('base64') } satisfies WorkerTold, socket);
    }
  });
});

function answer(socket: Socket): void {
  socket.write('ok');
}

process.on('message', (told: WorkerTold, socket: Socket | undefined) => {
  if (told.kind === 'claim') set(told.claim.key, told);
  else if (told.kind === 'handover' && socket !== undefined) {
    socket.on('error', silent);
    answer(socket);
    socket.resume();
  }
});
// Who started us is gone.
process.on('disconnect', () => process.exit(0));

await media.start();
door.listen(0, '127.0.0.1', () => {
  const bound = door.address();
  const doorPort = typeof bound === 'object' && bound !== null ? bound.port : 0;
  tell({ kind: 'ready', rtmpPort: media.ports.rtmp, doorPort });
});

import { createLibp2pTransport, loadIdentity, meshKeys, type Transport } from '@headwater/mesh/transport';

/** What the bench `link` asks of one end of its links. */
export type LinkOrder = {
  readonly kind: 'dial';
  readonly peer: string;
  readonly address: string;
  readonly links: number;
};

export type LinkNews =
  | { readonly kind: 'listening'; readonly peer: string; readonly address: string }
  | { readonly kind: 'done' };

/** Bytes of a hello in a mesh of thirty. */
const HELLO_BYTES = 3_000;
/** By then all has been said that a new link has both sides say. */
const SETTLE_MS = 60;

const tell = (news: LinkNews): void => {
  process.send?.(news);
};
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const identity = await loadIdentity(process.argv[2] ?? '.', Date.now(), log);

let greeted: () => void = () => {};
let gone: () => void = () => {};
const transport: Transport = await createLibp2pTransport(
  identity.id,
  {
    host: '127.0.0.1',
    port: 0,
    privateKey: identity.libp2pKey,
    keys: meshKeys(undefined, '127.0.0.1'),
  },
  {
    connected: (peer) => transport.send(peer, new Uint8Array(HELLO_BYTES)),
    disconnected: () => gone(),
    dialFailed: (_, reason) => {
      throw new Error(reason);
    },
    seedVisited: () => {},
    direct: () => greeted(),
    broadcast: () => true,
    offence: () => {},
  },
  log,
);

async function dial({ peer, address, links }: LinkOrder): Promise<void> {
  for (let link = 0; link < links; link += 1) {
    const isGreeted = new Promise<void>((resolve) => {
      greeted = resolve;
    });
    transport.dial(peer, [address], 0);
    await isGreeted;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const isGone = new Promise<void>((resolve) => {
      gone = resolve;
    });
    transport.disconnect(peer, 'measured', 0);
    await isGone;
  }
  tell({ kind: 'done' });
}

process.on('message', (order) => void dial(order as LinkOrder));
process.on('disconnect', () => process.exit(0));
tell({ kind: 'listening', peer: transport.self, address: `127.0.0.1:${transport.port}` });

import type { ComponentLogger, MultiaddrConnection, Upgrader } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { silentLogger } from '../transport/silent-logger.js';

/** Both ends of one TCP connection on loopback, as libp2p has them before anything is encrypted. */
export interface ConnectionPair {
  readonly dialler: MultiaddrConnection;
  readonly listener: MultiaddrConnection;
  readonly close: () => Promise<void>;
}

export async function connectionPair(logger: ComponentLogger = silentLogger): Promise<ConnectionPair> {
  const transport = tcp()({ logger });
  let accept = (_: MultiaddrConnection): void => {};
  const accepted = new Promise<MultiaddrConnection>((resolve) => {
    accept = resolve;
  });
  const atListener = { upgradeInbound: async (end: MultiaddrConnection) => accept(end) };
  const atDialler = { upgradeOutbound: async (end: MultiaddrConnection) => end };
  const listening = transport.createListener({ upgrader: atListener as unknown as Upgrader });
  await listening.listen(multiaddr('/ip4/127.0.0.1/tcp/0'));
  const dialler = (await transport.dial(multiaddr(String(listening.getAddrs()[0])), {
    signal: new AbortController().signal,
    upgrader: atDialler as unknown as Upgrader,
  })) as unknown as MultiaddrConnection;
  const close = async (): Promise<void> => {
    dialler.abort(new Error('the test is over'));
    await listening.close();
  };
  return { dialler, listener: await accepted, close };
}

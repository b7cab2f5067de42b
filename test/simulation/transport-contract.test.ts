import { createLibp2pTransport, loadIdentity, meshKeys } from '@headwater/mesh/transport';
import { awaitCondition } from '@headwater/testing/await-condition';
import { Random } from '@headwater/testing/random';
import { Scope } from '../support/scope.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { Network } from './network/network.js';
import { Timeline } from './timeline.js';
import { type Rig, Told, transportContract } from './transport-contract.js';

transportContract('on the simulated network', async (): Promise<Rig> => {
  const timeline = new Timeline();
  const network = new Network<Uint8Array>(timeline, new Random(1), (bytes) => bytes.byteLength);
  let count = 0;
  return {
    start: async () => {
      count += 1;
      const told = new Told();
      const address = `m${count}:7946`;
      const host = { run: (job: () => void) => job() };
      const transport = network.attach(`m${count}`, [address], host, told);
      // The machine is there, nobody listens at that port.
      network.knows(`m${count}:1`, `m${count}`);
      return { transport, address, told };
    },
    until: async (what, isSo) => {
      const deadline = timeline.now + 20_000;
      while (!isSo()) {
        if (timeline.now > deadline) throw new Error(`waited in vain until ${what}`);
        timeline.runTo(timeline.now + 1);
      }
    },
    pass: async (ms) => timeline.runTo(timeline.now + ms),
    close: async () => {},
  };
});

transportContract('over libp2p', async (): Promise<Rig> => {
  const scope = new Scope();
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  return {
    start: async () => {
      const told = new Told();
      const identity = await loadIdentity(await scratchFolder(scope), Date.now(), log);
      const keys = meshKeys(undefined, '127.0.0.1');
      const options = { host: '127.0.0.1', port: 0, privateKey: identity.libp2pKey, keys };
      const transport = await createLibp2pTransport(identity.id, options, told, log);
      scope.defer(() => transport.close());
      return { transport, address: `127.0.0.1:${transport.port}`, told };
    },
    until: async (what, isSo) => {
      await awaitCondition(what, isSo);
    },
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    close: () => scope.close(),
  };
});

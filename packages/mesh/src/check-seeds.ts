import { parseHostPort } from './host-port.js';
import { MeshError } from './mesh.js';

/** @throws MeshError `seed-invalid` where one is no `host:port`. */
export function checkSeeds(seeds: readonly string[]): void {
  for (const seed of seeds) {
    if (parseHostPort(seed) === null)
      throw new MeshError('seed-invalid', `mesh.seeds has "${seed}", which is no host:port`);
  }
}

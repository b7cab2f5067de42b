import { randomBytes } from 'node:crypto';
import { MESH_KEY_BYTES_MIN } from '../../config/options.js';
import type { Command } from '../command.js';
import { EXIT } from '../io.js';

export const KEY: Command = {
  name: 'key',
  summary: 'Print a fresh mesh key, alone on one line.',
  flags: [],
  notes: [
    'Give the same key to every member:',
    '  export HEADWATER_MESH_KEY=$(headwater key)',
    '  echo "HEADWATER_MESH_KEY=$(headwater key)" >> .env      # docker compose reads .env',
    '  kubectl create secret generic headwater --from-literal=mesh-key=$(headwater key)',
  ],
  async run(_given, io) {
    io.stdout.write(`${randomBytes(MESH_KEY_BYTES_MIN).toString('base64url')}\n`);
    return EXIT.ok;
  },
};

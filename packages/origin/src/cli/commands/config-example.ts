import { referenceConfig } from '../../config/reference-config.js';
import type { Command } from '../command.js';
import { EXIT } from '../io.js';

export const CONFIG_EXAMPLE: Command = {
  name: 'config example',
  summary: 'Print a config file with every key, its default and what it means: conf/origin.yml.',
  flags: [],
  notes: ['  headwater config example > origin.yml'],
  async run(_given, io) {
    io.stdout.write(referenceConfig());
    return EXIT.ok;
  },
};

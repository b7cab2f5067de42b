import type { Command } from './command.js';
import { CONFIG_CHECK } from './commands/config-check.js';
import { CONFIG_EXAMPLE } from './commands/config-example.js';
import { CONFIG_PRINT } from './commands/config-print.js';
import { DEMO } from './commands/demo.js';
import { EXPLAIN } from './commands/explain.js';
import { HEALTH } from './commands/health.js';
import { KEY } from './commands/key.js';
import { MEMBERS } from './commands/members.js';
import { ORIGIN } from './commands/origin.js';
import { STREAMS } from './commands/streams.js';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  ORIGIN,
  DEMO,
  KEY,
  CONFIG_CHECK,
  CONFIG_PRINT,
  CONFIG_EXAMPLE,
  MEMBERS,
  STREAMS,
  EXPLAIN,
  HEALTH,
];

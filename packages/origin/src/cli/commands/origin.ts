import type { OriginConfig } from '../../config/origin-config.js';
import { problemText } from '../../config/setting.js';
import { expectedFailure } from '../../errors.js';
import type { RunningOrigin } from '../../origin.js';
import type { Command } from '../command.js';
import { CONFIG_FLAG, loadGiven, PRECEDENCE_NOTE, SET_FLAG } from '../config-flags.js';
import { keysHelp } from '../help.js';
import { type CliIo, EXIT } from '../io.js';
import { createPaint } from '../paint.js';

export const ORIGIN: Command = {
  name: 'origin',
  summary:
    'Run one origin (or edge) until SIGTERM, which drains it first, or Ctrl-C; a second one ends it at once.',
  flags: [CONFIG_FLAG, SET_FLAG],
  notes: [PRECEDENCE_NOTE, '', keysHelp(createPaint(false)).trimEnd()],
  async run(given, io) {
    const { config, warnings } = await loadGiven(given, given.value('config'), io);
    const stopRequested = stopRequest(io);
    const origin = await start(config, warnings.map(problemText));
    if ((await stopRequested) === 'SIGTERM') await origin.drain();
    await origin.stop();
    return EXIT.ok;
  },
};

/** Resolves on the first request to stop, with its signal if it was one; the second one ends the process at once. */
export function stopRequest(io: CliIo): Promise<string | undefined> {
  return new Promise((resolve) => {
    let requests = 0;
    io.onStopRequest((signal) => {
      requests += 1;
      if (requests === 1) resolve(signal);
      else io.exitNow(EXIT.failed);
    });
  });
}

async function start(config: OriginConfig, warnings: readonly string[]): Promise<RunningOrigin> {
  // Loaded here, so that the small commands do not wait for libp2p and the media plane.
  const { startOrigin } = await import('../../origin.js');
  try {
    return await startOrigin(config, { warnings });
  } catch (error) {
    throw expectedFailure(error, config) ?? error;
  }
}

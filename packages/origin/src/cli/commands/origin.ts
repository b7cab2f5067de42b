import type { OriginConfig } from '../../config/origin-config.js';
import { problemText } from '../../config/setting.js';
import { expectedFailure } from '../../errors.js';
import { requireFiles } from '../../open-files.js';
import type { RunningOrigin, StartOptions } from '../../origin.js';
import type { Command } from '../command.js';
import { CONFIG_FLAG, loadAgain, loadGiven, PRECEDENCE_NOTE, SET_FLAG } from '../config-flags.js';
import { keysHelp } from '../help.js';
import { createPaint } from '../paint.js';
import { ProcessLife } from '../process-life.js';

export const ORIGIN: Command = {
  name: 'origin',
  summary:
    'Run one origin (or edge) until SIGTERM, which drains it first, or Ctrl-C; a second one ends it at once.',
  flags: [CONFIG_FLAG, SET_FLAG],
  notes: [PRECEDENCE_NOTE, '', keysHelp(createPaint(false)).trimEnd()],
  async run(given, io) {
    const life = new ProcessLife(io);
    try {
      const { config, effective, warnings } = await loadGiven(given, given.value('config'), io);
      let sources = effective;
      const { createLog } = await import('../../log/create-log.js');
      const log = createLog(config, io.stdout.isTTY === true);
      life.logTo(log);
      return await life.run(
        await start(config, {
          warnings: warnings.map(problemText),
          log,
          sources: () => sources,
          reload: async () => {
            const read = await loadAgain(given, given.value('config'), io, sources);
            sources = read.effective;
            return read.config;
          },
        }),
      );
    } finally {
      life.close();
    }
  },
};

async function start(config: OriginConfig, options: StartOptions): Promise<RunningOrigin> {
  requireFiles();
  // Loaded here, so that the help does not wait for libp2p and the media plane.
  const { startOrigin } = await import('../../origin.js');
  try {
    return await startOrigin(config, options);
  } catch (error) {
    throw expectedFailure(error, config) ?? error;
  }
}

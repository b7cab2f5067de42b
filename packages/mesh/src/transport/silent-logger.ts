import type { ComponentLogger, Logger } from '@libp2p/interface';

const silent: Logger = Object.assign(() => {}, {
  enabled: false,
  error: () => {},
  trace: () => {},
  newScope: (): Logger => silent,
});

/**
 * Takes the place of libp2p's logger, which makes a new one for each connection and stream and asks each time whether there
 * is a terminal, also where nothing is logged. Set `DEBUG=libp2p:*` for libp2p's own.
 */
export const silentLogger: ComponentLogger = { forComponent: () => silent };

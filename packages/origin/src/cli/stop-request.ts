import { type CliIo, EXIT } from './io.js';

/** Resolves on the first request to stop; the second one ends the process at once. */
export function stopRequest(io: CliIo): Promise<void> {
  return new Promise((resolve) => {
    let requests = 0;
    io.onStopRequest(() => {
      requests += 1;
      if (requests === 1) resolve();
      else io.exitNow(EXIT.failed);
    });
  });
}

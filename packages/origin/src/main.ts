import { EXIT } from './cli/io.js';
import { paintFor } from './cli/paint.js';
import { runCli } from './cli/run-cli.js';
import { errorText } from './cli/show-error.js';

/** How the rest of the machine asks a process to end. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

for (const output of [process.stdout, process.stderr]) {
  // `headwater streams | head` closes the pipe: that ends us, and is no error.
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

process.on('uncaughtException', (error) => {
  process.stderr.write(errorText(error, paintFor(process.stderr.isTTY === true, process.env)));
  process.exit(EXIT.failed);
});

const status = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  fetch,
  now: Date.now,
  onStopRequest(listener) {
    const onDisconnect = (): void => listener();
    // With a parent on the channel (the demo), Ctrl-C reaches both of us, and the parent decides what to do. Its end is ours.
    const hasParent = process.connected === true;
    const signals = hasParent ? STOP_SIGNALS.filter((signal) => signal !== 'SIGINT') : STOP_SIGNALS;
    if (hasParent) process.on('SIGINT', ignore).on('disconnect', onDisconnect);
    for (const signal of signals) process.on(signal, listener);
    return () => {
      process.off('disconnect', onDisconnect);
      for (const signal of signals) process.off(signal, listener);
    };
  },
  exitNow: (code) => process.exit(code),
});
// Waits for what was written, since pipes are written behind our back, but for no timer or socket left over.
process.stdout.write('', () => process.exit(status));

function ignore(): void {}

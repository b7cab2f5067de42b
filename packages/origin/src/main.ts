import './lose-warnings.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { endBySignal, endProcess } from './cli/end-process.js';
import { httpFollow, httpGet, httpSend } from './cli/http-get.js';
import { type CliIo, EXIT, type FaultKind } from './cli/io.js';
import { paintFor } from './cli/paint.js';
import { processTerminal } from './cli/process-terminal.js';
import { runCli } from './cli/run-cli.js';
import { errorText } from './cli/show-error.js';
import { HeadwaterError } from './errors.js';

/** How the rest of the machine asks a process to end. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** Without a listener the first has node open a debugger, and the second ends the process. */
const IDLE_SIGNALS = ['SIGUSR1', 'SIGUSR2'] as const;
/** Whether SIGHUP says that a terminal is gone, and so whoever watched: asked now, since it cannot be asked then. */
const hasTerminal = isatty(0) || isatty(1);

let isTerminalGone = false;

const idleListeners = new Set<(signal: string) => void>();
const faultListeners = new Set<(error: unknown, kind: FaultKind) => void>();

for (const signal of IDLE_SIGNALS) process.on(signal, () => tellIdle(signal));

process.stdout.on('error', notWritten);

process.on('uncaughtException', (error, kind) => {
  if (faultListeners.size > 0) {
    for (const listener of faultListeners) listener(error, kind);
    return;
  }
  process.stderr.write(errorText(error, paintFor(process.stderr.isTTY === true, process.env)));
  end(EXIT.failed);
});

const io: CliIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  get: httpGet,
  send: httpSend,
  follow: httpFollow,
  terminal: processTerminal,
  now: Date.now,
  onStopRequest(listener) {
    const onDisconnect = (): void => listener();
    // With a parent on the channel (the demo), Ctrl-C reaches both of us, and the parent decides what to do. Its end is ours.
    const hasParent = process.connected === true;
    const signals = hasParent ? STOP_SIGNALS.filter((signal) => signal !== 'SIGINT') : STOP_SIGNALS;
    const onHangUp = (signal: string): void => {
      isTerminalGone = hasTerminal;
      if (hasTerminal || idleListeners.size === 0) listener(signal);
      else tellIdle(signal);
    };
    if (hasParent) process.on('SIGINT', ignore).on('disconnect', onDisconnect);
    for (const signal of signals) process.on(signal, listener);
    process.on('SIGHUP', onHangUp);
    return () => {
      process.off('disconnect', onDisconnect);
      for (const signal of signals) process.off(signal, listener);
      process.off('SIGHUP', onHangUp);
    };
  },
  pause: (ms) => sleep(ms),
  onIdleSignal: (listener) => subscribe(idleListeners, listener),
  onFault: (listener) => subscribe(faultListeners, listener),
  exitNow: end,
};

const status = await runCli(process.argv.slice(2), io);
// Waits for what was written, since pipes are written behind our back, but for no timer or socket left over.
process.stdout.write('', (error) => (error ? notWritten(error, status) : end(status)));

function tellIdle(signal: string): void {
  for (const listener of idleListeners) listener(signal);
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Node's own exit gives the terminal back as it was, and aborts where there is none any more. */
function end(status: number): void {
  if (isTerminalGone) endBySignal(status, 'SIGHUP');
  else endProcess(status);
}

/** `headwater streams | head` closes the pipe: that ends us, and is no error. A full disk is one. */
function notWritten(error: NodeJS.ErrnoException, status: number = EXIT.ok): void {
  if (error.code === 'EPIPE') process.exit(status);
  const said = new HeadwaterError('OUTPUT_FAILED', `what this prints cannot be written: ${error.message}`);
  process.stderr.write(errorText(said, paintFor(process.stderr.isTTY === true, process.env)));
  process.exit(EXIT.failed);
}

function ignore(): void {}

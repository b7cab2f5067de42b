import { EXIT } from './io.js';

/** Files and names are asked in threads, which node's own exit waits for: for ever, on a mount that hangs. */
const WAITING = /^(FSReq|GetAddrInfoReq|GetNameInfoReq)/;
/** How long what is under way may take, such as the last line of the log. */
const GRACE_MS = 300;
const LOOK_EVERY_MS = 10;

/**
 * Ends the process with this status, at once or within a moment. Where a file or a name is waited for that does not come
 * the system has to end it: by SIGTERM where it was asked to end (status 0), else by SIGKILL.
 */
export function endProcess(status: number): void {
  const deadline = performance.now() + GRACE_MS;
  const look = (): void => {
    if (!process.getActiveResourcesInfo().some((what) => WAITING.test(what))) process.exit(status);
    if (performance.now() >= deadline) endBySignal(status, status === EXIT.ok ? 'SIGTERM' : 'SIGKILL');
    else setTimeout(look, LOOK_EVERY_MS);
  };
  look();
}

/** Ends the process by the system's own hand, past node's. */
export function endBySignal(status: number, signal: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void {
  process.emit('exit', status);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // The first process of a container is spared by its own signals; nothing but this ends it.
  if (process.pid === 1) process.abort();
}

import { writeSync } from 'node:fs';
import { ENTER_SCREEN, LEAVE_SCREEN } from '../top/draw-frame.js';
import type { Terminal } from './io.js';

/** The terminal of this process; null where its input or output is none. */
export function processTerminal(): Terminal | null {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return null;
  let isOpen = false;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    stdin.pause();
    try {
      stdin.setRawMode(false);
      // Also where the process ends right now.
      writeSync(stdout.fd, LEAVE_SCREEN);
    } catch {
      // It is gone.
    }
  };
  return {
    open() {
      isOpen = true;
      // A fault must not leave a terminal that shows nothing of what is typed.
      process.on('exit', close);
      stdin.setRawMode(true);
      stdin.setEncoding('utf8');
      stdin.resume();
      stdout.write(ENTER_SCREEN);
    },
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    write: (text) => stdout.write(text),
    onKeys(listener) {
      stdin.on('data', (text) => listener(String(text)));
      stdin.on('end', () => listener('\u0003'));
      stdin.on('error', () => listener('\u0003'));
    },
    onResize: (listener) => stdout.on('resize', listener),
    close,
  };
}

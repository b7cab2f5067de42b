#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

// The command is compiled into dist/ by `npm run build`; say so instead of failing on an import.
const main = new URL('../dist/main.js', import.meta.url);
if (!existsSync(main)) {
  console.error('headwater is not built yet. Run: npm run build');
  process.exit(1);
}
// With fewer, parts of the program seem to be missing while it is loaded. Where there is no /proc, nobody can say.
const FILES_MIN = 100;
if (filesAllowed() < FILES_MIN) {
  console.error(
    `error FILES_TOO_FEW a process may open ${filesAllowed()} files here, and this needs ${FILES_MIN} at the least`,
  );
  console.error(
    '  Raise the limit of open files (LimitNOFILE of systemd, ulimits of Docker, ulimit -n of a shell).',
  );
  process.exit(1);
}
// What these mean to a member comes with the program; while that is loaded they would end it, or open a debugger.
const isMember = process.argv[2] === 'origin' && !isatty(0) && !isatty(1);
for (const signal of ['SIGUSR1', 'SIGUSR2', ...(isMember ? ['SIGHUP'] : [])]) process.on(signal, () => {});
await import(main.href);

function filesAllowed() {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

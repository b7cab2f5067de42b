#!/usr/bin/env node
import { existsSync } from 'node:fs';

// The command is compiled into dist/ by `npm run build`; say so instead of failing on an import.
const main = new URL('../dist/main.js', import.meta.url);
if (!existsSync(main)) {
  console.error('headwater is not built yet. Run: npm run build');
  process.exit(1);
}
await import(main.href);

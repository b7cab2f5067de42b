import { defineConfig } from 'vitest/config';

/** Tests that a mutation run may use: quick, and on no sockets of their own. The patterns begin at the folder that `main.ts` names. */
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.integration.test.ts'],
    testTimeout: 30_000,
  },
});

import { defineConfig } from 'vitest/config';

/** Tests that a mutation run may use: quick, the same each time, and on no sockets of their own. The patterns begin at the folder that `main.ts` names. */
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    // Model tests draw at random, or play whole meshes: seconds for each change, and some another score each time.
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.integration.test.ts', '**/*.model.test.ts'],
    setupFiles: ['test/mutation/fast-check-setup.ts'],
    testTimeout: 30_000,
  },
});

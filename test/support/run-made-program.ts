import { inject } from 'vitest';

// Before anything of the test is loaded, which keeps the paths of what it starts.
process.env.HEADWATER_TEST_PROGRAM = inject('madeProgram');

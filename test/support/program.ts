import { join } from 'node:path';
import { REPOSITORY } from './repository.js';

/** Where processes are started from: what is built, or a copy of it that starts sooner (made-program.ts). */
const ROOT = process.env.HEADWATER_TEST_PROGRAM ?? REPOSITORY;

/** The command that users run. */
export const HEADWATER = join(ROOT, 'packages/origin/bin/headwater.js');
/** The health check of the image, and how often it runs there, s. */
export const HEALTH_CHECK = join(REPOSITORY, 'packages/origin/bin/health-check.sh');
export const HEALTH_CHECK_EVERY_S = 5;
/** Built: Node runs it, and not the test runner. */
export const MESH_MEMBER = join(ROOT, 'test/dist/support/mesh-member.js');
export const LONG_PATHS_ROUTER = join(REPOSITORY, 'test/dist/support/long-paths-router.js');

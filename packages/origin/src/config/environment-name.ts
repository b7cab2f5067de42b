/**
 * The environment variable of a key: `mesh.suspectAfterMs` is `HEADWATER_MESH_SUSPECT_AFTER_MS`, and
 * `apps.<app>.play.mode` is `HEADWATER_APPS_<APP>_PLAY_MODE`.
 */
export function environmentName(path: string): string {
  return `${ENVIRONMENT_PREFIX}${path
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}

export const ENVIRONMENT_PREFIX = 'HEADWATER_';

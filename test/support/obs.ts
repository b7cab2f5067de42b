import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestProcess } from './child-process.js';
import { cleanEnvironment } from './origin-process.js';
import type { Scope } from './scope.js';
import { scratchFolder } from './scratch-folder.js';

/** Name of the profile and of the scenes. */
const NAME = 'headwater';

export interface ObsTarget {
  /** As in OBS's settings: `rtmp://HOST:PORT/APP`. */
  readonly server: string;
  readonly key: string;
  /** Folder of certificates that it trusts, in the place of the system's: only root may have that. */
  readonly trusted?: string;
}

/** OBS Studio as a person would start it, on a screen of its own: streams an empty scene of 320 x 180 as soon as it is there. */
export function startObs(scope: Scope, { server, key, trusted }: ObsTarget): TestProcess {
  const home = scratchFolder(scope, 'obs');
  const write = (path: string, content: string): void => {
    const file = join(home, 'obs-studio', path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content);
  };
  // With `FirstRun` nothing is asked at the start.
  write(
    'global.ini',
    ini({
      General: { FirstRun: true, EnableAutoUpdates: false },
      Basic: { Profile: NAME, ProfileDir: NAME, SceneCollection: NAME, SceneCollectionFile: NAME },
    }),
  );
  write(
    `basic/profiles/${NAME}/basic.ini`,
    ini({
      General: { Name: NAME },
      Output: { Mode: 'Simple', Reconnect: false },
      SimpleOutput: { VBitrate: 300, StreamEncoder: 'x264', UseAdvanced: true, Preset: 'ultrafast' },
      Video: { BaseCX: 320, BaseCY: 180, OutputCX: 320, OutputCY: 180, FPSCommon: 30 },
    }),
  );
  const settings = { server, key, use_auth: false, bwtest: false };
  write(`basic/profiles/${NAME}/service.json`, JSON.stringify({ type: 'rtmp_custom', settings }));
  const scene = { id: 'scene', name: 'Scene', settings: { items: [] } };
  write(
    `basic/scenes/${NAME}.json`,
    JSON.stringify({
      name: NAME,
      current_scene: 'Scene',
      scene_order: [{ name: 'Scene' }],
      sources: [scene],
    }),
  );
  const command = [
    ...['xvfb-run', '--auto-servernum', '--server-args=-screen 0 640x480x24'],
    ...['obs', '--startstreaming', '--multi', '--disable-missing-files-check'],
  ];
  const whole =
    trusted === undefined
      ? command
      : [
          'unshare',
          '--mount',
          'sh',
          '-c',
          'mount --bind "$0" /etc/ssl/certs && exec "$@"',
          trusted,
          ...command,
        ];
  const [program = '', ...args] = whole;
  const env = { ...cleanEnvironment(), HOME: home, XDG_CONFIG_HOME: home, LIBGL_ALWAYS_SOFTWARE: '1' };
  const obs = new TestProcess(scope, program, args, { env, detached: true });
  // Its screen ends with it.
  obs.stopSignal = 'SIGKILL';
  return obs;
}

const ini = (
  sections: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>,
): string =>
  Object.entries(sections)
    .map(([name, keys]) =>
      [`[${name}]`, ...Object.entries(keys).map(([key, value]) => `${key}=${value}`)].join('\n'),
    )
    .join('\n');

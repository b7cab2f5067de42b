import { describe, expect, it } from 'vitest';
import { OPTIONS } from '../config/options.js';
import type { OriginConfig } from '../config/origin-config.js';
import { resolveConfig } from '../config/resolve-config.js';
import { HeadwaterError } from '../errors.js';
import { HOW_APPLIED, restartReason } from './how-applied.js';
import { planReload } from './plan-reload.js';
import { Reloading, type ReloadResult } from './reloading.js';

function configOf(...set: string[]): OriginConfig {
  const resolved = resolveConfig({
    env: { HEADWATER_MESH_KEY: 'k'.repeat(40) },
    set,
    hostName: 'here',
  });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  return resolved.config;
}

it('says of each key there is whether a reload puts it in force', () => {
  expect(Object.keys(HOW_APPLIED).sort()).toEqual(Object.keys(OPTIONS).sort());
});

it('says why of each key that counts only from the next start on', () => {
  expect(restartReason('rtmp.port')).toContain('opened at its start');
  expect([restartReason('play.mode'), restartReason('toString'), restartReason('no.key')]).toEqual([
    null,
    null,
    null,
  ]);
});

describe('what a reload changes', () => {
  it('is nothing where nothing changed', () => {
    const running = configOf('apps.live.play.mode=relay', 'publish.auth=[{"allow":"all"}]');
    const plan = planReload(running, configOf('apps.live.play.mode=relay', 'publish.auth=[{"allow":"all"}]'));
    expect(plan).toEqual({ config: running, applied: [], needsRestart: [] });
  });

  it('is what can change, and the rest is named and stays', () => {
    const next = configOf(
      'log.level=debug',
      'api.token=a-new-token-of-sixteen',
      'publish.auth=[{"deny":"all"}]',
      'limits.connectionsMax=10',
      'apps.live.publish.policy=reject',
      'rtmp.port=1936',
      'mesh.key=another-key-of-at-least-thirty-two-bytes',
    );
    const { config, applied, needsRestart } = planReload(configOf(), next);
    expect(applied).toEqual([
      'log.level',
      'api.token',
      'mesh.key',
      'publish.auth',
      'limits.connectionsMax',
      'apps.live.publish.policy',
    ]);
    expect(needsRestart).toEqual(['rtmp.port']);
    expect([config.rtmp.port, config.mesh.key]).toEqual([1935, ['another-key-of-at-least-thirty-two-bytes']]);
    expect(config.apps.live?.publish?.policy).toBe('reject');
    expect([config.log.level, config.limits.connectionsMax]).toEqual(['debug', 10]);
  });

  it('takes back what is no longer there, for apps as well', () => {
    const running = configOf('apps.live.publish.policy=reject', 'api.readToken=a-token-of-sixteen-x');
    const { config, applied } = planReload(running, configOf());
    expect(applied).toEqual(['api.readToken', 'apps.live.publish.policy']);
    expect([config.apps.live?.publish?.policy, config.api.readToken]).toEqual([undefined, undefined]);
  });

  it('names again what still waits for a restart', () => {
    const first = planReload(configOf(), configOf('rtmp.port=1936'));
    expect(planReload(first.config, configOf('rtmp.port=1936')).needsRestart).toEqual(['rtmp.port']);
    expect(planReload(first.config, configOf()).needsRestart).toEqual([]);
  });
});

describe('a reload', () => {
  function world(load: (() => Promise<OriginConfig>) | undefined, apply = async () => {}) {
    const results: ReloadResult[] = [];
    let applied = 0;
    const reloading = new Reloading({
      load,
      running: () => configOf(),
      apply: async () => {
        await apply();
        applied += 1;
        return ['play.auth'];
      },
      done: (result) => results.push(result),
    });
    return { reloading, results, applied: () => applied };
  }

  it('of a configuration that is wrong changes nothing, and says every error', async () => {
    const details = ['origin.yml:1: rtmp.port: found -1', 'origin.yml:2: unknown key'];
    const { reloading, results, applied } = world(async () => {
      throw new HeadwaterError('CONFIG_INVALID', 'wrong', { details });
    });
    expect(await reloading.reload()).toEqual({ done: false, problems: details });
    expect([applied(), results.length]).toEqual([0, 1]);
  });

  it('whose rules cannot be used says so, and the next one is tried', async () => {
    let isWrong = true;
    const { reloading } = world(
      async () => configOf('log.level=debug'),
      async () => {
        if (isWrong) throw new Error('a key cannot be read');
      },
    );
    expect(await reloading.reload()).toEqual({ done: false, problems: ['a key cannot be read'] });
    isWrong = false;
    expect(await reloading.reload()).toEqual({
      done: true,
      applied: ['log.level', 'play.auth'],
      needsRestart: [],
    });
  });

  it('of a member that has nothing to read says that it cannot', async () => {
    expect(await world(undefined).reloading.reload()).toEqual({ done: false, problems: [] });
  });

  it('comes after the one that is under way', async () => {
    let running = 0;
    const { reloading } = world(async () => {
      running += 1;
      expect(running).toBe(1);
      await Promise.resolve();
      running -= 1;
      return configOf();
    });
    const all = await Promise.all([reloading.reload(), reloading.reload(), reloading.reload()]);
    expect(all.every(({ done }) => done)).toBe(true);
  });
});

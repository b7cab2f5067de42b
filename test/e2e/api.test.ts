import { awaitCondition } from '@headwater/testing/await-condition';
import { needs } from '@headwater/testing/tools';
import { describe, expect, it } from 'vitest';
import { ApiDescription } from '../support/api-description.js';
import { Cluster } from '../support/cluster.js';
import { EventClient } from '../support/event-client.js';
import { playHttp, playWebSocket } from '../support/flv-client.js';
import type { OriginProcess } from '../support/origin-process.js';
import { SampleSource } from '../support/sample-source.js';
import { testScope } from '../support/scope.js';

const STREAM = 'live/watched';
const KEY = `__defaultVhost__/${STREAM}`;

interface Client {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly bytes: number;
}
interface Missing {
  readonly name: string;
  readonly reason: string;
}

async function act(
  member: OriginProcess,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(member.apiUrl(path), {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const clientsOf = async (member: OriginProcess, query = ''): Promise<readonly Client[]> =>
  (await member.api<{ clients: readonly Client[] }>(`/api/v1/clients?${query}`)).clients;

describe('the API of any member', needs('ffmpeg'), () => {
  it('shows a stream and its clients on all members, and lets go of one on another', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope, { config: { play: { mode: 'relay' } } });
    const [a, b, c] = [members.member(0), members.member(1), members.member(2)];
    const events = await EventClient.follow(scope, b.apiUrl('/api/v1/events?since=all'));
    await new SampleSource(scope).publish(a.rtmpUrl(STREAM));
    await members.owned(STREAM, ['a']);
    const player = playWebSocket(scope, b.wsUrl(STREAM));
    await awaitCondition('c to see it all', async () => {
      const { members: there } = await c.api<{
        members: readonly { name: string; players: number; kbpsIn: number }[];
      }>(`/api/v1/streams/${STREAM}`);
      const [onA, onB] = ['a', 'b'].map((name) => there.find((one) => one.name === name));
      return onA?.players === 1 && onB?.players === 1 && onA.kbpsIn > 0 && onB.kbpsIn > 0;
    });
    const clients = await clientsOf(c);
    expect(clients.map(({ name, kind }) => `${kind} on ${name}`).sort()).toEqual([
      'play on b',
      'publish on a',
      'relay on a',
    ]);
    expect(clients.every(({ bytes }) => bytes > 0)).toBe(true);
    const [played] = await clientsOf(c, `kind=play&stream=${STREAM}&member=b`);
    expect(await clientsOf(c, 'member=c')).toEqual([]);

    // From the player on b to the pull on a, by the player's id alone.
    const trace = await c.api<{
      events: readonly { byName: string; kind: string; subject?: string; via?: string }[];
    }>(`/api/v1/trace-id/${played?.id}`);
    const traced = trace.events.map(({ byName, kind }) => `${byName} ${kind}`);
    for (const one of ['b route-given', 'b relay-started', 'b relay-switched', 'a route-given'])
      expect(traced).toContain(one);
    const relay = trace.events.find(({ kind }) => kind === 'relay-started')?.subject;
    expect(relay).toMatch(/^[\w-]{36}$/);
    expect(trace.events.find(({ kind, via }) => kind === 'route-given' && via === relay)?.byName).toBe('a');
    const routed = (member: OriginProcess) => member.logs.filter(({ msg }) => msg === 'play routed');
    expect(routed(a).map(({ via }) => via)).toEqual([relay]);
    expect(routed(b).map(({ id }) => id)).toEqual([played?.id]);
    expect((await act(c, 'GET', '/api/v1/trace-id/no%20id')).status).toBe(400);
    expect((await act(c, 'GET', '/api/v1/members/a/config')).body).toMatchObject({ name: 'a' });
    expect((await act(c, 'DELETE', `/api/v1/clients/${played?.id}`)).body).toMatchObject({
      code: 0,
      name: 'b',
    });
    await awaitCondition('the player to be gone', () => player.end !== null);
    expect(player.end).toContain('4403');
    expect((await act(c, 'DELETE', `/api/v1/clients/${played?.id}`)).status).toBe(404);

    expect((await act(c, 'DELETE', `/api/v1/streams/${STREAM}`)).body).toMatchObject({
      ended: [{ name: 'a' }],
    });
    await awaitCondition('b to tell all of it', () =>
      ['stream-released', 'relay-ended'].every((kind) => events.of(kind).length > 0),
    );
    const told = events.events
      .filter(({ kind }) => !kind.startsWith('member-'))
      .map(({ kind, route, owner, reason }) =>
        [kind, route, owner, reason].filter((word) => word !== undefined).join(' '),
      );
    const once = told.filter((one, index) => told.indexOf(one) === index);
    // What the mesh tells and what media does come by different ways.
    expect(once.filter((one) => !one.startsWith('stream-') && !one.startsWith('relay-ended'))).toEqual([
      'route-given relay websocket',
      'relay-started a started',
      'relay-switched',
      'play-ended',
    ]);
    expect(once.filter((one) => one.startsWith('stream-'))).toEqual([
      'stream-claimed',
      'stream-flowing',
      'stream-released released',
    ]);
    expect(events.of('relay-ended')).toHaveLength(1);
    expect(events.of('stream-claimed')[0]).toMatchObject({ key: KEY, name: 'a' });
    expect(events.kinds.filter((kind) => kind === 'member-joined')).toHaveLength(3);
  });

  it('drains another member, and takes that back', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope);
    const [a, b] = [members.member(0), members.member(1)];
    const events = await EventClient.follow(scope, a.apiUrl('/api/v1/events?kinds=member'));
    expect((await act(a, 'POST', '/api/v1/members/b/drain', {})).body).toMatchObject({
      name: 'b',
      done: true,
    });
    await awaitCondition('all to know', () => events.kinds.includes('member-draining'));
    expect((await fetch(b.apiUrl('/readyz'))).status).toBe(503);
    expect(await act(a, 'POST', '/api/v1/members/b/drain', {})).toMatchObject({
      status: 409,
      body: { error: { code: 'DRAIN_STATE' } },
    });
    const source = new SampleSource(scope);
    await expect(source.publish(b.rtmpUrl(STREAM))).rejects.toThrow();
    expect((await act(a, 'DELETE', '/api/v1/members/b/drain')).body).toMatchObject({ done: true });
    await awaitCondition('all to know', () => events.kinds.includes('member-drain-cancelled'));
    await source.publish(b.rtmpUrl(STREAM));
    await members.owned(STREAM, ['b']);
    expect((await act(a, 'PUT', '/api/v1/members/b/log-level', { level: 'warn' })).status).toBe(200);
    expect((await act(a, 'POST', '/api/v1/members/b/reload', {})).body).toMatchObject({
      name: 'b',
      done: true,
      applied: [],
      needsRestart: [],
    });
  });

  it('names a member that hangs, and shows what the others have', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope, {
      config: { mesh: { suspectAfterMs: 120_000, deadAfterMs: 120_000 } },
    });
    const [a, b] = [members.member(0), members.member(1)];
    playHttp(scope, a.flvUrl(STREAM));
    await awaitCondition('it to wait', async () => (await clientsOf(a)).length === 1);
    b.signal('SIGSTOP');
    scope.defer(() => b.signal('SIGCONT'));
    const { clients, missing } = await a.api<{ clients: readonly Client[]; missing: readonly Missing[] }>(
      '/api/v1/clients',
    );
    expect(missing).toEqual([expect.objectContaining({ name: 'b', reason: 'deadline' })]);
    expect(clients.map(({ name }) => name)).toEqual(['a']);
    b.signal('SIGCONT');
    await awaitCondition('b to answer again', async () => {
      const again = await a.api<{ missing: readonly Missing[] }>('/api/v1/clients');
      return again.missing.length === 0;
    });
  });

  it('answers as its description says, whatever it is asked', async () => {
    const scope = testScope();
    const members = await Cluster.start(scope, { names: ['a', 'b'], config: { play: { mode: 'relay' } } });
    const [a, b] = [members.member(0), members.member(1)];
    await new SampleSource(scope).publish(a.rtmpUrl(STREAM));
    await members.owned(STREAM, ['a']);
    const player = playHttp(scope, b.flvUrl(STREAM));
    await awaitCondition('media', () => player.reader.tags.length > 10);
    const [client] = await clientsOf(b, 'kind=play');
    const description = await ApiDescription.of(a);
    const given: Readonly<Record<string, string>> = {
      member: 'b',
      app: 'live',
      stream: 'watched',
      id: client?.id ?? '',
    };
    const more: Readonly<Record<string, readonly string[]>> = {
      '/api/v1/streams': [
        'figures=mesh',
        'format=srs',
        'format=srs&start=x&count=-1',
        'limit=1',
        'limit=0',
        'format=xml',
      ],
      '/api/v1/streams/{app}/{stream}': ['vhost=none', 'format=srs'],
      '/api/v1/clients': ['format=srs', 'limit=1', 'member=nobody', 'stream=nothing', 'format='],
      '/api/v1/clients/{id}': ['format=srs'],
      '/api/v1/explain/{app}/{stream}': ['client=flv&from=b&address=192.0.2.1', 'client=vlc', 'from=nobody'],
      '/api/v1/trace/{app}/{stream}': ['since=yesterday'],
      '/api/v1/clusters': ['app=live&stream=watched&coworker=127.0.0.1:1985', 'app=live&stream=none'],
    };
    const problems: string[] = [];
    for (const path of description.readable) {
      const url = path.replace(/\{(\w+)\}/g, (_, name: string) => given[name] ?? '');
      for (const query of ['', ...(more[path] ?? [])])
        problems.push(...(await description.problemsOf(path, query === '' ? url : `${url}?${query}`)));
    }
    // SRS's own ids stand in the place of a stream's path.
    const { streams } = await a.api<{ streams: readonly { id: string }[] }>('/api/v1/streams?format=srs');
    const srsStream = '/api/v1/streams/{app}/{stream}';
    for (const id of [streams[0]?.id, 'vid-none'])
      problems.push(...(await description.problemsOf(srsStream, `/api/v1/streams/${id}?format=srs`)));
    const json = { 'Content-Type': 'application/json' };
    for (const body of ['[]', 'null', '"x"', '{', '{"deadlineMs":-1}'])
      problems.push(
        ...(await description.problemsOf('/api/v1/members/{member}/drain', '/api/v1/members/b/drain', {
          method: 'POST',
          headers: json,
          body,
        })),
      );
    for (const query of ['', '?format=srs'])
      problems.push(
        ...(await description.problemsOf('/api/v1/clients/{id}', `/api/v1/clients/none${query}`, {
          method: 'DELETE',
        })),
      );
    expect(problems).toEqual([]);
    // None of those drained it.
    expect(await b.api('/readyz')).toMatchObject({ draining: false });
  });
});

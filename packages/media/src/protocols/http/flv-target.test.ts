import { describe, expect, it } from 'vitest';
import { readFlvTarget, redirectLocation } from './flv-target.js';

const read = (url: string, host?: string, vhosts: string[] = []) => readFlvTarget(url, host, vhosts);
const DEFAULT = '__defaultVhost__';

describe('readFlvTarget', () => {
  it.each([
    ['/live/s.flv', 'live', 's', ''],
    ['/live/room/1/s.flv?a=b', 'live/room/1', 's', 'a=b'],
    ['/live/a.b.flv', 'live', 'a.b', ''],
    ['/live/%E4%BD%A0%E5%A5%BD.flv', 'live', '你好', ''],
    ['/live/100%25.flv', 'live', '100%', ''],
    ['http://proxy.example/live/s.flv?x', 'live', 's', 'x'],
    ['/live/s.flv#start', 'live', 's', ''],
    ['/live/s.flv?x=1#start', 'live', 's', 'x=1'],
  ])('%s', (url, app, stream, query) => {
    expect(read(url)).toMatchObject({ name: { vhost: DEFAULT, app, stream }, query, mark: 'none' });
  });

  it.each([
    ['/', 404],
    ['', 404],
    ['*', 404],
    ['/s.flv', 404],
    ['/live/s', 404],
    ['/live/s.m3u8', 404],
    ['/live/.flv', 400],
    ['/live//s.flv', 400],
    ['/live/../s.flv', 400],
    ['/live/a%20b.flv', 400],
    ['/live/a%00b.flv', 400],
    ['/live/a%2Fb.flv', 400],
    ['/live/%zz.flv', 400],
    ['/live/%ff.flv', 400],
  ])('%s is answered by %d', (url, status) => {
    expect(read(url)).toMatchObject({ status, problem: expect.any(String) });
  });

  it('takes SRS’s form of a vhost in the path', () => {
    const vhosts = ['v.example'];
    for (const url of ['/live...vhost...v.example/s.flv', '/live/s...vhost...V.example.flv']) {
      expect(read(url, 'h', vhosts)).toMatchObject({
        name: { vhost: 'v.example', app: 'live', stream: 's' },
      });
    }
  });

  it('takes no endless names', () => {
    expect(read(`/live/${'x'.repeat(300)}.flv`)).toMatchObject({ status: 400 });
    expect(read(`/live/${'x'.repeat(5000)}.flv`)).toMatchObject({ status: 414 });
  });

  it('reads how the client reached us, and the mark', () => {
    expect(read('/live/s.flv?headwater=redirected', 'a.example:8080')).toMatchObject({
      reachedBy: 'a.example',
      mark: 'redirected',
    });
    expect(read('/live/s.flv', '[::1]:8080')).toMatchObject({ reachedBy: '::1' });
    expect(read('/live/s.flv', 'a b:x')).not.toHaveProperty('reachedBy');
  });

  it('takes a vhost from the query or the Host header, if it is configured', () => {
    const vhosts = ['v.example', 'w.example'];
    expect(read('/live/s.flv', 'v.example:80', vhosts)).toMatchObject({ name: { vhost: 'v.example' } });
    expect(read('/live/s.flv?vhost=w.example', 'v.example', vhosts)).toMatchObject({
      name: { vhost: 'w.example' },
    });
    for (const host of ['V.EXAMPLE', 'v.example.', 'V.Example.:8080']) {
      expect(read('/live/s.flv', host, vhosts)).toMatchObject({
        name: { vhost: 'v.example' },
        reachedBy: 'v.example',
      });
    }
    expect(read('/live/s.flv?vhost=other', 'other', vhosts)).toMatchObject({ name: { vhost: DEFAULT } });
  });
});

describe('a member that is reached by a name which is a vhost', () => {
  it.each([
    ['v.example', 'v.example'],
    ['10.0.0.1', DEFAULT],
  ])('is sent players of each vhost, and knows which: who came by %s', (host, vhost) => {
    const target = read('/live/s.flv', host, ['v.example']);
    if ('problem' in target) throw new Error(target.problem);
    const address = { network: 'n', host: 'v.example', rtmpPort: 1, httpPort: 80 };
    const { pathname, search } = new URL(redirectLocation(target, address, false));
    expect(read(`${pathname}${search}`, 'v.example', ['v.example'])).toMatchObject({ name: { vhost } });
  });
});

describe('redirectLocation', () => {
  const ADDRESS = { network: 'n', host: 'b.example', rtmpPort: 1935, httpPort: 8081, httpsPort: 8443 };
  const at = (url: string, hostHeader?: string, vhosts: string[] = []) => {
    const target = read(url, hostHeader, vhosts);
    if ('problem' in target) throw new Error(target.problem);
    return redirectLocation(target, ADDRESS, false);
  };

  it('keeps path and query as they came, and adds the mark', () => {
    expect(at('/live/%E4%BD%A0.flv?token=a%2Bb&x')).toBe(
      'http://b.example:8081/live/%E4%BD%A0.flv?token=a%2Bb&x&headwater=redirected',
    );
    expect(at('/live/s.flv')).toBe('http://b.example:8081/live/s.flv?headwater=redirected');
  });

  it('tells the vhost that the Host header told', () => {
    expect(at('/live/s.flv', 'v.example', ['v.example'])).toBe(
      'http://b.example:8081/live/s.flv?vhost=v.example&headwater=redirected',
    );
  });

  it('keeps TLS', () => {
    const target = read('/live/s.flv');
    if ('problem' in target) throw new Error(target.problem);
    expect(redirectLocation(target, ADDRESS, true)).toBe(
      'https://b.example:8443/live/s.flv?headwater=redirected',
    );
  });

  it('writes IPv6 in brackets', () => {
    const target = read('/live/s.flv');
    if ('problem' in target) throw new Error(target.problem);
    expect(redirectLocation(target, { ...ADDRESS, host: 'fd00::1', httpPort: 80 }, false)).toContain(
      'http://[fd00::1]:80/live/',
    );
  });
});
